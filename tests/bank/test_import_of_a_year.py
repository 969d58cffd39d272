"""A year of statements in one file: each is read once, and becomes what it becomes day by day."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from auditor.bank.camt import read_statements
from auditor.bank.lines import BankStatement
from auditor.bank.sealed import unseal_under
from auditor.bank.sorting import Sorter
from auditor.bank.writer import Movement
from node.reserve import home as reserve_home
from node.reserve.home import open_home
from node.reserve.importing import prepare
from tests.bank.office import PASSPHRASE, PAYER, Office

DAYS = 12


def a_year(office: Office) -> list[BankStatement]:
    """Deposits, what nobody claims, and what goes back of it."""
    ann, bas = office.history.home[:2]
    found: list[BankStatement] = []
    for day in range(DAYS):
        office.receive(ann, 10_00 + day)
        office.receive(bas, 5_00, end_to_end=f"E{day}")
        office.book(Movement(7_00, True, name="Onbekend", iban=PAYER))
        if day % 3 == 2:
            office.book(Movement(7_00, False, name="Onbekend", iban=PAYER))
        found += read_statements(BytesIO(office.statement().read_bytes()))
    return found


def test_a_year_in_one_go_is_what_it_is_day_by_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    statements, state = a_year(office), office.state()
    office.home.save(PASSPHRASE)
    root = office.home.root
    day_by_day = [
        prepare(open_home(root, PASSPHRASE), statement, state).hashes for statement in statements
    ]
    for path in (root / reserve_home.STATEMENTS).iterdir():
        path.unlink()

    remembered = []
    remember = Sorter.remember

    def counted(sorter: Sorter, credits: object) -> None:
        found = list(credits)  # type: ignore[call-overload]
        remembered.extend(found)
        remember(sorter, found)

    monkeypatch.setattr(Sorter, "remember", counted)
    opened: list[str] = []

    def reading(key: bytes, data: bytes, name: str) -> bytes:
        opened.append(name)
        return unseal_under(key, data, name)

    monkeypatch.setattr(reserve_home, "unseal_under", reading)
    home = open_home(root, PASSPHRASE)
    first = [prepare(home, statement, state) for statement in statements]
    assert [made.hashes for made in first] == day_by_day
    assert any(line.returns for made in first for line in made.composed.lines)
    assert (len(opened), len(remembered)) == (0, 3 * DAYS)

    remembered.clear()
    home = open_home(root, PASSPHRASE)
    again = [prepare(home, statement, state) for statement in statements[:-1]]
    assert {made.status for made in again} == {"again"}
    assert (len(opened), len(remembered)) == (DAYS, 3 * (DAYS - 1))
