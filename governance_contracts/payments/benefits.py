"""What the chain keeps of target-group discounts, what receipts say of them, and refusals.

The rules are in `discounts.py`, a fund's and a shop's calls in `benefit.py`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import U8, U32, AccountId, Code, Hash, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, CentsField
from chain.state import Table, View, text

CONTRACT_NAME = "benefit"
"""Whose due work this is (benefit.py)."""
BASIS = 10_000
"""Basis points in a whole."""
BasisPoints = Annotated[int, Meta(ge=0, le=BASIS)]
LISTED_MAX = 64
DISCOUNTS_TOLD_MIN = 10
HOLDERS_TOLD_MIN = 5
"""A month's figure is told of at least so many discounts and holders."""


class Benefit(Record, tag=1):
    """A fund's offer in one coin, for `from_ms <= time < until_ms`.

    `rate`: of the eligible lines, or `fixed`: so many cents a payment; one of them is 0.
    `shop_share`: what the shop's pot bears of it. Both in hundredths of a percent. `payment_max`
    and `month_max`: ceilings in cents per payment, and per holder per calendar month (UTC).
    `categories` of lines and `regions` of the place; empty binds nothing.
    """

    fund: AccountId
    coin: Code
    rate: BasisPoints
    fixed: CentsField
    shop_share: BasisPoints
    payment_max: AmountField
    month_max: AmountField
    categories: Annotated[tuple[Code, ...], Meta(max_length=LISTED_MAX)]
    regions: Annotated[tuple[Code, ...], Meta(max_length=LISTED_MAX)]
    from_ms: Millis
    until_ms: Millis
    closed: bool


class Holder(Record, tag=1):
    """An account in the target group until `expires_ms`, and its discounts of `month`."""

    expires_ms: Millis
    month: U32
    used: CentsField


class Pot(Record, tag=1):
    """A shop that joined. `left`: of what it filled; this coin is the fund's. `joined`: still in?

    Since the last figure told: `discounts` so many, `used` from the pot, by `holders` (the first
    five of them). Of the day `day`: `day_count` discounts of `day_amount` together.
    """

    joined: bool
    left: CentsField
    used: CentsField
    discounts: U32
    holders: Annotated[tuple[AccountId, ...], Meta(max_length=HOLDERS_TOLD_MIN)]
    settling: bool
    day: U32
    day_count: U32
    day_amount: CentsField


class LineDiscount(Record, tag=1):
    """`amount` off a line's price, of which `returned` went back by refunds."""

    line: U8
    price: AmountField
    amount: AmountField
    returned: CentsField


class Discount(Record, tag=1):
    """Kept with a payment. `lines`: what was taken off each, of its price. `pot`: the shop's part.
    `pot_returned` of that went back since."""

    benefit: Code
    fund: AccountId
    lines: Annotated[tuple[LineDiscount, ...], Meta(min_length=1, max_length=8)]
    pot: CentsField
    pot_returned: CentsField


def membership(key: tuple[str, bytes]) -> bytes:
    """Account or shop, then the benefit's code: ids have one length, codes do not."""
    return key[1] + key[0].encode("ascii")


BENEFITS: Table[str, Benefit] = Table(130, "benefit", Benefit, text)
HOLDERS: Table[tuple[str, bytes], Holder] = Table(131, "benefit_holder", Holder, membership)
POTS: Table[tuple[str, bytes], Pot] = Table(132, "benefit_pot", Pot, membership)


class UnknownBenefit(Rejected):
    code = 1200
    fields = ("benefit",)


class BenefitOver(Rejected):
    """The benefit has not begun, has ended, or was closed."""

    code = 1201
    fields = ("benefit",)


class NotAHolder(Rejected):
    """The fund has not admitted this account to the benefit."""

    code = 1202
    fields = ("benefit", "account")


class HolderExpired(Rejected):
    """The account's right to the benefit has run out: ask the fund to renew it."""

    code = 1203
    fields = ("benefit", "expires_ms")


class ShopNotIn(Rejected):
    """The payee takes no part in the benefit."""

    code = 1204
    fields = ("benefit", "payee")


class AliasMissing(Rejected):
    """A discounted payment is made under an alias, like every other to a shop."""

    code = 1205


class OtherCoin(Rejected):
    """The benefit is paid in another coin."""

    code = 1206
    fields = ("benefit", "coin")


class NotCovered(Rejected):
    """`why`: region (the place is not in the benefit's), category (no line is), or amount (the
    discount comes to less than a cent)."""

    code = 1207
    fields = ("benefit", "why")


class CeilingReached(Rejected):
    """The holder has had all that the benefit gives in a month."""

    code = 1208
    fields = ("benefit", "month_max")


class RelatedShop(Rejected):
    """Payer and shop have one owner or one household: a discount is not for oneself."""

    code = 1210
    fields = ("benefit", "payee")


class FundShort(Rejected):
    """The fund cannot add the discount now. Pay without it, or later."""

    code = 1209
    fields = ("benefit",)


@event
class Discounted(Record, tag=1200):
    """To the payer, beside `Paid`: of the price, `amount` was added by the fund.

    `pot` of it is the shop's, `lines` says which prices it is taken off. The payer's own part is
    what `Paid` draws.
    """

    number: U8
    benefit: Code
    fund: AccountId
    shop: AccountId
    coin: Code
    amount: AmountField
    pot: CentsField
    lines: tuple[LineDiscount, ...]


@event
class DiscountsOfDay(Record, tag=1201):
    """To the fund: what it added at one shop on one day (since 1970-01-01 UTC), refunds not
    taken off. It does not say for whom."""

    benefit: Code
    shop: AccountId
    day: U32
    count: U32
    amount: AmountField


@event
class PotUsed(Record, tag=1202):
    """To the shop, once a month at most: what its pot bore since the last time, refunds taken
    off."""

    benefit: Code
    coin: Code
    amount: CentsField


@event
class DiscountReturned(Record, tag=1203):
    """To the payer, beside `Refunded`: so much of a refund was the fund's, `pot` of it the
    shop's."""

    payment: Hash
    number: U8
    benefit: Code
    fund: AccountId
    shop: AccountId
    coin: Code
    amount: AmountField
    pot: CentsField


class ShopBenefit(Record, tag=1):
    """What due work is about."""

    benefit: Code
    shop: AccountId


def require_benefit(view: View, code: str) -> Benefit:
    """Refuses UnknownBenefit."""
    found = view.get(BENEFITS, code)
    if found is None:
        raise UnknownBenefit(code)
    return found


def in_force(benefit: Benefit, time_ms: int) -> bool:
    return not benefit.closed and benefit.from_ms <= time_ms < benefit.until_ms


def left_of(discount: Discount) -> int:
    """What is left of a discount after the refunds so far."""
    return sum(line.amount - line.returned for line in discount.lines)
