"""What a chain says of the bank: every statement that was attested, line by line, and what each
line became. Read from the books that a replay counts, so nothing here is taken on trust."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auditor.bank.sorting import Place

DEPOSIT, REDEMPTION = 1, 16
OPEN, USED, RETURNED = 1, 2, 3
BOOKED_KINDS = {
    1: "deposit", 2: "unattributed", 3: "bounce", 4: "cover", 5: "interest",
    16: "redemption", 17: "return", 18: "charge",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainLine:
    """`kind` as it is now: an unattributed credit that was attributed is a deposit. `account`: for
    whom coin was made for it. `redemption`: the one it settled, 0 for none."""

    place: Place
    credit: bool
    amount: int
    kind: int
    state: int
    account: bytes
    redemption: int
    reference: bytes
    details: bytes

    @property
    def minted(self) -> bool:
        return self.kind == DEPOSIT and bool(self.account)

    @property
    def settles(self) -> bool:
        return self.kind == REDEMPTION and self.state == USED and self.redemption > 0

    @property
    def waits(self) -> bool:
        """Open: a deposit to be minted, a credit to be claimed, a debit to be explained."""
        return self.state == OPEN


@dataclass(frozen=True, slots=True)
class ChainStatement:
    """A statement of the bank as the chain took it, in one part or several. `hashes`: by which
    each was attested; `file`: commitment to its content."""

    coin: str
    first: int
    hashes: tuple[bytes, ...]
    account: bytes
    currency: str
    closed_ms: int
    opening: int
    closing: int
    file: bytes
    lines: tuple[ChainLine, ...]

    @property
    def last(self) -> int:
        return self.first + len(self.hashes) - 1


@dataclass(slots=True)
class ChainBank:
    """`minted`: coin made per coin, against whichever line, as receipts say."""

    chain: bytes
    name: str
    statements: list[ChainStatement] = field(default_factory=list)
    minted: dict[str, int] = field(default_factory=dict)
    settled: int = 0


def chain_bank(chain: bytes, name: str, bank: Any) -> ChainBank:
    """From the books of a replay (`auditor/reserve.py`)."""
    found = ChainBank(chain, name)
    parts: list[tuple[bytes, list[Any]]] = []
    for (coin, _sequence), digest in sorted(bank.taken.items()):
        statement = bank.statements[(coin, digest)]
        if parts and parts[0][1][1] != coin:
            parts = []  # a statement whose last part never came
        parts.append((digest, statement))
        if statement[5] == 0:
            found.statements.append(_joined(bank, coin, parts))
            parts = []
    for redemption in bank.redemptions.values():
        found.settled += redemption.state == 3
    found.minted = {coin: int(cents) for coin, cents in bank.balances.minted.items()}
    return found


def _joined(bank: Any, coin: str, parts: list[tuple[bytes, list[Any]]]) -> ChainStatement:
    first, last = parts[0][1], parts[-1][1]
    lines = []
    for _digest, statement in parts:
        for _tag, number, credit, amount, _kind, names, _returns, reference, details in statement[
            10
        ]:
            entry = bank.entries[(coin, statement[4], number)]
            lines.append(
                ChainLine(
                    (statement[4], number), credit, amount, entry.kind, entry.state, entry.account,
                    names[0] if names else 0, reference[0] if reference else b"", details,
                )
            )  # fmt: skip
    return ChainStatement(
        coin, first[4], tuple(digest for digest, _statement in parts), first[2], first[3],
        first[6], first[7], last[8], first[9], tuple(lines),
    )  # fmt: skip
