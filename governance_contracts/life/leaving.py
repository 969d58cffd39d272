"""A shop leaves: whoever holds coin that only it takes hears so 30 days before.

The notice is public, as a shop's places are, and names the lots. Their funds hear it, and in the
next blocks each holder of one that expires (`holders.py` knows who they are; who holds another
such lot reads the public notice). A shop that still has a place closes when the notice has run
(closing.py, `Obstacle.NOTICE`); then come open deals, the refund window, redemptions and the
balance. Part of the life contract (`life.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain.account import ACCOUNTS, Status
from chain.authority import Holder
from chain.codec import AccountId, Millis, Record, decode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS
from chain.state import Draft, Table, View, raw
from governance_contracts.coins.balances import LotId
from governance_contracts.earmarks.earmark import HOLDERS_TOLD
from governance_contracts.earmarks.holders import holders_of
from governance_contracts.earmarks.lots import Lot, require_lot
from governance_contracts.people.acting import require_account, require_actor
from governance_contracts.people.closing import Obstacle, before_closing
from governance_contracts.people.places import HAVE_PLACES, places_of
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import office_of

NOTICE_DAYS = 30
LOTS_MAX = 64


class Leaving(Record, tag=1):
    """Notice was given; from `until_ms` on the shop may close."""

    until_ms: Millis


LEAVINGS: Table[bytes, Leaving] = Table(124, "leaving", Leaving, raw)


class NoNoticeHere(Rejected):
    """Only who can have places gives notice."""

    code = 1130
    fields = ("account",)


class AlreadyLeaving(Rejected):
    code = 1131
    fields = ("account", "until_ms")


class NotServedAlone(Rejected):
    """Lots are listed in order, each once, and no other open shop takes them."""

    code = 1132
    fields = ("account", "lot")


class NoticeNotGiven(Rejected):
    """A shop with an open place gives notice before it closes (`life.announce_leaving`)."""

    code = 1133
    fields = ("account",)


class NoticeRuns(Rejected):
    """Holders have until `until_ms` to spend what only this shop takes."""

    code = 1134
    fields = ("account", "until_ms")


class NotLeaving(Rejected):
    code = 1135
    fields = ("account",)


class TellHolders(Record, tag=1):
    """Due work of a notice: tell the holders of the first of `lots` behind `beyond`, then go on."""

    account: AccountId
    until_ms: Millis
    lots: Annotated[tuple[LotId, ...], Meta(min_length=1, max_length=LOTS_MAX)]
    beyond: Annotated[bytes, Meta(max_length=20)]


class AnnounceLeaving(Record, tag=1):
    """`lots`: those whose payees are this shop and nobody else who is open."""

    account: AccountId
    lots: Annotated[tuple[LotId, ...], Meta(max_length=LOTS_MAX)]


class StayAfterAll(Record, tag=1):
    account: AccountId


@event
class ShopLeaves(Record, tag=1120):
    """Public. Holders of one of `lots`: spend it before `until_ms`."""

    account: AccountId
    until_ms: Millis
    lots: Annotated[tuple[LotId, ...], Meta(max_length=LOTS_MAX)]


@event
class LotLosesItsShop(Record, tag=1121):
    """To the lot's fund and its holders: nobody may take it from `until_ms` on."""

    lot: LotId
    account: AccountId
    until_ms: Millis


@event
class ShopStays(Record, tag=1122):
    """Public."""

    account: AccountId


def announce_leaving(draft: Draft, context: Context, args: AnnounceLeaving) -> None:
    """Give notice: the shop itself, or its office.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NoNoticeHere, AlreadyLeaving;
    for each lot NotServedAlone (order), UnknownLot, NotServedAlone, in that order.
    """
    _shop_or_office(draft, context, args.account)
    account = require_account(draft, args.account)
    if account.kind not in HAVE_PLACES:
        raise NoNoticeHere(args.account)
    before = draft.get(LEAVINGS, args.account)
    if before is not None:
        raise AlreadyLeaving(args.account, before.until_ms)
    for a, b in pairwise(args.lots):
        if a >= b:
            raise NotServedAlone(args.account, b)
    until_ms = context.time_ms + NOTICE_DAYS * DAY_MS
    for number in args.lots:
        lot = require_lot(draft, number)
        if not serves_alone(draft, args.account, lot):
            raise NotServedAlone(args.account, number)
    draft.put(LEAVINGS, args.account, Leaving(until_ms))
    context.emit(ShopLeaves(args.account, until_ms, args.lots))
    for number in args.lots:
        report = LotLosesItsShop(number, args.account, until_ms)
        for fund in require_lot(draft, number).fund:
            context.emit(report, fund)
    if args.lots:
        _tell_later(draft, context, TellHolders(args.account, until_ms, args.lots, b""))


def tell_holders(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: tell a few holders, and leave the rest for the next block."""
    step = decode(TellHolders, data)
    leaving = draft.get(LEAVINGS, step.account)
    if leaving is None or leaving.until_ms != step.until_ms:
        return
    lot = step.lots[0]
    holders = holders_of(draft, lot, step.beyond, HOLDERS_TOLD)
    for holder in holders:
        context.emit(LotLosesItsShop(lot, step.account, step.until_ms), holder)
    if len(holders) == HOLDERS_TOLD:
        rest = TellHolders(step.account, step.until_ms, step.lots, holders[-1])
        _tell_later(draft, context, rest)
    elif step.lots[1:]:
        rest = TellHolders(step.account, step.until_ms, step.lots[1:], b"")
        _tell_later(draft, context, rest)


def _tell_later(draft: Draft, context: Context, step: TellHolders) -> None:
    context.schedule(draft, context.time_ms, "life", "tell_holders", step)


def serves_alone(view: View, shop: bytes, lot: Lot) -> bool:
    """Does the lot name its payees, and is this the only one of them that is open and stays?"""
    if shop not in lot.terms.payees:
        return False
    for payee in lot.terms.payees:
        account = view.find(ACCOUNTS, payee)
        if payee == shop or account is None or account.status == Status.CLOSED:
            continue
        if view.get(LEAVINGS, payee) is None:
            return False
    return True


def stay_after_all(draft: Draft, context: Context, args: StayAfterAll) -> None:
    """Take the notice back. Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly,
    NotLeaving, in that order."""
    _shop_or_office(draft, context, args.account)
    if draft.get(LEAVINGS, args.account) is None:
        raise NotLeaving(args.account)
    draft.delete(LEAVINGS, args.account)
    context.emit(ShopStays(args.account))


def _shop_or_office(draft: Draft, context: Context, id: bytes) -> None:
    account = require_account(draft, id)
    if context.has(Holder(id)):
        require_actor(draft, context, id)
    else:
        require_office(draft, context, office_of(draft, id, account, context.height))


@before_closing(Obstacle.NOTICE)
def has_given_notice(view: View, context: Context, account: bytes) -> None:
    leaving = view.get(LEAVINGS, account)
    if leaving is not None:
        if context.time_ms < leaving.until_ms:
            raise NoticeRuns(account, leaving.until_ms)
        return
    if any(not place.closed for _, place in places_of(view, account)):
        raise NoticeNotGiven(account)
