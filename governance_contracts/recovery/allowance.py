"""What stops an account from paying, and the little that a stopped account may still pay.

Four things stop what goes out, never what comes in: the office's freeze, a recovery under way
(the lock), insolvency, and the end of the account. A person who is frozen or insolvent keeps a
living allowance per day. Under a lock nobody knows yet who holds the keys, so they pay nothing;
the office may issue an emergency card, a key that pays a little per day and in all, out of the
account's own coin. Amounts are per coin, in cents; a day is one of block time in UTC.

`status` says that an account is stopped, the records here say by what (`settle_status`).
Part of the registry, below every contract that moves money.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, Account, AccountKind, Status
from chain.authority import Holder
from chain.codec import U16, U32, AccountId, Code, Hash, Millis, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.money import ZERO, Cents, CentsField
from chain.rules import DAY_MS, Parameter
from chain.state import Draft, Table, View, raw
from chain.transaction import AccountActor
from governance_contracts.people.acting import FrozenAccount, is_frozen

LIVING_DAY = Parameter(
    "living_allowance_day", 2_500, 1_000, 100_000, "cents per day and coin of a frozen person"
)
CARD_DAY = Parameter(
    "emergency_card_day", 2_500, 500, 25_000, "cents per day and coin by an emergency card"
)
CARD_IN_ALL = Parameter(
    "emergency_card_in_all", 10_000, 500, 100_000, "cents per coin by an emergency card in all"
)


class Freeze(Record, tag=1):
    """`reason`: a code from the office's list. `due`: queue key of its lapse."""

    reason: Code
    until_ms: Millis
    due: bytes


class Lock(Record, tag=1):
    """A recovery is under way. `card`: number of the emergency card's key, if one was issued."""

    since_ms: Millis
    card: Annotated[tuple[U16, ...], Meta(max_length=1)]


class Insolvency(Record, tag=1):
    """`estate`: commitment to the only bank account that coin may be redeemed to. `curator`:
    who acts for the account, under a mandate."""

    curator: AccountId
    estate: Hash
    court: Hash
    since_ms: Millis


class Allowance(Record, tag=1):
    """What a stopped account has paid in one coin: on `day`, and since the lock began."""

    day: U32
    today: CentsField
    in_all: CentsField


def allowance_key(place: tuple[bytes, str]) -> bytes:
    account, coin = place
    return account + coin.encode("ascii")


FREEZES: Table[bytes, Freeze] = Table(34, "freeze", Freeze, raw)
LOCKS: Table[bytes, Lock] = Table(110, "recovery_lock", Lock, raw)
ALLOWANCES: Table[tuple[bytes, str], Allowance] = Table(
    120, "allowance_used", Allowance, allowance_key
)
INSOLVENCIES: Table[bytes, Insolvency] = Table(121, "insolvency", Insolvency, raw)

NOTHING_PAID = Allowance(0, ZERO, ZERO)


class AboveAllowance(Rejected):
    """The account is stopped, and this is more than it may still pay: `left` cents today."""

    code = 1100
    fields = ("account", "coin", "left")


class Locked(Rejected):
    """A recovery of this account is under way: until it ends, nothing is paid, and keys and
    guardians stay as they are."""

    code = 1101
    fields = ("account",)


class NotToTheEstate(Rejected):
    """A bankrupt's coin is redeemed to the estate's bank account only."""

    code = 1102
    fields = ("account",)


def require_outgoing(
    draft: Draft, context: Context, account_id: bytes, account: Account, coin: str, amount: int
) -> None:
    """May the account pay `amount` (free and bound coin together) now? Counts what a stopped
    account pays against its allowance.

    If nothing at all may be paid this way, refuses Locked (while a recovery is under way) or
    FrozenAccount; then AboveAllowance.
    """
    if not is_frozen(account):
        return
    lock = draft.get(LOCKS, account_id)
    if lock is not None:
        if not lock.card or not is_by_key(context, account_id, lock.card[0]):
            raise Locked(account_id)
        day_max, in_all = CARD_DAY.of(draft), CARD_IN_ALL.of(draft)
    else:
        if account.kind != AccountKind.PERSON or not may_live(draft, account_id):
            raise FrozenAccount(account_id)
        day_max = in_all = LIVING_DAY.of(draft)
    _count(draft, context, (account_id, coin), amount, day_max, in_all if lock else None)


def require_cashing(
    view: View, context: Context, account_id: bytes, account: Account, destination: bytes
) -> None:
    """May the account's coin be redeemed to this (commitment to a) bank account now?

    A bankrupt's coin goes to the estate's account, and only its curator asks for it. Refuses
    FrozenAccount, NotToTheEstate, in that order.
    """
    if not is_frozen(account):
        return
    insolvency = view.get(INSOLVENCIES, account_id)
    if insolvency is None or view.get(LOCKS, account_id) is not None:
        raise FrozenAccount(account_id)
    actor = context.actor
    carried = context.decision == Holder(account_id)
    if not carried or not isinstance(actor, AccountActor) or actor.account != insolvency.curator:
        raise FrozenAccount(account_id)
    if destination != insolvency.estate:
        raise NotToTheEstate(account_id)


def may_live(view: View, account: bytes) -> bool:
    """Is the account stopped by something that leaves a person an allowance to live on?"""
    return view.get(FREEZES, account) is not None or view.get(INSOLVENCIES, account) is not None


def is_by_key(context: Context, account: bytes, number: int) -> bool:
    """Did this key of the account itself send the call, and no decision or mandate?"""
    actor = context.actor
    return (
        context.decision is None
        and isinstance(actor, AccountActor)
        and (actor.account, actor.key) == (account, number)
    )


def _count(
    draft: Draft,
    context: Context,
    place: tuple[bytes, str],
    amount: int,
    day_max: int,
    in_all: int | None,
) -> None:
    today = context.time_ms // DAY_MS
    used = draft.get(ALLOWANCES, place) or NOTHING_PAID
    paid = used.today if used.day == today else 0
    left = day_max - paid
    if in_all is not None:
        left = min(left, in_all - used.in_all)
    if amount > left:
        raise AboveAllowance(place[0], place[1], max(0, left))
    draft.put(
        ALLOWANCES,
        place,
        Allowance(today, Cents(paid + amount), Cents(used.in_all + amount if in_all else 0)),
    )


def forget_allowance(draft: Draft, account: bytes) -> None:
    """Begin to count anew. One record per coin, and a purse holds at most 64 coins."""
    for key, _ in list(_used(draft, account)):
        draft.delete(ALLOWANCES, (account, key[len(account) :].decode("ascii")))


def _used(view: View, account: bytes) -> list[tuple[bytes, Allowance]]:
    found = []
    for key, used in view.scan(ALLOWANCES, account):
        if key[: len(account)] != account:
            break
        found.append((key, used))
    return found


def require_unlocked(view: View, account: bytes) -> None:
    """Refuses Locked."""
    if view.get(LOCKS, account) is not None:
        raise Locked(account)


def settle_status(draft: Draft, id: bytes) -> None:
    """After a cause came or went: the status that the causes left give. Closed stays closed."""
    account = draft.find(ACCOUNTS, id)
    assert account is not None, "a cause is of a registered account"
    if account.status == Status.CLOSED:
        return
    stopped = may_live(draft, id) or draft.get(LOCKS, id) is not None
    status = Status.FROZEN if stopped else Status.ACTIVE
    if account.status != status:
        draft.put(ACCOUNTS, id, replace(account, status=status))
        if not stopped:
            forget_allowance(draft, id)
