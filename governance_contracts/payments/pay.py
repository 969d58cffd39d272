"""Pay: one payment of one to eight lines, in one coin, out of free and bound coin.

The payee receives the payer's coin, wherever either lives. A payment in free coin changes three
small records: two purses and the payment's own, which a refund needs. `refund.py` and `payout.py`
hold the other calls of this contract, `payments.py` the records and refusals.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain import crypto
from chain.account import Account, AccountKind, find_key
from chain.contract import Context, Contract, Method
from chain.money import CENTS_MAX, Cents
from chain.state import Draft, View
from governance_contracts.areas.regions import require_region
from governance_contracts.coins.balances import (
    FREE,
    HELD_LOTS,
    HeldLot,
    book,
    give_free,
    give_lot,
    spend,
    take_lots,
)
from governance_contracts.coins.coin import require_coin
from governance_contracts.coins.limits import day_of, holding_max
from governance_contracts.coins.meter import volume
from governance_contracts.coins.regimes import bordered, check_payee
from governance_contracts.earmarks.choice import Draw
from governance_contracts.earmarks.drawing import check_split, draw, held_to_draw
from governance_contracts.earmarks.earmark import Spending, spending_of
from governance_contracts.earmarks.lots import require_lot
from governance_contracts.payments.discounts import Claim, Granted, discount_of, grant, told_of
from governance_contracts.payments.mistakes import (
    UNANSWERED,
    AnswerMistake,
    Mistake,
    Reverse,
    answer_mistake,
    mistake,
    unanswered,
)
from governance_contracts.payments.outcomes import (
    BadLine,
    BadLink,
    Credit,
    DrawnPart,
    HoldsLots,
    HoursMissing,
    Paid,
    PaysItself,
    Received,
    RefundWindow,
    RequestDiffers,
    RequestExpired,
    RequestPaid,
    RequestUnsigned,
    TooManyPayments,
    UnknownPurpose,
    WrongGross,
)
from governance_contracts.payments.payments import (
    LAST_SALES,
    PAID_REQUESTS,
    PAYMENTS,
    PURPOSES,
    VAT_MAX,
    LastSale,
    Line,
    LinkKind,
    PaidRequest,
    Part,
    Pay,
    Payment,
    Payout,
    Refund,
    Request,
    SignedRequest,
    Use,
    alias_of,
    plain,
    request_id,
    request_sign_bytes,
)
from governance_contracts.payments.payout import payout
from governance_contracts.payments.refund import refund, reverse
from governance_contracts.people.acting import require_account, require_actor
from governance_contracts.people.closing import Obstacle, before_closing
from governance_contracts.people.minors import check_earning, day_max_of
from governance_contracts.people.places import Place, PlaceClosed, UnknownPlace, find_place
from governance_contracts.recovery.allowance import require_outgoing

PEOPLE = (AccountKind.PERSON, AccountKind.HOUSEHOLD)
REFUND_DAYS = 14
"""So long after its last sale a payee can still be asked for a refund, so it does not close."""
NO_DRAWS: tuple[Draw, ...] = ()


def pay(draft: Draft, context: Context, args: Pay) -> None:
    """Pay.

    Refuses, in this order: NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly,
    Locked, FrozenAccount, AboveAllowance (the payer); NotRegistered, ClosedAccount (the payee);
    PaysItself; UnknownCoin; NotAccepted; UnknownPlace, PlaceClosed; what `check_content` refuses;
    what `check_request` refuses; BadLots; what `discounts.discount_of` refuses, if a benefit is
    named; for a pinned lot that fits no line the refusal of `earmark.misfit`; TooManyParts;
    SplitDiffers; NotEnoughCoin; DayLimit; HoldingLimit; TooManyCoins; TooManyLots;
    TooManyPayments; CannotEarnThis.
    """
    settle(draft, context, args, require_actor(draft, context, args.payer, card=True))


def settle(draft: Draft, context: Context, args: Pay, payer: Account) -> None:
    """Make a payment of which somebody else has seen that the payer agreed to it.

    Refuses what `pay` does, from Locked on.
    """
    asked = sum(line.amount for line in args.lines)
    require_outgoing(draft, context, args.payer, payer, args.coin, asked)
    payee = require_account(draft, args.payee)
    if args.payer == args.payee:
        raise PaysItself(args.payer)
    coin = require_coin(draft, args.coin)
    limited = check_payee(draft, coin, args.payee, payee, context.height)
    place = stated_place(draft, args) if args.place else None
    amount = check_content(draft, args)
    for signed in args.request:
        check_request(draft, context, args, signed, payee, amount)

    held: Sequence[HeldLot] = held_to_draw(draft, args)
    if limited and held:
        held = bordered(draft, coin, held, pinned=bool(args.lots))
    draws: Sequence[Draw] = NO_DRAWS
    lacking: Sequence[int] = [line.amount for line in args.lines]
    misfits, granted, added = "", None, 0
    if held or args.benefit:
        spending = spending_of(draft, context, args.payer, args.payee, payee, place)
        if args.benefit:
            claim = claim_of(args, spending)
            granted = discount_of(draft, context, claim)
            added = granted.amount
            lacking = granted.due(lacking)
        if held:
            draws, lacking, misfits = draw(draft, args, spending, held, lacking)
    if args.split:
        check_split(draft, args, draws)
    free = sum(lacking)
    day = day_of(context.time_ms)
    own = amount - added
    limit = day_max_of(draft, args.payer, payer)
    spend(draft, args.payer, args.coin, free, own, day, limit, misfits)
    if granted is not None:
        grant(draft, context, claim, granted)
    credits = credit(draft, args, draws, free + added, holding_max(draft, payee.kind))
    if payee.kind not in PEOPLE:
        note_sale(draft, args.payee, day)
    parts = parts_of(draws, lacking)
    shown = tuple([alias_of(args.payer, args.payee, secret) for secret in args.alias])
    number = record(draft, context, args, parts, shown, granted)
    check_earning(draft, context, args.payee, payee, args.purpose, args.tariff, args.minutes)
    volume(draft, context, coin, amount, limited=limited)
    context.emit(
        Paid(
            number,
            args.payee,
            args.coin,
            Cents(own),
            tuple([DrawnPart(part.line, part.lot, part.amount) for part in parts]),
        ),
        args.payer,
    )
    if granted is not None:
        context.emit(told_of(number, claim, granted), args.payer)
    context.emit(
        Received(
            number,
            shown[0] if shown else args.payer,
            args.coin,
            amount,
            args.place,
            args.purpose,
            args.lines,
            credits,
            args.reference,
        ),
        args.payee,
    )


def stated_place(view: View, args: Pay) -> Place:
    """The payee's place that the payment names. Refuses UnknownPlace, PlaceClosed."""
    place = find_place(view, args.payee, args.place[0])
    if place is None:
        raise UnknownPlace(args.payee, args.place[0])
    if place.closed:
        raise PlaceClosed(args.payee, args.place[0])
    return place


def claim_of(args: Pay, spending: Spending) -> Claim:
    """What the payment asks of the benefit that it names."""
    return Claim(
        args.benefit[0],
        args.payer,
        args.payee,
        args.coin,
        args.lines,
        spending.areas,
        spending.related,
        bool(args.alias),
    )


def check_content(view: View, args: Pay) -> Cents:
    """Does what the payment says of itself hold together? Returns the sum of its lines.

    Refuses UnknownPurpose, BadLine (use, vat, sum), WrongGross, HoursMissing, UnknownRegion
    (served), BadLink, in that order.
    """
    if args.purpose not in PURPOSES:
        raise UnknownPurpose(args.purpose)
    amount = 0
    for position, line in enumerate(args.lines):
        if line.use > Use.RESALE:
            raise BadLine(position, "use")
        if line.vat and line.vat[0] > VAT_MAX:
            raise BadLine(position, "vat")
        amount += line.amount
        if amount > CENTS_MAX:
            raise BadLine(position, "sum")
    if args.gross - args.discount != amount:
        raise WrongGross(args.gross, args.discount, amount)
    if args.purpose == "COMM" and not (args.minutes and args.minutes[0]):
        raise HoursMissing()
    for wijk in args.served:
        require_region(view, wijk)
    for link in args.link:
        if link.kind not in (LinkKind.ESCROW_OF, LinkKind.CORRECTION_OF):
            raise BadLink(link.kind)
    return Cents(amount)


def check_request(
    draft: Draft, context: Context, args: Pay, signed: SignedRequest, payee: Account, amount: int
) -> None:
    """Is this what the payee asked for, and not paid before? Marks it paid.

    Refuses RequestDiffers (payee, coin, amount, place, reference), RequestUnsigned,
    RequestExpired, RequestPaid, in that order.
    """
    request = signed.request
    if request.payee != args.payee:
        raise RequestDiffers("payee")
    if request.coin and request.coin[0] != args.coin:
        raise RequestDiffers("coin")
    if request.amount != amount:
        raise RequestDiffers("amount")
    if request.place != args.place:
        raise RequestDiffers("place")
    if request.reference != args.reference:
        raise RequestDiffers("reference")
    key = find_key(payee, signed.key)
    message = request_sign_bytes(context.chain, context.epoch, request)
    if key is None or not crypto.verify(key.key, message, signed.signature):
        raise RequestUnsigned()
    if context.time_ms > request.expires_ms:
        raise RequestExpired(request.expires_ms)
    name = request_id(request)
    before = draft.get(PAID_REQUESTS, name)
    if before is not None:
        raise RequestPaid(before.payment)
    draft.put(PAID_REQUESTS, name, PaidRequest(context.transaction_id))


def credit(
    draft: Draft, args: Pay, draws: Sequence[Draw], free: int, limit: int
) -> tuple[Credit, ...]:
    """Give the payee what becomes of each part; returns it, free coin first, then by lot.

    Takes the bound parts from the payer; free coin was taken before. Refuses HoldingLimit,
    TooManyCoins, TooManyLots.
    """
    if not draws:
        give_free(draft, args.payee, args.coin, free, limit)
        return (Credit(FREE, Cents(free)),)
    drawn: dict[int, int] = {}
    for one in draws:
        drawn[one.lot] = drawn.get(one.lot, 0) + one.amount
    take_lots(draft, args.payer, drawn)
    after: dict[int, int] = {FREE: free}
    for lot, amount in drawn.items():
        into = require_lot(draft, lot).after
        after[into] = after.get(into, 0) + amount
    if after[FREE]:
        give_free(draft, args.payee, args.coin, after[FREE], limit)
    freed = after[FREE] - free
    book(draft, args.coin, free=freed, lots=-freed)
    for lot in sorted(after):
        if lot != FREE:
            give_lot(draft, args.payee, args.coin, lot, after[lot])
    return tuple(Credit(lot, Cents(after[lot])) for lot in sorted(after) if after[lot])


def parts_of(draws: Sequence[Draw], lacking: Sequence[int]) -> tuple[Part, ...]:
    """In the order in which coin was drawn: line by line, bound coin before free coin."""
    zero = Cents(0)
    if not draws:
        return tuple(
            [Part(i, FREE, Cents(amount), zero) for i, amount in enumerate(lacking) if amount]
        )
    parts: list[Part] = []
    for line, amount in enumerate(lacking):
        parts += [Part(line, one.lot, Cents(one.amount), zero) for one in draws if one.line == line]
        if amount:
            parts.append(Part(line, FREE, Cents(amount), zero))
    return tuple(parts)


def record(
    draft: Draft,
    context: Context,
    args: Pay,
    parts: tuple[Part, ...],
    shown: tuple[bytes, ...] = (),
    granted: Granted | None = None,
) -> int:
    """Keep the payment for refunds; returns its number in the transaction. Refuses
    TooManyPayments."""
    number = 0
    while draft.get(PAYMENTS, (context.transaction_id, number)) is not None:
        number += 1
        if number > 255:
            raise TooManyPayments()
    draft.put(
        PAYMENTS,
        (context.transaction_id, number),
        Payment(
            args.payer,
            args.payee,
            args.coin,
            args.place,
            context.time_ms,
            parts,
            shown,
            () if granted is None else (granted.discount,),
        ),
    )
    return number


def note_sale(draft: Draft, payee: bytes, day: int) -> None:
    last = draft.find(LAST_SALES, payee)
    if last is None or last.day != day:
        draft.put(LAST_SALES, payee, LastSale(day))


@before_closing(Obstacle.REFUND_WINDOW)
def sold_nothing_lately(view: View, context: Context, account: bytes) -> None:
    last = view.find(LAST_SALES, account)
    if last is not None and day_of(context.time_ms) - last.day < REFUND_DAYS:
        raise RefundWindow(account, last.day + REFUND_DAYS)


@before_closing(Obstacle.LOTS)
def holds_no_lots(view: View, context: Context, account: bytes) -> None:
    held = view.find(HELD_LOTS, account)
    if held is not None:
        raise HoldsLots(account, held.lots[0].lot)


CONTRACT = Contract(
    "pay",
    1,
    {
        "pay": Method(Pay, pay, cost=lambda args: 220 + 30 * len(args.lines)),
        "refund": Method(Refund, refund, cost=300),
        "reverse": Method(Reverse, reverse, cost=300),
        "mistake": Method(Mistake, mistake, cost=200),
        "answer_mistake": Method(AnswerMistake, answer_mistake, cost=200),
        "payout": Method(Payout, payout, cost=lambda args: 200 + 60 * len(args.lines)),
    },
    {UNANSWERED: unanswered},
)

__all__ = [
    "CONTRACT", "Line", "Pay", "Payout", "Refund", "Request", "SignedRequest", "pay", "payout",
    "plain", "refund", "request_id", "request_sign_bytes",
]  # fmt: skip
