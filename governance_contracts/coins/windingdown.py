"""The plan of a wind-down, its terms and its turns, which fall due by themselves.

At the turn to redeeming the reserve is looked at once: if it does not cover everything, the rate
of `writedown.py` is fixed then, over all coin in being but what is already at the bank,

    (cover - exported) / (free + lots + escrow + offline + waiting)

and whoever waits is written down by it in the same block.
"""

from __future__ import annotations

from msgspec.structs import replace

from chain.codec import U8, AccountId, Code, Millis, Record, decode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, Cents, CentsField
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, Table, View, text
from governance_contracts.bank.books import (
    REDEMPTIONS,
    RESERVES,
    WAITING,
    Redemption,
    RedemptionState,
    Waiting,
    cover_of,
    statement_key,
)
from governance_contracts.bank.redemption import RedemptionCancelled, give_back
from governance_contracts.coins.balances import LotId, supply_of, total_of
from governance_contracts.coins.coin import COINS, Coin, Phase, require_coin
from governance_contracts.coins.writedown import WRITE_DOWNS, WriteDown, WrittenDown, worth

NOTICE_DAYS = Parameter(
    "winddown_notice_days", 90, 30, 365, "days from deciding a coin's end to redeeming it"
)
REDEEM_DAYS = Parameter(
    "winddown_redeem_days", 365, 365, 1_826, "days in which every holder redeems a coin that ends"
)
CLAIM_DAYS = Parameter(
    "winddown_claim_days", 1_826, 365, 7_305, "days in which what is left can still be claimed"
)
NOTICES = ((0, 0), (3, 91), (6, 183), (11, 335))
"""Months, and the days after redeeming began, of the public notices."""


class WindDown(Record, tag=1):
    """`redeem_ms`, `claims_ms`, `rest_ms`: when redeeming and claims begin, and when the rest can
    go to `destination`. `due`: queue key of the next turn."""

    destination: AccountId
    announced_ms: Millis
    redeem_ms: Millis
    claims_ms: Millis
    rest_ms: Millis
    due: bytes


WIND_DOWNS: Table[str, WindDown] = Table(160, "wind_down", WindDown, text)


class Step(Record, tag=1):
    coin: Code


class Notice(Record, tag=1):
    coin: Code
    months: U8


@event
class WindDownAnnounced(Record, tag=1500):
    """Public: the coin ends. The times are those of `WindDown`."""

    coin: Code
    destination: AccountId
    redeem_ms: Millis
    claims_ms: Millis
    rest_ms: Millis


@event
class WindDownCalledOff(Record, tag=1501):
    coin: Code


@event
class RedeemingBegan(Record, tag=1502):
    """Public. `numerator` cents are paid for `denominator` cents of coin: both 1 at par."""

    coin: Code
    in_being: CentsField
    numerator: CentsField
    denominator: AmountField


@event
class WindDownNotice(Record, tag=1503):
    """Public notice to every holder: redeem before `claims_ms`. So much is still in being."""

    coin: Code
    months: U8
    claims_ms: Millis
    in_being: CentsField


@event
class ClaimsBegan(Record, tag=1505):
    """Public: payments have ended. What is left can be claimed until `rest_ms`."""

    coin: Code
    in_being: CentsField
    rest_ms: Millis


@event
class RestMoved(Record, tag=1506):
    """To a holder who did not claim: this went to the destination."""

    coin: Code
    lot: LotId
    amount: AmountField


@event
class RestReceived(Record, tag=1507):
    """To the destination: the sum of the RestMoved before it."""

    coin: Code
    amount: AmountField


@event
class WrittenOff(Record, tag=1509):
    """To the destination: of a coin written down, all that is left was worth less than a cent, and
    is gone."""

    coin: Code
    amount: AmountField


@event
class CoinClosed(Record, tag=1508):
    """Public: all that was ever made is unmade."""

    coin: Code
    minted: CentsField
    burned: CentsField


def step(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: the next phase begins."""
    coin = require_coin(draft, decode(Step, data).coin)
    plan = draft.get(WIND_DOWNS, coin.code)
    if plan is None:
        return
    if coin.phase == Phase.ANNOUNCED:
        begin_redeeming(draft, context, coin, plan)
    elif coin.phase == Phase.REDEEMING:
        draft.put(COINS, coin.code, replace(coin, phase=Phase.CLAIMS))
        context.emit(ClaimsBegan(coin.code, in_being(draft, coin.code), plan.rest_ms))


def begin_redeeming(draft: Draft, context: Context, coin: Coin, plan: WindDown) -> None:
    draft.put(COINS, coin.code, replace(coin, phase=Phase.REDEEMING))
    rate = fix_rate(draft, coin.code)
    due = context.schedule(draft, plan.claims_ms, "winddown", "step", Step(coin.code))
    draft.put(WIND_DOWNS, coin.code, replace(plan, due=due))
    numerator, denominator = (1, 1) if rate is None else (rate.numerator, rate.denominator)
    total = in_being(draft, coin.code)
    context.emit(RedeemingBegan(coin.code, total, Cents(numerator), Cents(denominator)))
    if rate is not None:
        write_waiting_down(draft, context, coin.code)
    for months, days in NOTICES:
        at_ms = plan.redeem_ms + days * DAY_MS
        context.schedule(draft, at_ms, "winddown", "notice", Notice(coin.code, months))


def notice(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: say again how long every holder has. A coin of which nothing is left is silent."""
    args = decode(Notice, data)
    plan = draft.get(WIND_DOWNS, args.coin)
    total = in_being(draft, args.coin)
    if plan is not None and total:
        context.emit(WindDownNotice(args.coin, args.months, plan.claims_ms, total))


def in_being(view: View, coin: str) -> Cents:
    return Cents(total_of(supply_of(view, coin)))


def waiting_for_euros(view: View, coin: str) -> list[tuple[int, Waiting]]:
    """All requested redemptions of a coin, in order. Read whole once in a coin's life."""
    first = statement_key((coin, 0))
    found = []
    for key, place in view.scan(WAITING, first):
        if key[:-8] != first[:-8]:
            break
        found.append((int.from_bytes(key[-8:], "big"), place))
    return found


def fix_rate(draft: Draft, coin: str) -> WriteDown | None:
    """The rate that holds for everybody from now on; None at par, and for a coin without a
    reserve, of which there is nothing."""
    reserve = draft.get(RESERVES, coin)
    if reserve is None:
        return None
    supply = supply_of(draft, coin)
    waiting = sum(place.amount for _, place in waiting_for_euros(draft, coin))
    exported = supply.redeeming - waiting
    owed = total_of(supply) - exported
    there = max(0, cover_of(reserve) - exported)
    if there >= owed:
        return None
    rate = WriteDown(Cents(there), Cents(owed))
    draft.put(WRITE_DOWNS, coin, rate)
    return rate


def write_waiting_down(draft: Draft, context: Context, coin: str) -> None:
    """Who asked before the rate was fixed and is not paid yet gets what everybody gets. Of what
    is worth less than a cent the coin goes back."""
    for name, place in waiting_for_euros(draft, coin):
        known = draft.get(REDEMPTIONS, name)
        assert known is not None, "what waits was asked for"
        paid = worth(draft, coin, place.amount)
        if paid:
            draft.put(WAITING, (coin, name), Waiting(Cents(paid)))
            draft.put(REDEMPTIONS, name, replace(known, amount=Cents(paid)))
            context.emit(WrittenDown(name, coin, known.amount, Cents(paid)), known.holder)
        else:
            hand_back(draft, context, coin, name, known)


def hand_back(draft: Draft, context: Context, coin: str, name: int, known: Redemption) -> None:
    """Take a redemption of less than a cent's worth back for its holder."""
    attempt = Draft(draft)
    try:
        give_back(attempt, name, known, RedemptionState.CANCELLED)
    except Rejected:  # no room in the purse for it: the request stays in the queue
        return
    attempt.delete(WAITING, (coin, name))
    draft.absorb(attempt)
    context.emit(RedemptionCancelled(name, known.amount), known.holder)
