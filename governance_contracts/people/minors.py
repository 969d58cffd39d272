"""Minors: an age band attested by the registrar, parents, and what a minor may pay and earn.

No birthday is on the chain, only one of three bands. Under 13 an account receives and pays up to
a limit; from 13 it is also paid for the chores that the wijk voted for young people; at 16 and 17
it works within the limits of the law on working hours. Euros are paid out with a parent only.
At 18 the registrar lifts the entry (`minority.py`). Part of the registry contract.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.account import Account, AccountKind, in_force
from chain.authority import Holder
from chain.codec import U8, U32, AccountId, Code, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, Table, View, raw, text
from governance_contracts.coins.limits import day_max
from governance_contracts.people.acting import acts_in_full

PARENTS_MAX = 4
CHORES_MAX = 64
EARNING = frozenset({"WORK", "COMM", "WAGE"})
"""Purposes of a payment that make it pay for work."""
MONDAY = 4
"""1970-01-01 was a Thursday: four days later the first week began."""


class Band(IntEnum):
    CHILD = 1  # under 13
    TEEN = 2  # 13 to 15
    YOUTH = 3  # 16 and 17


DAY_MAX = {
    Band.CHILD: Parameter(
        "day_max_under_13", 20_00, 1_00, 1_000_00, "payments on one day by a child, in cents"
    ),
    Band.TEEN: Parameter(
        "day_max_13_15", 50_00, 1_00, 1_000_00, "payments on one day at 13 to 15, in cents"
    ),
    Band.YOUTH: Parameter(
        "day_max_16_17", 150_00, 1_00, 5_000_00, "payments on one day at 16 and 17, in cents"
    ),
}
WEEK_MINUTES = {
    Band.TEEN: Parameter(
        "week_minutes_13_15", 12 * 60, 0, 40 * 60, "minutes of paid chores in a week at 13 to 15"
    ),
    Band.YOUTH: Parameter(
        "week_minutes_16_17", 40 * 60, 0, 45 * 60, "minutes of paid work in a week at 16 and 17"
    ),
}


class Minor(Record, tag=1):
    """`parents`: who answers for the minor, sorted: parents, or a guardian with their custody."""

    band: U8
    parents: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=PARENTS_MAX)]


class Chores(Record, tag=1):
    """Codes of activities, sorted, for which young people of a wijk may be paid from 13 on."""

    activities: Annotated[tuple[Code, ...], Meta(max_length=CHORES_MAX)]


class Worked(Record, tag=1):
    """Minutes for which a minor was paid in one week (weeks begin on Monday, UTC)."""

    week: U32
    minutes: U32


MINORS: Table[bytes, Minor] = Table(36, "minor", Minor, raw)
CHORES: Table[str, Chores] = Table(37, "chores", Chores, text)
WORKED: Table[bytes, Worked] = Table(38, "youth_minutes", Worked, raw)


class ParentNeeded(Rejected):
    """A parent signs along, or acts by mandate."""

    code = 251
    fields = ("account",)


class CannotEarnThis(Rejected):
    """The payee cannot be paid for this: too young for this work (from 13 on a wijk can vote a list
    of chores), its minutes not stated, or more of them in this week than the law on working hours
    lets somebody of this age work. Which of them, and whose account, it does not say: anybody
    could ask about a child."""

    code = 252


def minor_of(view: View, account: bytes, kind: int) -> Minor | None:
    return view.find(MINORS, account) if kind == AccountKind.PERSON else None


def signed_by_one(view: View, context: Context, parents: tuple[bytes, ...]) -> bool:
    """Did a parent sign, not with a card or a till's key?"""
    return any(acts_in_full(view, context, parent) for parent in parents)


def require_parent(view: View, context: Context, id: bytes, account: Account) -> None:
    """A minor does this with a parent: one signs along, or somebody acts by a mandate, which a
    minor has of the office or with a parent's signature. Refuses ParentNeeded."""
    minor = minor_of(view, id, account.kind)
    if minor is None or context.decision == Holder(id):
        return
    if not signed_by_one(view, context, minor.parents):
        raise ParentNeeded(id)


def day_max_of(view: View, id: bytes, account: Account) -> int:
    """What an account may pay on one day: by its kind, and for a minor by age."""
    limit = day_max(view, account.kind)
    minor = minor_of(view, id, account.kind)
    return limit if minor is None else min(limit, DAY_MAX[Band(minor.band)].of(view))


def check_earning(
    draft: Draft,
    context: Context,
    id: bytes,
    account: Account,
    purpose: str,
    activity: tuple[str, ...] = (),
    minutes: tuple[int, ...] = (),
) -> None:
    """May this payee be paid for this work? Counts a minor's minutes.

    Asked last, when everything that the payer needs is there: so nobody asks about somebody's age
    with coin they do not have. Refuses CannotEarnThis.
    """
    if purpose not in EARNING:
        return
    minor = minor_of(draft, id, account.kind)
    if minor is None:
        return
    if not may_earn(draft, context, account, Band(minor.band), purpose, activity):
        raise CannotEarnThis()
    if not minutes or not minutes[0]:
        raise CannotEarnThis()
    week = week_of(context.time_ms)
    worked = draft.find(WORKED, id)
    total = minutes[0] + (worked.minutes if worked and worked.week == week else 0)
    if total > WEEK_MINUTES[Band(minor.band)].of(draft):
        raise CannotEarnThis()
    draft.put(WORKED, id, Worked(week, total))


def may_earn(
    view: View,
    context: Context,
    account: Account,
    band: Band,
    purpose: str,
    activity: tuple[str, ...],
) -> bool:
    if band != Band.TEEN:
        return band == Band.YOUTH
    chores = view.get(CHORES, in_force(account.home, context.height))
    if purpose == "WAGE" or chores is None or not activity:
        return False
    return activity[0] in chores.activities


def week_of(time_ms: int) -> int:
    """Weeks from Monday to Sunday (UTC) since the first Monday of 1970; 0 for the days before."""
    return (time_ms // DAY_MS + 7 - MONDAY) // 7
