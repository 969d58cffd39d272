"""Where a lot can be spent: the refusals in order, and the choice among lots."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.account import ACCOUNTS, DatedOwner
from chain.errors import Rejected
from governance_contracts.earmarks.choice import Draw, Offer, choose, preference
from governance_contracts.earmarks.earmark import (
    LotExpired,
    OnlinePlace,
    OutsideRegion,
    PersonPayee,
    PlaceMissing,
    RelatedPayee,
    WrongCategory,
    misfit,
    spending_of,
)
from governance_contracts.earmarks.lots import Lot, Terms, earmark, region_bound
from governance_contracts.people.places import find_place
from tests.contracts.bank import MoneyTown
from tests.contracts.town import B1, B2, G1, START_MS, W1, W2, refused

NUMBER = 5


def change(args: Any, **fields: Any) -> Any:
    return type(args)(**({f: getattr(args, f) for f in args.__struct_fields__} | fields))


class Shopping:
    """One payment and one lot, with the means to make either right or wrong."""

    def __init__(self) -> None:
        self.town = MoneyTown()

    def check(
        self,
        terms: Terms,
        payee: str = "shop1",
        place: int | None = 1,
        category: str = "food",
        payer: str = "dee1",
    ) -> None:
        town = self.town
        fund = (town.id("fund1"),) if terms.kind == 2 else ()
        account = town.account(payee)
        where = None if place is None else find_place(town.state, town.id(payee), place)
        context = town.context(None, ())
        spending = spending_of(town.state, context, town.id(payer), town.id(payee), account, where)
        refusal = misfit(NUMBER, Lot("J1", fund, terms, NUMBER), spending, category)
        if refusal is not None:
            raise refusal

    def relate(self, name: str, owner: str) -> None:
        owned = change(self.town.account(name), owner=(DatedOwner(0, (self.town.id(owner),)),))
        self.town.state.put(ACCOUNTS, self.town.id(name), owned)


@pytest.fixture
def shopping() -> Shopping:
    return Shopping()


def test_an_earmark_is_refused_in_this_order(shopping: Shopping) -> None:
    """Person, relation, place, region, online, category, group, expiry: all wrong at first."""
    shopping.relate("shop2", "dee1")
    shopping.relate("eef2", "dee1")
    shop2 = shopping.town.id("shop2")
    terms = earmark((W1,), categories=("books",), payees=(bytes(20),), expires_ms=START_MS)
    with refused(PersonPayee, NUMBER):
        shopping.check(terms, payee="eef2", place=None)
    with refused(RelatedPayee, NUMBER):
        shopping.check(terms, payee="shop2", place=None)
    shopping.relate("shop2", "stranger")
    with refused(PlaceMissing, NUMBER):
        shopping.check(terms, payee="shop2", place=None)
    with refused(OutsideRegion, NUMBER, W2):
        shopping.check(terms, payee="shop2", place=2)
    terms = change(terms, regions=(W1, W2))
    with refused(OnlinePlace, NUMBER):
        shopping.check(terms, payee="shop2", place=2)
    terms = change(terms, online_ok=True)
    with refused(WrongCategory, NUMBER, "food"):
        shopping.check(terms, payee="shop2", place=2)
    with refused(WrongCategory, NUMBER, "books"):
        shopping.check(terms, payee="shop2", place=2, category="books")
    terms = change(terms, payees=(shop2,))
    with refused(LotExpired, NUMBER, START_MS):
        shopping.check(terms, payee="shop2", place=2, category="books")
    terms = change(terms, expires_ms=(START_MS + 1,))
    shopping.check(terms, payee="shop2", place=2, category="books")


@pytest.mark.parametrize(
    ("regions", "refusal"),
    [
        ((B1,), None),
        ((B2,), OutsideRegion),
        ((W1,), None),
        ((W2,), OutsideRegion),
        ((W1, W2), None),
        ((G1,), None),
        ((), None),
    ],
)
def test_region_sets(
    shopping: Shopping, regions: tuple[str, ...], refusal: type[Rejected] | None
) -> None:
    """Place 1 of shop1 lies in buurt B1 of W1; every area around it will do."""
    if refusal is None:
        shopping.check(earmark(regions))
    else:
        with refused(refusal):
            shopping.check(earmark(regions))


def test_it_is_the_place_of_this_payment_that_counts(shopping: Shopping) -> None:
    """Place 2 of shop1 is online and registered in W1, but in no buurt."""
    shopping.check(earmark((B1,)), place=1)
    with refused(OutsideRegion):
        shopping.check(earmark((B1,), online_ok=True), place=2)


def test_region_bound_coin_goes_to_people_by_home_and_to_relatives(shopping: Shopping) -> None:
    shopping.relate("eef1", "dee1")
    shopping.check(region_bound((W1,)), payee="eef1", place=None)
    with refused(OutsideRegion, NUMBER, W2):
        shopping.check(region_bound((W1,)), payee="eef2", place=None)
    with refused(PlaceMissing):
        shopping.check(region_bound((W1,)), payee="shop1", place=None)
    with refused(OnlinePlace):
        shopping.check(region_bound((W1,)), place=2)


# The choice.


def test_first_what_expires_then_the_smallest_region_then_the_number() -> None:
    def lot(*regions: str, expires_ms: int | None = None) -> Lot:
        return Lot("J1", (bytes(20),), earmark(regions, expires_ms=expires_ms), 0)

    lots = {
        1: lot(),
        2: lot(W1, W2),
        3: lot(W1),
        4: lot(W1),
        5: lot(W1, W2, expires_ms=9),
        6: lot(expires_ms=8),
    }
    assert sorted(lots, key=lambda n: preference(n, lots[n])) == [6, 5, 3, 4, 2, 1]


def test_an_earlier_lot_is_moved_to_make_room_not_given_up() -> None:
    """Lot 1 fits both lines, lot 2 only the first: both are spent in full."""
    draws, lacking = choose([10, 10], [Offer(1, 10, (0, 1)), Offer(2, 10, (0,))])
    assert draws == [Draw(0, 2, 10), Draw(1, 1, 10)]
    assert lacking == [0, 0]


def brute_force(due: Sequence[int], offers: Sequence[Offer]) -> tuple[int, ...]:
    """The best totals per lot, by trying every one: most in all, then most of each in order."""
    best: tuple[int, ...] = ()
    for totals in product(*(range(offer.amount + 1) for offer in offers)):
        if feasible(list(due), offers, totals):
            rank = (sum(totals), *totals)
            best = max(best, rank)
    return best[1:]


def feasible(due: list[int], offers: Sequence[Offer], totals: Sequence[int]) -> bool:
    """Hall's condition: no set of lots must give more than the lines it fits can take."""
    for subset in range(1, 2 ** len(offers)):
        chosen = [i for i in range(len(offers)) if subset >> i & 1]
        lines = {line for i in chosen for line in offers[i].lines}
        if sum(totals[i] for i in chosen) > sum(due[line] for line in lines):
            return False
    return True


@st.composite
def baskets(draw: st.DrawFn) -> tuple[list[int], list[Offer]]:
    due = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    fits = st.sets(st.integers(0, len(due) - 1), min_size=1).map(lambda s: tuple(sorted(s)))
    amounts = draw(st.lists(st.tuples(st.integers(1, 4), fits), max_size=4))
    return due, [Offer(n, amount, lines) for n, (amount, lines) in enumerate(amounts, 1)]


@given(baskets())
@settings(max_examples=150, deadline=None)
def test_the_choice_is_the_best_there_is(basket: tuple[list[int], list[Offer]]) -> None:
    due, offers = basket
    draws, lacking = choose(due, offers)
    by_lot = tuple(sum(d.amount for d in draws if d.lot == offer.lot) for offer in offers)
    assert by_lot == brute_force(due, offers)
    fits = {offer.lot: offer.lines for offer in offers}
    for draw in draws:
        assert draw.amount > 0
        assert draw.line in fits[draw.lot]
    for line, amount in enumerate(due):
        assert sum(d.amount for d in draws if d.line == line) + lacking[line] == amount


@st.composite
def purses(draw: st.DrawFn) -> tuple[list[int], list[tuple[Offer, Lot]]]:
    """A basket of up to four lines, and up to four lots in the order in which they are drawn."""
    due, offers = draw(baskets())
    terms = st.builds(
        lambda regions, expires_ms: Lot(
            "J1", (bytes(20),), earmark(regions, expires_ms=expires_ms), 0
        ),
        st.sampled_from([(), (W1,), (W1, W2)]),
        st.sampled_from([None, 8, 9]),
    )
    lots = [(offer, draw(terms)) for offer in offers]
    return due, sorted(lots, key=lambda pair: preference(pair[0].lot, pair[1]))


def objective(
    due: list[int], lots: list[tuple[Offer, Lot]], totals: Sequence[int]
) -> tuple[object, ...]:
    """What contracts.md asks to be least, in its order: free coin spent; what is left expiring,
    earliest first; the size of region sets used, small before large; the lot's number."""
    left = {8: 0, 9: 0}
    used = {1: 0, 2: 0}
    for (offer, lot), total in zip(lots, totals, strict=True):
        for expires_ms in lot.terms.expires_ms:
            left[expires_ms] += offer.amount - total
        if lot.terms.regions:
            used[len(lot.terms.regions)] -= total
    by_number = sorted((o.lot, -total) for (o, _), total in zip(lots, totals, strict=True))
    return sum(due) - sum(totals), tuple(left.values()), tuple(used.values()), tuple(by_number)


@given(purses())
@settings(max_examples=300, deadline=None)
def test_the_whole_objective_is_least(purse: tuple[list[int], list[tuple[Offer, Lot]]]) -> None:
    due, lots = purse
    offers = [offer for offer, _ in lots]
    draws, _lacking = choose(due, offers)
    chosen = tuple(sum(d.amount for d in draws if d.lot == offer.lot) for offer in offers)
    least = min(
        objective(due, lots, totals)
        for totals in product(*(range(offer.amount + 1) for offer in offers))
        if feasible(due, offers, totals)
    )
    assert objective(due, lots, chosen) == least
