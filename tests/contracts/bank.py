"""The town with money: an issuer, a coin per wijk, reserves, and a bank that makes statements.

town = MoneyTown()
town.deposit("J1", "town", 100_00)      # euros arrive, are attested and minted
town.free("town", "J1") == 100_00
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, TypeVar

from chain.account import PURSES
from chain.authority import Board
from chain.codec import Record
from chain.money import Cents
from chain.state import Draft, Table
from governance_contracts.bank.attestors import SetAttestors, found_attestors
from governance_contracts.bank.books import (
    REDEMPTIONS,
    Entry,
    EntryKind,
    EntryPlace,
    Redemption,
    Reserve,
    Statement,
    face_of,
    hash_of,
    require_reserve,
)
from governance_contracts.bank.reserve import Mint
from governance_contracts.bank.statements import Attest
from governance_contracts.coins.balances import (
    FREE,
    HELD_LOTS,
    Supply,
    free_of,
    held_of,
    lots_of,
    supply_of,
)
from governance_contracts.coins.coin import Add, Issuer, Regime, SetIssuer, found_coin, found_issuer
from governance_contracts.payments.payments import plain
from tests.contracts.town import START_MS, W1, W2, WIJKEN, Town

V = TypeVar("V", bound=Record)

COINS = ("J1", "J2", "J3")
WIJK_OF = dict(zip(COINS, WIJKEN, strict=True))
BANK_ACCOUNT = sha256(b"the reserve's account, under a key").digest()
DETAILS = sha256(b"what the bank says, under a key").digest()
DESTINATION = sha256(b"a bank account, under a key").digest()


def entry(
    number: int,
    kind: EntryKind,
    amount: int,
    *,
    redemption: int | None = None,
    returns: tuple[int, int] | None = None,
    reference: bytes | None = None,
    credit: bool | None = None,
) -> Entry:
    return Entry(
        number,
        kind < EntryKind.REDEMPTION if credit is None else credit,
        Cents(amount),
        kind,
        () if redemption is None else (redemption,),
        () if returns is None else (EntryPlace(*returns),),
        () if reference is None else (reference,),
        DETAILS,
    )


def signed(entries: tuple[Entry, ...]) -> int:
    return sum(e.amount if e.credit else -e.amount for e in entries)


class MoneyTown(Town):
    """J1, J2, J3 are the coins of W1, W2, W3; `ada<n>`, `bob<n>` and `stranger` attest, two of
    three. J3 has an issuer whose network is limited."""

    def __init__(self) -> None:
        super().__init__()
        for code, regime in (("bank", Regime.EMT), ("club", Regime.LIMITED_NETWORK)):
            issuer = Issuer(f"Stichting {code}", "R-1", regime, (DETAILS,), (DETAILS,))
            found_issuer(self.state, SetIssuer(code, issuer))
        for n, (coin, wijk) in enumerate(WIJK_OF.items(), 1):
            issuer_code = "club" if coin == "J3" else "bank"
            found_coin(self.state, Add(coin, f"Jordaner {n}", "EUR", wijk, (issuer_code,)))
            people = (self.id(f"ada{n}"), self.id(f"bob{n}"), self.id("stranger"))
            attestors = tuple(sorted(people))
            found_attestors(self.state, SetAttestors(coin, BANK_ACCOUNT, attestors, 2, ()))

    def reserve(self, coin: str) -> Reserve:
        return require_reserve(self.state, coin)

    def redemption(self, number: int) -> Redemption:
        found = self.state.get(REDEMPTIONS, number)
        assert found is not None
        return found

    def statement(self, coin: str, *entries: Entry, **changes: Any) -> Statement:
        """The next statement that follows and adds up, unless `changes` say otherwise."""
        reserve = self.reserve(coin)
        fields: dict[str, Any] = {
            "coin": coin,
            "account": BANK_ACCOUNT,
            "currency": "EUR",
            "sequence": reserve.sequence + 1,
            "more": 0,
            "closed_ms": self.time_ms,
            "opening": reserve.balance,
            "closing": reserve.balance + signed(entries),
            "file": DETAILS,
            "entries": entries,
        }
        return Statement(**(fields | changes))

    def attest(self, statement: Statement) -> None:
        """Both attestations it needs."""
        coin, n = statement.coin, statement.coin[-1]
        for who, handed_in in ((f"ada{n}", (statement,)), ("stranger", ())):
            self.play(Attest(self.id(who), coin, hash_of(statement), handed_in), by=who)

    def book(self, coin: str, *entries: Entry) -> int:
        """Attest the next statement with these entries; returns its number."""
        statement = self.statement(coin, *entries)
        self.attest(statement)
        return statement.sequence

    def mint(self, coin: str, statement: int, number: int, account: str, amount: int) -> None:
        args = Mint(coin, statement, number, self.id(account), Cents(amount), ())
        self.play(args, under=(Board(WIJK_OF[coin]),))

    def deposit(self, coin: str, account: str, amount: int) -> None:
        """Euros arrive for an account and become coin."""
        number = self.book(coin, entry(1, EntryKind.DEPOSIT, amount))
        self.mint(coin, number, 1, account, amount)

    def pay(self, payer: str, payee: str, amount: int, coin: str = "J1", **more: Any) -> bytes:
        """One line of free choice; returns the transaction's id."""
        return self.play(plain(self.id(payer), self.id(payee), coin, amount, **more), by=payer)

    def free(self, name: str, coin: str = "J1") -> int:
        return free_of(self.state, self.id(name), coin)

    def held(self, name: str, lot: int, coin: str = "J1") -> int:
        return held_of(self.state, self.id(name), coin, lot)

    def lots(self, name: str, coin: str = "J1") -> dict[int, int]:
        return {one.lot: one.amount for one in lots_of(self.state, self.id(name), coin)}

    def supply(self, coin: str = "J1") -> Supply:
        return supply_of(self.state, coin)

    def all_of(self, table: Table[Any, V]) -> Iterator[tuple[bytes, V]]:
        return self.state.scan(table)

    def counted(self, coin: str) -> tuple[int, int, int]:
        """Free, bound and redeeming coin, added up from the accounts and redemptions."""
        free = sum(
            h.amount for _, purse in self.all_of(PURSES) for h in purse.free if h.coin == coin
        )
        bound = sum(
            h.amount for _, held in self.all_of(HELD_LOTS) for h in held.lots if h.coin == coin
        )
        redeeming = sum(
            face_of(r) for _, r in self.all_of(REDEMPTIONS) if r.coin == coin and r.state in (1, 2)
        )
        return free, bound, redeeming

    def per_lot(self, coin: str) -> dict[int, int]:
        """How much of each lot all accounts hold together (0: free coin)."""
        totals: dict[int, int] = {FREE: self.counted(coin)[0]}
        for _, held in self.all_of(HELD_LOTS):
            for one in held.lots:
                if one.coin == coin:
                    totals[one.lot] = totals.get(one.lot, 0) + one.amount
        return totals


__all__ = ["COINS", "DESTINATION", "START_MS", "W1", "W2", "Draft", "MoneyTown", "entry"]
