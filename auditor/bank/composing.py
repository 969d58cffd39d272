"""From a bank statement to the records that attestors attest, and what was left for people to do.

A statement of the bank with more payments than fit one record becomes several, which follow one
another: the reserve mints nothing before the last is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.bank.commitments import (
    committed,
    deposit_salt,
    digest_of,
    file_salt,
    line_salt,
    payments_of,
)
from auditor.bank.lines import BankStatement
from auditor.bank.sorting import Place, Sorted, Sorter
from chain.money import Cents
from governance_contracts.bank.books import (
    ENTRIES_MAX,
    Entry,
    EntryKind,
    EntryPlace,
    Statement,
    deposit_reference,
)

PARTS_MAX = 100


@dataclass(frozen=True, slots=True)
class Composed:
    """`lines` in the bank's order, `parts` in the chain's. `digest`: of the content as read."""

    source: BankStatement
    digest: bytes
    first: int
    lines: tuple[Sorted, ...]
    parts: tuple[Statement, ...]

    @property
    def last(self) -> int:
        """The sequence of the last part."""
        return self.first + len(self.parts) - 1

    def place(self, line: Sorted) -> Place:
        return place_of(self.first, line.payment.number)


def place_of(first: int, number: int) -> Place:
    """Where payment `number` (from 1) of a bank statement that begins at record `first` is."""
    part, position = divmod(number - 1, ENTRIES_MAX)
    return first + part, position + 1


def compose(
    statement: BankStatement, sorter: Sorter, key: bytes, account: bytes, first: int
) -> Composed:
    """`key`: the reserve's, 32 bytes. `account`: commitment to its number. `first`: sequence of
    the first record. Raises ValueError as `Sorter.sort`."""
    digest = digest_of(statement)
    lines = tuple(
        sorter.sort(payment, place_of(first, payment.number)) for payment in payments_of(statement)
    )
    file = committed(file_salt(key, digest), digest)
    pieces = [lines[at : at + ENTRIES_MAX] for at in range(0, len(lines), ENTRIES_MAX)] or [()]
    parts: list[Statement] = []
    opening = statement.opening
    for number, piece in enumerate(pieces):
        entries = _entries(piece, key, digest)
        closing = opening + sum(e.amount if e.credit else -e.amount for e in entries)
        parts.append(
            Statement(
                sorter.coin, account, statement.currency, first + number,
                len(pieces) - 1 - number, statement.closed_ms, opening, closing, file, entries,
            )
        )  # fmt: skip
        opening = closing
    return Composed(statement, digest, first, lines, tuple(parts))


def _entries(lines: Sequence[Sorted], key: bytes, digest: bytes) -> tuple[Entry, ...]:
    entries = []
    for position, line in enumerate(lines, 1):
        payment = line.payment
        reference: tuple[bytes, ...] = ()
        if line.kind == EntryKind.DEPOSIT:
            salt = deposit_salt(key, digest, payment.number)
            reference = (deposit_reference(line.account, salt),)
        entries.append(
            Entry(
                position,
                payment.credit,
                Cents(payment.amount),
                int(line.kind),
                () if line.redemption is None else (line.redemption,),
                () if line.returns is None else (EntryPlace(*line.returns),),
                reference,
                committed(line_salt(key, digest, payment.number), payment.details),
            )
        )
    return tuple(entries)
