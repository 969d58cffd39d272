"""What a recovery does to an account: the lock, the emergency card, the new keys, the end.

Part of the recovery contract (`recovery.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from chain.account import (
    ACCOUNTS,
    KEYS_MAX,
    PURSES,
    AccountKey,
    AccountKind,
    KeyRole,
    Purse,
    purse_of,
)
from chain.codec import AccountId, Key, Record, Sig
from chain.contract import Context
from chain.rules import cancel
from chain.state import Draft
from governance_contracts.mandates.mandate import end
from governance_contracts.mandates.mandates import Status, given_by, require_mandate
from governance_contracts.people.acting import require_account
from governance_contracts.people.keys import (
    KEY_COUNTS,
    KEY_NUMBER_MAX,
    KeyCount,
    KeyTwice,
    TooManyKeys,
    next_key_number,
    require_possession,
)
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.allowance import LOCKS, Lock, forget_allowance, settle_status
from governance_contracts.recovery.recoveries import (
    LAST_ATTEMPTS,
    NAMED,
    RECOVERIES,
    CardIssued,
    LastAttempt,
    NoCardHere,
    NotLocked,
    Recovery,
    RecoveryDone,
)


class IssueCard(Record, tag=1):
    """An emergency card for a locked account; it takes the place of one issued before."""

    account: AccountId
    key: Key
    proof: Sig


def lock_account(draft: Draft, context: Context, account: bytes, recovery: Recovery) -> None:
    draft.put(LOCKS, account, Lock(context.time_ms, ()))
    forget_allowance(draft, account)
    settle_status(draft, account)
    last = LastAttempt(context.time_ms, False, recovery.guardians)
    draft.put(LAST_ATTEMPTS, account, last)


Hook = Callable[[Draft, Context, bytes], None]
H = TypeVar("H", bound=Hook)
RECOVERED: dict[str, Hook] = {}


def at_recovery(hook: H) -> H:
    """Declare what else stops when an account (its id) gets new keys, because the old ones may have
    agreed to it in a thief's hand; for contracts above."""
    RECOVERED[hook.__qualname__] = hook
    return hook


def has_numbers_for(draft: Draft, id: bytes, keys: int) -> bool:
    """Are there numbers left for so many new keys?"""
    account = draft.find(ACCOUNTS, id)
    return account is not None and next_key_number(draft, id, account) + keys <= KEY_NUMBER_MAX


def replace_keys(draft: Draft, context: Context, id: bytes, recovery: Recovery) -> RecoveryDone:
    """New keys for all old ones; and what the old ones let others do ends: mandates that the
    account gave by itself, and whatever `at_recovery` names. Those that the office entered stay."""
    for number in given_by(draft, id):
        mandate = require_mandate(draft, number)
        if not mandate.office:
            end(draft, context, number, mandate, Status.ENDED)
    for name in sorted(RECOVERED):
        RECOVERED[name](draft, context, id)
    account = draft.find(ACCOUNTS, id)
    assert account is not None, "looked at before"
    removed = tuple(key.number for key in account.keys)
    first = next_key_number(draft, id, account)
    keys = tuple(
        AccountKey(first + i, key, KeyRole.FULL, ()) for i, key in enumerate(recovery.keys)
    )
    draft.put(ACCOUNTS, id, replace(account, keys=keys, threshold=recovery.threshold))
    draft.put(KEY_COUNTS, id, KeyCount(first + len(keys)))
    purse = purse_of(draft, id)
    draft.put(PURSES, id, Purse((), purse.free, purse.spent))
    return RecoveryDone(id, tuple(key.number for key in keys), removed)


def unlock(draft: Draft, id: bytes) -> None:
    """The attempt is over: no record of it, no card, and payments go out again."""
    draft.delete(RECOVERIES, id)
    lock = draft.get(LOCKS, id)
    if lock is None:
        return
    draft.delete(LOCKS, id)
    for card in lock.card:
        drop_key(draft, id, card)
    forget_allowance(draft, id)
    settle_status(draft, id)


def end_recovery_of(draft: Draft, id: bytes) -> None:
    """The account ends: attempts, guardians and what is known of them go."""
    recovery = draft.get(RECOVERIES, id)
    if recovery is not None:
        cancel(draft, recovery.due)
        unlock(draft, id)
    if draft.get(NAMED, id) is not None:
        draft.delete(NAMED, id)
    if draft.get(LAST_ATTEMPTS, id) is not None:
        draft.delete(LAST_ATTEMPTS, id)


def issue_card(draft: Draft, context: Context, args: IssueCard) -> None:
    """The office of the account's wijk gives its holder a key that pays a little.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotLocked, NoCardHere,
    BadKey, NoPossession, KeyTwice, TooManyKeys, in that order.
    """
    account = require_account(draft, args.account)
    office = office_of(draft, args.account, account, context.height)
    registrar = require_office(draft, context, office)
    lock = draft.get(LOCKS, args.account)
    if lock is None:
        raise NotLocked(args.account)
    if account.kind != AccountKind.PERSON or account.threshold != 1:
        raise NoCardHere(args.account)
    require_possession(context, args.account, args.key, args.proof)
    for old in lock.card:
        drop_key(draft, args.account, old)
    account = require_account(draft, args.account)
    if any(key.key == args.key for key in account.keys):
        raise KeyTwice(args.key)
    if len(account.keys) >= KEYS_MAX:
        raise TooManyKeys(len(account.keys) + 1, KEYS_MAX)
    number = next_key_number(draft, args.account, account)
    if number >= KEY_NUMBER_MAX:
        raise TooManyKeys(number, KEY_NUMBER_MAX)
    keys = (*account.keys, AccountKey(number, args.key, KeyRole.CARD, ()))
    draft.put(ACCOUNTS, args.account, replace(account, keys=keys))
    draft.put(KEY_COUNTS, args.account, KeyCount(number + 1))
    draft.put(LOCKS, args.account, replace(lock, card=(number,)))
    by = (registrar,) if registrar else ()
    context.emit(CardIssued(args.account, by, number), args.account)


def drop_key(draft: Draft, id: bytes, number: int) -> None:
    account = draft.find(ACCOUNTS, id)
    assert account is not None, "a lock is on a registered account"
    kept = tuple(key for key in account.keys if key.number != number)
    draft.put(ACCOUNTS, id, replace(account, keys=kept))
    purse = purse_of(draft, id)
    windows = tuple(window for window in purse.windows if window.key != number)
    draft.put(PURSES, id, Purse(windows, purse.free, purse.spent))


def people(recovery: Recovery) -> tuple[bytes, ...]:
    return recovery.guardians[0].people if recovery.guardians else ()


def tell(context: Context, report: Record, account: bytes, others: Iterable[bytes]) -> None:
    """To the account, and to each of the others once."""
    for party in (account, *(other for other in others if other != account)):
        context.emit(report, party)
