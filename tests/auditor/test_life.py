"""Estates, moves, bankruptcies in a real chain: the books agree, and find contracts that cheat."""

from __future__ import annotations

from io import BytesIO

import pytest

from auditor.replay import replay
from chain.codec import Record
from chain.contract import Context, Release
from chain.money import Cents
from chain.state import Draft
from chain.transaction import AccountActor, Body, Transaction, parse, seal, witness
from genesis.city import Person
from governance_contracts.bank import reserve
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.redemption import Export, Redeem
from governance_contracts.boards.proposals import work_of
from governance_contracts.coins.balances import FREE, move
from governance_contracts.earmarks.lots import earmark, region_bound
from governance_contracts.life import estates
from governance_contracts.life.estates import (
    AttestDeath,
    EstatePaid,
    EstateReceived,
    NameHeirs,
    PayEstate,
    RedeemEstate,
    SettleEstate,
)
from governance_contracts.life.insolvency import EnterBankruptcy
from governance_contracts.life.moving import Move, months_after
from governance_contracts.mandates.mandate import Act
from governance_contracts.payments.outcomes import Credit
from governance_contracts.people.registrars import DelegateRegistrar
from governance_contracts.versions import RELEASE
from tests.auditor.history import DETAILS, HOUR_MS, History, call, line
from tests.auditor.test_books import block, cheating


@pytest.fixture
def h() -> History:
    """The first resident has 100 free, 20 for the wijk, 10 of the fund's; board member 0 of the
    wijk is its registrar."""
    history = History(validators=2, residents=4)
    number = history.statement(0, line(1, EntryKind.DEPOSIT, 50_000_00))
    coin, fund = history.coins[0], history.fund.account
    history.decide(0, reserve.Mint(coin, number, 1, fund, Cents(50_000_00), ()))
    wijk = history.codes[0]
    history.payout(history.home, 100_00)
    history.payout(history.home[:1], 20_00, region_bound((wijk,)))
    history.payout(history.home[:1], 10_00, earmark((wijk,), class_number=3))
    history.decide(0, DelegateRegistrar(wijk, history.board[0][0].account))
    return history


def audit(h: History, release: Release = RELEASE) -> list[str]:
    result = replay(BytesIO(h.export()), 1, release=release, check_genesis=False)
    return [str(finding) for finding in result.findings]


def signed_by_two(h: History, *args: Record) -> Transaction:
    """The registrar's transaction, with the signature of a board member beside it."""
    first, second, _third = h.board[0]
    number = h.numbers[first.account] = h.numbers.get(first.account, 0) + 1
    calls = tuple(call(a) for a in args)
    body = Body(h.chain, 0, AccountActor(first.account, 0), number, h.time_ms + 24 * HOUR_MS, calls)
    return parse(seal(body, [witness(body, p.account, 0, p.seed) for p in (first, second)]))


def dead(h: History) -> Person:
    return h.home[0]


def test_an_estate_leaves_nothing_to_find(h: History) -> None:
    coin, who = h.coins[0], dead(h).account
    h.block(signed_by_two(h, AttestDeath(who, DETAILS)))
    h.block(signed_by_two(h, NameHeirs(who, DETAILS)))
    h.block(signed_by_two(h, PayEstate(who, h.home[1].account, coin, Cents(70_00))))
    h.decide(0, PayEstate(who, h.away[0].account, coin, Cents(10_00)))
    h.block(signed_by_two(h, RedeemEstate(who, coin, Cents(40_00), (), DETAILS)))
    h.decide(0, Export(coin, (1,), DETAILS))
    h.statement(0, line(1, EntryKind.REDEMPTION, 40_00, redemption=(1,)))
    h.block(signed_by_two(h, SettleEstate(who)))
    assert audit(h) == []


def test_a_board_member_who_moves_is_no_member_for_the_books_either(h: History) -> None:
    registrar, mover, last = h.board[0]
    first = months_after(h.time_ms)[0]
    h.block(h.sign(registrar, Move(mover.account, h.codes[1], first)))
    h.time_ms = first
    h.block()
    h.board[0] = [registrar, last, mover]
    h.decide(0, DelegateRegistrar(h.codes[0], last.account))
    assert audit(h) == []


def test_a_bankruptcy_leaves_nothing_to_find(h: History) -> None:
    coin, shop, curator = h.coins[0], h.shop, h.away[0]
    h.block(h.pay(h.home[1], shop, 30_00, purpose="SALE", place=1))
    h.block(signed_by_two(h, EnterBankruptcy(shop.account, curator.account, DETAILS, DETAILS)))
    calls = (call(Redeem(shop.account, coin, Cents(30_00), (), DETAILS)),)
    h.block(h.sign(curator, Act(1, calls, work_of(h.ledger, RELEASE, calls))))
    h.decide(0, Export(coin, (1,), DETAILS))
    h.statement(0, line(1, EntryKind.REDEMPTION, 30_00, redemption=(1,)))
    assert audit(h) == []


def test_an_estate_paid_by_one_registrar_alone_is_found(h: History) -> None:
    registrar, who, coin = h.board[0][0], dead(h).account, h.coins[0]
    h.block(signed_by_two(h, AttestDeath(who, DETAILS)))

    def pays_anyhow(draft: Draft, context: Context, args: estates.PayEstate) -> None:
        move(draft, args.coin, args.account, FREE, args.heir, FREE, args.amount)
        parts = (Credit(FREE, args.amount),)
        by = (registrar.account,)
        paid = EstatePaid(args.account, args.heir, args.coin, args.amount, parts, by)
        context.emit(paid, args.account)
        context.emit(EstateReceived(args.coin, args.amount, parts, by), args.heir)

    release = cheating(h, "life", "pay_estate", pays_anyhow)
    block(h, release, h.sign(registrar, PayEstate(who, registrar.account, coin, Cents(50_00))))
    (finding,) = audit(h, release)
    assert "without its holder's signature" in finding
