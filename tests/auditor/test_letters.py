"""Letters, recurring payments, reversals and mistakes in a real chain: the books agree, and find
contracts that let coin out of escrow, or out of a purse, against what was agreed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.replay import replay
from chain import crypto
from chain.account import ACCOUNTS
from chain.contract import Context, Release
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from chain.transaction import AccountActor, Body, Transaction, parse, seal, witness
from genesis.city import Person
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind
from governance_contracts.coins.balances import held_of
from governance_contracts.earmarks.lots import earmark, region_bound
from governance_contracts.payments import standing
from governance_contracts.payments.claim import ClaimLine, Issue, Take, Withdraw
from governance_contracts.payments.claims import claim_seed, claim_sign_bytes
from governance_contracts.payments.mistakes import Mistake, Reason, Reverse
from governance_contracts.payments.pay import settle
from governance_contracts.payments.payments import PAYMENTS, Refund, plain
from governance_contracts.payments.periods import Unit
from governance_contracts.payments.standing import Collect, End, Grant
from governance_contracts.payments.standings import Agreed, StandingKind
from governance_contracts.versions import RELEASE
from tests.auditor.history import HOUR_MS, History, call, line
from tests.auditor.test_books import block, cheating

CODES = [bytes([number]) * 16 for number in range(5)]


@pytest.fixture
def h() -> History:
    history = History(validators=1, residents=4)
    number = history.statement(0, line(1, EntryKind.DEPOSIT, 50_000_00))
    coin, fund = history.coins[0], history.fund.account
    history.decide(0, reserve.Mint(coin, number, 1, fund, Cents(50_000_00), ()))
    history.payout(history.home, 100_00)
    return history


def audit(h: History, release: Release = RELEASE) -> list[str]:
    result = replay(BytesIO(h.export()), 1, release=release, check_genesis=False)
    assert result.height == len(h.blocks)
    return [str(finding) for finding in result.findings]


def issue(h: History, *codes: bytes, bound: bool = False) -> Transaction:
    lines = tuple(ClaimLine(crypto.public_key(claim_seed(c)), Cents(25_00)) for c in codes)
    terms = (region_bound((h.codes[0],)),) if bound else ()
    return h.sign(h.fund, Issue(h.fund.account, h.coins[0], lines, terms, "GRANT"))


def take(h: History, who: Person, code: bytes) -> Transaction:
    seed = claim_seed(code)
    signature = crypto.sign(seed, claim_sign_bytes(h.chain, 0, who.account))
    return h.sign(who, Take(who.account, crypto.public_key(seed), signature))


def agreed(h: History, kind: StandingKind, ceiling: int) -> Agreed:
    return Agreed(
        h.home[0].account, h.shop.account, h.coins[0], kind, Cents(ceiling), Unit.DAYS, 7,
        h.time_ms + HOUR_MS, (), (), "SALE", "other", (1,), (),
    )  # fmt: skip


def both(h: History, first: Person, second: Person, *args: Any) -> Transaction:
    number = h.numbers[first.account] = h.numbers.get(first.account, 0) + 1
    body = Body(
        h.chain, 0, AccountActor(first.account, 0), number, h.time_ms + 24 * HOUR_MS,
        tuple(call(a) for a in args),
    )  # fmt: skip
    return parse(seal(body, [witness(body, p.account, 0, p.seed) for p in (first, second)]))


def test_an_honest_chain_agrees(h: History) -> None:
    one, two = h.home[:2]
    h.block(issue(h, *CODES[:3]), issue(h, CODES[3], bound=True))
    h.block(take(h, one, CODES[0]), take(h, two, CODES[3]))
    h.block(h.sign(h.fund, Withdraw((crypto.public_key(claim_seed(CODES[1])),))))
    h.block(h.sign(one, Grant(agreed(h, StandingKind.COLLECT, 30_00))))
    h.block(h.sign(one, Grant(agreed(h, StandingKind.ORDER, 10_00))))
    h.block()
    collected = h.sign(h.shop, Collect(1, Cents(12_00), ()))
    h.block(collected, h.sign(h.shop, Collect(1, Cents(18_00), ())))
    h.block(h.sign(h.shop, Refund(collected.id, 0, ())))
    paid = h.pay(one, two, 9_00)
    h.block(paid, h.pay(two, one, 1_00))
    h.block(h.sign(one, Mistake(paid.id, 0, Reason.OTHER, ())))
    h.time_ms += 8 * DAY_MS
    h.block()  # mediation opens; the second order
    h.block(both(h, two, one, Reverse(paid.id, 0)))
    h.block(h.sign(one, End(2, one.account)))
    h.time_ms += 91 * DAY_MS
    h.block()
    h.block()
    assert audit(h) == []


def test_coin_of_a_letter_given_to_who_has_no_code_is_found(h: History) -> None:
    from governance_contracts.payments import claim

    def anybody(draft: Draft, context: Context, args: Take) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(crypto, "verify", lambda *_: True)
            claim.take(draft, context, args)

    h.block(issue(h, *CODES[:2]))
    release = cheating(h, "claim", "take", anybody)
    key = crypto.public_key(claim_seed(CODES[0]))
    block(h, release, h.sign(h.home[0], Take(h.home[0].account, key, bytes(64))))
    assert any("no letter covers" in one for one in audit(h, release))


def test_more_collected_than_agreed_is_found(h: History) -> None:
    honest = standing.require_standing

    def generous(draft: Draft, context: Context, args: Collect) -> None:
        def raised(view: Draft, number: int) -> Any:
            known = honest(view, number)
            return replace(known, agreed=replace(known.agreed, ceiling=Cents(90_00)))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(standing, "require_standing", raised)
            standing.collect(draft, context, args)

    h.block(h.sign(h.home[0], Grant(agreed(h, StandingKind.COLLECT, 30_00))))
    release = cheating(h, "standing", "collect", generous)
    block(h, release, h.sign(h.shop, Collect(1, Cents(60_00), ())))
    assert any("More was collected" in one for one in audit(h, release))


def test_coin_collected_from_who_agreed_to_nothing_is_found(h: History) -> None:
    victim = h.home[1].account

    def anybody(draft: Draft, context: Context, args: Collect) -> None:
        payer = draft.find(ACCOUNTS, victim)
        assert payer is not None
        paid = plain(victim, h.shop.account, h.coins[0], args.amount, "SALE", place=1)
        settle(draft, context, paid, payer)

    h.block(h.sign(h.home[0], Grant(agreed(h, StandingKind.COLLECT, 30_00))))
    release = cheating(h, "standing", "collect", anybody)
    block(h, release, h.sign(h.shop, Collect(1, Cents(10_00), ())))
    assert any("without its holder" in one for one in audit(h, release))


def test_what_an_order_paid_is_refunded_and_the_books_agree(h: History) -> None:
    h.block(h.sign(h.home[0], Grant(agreed(h, StandingKind.ORDER, 10_00))))
    h.block()
    h.block()
    ((key, _payment),) = list(h.ledger.scan(PAYMENTS))
    h.block(h.sign(h.shop, Refund(key[:32], key[32], ())))
    assert audit(h) == []


def test_a_second_refund_after_the_expiry_goes_to_the_fund_and_the_books_agree(h: History) -> None:
    terms = earmark((h.codes[0],), expires_ms=h.time_ms + 2 * DAY_MS)
    h.payout(h.home[:1], 10_00, terms)
    for days in (20, 25):
        paid = h.pay(h.home[0], h.shop, 10_00, purpose="SALE", place=1)
        h.block(paid)
        h.time_ms += days * DAY_MS
        h.block(h.sign(h.shop, Refund(paid.id, 0, ())))
    assert audit(h) == []
    assert held_of(h.ledger, h.fund.account, h.coins[0], 0) == 50_000_00 - 400_00
