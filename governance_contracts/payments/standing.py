"""Recurring payments: a payee collects up to a ceiling that the payer set, or an order is paid on
its day. The payer pauses or ends either at once.

Every payment is an ordinary payment under the rules of `pay`, and is refunded as one. An order
that cannot be paid is tried again on the three days after; then its period is passed over. What
was not collected or not paid in one period never adds to the next.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain import crypto
from chain.account import ACCOUNTS
from chain.codec import U32, U53, AccountId, Hash, Record, decode, encode
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.kinds import Tag
from chain.money import ZERO, AmountField, Cents
from chain.rules import DAY_MS, cancel, next_number
from chain.state import Draft, View
from governance_contracts.coins.balances import DayLimit, NotEnoughCoin
from governance_contracts.coins.coin import require_coin
from governance_contracts.coins.regimes import check_payee
from governance_contracts.payments.outcomes import PaysItself, TooManyParts, UnknownPurpose
from governance_contracts.payments.pay import settle, stated_place
from governance_contracts.payments.payments import PURPOSES, Pay, plain
from governance_contracts.payments.periods import Unit, period_at, period_start
from governance_contracts.payments.standings import (
    EVERY_MAX,
    PARTIES,
    PERIODS_MAX,
    STANDINGS,
    STANDINGS_MAX,
    TRIES_MAX,
    AboveCeiling,
    Agreed,
    BadSchedule,
    Collected,
    NotRunning,
    NotToCollect,
    OrderFailed,
    OutsidePeriods,
    PayerCannot,
    Side,
    Standing,
    StandingChanged,
    StandingGranted,
    StandingKind,
    StandingNumber,
    StandingState,
    TooManyStandings,
    UnknownStanding,
    party_key,
)
from governance_contracts.people.acting import (
    ClosedAccount,
    FrozenAccount,
    is_frozen,
    require_account,
    require_actor,
    require_party,
)
from governance_contracts.recovery.allowance import AboveAllowance, Locked
from governance_contracts.recovery.locking import at_recovery

ORDER = "order"
"""The due work that pays an order."""


class Grant(Record, tag=1):
    """The payer agrees."""

    agreed: Agreed


class Collect(Record, tag=1):
    """The payee collects, within the ceiling of the period that is running."""

    standing: U53
    amount: AmountField
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Pause(Record, tag=1):
    standing: U53


class Resume(Record, tag=1):
    standing: U53


class End(Record, tag=1):
    """End it for good; payer or payee. `party`: which of them does."""

    standing: U53
    party: AccountId


class OrderDue(Record, tag=1):
    standing: U53
    period: U32


def grant(draft: Draft, context: Context, args: Grant) -> None:
    """Let a payee collect, or order the chain to pay.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount (the payer);
    NotRegistered, ClosedAccount (the payee); PaysItself; UnknownCoin; what `check_payee` refuses;
    UnknownPlace, PlaceClosed; UnknownPurpose; BadSchedule; TooManyStandings, in that order.
    """
    agreed = args.agreed
    payer = require_actor(draft, context, agreed.payer)
    if is_frozen(payer):
        raise FrozenAccount(agreed.payer)
    payee = require_account(draft, agreed.payee)
    if agreed.payer == agreed.payee:
        raise PaysItself(agreed.payer)
    check_payee(draft, require_coin(draft, agreed.coin), agreed.payee, payee, context.height)
    if agreed.place:
        stated_place(draft, payment_of(agreed, agreed.ceiling, ()))
    if agreed.purpose not in PURPOSES or agreed.purpose == "COMM":  # that needs hours each time
        raise UnknownPurpose(agreed.purpose)
    check_schedule(agreed, context.time_ms)
    if len(paid_by(draft, agreed.payer)) >= STANDINGS_MAX:
        raise TooManyStandings(agreed.payer)
    number = next_number(draft, "standing")
    for account, side in sides_of(agreed):
        draft.put(PARTIES, (account, side, number), StandingNumber(number))
    due: tuple[bytes, ...] = ()
    if agreed.kind == StandingKind.ORDER:
        due = (schedule_order(draft, context, number, 0, agreed.start_ms),)
    draft.put(STANDINGS, number, Standing(agreed, StandingState.ACTIVE, 0, ZERO, 0, due))
    for account in (agreed.payer, agreed.payee):
        context.emit(StandingGranted(number, agreed), account)


def check_schedule(agreed: Agreed, time_ms: int) -> None:
    """Refuses BadSchedule: kind, unit, every, start (over a day ago, over a year ahead), periods,
    end."""
    if agreed.kind not in (StandingKind.COLLECT, StandingKind.ORDER):
        raise BadSchedule("kind")
    if agreed.unit not in (Unit.DAYS, Unit.MONTHS):
        raise BadSchedule("unit")
    if not 1 <= agreed.every <= (EVERY_MAX if agreed.unit == Unit.DAYS else 12):
        raise BadSchedule("every")
    if not time_ms - DAY_MS <= agreed.start_ms <= time_ms + EVERY_MAX * DAY_MS:
        raise BadSchedule("start")
    if agreed.periods and not 1 <= agreed.periods[0] <= PERIODS_MAX:
        raise BadSchedule("periods")
    if agreed.end_ms and agreed.end_ms[0] <= max(agreed.start_ms, time_ms):
        raise BadSchedule("end")


def paid_by(view: View, account: bytes) -> list[int]:
    """Numbers of the running ones that this account pays; 64 at most."""
    first = party_key((account, Side.PAYER, 0))
    found = []
    for key, named in view.scan(PARTIES, first):
        if key[:21] != first[:21]:
            break
        found.append(named.standing)
    return found


def sides_of(agreed: Agreed) -> tuple[tuple[bytes, Side], ...]:
    return (agreed.payer, Side.PAYER), (agreed.payee, Side.PAYEE)


def require_standing(view: View, number: int) -> Standing:
    """Refuses UnknownStanding."""
    found = view.get(STANDINGS, number)
    if found is None:
        raise UnknownStanding(number)
    return found


def collect(draft: Draft, context: Context, args: Collect) -> None:
    """Collect. A till key may.

    Refuses UnknownStanding; NotAuthorised, ClosedAccount (the payee); NotToCollect; NotRunning;
    OutsidePeriods; AboveCeiling; then what `pay.settle` refuses of the payee, and
    PayerCannot for whatever is the payer's affair, in that order.
    """
    known = require_standing(draft, args.standing)
    agreed = known.agreed
    require_party(draft, context, agreed.payee, "payee", till=True)
    if agreed.kind != StandingKind.COLLECT:
        raise NotToCollect(args.standing)
    if known.state != StandingState.ACTIVE:
        raise NotRunning(args.standing, known.state)
    period = running_period(agreed, context.time_ms)
    if period is None:
        raise OutsidePeriods(args.standing)
    before = known.collected if known.period == period else 0
    if before + args.amount > agreed.ceiling:
        until = period_start(agreed.start_ms, agreed.unit, agreed.every, period + 1)
        raise AboveCeiling(args.standing, agreed.ceiling - before, until)
    total = Cents(before + args.amount)
    draft.put(STANDINGS, args.standing, replace(known, period=period, collected=total))
    tell_collected(context, args.standing, agreed, period, args.amount, total)
    try:
        payer = require_account(draft, agreed.payer)
        settle(draft, context, payment_of(agreed, args.amount, args.reference), payer)
    except Rejected as refusal:
        if is_payers(agreed, refusal):
            raise PayerCannot(args.standing) from None
        raise


def is_payers(agreed: Agreed, refusal: Rejected) -> bool:
    """Would this refusal tell the payee what the payer holds, or how its account stands?"""
    if isinstance(refusal, NotEnoughCoin | DayLimit | FrozenAccount | Locked | AboveAllowance):
        return True
    return agreed.payer in refusal.values or isinstance(refusal, TooManyParts)


def running_period(agreed: Agreed, time_ms: int) -> int | None:
    """The period that is running; none before the first and after the last."""
    period = period_at(agreed.start_ms, agreed.unit, agreed.every, time_ms)
    if period < 0 or is_over(agreed, period, time_ms):
        return None
    return period


def is_over(agreed: Agreed, period: int, time_ms: int) -> bool:
    return bool(
        (agreed.periods and period >= agreed.periods[0])
        or (agreed.end_ms and time_ms >= agreed.end_ms[0])
    )


def payment_of(agreed: Agreed, amount: int, reference: tuple[bytes, ...]) -> Pay:
    stated = reference or agreed.reference
    return plain(
        agreed.payer,
        agreed.payee,
        agreed.coin,
        amount,
        agreed.purpose,
        place=agreed.place[0] if agreed.place else None,
        category=agreed.category,
        reference=stated[0] if stated else None,
    )


def tell_collected(
    context: Context, number: int, agreed: Agreed, period: int, amount: int, total: int
) -> None:
    left = Cents(agreed.ceiling - total)
    told = Collected(number, period, Cents(amount), left, context.transaction_id)
    context.emit(told, agreed.payer)
    context.emit(told, agreed.payee)


def pause(draft: Draft, context: Context, args: Pause) -> None:
    """Stop for a while: nothing is collected or paid, and orders of that time are passed over.

    Refuses UnknownStanding; NotAuthorised, ClosedAccount, TillKeyOnly (the payer); NotRunning, in
    that order.
    """
    turn(draft, context, args.standing, StandingState.ACTIVE, StandingState.PAUSED)


def resume(draft: Draft, context: Context, args: Resume) -> None:
    """Go on. Refuses what `pause` does."""
    turn(draft, context, args.standing, StandingState.PAUSED, StandingState.ACTIVE)


def turn(
    draft: Draft, context: Context, number: int, before: StandingState, after: StandingState
) -> None:
    known = require_standing(draft, number)
    require_party(draft, context, known.agreed.payer, "payer")
    if known.state != before:
        raise NotRunning(number, known.state)
    draft.put(STANDINGS, number, replace(known, state=after))
    tell_changed(context, number, known.agreed, after)


def tell_changed(context: Context, number: int, agreed: Agreed, state: StandingState) -> None:
    context.emit(StandingChanged(number, state), agreed.payer)
    context.emit(StandingChanged(number, state), agreed.payee)


def end(draft: Draft, context: Context, args: End) -> None:
    """End it at once. The payee may too: what it does not want to collect, nobody makes it.

    Refuses UnknownStanding (also for who is no party); NotRegistered, ClosedAccount,
    NotAuthorised, TillKeyOnly (the party); NotRunning, in that order.
    """
    known = require_standing(draft, args.standing)
    if args.party not in (known.agreed.payer, known.agreed.payee):
        raise UnknownStanding(args.standing)
    require_actor(draft, context, args.party)
    if known.state == StandingState.ENDED:
        raise NotRunning(args.standing, known.state)
    close(draft, context, args.standing, known)


def close(draft: Draft, context: Context, number: int, known: Standing) -> None:
    for key in known.due:
        cancel(draft, key)
    agreed = known.agreed
    for account, side in sides_of(agreed):
        draft.delete(PARTIES, (account, side, number))
    draft.put(STANDINGS, number, replace(known, state=StandingState.ENDED, due=()))
    tell_changed(context, number, agreed, StandingState.ENDED)


@at_recovery
def pause_what_it_pays(draft: Draft, context: Context, account: bytes) -> None:
    """An account got new keys: what it pays by agreement rests until its holder resumes it."""
    for number in paid_by(draft, account):
        known = require_standing(draft, number)
        if known.state == StandingState.ACTIVE:
            draft.put(STANDINGS, number, replace(known, state=StandingState.PAUSED))
            tell_changed(context, number, known.agreed, StandingState.PAUSED)


def schedule_order(draft: Draft, context: Context, number: int, period: int, time_ms: int) -> bytes:
    return context.schedule(draft, time_ms, "standing", ORDER, OrderDue(number, period))


def order(draft: Draft, context: Context, args: bytes) -> None:
    """Due at the beginning of a period, and once a day after a failure: pay, or say why not."""
    due = decode(OrderDue, args)
    known = require_standing(draft, due.standing)
    if known.state == StandingState.ENDED:
        return
    agreed = known.agreed
    fresh = known.period != due.period
    known = replace(known, period=due.period, tries=0 if fresh else known.tries, due=())
    if is_over(agreed, due.period, context.time_ms):
        close(draft, context, due.standing, known)
        return
    reason = 0
    if known.state == StandingState.ACTIVE:
        reason = pay_order(draft, context, due.standing, agreed, due.period)
        known = replace(known, tries=known.tries + 1)
    following = period_start(agreed.start_ms, agreed.unit, agreed.every, due.period + 1)
    again = context.time_ms + DAY_MS
    retry = bool(reason) and known.tries < TRIES_MAX and again < following
    if reason == ClosedAccount.code:
        close(draft, context, due.standing, known)
        return
    if reason:
        told = OrderFailed(due.standing, due.period, reason, (again,) if retry else ())
        context.emit(told, agreed.payer)
    if not reason and known.state == StandingState.ACTIVE:
        known = replace(known, collected=agreed.ceiling)
    if not retry:
        # Periods that passed while nobody made blocks are passed over: nothing accumulates.
        running = period_at(agreed.start_ms, agreed.unit, agreed.every, context.time_ms)
        period = max(due.period, running) + 1
        again = period_start(agreed.start_ms, agreed.unit, agreed.every, period)
        if is_over(agreed, period, again):
            close(draft, context, due.standing, known)
            return
    else:
        period = due.period
    key = schedule_order(draft, context, due.standing, period, again)
    draft.put(STANDINGS, due.standing, replace(known, due=(key,)))


def pay_order(draft: Draft, context: Context, number: int, agreed: Agreed, period: int) -> int:
    """Pay one period of an order; 0, or the code of the refusal, and then nothing has happened.

    Due work has no transaction of its own: the payment is named by the order and its period.
    """
    inner = Draft(draft)
    own = Context.__new__(Context)
    for name in Context.__slots__:
        setattr(own, name, getattr(context, name))
    own.transaction_id = crypto.tagged(Tag.COMMITMENT, encode((b"order", number, period)))
    own.events = []
    try:
        payer = inner.find(ACCOUNTS, agreed.payer)
        assert payer is not None, "accounts stay"
        require_account(inner, agreed.payer)
        tell_collected(own, number, agreed, period, agreed.ceiling, agreed.ceiling)
        settle(inner, own, payment_of(agreed, agreed.ceiling, ()), payer)
    except Rejected as refusal:
        return refusal.code
    draft.absorb(inner)
    context.events += own.events
    return 0


CONTRACT = Contract(
    "standing",
    1,
    {
        "grant": Method(Grant, grant, cost=250),
        "collect": Method(Collect, collect, cost=300),
        "pause": Method(Pause, pause),
        "resume": Method(Resume, resume),
        "end": Method(End, end),
    },
    {ORDER: order},
)
