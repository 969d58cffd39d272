"""Lots: coin bound to a region or a purpose, and what becomes of it in the payee's hands.

Two kinds. *Region-bound* coin is the holder's own; it stays region-bound when it is spent, and can
be redeemed. *Earmarked* coin is the fund's, with a right to spend; spent, it becomes its `after`:
region-bound coin of the same set unless the terms say otherwise, so that neighbours cannot launder
a lot into free coin. Equal terms of one fund in one coin are one lot, whoever holds it.

A lot that expires schedules its own work (earmark.py): notices to its holders, then the return.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U53, AccountId, Code, Millis, Record, encode
from chain.errors import Rejected
from chain.events import event
from chain.kinds import Tag
from chain.rules import DAY_MS, next_number, schedule
from chain.state import Draft, Table, View, number, raw
from governance_contracts.areas.regions import REGIONS
from governance_contracts.coins.balances import FREE, LotId
from governance_contracts.earmarks.holders import EXPIRING, Expiring

GRACE_MS = 30 * DAY_MS
"""How long past its expiry a lot that comes back by a refund can still be spent."""


NOTICE_DAYS = (30, 7, 1, 0)
"""So many days before its expiry the holders of a lot are told; at 0 what is left returns."""


class ExpiryStep(Record, tag=1):
    """Due work on a lot that expires: the notice of `days`, or the return for 0; for the holders
    behind `beyond`."""

    lot: LotId
    days: U8
    beyond: Annotated[bytes, Meta(max_length=20)]


class LotKind(IntEnum):
    REGION_BOUND = 1
    EARMARK = 2
    CLEARING = 3  # coin taken in by an exchange until both treasuries settle


class After(IntEnum):
    """What a payee holds of an earmark that was spent with it."""

    REGION_BOUND = 1  # bound to the same regions; free if there are none
    FREE = 2
    LOT = 3  # a lot that exists, named beside it


class Terms(Record, tag=1):
    """What coin is bound to. Lists sorted, each entry once; an empty list binds nothing.

    `regions`: the places where it can be spent (none: everywhere). `categories` of lines.
    `payees`: a group. `activities`: the categories for which a person may be paid, on a confirmed
    deal. `class_number`: random per fund and year, so that it says nothing about the holder.
    `after_lot` is given exactly if `after` is LOT. For region-bound coin only `regions` (one at
    least) and `online_ok` say something.
    """

    kind: U8
    regions: Annotated[tuple[Code, ...], Meta(max_length=64)]
    categories: Annotated[tuple[Code, ...], Meta(max_length=64)]
    payees: Annotated[tuple[AccountId, ...], Meta(max_length=256)]
    activities: Annotated[tuple[Code, ...], Meta(max_length=64)]
    class_number: U53
    expires_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]
    online_ok: bool
    after: U8
    after_lot: Annotated[tuple[LotId, ...], Meta(max_length=1)]


class Lot(Record, tag=1):
    """`fund`: whose coin it is; none for region-bound coin, which is its holder's.

    `after`: the lot that a payee holds; 0 for free coin.
    """

    coin: Code
    fund: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    terms: Terms
    after: LotId


class LotNumber(Record, tag=1):
    lot: LotId


class Successor(Record, tag=1):
    """Who has taken over a closed fund's coin."""

    fund: AccountId


LOTS: Table[int, Lot] = Table(70, "lot", Lot, number)
LOT_NUMBERS: Table[bytes, LotNumber] = Table(71, "lot_number", LotNumber, raw)
"""By the hash of coin, fund and terms."""
SUCCESSORS: Table[bytes, Successor] = Table(72, "fund_successor", Successor, raw)


class BadTerms(Rejected):
    """`why`: kind, regions, order, after, expiry or plain (region-bound coin with conditions)."""

    code = 608
    fields = ("why",)


class NotSpendable(Rejected):
    """A clearing lot waits for the settlement between two treasuries: it is neither spent, paid
    out, nor redeemed by itself."""

    code = 1400
    fields = ("lot",)


class UnknownLot(Rejected):
    code = 609
    fields = ("lot",)


@event
class LotOpened(Record, tag=600):
    """New terms have a number. Public: terms are never about a person."""

    lot: LotId
    coin: Code
    kind: U8


def region_bound(regions: tuple[str, ...], *, online_ok: bool = False) -> Terms:
    """The terms of coin that can be spent in these regions, and is its holder's own."""
    kind, after = LotKind.REGION_BOUND, After.REGION_BOUND
    return Terms(kind, tuple(sorted(regions)), (), (), (), 0, (), online_ok, after, ())


def earmark(
    regions: tuple[str, ...] = (),
    *,
    categories: tuple[str, ...] = (),
    payees: tuple[bytes, ...] = (),
    activities: tuple[str, ...] = (),
    class_number: int = 0,
    expires_ms: int | None = None,
    online_ok: bool = False,
    after: After = After.REGION_BOUND,
    after_lot: int | None = None,
) -> Terms:
    """The terms of a fund's earmark, lists in order."""
    return Terms(
        LotKind.EARMARK,
        tuple(sorted(regions)),
        tuple(sorted(categories)),
        tuple(sorted(payees)),
        tuple(sorted(activities)),
        class_number,
        () if expires_ms is None else (expires_ms,),
        online_ok,
        after,
        () if after_lot is None else (after_lot,),
    )


def require_lot(view: View, lot: int) -> Lot:
    """Refuses UnknownLot."""
    found = view.get(LOTS, lot)
    if found is None:
        raise UnknownLot(lot)
    return found


def clearing(into: str, holder: bytes) -> Terms:
    """The terms of coin that `holder`, the treasury of coin `into`, took in by exchanges."""
    kind, after = LotKind.CLEARING, After.REGION_BOUND
    return Terms(kind, (), (into,), (holder,), (), 0, (), False, after, ())


def is_region_bound(lot: Lot) -> bool:
    return lot.terms.kind == LotKind.REGION_BOUND


def is_earmark(lot: Lot) -> bool:
    return lot.terms.kind == LotKind.EARMARK


def expired(lot: Lot, time_ms: int) -> bool:
    """A lot is spent before its expiry, not at it."""
    return bool(lot.terms.expires_ms) and time_ms >= lot.terms.expires_ms[0]


def check_terms(view: View, coin: str, fund: bytes, terms: Terms, time_ms: int) -> None:
    """Do these terms for coin of `fund` make sense? What an earmark becomes is region-bound coin or
    another earmark of the same fund, which runs out no earlier: else who is paid holds coin of a
    stranger, or coin that is over.

    Refuses BadTerms: kind, order, regions, plain, after, expiry, in that order; UnknownLot.
    """
    if terms.kind not in (LotKind.REGION_BOUND, LotKind.EARMARK):
        raise BadTerms("kind")
    lists: tuple[tuple[str, ...] | tuple[bytes, ...], ...] = (
        terms.regions,
        terms.categories,
        terms.payees,
        terms.activities,
    )
    for entries in lists:
        if not ascending(entries):
            raise BadTerms("order")
    if any(view.get(REGIONS, region) is None for region in terms.regions):
        raise BadTerms("regions")
    if terms.kind == LotKind.REGION_BOUND:
        if terms != region_bound(terms.regions, online_ok=terms.online_ok):
            raise BadTerms("plain")
        if not terms.regions:
            raise BadTerms("regions")
    named = terms.after == After.LOT
    if terms.after not in (After.REGION_BOUND, After.FREE, After.LOT):
        raise BadTerms("after")
    if named != bool(terms.after_lot):
        raise BadTerms("after")
    if named:
        after = require_lot(view, terms.after_lot[0])
        own = is_region_bound(after) or (is_earmark(after) and after.fund == (fund,))
        if after.coin != coin or not own or outlives(terms, after.terms):
            raise BadTerms("after")
    if terms.expires_ms and terms.expires_ms[0] <= time_ms:
        raise BadTerms("expiry")


def outlives(terms: Terms, after: Terms) -> bool:
    """Can coin of these terms still be spent when those have run out?"""
    if not after.expires_ms:
        return False
    return not terms.expires_ms or terms.expires_ms > after.expires_ms


def ascending(entries: tuple[str, ...] | tuple[bytes, ...]) -> bool:
    return all(a < b for a, b in pairwise(entries))  # type: ignore[operator]


def owner_of(fund: bytes, terms: Terms) -> tuple[bytes, ...]:
    """Whose coin a lot of these terms is: the fund's for an earmark, else its holder's."""
    return (fund,) if terms.kind == LotKind.EARMARK else ()


def lot_place(coin: str, fund: bytes, terms: Terms) -> bytes:
    """Where the number of the lot with these terms is kept."""
    return crypto.tagged(Tag.COMMITMENT, encode((coin, owner_of(fund, terms), terms)))


def lot_of(draft: Draft, coin: str, fund: bytes, terms: Terms) -> tuple[int, tuple[LotOpened, ...]]:
    """The number of the lot with these (checked) terms, opened now if it is new.

    The second value holds what to report.
    """
    owner = owner_of(fund, terms)
    place = lot_place(coin, fund, terms)
    known = draft.get(LOT_NUMBERS, place)
    if known is not None:
        return known.lot, ()
    after, opened = _after(draft, coin, fund, terms)
    lot = next_number(draft, "lot")
    if terms.kind != LotKind.EARMARK:
        after = lot
    draft.put(LOTS, lot, Lot(coin, owner, terms, after))
    draft.put(LOT_NUMBERS, place, LotNumber(lot))
    for expires_ms in terms.expires_ms:
        draft.put(EXPIRING, lot, Expiring(expires_ms))
        step = encode(ExpiryStep(lot, NOTICE_DAYS[0], b""))
        schedule(draft, max(0, expires_ms - NOTICE_DAYS[0] * DAY_MS), "earmark", "expire", step)
    return lot, (*opened, LotOpened(lot, coin, terms.kind))


def _after(draft: Draft, coin: str, fund: bytes, terms: Terms) -> tuple[int, tuple[LotOpened, ...]]:
    if terms.kind == LotKind.REGION_BOUND or terms.after == After.FREE:
        return FREE, ()
    if terms.after == After.LOT:
        return terms.after_lot[0], ()
    if not terms.regions:
        return FREE, ()
    return lot_of(draft, coin, fund, region_bound(terms.regions, online_ok=terms.online_ok))


def grace_lot(draft: Draft, lot: int) -> tuple[int, tuple[LotOpened, ...]]:
    """The same lot with its expiry put off by 30 days, for what a refund brings back too late."""
    known = require_lot(draft, lot)
    terms = known.terms
    assert terms.expires_ms and known.fund, "only an earmark expires"
    later = Terms(
        terms.kind,
        terms.regions,
        terms.categories,
        terms.payees,
        terms.activities,
        terms.class_number,
        (terms.expires_ms[0] + GRACE_MS,),
        terms.online_ok,
        terms.after,
        terms.after_lot,
    )
    return lot_of(draft, known.coin, known.fund[0], later)
