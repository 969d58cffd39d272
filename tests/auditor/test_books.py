"""The second count: contracts that cheat agree with themselves, and not with the books.

Here validators run changed contracts and sign what comes out. Replay under the same changed
contracts finds every root in order; only the independent books can tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import replace as changed

from auditor.figures import Result
from auditor.replay import replay
from auditor.wire import encode as encode_array
from auditor.wire import fields
from chain import account, admission
from chain.account import Replayed, Window, use_number
from chain.codec import encode
from chain.contract import Context, Release
from chain.execution import Applied
from chain.money import Cents
from chain.state import Draft, View
from chain.transaction import Transaction
from governance_contracts.bank import booking, redemption, statements
from governance_contracts.bank.books import EntryKind, Reserve, Statement, hash_of, require_reserve
from governance_contracts.bank.redemption import Redeem
from governance_contracts.bank.reserve import Attest, CoinReceived, Mint, Minted
from governance_contracts.boards import board, federation
from governance_contracts.boards.board import Propose
from governance_contracts.boards.changes import SetParameter
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.coins.balances import FREE, book, create, give_free
from governance_contracts.payments import pay
from governance_contracts.versions import RELEASE
from tests.auditor.history import DETAILS, History, call, line

FUNDED = 50_000_00


@pytest.fixture
def h() -> History:
    """A fund with coin, and residents who were paid some."""
    history = History(validators=1, residents=4)
    deposits = (line(1, EntryKind.DEPOSIT, FUNDED), line(2, EntryKind.DEPOSIT, 100_00))
    number = history.statement(0, *deposits)
    coin, fund = history.coins[0], history.fund.account
    history.decide(0, Mint(coin, number, 1, fund, Cents(FUNDED), ()))
    history.payout(history.home, 100_00)
    return history


Run = Callable[[Draft, Context, Any], None]


def cheating(h: History, contract: str, method: str, run: Run) -> Release:
    """The release with another rule for one method, from the next block on."""
    known = RELEASE.contracts[(contract, 1)]
    honest, start = known.methods[method].run, len(h.blocks)

    def either(draft: Draft, context: Context, args: Any) -> None:
        (run if context.height > start else honest)(draft, context, args)

    methods = {**known.methods, method: replace(known.methods[method], run=either)}
    contracts = {**RELEASE.contracts, (contract, 1): replace(known, methods=methods)}
    return Release(contracts, RELEASE.protocols)


def with_another(
    h: History, contract: str, method: str, module: ModuleType, name: str, value: object
) -> Release:
    """The release with one function exchanged while this method runs, from the next block on."""
    honest = RELEASE.contracts[(contract, 1)].methods[method].run

    def run(draft: Draft, context: Context, args: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, value)
            honest(draft, context, args)

    return cheating(h, contract, method, run)


def block(h: History, release: Release, *transactions: Transaction) -> Applied:
    applied = h.build(*transactions, release=release)
    assert not any(receipt.refusal for receipt in applied.receipts), applied.receipts
    return h.commit(applied)


def audit(h: History, release: Release = RELEASE) -> Result:
    return replay(BytesIO(h.export()), 1, release=release, check_genesis=False)


def checks(result: Result) -> list[str]:
    assert all(f.check != "execution" for f in result.findings), "the cheaters agree"
    return sorted({f.check for f in result.findings})


def found(result: Result, check: str) -> tuple[int, str, str]:
    """Height, expected and found of the first finding of a check."""
    first = next(f for f in result.findings if f.check == check)
    return first.height, first.expected, first.found


def mint_decided(h: History, release: Release, args: Mint) -> None:
    calls = (call(args),)
    work = work_of(h.ledger, release, calls)
    first, second, _ = h.board[0]
    proposal = h.sign(first, Propose(h.codes[0], calls, Text("a reason"), (), work))
    block(h, release, proposal)
    block(h, release, h.sign(second, board.Approve(proposal.id, work)))


def test_honest_contracts_agree_with_the_books(h: History) -> None:
    h.block(h.pay(h.home[0], h.home[1], 5_00))
    assert audit(h).ok


# Coin from nowhere.


def mint_freely(draft: Draft, context: Context, args: Mint) -> None:
    create(draft, args.coin, args.account, FREE, args.amount)
    context.emit(Minted(args.coin, args.statement, args.entry, args.amount))
    context.emit(CoinReceived(args.coin, args.amount), args.account)


def mint_in_silence(draft: Draft, context: Context, args: Mint) -> None:
    create(draft, args.coin, args.account, FREE, args.amount)


def test_a_mint_without_a_bank_line_is_found(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_freely)
    mint_decided(h, evil, Mint(h.coins[0], 9, 1, h.home[0].account, Cents(100_00), ()))
    result = audit(h, evil)
    assert checks(result) == ["mint"]
    assert "nobody attested" in result.findings[0].message
    assert result.findings[0].height == len(h.blocks)


def test_a_mint_that_no_receipt_tells_of_is_found(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_in_silence)
    mint_decided(h, evil, Mint(h.coins[0], 1, 2, h.home[0].account, Cents(100_00), ()))
    result = audit(h, evil)
    assert checks(result) == ["balance", "supply"]
    assert found(result, "balance") == (len(h.blocks), "10000", "20000")


def test_a_second_mint_on_one_bank_line_is_found(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_freely)
    mint_decided(h, evil, Mint(h.coins[0], 1, 1, h.fund.account, Cents(FUNDED), ()))
    result = audit(h, evil)
    assert checks(result) == ["mint"]
    assert "minted twice" in result.findings[0].message


def test_a_mint_of_more_than_the_bank_line_is_found(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_freely)
    mint_decided(h, evil, Mint(h.coins[0], 1, 2, h.fund.account, Cents(101_00), ()))
    result = audit(h, evil)
    assert checks(result) == ["mint"]
    assert found(result, "mint")[1:] == ("10000", "10100")


def test_a_mint_without_a_decision_is_found(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_freely)
    args = Mint(h.coins[0], 1, 2, h.home[0].account, Cents(100_00), ())
    block(h, evil, h.sign(h.home[0], args))
    result = audit(h, evil)
    assert checks(result) == ["authority"]
    assert found(result, "authority")[1] == f"the board of {h.codes[0]}"


# Decisions.


def test_a_decision_with_too_few_approvals_is_found(h: History) -> None:
    evil = with_another(h, "board", "propose", board, "approvals_needed", lambda *_: 1)
    calls = (call(Mint(h.coins[0], 1, 2, h.home[0].account, Cents(100_00), ())),)
    work = work_of(h.ledger, RELEASE, calls)
    block(h, evil, h.sign(h.board[0][0], Propose(h.codes[0], calls, Text("alone"), (), work)))
    result = audit(h, evil)
    assert checks(result) == ["authority"]
    assert found(result, "authority") == (len(h.blocks), "2", "1")


def test_a_decision_by_who_left_the_board_is_found(h: History) -> None:
    """The approval of a member who resigned no longer counts, whatever the contract says."""
    calls = (call(Mint(h.coins[0], 1, 2, h.home[0].account, Cents(100_00), ())),)
    work = work_of(h.ledger, RELEASE, calls)
    first, second, _ = h.board[0]
    proposal = h.sign(first, Propose(h.codes[0], calls, Text("a reason"), (), work))
    h.block(proposal)
    h.block(h.sign(first, board.Resign(h.codes[0])))
    count = lambda _board, proposal: len(proposal.approvals)  # noqa: E731
    evil = with_another(h, "board", "approve", board, "approvals_counted", count)
    block(h, evil, h.sign(second, board.Approve(proposal.id, work)))
    assert checks(audit(h, evil)) == ["authority"]


def test_a_motion_that_too_few_boards_approved_is_found() -> None:
    h = History(validators=4, residents=1)
    calls = (call(SetParameter("day_max_person", 400_000)),)
    work = work_of(h.ledger, RELEASE, calls)
    moved = h.decide(0, federation.Propose(h.codes[0], calls, Text("a reason"), work))
    motion = moved.transactions[0].id
    evil = with_another(h, "federation", "approve", federation, "approvals_needed", lambda *_: 2)
    h.decide(1, federation.Approve(h.codes[1], motion, work), release=evil)
    result = audit(h, evil)
    assert checks(result) == ["authority"]
    assert found(result, "authority") == (len(h.blocks), "3", "2")


# Payments.


def test_a_payee_that_gets_more_than_the_receipt_says_is_found(h: History) -> None:
    def generous(draft: Draft, who: bytes, coin: str, amount: int, most: int) -> None:
        give_free(draft, who, coin, amount + 1, most)

    evil = with_another(h, "pay", "pay", pay, "give_free", generous)
    block(h, evil, h.pay(h.home[0], h.home[1], 5_00))
    result = audit(h, evil)
    assert checks(result) == ["balance"]
    assert found(result, "balance") == (len(h.blocks), "10500", "10501")


def test_money_that_moves_without_its_holder_is_found(h: History) -> None:
    def anybody(
        draft: Draft, _context: Context, who: bytes, **_more: bool
    ) -> account.Account | None:
        return draft.find(account.ACCOUNTS, who)

    evil = with_another(h, "pay", "pay", pay, "require_actor", anybody)
    thief, victim = h.home[0], h.home[1]
    stolen = pay.plain(victim.account, thief.account, h.coins[0], 50_00)
    block(h, evil, h.sign(thief, stolen))
    result = audit(h, evil)
    assert checks(result) == ["authority"]
    assert found(result, "authority")[1] == victim.account.hex()


def test_a_number_used_twice_is_found(h: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(window: Window, value: int) -> Window:
        try:
            return use_number(window, value)
        except Replayed:
            return window

    monkeypatch.setattr(admission, "use_number", forgetful)
    h.block(h.pay(h.home[0], h.home[1], 5_00))
    number = h.numbers[h.home[0].account]
    again = pay.plain(h.home[0].account, h.home[1].account, h.coins[0], 6_00)
    h.block(h.sign(h.home[0], again, number=number))
    assert checks(audit(h)) == ["replay"]


# The bank.


def test_coin_burned_without_a_bank_line_is_found(h: History) -> None:
    def burn(draft: Draft, context: Context, args: Redeem) -> None:
        redemption.redeem(draft, context, args)
        book(draft, args.coin, redeeming=-args.amount, burned=args.amount)
        context.emit(booking.RedemptionSettled(1, args.amount), args.holder)

    evil = cheating(h, "reserve", "redeem", burn)
    holder = h.home[0]
    args = Redeem(holder.account, h.coins[0], Cents(10_00), (), DETAILS)
    block(h, evil, h.sign(holder, args))
    result = audit(h, evil)
    assert checks(result) == ["supply"]
    assert found(result, "supply")[0] == len(h.blocks)


def test_a_statement_that_does_not_follow_is_found(h: History) -> None:
    evil = with_another(h, "reserve", "attest", statements, "check_statement", lambda *_: None)
    h.sequences[h.coins[0]] = (3, 1)
    h.statement(0, line(1, EntryKind.INTEREST, 1_00), release=evil)
    result = audit(h, evil)
    assert checks(result) == ["statement"]
    said = [f.message for f in result.findings]
    assert any("number" in m for m in said) and any("opening" in m for m in said)


def test_a_statement_with_one_attestation_is_found(h: History) -> None:
    def lenient(view: View, coin: str) -> Reserve:
        return changed(require_reserve(view, coin), k=1)

    evil = with_another(h, "reserve", "attest", statements, "require_reserve", lenient)
    h.statement(0, line(1, EntryKind.INTEREST, 1_00), attestors=1, release=evil)
    result = audit(h, evil)
    assert checks(result) == ["statement"]
    assert found(result, "statement")[1:] == ("2", "1")


def test_an_attestation_that_was_taken_back_does_not_count(h: History) -> None:
    """Somebody stands by another statement of the same number now."""
    evil = with_another(h, "reserve", "attest", statements, "take_back", lambda *_: None)
    coin = h.city.genesis.wijken[0].coins[0]
    sequence, opening = h.sequences[coin.code]
    first, other = (
        Statement(
            coin.code, bytes(coin.reserve.account), "EUR", sequence + 1, 0, h.time_ms,
            opening, opening + cents, DETAILS, (line(1, EntryKind.COVER, cents),),
        )
        for cents in (1, 2)
    )  # fmt: skip
    ada, bob = h.city.of("attestor", h.codes[0])[:2]
    for who, statement in ((ada, first), (ada, other), (bob, first)):
        block(
            h, evil, h.sign(who, Attest(who.account, coin.code, hash_of(statement), (statement,)))
        )
    result = audit(h, evil)
    assert checks(result) == ["statement"]
    assert found(result, "statement")[1:] == ("2", "1")


def test_each_difference_is_told_once(h: History) -> None:
    evil = cheating(h, "reserve", "mint", mint_in_silence)
    mint_decided(h, evil, Mint(h.coins[0], 1, 2, h.home[0].account, Cents(100_00), ()))
    for amount in range(1, 6):
        block(h, evil, h.pay(h.home[0], h.home[1], amount))
    result = audit(h, evil)
    assert sum(f.check == "balance" for f in result.findings) == 1


def test_encode_is_what_books_hash() -> None:
    """The books hash a statement from its array, the contract from its record: one spelling."""
    record = line(1, EntryKind.DEPOSIT, 5)
    assert encode_array(fields(encode(record))) == encode(record)
