"""Keys of an account: which there are, how many must sign, and proof that somebody holds each.

A key enters with a signature by itself (kind POSSESSION) over the account's id and the key, so
that nobody can register a stranger's key or one of small order. Numbers count up and never come
back: a replay window, and an old signature, belong to one key. Part of the registry contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.account import (
    ACCOUNTS,
    KEYS_MAX,
    PURSES,
    Account,
    AccountKey,
    KeyRole,
    Purse,
    find_key,
    purse_of,
)
from chain.codec import U8, U16, AccountId, Key, Record, Sig, encode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.kinds import Kind
from chain.state import Draft, Table, View, raw
from governance_contracts.people.acting import require_actor
from governance_contracts.people.places import PLACES_MAX
from governance_contracts.recovery.allowance import require_unlocked


class NewKey(Record, tag=1):
    """`proof`: the key's own signature over `possession_bytes`. `place`: of a till key only."""

    key: Key
    role: U8
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    proof: Sig


NewKeys = Annotated[tuple[NewKey, ...], Meta(min_length=1, max_length=KEYS_MAX)]


class KeyCount(Record, tag=1):
    """The number the account's next key gets."""

    next: U16


KEY_COUNTS: Table[bytes, KeyCount] = Table(33, "key_count", KeyCount, raw)
"""Kept from the first change of keys on; before it, the next number is the number of keys."""

KEY_NUMBER_MAX = 2**16 - 1
KEPT_FOR_RECOVERY = 1_024
"""Numbers that changes of keys leave alone: a thief must not use them all up, or nobody could give
the holder new keys."""


class BadKey(Rejected):
    """Not the canonical encoding of an Ed25519 point of prime order."""

    code = 210
    fields = ("key",)


class NoPossession(Rejected):
    """The proof is not the key's own signature over this holder."""

    code = 211
    fields = ("key",)


class KeyTwice(Rejected):
    code = 212
    fields = ("key",)


class BadRole(Rejected):
    """A full key names no place; a till key names one, and stands in an account that asks one
    signature only."""

    code = 213
    fields = ("key",)


class BadThreshold(Rejected):
    """The threshold is 1 up to the number of full keys."""

    code = 214
    fields = ("threshold", "full_keys")


class TooManyKeys(Rejected):
    code = 215
    fields = ("keys", "most")


class NoSuchKey(Rejected):
    code = 216
    fields = ("account", "key")


class ChangeKeys(Record, tag=1):
    """Add `added` and take `removed` (key numbers, sorted) away in one step; then `threshold`
    holds. A rotation adds one and removes one."""

    account: AccountId
    added: Annotated[tuple[NewKey, ...], Meta(max_length=KEYS_MAX)]
    removed: Annotated[tuple[U16, ...], Meta(max_length=KEYS_MAX)]
    threshold: U8


@event
class KeysChanged(Record, tag=210):
    """`numbers`: those of the keys added, in the order in which they were given."""

    account: AccountId
    numbers: tuple[U16, ...]
    removed: tuple[U16, ...]
    threshold: U8


def possession_bytes(chain: bytes, epoch: int, holder: bytes, key: bytes) -> bytes:
    """What a key signs to show that its owner holds it.

    `holder`: an account id, or for keys of a validator `seat:` or `node:` and the wijk code.
    """
    return crypto.sign_bytes(Kind.POSSESSION, chain, epoch, encode((holder, key)))


def prove_possession(seed: bytes, chain: bytes, epoch: int, holder: bytes) -> bytes:
    """The proof, made with the private seed. For wallets and tests."""
    key = crypto.public_key(seed)
    return crypto.sign(seed, possession_bytes(chain, epoch, holder, key))


def require_possession(context: Context, holder: bytes, key: bytes, proof: bytes) -> None:
    """Refuses BadKey, NoPossession."""
    if not crypto.is_public_key(key):
        raise BadKey(key)
    if not crypto.verify(key, possession_bytes(context.chain, context.epoch, holder, key), proof):
        raise NoPossession(key)


def check_key_set(keys: Sequence[AccountKey], threshold: int) -> None:
    """Rules for the whole set. Refuses TooManyKeys, BadKey, KeyTwice, BadRole, BadThreshold."""
    if len(keys) > KEYS_MAX:
        raise TooManyKeys(len(keys), KEYS_MAX)
    for key in keys:
        if not crypto.is_public_key(key.key):
            raise BadKey(key.key)
    ordered = sorted(key.key for key in keys)
    for a, b in pairwise(ordered):
        if a == b:
            raise KeyTwice(a)
    for key in keys:
        if not _role_fits(key, threshold):
            raise BadRole(key.key)
    full = sum(key.role == KeyRole.FULL for key in keys)
    if not 1 <= threshold <= full:
        raise BadThreshold(threshold, full)


def _role_fits(key: AccountKey, threshold: int) -> bool:
    match key.role:
        case KeyRole.FULL:
            return not key.place
        case KeyRole.TILL:
            return len(key.place) == 1 and 1 <= key.place[0] <= PLACES_MAX and threshold == 1
        case _:
            return False


def change_keys(draft: Draft, context: Context, args: ChangeKeys) -> None:
    """Add, rotate and remove keys, and set the threshold, under the holder.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, Locked, NoSuchKey, BadKey,
    NoPossession, TooManyKeys, KeyTwice, BadRole, BadThreshold, in that order.
    """
    account = require_actor(draft, context, args.account)
    require_unlocked(draft, args.account)
    for number in args.removed:
        if find_key(account, number) is None:
            raise NoSuchKey(args.account, number)
    for new in args.added:
        require_possession(context, args.account, new.key, new.proof)
    first = next_key_number(draft, args.account, account)
    kept = tuple(key for key in account.keys if key.number not in args.removed)
    added = tuple(
        AccountKey(first + i, new.key, new.role, new.place) for i, new in enumerate(args.added)
    )
    most = KEY_NUMBER_MAX - KEPT_FOR_RECOVERY
    if first + len(added) > most:
        raise TooManyKeys(first + len(added), most)
    check_key_set(kept + added, args.threshold)
    draft.put(ACCOUNTS, args.account, with_keys(account, kept + added, args.threshold))
    draft.put(KEY_COUNTS, args.account, KeyCount(first + len(added)))
    _drop_windows(draft, args.account, args.removed)
    numbers = tuple(key.number for key in added)
    context.emit(KeysChanged(args.account, numbers, args.removed, args.threshold), args.account)


def next_key_number(view: View, account: bytes, record: Account) -> int:
    count = view.get(KEY_COUNTS, account)
    return len(record.keys) if count is None else count.next


def with_keys(account: Account, keys: tuple[AccountKey, ...], threshold: int) -> Account:
    return Account(
        account.kind,
        account.sector,
        account.home,
        account.owner,
        keys,
        threshold,
        account.status,
        account.identity,
        account.registered_height,
    )


def _drop_windows(draft: Draft, account: bytes, removed: tuple[int, ...]) -> None:
    """A purse holds windows of present keys only; a number that never comes back needs none."""
    purse = purse_of(draft, account)
    windows = tuple(window for window in purse.windows if window.key not in removed)
    if windows != purse.windows:
        draft.put(PURSES, account, Purse(windows, purse.free, purse.spent))
