"""What the reserve must do in time: send back money that is nobody's, and cure a deficit.

Nothing here moves coin. When a deadline passes, everybody can read that it has.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import U32, U53, Code, Millis, Record, decode
from chain.contract import Context
from chain.events import event
from chain.money import AmountField, Cents
from chain.rules import DAY_MS
from chain.state import Draft, View
from governance_contracts.bank.books import (
    ENTRIES,
    RESERVES,
    EntryKind,
    EntryState,
    deficit_of,
    liabilities_of,
    require_reserve,
    update_reserve,
)
from governance_contracts.coins.coin import Phase, require_coin

RETURN_AFTER_MS = 30 * DAY_MS
"""Unattributed money goes back after this long."""
COVER_AFTER_MS = 10 * DAY_MS
"""So long may a deficit above 1 % last before cover, or a decision to wind down."""
DEFICIT_PERCENT = 1
"""Up to this share of what is owed, a deficit only puts redemptions in order of request."""
BATCH = 100
"""Lines looked at in one piece of due work."""


class WaitingLines(Record, tag=1):
    """Lines of one statement that were nobody's when it was booked."""

    coin: Code
    statement: U53
    entries: Annotated[tuple[U32, ...], Meta(min_length=1, max_length=BATCH)]


class Shortfall(Record, tag=1):
    """A deficit above 1 %, by the time it began."""

    coin: Code
    since_ms: Millis


@event
class ReturnDue(Record, tag=714):
    """So many credits have been nobody's for 30 days and go back now. Public."""

    coin: Code
    statement: U53
    count: U32
    total: AmountField


@event
class CoverOverdue(Record, tag=715):
    """A deficit above 1 % has lasted ten days: the board decides to wind the coin down. Public."""

    coin: Code
    since_ms: Millis
    deficit: AmountField


def waits(kind: int, state: int) -> bool:
    """Is this line money that is nobody's yet?"""
    return kind in (EntryKind.UNATTRIBUTED, EntryKind.BOUNCE) and state == EntryState.OPEN


def watch_lines(
    draft: Draft, context: Context, coin: str, statement: int, entries: list[int], return_ms: int
) -> None:
    """Look at these lines again when they should have gone back."""
    for first in range(0, len(entries), BATCH):
        args = WaitingLines(coin, statement, tuple(entries[first : first + BATCH]))
        context.schedule(draft, return_ms, "reserve", "return_due", args)


def return_due(draft: Draft, context: Context, data: bytes) -> None:
    """What still waits is said to be overdue."""
    args = decode(WaitingLines, data)
    count = total = 0
    for number in args.entries:
        entry = draft.get(ENTRIES, (args.coin, args.statement, number))
        if entry is not None and waits(entry.kind, entry.state):
            count += 1
            total += entry.amount
    if count:
        context.emit(ReturnDue(args.coin, args.statement, count, Cents(total)))


def is_short(view: View, coin: str) -> bool:
    """Is the deficit above 1 % of what is owed?"""
    return deficit_of(view, coin) * 100 > liabilities_of(view, coin) * DEFICIT_PERCENT


def watch_cover(draft: Draft, context: Context, coin: str) -> None:
    """After the cover has changed: note when a deficit above 1 % began, or that it is over."""
    reserve = require_reserve(draft, coin)
    short = is_short(draft, coin)
    if short == bool(reserve.short_ms):
        return
    update_reserve(draft, coin, reserve, short_ms=(context.time_ms,) if short else ())
    if short:
        args = Shortfall(coin, context.time_ms)
        due_ms = context.time_ms + COVER_AFTER_MS
        context.schedule(draft, due_ms, "reserve", "cover_due", args)


def cover_due(draft: Draft, context: Context, data: bytes) -> None:
    """A deficit that has lasted since then is said to be overdue, unless the coin's end is decided
    by now."""
    args = decode(Shortfall, data)
    if require_coin(draft, args.coin).phase != Phase.IN_USE:
        return
    reserve = draft.get(RESERVES, args.coin)
    if reserve is not None and reserve.short_ms == (args.since_ms,):
        deficit = Cents(deficit_of(draft, args.coin))
        context.emit(CoverOverdue(args.coin, args.since_ms, deficit))
