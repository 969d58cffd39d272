"""A wijk's reserve from the first euro to the audit, through the bank's own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.bank.references import COVER
from auditor.bank.sealed import seal
from auditor.bank.writer import Movement, charge, interest, seizure
from auditor.cli import group as audit
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.reserve import InDeficit
from node.reserve.disclose import openings_of
from node.reserve.story import as_json, as_text
from tests.bank.office import PASSPHRASE, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def reconcile(office: Office, *more: str) -> tuple[int, dict]:  # type: ignore[type-arg]
    arguments = ["reconcile", *(str(path) for path in office.files), *more, "-o", "json"]
    result = CliRunner().invoke(audit, arguments, env={"SOCIALCOIN_PASSPHRASE": PASSPHRASE})
    assert result.exit_code in (0, 6), result.output
    return result.exit_code, json.loads(result.stdout)


def test_euros_become_coin_and_euros_again_and_an_auditor_ties_each_to_its_line(
    office: Office, tmp_path: Path
) -> None:
    ann, bas = office.history.home[:2]
    office.receive(ann, 100_00)
    office.receive(bas, 40_00, structured=False, text="voor de munt")
    office.book(Movement(7_77, True, text="wie is dit", name="Onbekend"))
    first = office.close_day()
    assert (office.free(ann), office.free(bas)) == (100_00, 40_00)
    assert office.reserve.unattributed == 7_77
    assert [line.kind.name for line in first.composed.lines] == [
        "DEPOSIT", "DEPOSIT", "UNATTRIBUTED",
    ]  # fmt: skip

    number = office.redeem(ann, 30_00)
    office.book(Movement(30_00, False, end_to_end=office.order(number), name="A. Betaler"))
    office.book(interest(10), charge(25))
    office.close_day()
    assert office.free(ann) == 70_00
    assert office.deficit() == 15, "costs that interest did not pay"

    office.book(Movement(15, True, reference=office.home.reference(COVER)))
    office.close_day()
    assert office.deficit() == 0

    opened = tmp_path / "2026.openings"
    year = int(first.composed.source.closing_date[:4])
    opened.write_bytes(seal(PASSPHRASE, openings_of(office.home, year).dump()))
    chain = str(office.export())
    code, told = reconcile(office, "--chain", chain, "--openings", str(opened))
    assert (code, told["verdict"]) == (0, "ok"), told["findings"]
    assert told["tied"] == 3
    assert told["mints"] == {"count": 2, "cents": 140_00}
    assert told["redemptions"] == {"count": 1, "cents": 30_00}
    assert (told["opened"], told["not_opened"]) == (7, 0)
    assert [one["kind"] for one in told["open"]] == ["unattributed"]

    code, told = reconcile(office, "--chain", chain)
    assert (code, told["opened"], told["not_opened"]) == (0, 0, 7)


def test_a_seizure_opens_a_deficit_that_stops_minting_until_it_is_covered(office: Office) -> None:
    ann, bas = office.history.home[:2]
    office.receive(ann, 100_00)
    office.close_day()

    office.book(seizure(60_00))
    office.receive(bas, 20_00)
    seized = office.prepare(office.statement())
    assert seized.composed.lines[0].kind == EntryKind.REDEMPTION, "nothing explains it yet"
    seized = office.prepare(office.files[-1], {1: EntryKind.CHARGE})
    assert seized.status == "changed"
    office.attest(seized)
    assert office.deficit() == 40_00, "60 are gone; the 20 are there, and not minted"
    (mint,) = office.mints(seized)
    assert office.refusal(mint) == InDeficit.code

    office.book(Movement(40_00, True, reference=office.home.reference(COVER)))
    office.close_day()
    assert office.deficit() == 0
    assert office.refusal(mint) == InDeficit.code, "the 20 stood in for what was seized"

    office.book(Movement(20_00, True, reference=office.home.reference(COVER)))
    office.close_day()
    office.history.decide(0, mint)
    assert office.free(bas) == 20_00
    assert office.deficit() == 0


def test_costs_that_eat_into_a_deposit_are_said_before_it_is_minted(office: Office) -> None:
    ann, bas = office.history.home[:2]
    office.receive(ann, 100_00)
    office.close_day()
    office.book(charge(25))
    office.receive(bas, 20_00)
    prepared, state = office.prepare(office.statement()), office.state()
    assert as_json(prepared, state, [])["deficit_cents"] == 0
    assert as_json(prepared, state, [])["short_for_minting_cents"] == 25
    assert "0,25 is missing" in as_text(prepared, state, [])
    office.attest(prepared)
    (mint,) = office.mints(prepared)
    assert office.refusal(mint) == InDeficit.code


@pytest.mark.parametrize("interest_first", [True, False])
def test_interest_makes_good_what_charges_took_whichever_came_first(
    office: Office, interest_first: bool
) -> None:
    ann = office.history.home[0]
    office.receive(ann, 100_00)
    office.close_day()
    for movement in (interest(10), charge(25))[:: 1 if interest_first else -1]:
        office.book(movement)
        prepared, state = office.prepare(office.statement()), office.state()
        office.attest(prepared)
        assert as_json(prepared, state, [])["deficit_cents"] == office.deficit()
    assert (office.deficit(), office.reserve.own) == (15, -15)
    office.book(Movement(10, True, reference=office.home.reference(COVER)), interest(20))
    office.close_day()
    assert (office.deficit(), office.reserve.own) == (0, 15), "5 of it were still missing"
    code, told = reconcile(office, "--chain", str(office.export()))
    assert (code, told["verdict"]) == (0, "ok"), told["findings"]


def test_a_deposit_that_the_bank_takes_back_burns_its_coin(office: Office) -> None:
    ann = office.history.home[0]
    office.receive(ann, 50_00)
    office.close_day()
    reference = office.home.reference(ann.account)
    office.book(Movement(50_00, False, reference=reference, returned="MD06", reversal=True))
    taken_back = office.close_day()
    assert taken_back.composed.lines[0].returns == (1, 1)
    assert office.free(ann) == 0
    assert office.deficit() == 0


def test_a_bounced_payment_gives_the_coin_back(office: Office) -> None:
    ann = office.history.home[0]
    office.receive(ann, 50_00)
    office.close_day()
    number = office.redeem(ann, 20_00)
    office.book(Movement(20_00, False, end_to_end=office.order(number)))
    office.close_day()
    assert office.free(ann) == 30_00
    office.book(Movement(20_00, True, end_to_end=office.order(number), returned="AC04"))
    office.close_day()
    assert office.free(ann) == 50_00


def test_money_that_nobody_claimed_goes_back_to_who_had_paid_it(office: Office) -> None:
    office.book(Movement(9_00, True, name="Onbekend", iban="NL20INGB0001234567"))
    office.close_day()
    office.book(Movement(9_00, False, name="Onbekend", iban="NL20INGB0001234567"))
    returned = office.close_day()
    assert returned.composed.lines[0].returns == (1, 1)
    assert office.reserve.unattributed == 0


def test_the_auditor_finds_what_the_bank_does_not_know(office: Office) -> None:
    """A file is kept back, one is changed after the fact, one was never attested."""
    ann = office.history.home[0]
    for amount in (10_00, 20_00, 30_00):
        office.receive(ann, amount)
        office.close_day()
    chain = str(office.export())
    middle = office.files.pop(1)
    code, told = reconcile(office, "--chain", chain)
    assert code == 6
    assert {finding["check"] for finding in told["findings"]} == {"gap", "missing"}

    text = middle.read_text().replace("20.00", "21.00").replace("30.00", "31.00")
    middle.write_text(text)
    office.files.insert(1, middle)
    code, told = reconcile(office, "--chain", chain)
    assert code == 6
    checks = [finding["check"] for finding in told["findings"]]
    assert "unknown" in checks and "missing" in checks

    office.receive(ann, 5_00)
    never = office.statement()
    middle.write_text(text.replace("21.00", "20.00").replace("31.00", "30.00"))
    code, told = reconcile(office, "--chain", chain)
    assert code == 6 and never.name in told["findings"][0]["message"]
    assert told["findings"][0]["check"] == "unknown"
    assert told["tied"] == 3
