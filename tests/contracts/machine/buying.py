"""People and shops: payments, baskets, discounts, refunds, mistakes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from msgspec.structs import replace

from chain.money import Cents
from governance_contracts.payments.mistakes import AnswerMistake, Mistake, Reason, Reply, Reverse
from governance_contracts.payments.payments import PAYMENTS, Line, Pay, Refund, RefundLine, plain
from tests.contracts.machine.base import HOLDERS, SHOPS, Base, amounts, coins, holders, people


class Buying(Base):
    @rule(payer=people, amount=amounts, more=amounts, lots=st.sampled_from([(), (), (0,), (1,)]))
    def buy_with_a_discount(
        self, payer: str, amount: int, more: int, lots: tuple[int, ...]
    ) -> None:
        shop = self.town.id("shop1")
        args = plain(
            self.town.id(payer), shop, "J1", amount + more, "SALE",
            place=1, lots=lots, alias=bytes(16), benefit="pass",
        )  # fmt: skip
        lines = (Line(Cents(amount), "food", 0, ()), Line(Cents(more), "books", 0, ()))
        before = self.town.free("shop1") + sum(self.town.lots("shop1").values())
        if self.attempt(replace(args, lines=lines), by=payer):
            after = self.town.free("shop1") + sum(self.town.lots("shop1").values())
            assert after - before == amount + more, "the payee is credited the full price"

    @rule(payer=holders, payee=holders, coin=coins, amount=amounts, data=st.data())
    def pay(self, payer: str, payee: str, coin: str, amount: int, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from([None, 1, 2])) if payee in SHOPS else None
        category = data.draw(st.sampled_from(["food", "books"]))
        lots = data.draw(st.sampled_from([(), (), (0,), (1,), (2,)]))
        args = plain(
            self.town.id(payer),
            self.town.id(payee),
            coin,
            amount,
            "SALE",
            place=place,
            category=category,
            lots=lots,
        )
        self.attempt(args, by=payer)

    @rule(payer=people, coin=coins, first=amounts, second=amounts)
    def fill_a_basket(self, payer: str, coin: str, first: int, second: int) -> None:
        single = plain(self.town.id(payer), self.town.id("shop1"), coin, first + second, place=1)
        fields = {name: getattr(single, name) for name in single.__struct_fields__}
        fields["lines"] = (
            Line(Cents(first), "books", 0, ()),
            Line(Cents(second), "food", 0, ()),
        )
        self.attempt(Pay(**fields), by=payer)

    @rule(which=st.integers(0, 30), amount=amounts, whole=st.booleans())
    def refund(self, which: int, amount: int, whole: bool) -> None:
        payments = list(self.town.all_of(PAYMENTS))
        if not payments:
            return
        key, payment = payments[which % len(payments)]
        lines = () if whole else (RefundLine(0, Cents(amount)),)
        by = next(name for name in HOLDERS if self.town.id(name) == payment.payee)
        self.attempt(Refund(key[:32], key[32], lines), by=by)
        after = self.town.state.find(PAYMENTS, key)
        assert after is not None
        assert all(part.refunded <= part.amount for part in after.parts)

    @rule(which=st.integers(0, 30))
    def undo_together(self, which: int) -> None:
        payments = list(self.town.all_of(PAYMENTS))
        if payments:
            key, payment = payments[which % len(payments)]
            names = {self.town.id(name): name for name in HOLDERS}
            first, second = names[payment.payer], names[payment.payee]
            self.attempt(Reverse(key[:32], key[32]), by=first, also=(second,))

    @rule(which=st.integers(0, 30), answer=st.booleans())
    def report_a_mistake(self, which: int, answer: bool) -> None:
        payments = list(self.town.all_of(PAYMENTS))
        if payments:
            key, payment = payments[which % len(payments)]
            payer, payee = self.name_of(payment.payer), self.name_of(payment.payee)
            self.attempt(Mistake(key[:32], key[32], Reason.OTHER, ()), by=payer)
            if answer:
                self.attempt(AnswerMistake(key[:32], key[32], Reply.WILL_RETURN, ()), by=payee)
