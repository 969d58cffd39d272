"""A bank statement with more lines than fit one record: taken in parts, minted when it is whole."""

from __future__ import annotations

from governance_contracts.books import EntryKind
from governance_contracts.reserve import PartsMissing
from governance_contracts.statements import WrongPart
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


def test_a_line_of_the_last_part_counts_before_the_first_is_minted() -> None:
    """The money of the first part is seized in the second: the mint meets the deficit."""
    from governance_contracts.reserve import InDeficit

    town = MoneyTown()
    town.deposit("J1", "town", 1_000)
    first = town.statement("J1", entry(1, EntryKind.DEPOSIT, 300), more=1)
    town.attest(first)
    town.attest(town.statement("J1", entry(1, EntryKind.CHARGE, 500), more=0))
    with refused(InDeficit, "J1", 200):
        town.mint("J1", first.sequence, 1, "town", 300)
