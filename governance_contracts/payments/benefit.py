"""Benefit: target-group discounts. A fund opens one and admits holders, shops join and fill pots.

What a payment does with a benefit is in `discounts.py`. Who may have the discount is between the
fund and the holder; who gives it, between the fund and the shop. Nothing here tells a shop who its
holders are, nor what of its pot is left.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import Account, AccountKind
from chain.codec import U8, AccountId, Code, Millis, Record
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX, AmountField, Cents, CentsField
from chain.state import Draft
from governance_contracts.areas.regions import REGIONS
from governance_contracts.coins.balances import give_free, spend
from governance_contracts.coins.coin import require_coin, require_phase
from governance_contracts.coins.limits import day_max, day_of
from governance_contracts.earmarks.lots import ascending
from governance_contracts.payments.benefits import (
    BENEFITS,
    CONTRACT_NAME,
    HOLDERS,
    LISTED_MAX,
    POTS,
    BasisPoints,
    Benefit,
    BenefitOver,
    Holder,
    NotAHolder,
    Pot,
    ShopNotIn,
    in_force,
    require_benefit,
)
from governance_contracts.payments.discounts import tell_fund, tell_shop
from governance_contracts.payments.outcomes import NotAFund
from governance_contracts.people.acting import require_account, require_actor, require_unfrozen

HOLDERS_PER_CALL_MAX = 100
SHOPS = (AccountKind.BUSINESS, AccountKind.ASSOCIATION, AccountKind.INSTITUTION)


class OpenBenefit(Record, tag=1):
    """A fund's offer; the fields are those of `benefits.Benefit`. `code` is the wijken's name for
    it, each once: "city-pass"."""

    fund: AccountId
    code: Code
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


class CloseBenefit(Record, tag=1):
    """No discounts from now on. Refunds of old ones still find their way."""

    benefit: Code


class Admit(Record, tag=1):
    """Admit accounts to a benefit until `expires_ms`, or renew them."""

    benefit: Code
    holders: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=HOLDERS_PER_CALL_MAX)]
    expires_ms: Millis


class Remove(Record, tag=1):
    benefit: Code
    holders: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=HOLDERS_PER_CALL_MAX)]


class Join(Record, tag=1):
    """A shop takes part: it gives the discount to whoever the fund admits."""

    benefit: Code
    shop: AccountId


class Leave(Record, tag=1):
    """A shop takes part no more. What it filled stays the fund's."""

    benefit: Code
    shop: AccountId


class FillPot(Record, tag=1):
    """A shop pays its share in advance: the coin is the fund's from now on."""

    benefit: Code
    shop: AccountId
    amount: AmountField


class BadBenefit(Rejected):
    """`why`: rate (a rate or a fixed amount, not both), ceiling (a payment's above a month's),
    order (lists are sorted, each entry once), regions (unknown) or time (ends before it begins, or
    has ended)."""

    code = 1220
    fields = ("why",)


class BenefitExists(Rejected):
    code = 1221
    fields = ("benefit",)


class BadHolders(Rejected):
    """Accounts in order, each once; not the fund itself; expiry in the time to come."""

    code = 1222
    fields = ("account",)


class NotAShop(Rejected):
    """Businesses, associations and institutions join, other than the fund itself."""

    code = 1223
    fields = ("kind",)


class AlreadyIn(Rejected):
    code = 1224
    fields = ("benefit", "payee")


class PotFull(Rejected):
    """A pot counts no more than any amount can be; so much more it holds."""

    code = 1225
    fields = ("benefit", "most")


@event
class BenefitOpened(Record, tag=1210):
    """Public: everybody may know what a fund offers."""

    benefit: Code
    fund: AccountId
    coin: Code


@event
class BenefitClosed(Record, tag=1211):
    benefit: Code


@event
class HolderAdmitted(Record, tag=1212):
    """To the holder."""

    benefit: Code
    expires_ms: Millis


@event
class HolderRemoved(Record, tag=1213):
    """To the holder."""

    benefit: Code


@event
class HoldersAdmitted(Record, tag=1218):
    """To the fund: so many accounts, in one call."""

    benefit: Code
    count: U8


@event
class HoldersRemoved(Record, tag=1219):
    """To the fund: so many accounts, in one call."""

    benefit: Code
    count: U8


@event
class ShopJoined(Record, tag=1214):
    """Public: holders look where they can go."""

    benefit: Code
    shop: AccountId


@event
class ShopLeft(Record, tag=1215):
    benefit: Code
    shop: AccountId


@event
class PotFilled(Record, tag=1216):
    """To the shop: the coin it gave."""

    benefit: Code
    fund: AccountId
    coin: Code
    amount: AmountField


@event
class PotReceived(Record, tag=1217):
    """To the fund."""

    benefit: Code
    shop: AccountId
    coin: Code
    amount: AmountField


def open_benefit(draft: Draft, context: Context, args: OpenBenefit) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly (the fund); NotAFund;
    UnknownCoin; CoinWindsDown; BenefitExists; BadBenefit (rate, ceiling, order, regions, time),
    in that order."""
    fund = require_actor(draft, context, args.fund)
    if fund.kind in (AccountKind.PERSON, AccountKind.HOUSEHOLD, AccountKind.TILL):
        raise NotAFund(fund.kind)
    require_phase(require_coin(draft, args.coin))
    if draft.get(BENEFITS, args.code) is not None:
        raise BenefitExists(args.code)
    if bool(args.rate) == bool(args.fixed):
        raise BadBenefit("rate")
    if args.payment_max > args.month_max:
        raise BadBenefit("ceiling")
    if not ascending(args.categories) or not ascending(args.regions):
        raise BadBenefit("order")
    if any(draft.get(REGIONS, region) is None for region in args.regions):
        raise BadBenefit("regions")
    if args.until_ms <= args.from_ms or args.until_ms <= context.time_ms:
        raise BadBenefit("time")
    draft.put(
        BENEFITS,
        args.code,
        Benefit(
            args.fund,
            args.coin,
            args.rate,
            args.fixed,
            args.shop_share,
            args.payment_max,
            args.month_max,
            args.categories,
            args.regions,
            args.from_ms,
            args.until_ms,
            False,
        ),
    )
    context.emit(BenefitOpened(args.code, args.fund, args.coin))


def close_benefit(draft: Draft, context: Context, args: CloseBenefit) -> None:
    """Refuses UnknownBenefit; who may not act for the fund; BenefitOver, in that order."""
    benefit = funded(draft, context, args.benefit)
    if benefit.closed:
        raise BenefitOver(args.benefit)
    draft.put(BENEFITS, args.benefit, replace(benefit, closed=True))
    context.emit(BenefitClosed(args.benefit))


def funded(draft: Draft, context: Context, code: str) -> Benefit:
    """The benefit, under its fund's authority.

    Refuses UnknownBenefit, NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly.
    """
    benefit = require_benefit(draft, code)
    require_actor(draft, context, benefit.fund)
    return benefit


def admit(draft: Draft, context: Context, args: Admit) -> None:
    """Admit up to 100 holders; one that is in has its expiry changed and keeps its month's total.

    Refuses UnknownBenefit; who may not act for the fund; BenefitOver; BadHolders (order, the fund,
    expiry); NotRegistered, ClosedAccount (a holder), in that order.
    """
    benefit = funded(draft, context, args.benefit)
    if benefit.closed or context.time_ms >= benefit.until_ms:
        raise BenefitOver(args.benefit)
    check_holders(args.holders, benefit)
    if args.expires_ms <= context.time_ms:
        raise BadHolders(args.holders[0])
    told = HolderAdmitted(args.benefit, args.expires_ms)
    for account in args.holders:
        require_account(draft, account)
        known = draft.get(HOLDERS, (args.benefit, account))
        holder = Holder(args.expires_ms, 0, Cents(0))
        if known is not None:
            holder = replace(known, expires_ms=args.expires_ms)
        draft.put(HOLDERS, (args.benefit, account), holder)
        context.emit(told, account)
    context.emit(HoldersAdmitted(args.benefit, len(args.holders)), benefit.fund)


def remove(draft: Draft, context: Context, args: Remove) -> None:
    """Refuses UnknownBenefit; who may not act for the fund; BadHolders; NotAHolder, in that order.

    The right ends now; the record stays for the ceiling of this month.
    """
    benefit = funded(draft, context, args.benefit)
    check_holders(args.holders, benefit)
    for account in args.holders:
        known = draft.get(HOLDERS, (args.benefit, account))
        if known is None:
            raise NotAHolder(args.benefit, account)
        ended = min(known.expires_ms, context.time_ms)
        draft.put(HOLDERS, (args.benefit, account), replace(known, expires_ms=ended))
        context.emit(HolderRemoved(args.benefit), account)
    context.emit(HoldersRemoved(args.benefit, len(args.holders)), benefit.fund)


def check_holders(holders: tuple[bytes, ...], benefit: Benefit) -> None:
    """Refuses BadHolders."""
    if not ascending(holders):
        raise BadHolders(holders[0])
    if benefit.fund in holders:
        raise BadHolders(benefit.fund)


def join(draft: Draft, context: Context, args: Join) -> None:
    """Refuses UnknownBenefit; NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly (the shop);
    NotAShop; BenefitOver; AlreadyIn, in that order. A shop may join before the benefit begins."""
    benefit = require_benefit(draft, args.benefit)
    shop = require_actor(draft, context, args.shop)
    if shop.kind not in SHOPS or args.shop == benefit.fund:
        raise NotAShop(shop.kind)
    if benefit.closed or context.time_ms >= benefit.until_ms:
        raise BenefitOver(args.benefit)
    pot = draft.get(POTS, (args.benefit, args.shop))
    if pot is not None and pot.joined:
        raise AlreadyIn(args.benefit, args.shop)
    zero = Cents(0)
    fresh = Pot(True, zero, zero, 0, (), False, 0, 0, zero)
    draft.put(POTS, (args.benefit, args.shop), fresh if pot is None else replace(pot, joined=True))
    context.emit(ShopJoined(args.benefit, args.shop))


def leave(draft: Draft, context: Context, args: Leave) -> None:
    """By the shop. Refuses UnknownBenefit; who may not act for the shop; ShopNotIn, in that
    order."""
    require_benefit(draft, args.benefit)
    require_actor(draft, context, args.shop)
    pot = joined_pot(draft, args.benefit, args.shop)
    draft.put(POTS, (args.benefit, args.shop), replace(pot, joined=False))
    context.emit(ShopLeft(args.benefit, args.shop))


def joined_pot(draft: Draft, code: str, shop: bytes) -> Pot:
    """Refuses ShopNotIn."""
    pot = draft.get(POTS, (code, shop))
    if pot is None or not pot.joined:
        raise ShopNotIn(code, shop)
    return pot


def fill_pot(draft: Draft, context: Context, args: FillPot) -> None:
    """Coin goes from the shop to the fund, and the shop's pot counts it.

    Refuses UnknownBenefit; NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, FrozenAccount
    (the shop); NotRegistered, ClosedAccount (the fund); ShopNotIn; BenefitOver; NotEnoughCoin;
    DayLimit; TooManyCoins; PotFull, in that order.
    """
    benefit = require_benefit(draft, args.benefit)
    shop: Account = require_actor(draft, context, args.shop)
    require_unfrozen(draft, args.shop)
    require_account(draft, benefit.fund)
    pot = joined_pot(draft, args.benefit, args.shop)
    if not in_force(benefit, max(context.time_ms, benefit.from_ms)):
        raise BenefitOver(args.benefit)
    day = day_of(context.time_ms)
    most = day_max(draft, shop.kind)
    spend(draft, args.shop, benefit.coin, args.amount, args.amount, day, most)
    give_free(draft, benefit.fund, benefit.coin, args.amount)
    if pot.left + args.amount > CENTS_MAX:
        raise PotFull(args.benefit, CENTS_MAX - pot.left)
    left = Cents(pot.left + args.amount)
    draft.put(POTS, (args.benefit, args.shop), replace(pot, left=left))
    context.emit(PotFilled(args.benefit, benefit.fund, benefit.coin, args.amount), args.shop)
    context.emit(PotReceived(args.benefit, args.shop, benefit.coin, args.amount), benefit.fund)


CONTRACT = Contract(
    CONTRACT_NAME,
    1,
    {
        "open": Method(OpenBenefit, open_benefit),
        "close": Method(CloseBenefit, close_benefit),
        "admit": Method(Admit, admit, cost=lambda args: 100 + 30 * len(args.holders)),
        "remove": Method(Remove, remove, cost=lambda args: 100 + 30 * len(args.holders)),
        "join": Method(Join, join),
        "leave": Method(Leave, leave),
        "fill_pot": Method(FillPot, fill_pot, cost=250),
    },
    {"tell_fund": tell_fund, "tell_shop": tell_shop},
)
