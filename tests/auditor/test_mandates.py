"""Mandates in a real chain: the books agree, and find contracts that let more be done."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.replay import replay
from chain.authority import Holder
from chain.contract import Context, Release
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from chain.transaction import Transaction
from genesis.city import Person
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind
from governance_contracts.boards.proposals import work_of
from governance_contracts.mandates.granting import Grant
from governance_contracts.mandates.mandate import Act, Revoke
from governance_contracts.mandates.mandates import LASTING, RULES, Ceiling, Kind, require_mandate
from governance_contracts.payments.payments import plain
from governance_contracts.versions import RELEASE
from tests.auditor.history import History, call, line
from tests.auditor.test_books import block, cheating


@pytest.fixture
def h() -> History:
    """`whose` has 100.00 and lets `other` pay up to 10.00 at once and 15.00 a day, as mandate 1."""
    history = History(validators=1, residents=4)
    number = history.statement(0, line(1, EntryKind.DEPOSIT, 50_000_00))
    coin, fund = history.coins[0], history.fund.account
    history.decide(0, reserve.Mint(coin, number, 1, fund, Cents(50_000_00), ()))
    history.payout(history.home, 100_00)
    grant = Grant(
        whose(history).account, Kind.REPRESENTATIVE, (other(history).account,), (),
        tuple(sorted(RULES[Kind.REPRESENTATIVE].covers - LASTING)),
        (Ceiling(coin, Cents(10_00), Cents(15_00)),), 1, history.time_ms + 30 * DAY_MS, (),
    )  # fmt: skip
    history.block(history.sign(whose(history), grant))
    return history


def whose(h: History) -> Person:
    return h.home[0]


def other(h: History) -> Person:
    return h.home[1]


def audit(h: History, release: Release = RELEASE) -> list[str]:
    result = replay(BytesIO(h.export()), 1, release=release, check_genesis=False)
    return [str(finding) for finding in result.findings]


def act(h: History, by: Person, amount: int) -> Transaction:
    pays = call(plain(whose(h).account, h.fund.account, h.coins[0], amount))
    return h.sign(by, Act(1, (pays,), work_of(h.ledger, RELEASE, (pays,))))


def test_honest_mandates_leave_nothing_to_find(h: History) -> None:
    h.block(act(h, other(h), 10_00))
    h.block(act(h, other(h), 5_00))
    h.block(act(h, other(h), 1), refused=True)
    h.block(h.sign(whose(h), Revoke(1)))
    h.block(act(h, other(h), 1), refused=True)
    assert audit(h) == []


def lets_all(draft: Draft, context: Context, args: Act) -> None:
    """As the contract does, but asks nothing."""
    found = require_mandate(draft, args.mandate)
    refusal = context.carry_out(draft, args.calls, Holder(found.granter))
    assert refusal is None


def found_with(h: History, *transactions: Transaction) -> list[str]:
    release = cheating(h, "mandate", "act", lets_all)
    for transaction in transactions:
        block(h, release, transaction)
    return audit(h, release)


def test_more_than_the_ceiling_is_found(h: History) -> None:
    (finding,) = found_with(h, act(h, other(h), 10_01))
    assert "More left an account than mandate 1 allows" in finding


def test_more_in_a_period_than_the_ceiling_is_found(h: History) -> None:
    assert found_with(h, act(h, other(h), 10_00), act(h, other(h), 5_01))


def test_acting_without_the_holders_signature_is_found(h: History) -> None:
    (finding,) = found_with(h, act(h, h.fund, 1))
    assert "without its holder's signature" in finding


def test_acting_when_the_mandate_is_over_is_found(h: History) -> None:
    h.block(h.sign(whose(h), Revoke(1)))
    findings = found_with(h, act(h, other(h), 1))
    assert any("does not stand" in finding for finding in findings)


def test_a_call_that_is_not_covered_is_found(h: History) -> None:
    made: Any = call(replace(plain(whose(h).account, h.fund.account, h.coins[0], 1)))
    h.block(h.sign(whose(h), Revoke(1)))
    narrow = Grant(
        whose(h).account, Kind.REPRESENTATIVE, (other(h).account,), (), ("pay.refund",),
        (Ceiling(h.coins[0], Cents(10), Cents(10)),), 1, h.time_ms + DAY_MS, (),
    )  # fmt: skip
    h.block(h.sign(whose(h), narrow))
    findings = found_with(h, h.sign(other(h), Act(2, (made,), 10_000)))
    assert any("does not cover" in finding for finding in findings)
