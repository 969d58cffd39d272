"""Refund: the payee gives a payment back, line by line, and the payer's lots are whole again;
reversal: both undo what is left of it, and either of them starts it.

What moves is in `returns.py`. A lot that expired meanwhile comes back with 30 days of grace after
its expiry; later than that it goes to its fund, or the fund's successor.
"""

from __future__ import annotations

from msgspec.structs import replace

from chain.contract import Context
from chain.errors import Rejected
from chain.money import Cents
from chain.state import Draft, View
from governance_contracts.payments.mistakes import Reverse, note_returned
from governance_contracts.payments.outcomes import (
    BadRefundLine,
    CannotReturn,
    Credit,
    GaveBack,
    NothingLeft,
    Refunded,
    UnknownPayment,
)
from governance_contracts.payments.payments import (
    PAYMENTS,
    Payment,
    Refund,
    RefundLine,
    lines_left,
    payer_shown,
)
from governance_contracts.payments.returns import hand_back
from governance_contracts.people.acting import (
    FrozenAccount,
    is_frozen,
    require_account,
    require_party,
)


def refund(draft: Draft, context: Context, args: Refund) -> None:
    """Give back lines of a payment. A till key may.

    Refuses UnknownPayment; NotAuthorised, ClosedAccount, FrozenAccount (the payee);
    NotRegistered, ClosedAccount (the payer); NothingLeft; BadRefundLine; NotEnoughCoin; FundClosed,
    TooManyCoins, TooManyLots, in that order. What concerns a payer under an alias is CannotReturn.
    """
    payment = require_payment(draft, args.payment, args.number)
    payee = require_party(draft, context, payment.payee, "payee", till=True)
    if is_frozen(payee):
        raise FrozenAccount(payment.payee)
    require_taker(draft, (args.payment, args.number), payment)
    lines = lines_left(payment)
    if not lines:
        raise NothingLeft(args.payment, args.number)
    if args.lines:
        check_lines(args.lines, lines)
        lines = {line.line: line.amount for line in args.lines}
    give_back(draft, context, (args.payment, args.number), payment, lines)


def reverse(draft: Draft, context: Context, args: Reverse) -> None:
    """Undo what is left of a payment, by the signatures of both; either may send it.

    Refuses UnknownPayment; NotAuthorised, ClosedAccount, FrozenAccount (the payee, whose till key
    may); NotAuthorised, ClosedAccount, TillKeyOnly (the payer);
    NothingLeft; NotEnoughCoin; FundClosed; TooManyCoins; TooManyLots, in that order.
    """
    payment = require_payment(draft, args.payment, args.number)
    payee = require_party(draft, context, payment.payee, "payee", till=True)
    if is_frozen(payee):
        raise FrozenAccount(payment.payee)
    require_party(draft, context, payment.payer, "payer")
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

    Refuses what `hand_back` does.
    """
    total = Cents(sum(lines.values()))
    back = hand_back(draft, context, place, payment, lines)
    payment = replace(payment, parts=back.parts, discount=back.discount)
    draft.put(PAYMENTS, place, payment)
    if not lines_left(payment):
        note_returned(draft, place)
    context.emit(
        Refunded(
            *place,
            payment.payee,
            payment.coin,
            Cents(back.own),
            tuple(Credit(lot, Cents(back.credits[lot])) for lot in sorted(back.credits)),
        ),
        payment.payer,
    )
    for told in back.told:
        context.emit(told, payment.payer)
    context.emit(GaveBack(*place, payer_shown(payment), payment.coin, total), payment.payee)


def require_taker(draft: Draft, place: tuple[bytes, int], payment: Payment) -> None:
    """Can the payer still receive? Refuses NotRegistered, ClosedAccount; CannotReturn in their
    stead if the payee knows the payer by an alias."""
    try:
        require_account(draft, payment.payer)
    except Rejected:
        if payment.shown:
            raise CannotReturn(*place) from None
        raise


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
