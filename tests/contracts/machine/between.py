"""Between wijken: exchanges, settlements, and coins that end."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from chain.account import PURSES
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.books import REDEMPTIONS, EntryKind
from governance_contracts.bank.redemption import Redeem
from governance_contracts.coins import exchange
from governance_contracts.coins.balances import HELD_LOTS, total_of
from governance_contracts.coins.coin import Accept, StopMinting
from governance_contracts.coins.exchange import Exchange
from governance_contracts.coins.switching import CallOffSwitch, SetNetwork, Switch
from governance_contracts.coins.winddown import Announce, CallOff, Close, MoveRest, ReturnEarmarks
from governance_contracts.coins.windingdown import WIND_DOWNS
from governance_contracts.mandates.mandate import holdings_of
from tests.contracts.bank import DESTINATION, WIJK_OF, entry
from tests.contracts.machine.base import (
    ALL,
    HOLDERS,
    PLAYED,
    TREASURIES,
    Base,
    amounts,
    coins,
    holders,
)


class Between(Base):
    @rule(holder=holders, coin=coins, amount=amounts)
    def exchange_coin(self, holder: str, coin: str, amount: int) -> None:
        other = PLAYED[1 - PLAYED.index(coin)]
        before = [total_of(self.town.supply(one)) for one in PLAYED]
        args = Exchange(self.town.id(holder), coin, other, Cents(amount))
        self.attempt(args, by=holder)
        assert [total_of(self.town.supply(one)) for one in PLAYED] == before

    @rule(coin=coins)
    def treasuries_settle(self, coin: str) -> None:
        other = PLAYED[1 - PLAYED.index(coin)]
        self.attempt(exchange.Settle(coin, other), under=WIJK_OF[other])

    # The end of a coin.

    @rule(coin=st.sampled_from(["J2", "J2", "J1"]), off=st.sampled_from([False, False, True]))
    def an_end_is_decided(self, coin: str, off: bool) -> None:
        announced = self.attempt(Announce(coin, self.town.id("fund1")), under=ALL)
        if off:
            self.attempt(CallOff(coin), under=ALL)
        elif announced:
            self.pass_time(DAY_MS)

    @rule(coin=coins, move=st.sampled_from(["wait", "earmarks", "redeem", "bank", "rest", "close"]))
    def an_end_comes_nearer(self, coin: str, move: str) -> None:
        plan = self.town.state.get(WIND_DOWNS, coin)
        if plan is None:
            return
        holding = [key for key, _ in self.town.all_of(PURSES)]
        holding += [key for key, _ in self.town.all_of(HELD_LOTS)]
        everybody = tuple(sorted(set(holding)))
        if move == "redeem":
            for name in HOLDERS:
                id = self.town.id(name)
                held = holdings_of(self.town.state, id).get(coin, 0)
                self.attempt(Redeem(id, coin, Cents(held or 1), (), DESTINATION), by=name)
        elif move == "bank":
            for key, one in list(self.town.all_of(REDEMPTIONS)):
                number = int.from_bytes(key, "big")
                if one.coin == coin and one.state in (1, 2) and one.amount:
                    line = entry(1, EntryKind.REDEMPTION, one.amount, redemption=number)
                    self.town.book(coin, line)
        elif move == "wait":
            ahead = (plan.redeem_ms, plan.claims_ms, plan.rest_ms)
            coming = [ms for ms in ahead if ms > self.town.time_ms]
            if coming:
                self.pass_time(coming[0] - self.town.time_ms)
        elif move == "earmarks":
            for lot in range(1, 12):
                self.attempt(ReturnEarmarks(lot, everybody), by="stranger")
        elif move == "rest":
            self.attempt(MoveRest(coin, everybody), under=WIJK_OF[coin])
        elif self.attempt(Close(coin), under=WIJK_OF[coin]):
            assert total_of(self.town.supply(coin)) == 0

    @rule(coin=coins, holder=holders, amount=amounts)
    def a_treasury_exchanges(self, coin: str, holder: str, amount: int) -> None:
        other = PLAYED[1 - PLAYED.index(coin)]
        name, wijk = TREASURIES[coin], WIJK_OF[coin]
        self.attempt(Exchange(self.town.id(name), coin, other, Cents(amount)), under=wijk)

    # What a coin is.

    @rule(coin=coins, stopped=st.booleans())
    def minting_stops(self, coin: str, stopped: bool) -> None:
        self.attempt(StopMinting(coin, stopped), under=WIJK_OF[coin])

    @rule(holder=st.sampled_from([*HOLDERS, "eef1"]), all_of_them=st.booleans())
    def say_what_one_accepts(self, holder: str, all_of_them: bool) -> None:
        taken = tuple(PLAYED) if all_of_them else PLAYED[:1]
        self.attempt(Accept(self.town.id(holder), tuple(taken)), by=holder)

    @rule(
        coin=coins,
        issuer=st.sampled_from(["club", "bank"]),
        move=st.sampled_from(["switch", "network", "off"]),
    )
    def a_coin_changes_hands(self, coin: str, issuer: str, move: str) -> None:
        if move == "switch":
            self.attempt(Switch(coin, issuer), under=ALL)
        elif move == "network":
            self.attempt(SetNetwork("club", ("GM9900",)), under=ALL)
        else:
            self.attempt(CallOffSwitch(coin), under=ALL)
