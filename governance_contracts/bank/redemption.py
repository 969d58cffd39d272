"""Redemption: coin back into euros, at par and without a fee.

requested -> exported -> settled by a bank line, or bounced and returned. From the request on, the
coin is out of the holder's hands and still counts as owed; it is burned when the bank shows the
payment, never before. The bank account is a commitment here; its number stays in the wijk's own
store.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain.account import AccountKind
from chain.authority import Board
from chain.codec import U53, AccountId, Code, Hash, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, Cents
from chain.rules import DAY_MS, next_number
from chain.state import Draft, View
from governance_contracts.bank.books import (
    PARTS_MAX,
    REDEMPTIONS,
    UNDER_WAY,
    WAITING,
    RedeemedPart,
    Redemption,
    RedemptionState,
    Waiting,
    count_under_way,
    deficit_of,
    put_redemption,
    require_reserve,
    statement_key,
)
from governance_contracts.bank.deadlines import is_short
from governance_contracts.coins.balances import (
    FREE,
    LotId,
    NotEnoughCoin,
    book,
    free_of,
    give,
    held_of,
    lots_of,
    take,
)
from governance_contracts.coins.coin import Phase, Regime, regime_of, require_coin, require_phase
from governance_contracts.coins.writedown import WorthNothing, WrittenDown, worth
from governance_contracts.earmarks.lots import is_region_bound, require_lot
from governance_contracts.people.acting import require_actor, require_party
from governance_contracts.people.closing import Obstacle, before_closing
from governance_contracts.people.minors import require_parent
from governance_contracts.recovery.allowance import require_cashing

EXPORT_MAX = 500
UNDER_WAY_MAX = 64
"""So many redemptions of one account are under way at a time: each is a payment for the bank and a
place in a queue that is read whole when a coin ends in deficit."""
REJECT_AFTER_MS = 5 * DAY_MS
"""A payment that no statement of this long after its export shows will not be made any more: the
desk hands a payment file out for two days, and banks execute within one banking day."""


class TooManyRedemptions(Rejected):
    """So many redemptions of this account are under way already; `most` may be at a time."""

    code = 740
    fields = ("account", "most")


class NotRedeemable(Rejected):
    """In a limited network people spend their coin; only its payees redeem."""

    code = 730
    fields = ("coin",)


class LotNotRedeemable(Rejected):
    """An earmark is its fund's coin: it can be spent, not redeemed. A clearing lot is settled
    between treasuries."""

    code = 731
    fields = ("lot",)


class UnknownRedemption(Rejected):
    code = 732
    fields = ("redemption",)


class NotWaiting(Rejected):
    """The redemption is not in the state this call needs; `state` is (see RedemptionState)."""

    code = 733
    fields = ("redemption", "state")


class RedemptionsStopped(Rejected):
    """The deficit is above 1 % of what is owed: nothing is paid out until it is cured."""

    code = 734
    fields = ("coin", "deficit")


class OutOfOrder(Rejected):
    """In a deficit, redemptions are exported in order of request; `next` is the oldest."""

    code = 735
    fields = ("redemption", "next")


class RedemptionsUnderWay(Rejected):
    """The account cannot close while euros are on their way to it."""

    code = 737
    fields = ("account", "count")


class MayStillBePaid(Rejected):
    """Coin goes back only when no payment can follow: a statement closed at `until_ms` or later,
    five days after the export, must have been booked first, all parts of it, without it."""

    code = 738
    fields = ("redemption", "until_ms")


class BadList(Rejected):
    """Redemptions are listed in order, each once."""

    code = 736


class Redeem(Record, tag=1):
    """Ask for euros. `lots`: region-bound lots to take, and free coin for the rest; none named:
    all region-bound lots in order of their number, then free coin.

    `destination`: commitment to the bank account.
    """

    holder: AccountId
    coin: Code
    amount: AmountField
    lots: Annotated[tuple[LotId, ...], Meta(max_length=PARTS_MAX - 1)]
    destination: Hash


class Cancel(Record, tag=1):
    """Take back a redemption that is not exported yet."""

    redemption: U53


class Export(Record, tag=1):
    """These redemptions go to the bank in one payment file; `file` commits to it."""

    coin: Code
    redemptions: Annotated[tuple[U53, ...], Meta(min_length=1, max_length=EXPORT_MAX)]
    file: Hash


class Reject(Record, tag=1):
    """The bank never made an exported payment: the coin goes back."""

    redemption: U53


@event
class RedemptionRequested(Record, tag=704):
    redemption: U53
    coin: Code
    amount: AmountField


@event
class RedemptionCancelled(Record, tag=705):
    redemption: U53
    amount: AmountField


@event
class RedemptionExported(Record, tag=706):
    redemption: U53
    amount: AmountField


@event
class RedemptionRejected(Record, tag=707):
    redemption: U53
    amount: AmountField


@event
class Exported(Record, tag=708):
    """A payment file was decided. Public: count and total only."""

    coin: Code
    count: U53
    total: AmountField
    file: Hash


def redeem(draft: Draft, context: Context, args: Redeem) -> None:
    """Request a redemption.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount, ParentNeeded,
    UnknownCoin, CoinWindsDown (closed), UnknownReserve, NotRedeemable, TooManyRedemptions,
    UnknownLot, LotNotRedeemable, NotEnoughCoin, WorthNothing, in that order.
    """
    holder = require_actor(draft, context, args.holder)
    require_cashing(draft, context, args.holder, holder, args.destination)
    require_parent(draft, context, args.holder, holder)
    coin = require_coin(draft, args.coin)
    require_phase(coin, Phase.CLAIMS)
    require_reserve(draft, args.coin)
    people = (AccountKind.PERSON, AccountKind.HOUSEHOLD)
    limited = regime_of(draft, coin) == Regime.LIMITED_NETWORK
    if limited and holder.kind in people and coin.phase not in (Phase.REDEEMING, Phase.CLAIMS):
        raise NotRedeemable(args.coin)
    under_way = draft.find(UNDER_WAY, args.holder)
    if under_way is not None and under_way.count >= UNDER_WAY_MAX:
        raise TooManyRedemptions(args.holder, UNDER_WAY_MAX)
    parts = redeemed_parts(draft, args)
    name, paid = request(draft, context, args.holder, args.coin, parts, args.destination)
    context.emit(RedemptionRequested(name, args.coin, paid), args.holder)


def request(
    draft: Draft,
    context: Context,
    holder: bytes,
    coin: str,
    parts: tuple[RedeemedPart, ...],
    destination: bytes,
) -> tuple[int, Cents]:
    """Take these parts out of the holder's hands and put the redemption in the queue.

    Returns its number and the euros it pays: par, or what a write-down leaves. Refuses
    WorthNothing, NotEnoughCoin, in that order.
    """
    face = sum(part.amount for part in parts)
    paid = worth(draft, coin, face)
    if not paid:
        raise WorthNothing(coin, face)
    for part in parts:
        take(draft, holder, coin, part.lot, part.amount)
        if part.lot == FREE:
            book(draft, coin, free=-part.amount, redeeming=part.amount)
        else:
            book(draft, coin, lots=-part.amount, redeeming=part.amount)
    name = next_number(draft, "redemption")
    if paid < face:
        context.emit(WrittenDown(name, coin, Cents(face), Cents(paid)), holder)
    redemption = Redemption(
        coin,
        holder,
        Cents(paid),
        parts,
        destination,
        RedemptionState.REQUESTED,
        context.time_ms,
        (),
        (),
    )
    draft.put(REDEMPTIONS, name, redemption)
    draft.put(WAITING, (coin, name), Waiting(Cents(paid)))
    count_under_way(draft, holder, 1)
    return name, Cents(paid)


def redeemed_parts(view: View, args: Redeem) -> tuple[RedeemedPart, ...]:
    """Region-bound lots first, then free coin. Refuses UnknownLot, LotNotRedeemable,
    NotEnoughCoin, in that order."""
    for lot in args.lots:
        if not is_region_bound(require_lot(view, lot)):
            raise LotNotRedeemable(lot)
    lots = args.lots or tuple(
        held.lot
        for held in lots_of(view, args.holder, args.coin)
        if is_region_bound(require_lot(view, held.lot))
    )
    left = int(args.amount)
    parts = []
    for lot in sorted(set(lots))[: PARTS_MAX - 1]:
        amount = min(left, held_of(view, args.holder, args.coin, lot))
        if amount:
            parts.append(RedeemedPart(lot, Cents(amount)))
            left -= amount
    free = free_of(view, args.holder, args.coin)
    if left > free:
        raise NotEnoughCoin(args.coin, left - free, "")
    if left:
        parts.append(RedeemedPart(FREE, Cents(left)))
    return tuple(parts)


def require_state(view: View, name: int, state: RedemptionState) -> Redemption:
    """Refuses UnknownRedemption, NotWaiting, in that order."""
    redemption = view.get(REDEMPTIONS, name)
    if redemption is None:
        raise UnknownRedemption(name)
    if redemption.state != state:
        raise NotWaiting(name, redemption.state)
    return redemption


def give_back(draft: Draft, name: int, redemption: Redemption, state: RedemptionState) -> None:
    """The coin under way returns to its holder, lot by lot."""
    for part in redemption.parts:
        give(draft, redemption.holder, redemption.coin, part.lot, part.amount)
        if part.lot == FREE:
            book(draft, redemption.coin, free=part.amount, redeeming=-part.amount)
        else:
            book(draft, redemption.coin, lots=part.amount, redeeming=-part.amount)
    count_under_way(draft, redemption.holder, -1)
    put_redemption(draft, name, redemption, state)


def cancel(draft: Draft, context: Context, args: Cancel) -> None:
    """Refuses UnknownRedemption; NotAuthorised, ClosedAccount, TillKeyOnly (the holder);
    NotWaiting; in that order."""
    known = draft.get(REDEMPTIONS, args.redemption)
    if known is None:
        raise UnknownRedemption(args.redemption)
    require_party(draft, context, known.holder, "holder")
    redemption = require_state(draft, args.redemption, RedemptionState.REQUESTED)
    draft.delete(WAITING, (redemption.coin, args.redemption))
    give_back(draft, args.redemption, redemption, RedemptionState.CANCELLED)
    context.emit(RedemptionCancelled(args.redemption, redemption.amount), redemption.holder)


def oldest_waiting(view: View, coin: str) -> int | None:
    """The number of the coin's oldest requested redemption."""
    first = statement_key((coin, 0))
    for key, _ in view.scan(WAITING, first):
        return int.from_bytes(key[-8:], "big") if key[:-8] == first[:-8] else None
    return None


def export(draft: Draft, context: Context, args: Export) -> None:
    """Send redemptions to the bank: a decision of the coin's board, so four eyes at least.

    Refuses UnknownCoin, NotAuthorised (Board), UnknownReserve, BadList, RedemptionsStopped; then
    for each UnknownRedemption (of this coin), NotWaiting, and in a deficit OutOfOrder.
    """
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    require_reserve(draft, args.coin)
    if any(a >= b for a, b in pairwise(args.redemptions)):
        raise BadList()
    deficit = deficit_of(draft, args.coin)
    if is_short(draft, args.coin):
        raise RedemptionsStopped(args.coin, deficit)
    total = 0
    exported = (args.file, context.time_ms)
    for name in args.redemptions:
        redemption = require_state(draft, name, RedemptionState.REQUESTED)
        if redemption.coin != args.coin:
            raise UnknownRedemption(name)
        if deficit:
            oldest = oldest_waiting(draft, args.coin)
            assert oldest is not None, "this one waits"
            if oldest != name:
                raise OutOfOrder(name, oldest)
        draft.delete(WAITING, (args.coin, name))
        put_redemption(draft, name, redemption, RedemptionState.EXPORTED, exported)
        context.emit(RedemptionExported(name, redemption.amount), redemption.holder)
        total += redemption.amount
    context.emit(Exported(args.coin, len(args.redemptions), Cents(total), args.file))


def reject(draft: Draft, context: Context, args: Reject) -> None:
    """Refuses UnknownRedemption, NotAuthorised (the coin's Board), NotWaiting, MayStillBePaid, in
    that order."""
    known = draft.get(REDEMPTIONS, args.redemption)
    if known is None:
        raise UnknownRedemption(args.redemption)
    context.require(Board(require_coin(draft, known.coin).wijk))
    redemption = require_state(draft, args.redemption, RedemptionState.EXPORTED)
    until_ms = sum(redemption.exported_ms) + REJECT_AFTER_MS
    reserve = require_reserve(draft, redemption.coin)
    if reserve.closed_ms < until_ms or reserve.more:  # the payment may be in a part to come
        raise MayStillBePaid(args.redemption, until_ms)
    give_back(draft, args.redemption, redemption, RedemptionState.BOUNCED)
    context.emit(RedemptionRejected(args.redemption, redemption.amount), redemption.holder)


@before_closing(Obstacle.REDEMPTIONS)
def has_no_redemption_under_way(view: View, context: Context, account: bytes) -> None:
    under_way = view.find(UNDER_WAY, account)
    if under_way is not None:
        raise RedemptionsUnderWay(account, under_way.count)
