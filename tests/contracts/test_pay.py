"""Pay, refund and payout: who, what, with which coin; refusals in order."""

from __future__ import annotations

from typing import Any

import pytest

from chain import crypto
from chain.account import ACCOUNTS, AccountKey, AccountKind, KeyRole, Status
from chain.authority import Board, NotAuthorised
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS, PARAMETERS, ParameterValue
from governance_contracts.areas.regions import UnknownRegion
from governance_contracts.coins.balances import (
    DayLimit,
    HoldingLimit,
    NotEnoughCoin,
    supply_of,
)
from governance_contracts.coins.coin import Accept, BadAcceptance, NotAccepted, UnknownCoin
from governance_contracts.earmarks.earmark import (
    FundClosed,
    NameSuccessor,
    NotExpired,
    OutsideRegion,
    PersonPayee,
    Reclaim,
)
from governance_contracts.earmarks.lots import (
    GRACE_MS,
    LOTS,
    After,
    BadTerms,
    Terms,
    earmark,
    region_bound,
)
from governance_contracts.life.leaving import LEAVINGS, Leaving
from governance_contracts.payments.outcomes import (
    BadLine,
    BadLink,
    BadLots,
    BadRefundLine,
    Credit,
    DrawnPart,
    GaveBack,
    HoldsLots,
    HoursMissing,
    NotAFund,
    NothingLeft,
    Paid,
    PaidOut,
    PayoutLineRefused,
    PayoutReceived,
    PaysItself,
    Received,
    Refunded,
    RefundWindow,
    RequestDiffers,
    RequestExpired,
    RequestPaid,
    RequestUnsigned,
    SplitDiffers,
    TooManyParts,
    TooManyPayments,
    UnknownPayment,
    UnknownPurpose,
    WrongGross,
)
from governance_contracts.payments.pay import record
from governance_contracts.payments.payments import (
    Line,
    Link,
    Payout,
    PayoutLine,
    Refund,
    RefundLine,
    Request,
    Share,
    SignedRequest,
    plain,
    request_sign_bytes,
)
from governance_contracts.people.acting import (
    ClosedAccount,
    FrozenAccount,
    NotRegistered,
    TillKeyOnly,
)
from governance_contracts.people.closing import require_closable
from governance_contracts.people.places import ClosePlace, PlaceClosed, UnknownPlace
from tests.contracts.bank import DETAILS, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, G1, W1, W2, refused, seed

BOARD = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.deposit("J1", "fund1", 100_000)
    town.deposit("J1", "dee1", 1_000)
    return town


def change(args: Any, **fields: Any) -> Any:
    return type(args)(**({f: getattr(args, f) for f in args.__struct_fields__} | fields))


def set_status(town: MoneyTown, name: str, status: Status) -> None:
    town.state.put(ACCOUNTS, town.id(name), change(town.account(name), status=status))


def grant(town: MoneyTown, payee: str, amount: int, terms: Terms, fund: str = "fund1") -> int:
    """A bound payout of one line; returns the lot."""
    purpose = "EARM" if terms.kind == 2 else "GRANT"
    line = PayoutLine(town.id(payee), Cents(amount), purpose, ())
    town.play(Payout(town.id(fund), "J1", (line,), (terms,)), under=BOARD)
    return town.reported(PaidOut)[0].lot


class TestPay:
    def test_free_coin_changes_hands_and_the_supply_record_stays(self, town: MoneyTown) -> None:
        before = supply_of(town.state, "J1")
        town.pay("dee1", "eef1", 300)
        assert (town.free("dee1"), town.free("eef1")) == (700, 300)
        assert supply_of(town.state, "J1") is before

    def test_a_neighbour_in_another_wijk_receives_the_payers_coin(self, town: MoneyTown) -> None:
        town.pay("dee1", "dee2", 300)
        assert (town.free("dee2", "J1"), town.free("dee2", "J2")) == (300, 0)

    def test_each_party_has_its_own_event(self, town: MoneyTown) -> None:
        lot = grant(town, "dee1", 50, earmark((W1,)))
        town.pay("dee1", "shop1", 80, place=1, purpose="SALE")
        (paid,) = town.reported(Paid, "dee1")
        assert paid.parts == (DrawnPart(0, lot, Cents(50)), DrawnPart(0, 0, Cents(30)))
        (received,) = town.reported(Received, "shop1")
        after = town.state.get(LOTS, lot)
        assert after is not None
        assert received.credits == (Credit(0, Cents(30)), Credit(after.after, Cents(50)))
        assert len(town.events) == 2

    def test_who_pays_and_who_is_paid_comes_first(self, town: MoneyTown) -> None:
        dee, eef = town.id("dee1"), town.id("eef1")
        args = plain(bytes(20), bytes(20), "nothing", 2_000)
        ladder: list[tuple[type[Rejected], dict[str, Any]]] = [
            (NotRegistered, {"payer": town.id("ada1")}),
            (NotAuthorised, {"payer": dee}),
        ]
        for refusal, fix in ladder:
            with refused(refusal):
                town.play(args, by="dee1")
            args = change(args, **fix)
        set_status(town, "dee1", Status.FROZEN)
        with refused(FrozenAccount):
            town.play(args, by="dee1")
        set_status(town, "dee1", Status.ACTIVE)
        with refused(NotRegistered):
            town.play(args, by="dee1")
        set_status(town, "eef1", Status.CLOSED)
        with refused(ClosedAccount):
            town.play(change(args, payee=eef), by="dee1")
        set_status(town, "eef1", Status.FROZEN)  # a frozen account still receives
        with refused(PaysItself):
            town.play(change(args, payee=dee), by="dee1")
        with refused(UnknownCoin):
            town.play(change(args, payee=eef), by="dee1")

    def test_then_what_the_payment_says_in_order(self, town: MoneyTown) -> None:
        """Everything is wrong at once; each correction uncovers the next refusal."""
        nonsense = Line(Cents(2_000), "food", 9, (10_001,))
        request = Request(town.id("dee2"), ("J2",), Cents(1), (), (), (), (), 0, bytes(16))
        args = change(
            plain(town.id("dee1"), town.id("shop1"), "J1", 2_000, "MINT", place=7),
            lines=(nonsense,),
            gross=Cents(9),
            served=("nowhere",),
            link=(Link(1, bytes(32)),),
            lots=(5, 5),
            split=(Share(town.id("fund1"), Cents(1)),),
            request=(SignedRequest(request, 0, bytes(64)),),
        )
        good = Line(Cents(2_000), "food", 2, (900,))
        town.play(ClosePlace(town.id("shop1"), 2), under=BOARD)
        town.play(Accept(town.id("shop1"), ()), by="shop1")
        with refused(NotAccepted):
            town.play(args, by="dee1")
        town.play(Accept(town.id("shop1"), ("J1",)), by="shop1")
        fixed_request = change(
            request,
            payee=town.id("shop1"),
            coin=("J1",),
            amount=Cents(2_000),
            place=(1,),
            expires_ms=town.time_ms,
        )
        ladder: list[tuple[type[Rejected], dict[str, Any]]] = [
            (UnknownPlace, {"place": (2,)}),
            (PlaceClosed, {"place": (1,)}),
            (UnknownPurpose, {"purpose": "COMM"}),
            (BadLine, {"lines": (change(nonsense, use=2),)}),
            (BadLine, {"lines": (good,)}),
            (WrongGross, {"gross": Cents(2_100), "discount": Cents(100)}),
            (HoursMissing, {"minutes": (60,)}),
            (UnknownRegion, {"served": (W1,)}),
            (BadLink, {"link": ()}),
            (RequestDiffers, {"request": (SignedRequest(fixed_request, 0, bytes(64)),)}),
            (RequestUnsigned, {"request": ()}),
            (BadLots, {"lots": (5,)}),
            (BadLots, {"lots": ()}),
            (SplitDiffers, {"split": ()}),
            (NotEnoughCoin, {"lines": (change(good, amount=Cents(900)),), "gross": Cents(1_000)}),
        ]
        for refusal, fix in ladder:
            with refused(refusal):
                town.play(args, by="dee1")
            args = change(args, **fix)
        for name in ("day_max_person", "holding_max_business"):
            town.state.put(PARAMETERS, name, ParameterValue(899))
        with refused(DayLimit):
            town.play(args, by="dee1")
        town.state.put(PARAMETERS, "day_max_person", ParameterValue(900))
        with refused(HoldingLimit):
            town.play(args, by="dee1")
        town.state.put(PARAMETERS, "holding_max_business", ParameterValue(900))
        town.play(args, by="dee1")
        assert town.free("shop1") == 900

    def test_the_days_limit_counts_all_of_one_day_and_then_forgets(self, town: MoneyTown) -> None:
        town.state.put(PARAMETERS, "day_max_person", ParameterValue(500))
        town.pay("dee1", "eef1", 300)
        town.pay("dee1", "eef1", 200)
        with refused(DayLimit):
            town.pay("dee1", "eef1", 1)
        town.wait(DAY_MS)
        town.pay("dee1", "eef1", 500)

    def test_in_a_limited_network_only_a_signed_acceptance_receives(self, town: MoneyTown) -> None:
        town.deposit("J3", "dee3", 500)
        with refused(NotAccepted):
            town.pay("dee3", "eef3", 100, "J3")
        with refused(BadAcceptance):
            town.play(Accept(town.id("eef3"), ("J3", "J1")), by="eef3")
        with refused(UnknownCoin):
            town.play(Accept(town.id("eef3"), ("J3", "J9")), by="eef3")
        town.play(Accept(town.id("eef3"), ("J3",)), by="eef3")
        town.pay("dee3", "eef3", 100, "J3")
        with refused(NotAccepted):
            town.pay("dee1", "eef3", 100, "J1")

    def test_the_treasury_pays_by_its_boards_decision_only(self, town: MoneyTown) -> None:
        town.deposit("J1", "treasury1", 100)
        args = plain(town.id("treasury1"), town.id("dee1"), "J1", 100)
        with refused(NotAuthorised):
            town.play(args, by="treasury1")
        with refused(NotAuthorised):
            town.play(args, under=(Board(W2),))
        town.play(args, under=BOARD)
        assert town.free("treasury1") == 0

    def test_who_sold_lately_or_holds_lots_does_not_close(self, town: MoneyTown) -> None:
        lot = grant(town, "shop1", 10, region_bound((W1,)))
        town.pay("dee1", "shop1", 10, place=1, purpose="SALE")
        town.pay("shop1", "fund1", 10, lots=(0,))
        town.state.put(LEAVINGS, town.id("shop1"), Leaving(town.time_ms))
        context = town.context("shop1", ())
        with refused(RefundWindow):
            require_closable(town.state, context, town.id("shop1"))
        town.wait(14 * DAY_MS)
        with refused(HoldsLots, town.id("shop1"), lot):
            require_closable(town.state, town.context("shop1", ()), town.id("shop1"))

    def test_a_transaction_holds_at_most_256_payments(self, town: MoneyTown) -> None:
        """Decisions within decisions could make more; the id in state has room for no more."""
        context = town.context("ada1", ())
        args = plain(town.id("ada1"), town.id("dee1"), "J1", 1)
        for number in range(256):
            assert record(town.state, context, args, ()) == number
        with refused(TooManyPayments):
            record(town.state, context, args, ())


class TestRequests:
    def request(self, town: MoneyTown, **changes: Any) -> SignedRequest:
        eef = town.id("eef1")
        expires = town.time_ms + DAY_MS
        plain_request = Request(eef, (), Cents(300), (), (W1,), (), (), expires, bytes(16))
        request = change(plain_request, **changes)
        signature = crypto.sign(seed("eef1"), request_sign_bytes(CHAIN, EPOCH, request))
        return SignedRequest(request, 0, signature)

    def test_a_signed_request_is_paid_exactly_once(self, town: MoneyTown) -> None:
        signed = self.request(town)
        first = town.pay("dee1", "eef1", 300, request=signed)
        with refused(RequestPaid, first):
            town.pay("dee1", "eef1", 300, request=signed)
        town.pay("dee1", "eef1", 300, request=self.request(town, nonce=b"1" * 16))
        assert town.free("eef1") == 600

    def test_a_refused_payment_leaves_the_request_open(self, town: MoneyTown) -> None:
        signed = self.request(town, amount=Cents(3_000))
        with refused(NotEnoughCoin):
            town.pay("dee1", "eef1", 3_000, request=signed)
        town.deposit("J1", "dee1", 2_000)
        town.pay("dee1", "eef1", 3_000, request=signed)

    def test_it_expires_after_its_time_not_at_it(self, town: MoneyTown) -> None:
        at = self.request(town, expires_ms=town.time_ms)
        before = self.request(town, expires_ms=town.time_ms - 1)
        with refused(RequestExpired, town.time_ms - 1):
            town.pay("dee1", "eef1", 300, request=before)
        town.pay("dee1", "eef1", 300, request=at)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("payee", bytes(20)),
            ("coin", ("J2",)),
            ("amount", Cents(301)),
            ("place", (1,)),
            ("reference", (DETAILS,)),
        ],
    )
    def test_it_asks_for_just_this(self, town: MoneyTown, field: str, value: Any) -> None:
        with refused(RequestDiffers, field):
            town.pay("dee1", "eef1", 300, request=self.request(town, **{field: value}))

    def test_an_altered_request_is_not_the_payees(self, town: MoneyTown) -> None:
        signed = self.request(town, amount=Cents(200))
        forged = SignedRequest(change(signed.request, amount=Cents(300)), 0, signed.signature)
        with refused(RequestUnsigned):
            town.pay("dee1", "eef1", 300, request=forged)


class TestLots:
    def test_region_bound_coin_is_spent_first_and_stays_region_bound(self, town: MoneyTown) -> None:
        lot = grant(town, "dee1", 200, region_bound((W1,)))
        town.pay("dee1", "shop1", 300, place=1, purpose="SALE")
        assert (town.held("dee1", lot), town.free("dee1")) == (0, 900)
        assert (town.held("shop1", lot), town.free("shop1")) == (200, 100)

    def test_it_is_refused_at_a_shop_outside_and_says_why(self, town: MoneyTown) -> None:
        lot = grant(town, "eef1", 200, region_bound((W1,)))
        with refused(NotEnoughCoin, "J1", 200, f"{lot}:604"):
            town.pay("eef1", "shop2", 200, place=1, purpose="SALE")
        with refused(OutsideRegion, lot, W2):
            town.pay("eef1", "shop2", 200, place=1, purpose="SALE", lots=(lot,))

    def test_pinning_chooses_and_lot_0_is_free_coin_alone(self, town: MoneyTown) -> None:
        first = grant(town, "dee1", 100, earmark((W1,), class_number=1))
        second = grant(town, "dee1", 100, earmark((W1,), class_number=2))
        town.pay("dee1", "shop1", 60, place=1, lots=(second,))
        assert (town.held("dee1", first), town.held("dee1", second)) == (100, 40)
        town.pay("dee1", "shop1", 60, place=1, lots=(0,))
        assert (town.held("dee1", first), town.free("dee1")) == (100, 940)

    def test_at_most_sixteen_parts(self, town: MoneyTown) -> None:
        for number in range(17):
            grant(town, "dee1", 10, earmark((W1,), class_number=number))
        with refused(TooManyParts, 17):
            town.pay("dee1", "shop1", 170, place=1)
        town.pay("dee1", "shop1", 160, place=1)

    def test_a_basket_draws_each_lot_for_the_lines_it_fits(self, town: MoneyTown) -> None:
        food = grant(town, "dee1", 500, earmark((W1,), categories=("food",)))
        anything = grant(town, "dee1", 300, earmark((W1,)))
        lines = tuple(
            Line(Cents(amount), category, 0, ())
            for category, amount in (("books", 250), ("food", 400), ("food", 200))
        )
        args = plain(town.id("dee1"), town.id("shop1"), "J1", 850, "SALE", place=1)
        town.play(change(args, lines=lines), by="dee1")
        assert (town.held("dee1", food), town.held("dee1", anything)) == (0, 0)
        assert town.free("dee1") == 950

    def test_a_funds_share_is_what_its_earmarks_give(self, town: MoneyTown) -> None:
        grant(town, "dee1", 50, earmark((W1,)))
        args = plain(town.id("dee1"), town.id("shop1"), "J1", 80, "SALE", place=1)
        fund = town.id("fund1")
        with refused(SplitDiffers, fund, 60, 50):
            town.play(change(args, split=(Share(fund, Cents(60)),)), by="dee1")
        town.play(change(args, split=(Share(fund, Cents(50)),)), by="dee1")


class TestAfter:
    """What a payee holds of an earmark, so that neighbours cannot launder it into free coin."""

    def spend(self, town: MoneyTown, terms: Terms) -> dict[int, int]:
        grant(town, "eef1", 100, terms)
        town.pay("eef1", "shop1", 100, place=1)
        return {0: town.free("shop1")} | town.lots("shop1")

    def test_by_default_bound_to_the_same_regions(self, town: MoneyTown) -> None:
        held = self.spend(town, earmark((G1, W1), categories=("other",)))
        ((lot, amount),) = town.lots("shop1").items()
        known = town.state.get(LOTS, lot)
        assert amount == 100
        assert held[0] == 0
        assert known is not None
        assert known.terms == region_bound((G1, W1))
        assert known.fund == ()
        assert known.after == lot

    def test_free_if_the_fund_says_so_or_names_no_region(self, town: MoneyTown) -> None:
        assert self.spend(town, earmark((W1,), after=After.FREE)) == {0: 100}
        assert self.spend(town, earmark()) == {0: 200}

    def test_a_lot_that_the_fund_names(self, town: MoneyTown) -> None:
        next_lot = grant(town, "dee2", 1, earmark((G1,)))
        held = self.spend(town, earmark((W1,), after=After.LOT, after_lot=next_lot))
        assert held == {0: 0, next_lot: 100}

    def test_what_it_becomes_is_the_funds_own_and_is_not_over_before_it(
        self, town: MoneyTown
    ) -> None:
        """Who is paid with an earmark does not hold a stranger's, nor one that has run out."""
        soon = town.time_ms + DAY_MS
        runs_out = grant(town, "dee2", 1, earmark((G1,), expires_ms=soon))
        bound = grant(town, "dee2", 1, region_bound((G1,)))
        town.deposit("J1", "town", 100)
        lines = (PayoutLine(town.id("dee2"), Cents(1), "EARM", ()),)
        others = Payout(town.id("town"), "J1", lines, (earmark((G1,), class_number=7),))
        town.play(others, by="town")
        (strangers,) = set(town.lots("dee2")) - {runs_out, bound}

        def becoming(lot: int, expires_ms: int | None = None) -> Terms:
            return earmark((W1,), after=After.LOT, after_lot=lot, expires_ms=expires_ms)

        for terms in (becoming(strangers), becoming(runs_out), becoming(runs_out, soon + 1)):
            with refused(BadTerms, "after"):
                grant(town, "dee1", 1, terms)
        for terms in (becoming(runs_out, soon), becoming(bound)):
            grant(town, "dee1", 1, terms)
        town.wait(DAY_MS)
        with refused(BadTerms, "after"):
            grant(town, "dee1", 1, becoming(runs_out))

    def test_equal_terms_are_one_lot(self, town: MoneyTown) -> None:
        terms = earmark((W1,), categories=("food",))
        assert grant(town, "dee1", 1, terms) == grant(town, "eef1", 1, terms)
        assert region_bound((W2, W1)) == region_bound((W1, W2))

    def test_region_bound_coin_goes_to_a_neighbour_by_home_wijk(self, town: MoneyTown) -> None:
        lot = grant(town, "dee1", 50, region_bound((W1,)))
        with refused(OutsideRegion, lot, W2):
            town.pay("dee1", "dee2", 50, lots=(lot,))
        town.pay("dee1", "eef1", 50, lots=(lot,))
        assert town.held("eef1", lot) == 50


class TestTerms:
    @pytest.mark.parametrize(
        ("terms", "why"),
        [
            (change(earmark((W1,)), kind=3), "kind"),
            (change(earmark((W1,)), regions=(W2, W1)), "order"),
            (earmark(("nowhere",)), "regions"),
            (change(region_bound((W1,)), categories=("food",)), "plain"),
            (region_bound(()), "regions"),
            (change(earmark((W1,)), after=4), "after"),
            (change(earmark((W1,)), after=After.LOT), "after"),
            (change(earmark((W1,)), after_lot=(1,)), "after"),
            (earmark((W1,), expires_ms=0), "expiry"),
        ],
    )
    def test_terms_that_make_no_sense(self, town: MoneyTown, terms: Terms, why: str) -> None:
        with refused(BadTerms, why):
            grant(town, "dee1", 1, terms)


class TestRefund:
    def sale(self, town: MoneyTown, terms: Terms | None = None) -> bytes:
        """Two lines of 100 and 60; the first 40 out of a lot, if there is one."""
        if terms:
            grant(town, "dee1", 40, terms)
        lines = (Line(Cents(100), "food", 0, ()), Line(Cents(60), "books", 0, ()))
        args = plain(town.id("dee1"), town.id("shop1"), "J1", 160, "SALE", place=1)
        return town.play(change(args, lines=lines), by="dee1")

    def refund(self, town: MoneyTown, payment: bytes, *lines: tuple[int, int]) -> None:
        asked = tuple(RefundLine(line, Cents(amount)) for line, amount in lines)
        town.play(Refund(payment, 0, asked), by="shop1")

    def test_all_of_it_restores_the_payers_lots(self, town: MoneyTown) -> None:
        payment = self.sale(town, earmark((W1,)))
        self.refund(town, payment)
        assert (town.free("dee1"), town.held("dee1", 2)) == (1_000, 40)
        assert (town.free("shop1"), town.lots("shop1")) == (0, {})
        assert town.reported(Refunded, "dee1")[0].credits == (
            Credit(0, Cents(120)),
            Credit(2, Cents(40)),
        )
        assert town.reported(GaveBack, "shop1")[0].amount == 160

    def test_free_coin_returns_first(self, town: MoneyTown) -> None:
        payment = self.sale(town, earmark((W1,)))
        self.refund(town, payment, (0, 60))
        assert (town.free("dee1"), town.lots("dee1")) == (940, {})
        self.refund(town, payment, (0, 30))
        assert (town.free("dee1"), town.lots("dee1")) == (940, {2: 30})

    def test_a_shop_that_spent_the_bound_coin_gives_free_coin(self, town: MoneyTown) -> None:
        payment = self.sale(town, earmark((W1,)))
        town.pay("shop1", "eef1", 40)  # its region-bound coin goes first
        town.deposit("J1", "shop1", 40)
        self.refund(town, payment)
        assert town.lots("dee1") == {2: 40}
        assert town.free("shop1") == 0

    def test_refusals_in_order(self, town: MoneyTown) -> None:
        payment = self.sale(town)
        with refused(UnknownPayment):
            town.play(Refund(payment, 1, ()), by="eef1")
        with refused(NotAuthorised):
            town.play(Refund(payment, 0, ()), by="eef1")
        set_status(town, "shop1", Status.FROZEN)
        set_status(town, "dee1", Status.CLOSED)
        with refused(FrozenAccount):
            self.refund(town, payment, (7, 1))
        set_status(town, "shop1", Status.ACTIVE)
        with refused(ClosedAccount):
            self.refund(town, payment, (7, 1))
        set_status(town, "dee1", Status.ACTIVE)
        with refused(BadRefundLine, 7, "line"):
            self.refund(town, payment, (7, 1))
        with refused(BadRefundLine, 0, "amount"):
            self.refund(town, payment, (0, 101), (0, 1))
        with refused(BadRefundLine, 0, "order"):
            self.refund(town, payment, (0, 1), (0, 1))
        town.pay("shop1", "eef1", 100)
        with refused(NotEnoughCoin, "J1", 100, ""):
            self.refund(town, payment)
        self.refund(town, payment, (1, 60))
        with refused(BadRefundLine, 1, "line"):
            self.refund(town, payment, (1, 1))

    def test_never_above_the_original(self, town: MoneyTown) -> None:
        payment = self.sale(town)
        self.refund(town, payment, (0, 99))
        with refused(BadRefundLine, 0, "amount"):
            self.refund(town, payment, (0, 2))
        self.refund(town, payment)
        with refused(NothingLeft):
            self.refund(town, payment)
        assert town.free("dee1") == 1_000

    def test_an_expired_lot_returns_with_thirty_days_of_grace(self, town: MoneyTown) -> None:
        expiry = town.time_ms + DAY_MS
        payment = self.sale(town, earmark((W1,), expires_ms=expiry))
        town.wait(2 * DAY_MS)
        self.refund(town, payment)
        ((lot, amount),) = town.lots("dee1").items()
        known = town.state.get(LOTS, lot)
        assert known is not None
        assert (amount, known.terms.expires_ms) == (40, (expiry + GRACE_MS,))
        town.pay("dee1", "shop1", 40, place=1, lots=(lot,))

    def test_past_the_grace_it_goes_to_the_fund_or_its_successor(self, town: MoneyTown) -> None:
        payment = self.sale(town, earmark((W1,), expires_ms=town.time_ms + DAY_MS))
        fund = town.free("fund1")
        town.wait(31 * DAY_MS)
        self.refund(town, payment, (0, 80))
        assert town.free("fund1") == fund + 20
        set_status(town, "fund1", Status.CLOSED)
        with refused(FundClosed):
            self.refund(town, payment, (0, 10))
        town.play(NameSuccessor(town.id("fund1"), town.id("treasury1")), under=BOARD)
        self.refund(town, payment)
        assert town.free("treasury1") == 20

    def test_a_till_refunds_and_does_not_pay(self, town: MoneyTown) -> None:
        payment = self.sale(town)
        account = town.account("shop1")
        till = AccountKey(0, account.keys[0].key, KeyRole.TILL, (1,))
        town.state.put(ACCOUNTS, town.id("shop1"), change(account, keys=(till,)))
        with refused(TillKeyOnly):
            town.pay("shop1", "eef1", 10)
        self.refund(town, payment, (0, 10))


class TestReclaim:
    def test_an_expired_earmark_goes_back_to_its_fund_and_only_then(self, town: MoneyTown) -> None:
        fund = town.free("fund1")
        lot = grant(town, "dee1", 40, earmark((W1,), expires_ms=town.time_ms + DAY_MS))
        bound = grant(town, "dee1", 40, region_bound((W1,)))
        holders = (town.id("dee1"), town.id("eef1"))
        with refused(NotExpired):
            town.play(Reclaim(lot, holders), by="stranger")
        town.wait(DAY_MS)
        with refused(NotExpired):
            town.play(Reclaim(bound, holders), by="stranger")
        town.play(Reclaim(lot, holders), by="stranger")
        assert town.free("fund1") == fund - 40
        assert town.lots("dee1") == {bound: 40}


class TestPayout:
    def test_a_thousand_lines(self, town: MoneyTown) -> None:
        people = ("ada1", "bob1", "cas1", "eef1", "dee2")
        lines = tuple(
            PayoutLine(town.id(people[n % 5]), Cents(10 + n % 5), "INCOME", ()) for n in range(1000)
        )
        town.play(Payout(town.id("fund1"), "J1", lines, ()), under=BOARD)
        assert [town.free(name) for name in people] == [2000, 2200, 2400, 2600, 2800]
        assert town.free("fund1") == 100_000 - 12_000
        assert len(town.reported(PayoutReceived)) == 1000
        assert town.reported(PaidOut, "fund1")[0].count == 1000

    def test_one_bad_line_stops_them_all_and_is_named(self, town: MoneyTown) -> None:
        good = PayoutLine(town.id("eef1"), Cents(10), "INCOME", ())
        before = town.snapshot()
        for bad, reason in (
            (change(good, purpose="REDEEM"), UnknownPurpose),
            (change(good, purpose="EARM"), UnknownPurpose),
            (change(good, payee=bytes(20)), NotRegistered),
            (change(good, payee=town.id("fund1")), PaysItself),
            (change(good, amount=Cents(99_000)), None),
        ):
            args = Payout(town.id("fund1"), "J1", (good, good, bad), ())
            if reason is not None:
                with refused(PayoutLineRefused, 2, reason.code):
                    town.play(args, under=BOARD)
        town.state.put(PARAMETERS, "holding_max_person", ParameterValue(98_000))
        with refused(PayoutLineRefused, 2, HoldingLimit.code):
            town.play(args, under=BOARD)
        town.state.changes = before
        assert town.free("fund1") == 100_000

    def test_refusals_in_order(self, town: MoneyTown) -> None:
        line = PayoutLine(bytes(20), Cents(200_000), "nonsense", ())
        args = Payout(town.id("dee1"), "nothing", (line,), (region_bound(("nowhere",)),))
        with refused(NotAuthorised):
            town.play(args, by="eef1")
        with refused(NotAFund, AccountKind.PERSON):
            town.play(args, by="dee1")
        args = change(args, payer=town.id("fund1"))
        with refused(NotAuthorised):
            town.play(args, by="fund1")
        ladder: list[tuple[type[Rejected], dict[str, Any]]] = [
            (UnknownCoin, {"coin": "J1"}),
            (BadTerms, {"terms": (region_bound((W1,)),)}),
            (NotEnoughCoin, {"lines": (change(line, amount=Cents(900)),)}),
        ]
        for refusal, fix in ladder:
            with refused(refusal):
                town.play(args, under=BOARD)
            args = change(args, **fix)
        town.state.put(PARAMETERS, "day_max_fund", ParameterValue(899))
        with refused(DayLimit):
            town.play(args, under=BOARD)
        town.state.put(PARAMETERS, "day_max_fund", ParameterValue(900))
        with refused(PayoutLineRefused):
            town.play(args, under=BOARD)

    def test_an_earmark_is_not_for_a_person_to_hand_on(self, town: MoneyTown) -> None:
        lot = grant(town, "dee1", 50, earmark((W1,)))
        with refused(PersonPayee, lot):
            town.pay("dee1", "eef1", 50, lots=(lot,))


def test_a_lot_that_pays_one_line_says_why_it_does_not_pay_the_other(town: MoneyTown) -> None:
    lot = grant(town, "dee1", 500, earmark((W1,), categories=("food",)))
    lines = (Line(Cents(100), "food", 0, ()), Line(Cents(1_300), "books", 0, ()))
    args = plain(town.id("dee1"), town.id("shop1"), "J1", 1_400, "SALE", place=1)
    with refused(NotEnoughCoin, "J1", 300, f"{lot}:606"):
        town.play(change(args, lines=lines), by="dee1")
