"""Coin set aside for payments without a network: the records, refusals and events.

An *allowance* is free coin that its payer locked for a device. It names one seller place, or it is
*general* and a fund's guarantee stands behind it (offline_general.py). What the device signs is an
`OfflinePayment`; the seller keeps it and settles when there is a network again (offline.py).

A seller is shown the record of the allowance with a proof, so the record does not say whose it is;
that stands in a table of its own.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U16, U32, U53, AccountId, Code, Key, Millis, Record, Sig, encode
from chain.errors import Rejected
from chain.events import event
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


class UnknownAllowance(Rejected):
    """There is no such allowance, or its time to settle is over and the rest went back."""

    code = 1300
    fields = ("allowance",)


class AllowanceTooLarge(Rejected):
    code = 1301
    fields = ("amount", "limit")


class TooManyAllowances(Rejected):
    """At most five are open at once."""

    code = 1302
    fields = ("account",)


class BadPayment(Rejected):
    """The payment does not fit its allowance. `why`: kind (general or not), seller (or place),
    each (above the limit of one payment), total (above what is locked, or below its own amount),
    or day (outside the days of the allowance)."""

    code = 1303
    fields = ("why",)


class NotSignedByDevice(Rejected):
    """The signature is not the device's over this payment."""

    code = 1304
    fields = ("allowance",)


class NothingNew(Rejected):
    """A total as high as this, or a payment with this number, was settled before."""

    code = 1305
    fields = ("allowance", "settled")


class AllowanceOpen(Rejected):
    """The account cannot close while coin of it is set aside for payments without a network."""

    code = 1306
    fields = ("account", "allowance")


class UnknownGuarantee(Rejected):
    """There is no such guarantee, or it takes no new allowances."""

    code = 1310
    fields = ("guarantee",)


class DeviceNotCovered(Rejected):
    """The fund does not answer for this account's devices."""

    code = 1311
    fields = ("guarantee", "account")


class InDebt(Rejected):
    """The guarantee paid for this account; first that is to be repaid."""

    code = 1312
    fields = ("guarantee", "account", "debt")


class SellerDayLimit(Rejected):
    """The guarantee covers one seller up to a sum on one day; `left` is what that leaves."""

    code = 1313
    fields = ("guarantee", "left")


class GuaranteeSpent(Rejected):
    """The allowance is spent, and nothing is left of the guarantee behind it."""

    code = 1314
    fields = ("guarantee",)


class TooManySettled(Rejected):
    """At most 128 payments of one allowance are settled."""

    code = 1315
    fields = ("allowance",)


class NotDouble(Rejected):
    """These two payments can both be honest."""

    code = 1316


class DeviceKnownFrozen(Rejected):
    """The device is known to have spent twice."""

    code = 1317
    fields = ("allowance",)


class NoDebt(Rejected):
    """More than is owed; `debt` is."""

    code = 1318
    fields = ("guarantee", "account", "debt")


class GuaranteeOpen(Rejected):
    """The fund cannot close while its coin stands behind allowances: end the guarantee first."""

    code = 1319
    fields = ("account", "count")


@event
class AllowanceOpened(Record, tag=1300):
    """To the payer: this free coin is locked."""

    allowance: U53
    coin: Code
    amount: AmountField
    until_ms: Millis


@event
class OfflineReceived(Record, tag=1301):
    """To the seller: credited in free coin. `guaranteed` of it is the guarantee's."""

    allowance: U53
    coin: Code
    amount: AmountField
    place: U16
    guaranteed: CentsField


@event
class OfflineSettled(Record, tag=1302):
    """To the payer: so much of the locked coin was paid out now, and so much in all."""

    allowance: U53
    coin: Code
    amount: CentsField
    paid: CentsField


@event
class AllowanceEnded(Record, tag=1303):
    """To the payer: the rest is free again."""

    allowance: U53
    coin: Code
    returned: CentsField


@event
class GuaranteeGiven(Record, tag=1304):
    """To the fund: this free coin stands behind general allowances."""

    guarantee: U53
    coin: Code
    amount: AmountField


@event
class CoverChanged(Record, tag=1305):
    """To the fund, and to the account whose devices it answers for from now on, or no longer."""

    guarantee: U53
    account: AccountId
    covered: bool


@event
class GuaranteePaid(Record, tag=1306):
    """To the fund and to the payer, who owes the fund `debt` in all."""

    guarantee: U53
    allowance: U53
    coin: Code
    amount: AmountField
    debt: AmountField


@event
class GuaranteeEnded(Record, tag=1307):
    """To the fund: the rest is free again."""

    guarantee: U53
    coin: Code
    returned: CentsField


@event
class DeviceFrozen(Record, tag=1308):
    """The device of this allowance signed two payments that cannot both be honest. Public, so
    that sellers' devices know; it says nothing of whose it is."""

    allowance: U53
    device: Key


@event
class DebtRepaid(Record, tag=1309):
    """To the payer and to the fund, in free coin."""

    guarantee: U53
    coin: Code
    amount: AmountField
    debt: CentsField
