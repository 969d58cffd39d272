"""Winding a coin down: to the last cent, with nobody left behind.

    announced   its end is decided, with a destination for what nobody claims; no minting, no new
                lots, no exchange; payments and redemptions go on
    redeeming   after the notice, for twelve months: earmarks go back to their funds, and every
                holder redeems at par without a fee, people included, in both regimes; public
                notices at 0, 3, 6 and 11 months
    claims      no payments any more; the euros stay with the custodian, the office has the list by
                account, and who comes still redeems
    closed      after the term of claims the rest went to the destination, was redeemed like
                everything else, and nothing of the coin is in being

If the euros fall short when redeeming begins, one rate holds for everybody (`writedown.py`), for
those too who were waiting. The calls of an end that the boards, or the residents by vote, decide.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import AccountKind
from chain.authority import Board, Federation, NotAuthorised, Residents, describe
from chain.codec import AccountId, Code, Record
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS, cancel
from chain.state import Draft
from governance_contracts.coins.balances import (
    FREE,
    LotId,
    destroy,
    free_of,
    held_of,
    lots_of,
    move,
    supply_of,
    total_of,
)
from governance_contracts.coins.coin import COINS, Coin, Phase, require_coin, require_phase
from governance_contracts.coins.windingdown import (
    CLAIM_DAYS,
    NOTICE_DAYS,
    REDEEM_DAYS,
    WIND_DOWNS,
    CoinClosed,
    RestMoved,
    RestReceived,
    Step,
    WindDown,
    WindDownAnnounced,
    WindDownCalledOff,
    WrittenOff,
    notice,
    step,
)
from governance_contracts.coins.writedown import worth
from governance_contracts.earmarks.earmark import FundClosed, Reclaimed, heir_of
from governance_contracts.earmarks.lots import is_earmark, require_lot
from governance_contracts.people.acting import require_account

HOLDERS_MAX = 100
PLACES_MAX = 4
"""So many holdings (free coin, lots) of each holder named does a call move; who has more is named
again."""
DESTINATIONS = (
    AccountKind.FUND,
    AccountKind.BOARD,
    AccountKind.ASSOCIATION,
    AccountKind.INSTITUTION,
)


class BadDestination(Rejected):
    """What nobody claims goes to a fund, a board, an association or an institution."""

    code = 1500
    fields = ("account", "kind")


class WrongPhase(Rejected):
    """The wind-down has not come to this, or is past it (`phase`: see coin.Phase)."""

    code = 1501
    fields = ("coin", "phase")


class ClaimsOpen(Rejected):
    """Holders can still claim, until `until_ms`."""

    code = 1502
    fields = ("coin", "until_ms")


class CoinInBeing(Rejected):
    """The coin is closed when nothing of it is left; `total` still is."""

    code = 1503
    fields = ("coin", "total")


class NotAnEarmark(Rejected):
    code = 1505
    fields = ("lot",)


class Announce(Record, tag=1):
    """Decide the end of a coin. `destination`: whose what nobody claims will be."""

    coin: Code
    destination: AccountId


class CallOff(Record, tag=1):
    coin: Code


class ReturnEarmarks(Record, tag=1):
    """Send an earmark from these holders back to its fund. Anybody may ask."""

    lot: LotId
    holders: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=HOLDERS_MAX)]


class MoveRest(Record, tag=1):
    """After the term of claims: what these holders did not claim goes to the destination."""

    coin: Code
    holders: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=HOLDERS_MAX)]


class Close(Record, tag=1):
    coin: Code


def require_deciding(context: Context, coin: Coin) -> None:
    """The boards together, or the residents of the coin's wijk. Refuses NotAuthorised."""
    if not (context.has(Federation()) or context.has(Residents(coin.wijk))):
        raise NotAuthorised(describe(Federation()))


def announce(draft: Draft, context: Context, args: Announce) -> None:
    """Refuses UnknownCoin, NotAuthorised (Federation, or the wijk's Residents), CoinWindsDown,
    NotRegistered, ClosedAccount (destination), BadDestination, in that order."""
    coin = require_coin(draft, args.coin)
    require_deciding(context, coin)
    require_phase(coin)
    account = require_account(draft, args.destination)
    if account.kind not in DESTINATIONS:
        raise BadDestination(args.destination, account.kind)
    redeem_ms = context.time_ms + NOTICE_DAYS.of(draft) * DAY_MS
    claims_ms = redeem_ms + REDEEM_DAYS.of(draft) * DAY_MS
    rest_ms = claims_ms + CLAIM_DAYS.of(draft) * DAY_MS
    due = context.schedule(draft, redeem_ms, "winddown", "step", Step(coin.code))
    found = WindDown(args.destination, context.time_ms, redeem_ms, claims_ms, rest_ms, due)
    draft.put(WIND_DOWNS, coin.code, found)
    draft.put(COINS, coin.code, replace(coin, phase=Phase.ANNOUNCED))
    context.emit(WindDownAnnounced(coin.code, args.destination, redeem_ms, claims_ms, rest_ms))


def call_off(draft: Draft, context: Context, args: CallOff) -> None:
    """Until redeeming begins. Refuses UnknownCoin, NotAuthorised (as `announce`), WrongPhase."""
    coin = require_coin(draft, args.coin)
    require_deciding(context, coin)
    if coin.phase != Phase.ANNOUNCED:
        raise WrongPhase(coin.code, coin.phase)
    known = draft.get(WIND_DOWNS, coin.code)
    assert known is not None, "an announced coin has its plan"
    cancel(draft, known.due)
    draft.delete(WIND_DOWNS, coin.code)
    draft.put(COINS, coin.code, replace(coin, phase=Phase.IN_USE))
    context.emit(WindDownCalledOff(coin.code))


def return_earmarks(draft: Draft, context: Context, args: ReturnEarmarks) -> None:
    """Who holds none is passed over. A closed fund's coin goes to its successor, and without one
    to the destination of the rest.

    Refuses UnknownLot, NotAnEarmark, WrongPhase, FundClosed (and the destination too), in that
    order.
    """
    lot = require_lot(draft, args.lot)
    if not is_earmark(lot):
        raise NotAnEarmark(args.lot)
    coin = require_coin(draft, lot.coin)
    if coin.phase not in (Phase.REDEEMING, Phase.CLAIMS):
        raise WrongPhase(coin.code, coin.phase)
    known = draft.get(WIND_DOWNS, coin.code)
    assert known is not None, "a coin that is redeemed has its plan"
    try:
        fund = heir_of(draft, lot.fund[0])
    except FundClosed:
        fund = heir_of(draft, known.destination)
    for holder in args.holders:
        amount = held_of(draft, holder, lot.coin, args.lot)
        if amount:
            move(draft, lot.coin, holder, args.lot, fund, FREE, amount)
            context.emit(Reclaimed(args.lot, amount), holder)
            context.emit(Reclaimed(args.lot, amount), fund)


def move_rest(draft: Draft, context: Context, args: MoveRest) -> None:
    """Who holds nothing is passed over; of who holds coin in many lots four are moved.

    Refuses UnknownCoin, NotAuthorised (the coin's Board), WrongPhase, ClaimsOpen, FundClosed (the
    destination, without a successor), in that order.
    """
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    known = draft.get(WIND_DOWNS, coin.code)
    if known is None or coin.phase != Phase.CLAIMS:
        raise WrongPhase(coin.code, coin.phase)
    if context.time_ms < known.rest_ms:
        raise ClaimsOpen(coin.code, known.rest_ms)
    destination = heir_of(draft, known.destination)
    total = 0
    for holder in args.holders:
        own = holder == destination
        rest = [(lot.lot, int(lot.amount)) for lot in lots_of(draft, holder, coin.code)]
        free = free_of(draft, holder, coin.code)
        if free and not own:
            rest.insert(0, (FREE, free))
        for lot, amount in rest[:PLACES_MAX]:
            move(draft, coin.code, holder, lot, destination, FREE, amount)
            context.emit(RestMoved(coin.code, lot, Cents(amount)), holder)
            total += amount
    if total:
        context.emit(RestReceived(coin.code, Cents(total)), destination)


def close(draft: Draft, context: Context, args: Close) -> None:
    """Close a coin of which nothing is left, or nothing but free coin of the destination that is
    worth less than a cent at the rate of its write-down: nobody can redeem that, so it is written
    off.

    Refuses UnknownCoin, NotAuthorised (the coin's Board), WrongPhase, CoinInBeing."""
    coin = require_coin(draft, args.coin)
    context.require(Board(coin.wijk))
    if coin.phase not in (Phase.REDEEMING, Phase.CLAIMS):
        raise WrongPhase(coin.code, coin.phase)
    write_off(draft, context, coin.code)
    supply = supply_of(draft, coin.code)
    if total_of(supply):
        raise CoinInBeing(coin.code, total_of(supply))
    draft.put(COINS, coin.code, replace(coin, phase=Phase.CLOSED))
    context.emit(CoinClosed(coin.code, supply.minted, supply.burned))


def write_off(draft: Draft, context: Context, coin: str) -> None:
    """Burn the last of a coin if it is worth nothing and the destination holds all of it."""
    total = total_of(supply_of(draft, coin))
    known = draft.get(WIND_DOWNS, coin)
    if not total or worth(draft, coin, total) or known is None:
        return
    try:
        destination = heir_of(draft, known.destination)
    except FundClosed:
        return
    if free_of(draft, destination, coin) == total:
        destroy(draft, coin, destination, total)
        context.emit(WrittenOff(coin, Cents(total)), destination)


CONTRACT = Contract(
    "winddown",
    1,
    {
        "announce": Method(Announce, announce),
        "call_off": Method(CallOff, call_off),
        "return_earmarks": Method(
            ReturnEarmarks, return_earmarks, cost=lambda args: 100 + 60 * len(args.holders)
        ),
        "move_rest": Method(MoveRest, move_rest, cost=lambda args: 100 + 250 * len(args.holders)),
        "close": Method(Close, close),
    },
    due={"step": step, "notice": notice},
)
