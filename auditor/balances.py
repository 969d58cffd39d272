"""Who holds what, added up by the auditor: cents by account, coin and lot (0: free coin)."""

from __future__ import annotations

from collections import Counter

FREE = 0

Place = tuple[str, int]
"""Coin and lot."""


class Balances:
    """`redeeming` is coin on its way back into euros: nobody's, and still owed. `offline` is coin
    set aside for payments without a network, `escrow` coin in letters that nobody claimed yet."""

    def __init__(self) -> None:
        self.held: dict[bytes, dict[Place, int]] = {}
        self.free: Counter[str] = Counter()
        self.lots: Counter[str] = Counter()
        self.escrow: Counter[str] = Counter()
        self.offline: Counter[str] = Counter()
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
        return sum(self.form(coin)[:5])

    def form(self, coin: str) -> list[int]:
        """Free, lots, escrow, offline, redeeming, minted, burned: as the state's record has it."""
        return [
            self.free[coin], self.lots[coin], self.escrow[coin], self.offline[coin],
            self.redeeming[coin], self.minted[coin], self.burned[coin],
        ]  # fmt: skip
