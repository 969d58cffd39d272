"""Earmarks: where bound coin can be spent, in which order it is refused, and which is spent first.

The rule for one lot and one line is `misfit`; the choice among lots is in `choice.py`. An
unspent earmark is the fund's coin: its holders are told before it expires; past its expiry nobody
can spend it, however late the queue of due work, and it goes back by itself (`expire`). What came
into a holder's hands after that, anybody may ask back (`reclaim`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from chain.account import ACCOUNTS, Account, AccountKind, Status, in_force
from chain.authority import Board
from chain.codec import AccountId, Code, Millis, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField
from chain.rules import DAY_MS
from chain.state import Draft, View
from governance_contracts.areas.regions import ancestors
from governance_contracts.coins.balances import FREE, LotId, held_of, move
from governance_contracts.earmarks.holders import holders_of
from governance_contracts.earmarks.lots import (
    NOTICE_DAYS,
    SUCCESSORS,
    ExpiryStep,
    Lot,
    LotKind,
    NotSpendable,
    Successor,
    expired,
    require_lot,
)
from governance_contracts.people.acting import require_account, shares_household_or_owner
from governance_contracts.people.places import Place, PlaceKind

RECLAIM_MAX = 100
HOLDERS_TOLD = 20
HOLDERS_RETURNED = 10
"""Holders whom one piece of due work tells, and whose coin it returns: under a millisecond."""
SUCCESSIONS_MAX = 8


class PersonPayee(Rejected):
    """A person is paid with an earmark only for an activity it lists, on a confirmed deal."""

    code = 601
    fields = ("lot",)


class RelatedPayee(Rejected):
    """Payer and payee have one owner or one household."""

    code = 602
    fields = ("lot",)


class PlaceMissing(Rejected):
    """Bound coin needs to know where it is spent."""

    code = 603
    fields = ("lot",)


class OutsideRegion(Rejected):
    """This place (or a person's home wijk) is not in the lot's regions."""

    code = 604
    fields = ("lot", "wijk")


class OnlinePlace(Rejected):
    """The lot is not for online shops."""

    code = 605
    fields = ("lot",)


class WrongCategory(Rejected):
    """The lot is not for this category, or not for this payee's group."""

    code = 606
    fields = ("lot", "category")


class LotExpired(Rejected):
    code = 607
    fields = ("lot", "expires_ms")


class NotExpired(Rejected):
    """Only an earmark past its expiry goes back to its fund."""

    code = 610
    fields = ("lot",)


class FundClosed(Rejected):
    """The fund is closed and has no successor."""

    code = 611
    fields = ("fund",)


@dataclass(frozen=True, slots=True)
class Spending:
    """Everything about a payment that decides which lots fit it.

    `areas`: where it happens, the smallest first, then all around it; empty if nobody knows.
    `related`: do payer and payee have one owner or household?
    """

    payee: bytes
    to_person: bool
    related: bool
    areas: tuple[str, ...]
    online: bool
    time_ms: int


def spending_of(
    view: View, context: Context, payer: bytes, payee: bytes, account: Account, place: Place | None
) -> Spending:
    """`account` is the payee's. Without a place, a person is paid at home."""
    to_person = account.kind in (AccountKind.PERSON, AccountKind.HOUSEHOLD)
    where: tuple[str, ...] = ()
    if place is not None:
        where = place.buurt or (place.wijk,)
    elif to_person:
        where = (in_force(account.home, context.height),)
    return Spending(
        payee,
        to_person,
        shares_household_or_owner(view, payer, payee, context.height),
        where + ancestors(view, where[0]) if where else (),
        place is not None and place.kind == PlaceKind.ONLINE,
        context.time_ms,
    )


def misfit(number: int, lot: Lot, spending: Spending, category: str) -> Rejected | None:
    """Why this lot may not pay this line; None if it may.

    NotSpendable, PersonPayee, RelatedPayee, PlaceMissing, OutsideRegion, OnlinePlace,
    WrongCategory, LotExpired, in that order. The second and third are for earmarks. Region-bound
    coin goes to a person by home wijk, without a place. No deal is confirmed before the contract
    that confirms deals is in force, so until then an earmark never pays a person.
    """
    terms = lot.terms
    if terms.kind == LotKind.CLEARING:
        return NotSpendable(number)
    if terms.kind == LotKind.EARMARK:
        if spending.to_person:
            return PersonPayee(number)
        if spending.related:
            return RelatedPayee(number)
    if not spending.areas:
        return PlaceMissing(number)
    if terms.regions and set(spending.areas).isdisjoint(terms.regions):
        return OutsideRegion(number, spending.areas[0])
    if spending.online and not terms.online_ok:
        return OnlinePlace(number)
    if terms.categories and category not in terms.categories:
        return WrongCategory(number, category)
    if terms.payees and spending.payee not in terms.payees:
        return WrongCategory(number, category)
    if expired(lot, spending.time_ms):
        return LotExpired(number, terms.expires_ms[0])
    return None


# What becomes of an earmark that nobody spent.


class Reclaim(Record, tag=1):
    """Send an expired lot from these holders back to its fund. Anybody may ask."""

    lot: LotId
    holders: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=RECLAIM_MAX)]


class NameSuccessor(Record, tag=1):
    """Who takes over a fund's coin when the fund is closed."""

    fund: AccountId
    successor: AccountId


@event
class Reclaimed(Record, tag=601):
    """To the holder whose earmark ran out, and to the fund whose coin it was."""

    lot: LotId
    amount: AmountField


@event
class EarmarkExpires(Record, tag=603):
    """To a holder, 30, 7 and 1 days before: so much of this lot can be spent until then."""

    lot: LotId
    coin: Code
    amount: AmountField
    expires_ms: Millis


@event
class SuccessorNamed(Record, tag=602):
    fund: AccountId
    successor: AccountId


def heir_of(view: View, fund: bytes) -> bytes:
    """The fund itself while it is open, else its successor. Refuses FundClosed."""
    heir = fund
    for _ in range(SUCCESSIONS_MAX):
        account = view.find(ACCOUNTS, heir)
        if account is not None and account.status != Status.CLOSED:
            return heir
        successor = view.get(SUCCESSORS, heir)
        if successor is None:
            break
        heir = successor.fund
    raise FundClosed(fund)


def reclaim(draft: Draft, context: Context, args: Reclaim) -> None:
    """Refuses UnknownLot, NotExpired, FundClosed, in that order. Who holds none is passed over."""
    lot = require_lot(draft, args.lot)
    if not lot.fund or not expired(lot, context.time_ms):
        raise NotExpired(args.lot)
    fund = heir_of(draft, lot.fund[0])
    for holder in args.holders:
        return_to(draft, context, args.lot, lot, holder, fund)


def expire(draft: Draft, context: Context, args: bytes) -> None:
    """Due 30, 7 and 1 days before a lot's expiry, and at it: tell its holders, then return what
    they did not spend to the fund. A few holders at a time; the rest in the next block.

    A notice that comes more than a day late (the lot was opened later than that) is left out.
    While the fund is closed and has no successor, the coin waits; nobody can spend it.
    """
    step = decode(ExpiryStep, args)
    lot = require_lot(draft, step.lot)
    left = lot.terms.expires_ms[0] - context.time_ms
    if step.days and left <= (step.days - 1) * DAY_MS:
        days = next(days for days in NOTICE_DAYS if not days or left > (days - 1) * DAY_MS)
        step = ExpiryStep(step.lot, days, b"")
        if left > days * DAY_MS:
            _await(draft, context, lot, step)
            return
    count = HOLDERS_TOLD if step.days else HOLDERS_RETURNED
    holders = holders_of(draft, step.lot, step.beyond, count)
    if step.days:
        for holder in holders:
            amount = held_of(draft, holder, lot.coin, step.lot)
            expires_ms = lot.terms.expires_ms[0]
            context.emit(EarmarkExpires(step.lot, lot.coin, amount, expires_ms), holder)
    elif holders:
        try:
            fund = heir_of(draft, lot.fund[0])
        except FundClosed:
            waits = ExpiryStep(step.lot, 0, b"")
            context.schedule(draft, context.time_ms + DAY_MS, "earmark", "expire", waits)
            return
        for holder in holders:
            return_to(draft, context, step.lot, lot, holder, fund)
    if len(holders) == count:
        more = ExpiryStep(step.lot, step.days, holders[-1])
        context.schedule(draft, context.time_ms, "earmark", "expire", more)
    elif step.days:
        days = NOTICE_DAYS[NOTICE_DAYS.index(step.days) + 1]
        _await(draft, context, lot, ExpiryStep(step.lot, days, b""))


def _await(draft: Draft, context: Context, lot: Lot, step: ExpiryStep) -> None:
    at_ms = lot.terms.expires_ms[0] - step.days * DAY_MS
    context.schedule(draft, at_ms, "earmark", "expire", step)


def return_to(
    draft: Draft, context: Context, number: int, lot: Lot, holder: bytes, fund: bytes
) -> None:
    """What a holder has of an expired lot becomes the fund's free coin, and both are told."""
    amount = held_of(draft, holder, lot.coin, number)
    if amount:
        move(draft, lot.coin, holder, number, fund, FREE, amount)
        context.emit(Reclaimed(number, amount), holder)
        context.emit(Reclaimed(number, amount), fund)


def name_successor(draft: Draft, context: Context, args: NameSuccessor) -> None:
    """By the board of the fund's home wijk.

    Refuses NotRegistered / ClosedAccount (the successor), FundClosed (no such fund), NotAuthorised.
    """
    require_account(draft, args.successor)
    fund = draft.find(ACCOUNTS, args.fund)
    if fund is None:
        raise FundClosed(args.fund)
    context.require(Board(in_force(fund.home, context.height)))
    draft.put(SUCCESSORS, args.fund, Successor(args.successor))
    context.emit(SuccessorNamed(args.fund, args.successor))


CONTRACT = Contract(
    "earmark",
    1,
    {
        "reclaim": Method(Reclaim, reclaim, cost=lambda args: 100 + 60 * len(args.holders)),
        "name_successor": Method(NameSuccessor, name_successor),
    },
    {"expire": expire},
)
