"""Discounts: what a fund adds to the payment of somebody it admitted, and who bears it.

A *benefit* is a fund's promise to a target group: so much off the price in the shops that joined.
The payer pays the price less the discount, the fund adds the discount, and the payee is credited
the full price in one sum. The shop bears a share out of its *pot*: coin that it gave to the fund
beforehand. While the pot lasts it bears the share; the fund bears the rest.

A till must not see that a payment was discounted. The fund pays out of free coin, so the payee's
credit is that of a payment in free coin; only the payer's own event says more; and the fund is
told a day's discounts per shop together, by due work at midnight (UTC), because one more leaf
among a block's receipts would show. A shop's pot is told once a month, when its discounts are at
least 10, by at least 5 holders; fewer are carried forward.

Amounts are whole cents: per line the discount is rounded down, and so is the shop's share of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from chain.account import ACCOUNTS, Status
from chain.codec import decode
from chain.contract import Context
from chain.money import CENTS_MAX, Cents
from chain.rules import DAY_MS
from chain.state import Draft, View
from governance_contracts.coins.balances import free_of, give_free, take_free
from governance_contracts.coins.limits import day_of
from governance_contracts.earmarks.earmark import heir_of
from governance_contracts.payments.benefits import (
    BASIS,
    CONTRACT_NAME,
    DISCOUNTS_TOLD_MIN,
    HOLDERS,
    HOLDERS_TOLD_MIN,
    POTS,
    AliasMissing,
    Benefit,
    BenefitOver,
    CeilingReached,
    Discount,
    Discounted,
    DiscountsOfDay,
    FundShort,
    Holder,
    HolderExpired,
    LineDiscount,
    NotAHolder,
    NotCovered,
    OtherCoin,
    Pot,
    PotUsed,
    RelatedShop,
    ShopBenefit,
    ShopNotIn,
    in_force,
    left_of,
    require_benefit,
)  # fmt: skip
from governance_contracts.payments.payments import Payment


class Priced(Protocol):
    """A line of a payment, as far as a discount looks."""

    @property
    def amount(self) -> Cents: ...
    @property
    def category(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A payment that asks for a discount. `areas`: the place's, the smallest first; may be empty.
    `related`: do payer and shop have one owner or household? `aliased`: does the payee see an
    alias?"""

    benefit: str
    payer: bytes
    shop: bytes
    coin: str
    lines: Sequence[Priced]
    areas: tuple[str, ...]
    related: bool
    aliased: bool


@dataclass(frozen=True, slots=True)
class Granted:
    """What a claim comes to. `holder` as it will be then, `pot` as it is before."""

    discount: Discount
    holder: Holder
    pot: Pot

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.discount.lines)

    def due(self, prices: Sequence[int]) -> list[int]:
        """What the payer still owes of each line."""
        owed = list(prices)
        for line in self.discount.lines:
            owed[line.line] -= line.amount
        return owed


def month_of(day: int) -> int:
    """Calendar months since March of year 0, of a day since 1970-01-01 (proleptic Gregorian).

    Days are counted from 1 March of year 0, so that leap days end a year (Richards' algorithm).
    """
    days = day + 719_468
    era, of_era = divmod(days, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return (era * 400 + year) * 12 + (5 * of_year + 2) // 153


def month_ends_ms(day: int) -> int:
    """The first moment of the next month."""
    month, last = month_of(day), day + 1
    while month_of(last) == month:
        last += 1
    return last * DAY_MS


def discount_of(view: View, context: Context, claim: Claim) -> Granted:
    """What the claim comes to; nothing is changed yet.

    Refuses UnknownBenefit, BenefitOver, NotAHolder, HolderExpired, ShopNotIn, RelatedShop,
    AliasMissing, OtherCoin, NotCovered (region, category), CeilingReached, NotCovered (amount),
    FundShort, in that order.
    """
    code = claim.benefit
    benefit = require_benefit(view, code)
    if not in_force(benefit, context.time_ms):
        raise BenefitOver(code)
    holder = view.get(HOLDERS, (code, claim.payer))
    if holder is None:
        raise NotAHolder(code, claim.payer)
    if context.time_ms >= holder.expires_ms:
        raise HolderExpired(code, holder.expires_ms)
    pot = view.get(POTS, (code, claim.shop))
    if pot is None or not pot.joined:
        raise ShopNotIn(code, claim.shop)
    if claim.related:
        raise RelatedShop(code, claim.shop)
    if not claim.aliased:
        raise AliasMissing()
    if claim.coin != benefit.coin:
        raise OtherCoin(code, benefit.coin)
    if benefit.regions and not any(area in benefit.regions for area in claim.areas):
        raise NotCovered(code, "region")
    month = month_of(day_of(context.time_ms))
    used = holder.used if holder.month == month else 0
    most = min(benefit.payment_max, benefit.month_max - used)
    lines = line_discounts(code, benefit, claim.lines, most)
    total = sum(line.amount for line in lines)
    fund = view.find(ACCOUNTS, benefit.fund)
    if fund is None or fund.status != Status.ACTIVE:
        raise FundShort(code)
    if free_of(view, benefit.fund, claim.coin) < total:
        raise FundShort(code)
    borne = min(pot.left, total * benefit.shop_share // BASIS)
    return Granted(
        Discount(code, benefit.fund, lines, Cents(borne), Cents(0)),
        Holder(holder.expires_ms, month, Cents(used + total)),
        pot,
    )


def line_discounts(
    code: str, benefit: Benefit, lines: Sequence[Priced], most: int
) -> tuple[LineDiscount, ...]:
    """Line by line, in order, until the ceiling `most` is reached; a fixed discount is never more
    than the line's price.

    Refuses NotCovered (category), CeilingReached, NotCovered (amount), in that order.
    """
    covered = [
        (position, line.amount)
        for position, line in enumerate(lines)
        if not benefit.categories or line.category in benefit.categories
    ]
    if not covered:
        raise NotCovered(code, "category")
    if most <= 0:
        raise CeilingReached(code, benefit.month_max)
    found: list[LineDiscount] = []
    fixed = benefit.fixed
    for position, price in covered:
        amount = min(most, price * benefit.rate // BASIS if benefit.rate else min(fixed, price))
        if amount:
            found.append(LineDiscount(position, price, Cents(amount), Cents(0)))
        fixed, most = Cents(max(0, fixed - amount)), most - amount
    if not found:
        raise NotCovered(code, "amount")
    return tuple(found)


def grant(draft: Draft, context: Context, claim: Claim, granted: Granted) -> None:
    """Take the discount out of the fund's coin and note it; the caller credits the payee."""
    code, shop, total = claim.benefit, claim.shop, granted.amount
    discount, pot = granted.discount, granted.pot
    take_free(draft, discount.fund, claim.coin, total)
    draft.put(HOLDERS, (code, claim.payer), granted.holder)
    day = day_of(context.time_ms)
    if not pot.day_count:
        told_ms = (day + 1) * DAY_MS
        context.schedule(draft, told_ms, CONTRACT_NAME, "tell_fund", ShopBenefit(code, shop))
    if not pot.settling:
        ends_ms = month_ends_ms(day)
        context.schedule(draft, ends_ms, CONTRACT_NAME, "tell_shop", ShopBenefit(code, shop))
    holders = pot.holders
    if claim.payer not in holders and len(holders) < HOLDERS_TOLD_MIN:
        holders = (*holders, claim.payer)
    draft.put(
        POTS,
        (code, shop),
        replace(
            pot,
            left=Cents(pot.left - discount.pot),
            used=Cents(pot.used + discount.pot),
            discounts=pot.discounts + 1,
            holders=holders,
            settling=True,
            day=pot.day if pot.day_count else day,
            day_count=pot.day_count + 1,
            day_amount=Cents(pot.day_amount + total),
        ),
    )


def told_of(number: int, claim: Claim, granted: Granted) -> Discounted:
    """What the payer is told."""
    discount = granted.discount
    return Discounted(
        number,
        discount.benefit,
        discount.fund,
        claim.shop,
        claim.coin,
        Cents(granted.amount),
        discount.pot,
        discount.lines,
    )


def return_discount(
    draft: Draft, payment: Payment, before: Discount, after: Discount
) -> tuple[bytes, int]:
    """Return what a refund took off a discount to the fund, or who took the fund over, and to pot
    and ceiling.

    Gives the taker, and how much of it the pot has again. Refuses FundClosed, TooManyCoins.
    """
    code = before.benefit
    amount = left_of(before) - left_of(after)
    restored = after.pot_returned - before.pot_returned
    fund = heir_of(draft, before.fund)
    give_free(draft, fund, payment.coin, amount)
    pot = draft.get(POTS, (code, payment.payee))
    assert pot is not None, "a pot stays once its shop has joined"
    left = Cents(min(CENTS_MAX, pot.left + restored))
    used = Cents(max(0, pot.used - restored))
    draft.put(POTS, (code, payment.payee), replace(pot, left=left, used=used))
    holder = draft.get(HOLDERS, (code, payment.payer))
    if holder is not None and holder.month == month_of(day_of(payment.time_ms)):
        used = Cents(max(0, holder.used - amount))
        draft.put(HOLDERS, (code, payment.payer), replace(holder, used=used))
    return fund, restored


def refunded(discount: Discount, kept: dict[int, int]) -> Discount:
    """The discount when so much of the price of each line is kept: it shrinks in proportion,
    rounded down, and the pot's part of it too. Lines that are not in `kept` stay."""
    lines = tuple(
        LineDiscount(
            line.line,
            line.price,
            line.amount,
            Cents(line.amount - line.amount * kept[line.line] // line.price)
            if line.line in kept
            else line.returned,
        )
        for line in discount.lines
    )
    whole = sum(line.amount for line in lines)
    left = whole - sum(line.returned for line in lines)
    back = Cents(discount.pot - discount.pot * left // whole)
    return Discount(discount.benefit, discount.fund, lines, discount.pot, back)


# Due work.


def tell_fund(draft: Draft, context: Context, data: bytes) -> None:
    """Once a day and shop with discounts."""
    about = decode(ShopBenefit, data)
    benefit = require_benefit(draft, about.benefit)
    pot = draft.get(POTS, (about.benefit, about.shop))
    if pot is None or not pot.day_count:
        return
    context.emit(
        DiscountsOfDay(about.benefit, about.shop, pot.day, pot.day_count, pot.day_amount),
        benefit.fund,
    )
    place = (about.benefit, about.shop)
    draft.put(POTS, place, replace(pot, day_count=0, day_amount=Cents(0)))


def tell_shop(draft: Draft, context: Context, data: bytes) -> None:
    """At the end of a month: one figure, or the month is carried forward to the next."""
    about = decode(ShopBenefit, data)
    benefit = require_benefit(draft, about.benefit)
    pot = draft.get(POTS, (about.benefit, about.shop))
    if pot is None:
        return
    if pot.discounts < DISCOUNTS_TOLD_MIN or len(pot.holders) < HOLDERS_TOLD_MIN:
        ends_ms = month_ends_ms(day_of(context.time_ms))
        context.schedule(draft, ends_ms, CONTRACT_NAME, "tell_shop", about)
        return
    context.emit(PotUsed(about.benefit, benefit.coin, pot.used), about.shop)
    place = (about.benefit, about.shop)
    draft.put(POTS, place, replace(pot, used=Cents(0), discounts=0, holders=(), settling=False))
