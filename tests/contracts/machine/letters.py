"""Letters with a code, and payments that recur."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from chain.crypto import public_key, sign
from chain.money import Cents
from governance_contracts.earmarks.lots import region_bound
from governance_contracts.payments.claim import ClaimLine, Issue, Take, Withdraw
from governance_contracts.payments.claims import claim_seed, claim_sign_bytes
from governance_contracts.payments.standing import Collect, End, Grant, Pause, Resume
from governance_contracts.payments.standings import STANDINGS, Agreed, StandingKind
from tests.contracts.machine.base import Base, amounts, coins, holders, numbers, people
from tests.contracts.town import CHAIN, EPOCH, W1


class Letters(Base):
    @rule(
        coin=coins,
        shares=st.lists(amounts, min_size=1, max_size=3),
        bound=st.booleans(),
    )
    def write_letters(self, coin: str, shares: list[int], bound: bool) -> None:
        lines = []
        for amount in shares:
            self.codes.append(len(self.codes).to_bytes(16, "big"))
            key = public_key(claim_seed(self.codes[-1]))
            lines.append(ClaimLine(key, Cents(amount)))
        terms = (region_bound((W1,)),) if bound else ()
        self.attempt(Issue(self.town.id("town"), coin, tuple(lines), terms, "GRANT"), by="town")

    @precondition(lambda self: self.codes)
    @rule(which=st.integers(0, 30), who=holders, back=st.sampled_from([False, False, True]))
    def open_a_letter(self, which: int, who: str, back: bool) -> None:
        seed = claim_seed(self.codes[which % len(self.codes)])
        if back:
            self.attempt(Withdraw((public_key(seed),)), by="town")
            return
        account = self.town.id(who)
        signature = sign(seed, claim_sign_bytes(CHAIN, EPOCH, account))
        self.attempt(Take(account, public_key(seed), signature), by=who)

    @rule(
        payer=people,
        coin=coins,
        ceiling=amounts,
        kind=st.sampled_from(StandingKind),
        periods=st.sampled_from([(), (2,)]),
    )
    def agree(
        self, payer: str, coin: str, ceiling: int, kind: StandingKind, periods: tuple[int, ...]
    ) -> None:
        agreed = Agreed(
            self.town.id(payer), self.town.id("shop1"), coin, kind, Cents(ceiling), 1, 2,
            self.town.time_ms, periods, (), "SALE", "food", (1,), (),
        )  # fmt: skip
        self.attempt(Grant(agreed), by=payer)

    @rule(number=numbers, amount=amounts, end=st.sampled_from([False, False, False, True]))
    def collect(self, number: int, amount: int, end: bool) -> None:
        number = self.existing(number)
        if end:
            self.attempt(End(number, self.town.id("shop1")), by="shop1")
            return
        self.attempt(Collect(number, Cents(amount), ()), by="shop1")
        known = self.town.state.get(STANDINGS, number)
        assert known is None or known.collected <= known.agreed.ceiling

    def existing(self, number: int) -> int:
        known = [int.from_bytes(key, "big") for key, _ in self.town.all_of(STANDINGS)]
        return known[number % len(known)] if known else number

    @rule(number=numbers, on=st.booleans())
    def pause_or_go_on(self, number: int, on: bool) -> None:
        number = self.existing(number)
        known = self.town.state.get(STANDINGS, number)
        payer = self.name_of(known.agreed.payer) if known else "dee1"
        self.attempt(Resume(number) if on else Pause(number), by=payer)
