"""Coin set aside for payments without a network: what is kept of it, and what devices sign.

An *allowance* is free coin that its payer locked for a device. It names one seller place, or it is
*general* and a fund's guarantee stands behind it (general.py). What the device signs is an
`OfflinePayment`; the seller keeps it and settles when there is a network again (offline.py).

A seller is shown the record of the allowance with a proof, so the record does not say whose it is;
that stands in a table of its own.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U16, U32, U53, AccountId, Code, Key, Millis, Record, Sig, encode
from chain.kinds import Kind
from chain.money import AmountField, CentsField
from chain.rules import Parameter
from chain.state import Table, number, raw

OPEN_MAX = 5
"""So many allowances a payer may have open at once."""
SEQUENCE_MAX = 64
"""So many payments a device makes out of one general allowance."""
SETTLED_MAX = 128
"""So many payments of one general allowance are settled, those of copied devices included."""
DAYS_KEPT = 16

OFFLINE_MAX = Parameter(
    "offline_max", 5_000, 100, 25_000, "coin in one offline allowance, in cents"
)
OFFLINE_VALID_DAYS = Parameter(
    "offline_valid_days", 7, 1, 14, "how long a device may pay out of an offline allowance"
)
OFFLINE_SETTLE_DAYS = Parameter(
    "offline_settle_days", 3, 1, 14, "how long after that a seller may still settle"
)
OFFLINE_EACH_MAX = Parameter(
    "offline_each_max", 2_000, 100, 5_000, "one payment under a fund's guarantee, in cents"
)
OFFLINE_SELLER_DAY_MAX = Parameter(
    "offline_seller_day_max", 10_000, 100, 100_000,
    "payments under one fund's guarantee to one seller on one day, in cents",
)  # fmt: skip


class Seller(Record, tag=1):
    account: AccountId
    place: U16


class Cover(Record, tag=1):
    """What a general allowance is bound to: the guarantee, the most of one payment, and the most
    that one seller is covered for on one day, as they were when it was opened."""

    guarantee: U53
    each: AmountField
    day: AmountField


class Allowance(Record, tag=1):
    """`amount` is locked, of which `paid` has been settled. Exactly one of `seller` and `cover`
    is given. `until_ms`: the device pays before this moment. `settled`: payments of a general
    allowance so far. `frozen`: the device was seen to spend twice."""

    coin: Code
    device: Key
    amount: AmountField
    paid: CentsField
    opened_ms: Millis
    until_ms: Millis
    seller: Annotated[tuple[Seller, ...], Meta(max_length=1)]
    cover: Annotated[tuple[Cover, ...], Meta(max_length=1)]
    settled: U8
    frozen: bool


class Owner(Record, tag=1):
    """Whose coin it is, and the due work that ends it."""

    payer: AccountId
    due: bytes


class Open(Record, tag=1):
    """The payer's open allowances by number, sorted."""

    allowances: Annotated[tuple[U53, ...], Meta(min_length=1, max_length=OPEN_MAX)]


class Guarantee(Record, tag=1):
    """Coin of a fund behind general allowances. `open`: how many there are. `ended`: no new ones;
    when the last has ended, the coin returns."""

    fund: AccountId
    coin: Code
    left: CentsField
    open: U32
    ended: bool


class Given(Record, tag=1):
    """How many guarantees of a fund still hold its coin."""

    count: U32


class Covered(Record, tag=1):
    """An account whose devices the fund answers for. `debt`: what the guarantee paid for it."""

    covered: bool
    debt: CentsField


class Settled(Record, tag=1):
    """A general payment that was settled, and how much of it the guarantee paid."""

    amount: AmountField
    guaranteed: CentsField


class DayTotal(Record, tag=1):
    day: U32
    amount: CentsField


class SellerDays(Record, tag=1):
    """What one seller was paid under one guarantee, by the day of the payment; recent days."""

    days: Annotated[tuple[DayTotal, ...], Meta(max_length=DAYS_KEPT)]


class Total(Record, tag=1):
    """Signed by the device: all payments so far out of this allowance add up to `total`."""

    allowance: U53
    seller: AccountId
    place: U16
    total: AmountField


class GeneralPayment(Record, tag=2):
    """Signed by the device: payment `sequence` (1, 2, 3 ...) out of a general allowance, of
    `amount`, after which `total` is spent with all sellers together. `day`: since 1970-01-01
    UTC."""

    allowance: U53
    seller: AccountId
    place: U16
    sequence: Annotated[int, Meta(ge=1, le=SEQUENCE_MAX)]
    day: U32
    amount: AmountField
    total: AmountField


class SignedTotal(Record, tag=1):
    payment: Total
    signature: Sig


class SignedGeneral(Record, tag=2):
    payment: GeneralPayment
    signature: Sig


def payment_bytes(chain: bytes, epoch: int, payment: Total | GeneralPayment) -> bytes:
    """What the device signs."""
    return crypto.sign_bytes(Kind.OFFLINE_PAYMENT, chain, epoch, encode(payment))


def _settled_key(key: tuple[int, int, bytes]) -> bytes:
    return settled_prefix(key[0], key[1]) + key[2]


def settled_prefix(allowance: int, sequence: int) -> bytes:
    return number(allowance) + bytes([sequence])


def _with_account(key: tuple[int, bytes]) -> bytes:
    return number(key[0]) + key[1]


ALLOWANCES: Table[int, Allowance] = Table(140, "offline_allowance", Allowance, number)
OWNERS: Table[int, Owner] = Table(141, "offline_owner", Owner, number)
OPEN: Table[bytes, Open] = Table(142, "offline_open", Open, raw)
"""By payer."""
GUARANTEES: Table[int, Guarantee] = Table(143, "offline_guarantee", Guarantee, number)
COVERED: Table[tuple[int, bytes], Covered] = Table(144, "offline_covered", Covered, _with_account)
"""By guarantee and payer."""
SETTLED: Table[tuple[int, int, bytes], Settled] = Table(
    145, "offline_settled", Settled, _settled_key
)
"""By allowance, sequence and seller."""
SELLER_DAYS: Table[tuple[int, bytes], SellerDays] = Table(
    146, "offline_seller_days", SellerDays, _with_account
)
"""By guarantee and seller."""
GIVEN: Table[bytes, Given] = Table(147, "offline_given", Given, raw)
"""By fund; no record for none."""
