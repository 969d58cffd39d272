"""Accounts: the part of a registration that the ledger itself needs, and the purse.

`ACCOUNTS` holds what changes rarely: kind, sector, home, owner, keys. The registry contract
writes it. `PURSES` holds what every payment touches, in one small record: replay windows, free
coin per currency, what was spent today. Execution writes the windows, the coin contract the
rest. A plain payment so changes two records.

The replay rule is that of RFC 4303 (appendix A2): per key, the highest number seen and a bitmap
of the 64 numbers up to it. Gaps never block, so two devices never jam each other.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U16, U32, U53, AccountId, Code, Hash, Height, Key, Record, encode
from chain.errors import Inadmissible
from chain.kinds import Tag
from chain.money import ZERO, Cents, CentsField
from chain.state import Table, View, raw

WINDOW = 64
NUMBER_STEP_MAX = 2**32
KEYS_MAX = 16


class AccountKind(IntEnum):
    PERSON = 1
    HOUSEHOLD = 2
    BUSINESS = 3
    INSTITUTION = 4
    ASSOCIATION = 5
    FUND = 6
    BOARD = 7
    TILL = 8
    OPERATOR = 9


class Status(IntEnum):
    ACTIVE = 1
    FROZEN = 2  # pays nothing out
    CLOSED = 3  # takes no part any more; the record stays, says nothing about why


class KeyRole(IntEnum):
    FULL = 1
    TILL = 2  # receives and refunds only
    CARD = 3  # an emergency card: pays a little while the account is locked


class AccountKey(Record, tag=1):
    """`place` is the number of the one place a till key is bound to; empty for other keys."""

    number: U16
    key: Key
    role: U8
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]


class DatedCode(Record, tag=1):
    """A code in force from a height on, until a later entry's."""

    height: Height
    code: Code


class DatedOwner(Record, tag=1):
    height: Height
    account: Annotated[tuple[AccountId, ...], Meta(max_length=1)]


class Account(Record, tag=1):
    """`sector`, `home`, `owner`: the value in force and at most one to come, by height.

    Sectors: HH persons, HHB household business, BUS, FIN, GOV, NPI, WB (accounts.md 4.1).
    `home`: a wijk code, or a pseudo-wijk. `identity`: a keyed commitment, never data.
    """

    kind: U8
    sector: Annotated[tuple[DatedCode, ...], Meta(min_length=1, max_length=2)]
    home: Annotated[tuple[DatedCode, ...], Meta(min_length=1, max_length=2)]
    owner: Annotated[tuple[DatedOwner, ...], Meta(min_length=1, max_length=2)]
    keys: Annotated[tuple[AccountKey, ...], Meta(min_length=1, max_length=KEYS_MAX)]
    threshold: U8
    status: U8
    identity: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    registered_height: Height


class Window(Record, tag=1):
    """Bit i of `seen` says that number `highest - i` was used. Number 0 counts as used."""

    key: U16
    highest: U53
    seen: Annotated[int, Meta(ge=0)]


class Holding(Record, tag=1):
    coin: Code
    amount: CentsField


class Spent(Record, tag=1):
    """What an account paid in one coin on one day (days since 1970-01-01 UTC of block time)."""

    coin: Code
    day: U32
    amount: CentsField


class Purse(Record, tag=1):
    """Windows sorted by key; holdings and day totals sorted by coin; no zero holdings."""

    windows: Annotated[tuple[Window, ...], Meta(max_length=KEYS_MAX)]
    free: Annotated[tuple[Holding, ...], Meta(max_length=64)]
    spent: Annotated[tuple[Spent, ...], Meta(max_length=64)]


class OneTimeUse(Record, tag=1):
    """A one-time key's window; the same rule, one key."""

    window: Window


ACCOUNTS: Table[bytes, Account] = Table(1, "account", Account, raw)
PURSES: Table[bytes, Purse] = Table(2, "purse", Purse, raw)
ONE_TIME_USES: Table[bytes, OneTimeUse] = Table(3, "one_time_use", OneTimeUse, raw)

EMPTY_PURSE = Purse((), (), ())


class Replayed(Inadmissible):
    """The replay number was used before."""

    code = 1
    fields = ("number",)


class NumberTooOld(Inadmissible):
    """The replay number is more than 64 below the highest used: nobody can tell if it was used."""

    code = 2
    fields = ("number", "highest")


class NumberTooFar(Inadmissible):
    """The replay number is more than 2**32 above the highest used."""

    code = 3
    fields = ("number", "highest")


def account_id(chain: bytes, keys: tuple[bytes, ...], threshold: int, salt: bytes) -> bytes:
    """The id of an account to be: a hash of its first keys, computable before registration."""
    return crypto.tagged(Tag.ACCOUNT_ID, chain, encode((keys, threshold, salt)))[:20]


def in_force(dated: tuple[DatedCode, ...], height: int) -> str:
    """The code that holds at `height`."""
    code = dated[0].code
    for entry in dated[1:]:
        if entry.height <= height:
            code = entry.code
    return code


def owner_at(account: Account, height: int) -> bytes | None:
    owner = account.owner[0].account
    for entry in account.owner[1:]:
        if entry.height <= height:
            owner = entry.account
    return owner[0] if owner else None


def find_key(account: Account, number: int) -> AccountKey | None:
    for key in account.keys:
        if key.number == number:
            return key
    return None


def purse_of(view: View, account: bytes) -> Purse:
    return view.find(PURSES, account) or EMPTY_PURSE


def free_coin(purse: Purse, coin: str) -> Cents:
    for holding in purse.free:
        if holding.coin == coin:
            return holding.amount
    return ZERO


def use_number(window: Window, value: int) -> Window:
    """The window after using `value`. Raises Replayed, NumberTooOld, NumberTooFar."""
    ahead = value - window.highest
    if ahead > 0:
        if ahead > NUMBER_STEP_MAX:
            raise NumberTooFar(value, window.highest)
        kept = 0 if ahead >= WINDOW else (window.seen << ahead) & (2**WINDOW - 1)
        return Window(window.key, value, kept | 1)
    behind = -ahead
    if behind >= WINDOW:
        raise NumberTooOld(value, window.highest)
    if window.seen >> behind & 1:
        raise Replayed(value)
    return Window(window.key, window.highest, window.seen | 1 << behind)


def window_of(purse: Purse, key: int) -> Window:
    for window in purse.windows:
        if window.key == key:
            return window
    return Window(key, 0, 1)


def with_window(purse: Purse, window: Window) -> Purse:
    if len(purse.windows) == 1 and purse.windows[0].key == window.key:
        return Purse((window,), purse.free, purse.spent)
    others = [w for w in purse.windows if w.key != window.key]
    ordered = tuple(sorted((*others, window), key=lambda w: w.key))
    return Purse(ordered, purse.free, purse.spent)
