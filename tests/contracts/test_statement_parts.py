"""A bank statement with more lines than fit one record: taken in parts, minted when it is whole."""

from __future__ import annotations

from governance_contracts.bank.books import EntryKind, hash_of
from governance_contracts.bank.reserve import InDeficit, PartsMissing
from governance_contracts.bank.statements import Attest, StatementGap, WrongPart
from tests.contracts.bank import MoneyTown, entry
from tests.contracts.town import refused


def test_parts_follow_one_another_and_nothing_is_minted_in_between() -> None:
    town = MoneyTown()
    first = town.statement("J1", entry(1, EntryKind.DEPOSIT, 5_000), more=2)
    town.attest(first)
    assert town.reserve("J1").more == 2
    with refused(PartsMissing, 2):
        town.mint("J1", first.sequence, 1, "town", 5_000)

    with refused(WrongPart, 0, 1):
        town.attest(town.statement("J1", entry(1, EntryKind.COVER, 100), more=0))
    town.attest(town.statement("J1", entry(1, EntryKind.CHARGE, 50), more=1))
    town.attest(town.statement("J1", entry(1, EntryKind.COVER, 50), more=0))

    assert town.reserve("J1").more == 0
    town.mint("J1", first.sequence, 1, "town", 5_000)
    assert town.free("town") == 5_000


def test_parts_are_attested_ahead_by_one_and_booked_in_order_by_the_other() -> None:
    town = MoneyTown()
    parts = [
        town.statement("J1", entry(1, EntryKind.DEPOSIT, 100), sequence=1, more=1),
        town.statement(
            "J1", entry(1, EntryKind.DEPOSIT, 20), sequence=2, more=0, opening=100, closing=120
        ),
    ]
    for part in parts:
        town.play(Attest(town.id("ada1"), "J1", hash_of(part), (part,)), by="ada1")
    assert town.reserve("J1").sequence == 0
    with refused(StatementGap, 2, 1):
        town.play(Attest(town.id("stranger"), "J1", hash_of(parts[1]), ()), by="stranger")
    for part in parts:
        town.play(Attest(town.id("stranger"), "J1", hash_of(part), ()), by="stranger")
    assert (town.reserve("J1").sequence, town.reserve("J1").balance) == (2, 120)


def test_a_line_of_the_last_part_counts_before_the_first_is_minted() -> None:
    """The money of the first part is seized in the second: the mint meets the deficit."""
    town = MoneyTown()
    town.deposit("J1", "town", 1_000)
    first = town.statement("J1", entry(1, EntryKind.DEPOSIT, 300), more=1)
    town.attest(first)
    town.attest(town.statement("J1", entry(1, EntryKind.CHARGE, 500), more=0))
    with refused(InDeficit, "J1", 200):
        town.mint("J1", first.sequence, 1, "town", 300)
