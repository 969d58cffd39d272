"""Questions of a holder about what recurs and what was paid by mistake; of an office about the
cases that it has to settle. Nobody else reads them."""

from __future__ import annotations

from collections.abc import Iterator

from chain.account import ACCOUNTS, in_force
from chain.address import encode_address
from chain.ledger import Ledger
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.payments.mistakes import (
    CASES,
    MEDIATIONS,
    MISTAKES,
    case_key,
    mediation_key,
)
from governance_contracts.payments.payments import PAYMENTS, payer_shown
from governance_contracts.payments.periods import period_at
from governance_contracts.payments.standings import PARTIES, STANDINGS, Side, party_key
from governance_contracts.people.registrars import REGISTRARS
from node.api.shapes_payments import CasesAnswer, CaseShape, RecurringAnswer, RecurringShape

LISTED_MAX = 200


def recurring(ledger: Ledger, account: bytes, prefix: str) -> RecurringAnswer:
    """The running ones: first those that the account pays, then those that pay it."""
    listed = []
    for number in _standings_of(ledger, account):
        known = ledger.get(STANDINGS, number)
        assert known is not None, "a party belongs to an agreement"
        agreed = known.agreed
        period = period_at(agreed.start_ms, agreed.unit, agreed.every, ledger.tip.time_ms)
        collected = known.collected if known.period == period else 0
        listed.append(
            RecurringShape(
                number=number,
                payer=encode_address(prefix, agreed.payer),
                payee=encode_address(prefix, agreed.payee),
                coin=agreed.coin,
                kind=agreed.kind,
                ceiling_cents=agreed.ceiling,
                unit=agreed.unit,
                every=agreed.every,
                start_ms=agreed.start_ms,
                periods=agreed.periods[0] if agreed.periods else None,
                end_ms=agreed.end_ms[0] if agreed.end_ms else None,
                purpose=agreed.purpose,
                category=agreed.category,
                place=agreed.place[0] if agreed.place else None,
                state=known.state,
                left_cents=agreed.ceiling - collected,
            )
        )
    return RecurringAnswer(height=ledger.tip.height, recurring=listed)


def _standings_of(ledger: Ledger, account: bytes) -> Iterator[int]:
    first = party_key((account, Side.PAYER, 0))
    for count, (key, found) in enumerate(ledger.scan(PARTIES, first)):
        if key[:20] != account or count == LISTED_MAX:
            return
        yield found.standing


def mistakes(ledger: Ledger, account: bytes, prefix: str) -> CasesAnswer:
    """Own cases, then what waits in the wijken whose board the account sits on or whose registrar
    it is."""
    listed: list[CaseShape] = []
    first = case_key((account, bytes(32), 0))
    for key, found in ledger.scan(CASES, first):
        if key[:20] != account or len(listed) == LISTED_MAX:
            break
        listed.append(_case(ledger, (found.payment, found.number), account, prefix))
    for wijk in _offices_of(ledger, account):
        start = mediation_key((wijk, bytes(32), 0))
        for key, found in ledger.scan(MEDIATIONS, start):
            if key[:32] != start[:32] or len(listed) == LISTED_MAX:
                break
            listed.append(_case(ledger, (found.payment, found.number), b"", prefix))
    return CasesAnswer(height=ledger.tip.height, cases=listed)


def _offices_of(ledger: Ledger, account: bytes) -> list[str]:
    """The home wijk's, if the account serves there."""
    known = ledger.find(ACCOUNTS, account)
    if known is None:
        return []
    wijk = in_force(known.home, ledger.tip.height)
    board = ledger.get(BOARDS, wijk)
    serves = board is not None and account in board.members
    return [wijk] if serves or ledger.get(REGISTRARS, (wijk, account)) is not None else []


def _case(ledger: Ledger, place: tuple[bytes, int], reader: bytes, prefix: str) -> CaseShape:
    """Only the payer itself is shown an account that the payee knows by an alias."""
    case, payment = ledger.get(MISTAKES, place), ledger.get(PAYMENTS, place)
    assert case is not None and payment is not None, "a case is about a payment"
    own = reader == case.payer
    return CaseShape(
        payment=place[0].hex(),
        number=place[1],
        role="payer" if own else "payee" if reader == case.payee else "office",
        payer=encode_address(prefix, case.payer if own else payer_shown(payment)),
        payee=encode_address(prefix, case.payee),
        coin=case.coin,
        amount_cents=case.amount,
        reason=case.reason,
        state=case.state,
        reply=case.answer[0].reply if case.answer else None,
        opened_ms=case.opened_ms,
        answer_by_ms=case.answer_by_ms,
    )
