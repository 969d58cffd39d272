"""Earmarks that run out: holders are told in time, and what is left returns by itself."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, Status
from chain.authority import Board
from chain.events import read_event
from chain.money import Cents
from chain.rules import DAY_MS, DUE
from governance_contracts.earmarks.earmark import (
    HOLDERS_RETURNED,
    HOLDERS_TOLD,
    EarmarkExpires,
    LotExpired,
    NameSuccessor,
    NotExpired,
    Reclaim,
    Reclaimed,
)
from governance_contracts.earmarks.holders import LOT_HOLDERS
from governance_contracts.earmarks.lots import GRACE_MS, LOTS, earmark, region_bound
from governance_contracts.payments.outcomes import PaidOut
from governance_contracts.payments.payments import Payout, PayoutLine, Refund
from tests.contracts.bank import MoneyTown
from tests.contracts.town import W1, refused

BOARD = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.deposit("J1", "fund1", 100_000)
    return town


def grant(town: MoneyTown, *people: str, days: int = 40, amount: int = 100) -> int:
    lines = tuple(
        PayoutLine(id, Cents(amount), "EARM", ()) for id in sorted(town.id(name) for name in people)
    )
    terms = earmark((W1,), expires_ms=town.time_ms + days * DAY_MS)
    town.play(Payout(town.id("fund1"), "J1", lines, (terms,)), under=BOARD)
    return town.reported(PaidOut)[0].lot


def told(town: MoneyTown) -> list[tuple[bytes, int]]:
    """Whom the last block's work told of an expiry, and of how many days until then."""
    found = []
    for entry in town.events:
        event = read_event(entry.data)
        if isinstance(event, EarmarkExpires):
            found.append((entry.party, (event.expires_ms - town.time_ms) // DAY_MS))
    return found


def held_index(town: MoneyTown) -> set[bytes]:
    return {key for key, _ in town.state.scan(LOT_HOLDERS)}


def test_holders_are_told_30_7_and_1_days_before(town: MoneyTown) -> None:
    grant(town, "dee1")
    heard = []
    for _ in range(41):
        town.wait(DAY_MS)
        heard += told(town)
    assert heard == [(town.id("dee1"), days) for days in (30, 7, 1)]


def test_a_notice_for_which_it_is_too_late_is_left_out(town: MoneyTown) -> None:
    grant(town, "dee1", days=5)
    heard = []
    for _ in range(20):
        town.wait(DAY_MS // 4)
        heard += told(town)
    assert heard == [(town.id("dee1"), 1)]


def test_what_is_left_returns_to_the_fund_as_free_coin(town: MoneyTown) -> None:
    grant(town, "dee1", "eef1")
    fund = town.free("fund1")
    town.pay("dee1", "shop1", 30, place=1, purpose="SALE")
    for _ in range(41):
        town.wait(DAY_MS)
    assert (town.lots("dee1"), town.lots("eef1")) == ({}, {})
    assert town.free("fund1") == fund + 170
    supply = town.supply()
    assert town.counted("J1")[:2] == (supply.free, supply.lots)
    assert held_index(town) == set()
    assert not any(due.contract == "earmark" for _, due in town.state.scan(DUE))


def test_an_expired_lot_cannot_be_spent_however_late_the_queue(town: MoneyTown) -> None:
    lot = grant(town, "dee1")
    town.time_ms += 40 * DAY_MS  # no due work was done
    assert town.held("dee1", lot) == 100
    with refused(LotExpired, lot, town.time_ms):
        town.pay("dee1", "shop1", 30, place=1, lots=(lot,))


def test_many_holders_are_told_and_paid_back_a_few_in_a_block(town: MoneyTown) -> None:
    """As execution does it: work is read at the start of a block, new work waits for the next."""
    grant(town, *(f"{name}{n}" for name in ("ada", "bob", "cas", "dee", "eef") for n in "123"))
    names = len(held_index(town))
    assert names == 15 > HOLDERS_RETURNED
    town.wait(10 * DAY_MS)
    assert len(told(town)) == min(names, HOLDERS_TOLD)
    town.time_ms += 30 * DAY_MS
    left = []
    for _ in range(8):
        town.wait(1)
        left.append(len(held_index(town)))
    assert sorted(left, reverse=True) == left
    assert left[:3] == [5, 0, 0]


def test_the_coin_of_a_closed_fund_waits_for_its_successor(town: MoneyTown) -> None:
    lot = grant(town, "dee1")
    fund = town.account("fund1")
    town.state.put(ACCOUNTS, town.id("fund1"), replace(fund, status=Status.CLOSED))
    for _ in range(45):
        town.wait(DAY_MS)
    assert town.held("dee1", lot) == 100
    town.play(NameSuccessor(town.id("fund1"), town.id("treasury1")), under=BOARD)
    town.wait(DAY_MS)
    town.wait(DAY_MS)
    assert (town.lots("dee1"), town.free("treasury1")) == ({}, 100)


def test_a_lot_reopened_by_a_refund_expires_in_its_turn(town: MoneyTown) -> None:
    grant(town, "dee1", days=2)
    payment = town.pay("dee1", "shop1", 60, place=1, purpose="SALE")
    for _ in range(3):
        town.wait(DAY_MS)
    fund = town.free("fund1")
    town.play(Refund(payment, 0, ()), by="shop1")
    ((lot, amount),) = town.lots("dee1").items()
    known = town.state.get(LOTS, lot)
    assert known is not None and amount == 60
    assert known.terms.expires_ms[0] - town.time_ms == GRACE_MS - DAY_MS
    heard = []
    for _ in range(31):
        town.wait(DAY_MS)
        heard += told(town)
    assert [days for _, days in heard] == [7, 1]
    assert (town.lots("dee1"), town.free("fund1")) == ({}, fund + 60)


def test_what_came_after_the_return_anybody_may_ask_back(town: MoneyTown) -> None:
    lot = grant(town, "dee1")
    with refused(NotExpired, lot):
        town.play(Reclaim(lot, (town.id("dee1"),)), by="stranger")
    town.time_ms += 40 * DAY_MS
    town.play(Reclaim(lot, (town.id("dee1"),)), by="stranger")
    assert [type(read_event(entry.data)) for entry in town.events] == [Reclaimed, Reclaimed]


def test_only_lots_that_expire_are_followed(town: MoneyTown) -> None:
    line = PayoutLine(town.id("dee1"), Cents(5), "GRANT", ())
    town.play(Payout(town.id("fund1"), "J1", (line,), (region_bound((W1,)),)), under=BOARD)
    assert held_index(town) == set()
    grant(town, "dee1")
    assert len(held_index(town)) == 1
    town.pay("dee1", "shop1", 40, place=1, purpose="SALE")
    assert len(held_index(town)) == 1
    town.pay("dee1", "shop1", 60, place=1, purpose="SALE")
    assert held_index(town) == set()
