"""General allowances: a device that pays any seller, because a fund answers for it.

A seller without a network cannot see what the device spent elsewhere. So a fund locks free coin as
a *guarantee*, names the accounts whose devices it answers for, and pays when a copied device has
spent more than its payer locked. Two signed payments that cannot both be honest freeze the device,
whoever shows them; what the guarantee paid is the payer's debt. Part of contract offline.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.codec import U53, AccountId, Code, Key, Record, Sig
from chain.contract import Context
from chain.money import ZERO, AmountField, Cents, minus, plus
from chain.rules import DAY_MS, next_number
from chain.state import Draft, View
from governance_contracts.coins.balances import book, give_free, take_free
from governance_contracts.coins.coin import NotAccepted, Phase, accepts, require_coin, require_phase
from governance_contracts.earmarks.earmark import heir_of
from governance_contracts.offline.locking import (
    check_device,
    count_given,
    free_guarantee,
    lock,
    owner_of,
    pay_out,
    require_allowance,
    require_payer,
    require_signed,
)
from governance_contracts.offline.outcomes import (
    BadPayment,
    CoverChanged,
    DebtRepaid,
    DeviceFrozen,
    DeviceKnownFrozen,
    DeviceNotCovered,
    GuaranteeGiven,
    GuaranteePaid,
    GuaranteeSpent,
    InDebt,
    NoDebt,
    NotDouble,
    NothingNew,
    OfflineReceived,
    OfflineSettled,
    SellerDayLimit,
    TooManySettled,
    UnknownGuarantee,
)
from governance_contracts.offline.records import (
    ALLOWANCES,
    COVERED,
    DAYS_KEPT,
    GUARANTEES,
    OFFLINE_EACH_MAX,
    OFFLINE_SELLER_DAY_MAX,
    SELLER_DAYS,
    SETTLED,
    SETTLED_MAX,
    Allowance,
    Cover,
    Covered,
    DayTotal,
    GeneralPayment,
    Guarantee,
    SellerDays,
    Settled,
    SignedGeneral,
    settled_prefix,
)
from governance_contracts.people.acting import require_account, require_actor

COVER_MAX = 64


class Guard(Record, tag=1):
    """Lock free coin of a fund behind general allowances."""

    fund: AccountId
    coin: Code
    amount: AmountField


class ChangeCover(Record, tag=1):
    """From now on the fund answers for the devices of these accounts, or no longer does. What is
    open stays covered."""

    guarantee: U53
    accounts: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=COVER_MAX)]
    covered: bool


class EndGuarantee(Record, tag=1):
    """No new allowances; the coin returns when the last of those that are open has ended."""

    guarantee: U53


class OpenGeneral(Record, tag=1):
    """Lock the payer's own coin for a device that a guarantee covers. `proof`: of possession of
    the device's key, for the payer's account."""

    payer: AccountId
    guarantee: U53
    device: Key
    proof: Sig
    amount: AmountField


class SettleGeneral(Record, tag=1):
    signed: SignedGeneral


class ProveDouble(Record, tag=1):
    """Two payments that the device of one allowance signed and that cannot both be honest."""

    first: SignedGeneral
    second: SignedGeneral


class Repay(Record, tag=1):
    """The payer gives the fund back what its guarantee paid."""

    guarantee: U53
    payer: AccountId
    amount: AmountField


def require_guarantee(view: View, number: int) -> Guarantee:
    """Refuses UnknownGuarantee."""
    found = view.get(GUARANTEES, number)
    if found is None:
        raise UnknownGuarantee(number)
    return found


def guard(draft: Draft, context: Context, args: Guard) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount,
    UnknownCoin, CoinWindsDown, NotEnoughCoin, in that order."""
    require_payer(draft, context, args.fund)
    require_phase(require_coin(draft, args.coin))
    take_free(draft, args.fund, args.coin, args.amount)
    book(draft, args.coin, free=-args.amount, offline=args.amount)
    number = next_number(draft, "offline_guarantee")
    draft.put(GUARANTEES, number, Guarantee(args.fund, args.coin, args.amount, 0, False))
    count_given(draft, args.fund, 1)
    context.emit(GuaranteeGiven(number, args.coin, args.amount), args.fund)


def change_cover(draft: Draft, context: Context, args: ChangeCover) -> None:
    """Refuses UnknownGuarantee; as the fund NotRegistered, ClosedAccount, NotAuthorised,
    TillKeyOnly; for each account to be covered NotRegistered, ClosedAccount; in that order."""
    guarantee = require_guarantee(draft, args.guarantee)
    require_actor(draft, context, guarantee.fund)
    for account in args.accounts:
        if args.covered:
            require_account(draft, account)
        key = (args.guarantee, account)
        known = draft.get(COVERED, key)
        if known is None and not args.covered:
            continue
        draft.put(COVERED, key, Covered(args.covered, known.debt if known else ZERO))
        told = CoverChanged(args.guarantee, account, args.covered)
        context.emit(told, guarantee.fund)
        context.emit(told, account)


def end_guarantee(draft: Draft, context: Context, args: EndGuarantee) -> None:
    """By the fund; by anybody once the coin is redeemed because it ends, so that what a fund forgot
    keeps nobody's end waiting.

    Refuses UnknownGuarantee (also if it has ended); as the fund NotRegistered, ClosedAccount,
    NotAuthorised, TillKeyOnly; in that order."""
    guarantee = require_guarantee(draft, args.guarantee)
    if guarantee.ended:
        raise UnknownGuarantee(args.guarantee)
    if require_coin(draft, guarantee.coin).phase < Phase.REDEEMING:
        require_actor(draft, context, guarantee.fund)
    ended = replace(guarantee, ended=True)
    draft.put(GUARANTEES, args.guarantee, ended)
    free_guarantee(draft, context, args.guarantee, ended)


def open_general(draft: Draft, context: Context, args: OpenGeneral) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount (the payer);
    UnknownGuarantee, DeviceNotCovered, InDebt; CoinWindsDown; BadKey, NoPossession,
    AllowanceTooLarge, TooManyAllowances; NotEnoughCoin, DayLimit; in that order."""
    account = require_payer(draft, context, args.payer)
    guarantee = require_guarantee(draft, args.guarantee)
    if guarantee.ended:
        raise UnknownGuarantee(args.guarantee)
    covered = draft.get(COVERED, (args.guarantee, args.payer))
    if covered is None or not covered.covered:
        raise DeviceNotCovered(args.guarantee, args.payer)
    if covered.debt:
        raise InDebt(args.guarantee, args.payer, covered.debt)
    require_phase(require_coin(draft, guarantee.coin))
    check_device(draft, context, args.payer, args.device, args.proof, args.amount)
    each = Cents(OFFLINE_EACH_MAX.of(draft))
    day = Cents(OFFLINE_SELLER_DAY_MAX.of(draft))
    cover = Cover(args.guarantee, each, day)
    lock(draft, context, args.payer, account, guarantee.coin, args.device, args.amount, cover)
    draft.put(GUARANTEES, args.guarantee, replace(guarantee, open=guarantee.open + 1))


def check_general(allowance: Allowance, payment: GeneralPayment) -> Cover:
    """Does this payment fit the allowance? Sellers' wallets ask the same.

    Refuses BadPayment: kind, each, total, day.
    """
    if not allowance.cover:
        raise BadPayment("kind")
    cover = allowance.cover[0]
    if payment.amount > cover.each:
        raise BadPayment("each")
    if not payment.amount <= payment.total <= allowance.amount:
        raise BadPayment("total")
    if not allowance.opened_ms // DAY_MS <= payment.day <= allowance.until_ms // DAY_MS:
        raise BadPayment("day")
    return cover


def settle_general(draft: Draft, context: Context, args: SettleGeneral) -> None:
    """Credit the seller: out of the payer's coin while there is any, then out of the guarantee.

    A seller is paid once per number. The same number with another seller, or signed payments that
    add up to more than was locked, show that the device spent twice: it is frozen. If the
    guarantee cannot cover all of a payment, it covers what it can.

    Refuses UnknownAllowance; as the seller NotRegistered, ClosedAccount, NotAuthorised; BadPayment;
    NotSignedByDevice; NotAccepted; NothingNew; TooManySettled; SellerDayLimit; GuaranteeSpent; in
    that order.
    """
    payment = args.signed.payment
    number = payment.allowance
    allowance = require_allowance(draft, number)
    require_actor(draft, context, payment.seller, till=True)
    cover = check_general(allowance, payment)
    require_signed(context, allowance, payment, args.signed.signature)
    if not accepts(draft, payment.seller, require_coin(draft, allowance.coin)):
        raise NotAccepted(payment.seller, allowance.coin)
    key = (number, payment.sequence, payment.seller)
    if draft.get(SETTLED, key) is not None:
        raise NothingNew(number, payment.sequence)
    if allowance.settled >= SETTLED_MAX:
        raise TooManySettled(number)
    count_day(draft, cover, payment)

    twice = settled_elsewhere(draft, number, payment.sequence)
    own = Cents(min(payment.amount, allowance.amount - allowance.paid))
    guaranteed = Cents(min(payment.amount - own, guarantee_of(draft, cover).left))
    if not own + guaranteed:
        raise GuaranteeSpent(cover.guarantee)
    frozen = allowance.frozen or twice or own < payment.amount
    later = replace(
        allowance, paid=plus(allowance.paid, own), settled=allowance.settled + 1, frozen=frozen
    )
    draft.put(ALLOWANCES, number, later)
    draft.put(SETTLED, key, Settled(payment.amount, guaranteed))
    pay_out(draft, context, allowance.coin, payment.seller, own + guaranteed)
    payer = owner_of(draft, number).payer
    received = OfflineReceived(
        number, allowance.coin, Cents(own + guaranteed), payment.place, guaranteed
    )
    context.emit(received, payment.seller)
    context.emit(OfflineSettled(number, allowance.coin, own, later.paid), payer)
    if guaranteed:
        charge(draft, context, number, later, payer, guaranteed)
    if frozen and not allowance.frozen:
        context.emit(DeviceFrozen(number, allowance.device))


def guarantee_of(view: View, cover: Cover) -> Guarantee:
    guarantee = view.get(GUARANTEES, cover.guarantee)
    assert guarantee is not None, "a guarantee stays while allowances stand on it"
    return guarantee


def settled_elsewhere(view: View, number: int, sequence: int) -> bool:
    """Was a payment of this number settled by another seller?"""
    prefix = settled_prefix(number, sequence)
    for key, _ in view.scan(SETTLED, prefix):
        return key.startswith(prefix)
    return False


def count_day(draft: Draft, cover: Cover, payment: GeneralPayment) -> None:
    """Refuses SellerDayLimit."""
    key = (cover.guarantee, payment.seller)
    known = draft.get(SELLER_DAYS, key)
    totals = {total.day: int(total.amount) for total in (known.days if known else ())}
    before = totals.get(payment.day, 0)
    if before + payment.amount > cover.day:
        raise SellerDayLimit(cover.guarantee, max(0, cover.day - before))
    totals[payment.day] = before + payment.amount
    kept = sorted(totals)[-DAYS_KEPT:]
    days = tuple(DayTotal(day, Cents(totals[day])) for day in kept)
    draft.put(SELLER_DAYS, key, SellerDays(days))


def charge(
    draft: Draft, context: Context, number: int, allowance: Allowance, payer: bytes, amount: Cents
) -> None:
    """The guarantee has paid this: the payer owes it to the fund."""
    cover = allowance.cover[0]
    guarantee = guarantee_of(draft, cover)
    draft.put(GUARANTEES, cover.guarantee, replace(guarantee, left=minus(guarantee.left, amount)))
    key = (cover.guarantee, payer)
    known = draft.get(COVERED, key)
    assert known is not None, "an allowance is opened by who is covered"
    debt = plus(known.debt, amount)
    draft.put(COVERED, key, Covered(known.covered, debt))
    told = GuaranteePaid(cover.guarantee, number, allowance.coin, amount, debt)
    context.emit(told, guarantee.fund)
    context.emit(told, payer)


def prove_double(draft: Draft, context: Context, args: ProveDouble) -> None:
    """Freeze a device that spent twice. Anybody may show it.

    Refuses UnknownAllowance, BadPayment (the first, then the second), DeviceKnownFrozen,
    NotSignedByDevice (the first, then the second), NotDouble, in that order.
    """
    first, second = args.first.payment, args.second.payment
    allowance = require_allowance(draft, first.allowance)
    for payment in (first, second):
        check_general(allowance, payment)
    if allowance.frozen:
        raise DeviceKnownFrozen(first.allowance)
    for signed in (args.first, args.second):
        require_signed(context, allowance, signed.payment, signed.signature)
    if first.allowance != second.allowance or not are_double(first, second):
        raise NotDouble()
    draft.put(ALLOWANCES, first.allowance, replace(allowance, frozen=True))
    context.emit(DeviceFrozen(first.allowance, allowance.device))


def are_double(first: GeneralPayment, second: GeneralPayment) -> bool:
    """One number for two payments; or a later one that does not come on top of the earlier."""
    if first.sequence == second.sequence:
        return first != second
    earlier, later = (first, second) if first.sequence < second.sequence else (second, first)
    return later.total - later.amount < earlier.total


def repay(draft: Draft, context: Context, args: Repay) -> None:
    """Refuses UnknownGuarantee; NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly,
    FrozenAccount (the payer); NoDebt; FundClosed; NotEnoughCoin; in that order. A closed fund's
    successor is repaid."""
    guarantee = require_guarantee(draft, args.guarantee)
    require_payer(draft, context, args.payer)
    known = draft.get(COVERED, (args.guarantee, args.payer))
    debt = known.debt if known else ZERO
    if known is None or args.amount > debt:
        raise NoDebt(args.guarantee, args.payer, debt)
    fund = heir_of(draft, guarantee.fund)
    take_free(draft, args.payer, guarantee.coin, args.amount)
    give_free(draft, fund, guarantee.coin, args.amount)
    left = minus(debt, args.amount)
    draft.put(COVERED, (args.guarantee, args.payer), Covered(known.covered, left))
    told = DebtRepaid(args.guarantee, guarantee.coin, args.amount, left)
    context.emit(told, args.payer)
    context.emit(told, fund)
