"""What a reserve's home keeps of each statement that was imported, beside the chain.

Enough to know a statement again, to find the credit that a later debit gives back, and to open
every commitment to an auditor.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from auditor.bank.composing import Composed, place_of
from auditor.bank.sorting import Credit, Place
from genesis.mistakes import Exit, UserError
from genesis.texts import _
from governance_contracts.bank.books import EntryKind


class KeptLine(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line as it was sorted. `returns`: the place of the credit it gave back."""

    credit: bool
    amount: int
    kind: int
    account: bytes
    end_to_end: str
    reference: str
    iban: str
    returns: tuple[int, int] | None


class KeptStatement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    format: int
    first: int
    parts: int
    digest: bytes
    hashes: tuple[bytes, ...]
    number: int | None
    closing_date: str
    closed_ms: int
    closing: int
    lines: tuple[KeptLine, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """`first`, `last`: its numbers on the chain, one for each part; `hashes` theirs. `number`:
    the bank's own."""

    kept: KeptStatement

    @property
    def first(self) -> int:
        return self.kept.first

    @property
    def last(self) -> int:
        return self.kept.first + self.kept.parts - 1

    def credits(self) -> list[Credit]:
        """The credits in it that may come back."""
        return [
            Credit(
                place_of(self.first, number), line.amount, line.kind, line.end_to_end,
                line.reference, line.iban,
            )
            for number, line in enumerate(self.kept.lines, 1)
            if line.credit
        ]  # fmt: skip

    def returned(self) -> list[Place]:
        """The credits, here or earlier, that went back with a line of this statement."""
        return [line.returns for line in self.kept.lines if line.returns is not None]


def kept_of(composed: Composed, hashes: tuple[bytes, ...]) -> Imported:
    source = composed.source
    lines = tuple(
        KeptLine(
            line.payment.credit,
            line.payment.amount,
            int(line.kind),
            line.account if line.kind == EntryKind.DEPOSIT else b"",
            line.payment.transaction.end_to_end,
            line.payment.transaction.reference,
            line.payment.transaction.iban,
            line.returns,
        )
        for line in composed.lines
    )
    return Imported(
        KeptStatement(
            1, composed.first, len(composed.parts), composed.digest, hashes, source.number,
            source.closing_date, source.closed_ms, source.closing, lines,
        )
    )  # fmt: skip


def imported_to(statement: Imported) -> bytes:
    return msgspec.msgpack.encode(statement.kept)


def imported_from(data: bytes, name: str) -> Imported:
    """Raises UserError (key)."""
    try:
        return Imported(msgspec.msgpack.decode(data, type=KeptStatement))
    except msgspec.DecodeError:
        raise UserError(
            _("{file} was not written by this version of the software.").format(file=name), Exit.KEY
        ) from None
