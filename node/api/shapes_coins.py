"""What is told of a coin beside its supply: what a switch would do, and who can still claim.

A count of people from one to nine is null: it would say something about somebody.
"""

from __future__ import annotations

from node.api.shapes import Shape


class LotEffect(Shape):
    """A lot that could no longer be spent."""

    lot: int
    holders: int | None
    amount_cents: int | None


class SwitchAnswer(Shape):
    """What another issuer would change, counted over all open accounts.

    `payees`: accounts that are no longer paid in this coin until they sign an acceptance, or that
    are outside the network; `holders` of the coin, and those of them who begin or cease to be able
    to redeem it. `refusal`: why the switch would be refused now.
    """

    height: int
    coin: str
    issuer_now: str | None
    issuer_then: str
    regime_now: str
    regime_then: str
    notice_days: int
    people_no_longer_paid: int | None
    organisations_no_longer_paid: int | None
    payees_gained: int | None
    holders: int | None
    gain_redemption: int | None
    lose_redemption: int | None
    lots_that_stop: list[LotEffect]
    exchange_stops: bool
    refusal: str | None


class ClaimedLot(Shape):
    """`earmark`: a fund's coin, which goes back to it."""

    lot: int
    amount_cents: int
    earmark: bool


class ClaimShape(Shape):
    address: str
    free_cents: int
    lots: list[ClaimedLot]


class ClaimsAnswer(Shape):
    """Who still holds a coin that ends: in the phase of redeeming only earmarks, which go back to
    their funds; in that of claims everything. `next`: where the next page begins."""

    height: int
    coin: str
    phase: str
    claims: list[ClaimShape]
    next: str | None
