"""Refund: the payee gives a payment back, line by line, and the payer's lots are whole again;
reversal: both undo what is left of it, and either of them starts it.

Parts return in the reverse order of drawing, so free coin first. The payee gives what it holds of
the lot that the part became, and free coin for the rest. A lot that expired meanwhile comes back
with 30 days of grace after its expiry; later than that it goes to its fund, or the fund's
successor.
"""

from __future__ import annotations

from msgspec.structs import replace

from chain.contract import Context
from chain.money import Cents
from chain.state import Draft, View
from governance_contracts.acting import FrozenAccount, is_frozen, require_account, require_actor
from governance_contracts.balances import FREE, held_of, move
from governance_contracts.earmark import heir_of
from governance_contracts.lots import GRACE_MS, expired, grace_lot, require_lot
from governance_contracts.mistakes import Reverse, note_returned
from governance_contracts.outcomes import (
    BadRefundLine,
    Credit,
    GaveBack,
    NothingLeft,
    Refunded,
    UnknownPayment,
)
from governance_contracts.payments import (
    PAYMENTS,
    Part,
    Payment,
    Refund,
    RefundLine,
)


def refund(draft: Draft, context: Context, args: Refund) -> None:
    """Give back lines of a payment. A till key may.

    Refuses UnknownPayment; NotRegistered, ClosedAccount, NotAuthorised, FrozenAccount (the payee);
    NotRegistered, ClosedAccount (the payer); NothingLeft; BadRefundLine; FundClosed;
    NotEnoughCoin; TooManyCoins; TooManyLots, in that order.
    """
    payment = require_payment(draft, args.payment, args.number)
    payee = require_actor(draft, context, payment.payee, till=True)
    if is_frozen(payee):
        raise FrozenAccount(payment.payee)
    require_account(draft, payment.payer)
    lines = lines_left(payment)
    if not lines:
        raise NothingLeft(args.payment, args.number)
    if args.lines:
        check_lines(args.lines, lines)
        lines = {line.line: line.amount for line in args.lines}
    give_back(draft, context, (args.payment, args.number), payment, lines)


def reverse(draft: Draft, context: Context, args: Reverse) -> None:
    """Undo what is left of a payment, by the signatures of both; either may send it.

    Refuses UnknownPayment; NotRegistered, ClosedAccount, NotAuthorised, FrozenAccount (the payee,
    whose till key may); NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly (the payer);
    NothingLeft; FundClosed; NotEnoughCoin; TooManyCoins; TooManyLots, in that order.
    """
    payment = require_payment(draft, args.payment, args.number)
    payee = require_actor(draft, context, payment.payee, till=True)
    if is_frozen(payee):
        raise FrozenAccount(payment.payee)
    require_actor(draft, context, payment.payer)
    lines = lines_left(payment)
    if not lines:
        raise NothingLeft(args.payment, args.number)
    give_back(draft, context, (args.payment, args.number), payment, lines)


def require_payment(view: View, transaction: bytes, number: int) -> Payment:
    """Refuses UnknownPayment."""
    payment = view.get(PAYMENTS, (transaction, number))
    if payment is None:
        raise UnknownPayment(transaction, number)
    return payment


def give_back(
    draft: Draft,
    context: Context,
    place: tuple[bytes, int],
    payment: Payment,
    lines: dict[int, int],
) -> None:
    """Return so much of each line (all of it is left), and tell both. `place`: of the payment.

    Refuses FundClosed, NotEnoughCoin, TooManyCoins, TooManyLots.
    """
    parts = list(payment.parts)
    credits: dict[int, int] = {}
    for index in reversed(range(len(parts))):
        part = parts[index]
        amount = min(lines.get(part.line, 0), part.amount - part.refunded)
        if not amount:
            continue
        lines[part.line] -= amount
        parts[index] = Part(part.line, part.lot, part.amount, Cents(part.refunded + amount))
        taker, lot = destination(draft, context, payment, part)
        give_part(draft, payment, part, taker, lot, amount)
        if taker == payment.payer:
            credits[lot] = credits.get(lot, 0) + amount
    draft.put(PAYMENTS, place, replace(payment, parts=tuple(parts)))
    if all(part.refunded == part.amount for part in parts):
        note_returned(draft, place)
    total = Cents(refunded_of(parts) - refunded_of(payment.parts))
    context.emit(
        Refunded(
            *place,
            payment.payee,
            payment.coin,
            total,
            tuple(Credit(lot, Cents(credits[lot])) for lot in sorted(credits)),
        ),
        payment.payer,
    )
    context.emit(GaveBack(*place, payment.payer, payment.coin, total), payment.payee)


def refunded_of(parts: list[Part] | tuple[Part, ...]) -> int:
    return sum(part.refunded for part in parts)


def lines_left(payment: Payment) -> dict[int, int]:
    """What is left to give back, by line; lines with nothing left are not there."""
    left: dict[int, int] = {}
    for part in payment.parts:
        if part.amount > part.refunded:
            left[part.line] = left.get(part.line, 0) + part.amount - part.refunded
    return left


def check_lines(asked: tuple[RefundLine, ...], left: dict[int, int]) -> None:
    """Refuses BadRefundLine: order, line, amount, for one line after another."""
    previous = -1
    for line in asked:
        if line.line <= previous:
            raise BadRefundLine(line.line, "order")
        if line.line not in left:
            raise BadRefundLine(line.line, "line")
        if line.amount > left[line.line]:
            raise BadRefundLine(line.line, "amount")
        previous = line.line


def destination(draft: Draft, context: Context, payment: Payment, part: Part) -> tuple[bytes, int]:
    """Whom a part goes back to, and into which lot. Refuses FundClosed."""
    if part.lot == FREE:
        return payment.payer, FREE
    lot = require_lot(draft, part.lot)
    if not expired(lot, context.time_ms):
        return payment.payer, part.lot
    if context.time_ms < lot.terms.expires_ms[0] + GRACE_MS:
        later, opened = grace_lot(draft, part.lot)
        for event in opened:
            context.emit(event)
        return payment.payer, later
    return heir_of(draft, lot.fund[0]), FREE


def give_part(
    draft: Draft, payment: Payment, part: Part, taker: bytes, into: int, amount: int
) -> None:
    """Out of what the part became in the payee's hands, then out of free coin."""
    after = FREE if part.lot == FREE else require_lot(draft, part.lot).after
    bound = 0
    if after != FREE:
        bound = min(amount, held_of(draft, payment.payee, payment.coin, after))
    if bound:
        move(draft, payment.coin, payment.payee, after, taker, into, bound)
    if amount > bound:
        move(draft, payment.coin, payment.payee, FREE, taker, into, amount - bound)
