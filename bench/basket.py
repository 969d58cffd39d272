"""A basket for the bench: three lines, an earmark for each of them, and a target group's discount.

Three lots of one fund, one for each category, pay for what the discount leaves of each line; the
fund adds the discount, and the shop's pot bears half of it. So a payment draws on three lots, and
nine records change: the payer's purse, bound coin and standing with the benefit; the payment; the
shop's purse, bound coin and pot; the fund's purse; the issuer's meter.
"""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.earmarks.lots import Terms, earmark
from governance_contracts.payments.benefit import OpenBenefit
from governance_contracts.payments.payments import Line, Pay, plain

BENEFIT = "city-pass"
CATEGORIES = ("clothes", "food", "transport")
PRICE_CENTS = 20
"""Of each line; a tenth of it is the discount."""
RATE = 1_000
SHOP_SHARE = 5_000
MUCH = Cents(1_000_000_00)
YEAR_MS = 365 * DAY_MS


def offer(fund: bytes, coin: str, now_ms: int) -> OpenBenefit:
    """The fund's discount; its ceilings are out of reach."""
    return OpenBenefit(
        fund, BENEFIT, coin, RATE, Cents(0), SHOP_SHARE, MUCH, MUCH,
        CATEGORIES, (), now_ms - DAY_MS, now_ms + YEAR_MS,
    )  # fmt: skip


def terms_of(regions: tuple[str, ...], now_ms: int) -> tuple[Terms, ...]:
    """What the lots are bound to: a category each, these regions, a year."""
    until_ms = now_ms + YEAR_MS
    return tuple(
        earmark(regions, categories=(category,), expires_ms=until_ms) for category in CATEGORIES
    )


def basket(payer: bytes, shop: bytes, coin: str, random: Random) -> Pay:
    """A payment for one thing of each category, at the shop's first place, under an alias."""
    lines = tuple(Line(Cents(PRICE_CENTS), category, 0, ()) for category in CATEGORIES)
    total = PRICE_CENTS * len(lines)
    one = plain(
        payer, shop, coin, total, "SALE", place=1, alias=random.randbytes(16), benefit=BENEFIT
    )
    return replace(one, lines=lines)
