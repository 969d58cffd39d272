"""Target-group discounts: who may have one, who bears it, and what the shop can tell (nothing)."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKind, Status
from chain.authority import Board, NotAuthorised
from chain.block import PartyLeaf, Receipt, receipt_leaves
from chain.codec import Record, encode
from chain.errors import Rejected
from chain.events import read_event
from chain.money import CENTS_MAX, Cents
from chain.rules import DAY_MS
from governance_contracts.coins.balances import NotEnoughCoin
from governance_contracts.coins.coin import COINS, CoinWindsDown, Phase, UnknownCoin
from governance_contracts.earmarks.lots import earmark
from governance_contracts.payments.benefit import (
    Admit,
    AlreadyIn,
    BadBenefit,
    BadHolders,
    BenefitExists,
    CloseBenefit,
    FillPot,
    HolderAdmitted,
    HoldersAdmitted,
    Join,
    Leave,
    NotAShop,
    OpenBenefit,
    PotFilled,
    PotFull,
    Remove,
)
from governance_contracts.payments.benefits import (
    HOLDERS,
    POTS,
    AliasMissing,
    BenefitOver,
    CeilingReached,
    Discounted,
    DiscountsOfDay,
    FundShort,
    HolderExpired,
    NotAHolder,
    NotCovered,
    OtherCoin,
    Pot,
    PotUsed,
    RelatedShop,
    ShopNotIn,
    UnknownBenefit,
)
from governance_contracts.payments.discounts import month_ends_ms, month_of
from governance_contracts.payments.outcomes import (
    CannotReturn,
    Credit,
    GaveBack,
    NotAFund,
    Paid,
    PaidOut,
    Received,
    Refunded,
)
from governance_contracts.payments.payments import (
    Line,
    Pay,
    Payout,
    PayoutLine,
    Refund,
    RefundLine,
    alias_of,
    plain,
)
from governance_contracts.people.acting import NotRegistered
from governance_contracts.people.places import AddPlace, PlaceKind, found_place
from tests.contracts.bank import MoneyTown
from tests.contracts.town import START_MS, W1, W2, new_account, refused

BOARD = (Board(W1),)
SECRET = bytes(range(16))
YOUTH = ("dee1", "eef1", "dee2", "eef2", "dee3")
DAY = START_MS // DAY_MS


def offer(town: MoneyTown, **changes: Any) -> OpenBenefit:
    """20 % off, of which the shop bears half; at most 5 euros a payment and 20 a month."""
    made = OpenBenefit(
        town.id("fund1"), "city-pass", "J1", 2_000, Cents(0), 5_000, Cents(500), Cents(2_000),
        (), (), START_MS, START_MS + 365 * DAY_MS,
    )  # fmt: skip
    return replace(made, **changes)


def ids(town: MoneyTown, *names: str) -> tuple[bytes, ...]:
    return tuple(sorted(town.id(name) for name in names))


@pytest.fixture
def town() -> MoneyTown:
    """The youth hold the city pass, shop1 takes part with a pot of 3 euros."""
    town = MoneyTown()
    town.deposit("J1", "fund1", 100_000)
    for name in (*YOUTH, "shop1"):
        town.deposit("J1", name, 50_000)
    town.play(offer(town), under=BOARD)
    expires_ms = START_MS + 300 * DAY_MS
    town.play(Admit("city-pass", ids(town, *YOUTH), expires_ms), under=BOARD)
    town.play(Join("city-pass", town.id("shop1")), by="shop1")
    town.play(FillPot("city-pass", town.id("shop1"), Cents(300)), by="shop1")
    return town


def buy(town: MoneyTown, who: str = "dee1", amount: int = 1_000, **changes: Any) -> bytes:
    fields: dict[str, Any] = {"place": 1, "alias": SECRET, "benefit": "city-pass"}
    return town.pay(who, "shop1", amount, purpose="SALE", **(fields | changes))


def pot(town: MoneyTown) -> Pot:
    found = town.state.get(POTS, ("city-pass", town.id("shop1")))
    assert found is not None
    return found


def pass_time(town: MoneyTown, ms: int) -> list[tuple[bytes, Record]]:
    """One block later: what due work reported, and to whom."""
    town.wait(ms)
    return [(event.party, read_event(event.data)) for event in town.events]


def figures(told: list[tuple[bytes, Record]]) -> list[PotUsed]:
    return [event for _, event in told if isinstance(event, PotUsed)]


class TestADiscountedPayment:
    def test_the_payer_pays_less_and_the_shop_is_credited_the_full_price(
        self, town: MoneyTown
    ) -> None:
        before = {name: town.free(name) for name in ("dee1", "shop1", "fund1")}
        buy(town)
        after = {name: town.free(name) - before[name] for name in before}
        assert after == {"dee1": -800, "shop1": 1_000, "fund1": -200}
        assert (pot(town).left, pot(town).used) == (200, 100)
        (told,) = town.reported(Discounted, "dee1")
        assert (told.amount, told.pot, told.shop) == (200, 100, town.id("shop1"))
        assert town.reported(Paid, "dee1")[0].amount == 800
        assert {event.party for event in town.events} == {town.id("dee1"), town.id("shop1")}

    def test_the_shop_bears_its_share_while_the_pot_lasts(self, town: MoneyTown) -> None:
        for left in (150, 0, 0):
            buy(town, amount=1_500)
            assert pot(town).left == left
        assert pot(town).used == 300

    def test_cents_are_rounded_down_line_by_line(self, town: MoneyTown) -> None:
        lines = tuple(Line(Cents(amount), "food", 0, ()) for amount in (99, 4, 104))
        args = plain(
            town.id("dee1"), town.id("shop1"), "J1", 207, "SALE",
            place=1, alias=SECRET, benefit="city-pass",
        )  # fmt: skip
        town.play(replace(args, lines=lines), by="dee1")
        (told,) = town.reported(Discounted)
        assert [(line.line, line.amount) for line in told.lines] == [(0, 19), (2, 20)]
        assert told.pot == 19

    def test_a_ceiling_a_payment_and_a_ceiling_a_month(self, town: MoneyTown) -> None:
        for expected in (500, 500, 500, 500):
            buy(town, amount=4_000)
            assert town.reported(Discounted)[0].amount == expected
        with refused(CeilingReached, "city-pass", 2_000):
            buy(town)
        pass_time(town, 31 * DAY_MS)
        buy(town)

    def test_a_fixed_discount_is_never_more_than_the_price(self, town: MoneyTown) -> None:
        town.play(offer(town, code="euro-off", rate=0, fixed=Cents(100)), under=BOARD)
        town.play(Admit("euro-off", ids(town, "dee1"), START_MS + DAY_MS), under=BOARD)
        town.play(Join("euro-off", town.id("shop1")), by="shop1")
        before = town.free("shop1")
        buy(town, amount=60, benefit="euro-off")
        assert town.reported(Paid)[0].amount == 0
        assert town.reported(Received)[0].credits == (Credit(0, Cents(60)),)
        assert town.free("shop1") == before + 60

    def test_the_own_part_may_come_out_of_an_earmark(self, town: MoneyTown) -> None:
        line = PayoutLine(town.id("dee1"), Cents(300), "EARM", ())
        town.play(Payout(town.id("fund1"), "J1", (line,), (earmark((W1,)),)), under=BOARD)
        lot = town.reported(PaidOut)[0].lot
        buy(town)
        (received,) = town.reported(Received)
        assert [credit.amount for credit in received.credits] == [700, 300]
        assert town.held("dee1", lot) == 0

    def test_refusals_in_order(self, town: MoneyTown) -> None:
        """Everything is wrong at once; each correction uncovers the next refusal."""
        town.deposit("J2", "dee1", 1_000)
        nothing = offer(
            town, code="later", categories=("books",), regions=(W2,), from_ms=START_MS + 9 * DAY_MS
        )
        town.play(nothing, under=BOARD)
        shop = town.id("shop1")
        args = plain(
            town.id("dee1"), shop, "J2", 100, "SALE", place=1, benefit="nowhere", category="food"
        )

        def attempt(refusal: type[Rejected], *values: Any, **changes: Any) -> None:
            nonlocal args
            args = replace(args, **changes)
            with refused(refusal, *values):
                town.play(args, by="dee1")

        attempt(UnknownBenefit, "nowhere")
        attempt(BenefitOver, "later", benefit=("later",))
        town.time_ms += 9 * DAY_MS
        attempt(NotAHolder, "later", town.id("dee1"))
        town.play(Admit("later", ids(town, "dee1"), town.time_ms + 1), under=BOARD)
        town.time_ms += 1
        attempt(HolderExpired, "later", town.time_ms)
        town.play(Admit("later", ids(town, "dee1"), town.time_ms + DAY_MS), under=BOARD)
        attempt(ShopNotIn, "later", shop)
        town.play(Join("later", shop), by="shop1")
        attempt(AliasMissing)
        attempt(OtherCoin, "later", "J1", alias=(SECRET,))
        attempt(NotCovered, "later", "region", coin="J1")
        attempt(NotCovered, "city-pass", "amount", benefit=("city-pass",), **priced(args, 4))
        attempt(NotEnoughCoin, **priced(args, 90_000))

    def test_not_in_ones_own_shop(self, town: MoneyTown) -> None:
        shop = new_account("mine", AccountKind.BUSINESS, "BUS", W1, (town.id("dee1"),))
        town.found(shop, "mine")
        found_place(town.state, AddPlace(shop.id, 1, W1, (), PlaceKind.SHOP))
        town.play(Join("city-pass", shop.id), by="mine")
        args = plain(town.id("dee1"), shop.id, "J1", 100, "SALE", place=1, benefit="city-pass")
        with refused(RelatedShop, "city-pass", shop.id):
            town.play(args, by="dee1")
        args = replace(args, payer=town.id("eef1"), alias=(SECRET,))
        town.play(args, by="eef1")

    def test_category_and_fund(self, town: MoneyTown) -> None:
        town.play(offer(town, code="books", categories=("books",)), under=BOARD)
        town.play(Admit("books", ids(town, "dee1"), START_MS + DAY_MS), under=BOARD)
        town.play(Join("books", town.id("shop1")), by="shop1")
        with refused(NotCovered, "books", "category"):
            buy(town, benefit="books", category="food")
        fund = town.account("fund1")
        town.state.put(ACCOUNTS, town.id("fund1"), replace(fund, status=Status.FROZEN))
        with refused(FundShort, "city-pass"):
            buy(town)
        town.state.put(ACCOUNTS, town.id("fund1"), fund)
        everything = town.free("fund1")
        line = PayoutLine(town.id("ada1"), Cents(everything - 199), "GRANT", ())
        town.play(Payout(town.id("fund1"), "J1", (line,), ()), under=BOARD)
        with refused(FundShort, "city-pass"):
            buy(town)
        buy(town, amount=995)
        assert town.free("fund1") == 0


def priced(args: Pay, amount: int) -> dict[str, Any]:
    return {"lines": (replace(args.lines[0], amount=Cents(amount)),), "gross": Cents(amount)}


class TestTheShopCannotTell:
    def both(self, town: MoneyTown, **more: Any) -> list[tuple[Received, list[bytes]]]:
        """Two payments of one price, the second discounted: the shop's event, all leaves."""
        found = []
        for benefit in (None, "city-pass"):
            buy(town, benefit=benefit, **more)
            (received,) = town.reported(Received, "shop1")
            leaves = receipt_leaves(Receipt(bytes(32), bytes(32), (), tuple(town.events)))
            found.append((received, leaves))
        return found

    def test_the_receipts_of_both_are_alike_in_every_field_and_length(
        self, town: MoneyTown
    ) -> None:
        (plain_one, leaves), (discounted, more_leaves) = self.both(town)
        assert encode(discounted) == encode(plain_one)
        assert len(leaves) == len(more_leaves) == 3
        assert leaves[2] == more_leaves[2], "the shop's leaf, and its place"

    def test_an_alias_says_nothing_of_the_payer_and_its_holder_can_prove_it(
        self, town: MoneyTown
    ) -> None:
        buy(town)
        (received,) = town.reported(Received, "shop1")
        dee, shop = town.id("dee1"), town.id("shop1")
        assert received.payer == alias_of(dee, shop, SECRET) != dee
        assert alias_of(dee, shop, bytes(16)) != received.payer
        assert dee not in encode(received)

    @pytest.mark.parametrize("lines", [(), (RefundLine(0, Cents(700)),)])
    def test_refunds_are_alike(self, town: MoneyTown, lines: tuple[RefundLine, ...]) -> None:
        told = []
        for benefit in (None, "city-pass"):
            payment = buy(town, benefit=benefit)
            before = (town.free("shop1"), town.lots("shop1"))
            town.play(Refund(payment, 0, lines), by="shop1")
            after = (town.free("shop1"), town.lots("shop1"))
            (gave,) = town.reported(GaveBack, "shop1")
            leaves = receipt_leaves(Receipt(bytes(32), bytes(32), (), tuple(town.events)))
            told.append((replace(gave, payment=bytes(32)), after[0] - before[0], len(leaves)))
        assert told[0] == told[1]

    def test_a_refund_takes_the_same_coin_when_an_earmark_was_drawn_on(
        self, town: MoneyTown
    ) -> None:
        """600 of 1000 bound; the rest is 200 of the payer and 200 of the fund, or 400 of the
        payer. Of 500 given back, 400 are free coin."""
        taken = []
        for who, benefit in (("dee1", None), ("eef1", "city-pass")):
            line = PayoutLine(town.id(who), Cents(600), "EARM", ())
            town.play(Payout(town.id("fund1"), "J1", (line,), (earmark((W1,)),)), under=BOARD)
            payment = buy(town, who, benefit=benefit)
            before = (town.free("shop1"), sum(town.lots("shop1").values()))
            town.play(Refund(payment, 0, (RefundLine(0, Cents(500)),)), by="shop1")
            after = (town.free("shop1"), sum(town.lots("shop1").values()))
            taken.append((before[0] - after[0], before[1] - after[1]))
            totals = town.counted("J1")
            assert totals[:2] == (town.supply().free, town.supply().lots)
        assert taken == [(400, 100), (400, 100)]

    def test_a_refusal_of_a_refund_names_nobody(self, town: MoneyTown) -> None:
        payment = buy(town)
        account = town.account("dee1")
        town.state.put(ACCOUNTS, town.id("dee1"), replace(account, status=Status.CLOSED))
        with refused(CannotReturn, payment, 0):
            town.play(Refund(payment, 0, ()), by="shop1")
        town.state.put(ACCOUNTS, town.id("dee1"), account)
        fund = town.account("fund1")
        town.state.put(ACCOUNTS, town.id("fund1"), replace(fund, status=Status.CLOSED))
        with refused(CannotReturn, payment, 0):
            town.play(Refund(payment, 0, ()), by="shop1")

    def test_what_a_shop_lacks_for_a_refund_is_said_whole(self, town: MoneyTown) -> None:
        payment = buy(town)
        town.pay("shop1", "ada1", town.free("shop1"))
        with refused(NotEnoughCoin, "J1", 1_000, ""):
            town.play(Refund(payment, 0, ()), by="shop1")


class TestRefunds:
    def test_all_of_it_restores_payer_fund_pot_and_ceiling(self, town: MoneyTown) -> None:
        names = ("dee1", "shop1", "fund1")
        before = ({name: town.free(name) for name in names}, pot(town).left)
        payment = buy(town)
        town.play(Refund(payment, 0, ()), by="shop1")
        assert ({name: town.free(name) for name in names}, pot(town).left) == before
        assert town.reported(Refunded, "dee1")[0].amount == 800
        holder = town.state.get(HOLDERS, ("city-pass", town.id("dee1")))
        assert holder is not None and holder.used == 0

    def test_a_part_keeps_the_discount_of_what_is_kept(self, town: MoneyTown) -> None:
        """Who returns 80 of 100 does not keep the discount on all of it."""
        start = town.free("dee1")
        payment = buy(town)
        town.play(Refund(payment, 0, (RefundLine(0, Cents(800)),)), by="shop1")
        assert start - town.free("dee1") == 160  # 200 less 20 %
        assert pot(town).left == 280
        town.play(Refund(payment, 0, ()), by="shop1")
        assert (town.free("dee1"), pot(town).left) == (start, 300)

    def test_cent_by_cent_nothing_is_lost(self, town: MoneyTown) -> None:
        start = town.free("dee1"), town.free("fund1"), pot(town).left
        payment = buy(town, amount=13)
        for _ in range(13):
            town.play(Refund(payment, 0, (RefundLine(0, Cents(1)),)), by="shop1")
        assert (town.free("dee1"), town.free("fund1"), pot(town).left) == start


class TestWhatIsTold:
    def month(self, town: MoneyTown, who: tuple[str, ...]) -> list[PotUsed]:
        for name in who:
            buy(town, name, 100)
        ms = month_ends_ms(town.time_ms // DAY_MS) - town.time_ms
        return figures(pass_time(town, ms))

    def test_nine_discounts_are_carried_forward_and_ten_are_told(self, town: MoneyTown) -> None:
        assert self.month(town, YOUTH + YOUTH[:4]) == []
        assert self.month(town, YOUTH[:1]) == [PotUsed("city-pass", "J1", Cents(100))]
        assert self.month(town, ()) == []
        assert self.month(town, YOUTH + YOUTH) == [PotUsed("city-pass", "J1", Cents(100))]

    def test_ten_discounts_of_four_holders_are_carried_forward(self, town: MoneyTown) -> None:
        assert self.month(town, YOUTH[:4] * 3) == []
        assert self.month(town, YOUTH[4:]) == [PotUsed("city-pass", "J1", Cents(130))]

    def test_a_figure_is_told_to_the_shop_alone_and_refunds_are_taken_off(
        self, town: MoneyTown
    ) -> None:
        payment = buy(town, amount=100)
        town.play(Refund(payment, 0, ()), by="shop1")
        assert self.month(town, YOUTH + YOUTH[:4])[0].amount == 90

    def test_the_fund_is_told_a_days_discounts_per_shop_and_nobodys_name(
        self, town: MoneyTown
    ) -> None:
        buy(town)
        buy(town, "eef1")
        told = pass_time(town, DAY_MS)
        event = DiscountsOfDay("city-pass", town.id("shop1"), DAY, 2, Cents(400))
        assert told == [(town.id("fund1"), event)]
        assert pass_time(town, DAY_MS) == []

    def test_months_are_those_of_the_calendar(self) -> None:
        assert month_of(DAY) + 1 == month_of(DAY + 31)
        assert month_of(DAY + 30) == month_of(DAY)
        assert month_ends_ms(DAY) == (DAY + 31) * DAY_MS
        leap = 19_782  # 2024-02-29
        assert month_of(leap) == month_of(leap - 28) == month_of(leap + 1) - 1


class TestTheFundsCalls:
    def test_an_offer_that_makes_no_sense(self, town: MoneyTown) -> None:
        args = offer(
            town, fund=town.id("dee1"), coin="J9", fixed=Cents(1), month_max=Cents(1),
            categories=("b", "a"), regions=("nowhere",), until_ms=START_MS,
        )  # fmt: skip
        with refused(NotAuthorised):
            town.play(args, by="eef1")
        with refused(NotAFund, AccountKind.PERSON):
            town.play(args, by="dee1")
        ladder: list[tuple[type[Rejected], str, dict[str, Any]]] = [
            (UnknownCoin, "J9", {"coin": "J1"}),
            (BenefitExists, "city-pass", {"code": "other"}),
            (BadBenefit, "rate", {"fixed": Cents(0)}),
            (BadBenefit, "ceiling", {"month_max": Cents(500)}),
            (BadBenefit, "order", {"categories": ("a", "b")}),
            (BadBenefit, "regions", {"regions": (W1,)}),
            (BadBenefit, "time", {"until_ms": START_MS + 1}),
        ]
        args = replace(args, fund=town.id("fund1"))
        ends = town.state.get(COINS, "J2")
        assert ends is not None
        town.state.put(COINS, "J2", replace(ends, phase=Phase.ANNOUNCED))
        with refused(CoinWindsDown, "J2", Phase.ANNOUNCED):
            town.play(replace(args, coin="J2", code="city-pass"), under=BOARD)
        for refusal, value, fix in ladder:
            with refused(refusal, value):
                town.play(args, under=BOARD)
            args = replace(args, **fix)
        town.play(args, under=BOARD)

    def test_admitting_and_removing(self, town: MoneyTown) -> None:
        two = ids(town, "ada1", "bob1")
        expires_ms = START_MS + DAY_MS
        with refused(UnknownBenefit):
            town.play(Admit("nothing", two, expires_ms), by="ada1")
        with refused(NotAuthorised):
            town.play(Admit("city-pass", two, expires_ms), by="ada1")
        with refused(BadHolders):
            town.play(Admit("city-pass", two[::-1], expires_ms), under=BOARD)
        with refused(BadHolders, town.id("fund1")):
            town.play(Admit("city-pass", ids(town, "fund1"), expires_ms), under=BOARD)
        with refused(BadHolders):
            town.play(Admit("city-pass", two, START_MS), under=BOARD)
        with refused(NotRegistered):
            town.play(Admit("city-pass", (bytes(20),), expires_ms), under=BOARD)
        town.play(Admit("city-pass", two, expires_ms), under=BOARD)
        assert len(town.reported(HolderAdmitted)) == 2
        assert town.reported(HoldersAdmitted, "fund1")[0].count == 2
        town.play(Remove("city-pass", ids(town, "dee1")), under=BOARD)
        with refused(HolderExpired):
            buy(town)
        with refused(NotAHolder):
            town.play(Remove("city-pass", ids(town, "cas1")), under=BOARD)
        town.play(CloseBenefit("city-pass"), under=BOARD)
        with refused(BenefitOver):
            town.play(Admit("city-pass", two[::-1], expires_ms), under=BOARD)
        with refused(BenefitOver):
            town.play(CloseBenefit("city-pass"), under=BOARD)

    def test_who_is_renewed_keeps_the_months_total(self, town: MoneyTown) -> None:
        buy(town)
        town.play(Admit("city-pass", ids(town, "dee1"), START_MS + 2 * DAY_MS), under=BOARD)
        holder = town.state.get(HOLDERS, ("city-pass", town.id("dee1")))
        assert holder is not None
        assert (holder.expires_ms, holder.used) == (START_MS + 2 * DAY_MS, 200)


class TestTheShopsCalls:
    def test_joining_leaving_and_filling(self, town: MoneyTown) -> None:
        shop2 = town.id("shop2")
        with refused(UnknownBenefit):
            town.play(Join("nothing", shop2), by="shop1")
        with refused(NotAuthorised):
            town.play(Join("city-pass", shop2), by="shop1")
        with refused(NotAShop, AccountKind.PERSON):
            town.play(Join("city-pass", town.id("dee1")), by="dee1")
        with refused(AlreadyIn):
            town.play(Join("city-pass", town.id("shop1")), by="shop1")
        with refused(ShopNotIn):
            town.play(FillPot("city-pass", shop2, Cents(1)), by="shop2")
        with refused(ShopNotIn):
            town.play(Leave("city-pass", shop2), by="shop2")
        with refused(NotEnoughCoin):
            town.play(FillPot("city-pass", town.id("shop1"), Cents(90_000)), by="shop1")
        fund = town.free("fund1")
        town.play(FillPot("city-pass", town.id("shop1"), Cents(50)), by="shop1")
        assert (town.free("fund1") - fund, pot(town).left) == (50, 350)
        assert town.reported(PotFilled, "shop1")[0].amount == 50
        full = replace(pot(town), left=Cents(CENTS_MAX - 1))
        town.state.put(POTS, ("city-pass", town.id("shop1")), full)
        with refused(PotFull, "city-pass", 1):
            town.play(FillPot("city-pass", town.id("shop1"), Cents(2)), by="shop1")
        town.state.put(POTS, ("city-pass", town.id("shop1")), replace(full, left=Cents(350)))
        town.play(Leave("city-pass", town.id("shop1")), by="shop1")
        with refused(ShopNotIn):
            buy(town)
        town.play(Join("city-pass", town.id("shop1")), by="shop1")
        assert pot(town).left == 350
        town.play(CloseBenefit("city-pass"), under=BOARD)
        with refused(BenefitOver):
            town.play(FillPot("city-pass", town.id("shop1"), Cents(50)), by="shop1")

    def test_a_shop_is_told_nothing_of_what_is_left(self, town: MoneyTown) -> None:
        """Of a payment and of a filling it hears its own coin alone."""
        town.play(FillPot("city-pass", town.id("shop1"), Cents(50)), by="shop1")
        (told,) = [e for e in town.events if e.party == town.id("shop1")]
        assert read_event(told.data) == PotFilled("city-pass", town.id("fund1"), "J1", Cents(50))
        leaf = PartyLeaf(bytes(32), bytes(32), town.id("shop1"), (told.data,))
        assert encode(pot(town)) not in encode(leaf)
