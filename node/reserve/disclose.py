"""Opening a reserve's books: to an auditor for a year, and one line for the board that attributes
it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from msgspec.structs import replace as changed

from auditor.bank.commitments import (
    account_commitment,
    account_salt,
    deposit_salt,
    file_salt,
    line_salt,
)
from auditor.bank.composing import place_of
from auditor.bank.openings import FileOpening, Opening, Openings
from auditor.bank.sorting import Place
from chain.address import encode_address
from genesis.mistakes import UserError
from genesis.texts import _
from governance_contracts.bank.books import ENTRIES_MAX, EntryKind, deposit_reference
from node.reserve.home import ReserveHome
from node.reserve.importing import ChainReserve
from node.reserve.records import Imported


def openings_of(home: ReserveHome, year: int) -> Openings:
    """What opens every line of the statements that closed in this year. Raises UserError if there
    are none."""
    own = home.account == account_commitment(home.key, home.iban)
    salt = account_salt(home.key) if own else b""
    found = Openings(home.coin, home.iban, salt, f"{year}-01-01", f"{year}-12-31")
    for statement in home.imported():
        if not statement.kept.closing_date.startswith(f"{year:04d}-"):
            continue
        digest = statement.kept.digest
        for sequence in range(statement.first, statement.last + 1):
            found.files[sequence] = FileOpening(digest, file_salt(home.key, digest))
        for number, line in enumerate(statement.kept.lines, 1):
            salt = deposit_salt(home.key, digest, number) if line.account else b""
            found.lines[place_of(statement.first, number)] = Opening(
                number, line_salt(home.key, digest, number), line.account, salt
            )
    if not found.files:
        raise UserError(
            _("This home has imported no statement that closed in {year}.").format(year=year)
        )
    return found


def attributed(
    home: ReserveHome, place: Place, account: bytes, state: ChainReserve
) -> dict[str, Any]:
    """The calls that say for whom a line is, and mint it; noted for openings.

    Raises UserError: no such line, or not one that waits for it.
    """
    statement, number = _line(home, place)
    line = statement.kept.lines[number - 1]
    if not line.credit or line.kind not in (EntryKind.UNATTRIBUTED, EntryKind.BOUNCE):
        raise UserError(
            _("Line {statement}/{entry} does not wait for somebody to claim it.").format(
                statement=place[0], entry=place[1]
            )
        )
    salt = deposit_salt(home.key, statement.kept.digest, number)
    lines = list(statement.kept.lines)
    lines[number - 1] = changed(line, account=account)
    home.keep(replace(statement, kept=changed(statement.kept, lines=tuple(lines))))
    return {
        "format": 1,
        "call": "reserve.attribute",
        "chain_id": state.chain.hex(),
        "coin": home.coin,
        "statement": place[0],
        "entry": place[1],
        "reference": deposit_reference(account, salt).hex(),
        "mints": [
            {
                "statement": place[0],
                "entry": place[1],
                "account": encode_address(state.prefix, account),
                "amount_cents": line.amount,
                "salt": salt.hex(),
            }
        ],
    }


def _line(home: ReserveHome, place: Place) -> tuple[Imported, int]:
    for statement in home.imported():
        if statement.first <= place[0] <= statement.last:
            number = (place[0] - statement.first) * ENTRIES_MAX + place[1]
            if 1 <= number <= len(statement.kept.lines):
                return statement, number
    raise UserError(
        _("This home knows no line {statement}/{entry}.").format(statement=place[0], entry=place[1])
    )
