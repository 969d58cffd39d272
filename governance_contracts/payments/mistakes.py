"""Mistakes: a payer says that a payment was one, and the payee returns it, answers, or is silent.

The payer has 14 days from the payment, the payee 7 days from the report. Silence opens mediation:
the case then stands in the list of the payee's wijk, for its office to see and a mediator to take
up. What anybody wrote stays off the chain, behind commitments; on it stand a reason and dates.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, in_force
from chain.codec import U8, AccountId, Code, Hash, Millis, Record, decode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, Cents
from chain.rules import DAY_MS
from chain.state import Draft, Table, View
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.payments.outcomes import NothingLeft, UnknownPayment
from governance_contracts.payments.payments import PAYMENTS, lines_left, payment_key
from governance_contracts.people.acting import require_account, require_party

REPORT_MS = 14 * DAY_MS
ANSWER_MS = 7 * DAY_MS
UNANSWERED = "mistake_unanswered"
"""The due work that looks whether the payee did something."""


class Reason(IntEnum):
    WRONG_PAYEE = 1
    WRONG_AMOUNT = 2
    PAID_TWICE = 3
    NOT_DELIVERED = 4
    OTHER = 5


class Reply(IntEnum):
    """Why a payee does not return the coin, or not yet."""

    OWED = 1  # it was owed, and in this amount
    DELIVERED = 2
    WILL_RETURN = 3  # and says when, off the chain
    OTHER = 4


class CaseState(IntEnum):
    OPEN = 1
    RETURNED = 2  # all of the payment went back
    ANSWERED = 3
    MEDIATION = 4


class Reverse(Record, tag=1):
    """Undo all that is left of a payment; payer and payee both sign.

    `payment` is the transaction's id, `number` the payment's place in it, counted from 0.
    """

    payment: Hash
    number: U8


class Mistake(Record, tag=1):
    """The payer reports a payment as a mistake. `reason`: see `Reason`. `grounds`: a commitment to
    what the payer has to say."""

    payment: Hash
    number: U8
    reason: U8
    grounds: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class AnswerMistake(Record, tag=1):
    """The payee answers. `reply`: see `Reply`. `grounds`: a commitment."""

    payment: Hash
    number: U8
    reply: U8
    grounds: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Answer(Record, tag=1):
    reply: U8
    grounds: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    time_ms: Millis


class MistakeCase(Record, tag=1):
    """A payment said to be a mistake. `amount`: what was left of it then. `wijk`: whose office
    helps, that of the payee or else of the payer; none if neither lives in a wijk with a board."""

    payer: AccountId
    payee: AccountId
    coin: Code
    amount: AmountField
    reason: U8
    grounds: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    wijk: Annotated[tuple[Code, ...], Meta(max_length=1)]
    opened_ms: Millis
    answer_by_ms: Millis
    state: U8
    answer: Annotated[tuple[Answer, ...], Meta(max_length=1)]


class PaymentPlace(Record, tag=1):
    payment: Hash
    number: U8


def mediation_key(key: tuple[str, bytes, int]) -> bytes:
    """Wijk, padded to sort; then transaction id and number of the payment."""
    return key[0].encode("ascii").ljust(32, b"\x00") + payment_key((key[1], key[2]))


def case_key(key: tuple[bytes, bytes, int]) -> bytes:
    """Payer or payee; then transaction id and number of the payment."""
    return key[0] + payment_key((key[1], key[2]))


MISTAKES: Table[tuple[bytes, int], MistakeCase] = Table(93, "mistake", MistakeCase, payment_key)
MEDIATIONS: Table[tuple[str, bytes, int], PaymentPlace] = Table(
    94, "mediation", PaymentPlace, mediation_key
)
"""Cases in mediation by wijk: what its office sees, and where a mediator takes them up."""
CASES: Table[tuple[bytes, bytes, int], PaymentPlace] = Table(
    95, "mistake_party", PaymentPlace, case_key
)
"""Cases by party, until all went back."""


@event
class MistakeReported(Record, tag=850):
    """To payer and payee. `answer_by_ms`: silence until then opens mediation."""

    payment: Hash
    number: U8
    coin: Code
    amount: AmountField
    reason: U8
    answer_by_ms: Millis


@event
class MistakeAnswered(Record, tag=851):
    """To payer and payee."""

    payment: Hash
    number: U8
    reply: U8
    grounds: tuple[Hash, ...]


@event
class MediationOpened(Record, tag=852):
    """To payer, payee and the treasury of the wijk whose office helps. Nobody else reads it."""

    payment: Hash
    number: U8
    coin: Code
    amount: AmountField


class TooLateToReport(Rejected):
    """A mistake is reported within 14 days of the payment; the time was up at `until_ms`."""

    code = 850
    fields = ("until_ms",)


class AlreadyReported(Rejected):
    """Each payment is reported once. `state`: see CaseState."""

    code = 851
    fields = ("payment", "number", "state")


class UnknownReason(Rejected):
    """No such reason, or no such reply."""

    code = 852
    fields = ("reason",)


class UnknownMistake(Rejected):
    """Nobody reported this payment as a mistake."""

    code = 853
    fields = ("payment", "number")


class CaseClosed(Rejected):
    """The coin went back, or an answer was given. `state`: see CaseState."""

    code = 854
    fields = ("state",)


def mistake(draft: Draft, context: Context, args: Mistake) -> None:
    """Report a payment of one's own as a mistake, once.

    Refuses UnknownPayment; NotAuthorised, ClosedAccount, TillKeyOnly (the payer);
    UnknownReason; AlreadyReported; TooLateToReport; NothingLeft; NotRegistered, ClosedAccount (the
    payee), in that order.
    """
    place = (args.payment, args.number)
    payment = draft.get(PAYMENTS, place)
    if payment is None:
        raise UnknownPayment(*place)
    require_party(draft, context, payment.payer, "payer")
    if args.reason not in tuple(Reason):
        raise UnknownReason(args.reason)
    known = draft.get(MISTAKES, place)
    if known is not None:
        raise AlreadyReported(*place, known.state)
    if context.time_ms > payment.time_ms + REPORT_MS:
        raise TooLateToReport(payment.time_ms + REPORT_MS)
    left = sum(lines_left(payment).values())
    if not left:
        raise NothingLeft(*place)
    require_account(draft, payment.payee)
    case = MistakeCase(
        payment.payer,
        payment.payee,
        payment.coin,
        Cents(left),
        args.reason,
        args.grounds,
        office_of(draft, context.height, payment.payee, payment.payer),
        context.time_ms,
        context.time_ms + ANSWER_MS,
        CaseState.OPEN,
        (),
    )
    draft.put(MISTAKES, place, case)
    for party in (case.payer, case.payee):
        draft.put(CASES, (party, *place), PaymentPlace(*place))
    context.schedule(draft, case.answer_by_ms, "pay", UNANSWERED, PaymentPlace(*place))
    told = MistakeReported(*place, case.coin, case.amount, case.reason, case.answer_by_ms)
    context.emit(told, case.payer)
    context.emit(told, case.payee)


def answer_mistake(draft: Draft, context: Context, args: AnswerMistake) -> None:
    """Say why the coin does not go back. After mediation opened, too: that stays open.

    Refuses UnknownMistake; NotAuthorised, ClosedAccount, TillKeyOnly (the payee);
    UnknownReason; CaseClosed, in that order.
    """
    place = (args.payment, args.number)
    case = draft.get(MISTAKES, place)
    if case is None:
        raise UnknownMistake(*place)
    require_party(draft, context, case.payee, "payee")
    if args.reply not in tuple(Reply):
        raise UnknownReason(args.reply)
    if case.answer or case.state not in (CaseState.OPEN, CaseState.MEDIATION):
        raise CaseClosed(case.state)
    state = CaseState.ANSWERED if case.state == CaseState.OPEN else case.state
    answer = Answer(args.reply, args.grounds, context.time_ms)
    draft.put(MISTAKES, place, replace(case, state=state, answer=(answer,)))
    told = MistakeAnswered(*place, args.reply, args.grounds)
    context.emit(told, case.payer)
    context.emit(told, case.payee)


def unanswered(draft: Draft, context: Context, args: bytes) -> None:
    """Due when the payee's time is up: silence opens mediation."""
    named = decode(PaymentPlace, args)
    place = (named.payment, named.number)
    case = draft.get(MISTAKES, place)
    if case is None or case.state != CaseState.OPEN:
        return
    draft.put(MISTAKES, place, replace(case, state=CaseState.MEDIATION))
    told = MediationOpened(*place, case.coin, case.amount)
    context.emit(told, case.payer)
    context.emit(told, case.payee)
    for wijk in case.wijk:
        draft.put(MEDIATIONS, (wijk, *place), named)
        board = draft.get(BOARDS, wijk)
        if board is not None:
            context.emit(told, board.treasury)


def note_returned(draft: Draft, place: tuple[bytes, int]) -> None:
    """All of a payment went back: a case about it is done, mediation included."""
    case = draft.get(MISTAKES, place)
    if case is None:
        return
    draft.put(MISTAKES, place, replace(case, state=CaseState.RETURNED))
    for party in (case.payer, case.payee):
        draft.delete(CASES, (party, *place))
    for wijk in case.wijk:
        draft.delete(MEDIATIONS, (wijk, *place))


def office_of(view: View, height: int, *accounts: bytes) -> tuple[str, ...]:
    """The first of the accounts' home wijken that has a board."""
    for account in accounts:
        known = view.find(ACCOUNTS, account)
        if known is not None:
            wijk = in_force(known.home, height)
            if view.get(BOARDS, wijk) is not None:
                return (wijk,)
    return ()
