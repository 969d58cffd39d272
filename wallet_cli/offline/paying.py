"""The next payment of an allowance, and what a seller has taken today. No node is asked."""

from __future__ import annotations

from chain.money import Cents
from chain.rules import DAY_MS
from genesis.console import Exit, UserError, _, format_cents
from governance_contracts.offline.records import SEQUENCE_MAX, GeneralPayment, SignedGeneral, Total
from wallet_cli.core.offline import Taking, read_certificate
from wallet_cli.offline.store import Kept


def next_payment(
    kept: Kept, amount: int, payee: bytes | None, place: int, now_ms: int
) -> Total | GeneralPayment:
    """Raises UserError (usage): not certified yet, ended, run out, more than is left; no seller
    named where one must be, or another than the allowance's; above the limit of one payment."""
    if not kept.certificate:
        raise UserError(
            _("This allowance has no proof yet: run `wallet offline sync` while there is a node."),
            Exit.USAGE,
        )
    if kept.ended:
        raise UserError(
            _("This allowance cannot be used: it has ended, and what was left is yours again."),
            Exit.USAGE,
        )
    if now_ms >= kept.until_ms:
        raise UserError(_("This allowance has run out; set coin aside anew."), Exit.USAGE)
    left = kept.amount - kept.paid
    if amount > left:
        raise UserError(
            _("Only {left} is left of this allowance.").format(left=format_cents(left)), Exit.USAGE
        )
    total = Cents(kept.paid + amount)
    if kept.seller:
        if payee is not None and payee != kept.seller[0]:
            raise UserError(_("This allowance is for another seller."), Exit.USAGE)
        return Total(kept.number, kept.seller[0], kept.place, total)
    if payee is None:
        raise UserError(_("Whom do you pay? Name the seller with --to ADDRESS."), Exit.USAGE)
    allowance, _guarantee = read_certificate(kept.certificate[0])
    each = allowance.cover[0].each
    if amount > each:
        raise UserError(
            _("The guarantee covers payments up to {limit}.").format(limit=format_cents(each)),
            Exit.USAGE,
        )
    if kept.sequence >= SEQUENCE_MAX:
        raise UserError(
            _("This device made {count} payments with this allowance, which is the most.").format(
                count=SEQUENCE_MAX
            ),
            Exit.USAGE,
        )
    day = now_ms // DAY_MS
    return GeneralPayment(kept.number, payee, place, kept.sequence + 1, day, Cents(amount), total)


def taken_today(takings: tuple[Taking, ...], now_ms: int) -> int:
    """General payments of today. All guarantees together, which errs on the safe side."""
    day = now_ms // DAY_MS
    return sum(
        signed.payment.amount
        for taking in takings
        for signed in taking.payments
        if isinstance(signed, SignedGeneral) and signed.payment.day == day
    )
