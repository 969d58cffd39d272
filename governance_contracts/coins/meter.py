"""The meter: how much was paid in an issuer's coins over the last twelve months.

An issuer in the regime of a limited network must notify the supervisor when its payments of
twelve months reach a limit (Directive (EU) 2015/2366, art. 37(2)). The chain counts for it, over
all its coins together: every payment and payout, by week of block time. The ring holds the running
week and 53 before it, so never less than a year. At 70, 90 and 100 percent a public event says so,
once for each time that the mark is reached from below.

The record is one per issuer and is written once per block in the tree, however many payments
the block holds.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import U8, U32, Code, Record
from chain.contract import Context
from chain.events import event
from chain.money import CENTS_MAX, ZERO, Cents, CentsField
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, Table, View, text
from governance_contracts.coins.coin import Coin

WEEK_MS = 7 * DAY_MS
WEEKS = 53
"""Full weeks that are kept beside the running one."""
MARKS = (100, 90, 70)
"""Percentages of the limit, the highest first."""
NOTIFICATION_LIMIT = Parameter(
    "notification_limit",
    1_000_000_00,
    1_000_00,
    CENTS_MAX,
    "payments of 12 months from which a limited network is notified, in cents",
)


class Meter(Record, tag=1):
    """`week`: since 1970 of the running week. `current`: paid in it. `past`: in the weeks before,
    the latest first. `total`: of both. `mark`: the highest percentage passed; 0 for none."""

    week: U32
    current: CentsField
    past: Annotated[tuple[CentsField, ...], Meta(max_length=WEEKS)]
    total: CentsField
    mark: U8


METERS: Table[str, Meter] = Table(66, "meter", Meter, text)
NOTHING = Meter(0, ZERO, (), ZERO, 0)


@event
class MeterPassed(Record, tag=504):
    """Public: this issuer's payments of twelve months reached a mark, in percent of the limit."""

    issuer: Code
    percent: U8
    volume: CentsField
    limit: CentsField


def volume(draft: Draft, context: Context, coin: Coin, amount: int, *, limited: bool) -> None:
    """Count a payment. A coin without an issuer has no payments."""
    for issuer in coin.issuer:
        known = draft.get(METERS, issuer) or NOTHING
        week = context.time_ms // WEEK_MS
        if week != known.week:
            known = turned(known, week)
        total = min(CENTS_MAX, known.total + amount)
        mark = known.mark
        if limited:
            mark = mark_of(draft, total)
            if mark > known.mark:
                limit = Cents(NOTIFICATION_LIMIT.of(draft))
                context.emit(MeterPassed(issuer, mark, Cents(total), limit))
        current = min(CENTS_MAX, known.current + amount)
        draft.put(METERS, issuer, Meter(week, Cents(current), known.past, Cents(total), mark))


def mark_of(view: View, total: int) -> int:
    """The highest mark that this volume has reached."""
    limit = NOTIFICATION_LIMIT.of(view)
    return next((mark for mark in MARKS if total * 100 >= limit * mark), 0)


def turned(meter: Meter, week: int) -> Meter:
    """The ring in another week: the running one joins the past, the oldest fall out."""
    ahead = week - meter.week
    if ahead > WEEKS:
        past: tuple[Cents, ...] = ()
    else:
        past = ((ZERO,) * (ahead - 1) + (meter.current, *meter.past))[:WEEKS]
    return Meter(week, ZERO, past, Cents(min(CENTS_MAX, sum(past))), meter.mark)


def volume_of(view: View, issuer: str, time_ms: int) -> int:
    """What was paid in the issuer's coins in the twelve months up to a time."""
    meter = view.get(METERS, issuer)
    if meter is None:
        return 0
    week = time_ms // WEEK_MS
    return (meter if week <= meter.week else turned(meter, week)).total
