"""Who holds what, added up by the auditor: cents by account, coin and lot (0: free coin)."""

from __future__ import annotations

from collections import Counter

from auditor.wire import fields, stored
from chain.ledger import KeyValue, Ledger, record_key

PURSES, SUPPLY, HELD_LOTS = 2, 61, 62
SALT = 16
FREE = 0

Place = tuple[str, int]
"""Coin and lot."""


class Balances:
    """`redeeming` is coin on its way back into euros: nobody's, and still owed."""

    def __init__(self) -> None:
        self.held: dict[bytes, dict[Place, int]] = {}
        self.free: Counter[str] = Counter()
        self.lots: Counter[str] = Counter()
        self.redeeming: Counter[str] = Counter()
        self.minted: Counter[str] = Counter()
        self.burned: Counter[str] = Counter()
        self.touched: dict[bytes, None] = {}

    def add(self, account: bytes, coin: str, lot: int, amount: int) -> None:
        """Give, or with a negative amount take. What comes out is judged by `compare`."""
        mine = self.held.get(account)
        if mine is None:
            mine = self.held[account] = {}
        place = (coin, lot)
        left = mine.get(place, 0) + amount
        if left:
            mine[place] = left
        else:
            mine.pop(place, None)
        if lot:
            self.lots[coin] += amount
        else:
            self.free[coin] += amount
        self.touched[account] = None

    def of(self, account: bytes, coin: str, lot: int) -> int:
        return self.held.get(account, {}).get((coin, lot), 0)

    def lots_of(self, account: bytes, coin: str) -> list[int]:
        """The lots of one coin that an account holds, in order."""
        mine = self.held.get(account, {})
        return sorted(lot for name, lot in mine if name == coin and lot != FREE)

    def total(self, coin: str) -> int:
        return self.free[coin] + self.lots[coin] + self.redeeming[coin]

    def form(self, coin: str) -> list[int]:
        """Free, lots, escrow, offline, redeeming, minted, burned: as the state's record has it."""
        return [
            self.free[coin], self.lots[coin], 0, 0,
            self.redeeming[coin], self.minted[coin], self.burned[coin],
        ]  # fmt: skip


def in_state(ledger: Ledger, account: bytes) -> dict[Place, int]:
    """What the state says that an account holds."""
    found: dict[Place, int] = {}
    purse = stored(ledger, PURSES, account)
    for _tag, coin, amount in purse[2] if purse else ():
        found[(coin, FREE)] = amount
    held = stored(ledger, HELD_LOTS, account)
    for _tag, coin, lot, amount in held[1] if held else ():
        found[(coin, lot)] = amount
    return found


def accounts_in_state(store: KeyValue) -> set[bytes]:
    """Every account with a record of money."""
    return {
        key[3:]
        for table in (PURSES, HELD_LOTS)
        for key, _ in store.scan(record_key(table, b""), record_key(table + 1, b""))
    }


def supplies_in_state(store: KeyValue) -> dict[str, list[int]]:
    """By coin, in the order of `Balances.form`."""
    pairs = store.scan(record_key(SUPPLY, b""), record_key(SUPPLY + 1, b""))
    return {key[3:].decode(): fields(data[SALT:])[1:8] for key, data in pairs}
