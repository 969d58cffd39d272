"""The JSON of target-group discounts. A shop reads nothing of its pot: only funds do."""

from __future__ import annotations

from node.api.shapes import Shape


class BenefitShape(Shape):
    """What a fund offers. `rate` in hundredths of a percent, or `fixed_cents`: one of them is 0.
    `shop_share`, in hundredths of a percent, of the discount comes out of the shop's pot.
    Ceilings: a payment's, and a holder's in a calendar month (UTC). Empty lists bind nothing."""

    code: str
    fund: str
    coin: str
    rate: int
    fixed_cents: int
    shop_share: int
    payment_max_cents: int
    month_max_cents: int
    categories: list[str]
    regions: list[str]
    from_ms: int
    until_ms: int
    closed: bool


class Benefits(Shape):
    """By code. `next`: where a further page begins."""

    height: int
    benefits: list[BenefitShape]
    next: str | None


class PayeeBenefits(Shape):
    """The benefits in which a shop takes part, those that are over left out."""

    height: int
    benefits: list[BenefitShape]


class HeldBenefit(Shape):
    """`left_cents`: of this month's ceiling."""

    benefit: BenefitShape
    expires_ms: int
    left_cents: int


class PotShape(Shape):
    """For the fund: what is left of what a shop filled."""

    benefit: str
    shop: str
    joined: bool
    left_cents: int


class OwnBenefits(Shape):
    """`holds`: to which the account was admitted. `offers`: what it offers as a fund, and `pots`
    of these. `joined`: in which it takes part as a shop."""

    height: int
    holds: list[HeldBenefit]
    offers: list[BenefitShape]
    pots: list[PotShape]
    joined: list[str]
