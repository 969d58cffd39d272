"""Questions about target-group discounts: offers are public, membership is the holder's own, a
pot is the fund's."""

from __future__ import annotations

from chain.address import encode_address
from chain.ledger import Ledger
from governance_contracts.coins.limits import day_of
from governance_contracts.payments.benefits import BENEFITS, HOLDERS, POTS, Benefit, require_benefit
from governance_contracts.payments.discounts import month_of
from node.api.shapes_benefits import (
    Benefits,
    BenefitShape,
    HeldBenefit,
    OwnBenefits,
    PayeeBenefits,
    PotShape,
)

ACCOUNT_BYTES = 20
READ_MAX = 10_000
"""Pots that are looked at for one answer."""


def shown(code: str, benefit: Benefit, prefix: str) -> BenefitShape:
    return BenefitShape(
        code=code,
        fund=encode_address(prefix, benefit.fund),
        coin=benefit.coin,
        rate=benefit.rate,
        fixed_cents=benefit.fixed,
        shop_share=benefit.shop_share,
        payment_max_cents=benefit.payment_max,
        month_max_cents=benefit.month_max,
        categories=list(benefit.categories),
        regions=list(benefit.regions),
        from_ms=benefit.from_ms,
        until_ms=benefit.until_ms,
        closed=benefit.closed,
    )


def benefits(ledger: Ledger, prefix: str, start: str, limit: int) -> Benefits:
    found: list[BenefitShape] = []
    following = None
    for key, benefit in ledger.scan(BENEFITS, start.encode("ascii")):
        if len(found) == limit:
            following = key.decode("ascii")
            break
        found.append(shown(key.decode("ascii"), benefit, prefix))
    return Benefits(height=ledger.tip.height, benefits=found, next=following)


def joined(ledger: Ledger, shop: bytes) -> list[str]:
    """The codes of the benefits in which a shop takes part."""
    codes = []
    for key, pot in ledger.scan(POTS, shop):
        if key[:ACCOUNT_BYTES] != shop:
            break
        if pot.joined:
            codes.append(key[ACCOUNT_BYTES:].decode("ascii"))
    return codes


def of_payee(ledger: Ledger, shop: bytes, prefix: str) -> PayeeBenefits:
    found = []
    for code in joined(ledger, shop):
        benefit = require_benefit(ledger, code)
        if not benefit.closed and ledger.tip.time_ms < benefit.until_ms:
            found.append(shown(code, benefit, prefix))
    return PayeeBenefits(height=ledger.tip.height, benefits=found)


def own(ledger: Ledger, account: bytes, prefix: str) -> OwnBenefits:
    month = month_of(day_of(ledger.tip.time_ms))
    holds = []
    for key, holder in ledger.scan(HOLDERS, account):
        if key[:ACCOUNT_BYTES] != account:
            break
        code = key[ACCOUNT_BYTES:].decode("ascii")
        benefit = require_benefit(ledger, code)
        used = holder.used if holder.month == month else 0
        holds.append(
            HeldBenefit(
                benefit=shown(code, benefit, prefix),
                expires_ms=holder.expires_ms,
                left_cents=max(0, benefit.month_max - used),
            )
        )
    offers = {
        key.decode("ascii"): benefit
        for key, benefit in ledger.scan(BENEFITS)
        if benefit.fund == account
    }
    return OwnBenefits(
        height=ledger.tip.height,
        holds=holds,
        offers=[shown(code, benefit, prefix) for code, benefit in offers.items()],
        pots=_pots(ledger, offers, prefix) if offers else [],
        joined=joined(ledger, account),
    )


def _pots(ledger: Ledger, offers: dict[str, Benefit], prefix: str) -> list[PotShape]:
    found = []
    for count, (key, pot) in enumerate(ledger.scan(POTS)):
        if count == READ_MAX:
            break
        code = key[ACCOUNT_BYTES:].decode("ascii")
        if code in offers:
            found.append(
                PotShape(
                    benefit=code,
                    shop=encode_address(prefix, key[:ACCOUNT_BYTES]),
                    joined=pot.joined,
                    left_cents=pot.left,
                )
            )
    return found
