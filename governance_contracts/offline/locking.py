"""Locking coin for a device, paying it out, and giving the rest back. Part of contract offline."""

from __future__ import annotations

from msgspec.structs import replace

from chain import crypto
from chain.account import Account
from chain.codec import U53, Record
from chain.contract import Context
from chain.money import ZERO, Cents, minus
from chain.rules import DAY_MS, next_number
from chain.state import Draft, View
from governance_contracts.coins.balances import book, give_free, spend
from governance_contracts.coins.coin import require_coin
from governance_contracts.coins.limits import day_of
from governance_contracts.coins.meter import volume
from governance_contracts.coins.regimes import is_limited
from governance_contracts.offline.outcomes import (
    AllowanceEnded,
    AllowanceOpened,
    AllowanceTooLarge,
    GuaranteeEnded,
    NotSignedByDevice,
    TooManyAllowances,
    UnknownAllowance,
)
from governance_contracts.offline.records import (
    ALLOWANCES,
    GIVEN,
    GUARANTEES,
    OFFLINE_MAX,
    OFFLINE_SETTLE_DAYS,
    OFFLINE_VALID_DAYS,
    OPEN,
    OPEN_MAX,
    OWNERS,
    Allowance,
    Cover,
    GeneralPayment,
    Given,
    Guarantee,
    Open,
    Owner,
    Seller,
    Total,
    payment_bytes,
)
from governance_contracts.people.acting import FrozenAccount, is_frozen, require_actor
from governance_contracts.people.keys import require_possession
from governance_contracts.people.minors import day_max_of

CONTRACT = "offline"


class EndAllowance(Record, tag=1):
    """Due work: the time to settle is over."""

    allowance: U53


def require_payer(view: View, context: Context, payer: bytes) -> Account:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount, in that
    order. A frozen account sets nothing aside: its living allowance is paid with a node in reach,
    where it is counted."""
    account = require_actor(view, context, payer)
    if is_frozen(account):
        raise FrozenAccount(payer)
    return account


def check_device(
    view: View, context: Context, payer: bytes, device: bytes, proof: bytes, amount: int
) -> None:
    """Refuses BadKey, NoPossession, AllowanceTooLarge, TooManyAllowances, in that order."""
    require_possession(context, payer, device, proof)
    limit = OFFLINE_MAX.of(view)
    if amount > limit:
        raise AllowanceTooLarge(amount, limit)
    opened = view.get(OPEN, payer)
    if opened is not None and len(opened.allowances) >= OPEN_MAX:
        raise TooManyAllowances(payer)


def lock(
    draft: Draft,
    context: Context,
    payer: bytes,
    account: Account,
    coin: str,
    device: bytes,
    amount: Cents,
    bound: Seller | Cover,
) -> int:
    """Free coin becomes offline coin, and counts as paid today; returns the allowance's number.

    Refuses NotEnoughCoin, DayLimit, in that order.
    """
    day = day_of(context.time_ms)
    spend(draft, payer, coin, amount, amount, day, day_max_of(draft, payer, account))
    book(draft, coin, free=-amount, offline=amount)
    number = next_number(draft, "offline_allowance")
    until_ms = context.time_ms + OFFLINE_VALID_DAYS.of(draft) * DAY_MS
    allowance = Allowance(
        coin,
        device,
        amount,
        ZERO,
        context.time_ms,
        until_ms,
        (bound,) if isinstance(bound, Seller) else (),
        (bound,) if isinstance(bound, Cover) else (),
        0,
        False,
    )
    ends_ms = until_ms + OFFLINE_SETTLE_DAYS.of(draft) * DAY_MS
    due = context.schedule(draft, ends_ms, CONTRACT, "end", EndAllowance(number))
    draft.put(ALLOWANCES, number, allowance)
    draft.put(OWNERS, number, Owner(payer, due))
    opened = draft.get(OPEN, payer)
    draft.put(OPEN, payer, Open((*opened.allowances, number) if opened else (number,)))
    context.emit(AllowanceOpened(number, coin, amount, until_ms), payer)
    return number


def require_allowance(view: View, number: int) -> Allowance:
    """Refuses UnknownAllowance."""
    found = view.get(ALLOWANCES, number)
    if found is None:
        raise UnknownAllowance(number)
    return found


def owner_of(view: View, number: int) -> Owner:
    owner = view.get(OWNERS, number)
    assert owner is not None, "an allowance is somebody's"
    return owner


def require_signed(
    context: Context, allowance: Allowance, payment: Total | GeneralPayment, signature: bytes
) -> None:
    """Refuses NotSignedByDevice."""
    message = payment_bytes(context.chain, context.epoch, payment)
    if not crypto.verify(allowance.device, message, signature):
        raise NotSignedByDevice(payment.allowance)


def pay_out(draft: Draft, context: Context, code: str, seller: bytes, amount: int) -> None:
    """Offline coin becomes the seller's free coin, and counts for the issuer's meter. No limit
    applies: what is settled was sold already."""
    give_free(draft, seller, code, amount)
    book(draft, code, free=amount, offline=-amount)
    coin = require_coin(draft, code)
    volume(draft, context, coin, amount, limited=is_limited(draft, coin))


def end(draft: Draft, context: Context, number: int) -> None:
    """The rest of an allowance is its payer's free coin again."""
    allowance, owner = require_allowance(draft, number), owner_of(draft, number)
    rest = minus(allowance.amount, allowance.paid)
    if rest:
        give_free(draft, owner.payer, allowance.coin, rest)
        book(draft, allowance.coin, free=rest, offline=-rest)
    draft.delete(ALLOWANCES, number)
    draft.delete(OWNERS, number)
    opened = draft.get(OPEN, owner.payer)
    left = tuple(n for n in (opened.allowances if opened else ()) if n != number)
    if left:
        draft.put(OPEN, owner.payer, Open(left))
    else:
        draft.delete(OPEN, owner.payer)
    context.emit(AllowanceEnded(number, allowance.coin, rest), owner.payer)
    for cover in allowance.cover:
        guarantee = draft.get(GUARANTEES, cover.guarantee)
        assert guarantee is not None, "a guarantee stays while allowances stand on it"
        less = replace(guarantee, open=guarantee.open - 1)
        draft.put(GUARANTEES, cover.guarantee, less)
        free_guarantee(draft, context, cover.guarantee, less)


def free_guarantee(draft: Draft, context: Context, number: int, guarantee: Guarantee) -> None:
    """Give the fund its coin back if the guarantee has ended and nothing stands on it."""
    if not guarantee.ended or guarantee.open:
        return
    if guarantee.left:
        give_free(draft, guarantee.fund, guarantee.coin, guarantee.left)
        book(draft, guarantee.coin, free=guarantee.left, offline=-guarantee.left)
    draft.put(GUARANTEES, number, replace(guarantee, left=ZERO))
    count_given(draft, guarantee.fund, -1)
    context.emit(GuaranteeEnded(number, guarantee.coin, guarantee.left), guarantee.fund)


def count_given(draft: Draft, fund: bytes, step: int) -> None:
    known = draft.get(GIVEN, fund)
    count = (known.count if known else 0) + step
    if count:
        draft.put(GIVEN, fund, Given(count))
    else:
        draft.delete(GIVEN, fund)
