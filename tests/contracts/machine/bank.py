"""The bank: deposits, returns, costs, and redemptions in all their states."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from chain.money import Cents
from governance_contracts.bank.books import (
    ENTRIES,
    REDEMPTIONS,
    EntryKind,
    Redemption,
    RedemptionState,
)
from governance_contracts.bank.redemption import Cancel, Export, Redeem, Reject
from governance_contracts.bank.reserve import Attribute
from tests.contracts.bank import DESTINATION, DETAILS, WIJK_OF, entry
from tests.contracts.machine.base import (
    FUNDS,
    HOLDERS,
    PEOPLE,
    Base,
    amounts,
    coins,
    holders,
    numbers,
)
from tests.contracts.town import W1, W2


class Bank(Base):
    @rule(
        coin=coins,
        amount=amounts,
        charge=st.sampled_from([0, 0, 3]),
        name=st.sampled_from([*PEOPLE, *FUNDS]),
    )
    def deposit(self, coin: str, amount: int, charge: int, name: str) -> None:
        entries = (entry(1, EntryKind.DEPOSIT, amount), entry(2, EntryKind.CHARGE, charge))
        number = self.town.book(coin, *entries[: 2 if charge else 1])
        self.mint(coin, number, 1, name, amount)

    @rule(coin=coins, statement=numbers, amount=st.just(1_000))
    def mint_again(self, coin: str, statement: int, amount: int) -> None:
        before = self.minted[coin]
        self.mint(coin, statement, 1, "town", amount)
        self.mint(coin, statement, 1, "town", amount)
        assert self.minted[coin] <= before + amount

    @rule(
        coin=coins,
        kind=st.sampled_from(
            [EntryKind.CHARGE, EntryKind.COVER, EntryKind.INTEREST, EntryKind.UNATTRIBUTED]
        ),
        amount=amounts,
    )
    def the_bank_does_its_own(self, coin: str, kind: EntryKind, amount: int) -> None:
        if kind == EntryKind.CHARGE:
            amount = 1 + amount // 20  # mostly under 1 % of what is owed: redemptions go on
        number = self.town.book(coin, entry(1, kind, amount))
        if kind == EntryKind.UNATTRIBUTED:
            self.attempt(Attribute(coin, number, 1, DETAILS), under=WIJK_OF[coin])

    @rule(coin=coins, statement=numbers)
    def a_deposit_goes_back(self, coin: str, statement: int) -> None:
        credit = self.town.state.get(ENTRIES, (coin, statement, 1))
        if credit is not None:
            line = entry(1, EntryKind.RETURN, credit.amount, returns=(statement, 1))
            self.town.book(coin, line)

    @rule(holder=holders, coin=coins, amount=amounts)
    def redeem(self, holder: str, coin: str, amount: int) -> None:
        args = Redeem(self.town.id(holder), coin, Cents(amount), (), DESTINATION)
        self.attempt(args, by=holder)

    def redemption(self, which: int) -> tuple[int, Redemption] | None:
        known = list(self.town.all_of(REDEMPTIONS))
        if not known:
            return None
        key, redemption = known[which % len(known)]
        return int.from_bytes(key, "big"), redemption

    @precondition(lambda self: self.redemption(0))
    @rule(which=numbers, move=st.sampled_from(["export", "export", "cancel", "reject"]))
    def move_on(self, which: int, move: str) -> None:
        found = self.redemption(which)
        assert found is not None
        number, redemption = found
        wijk = WIJK_OF[redemption.coin]
        if move == "export":
            self.attempt(Export(redemption.coin, (number,), DETAILS), under=wijk)
        elif move == "reject":
            self.attempt(Reject(number), under=wijk)
        else:
            by = next((n for n in HOLDERS if self.town.id(n) == redemption.holder), None)
            other = W2 if wijk == W1 else W1  # a settlement, whose holder is the other treasury
            self.attempt(Cancel(number), by=by, under=other if by is None else None)

    @precondition(lambda self: self.redemption(0))
    @rule(
        kind=st.sampled_from([EntryKind.REDEMPTION, EntryKind.REDEMPTION, EntryKind.BOUNCE]),
        which=numbers,
        slip=st.sampled_from([0, 0, 0, 1]),
    )
    def the_bank_pays_or_bounces(self, kind: EntryKind, which: int, slip: int) -> None:
        found = self.redemption(which)
        assert found is not None
        number, redemption = found
        before = self.town.supply(redemption.coin).burned
        line = entry(1, kind, redemption.amount + slip, redemption=number)
        self.town.book(redemption.coin, line)
        was_open = redemption.state in (RedemptionState.REQUESTED, RedemptionState.EXPORTED)
        burns = kind == EntryKind.REDEMPTION and was_open and not slip
        gone = self.town.supply(redemption.coin).burned - before
        assert gone == (redemption.amount if burns else 0)
