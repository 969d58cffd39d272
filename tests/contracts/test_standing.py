"""Recurring payments: ceilings, orders on their day, pauses, ends; periods by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole, Status
from chain.authority import NotAuthorised
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS, DUE
from governance_contracts.coins.coin import NotAccepted, UnknownCoin
from governance_contracts.payments.outcomes import PaysItself, Received, UnknownPurpose
from governance_contracts.payments.payments import Refund
from governance_contracts.payments.periods import Unit, period_at, period_start
from governance_contracts.payments.standing import Collect, End, Grant, Pause, Resume
from governance_contracts.payments.standings import (
    PARTIES,
    STANDINGS,
    STANDINGS_MAX,
    AboveCeiling,
    Agreed,
    BadSchedule,
    Collected,
    NotRunning,
    NotToCollect,
    OutsidePeriods,
    PayerCannot,
    StandingKind,
    StandingState,
    TooManyStandings,
    UnknownStanding,
)
from governance_contracts.people.acting import FrozenAccount, NotRegistered
from governance_contracts.people.places import UnknownPlace
from tests.contracts.bank import START_MS, MoneyTown
from tests.contracts.town import refused


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.deposit("J1", "dee1", 100_00)
    return town


def agreed(town: MoneyTown, **changes: Any) -> Agreed:
    """dee1 lets shop1 collect up to 30.00 a week."""
    made = Agreed(
        payer=town.id("dee1"),
        payee=town.id("shop1"),
        coin="J1",
        kind=StandingKind.COLLECT,
        ceiling=Cents(30_00),
        unit=Unit.DAYS,
        every=7,
        start_ms=town.time_ms,
        periods=(),
        end_ms=(),
        purpose="SALE",
        category="other",
        place=(1,),
        reference=(),
    )
    return replace(made, **changes)


def grant(town: MoneyTown, **changes: Any) -> None:
    town.play(Grant(agreed(town, **changes)), by="dee1")


def collect(town: MoneyTown, amount: int, number: int = 1) -> bytes:
    return town.play(Collect(number, Cents(amount), ()), by="shop1")


def test_a_shop_collects_up_to_the_ceiling_of_each_week_and_never_more(town: MoneyTown) -> None:
    grant(town)
    collect(town, 20_00)
    collect(town, 10_00)
    assert town.reported(Collected, "dee1")[0].left == 0
    assert town.reported(Received, "shop1")[0].amount == 10_00
    with refused(AboveCeiling, 1, 0, START_MS + 7 * DAY_MS):
        collect(town, 1)
    town.wait(7 * DAY_MS)
    with refused(AboveCeiling, 1, 30_00, START_MS + 14 * DAY_MS):
        collect(town, 30_01)
    town.wait(21 * DAY_MS)  # weeks without a collection add nothing
    with refused(AboveCeiling):
        collect(town, 30_01)
    payment = collect(town, 30_00)
    assert (town.free("dee1"), town.free("shop1")) == (40_00, 60_00)
    town.play(Refund(payment, 0, ()), by="shop1")
    assert town.free("dee1") == 70_00


def test_the_payer_pauses_and_ends_it_at_once(town: MoneyTown) -> None:
    grant(town)
    town.play(Pause(1), by="dee1")
    with refused(NotRunning, 1, StandingState.PAUSED):
        collect(town, 1)
    with refused(NotRunning):
        town.play(Pause(1), by="dee1")
    town.play(Resume(1), by="dee1")
    collect(town, 1)
    with refused(NotAuthorised):
        town.play(Pause(1), by="shop1")
    with refused(UnknownStanding):
        town.play(End(1, town.id("eef1")), by="eef1")
    with refused(NotAuthorised):
        town.play(End(1, town.id("dee1")), by="shop1")
    town.play(End(1, town.id("dee1")), by="dee1")
    assert not list(town.all_of(PARTIES))
    for again in (Collect(1, Cents(1), ()), End(1, town.id("shop1"))):
        with refused(NotRunning, 1, StandingState.ENDED):
            town.play(again, by="shop1")


def test_it_ends_after_its_periods_or_on_its_day(town: MoneyTown) -> None:
    grant(town, periods=(2,))
    grant(town, end_ms=(town.time_ms + 10 * DAY_MS,))
    grant(town, start_ms=town.time_ms + 30 * DAY_MS)
    with refused(OutsidePeriods, 3):
        collect(town, 1, 3)
    town.wait(13 * DAY_MS)
    collect(town, 1)
    with refused(OutsidePeriods, 2):
        collect(town, 1, 2)
    town.wait(DAY_MS)
    with refused(OutsidePeriods, 1):
        collect(town, 1)


def test_an_agreement_is_refused_in_this_order(town: MoneyTown) -> None:
    def attempt(expected: type[Rejected], by: str = "dee1", **changes: Any) -> None:
        with refused(expected):
            town.play(Grant(agreed(town, **changes)), by=by)

    wrong: dict[str, Any] = {"kind": 9, "purpose": "NONE", "place": (9,), "coin": "none"}
    attempt(NotRegistered, payer=bytes(20), **wrong)
    attempt(NotAuthorised, by="shop1", **wrong)
    frozen = replace(town.account("dee1"), status=Status.FROZEN)
    kept = town.account("dee1")
    town.state.put(ACCOUNTS, town.id("dee1"), frozen)
    attempt(FrozenAccount, payee=bytes(20), **wrong)
    town.state.put(ACCOUNTS, town.id("dee1"), kept)
    attempt(NotRegistered, payee=bytes(20), **wrong)
    attempt(PaysItself, payee=town.id("dee1"), **wrong)
    attempt(UnknownCoin, **wrong)
    attempt(NotAccepted, **(wrong | {"coin": "J3"}))
    attempt(UnknownPlace, **(wrong | {"coin": "J1"}))
    attempt(UnknownPurpose, kind=9, purpose="COMM")
    for why, change in (
        ("kind", {"kind": 9, "unit": 9}),
        ("unit", {"unit": 9, "every": 0}),
        ("every", {"every": 0, "start_ms": 0}),
        ("every", {"every": 13, "unit": Unit.MONTHS}),
        ("start", {"start_ms": 0, "periods": (0,)}),
        ("periods", {"periods": (0,), "end_ms": (0,)}),
        ("end", {"end_ms": (town.time_ms,)}),
    ):
        with refused(BadSchedule, why):
            town.play(Grant(agreed(town, **change)), by="dee1")
    for _ in range(STANDINGS_MAX):
        grant(town)
    attempt(TooManyStandings)
    town.play(End(1, town.id("dee1")), by="dee1")
    grant(town)


def test_a_collection_is_refused_in_this_order(town: MoneyTown) -> None:
    with refused(UnknownStanding):
        collect(town, 1)
    grant(town, kind=StandingKind.ORDER, start_ms=town.time_ms + DAY_MS)
    grant(town, ceiling=Cents(500_00))
    with refused(NotAuthorised):
        town.play(Collect(1, Cents(1), ()), by="dee1")
    with refused(NotToCollect, 1):
        collect(town, 1)
    with refused(PayerCannot, 2):
        collect(town, 100_01, 2)
    town.state.put(ACCOUNTS, town.id("dee1"), replace(town.account("dee1"), status=Status.FROZEN))
    with refused(PayerCannot, 2):
        collect(town, 50_00, 2)
    town.state.put(ACCOUNTS, town.id("dee1"), replace(town.account("dee1"), status=Status.CLOSED))
    with refused(PayerCannot, 2):
        collect(town, 50_00, 2)


def test_a_till_collects(town: MoneyTown) -> None:
    grant(town)
    account = town.account("shop1")
    till = AccountKey(0, account.keys[0].key, KeyRole.TILL, (1,))
    town.state.put(ACCOUNTS, town.id("shop1"), replace(account, keys=(till,)))
    collect(town, 1)


# Orders.


def order(town: MoneyTown, amount: int, **changes: Any) -> None:
    grant(
        town, kind=StandingKind.ORDER, ceiling=Cents(amount), unit=Unit.MONTHS, every=1, **changes
    )


def test_rent_is_paid_on_the_first_of_each_month(town: MoneyTown) -> None:
    order(town, 30_00, periods=(3,))
    for month, paid in ((31, 30_00), (28, 60_00), (31, 90_00), (30, 90_00)):
        town.wait(DAY_MS)
        assert town.free("shop1") == paid
        town.wait((month - 1) * DAY_MS)
    found = town.state.get(STANDINGS, 1)
    assert found is not None and found.state == StandingState.ENDED
    assert not list(town.all_of(DUE))


def test_an_order_without_coin_is_tried_on_three_more_days_and_never_adds_up(
    town: MoneyTown,
) -> None:
    order(town, 60_00)
    town.wait(DAY_MS)
    assert town.free("dee1") == 40_00
    town.wait(30 * DAY_MS)  # February 1st: not enough
    for _ in range(2):
        town.wait(DAY_MS)
    assert town.free("dee1") == 40_00
    town.deposit("J1", "dee1", 50_00)
    town.wait(DAY_MS)  # the third day after
    assert town.free("dee1") == 30_00
    town.wait(25 * DAY_MS)  # March: four tries, all in vain
    for _ in range(5):
        town.wait(DAY_MS)
    town.deposit("J1", "dee1", 200_00)
    town.wait(20 * DAY_MS)
    assert town.free("dee1") == 230_00
    town.wait(10 * DAY_MS)  # April is paid once; March is not made up for
    assert town.free("dee1") == 170_00


def test_months_without_blocks_are_passed_over(town: MoneyTown) -> None:
    order(town, 10_00)
    town.wait(100 * DAY_MS)
    town.wait(1)
    assert town.free("shop1") == 10_00


def test_a_paused_order_passes_over_and_an_ended_one_leaves_no_work(town: MoneyTown) -> None:
    order(town, 10_00)
    town.play(Pause(1), by="dee1")
    town.wait(DAY_MS)
    assert town.free("shop1") == 0
    town.play(Resume(1), by="dee1")
    town.wait(29 * DAY_MS)
    assert town.free("shop1") == 0
    town.wait(2 * DAY_MS)
    assert town.free("shop1") == 10_00
    town.play(End(1, town.id("dee1")), by="dee1")
    assert not list(town.all_of(DUE))


def test_an_order_of_a_closed_account_ends(town: MoneyTown) -> None:
    order(town, 10_00)
    town.state.put(ACCOUNTS, town.id("shop1"), replace(town.account("shop1"), status=Status.CLOSED))
    town.wait(DAY_MS)
    found = town.state.get(STANDINGS, 1)
    assert found is not None and found.state == StandingState.ENDED


# The calendar.


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


@given(
    start=st.integers(0, 4_000_000_000_000),
    every=st.integers(1, 12),
    period=st.integers(0, 400),
)
def test_months_are_those_of_the_calendar(start: int, every: int, period: int) -> None:
    first = moment(start)
    found = moment(period_start(start, Unit.MONTHS, every, period))
    months = first.month - 1 + every * period
    assert (found.year, found.month) == (first.year + months // 12, months % 12 + 1)
    assert found.time() == first.time()
    assert found.day == first.day or (
        found.day < first.day and (found + timedelta(days=1)).day == 1
    )


@given(
    start=st.integers(0, 4_000_000_000_000),
    unit=st.sampled_from(list(Unit)),
    every=st.integers(1, 12),
    later=st.integers(-(10**10), 10**12),
)
def test_every_moment_lies_in_its_period(start: int, unit: Unit, every: int, later: int) -> None:
    period = period_at(start, unit, every, start + later)
    if later < 0:
        assert period == -1
    else:
        assert period_start(start, unit, every, period) <= start + later
        assert start + later < period_start(start, unit, every, period + 1)
