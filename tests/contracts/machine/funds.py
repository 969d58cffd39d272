"""Funds: what they give, bound or free, and what comes back to them when its time is up."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.books import EntryKind
from governance_contracts.earmarks.earmark import NameSuccessor, Reclaim
from governance_contracts.earmarks.lots import After, Terms, earmark, region_bound
from governance_contracts.payments.benefit import (
    Admit,
    CloseBenefit,
    FillPot,
    Join,
    Leave,
    OpenBenefit,
    Remove,
)
from governance_contracts.payments.payments import Payout, PayoutLine
from governance_contracts.people.lifecycle import Close as CloseAccount
from tests.contracts.bank import entry
from tests.contracts.machine.base import (
    HOLDERS,
    PEOPLE,
    PLAYED,
    TREASURIES,
    Base,
    amounts,
    coins,
    funds,
    holders,
    numbers,
    people,
    regions,
)
from tests.contracts.town import G1, W1


@st.composite
def terms(draw: st.DrawFn, now_ms: int) -> Terms:
    where = draw(regions)
    if draw(st.booleans()) and where:
        return region_bound(where, online_ok=draw(st.booleans()))
    return earmark(
        where,
        categories=draw(st.sampled_from([(), ("food",)])),
        expires_ms=draw(st.sampled_from([None, now_ms + DAY_MS, now_ms + 40 * DAY_MS])),
        after=draw(st.sampled_from([After.REGION_BOUND, After.FREE])),
    )


class Funds(Base):
    @initialize()
    def euros_arrive(self) -> None:
        for coin in PLAYED:
            for name in ("fund1", "town", *PEOPLE):
                number = self.town.book(coin, entry(1, EntryKind.DEPOSIT, 1_000))
                self.mint(coin, number, 1, name, 1_000)
            number = self.town.book(coin, entry(1, EntryKind.DEPOSIT, 600))
            self.mint(coin, number, 1, TREASURIES[coin], 600)
            self.grant(coin, region_bound((W1,)), "GRANT")
            self.grant(coin, earmark((G1,), after=After.FREE), "EARM")
            expiry = self.town.time_ms + DAY_MS
            self.grant(coin, earmark((W1,), expires_ms=expiry), "EARM")

        self.open_a_benefit()

    def open_a_benefit(self) -> None:
        """A third off in J1 at shop1, half of it the shop's; two of the three people hold it."""
        now_ms, fund = self.town.time_ms, self.town.id("fund1")
        offer = OpenBenefit(
            fund, "pass", "J1", 3_333, Cents(0), 5_000, Cents(90), Cents(250), (), (),
            now_ms, now_ms + 300 * DAY_MS,
        )  # fmt: skip
        assert self.attempt(offer, under=W1)
        holders = tuple(sorted(self.town.id(name) for name in PEOPLE[:2]))
        assert self.attempt(Admit("pass", holders, now_ms + 200 * DAY_MS), under=W1)
        assert self.attempt(Join("pass", self.town.id("shop1")), by="shop1")

    def grant(self, coin: str, granted: Terms, purpose: str) -> None:
        names = ("dee1", "eef1", "shop1")
        lines = tuple(PayoutLine(self.town.id(n), Cents(100), purpose, ()) for n in names)
        assert self.attempt(Payout(self.town.id("town"), coin, lines, (granted,)), by="town")

    @rule(
        fund=funds,
        coin=coins,
        shares=st.lists(st.tuples(holders, amounts), min_size=1, max_size=3),
        bound=st.booleans(),
        data=st.data(),
    )
    def pay_out(
        self,
        fund: str,
        coin: str,
        shares: list[tuple[str, int]],
        bound: bool,
        data: st.DataObject,
    ) -> None:
        run_terms: tuple[Terms, ...] = (data.draw(terms(self.town.time_ms)),) if bound else ()
        purpose = "EARM" if bound and run_terms[0].kind == 2 else "GRANT"
        lines = tuple(
            PayoutLine(self.town.id(name), Cents(amount), purpose, ()) for name, amount in shares
        )
        args = Payout(self.town.id(fund), coin, lines, run_terms)
        if fund == "town":
            self.attempt(args, by=fund)
        else:
            self.attempt(args, under=W1)

    @rule(amount=amounts)
    def fill_the_pot(self, amount: int) -> None:
        self.attempt(FillPot("pass", self.town.id("shop1"), Cents(amount)), by="shop1")

    @rule(days=st.sampled_from([1, 2, 35]), lot=numbers)
    def time_passes_and_lots_run_out(self, days: int, lot: int) -> None:
        self.town.wait(days * DAY_MS)
        everybody = tuple(self.town.id(name) for name in HOLDERS)
        self.attempt(Reclaim(lot, everybody), by="stranger")

    @rule(move=st.sampled_from(["leave", "join", "remove", "admit", "close"]), who=people)
    def a_benefit_changes(self, move: str, who: str) -> None:
        shop, holder = self.town.id("shop1"), (self.town.id(who),)
        if move == "leave":
            self.attempt(Leave("pass", shop), by="shop1")
        elif move == "join":
            self.attempt(Join("pass", shop), by="shop1")
        elif move == "remove":
            self.attempt(Remove("pass", holder), under=W1)
        elif move == "admit":
            expires_ms = self.town.time_ms + 30 * DAY_MS
            self.attempt(Admit("pass", holder, expires_ms), under=W1)
        elif self.town.time_ms % 7 == 3:
            self.attempt(CloseBenefit("pass"), under=W1)

    @rule(empty=st.booleans(), coin=coins)
    def a_fund_ends(self, empty: bool, coin: str) -> None:
        """Its coin goes to the treasury, its successor is named, and the account is closed."""
        fund, treasury = self.town.id("fund1"), self.town.id("treasury1")
        for one in PLAYED if empty else (coin,):
            held = self.town.free("fund1", one)
            if held:
                line = PayoutLine(treasury, Cents(held), "GRANT", ())
                self.attempt(Payout(fund, one, (line,), ()), under=W1)
        if empty and self.attempt(CloseAccount(fund), under=W1):
            self.attempt(NameSuccessor(fund, treasury), under=W1)
