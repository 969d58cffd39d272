"""Moving house: a new home from the first of a month on.

A registrar knows dates, the account's home goes by height; due work turns one into the other. On
the day, a seat on the old wijk's board ends. Coin earmarked for the old wijk stays as it is and
runs to its expiry. Part of the life contract (`life.py`).
"""

from __future__ import annotations

from chain.account import ACCOUNTS, AccountKind, Status, in_force
from chain.codec import AccountId, Code, Millis, Record, decode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS, cancel
from chain.state import Draft, Table, raw
from governance_contracts.people.acting import require_account
from governance_contracts.people.lifecycle import TreasuryStays, check_new_home, with_home
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import BadAccount, office_of

MONTHS_AHEAD = 12


class Moving(Record, tag=1):
    """A move that was entered. `due`: queue key of the day."""

    home: Code
    from_ms: Millis
    due: bytes


MOVES: Table[bytes, Moving] = Table(123, "move", Moving, raw)


class BadMonth(Rejected):
    """A move is on the first of one of the next 12 months, 0:00 UTC; `next_ms` is the next."""

    code = 1120
    fields = ("account", "next_ms")


class Move(Record, tag=1):
    """`home`: a wijk, or an area without a board. The home it has now: it stays after all."""

    account: AccountId
    home: Code
    from_ms: Millis


class Arrive(Record, tag=1):
    account: AccountId


@event
class MovePlanned(Record, tag=1110):
    account: AccountId
    home: Code
    from_ms: Millis


@event
class MoveCalledOff(Record, tag=1111):
    account: AccountId


@event
class MovedHome(Record, tag=1112):
    account: AccountId
    home: Code


def move_home(draft: Draft, context: Context, args: Move) -> None:
    """Enter a move, by the office of the old home; it takes the place of one entered before.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, TreasuryStays,
    UnknownRegion, BadAccount (home: not a home, or the present one without a move to call off),
    BadMonth, in that order.
    """
    account = require_account(draft, args.account)
    require_office(draft, context, office_of(draft, args.account, account, context.height))
    if account.kind == AccountKind.BOARD:
        raise TreasuryStays(args.account)
    check_new_home(draft, args.account, args.home)
    planned = draft.get(MOVES, args.account)
    stays = in_force(account.home, context.height) == args.home
    if stays and planned is None:
        raise BadAccount(args.account, "home")
    months = months_after(context.time_ms)
    if not stays and args.from_ms not in months:
        raise BadMonth(args.account, months[0])
    if planned is not None:
        cancel(draft, planned.due)
        draft.delete(MOVES, args.account)
    if stays:
        context.emit(MoveCalledOff(args.account), args.account)
        return
    due = context.schedule(draft, args.from_ms, "life", "arrive", Arrive(args.account))
    draft.put(MOVES, args.account, Moving(args.home, args.from_ms, due))
    context.emit(MovePlanned(args.account, args.home, args.from_ms), args.account)


def arrive(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: the day of the move."""
    id = decode(Arrive, data).account
    moving = draft.get(MOVES, id)
    account = draft.find(ACCOUNTS, id)
    assert moving is not None and account is not None, "a move called off has no due work"
    draft.delete(MOVES, id)
    if account.status == Status.CLOSED:
        return
    changed = with_home(draft, context, id, account, moving.home, context.height)
    draft.put(ACCOUNTS, id, changed)
    context.emit(MovedHome(id, moving.home), id)


def months_after(time_ms: int, count: int = MONTHS_AHEAD) -> tuple[int, ...]:
    """When the next `count` months begin, 0:00 UTC, in milliseconds since 1970."""
    year, month = month_of(time_ms)
    starts = []
    for _ in range(count):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        starts.append(days_to(year, month) * DAY_MS)
    return tuple(starts)


def month_of(time_ms: int) -> tuple[int, int]:
    """Year and month, 1 to 12, of a time in UTC (Gregorian calendar)."""
    days = time_ms // DAY_MS
    year = 1970 + days // 366
    while days_to(year + 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and days_to(year, month + 1) <= days:
        month += 1
    return year, month


MONTH_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before each month."""


def days_to(year: int, month: int) -> int:
    """Days from 1970-01-01 to the first of a month."""
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400 - 477
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (year - 1970) * 365 + leaps + MONTH_DAYS[month - 1] + (leap and month > 2)
