"""Honest contracts in rarer turns: the books must not cry wolf.

Standing mints, registrations, expired earmarks, treasuries, changes of seats and of keys.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import pytest

from auditor.replay import replay
from chain import crypto
from chain.account import KeyRole, account_id
from chain.money import Cents
from chain.rules import DAY_MS, seat_sets
from genesis.city import Person
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind, Standing, deposit_reference
from governance_contracts.boards import federation
from governance_contracts.boards.nodes import ProvenKey, seat_holder
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.boards.seats import RemoveWijk, RotateSeat
from governance_contracts.earmarks.earmark import Reclaim
from governance_contracts.earmarks.lots import earmark
from governance_contracts.payments.payments import Payout, PayoutLine, Refund, plain
from governance_contracts.people.keys import NewKey, prove_possession
from governance_contracts.people.registration import NewAccount, Register
from governance_contracts.versions import RELEASE
from tests.auditor.history import History, call, line

SALT = bytes(16)


def agree(h: History, jobs: int = 1) -> None:
    result = replay(BytesIO(h.export()), jobs, check_genesis=False)
    assert result.ok, "\n".join(map(str, result.findings))
    assert result.height == len(h.blocks)
    assert result.state_root == h.ledger.tip.state_root


@pytest.fixture
def h() -> History:
    history = History(validators=4, residents=8)
    number = history.statement(0, line(1, EntryKind.DEPOSIT, 50_000_00))
    coin, fund = history.coins[0], history.fund.account
    history.decide(0, reserve.Mint(coin, number, 1, fund, Cents(50_000_00), ()))
    return history


def newcomer(h: History, name: str) -> tuple[Person, NewAccount]:
    seed = sha256(name.encode()).digest()
    key = crypto.public_key(seed)
    id = account_id(h.chain, (key,), 1, SALT)
    proof = prove_possession(seed, h.chain, 0, id)
    new = NewAccount(
        id, 1, "HH", h.codes[0], (), (NewKey(key, KeyRole.FULL, (), proof),), 1, SALT, ()
    )
    person = Person(name, "resident", "person", h.codes[0], id, b"", seed, SALT, ())
    return person, new


@pytest.mark.parametrize("jobs", [1, 2])
def test_accounts_that_are_registered_on_the_way_pay_at_once(h: History, jobs: int) -> None:
    """Their keys are not in state when the signatures of later blocks are sent ahead."""
    registrar = h.city.of("registrar", h.codes[0])[0]
    ada, entry = newcomer(h, "ada")
    h.block(h.sign(registrar, Register(h.codes[0], (entry,))))
    h.payout([ada], 90_00)
    h.block(h.pay(ada, h.home[0], 40_00))
    agree(h, jobs)


def test_a_standing_decision_lets_a_minter_mint(h: History) -> None:
    coin, minter = h.coins[0], h.home[1]
    h.decide(0, reserve.SetStanding(coin, (Standing((minter.account,), Cents(100_000_00)),)))
    number = h.statement(0, line(1, EntryKind.UNATTRIBUTED, 70_00))
    reference = deposit_reference(h.home[0].account, SALT)
    h.decide(0, reserve.Attribute(coin, number, 1, reference))
    mint = reserve.Mint(coin, number, 1, h.home[0].account, Cents(70_00), (SALT,))
    h.block(h.sign(minter, mint))
    agree(h)


def test_earmarks_that_ran_out_go_back(h: History) -> None:
    here, wijk = h.home[0], h.codes[0]
    terms = earmark((wijk,), class_number=1, expires_ms=h.time_ms + 2 * DAY_MS)
    h.payout([here], 100_00, terms)
    early = h.pay(here, h.shop, 30_00, purpose="SALE", place=1)
    late = h.pay(here, h.shop, 20_00, purpose="SALE", place=1)
    h.block(early, late)
    h.time_ms += 3 * DAY_MS
    h.block(h.sign(h.away[0], Reclaim(2, (here.account,))))
    h.block(h.sign(h.shop, Refund(early.id, 0, ())))  # within the days of grace
    h.time_ms += 40 * DAY_MS
    h.block(h.sign(h.shop, Refund(late.id, 0, ())))  # after them: to the fund
    agree(h)


def test_a_treasury_pays_by_decision(h: History) -> None:
    wijk = h.city.genesis.wijken[0]
    treasury = bytes(wijk.treasury)
    coin = h.coins[0]
    to_treasury = (PayoutLine(treasury, Cents(500_00), "GRANT", ()),)
    h.block(h.sign(h.fund, Payout(h.fund.account, coin, to_treasury, ())))
    h.decide(0, plain(treasury, h.home[0].account, coin, 20_00))
    lines = tuple(PayoutLine(p.account, Cents(5_00), "INCOME", ()) for p in h.home)
    h.decide(0, Payout(treasury, coin, lines, ()))
    agree(h)


def test_a_payment_refunded_in_parts_within_one_block(h: History) -> None:
    h.payout(h.home, 100_00)
    sale = h.pay(h.home[0], h.shop, 30_00, purpose="SALE", place=1)
    h.block(sale, h.sign(h.shop, Refund(sale.id, 0, ())))
    agree(h)


def test_seats_change_and_certificates_follow(h: History) -> None:
    """A seat gets another key, and another wijk leaves by decision of the rest."""
    old = h.city.validators[1]
    seed = sha256(b"another consensus key").digest()
    proof = prove_possession(seed, h.chain, 0, seat_holder(old.wijk))
    h.decide(1, RotateSeat(old.wijk, ProvenKey(crypto.public_key(seed), proof)))
    h.rotated.append(seed)
    calls = (call(RemoveWijk(h.codes[3])),)
    work = work_of(h.ledger, RELEASE, calls)
    moved = h.decide(0, federation.Propose(h.codes[0], calls, Text("a reason"), work))
    motion = moved.transactions[0].id
    for which in (1, 2):
        h.decide(which, federation.Approve(h.codes[which], motion, work))
    for _ in range(4):
        h.block()
    assert len(seat_sets(h.ledger).current) == 3
    agree(h)
