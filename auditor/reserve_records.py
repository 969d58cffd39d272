"""What the auditor keeps of a bank account, its lines and redemptions, and their codes."""

from __future__ import annotations

from dataclasses import dataclass

DEPOSIT, UNATTRIBUTED, BOUNCE, COVER, INTEREST = 1, 2, 3, 4, 5
REDEMPTION, RETURN, CHARGE = 16, 17, 18
OPEN, USED, RETURNED = 1, 2, 3
REQUESTED, EXPORTED, SETTLED, BACK = 1, 2, 3, 4
PARTS_MAX = 15
BOUND = 1
Line = tuple[str, int, int]
"""Coin, statement, entry."""


@dataclass(slots=True)
class Entry:
    credit: bool
    kind: int
    amount: int
    state: int = OPEN
    account: bytes = b""


@dataclass(slots=True)
class Redemption:
    coin: str
    holder: bytes
    amount: int
    parts: list[tuple[int, int]]
    state: int = REQUESTED

    @property
    def face(self) -> int:
        """The coin in it: more than the euros it pays after a write-down."""
        return sum(amount for _lot, amount in self.parts)


@dataclass(slots=True)
class Account:
    """A coin's bank account. `sequence` 0: no statement yet."""

    attestors: list[bytes]
    k: int
    sequence: int = 0
    more: int = 0
    closing: int = 0
    unattributed: int = 0
    own: int = 0

    @property
    def cover(self) -> int:
        return self.closing - self.unattributed - max(0, self.own)
