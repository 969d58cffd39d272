"""Undoing payments: by both together, in part and in steps, and what was paid by mistake."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole, Status
from chain.authority import NotAuthorised
from chain.codec import Record
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.earmarks.lots import LOTS, earmark, region_bound
from governance_contracts.payments.mistakes import (
    MEDIATIONS,
    MISTAKES,
    AlreadyReported,
    AnswerMistake,
    CaseClosed,
    CaseState,
    MediationOpened,
    Mistake,
    MistakeAnswered,
    MistakeCase,
    MistakeReported,
    Reason,
    Reply,
    Reverse,
    TooLateToReport,
    UnknownMistake,
    UnknownReason,
)
from governance_contracts.payments.outcomes import GaveBack, NothingLeft, Refunded, UnknownPayment
from governance_contracts.payments.payments import (
    PAYMENTS,
    Line,
    Payment,
    Payout,
    PayoutLine,
    Refund,
    RefundLine,
    plain,
)
from governance_contracts.people.acting import FrozenAccount
from tests.contracts.bank import MoneyTown
from tests.contracts.town import W1, refused


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    town.deposit("J1", "dee1", 100_00)
    return town


def status(town: MoneyTown, name: str, value: Status) -> None:
    town.state.put(ACCOUNTS, town.id(name), replace(town.account(name), status=value))


def case(town: MoneyTown, payment: bytes) -> MistakeCase:
    found = town.state.get(MISTAKES, (payment, 0))
    assert found is not None
    return found


# Both together.


@pytest.mark.parametrize(("first", "second"), [("dee1", "eef1"), ("eef1", "dee1")])
def test_two_people_undo_a_payment_whoever_begins(town: MoneyTown, first: str, second: str) -> None:
    payment = town.pay("dee1", "eef1", 25_00)
    town.play(Refund(payment, 0, (RefundLine(0, Cents(5_00)),)), by="eef1")
    town.play(Reverse(payment, 0), by=first, also=(second,))
    assert (town.free("dee1"), town.free("eef1")) == (100_00, 0)
    assert [told.amount for told in town.reported(Refunded, "dee1")] == [20_00]
    assert [told.amount for told in town.reported(GaveBack, "eef1")] == [20_00]


def test_a_reversal_is_refused_in_this_order(town: MoneyTown) -> None:
    payment = town.pay("dee1", "eef1", 25_00)
    town.pay("eef1", "cas1", 10_00)
    undo = Reverse(payment, 0)
    with refused(UnknownPayment):
        town.play(Reverse(payment, 1), by="stranger")
    with refused(NotAuthorised, "payee"):
        town.play(undo, by="dee1")
    status(town, "eef1", Status.FROZEN)
    with refused(FrozenAccount):
        town.play(undo, by="eef1")
    status(town, "eef1", Status.ACTIVE)
    with refused(NotAuthorised, "payer"):
        town.play(undo, by="eef1")
    town.pay("cas1", "eef1", 10_00)
    town.play(undo, by="eef1", also=("dee1",))
    with refused(NothingLeft):
        town.play(undo, by="eef1", also=("dee1",))


@pytest.mark.parametrize(("first", "second"), [("dee1", "shop1"), ("shop1", "dee1")])
def test_a_shop_with_a_till_undoes_a_sale_with_its_customer(
    town: MoneyTown, first: str, second: str
) -> None:
    payment = town.pay("dee1", "shop1", 25_00, place=1)
    account = town.account("shop1")
    till = AccountKey(1, account.keys[0].key, KeyRole.TILL, (1,))
    town.state.put(ACCOUNTS, town.id("shop1"), replace(account, keys=(*account.keys, till)))
    town.play(Reverse(payment, 0), by=first, also=(second,))
    assert town.free("dee1") == 100_00


# In parts.


@given(
    amounts=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    steps=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 200)), max_size=30),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_steps_of_refunds_give_back_the_lots_and_never_more(
    amounts: list[int], steps: list[tuple[int, int]]
) -> None:
    """Parts return in reverse order of drawing, line by line, to the cent; at the end the payer
    holds what it held."""
    town = MoneyTown()
    town.deposit("J1", "town", 50_00)
    town.deposit("J1", "dee1", 25_00)
    for terms in (region_bound((W1,)), earmark((W1,), categories=("food",))):
        purpose = "EARM" if terms.kind == 2 else "GRANT"
        lines = (PayoutLine(town.id("dee1"), Cents(4_00), purpose, ()),)
        town.play(Payout(town.id("town"), "J1", lines, (terms,)), by="town")
    had = (town.free("dee1"), town.lots("dee1"))
    total = Cents(sum(amounts))
    pay = replace(
        plain(town.id("dee1"), town.id("shop1"), "J1", total, "SALE", place=1),
        lines=tuple(
            Line(Cents(amount), "food" if i % 2 else "books", 0, ())
            for i, amount in enumerate(amounts)
        ),
    )
    payment = town.play(pay, by="dee1")
    left = dict(enumerate(amounts))
    for line, amount in steps:
        step = Refund(payment, 0, (RefundLine(line, Cents(amount)),))
        before = town.snapshot()
        try:
            town.play(step, by="shop1")
        except Rejected:
            assert town.snapshot() == before and amount > left.get(line, 0)
            continue
        left[line] -= amount
        assert left[line] >= 0
        kept = town.state.get(PAYMENTS, (payment, 0))
        assert kept is not None
        reversed_by_line(kept)
        given = sum(part.refunded for part in kept.parts)
        assert given == total - sum(left.values())
    if any(left.values()):
        town.play(Refund(payment, 0, ()), by="shop1")
    assert (town.free("dee1"), town.lots("dee1")) == had
    assert town.free("shop1") == 0 and not town.lots("shop1")


def reversed_by_line(payment: Payment) -> None:
    """Of one line, an earlier part returns only when all later ones are back."""
    open_lines: set[int] = set()
    for part in reversed(payment.parts):
        assert not (part.line in open_lines and part.refunded)
        if part.refunded < part.amount:
            open_lines.add(part.line)


# Mistakes.


def test_a_mistake_that_the_payee_returns(town: MoneyTown) -> None:
    payment = town.pay("dee1", "eef1", 25_00)
    town.play(Mistake(payment, 0, Reason.WRONG_PAYEE, ()), by="dee1")
    assert town.reported(MistakeReported, "eef1")[0].answer_by_ms == town.time_ms + 7 * DAY_MS
    town.play(Refund(payment, 0, (RefundLine(0, Cents(5_00)),)), by="eef1")
    assert case(town, payment).state == CaseState.OPEN
    town.play(Refund(payment, 0, ()), by="eef1")
    assert case(town, payment).state == CaseState.RETURNED
    town.wait(8 * DAY_MS)
    assert case(town, payment).state == CaseState.RETURNED
    assert not list(town.all_of(MEDIATIONS))


def test_a_mistake_that_the_payee_answers(town: MoneyTown) -> None:
    payment = town.pay("dee1", "shop1", 25_00, place=1)
    town.play(Mistake(payment, 0, Reason.PAID_TWICE, (bytes(32),)), by="dee1")
    town.play(AnswerMistake(payment, 0, Reply.OWED, ()), by="shop1")
    assert town.reported(MistakeAnswered, "dee1")
    town.wait(8 * DAY_MS)
    assert case(town, payment).state == CaseState.ANSWERED
    with refused(CaseClosed, CaseState.ANSWERED):
        town.play(AnswerMistake(payment, 0, Reply.OTHER, ()), by="shop1")


def test_silence_opens_mediation_and_the_payees_office_sees_it(town: MoneyTown) -> None:
    payment = town.pay("dee1", "eef1", 25_00)
    town.play(Mistake(payment, 0, Reason.WRONG_AMOUNT, ()), by="dee1")
    town.wait(7 * DAY_MS - 1)
    assert case(town, payment).state == CaseState.OPEN
    town.wait(1)
    assert case(town, payment).state == CaseState.MEDIATION
    assert [found.payment for _, found in town.all_of(MEDIATIONS)] == [payment]
    town.play(AnswerMistake(payment, 0, Reply.WILL_RETURN, ()), by="eef1")
    assert case(town, payment).state == CaseState.MEDIATION, "a late answer ends no mediation"
    town.play(Reverse(payment, 0), by="eef1", also=("dee1",))
    assert case(town, payment).state == CaseState.RETURNED
    assert not list(town.all_of(MEDIATIONS))


def test_who_is_told_of_a_mediation(town: MoneyTown) -> None:
    from chain.codec import encode
    from chain.events import read_event
    from chain.state import Draft
    from governance_contracts.payments.mistakes import PaymentPlace, unanswered

    payment = town.pay("dee1", "eef1", 25_00)
    town.play(Mistake(payment, 0, Reason.OTHER, ()), by="dee1")
    context = town.context(None, ())
    unanswered(Draft(town.state), context, encode(PaymentPlace(payment, 0)))
    told = {event.party for event in context.events}
    assert told == {town.id("dee1"), town.id("eef1"), town.id("treasury1")}
    assert all(isinstance(read_event(e.data), MediationOpened) for e in context.events)


def test_reports_and_answers_are_refused_in_this_order(town: MoneyTown) -> None:
    payment = town.pay("dee1", "eef1", 25_00)
    rungs: tuple[tuple[Record, str, type[Rejected]], ...] = (
        (Mistake(bytes(32), 0, 9, ()), "eef1", UnknownPayment),
        (Mistake(payment, 0, 9, ()), "eef1", NotAuthorised),
        (Mistake(payment, 0, 9, ()), "dee1", UnknownReason),
        (AnswerMistake(payment, 0, 9, ()), "dee1", UnknownMistake),
    )
    for args, by, expected in rungs:
        with refused(expected):
            town.play(args, by=by)
    town.play(Mistake(payment, 0, Reason.OTHER, ()), by="dee1")
    town.wait(15 * DAY_MS)
    late = town.pay("dee1", "eef1", 1_00)
    back = town.pay("dee1", "eef1", 1_00)
    town.play(Refund(back, 0, ()), by="eef1")
    rungs = (
        (Mistake(payment, 0, Reason.OTHER, ()), "dee1", AlreadyReported),
        (Mistake(back, 0, Reason.OTHER, ()), "dee1", NothingLeft),
        (AnswerMistake(payment, 0, 9, ()), "dee1", NotAuthorised),
        (AnswerMistake(payment, 0, 9, ()), "eef1", UnknownReason),
    )
    for args, by, expected in rungs:
        with refused(expected):
            town.play(args, by=by)
    town.wait(14 * DAY_MS)
    town.play(Mistake(late, 0, Reason.OTHER, ()), by="dee1")
    town.wait(1)
    with refused(TooLateToReport):
        town.play(Mistake(back, 0, Reason.OTHER, ()), by="dee1")


# Grace.


def test_buyer_and_shop_cannot_put_an_expiry_off_twice(town: MoneyTown) -> None:
    """A refund within 30 days of the expiry gives 30 days once; the next time the fund has it."""
    town.deposit("J1", "town", 50_00)
    expiry = town.time_ms + DAY_MS
    terms = earmark((W1,), expires_ms=expiry)
    lines = (PayoutLine(town.id("dee1"), Cents(10_00), "EARM", ()),)
    town.play(Payout(town.id("town"), "J1", lines, (terms,)), by="town")
    (lot,) = town.lots("dee1")
    first = town.pay("dee1", "shop1", 10_00, purpose="SALE", place=1, lots=(lot,))
    town.wait(20 * DAY_MS)
    town.play(Refund(first, 0, ()), by="shop1")
    (graced,) = town.lots("dee1")
    known = town.state.get(LOTS, graced)
    assert known is not None
    assert known.terms.expires_ms == (expiry + 30 * DAY_MS,)
    second = town.pay("dee1", "shop1", 10_00, purpose="SALE", place=1, lots=(graced,))
    third = town.pay("dee1", "shop1", 10_00, purpose="SALE", place=1)
    town.play(Refund(third, 0, ()), by="shop1")
    town.wait(20 * DAY_MS)
    fund, free = town.free("town"), town.free("dee1")
    town.play(Refund(second, 0, ()), by="shop1")
    assert (town.lots("dee1"), town.free("dee1")) == ({}, free)
    assert town.free("town") == fund + 10_00
