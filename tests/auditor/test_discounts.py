"""Discounts in a chain: the second count agrees with honest contracts and finds cheating ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from msgspec.structs import replace as changed

from auditor.replay import replay
from chain.contract import Context, Release
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind
from governance_contracts.earmarks.lots import earmark
from governance_contracts.payments import discounts, pay
from governance_contracts.payments.benefit import Admit, FillPot, Join, OpenBenefit
from governance_contracts.payments.discounts import Claim, Granted
from governance_contracts.payments.payments import Refund, RefundLine
from governance_contracts.versions import RELEASE
from tests.auditor.history import History, line

SECRET = bytes(16)


@pytest.fixture
def h() -> History:
    """A city pass of 20 %, half of it the shop's; two residents hold it."""
    h = History(validators=1, residents=4)
    number = h.statement(0, line(1, EntryKind.DEPOSIT, 50_000_00))
    coin, fund = h.coins[0], h.fund.account
    h.decide(0, reserve.Mint(coin, number, 1, fund, Cents(50_000_00), ()))
    h.payout([*h.home, h.shop], 100_00)
    h.payout(h.home[:1], 15_00, earmark((h.codes[0],), class_number=3))
    offer = OpenBenefit(
        fund, "city-pass", coin, 2_000, Cents(0), 5_000, Cents(10_00), Cents(40_00), (), (),
        h.time_ms, h.time_ms + 90 * DAY_MS,
    )  # fmt: skip
    holders = tuple(sorted(person.account for person in h.home[:2]))
    h.block(h.sign(h.fund, offer, Admit("city-pass", holders, h.time_ms + 60 * DAY_MS)))
    shop = h.shop.account
    h.block(h.sign(h.shop, Join("city-pass", shop), FillPot("city-pass", shop, Cents(2_50))))
    return h


def buy(h: History, who: int, amount: int) -> Any:
    return h.pay(
        h.home[who], h.shop, amount, purpose="SALE", place=1, alias=SECRET, benefit="city-pass"
    )


def test_a_chain_with_discounts_and_refunds_adds_up(h: History) -> None:
    first, second = buy(h, 0, 20_00), buy(h, 1, 13_37)
    h.block(first, second)
    part = (RefundLine(0, Cents(7_77)),)
    h.block(h.sign(h.shop, Refund(first.id, 0, part)), h.sign(h.shop, Refund(second.id, 0, ())))
    third = buy(h, 1, 9_99)
    h.block(third, h.sign(h.shop, Refund(third.id, 0, (RefundLine(0, Cents(1_00)),))))
    h.block(h.sign(h.shop, Refund(first.id, 0, ())))
    for _ in range(24):
        h.block()
    result = replay(BytesIO(h.export()), 1, check_genesis=False)
    assert result.ok, "\n".join(map(str, result.findings))


def cheated(h: History, name: str, value: Callable[..., Any], who: int = 0) -> list[str]:
    """What the auditor finds when a payment's contract uses `value` for a function of its own."""
    known = RELEASE.contracts[("pay", 1)]
    honest, start = known.methods["pay"].run, len(h.blocks)

    def run(draft: Draft, context: Context, args: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            if context.height > start:
                patch.setattr(pay, name, value)
            honest(draft, context, args)

    methods = {**known.methods, "pay": replace(known.methods["pay"], run=run)}
    contracts = {**RELEASE.contracts, ("pay", 1): replace(known, methods=methods)}
    evil = Release(contracts, RELEASE.protocols)
    h.block(buy(h, who, 20_00), release=evil)
    found = replay(BytesIO(h.export()), 1, check_genesis=False, release=evil).findings
    return [finding.message for finding in found]


def test_a_discount_that_nobody_bears_is_found(h: History) -> None:
    def nothing(draft: Draft, context: Context, claim: Claim, granted: Granted) -> None:
        return

    assert any("not what receipts add up to" in said for said in cheated(h, "grant", nothing))


def test_a_pot_that_bears_more_than_was_filled_is_found(h: History) -> None:
    def generous(view: Any, context: Context, claim: Claim) -> Granted:
        granted = discounts.discount_of(view, context, claim)
        return replace(
            granted,
            discount=changed(granted.discount, pot=Cents(3_00)),
            pot=changed(granted.pot, left=Cents(9_00)),
        )

    assert "A pot bore more than was in it." in cheated(h, "discount_of", generous)


def test_a_discount_for_who_was_not_admitted_is_found(h: History) -> None:
    member = h.home[0].account

    def anybody(view: Any, context: Context, claim: Claim) -> Granted:
        return discounts.discount_of(view, context, replace(claim, payer=member))

    found = cheated(h, "discount_of", anybody, who=2)
    assert "A discount that fund, holder and shop did not agree to." in found
