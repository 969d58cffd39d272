"""What moves when a payment is given back: out of the payee's hands first, then to whom it is due.

The two sides are settled apart. The payee gives as if it had been paid by one party out of what it
was credited: line by line from the last, free coin first, then what it holds of the lot that a part
became, and free coin where it holds less. What it gives depends on nothing that it does not know.

Of what comes back of a line, a fund gets its discount's share: a discount shrinks in proportion to
what is kept of the price. The payer's own parts return in the reverse order of drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.contract import Context
from chain.errors import Rejected
from chain.money import Cents
from chain.state import Draft, Table, View, number
from governance_contracts.coins.balances import (
    FREE,
    NotEnoughCoin,
    book,
    free_of,
    give,
    held_of,
    take_free,
    take_lot,
)
from governance_contracts.earmarks.earmark import heir_of
from governance_contracts.earmarks.lots import GRACE_MS, LotNumber, expired, grace_lot, require_lot
from governance_contracts.payments.benefits import Discount, DiscountReturned, left_of
from governance_contracts.payments.discounts import refunded, return_discount
from governance_contracts.payments.outcomes import CannotReturn
from governance_contracts.payments.payments import Part, Payment, lines_left


@dataclass(frozen=True, slots=True)
class Returned:
    """`own`: to the payer or its lots' funds; `credits` of that the payer's, by lot."""

    parts: tuple[Part, ...]
    discount: tuple[Discount, ...]
    own: int
    credits: dict[int, int]
    told: tuple[DiscountReturned, ...]


GRACED: Table[int, LotNumber] = Table(96, "graced_lot", LotNumber, number)
"""Lots that a refund opened with 30 days of grace, and out of which lot."""


def hand_back(
    draft: Draft,
    context: Context,
    place: tuple[bytes, int],
    payment: Payment,
    lines: dict[int, int],
) -> Returned:
    """Move so much of each line (all of it is left) from the payee to whom it is due.

    Refuses NotEnoughCoin (the payee); then FundClosed, TooManyCoins, TooManyLots, or CannotReturn
    in their stead if the payee knows the payer by an alias.
    """
    taken = take_back(draft, payment, lines)
    try:
        return give_to_each(draft, context, place, payment, lines, taken)
    except Rejected:
        if payment.shown:  # which of them, and of whom, is not for the payee
            raise CannotReturn(*place) from None
        raise


def take_back(draft: Draft, payment: Payment, lines: dict[int, int]) -> int:
    """Take the lines from the payee; returns how much of that is free coin. Refuses NotEnoughCoin,
    with all that is missing."""
    payee, coin = payment.payee, payment.coin
    left = lines_left(payment)
    free = 0
    for line in sorted(lines, reverse=True):
        skipped = sum(amount for _, amount in credited(draft, payment, line)) - left[line]
        wanted = lines[line]
        for after, credit in credited(draft, payment, line):
            passed = min(skipped, credit)
            skipped -= passed
            amount = min(wanted, credit - passed)
            wanted -= amount
            bound = min(amount, held_of(draft, payee, coin, after)) if after != FREE else 0
            if bound:
                take_lot(draft, payee, coin, after, bound)
            free += amount - bound
    had = free_of(draft, payee, coin)
    if free > had:
        raise NotEnoughCoin(coin, free - had, "")
    if free:
        take_free(draft, payee, coin, free)
    return free


def credited(view: View, payment: Payment, line: int) -> list[tuple[int, int]]:
    """What the payee was credited for a line, in the order in which it gives it back: by lot, free
    coin (the payer's and the fund's are one) first."""
    free = 0
    bound: list[tuple[int, int]] = []
    for part in payment.parts:
        if part.line == line:
            if part.lot == FREE:
                free += part.amount
            else:
                bound.append((require_lot(view, part.lot).after, part.amount))
    for discount in payment.discount:
        free += sum(one.amount for one in discount.lines if one.line == line)
    return [(FREE, free), *reversed(bound)]


def give_to_each(
    draft: Draft,
    context: Context,
    place: tuple[bytes, int],
    payment: Payment,
    lines: dict[int, int],
    taken: int,
) -> Returned:
    """Give what was taken (`taken` of it free coin) to fund and payer, and book the change of form.

    Refuses FundClosed, TooManyCoins, TooManyLots.
    """
    due = dict(lines)
    given_free = total = 0
    discounts: list[Discount] = []
    told: list[DiscountReturned] = []
    for discount in payment.discount:
        left = lines_left(payment)
        kept = {line: left[line] - due[line] for line in due}
        after = refunded(discount, kept)
        for old, new in zip(discount.lines, after.lines, strict=True):
            if old.line in due:
                due[old.line] -= new.returned - old.returned
        amount = left_of(discount) - left_of(after)
        if amount:
            fund, restored = return_discount(draft, payment, discount, after)
            told.append(
                DiscountReturned(
                    *place,
                    discount.benefit,
                    fund,
                    payment.payee,
                    payment.coin,
                    Cents(amount),
                    Cents(restored),
                )
            )
        given_free += amount
        discounts.append(after)

    parts = list(payment.parts)
    credits: dict[int, int] = {}
    for index in reversed(range(len(parts))):
        part = parts[index]
        amount = min(due.get(part.line, 0), part.amount - part.refunded)
        if not amount:
            continue
        due[part.line] -= amount
        total += amount
        parts[index] = Part(part.line, part.lot, part.amount, Cents(part.refunded + amount))
        taker, lot = destination(draft, context, payment, part)
        give(draft, taker, payment.coin, lot, amount)
        if lot == FREE:
            given_free += amount
        if taker == payment.payer:
            credits[lot] = credits.get(lot, 0) + amount
    crossing = given_free - taken
    book(draft, payment.coin, free=crossing, lots=-crossing)
    return Returned(tuple(parts), tuple(discounts), total, credits, tuple(told))


def destination(draft: Draft, context: Context, payment: Payment, part: Part) -> tuple[bytes, int]:
    """Whom a part goes back to, and into which lot. Grace is given once: a lot that had it and ran
    out again goes to its fund, or buyer and shop could put an expiry off for ever.

    Refuses FundClosed.
    """
    if part.lot == FREE:
        return payment.payer, FREE
    lot = require_lot(draft, part.lot)
    if not expired(lot, context.time_ms):
        return payment.payer, part.lot
    graced = draft.get(GRACED, part.lot) is not None
    if context.time_ms < lot.terms.expires_ms[0] + GRACE_MS and not graced:
        later, opened = grace_lot(draft, part.lot)
        for event in opened:
            if event.lot == later:
                draft.put(GRACED, later, LotNumber(part.lot))
            context.emit(event, payment.payer)  # that it was a lot is not for the payee
        return payment.payer, later
    return heir_of(draft, lot.fund[0]), FREE
