"""Exchange: one wijk's coin for another's, through the treasury, and how treasuries settle.

The payee of a payment receives the payer's coin, never another; who wants another exchanges
first. Coin A becomes coin B only as far as the treasury of B's wijk has B: the A goes into that
treasury's *clearing lot*, where nobody spends it, and the B comes out. No step creates coin.

After a period opposite clearing lots cancel: each treasury gives the other its own coin back. What
then remains of A is redeemed by B's treasury, paid from A's reserve into B's, and minted in B
there against its bank line, like any deposit.
"""

from __future__ import annotations

from collections.abc import Callable

from chain.authority import Board
from chain.codec import U53, AccountId, Code, Millis, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX, AmountField, Cents
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, Table, View
from governance_contracts.bank.books import RESERVES, RedeemedPart, deficit_of, require_reserve
from governance_contracts.bank.redemption import request
from governance_contracts.bank.reserve import InDeficit
from governance_contracts.boards.boardroom import require_board
from governance_contracts.coins.balances import (
    FREE,
    LotId,
    book,
    free_of,
    give_free,
    give_lot,
    held_of,
    move,
    spend,
    take_free,
)
from governance_contracts.coins.coin import Coin, Phase, require_coin, require_phase
from governance_contracts.coins.limits import day_of, holding_max
from governance_contracts.coins.regimes import RegimeForbids, is_limited
from governance_contracts.earmarks.lots import LOT_NUMBERS, clearing, lot_of, lot_place
from governance_contracts.people.acting import FrozenAccount, is_frozen, require_actor
from governance_contracts.people.minors import day_max_of

PAIR_MAX = Parameter(
    "exchange_pair_max",
    10_000_00,
    0,
    CENTS_MAX,
    "coin of one kind a treasury may have taken in for its own and not settled, in cents",
)
PERIOD = Parameter("exchange_days", 7, 1, 90, "days between an exchange and its settlement")


class Clearing(Record, tag=1):
    """Two coins, in order, whose treasuries settle at `at_ms`."""

    at_ms: Millis


def pair_key(pair: tuple[str, str]) -> bytes:
    return pair[0].encode("ascii") + b"\0" + pair[1].encode("ascii")


CLEARINGS: Table[tuple[str, str], Clearing] = Table(150, "clearing", Clearing, pair_key)


class SameCoin(Rejected):
    code = 1401
    fields = ("coin",)


class NoRate(Rejected):
    """The coins stand for different currencies, and no attested rate of the day is on the chain."""

    code = 1402
    fields = ("currency", "other")


class TreasuryShort(Rejected):
    """The treasury gives only what it has: `missing` more."""

    code = 1403
    fields = ("coin", "missing")


class PairLimit(Rejected):
    """The treasury has taken in as much of this coin as it may before it settles."""

    code = 1404
    fields = ("coin", "into", "limit")


class OwnTreasury(Rejected):
    """A treasury does not exchange with itself."""

    code = 1405
    fields = ("account",)


class NothingToSettle(Rejected):
    code = 1406
    fields = ("coin", "into")


class Exchange(Record, tag=1):
    """Give `amount` of coin `give`, get as much of coin `take`."""

    holder: AccountId
    give: Code
    take: Code
    amount: AmountField


class Settle(Record, tag=1):
    """Settle before the period is over what the treasury of `into` took in of `coin`."""

    coin: Code
    into: Code


class Period(Record, tag=1):
    first: Code
    second: Code


@event
class Exchanged(Record, tag=1400):
    """To who exchanged: `amount` of one coin given, as much of the other received."""

    give: Code
    take: Code
    amount: AmountField


@event
class TakenIn(Record, tag=1401):
    """To the treasury, right after: coin in its clearing lot, its own given out of free coin."""

    give: Code
    take: Code
    lot: LotId
    amount: AmountField


@event
class Cancelled(Record, tag=1402):
    """To each of two treasuries: so much of the other's coin left its clearing lot, and as much
    of its own came back."""

    lot: LotId
    coin: Code
    own: Code
    amount: AmountField


@event
class SettlementRequested(Record, tag=1403):
    """To the treasury: what remains of its clearing lot is redeemed, reserve to reserve."""

    redemption: U53
    coin: Code
    lot: LotId
    face: AmountField
    paid: AmountField


def exchange(draft: Draft, context: Context, args: Exchange) -> None:
    """Exchange.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount, what
    `check_pair` refuses, UnknownBoard, OwnTreasury, TreasuryShort, PairLimit, NotEnoughCoin,
    DayLimit, HoldingLimit, TooManyCoins, TooManyLots, in that order.
    """
    holder = require_actor(draft, context, args.holder)
    if is_frozen(holder):
        raise FrozenAccount(args.holder)
    give, take = check_pair(draft, args.give, args.take)
    treasury = treasury_of(draft, take)
    if treasury == args.holder:
        raise OwnTreasury(treasury)
    there = free_of(draft, treasury, take.code)
    if args.amount > there:
        raise TreasuryShort(take.code, args.amount - there)
    terms = clearing(take.code, treasury)
    lot, opened = lot_of(draft, give.code, treasury, terms)
    limit = PAIR_MAX.of(draft)
    if held_of(draft, treasury, give.code, lot) + args.amount > limit:
        raise PairLimit(give.code, take.code, limit)
    day, most = day_of(context.time_ms), day_max_of(draft, args.holder, holder)
    spend(draft, args.holder, give.code, args.amount, args.amount, day, most)
    give_free(draft, args.holder, take.code, args.amount, holding_max(draft, holder.kind))
    take_free(draft, treasury, take.code, args.amount)
    give_lot(draft, treasury, give.code, lot, args.amount)
    book(draft, give.code, free=-args.amount, lots=args.amount)
    for one in opened:
        context.emit(one)
    run_period(draft, context, give.code, take.code)
    context.emit(Exchanged(give.code, take.code, args.amount), args.holder)
    context.emit(TakenIn(give.code, take.code, lot, args.amount), treasury)


def check_pair(view: View, give: str, take: str) -> tuple[Coin, Coin]:
    """Can the one be exchanged for the other at all?

    Refuses UnknownCoin (give, take), SameCoin, CoinWindsDown, RegimeForbids (give, take), NoRate,
    InDeficit (give, take), in that order.
    """
    pair = require_coin(view, give), require_coin(view, take)
    if give == take:
        raise SameCoin(give)
    for coin in pair:
        require_phase(coin)
    for coin in pair:
        if is_limited(view, coin):
            raise RegimeForbids(coin.code, "exchange")
    if pair[0].currency != pair[1].currency:
        raise NoRate(pair[0].currency, pair[1].currency)
    for coin in pair:
        deficit = deficit_of(view, coin.code)
        if deficit:
            raise InDeficit(coin.code, deficit)
    return pair


def treasury_of(view: View, coin: Coin) -> bytes:
    """Refuses UnknownBoard."""
    return require_board(view, coin.wijk).treasury


def run_period(draft: Draft, context: Context, one: str, other: str) -> None:
    """See to it that these two coins settle within a period."""
    pair = (min(one, other), max(one, other))
    if draft.get(CLEARINGS, pair) is None:
        at_ms = context.time_ms + PERIOD.of(draft) * DAY_MS
        context.schedule(draft, at_ms, "exchange", "period", Period(*pair))
        draft.put(CLEARINGS, pair, Clearing(at_ms))


def settle(draft: Draft, context: Context, args: Settle) -> None:
    """Refuses UnknownCoin (coin, into), NotAuthorised (Board of `into`), CoinWindsDown (closed),
    UnknownReserve, NothingToSettle, WorthNothing, in that order."""
    coin, into = require_coin(draft, args.coin), require_coin(draft, args.into)
    context.require(Board(into.wijk))
    require_phase(coin, Phase.CLAIMS)
    require_reserve(draft, coin.code)
    cancelled = cancel_opposite(draft, context, coin, into)
    if cleared(draft, coin, into)[1]:
        redeem_rest(draft, context, coin, into)
    elif not cancelled:
        raise NothingToSettle(args.coin, args.into)


def period(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: opposite clearing lots cancel, the remainder goes to the bank.

    What cannot be done (no reserve, no room in a purse) stays where it is, for `settle` and for the
    next period.
    """
    args = decode(Period, data)
    first, second = require_coin(draft, args.first), require_coin(draft, args.second)
    draft.delete(CLEARINGS, (args.first, args.second))
    if_possible(draft, context, first, second, cancel_opposite)
    for coin, into in ((first, second), (second, first)):
        if draft.get(RESERVES, coin.code) is not None:
            if_possible(draft, context, coin, into, redeem_rest)


def if_possible(
    draft: Draft,
    context: Context,
    one: Coin,
    other: Coin,
    step: Callable[[Draft, Context, Coin, Coin], object],
) -> None:
    """A step of a settlement, or nothing if it is refused."""
    attempt, told = Draft(draft), len(context.events)
    try:
        step(attempt, context, one, other)
    except Rejected:
        del context.events[told:]
    else:
        draft.absorb(attempt)


def cleared(view: View, coin: Coin, into: Coin) -> tuple[int, int]:
    """The clearing lot of `coin` at the treasury of `into`, and how much is in it."""
    holder = treasury_of(view, into)
    known = view.get(LOT_NUMBERS, lot_place(coin.code, holder, clearing(into.code, holder)))
    if known is None:
        return FREE, 0
    return known.lot, held_of(view, holder, coin.code, known.lot)


def cancel_opposite(draft: Draft, context: Context, one: Coin, other: Coin) -> int:
    """What each treasury holds of the other's coin, up to the smaller sum, goes home; returns how
    much of each did."""
    (lot_one, held_one), (lot_other, held_other) = (
        cleared(draft, one, other),
        cleared(draft, other, one),
    )
    amount = min(held_one, held_other)
    if not amount:
        return 0
    home_one, home_other = treasury_of(draft, one), treasury_of(draft, other)
    move(draft, one.code, home_other, lot_one, home_one, FREE, amount)
    move(draft, other.code, home_one, lot_other, home_other, FREE, amount)
    sum_ = Cents(amount)
    context.emit(Cancelled(lot_one, one.code, other.code, sum_), home_other)
    context.emit(Cancelled(lot_other, other.code, one.code, sum_), home_one)
    return amount


def redeem_rest(draft: Draft, context: Context, coin: Coin, into: Coin) -> None:
    """Ask euros for what the clearing lot holds, on the account of the other reserve. Refuses
    WorthNothing."""
    lot, amount = cleared(draft, coin, into)
    if not amount:
        return
    treasury = treasury_of(draft, into)
    parts = (RedeemedPart(lot, Cents(amount)),)
    destination = bank_of(draft, into)
    name, paid = request(draft, context, treasury, coin.code, parts, destination)
    context.emit(SettlementRequested(name, coin.code, lot, Cents(amount), paid), treasury)


def bank_of(view: View, coin: Coin) -> bytes:
    """The commitment to the bank account of the coin's reserve. Refuses UnknownReserve."""
    return require_reserve(view, coin.code).account


CONTRACT = Contract(
    "exchange",
    1,
    {
        "exchange": Method(Exchange, exchange, cost=350),
        "settle": Method(Settle, settle, cost=400),
    },
    due={"period": period},
)
