"""The second count of exchanges, settlements and a coin that ends in deficit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest

from auditor.figures import Result
from auditor.replay import replay
from chain.codec import Record
from chain.contract import Context, Release
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.redemption import Export, Redeem
from governance_contracts.bank.reserve import Mint
from governance_contracts.boards import federation
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.coins import exchange, winddown, windingdown, writedown
from governance_contracts.coins.balances import create, destroy
from governance_contracts.coins.exchange import Exchange, Exchanged, Settle
from governance_contracts.coins.winddown import Announce, Close, MoveRest
from governance_contracts.coins.windingdown import WrittenOff
from governance_contracts.versions import RELEASE
from tests.auditor.history import DETAILS, History, call, line


@pytest.fixture
def h() -> History:
    """Two wijken; residents and treasuries with coin of their own wijk."""
    h = History(validators=2, residents=4)
    for which, coin in enumerate(h.coins):
        who = (h.home if which == 0 else h.away)[0].account
        treasury = bytes(h.city.genesis.wijken[which].treasury)
        number = h.statement(
            which, line(1, EntryKind.DEPOSIT, 100_00), line(2, EntryKind.DEPOSIT, 50_00)
        )
        h.decide(which, Mint(coin, number, 1, who, Cents(100_00), ()))
        h.decide(which, Mint(coin, number, 2, treasury, Cents(50_00), ()))
    return h


def audit(h: History, release: Release = RELEASE) -> Result:
    return replay(BytesIO(h.export()), release=release)


def together(h: History, *args: Record, release: Release = RELEASE) -> None:
    """All boards carry these calls."""
    calls = tuple(call(a) for a in args)
    work = work_of(h.ledger, RELEASE, calls)
    h.decide(0, federation.Propose(h.codes[0], calls, Text("a reason"), work), release=release)
    (motion,) = [key for key, _ in h.ledger.scan(federation.MOTIONS)]
    h.decide(1, federation.Approve(h.codes[1], motion, work), release=release)


def wait(h: History, days: int) -> None:
    h.time_ms += days * DAY_MS
    h.block()


def swap(h: History, which: int, amount: int) -> None:
    who = (h.home, h.away)[which][0]
    give, take = h.coins[which], h.coins[1 - which]
    h.block(h.sign(who, Exchange(who.account, give, take, Cents(amount))))


def test_exchanges_and_settlements_add_up(h: History) -> None:
    swap(h, 0, 30_00)
    swap(h, 1, 12_00)
    wait(h, 7)
    swap(h, 0, 1_00)
    h.decide(1, Settle(h.coins[0], h.coins[1]))
    h.decide(0, Export(h.coins[0], (1, 2), DETAILS))
    h.statement(
        0,
        line(1, EntryKind.REDEMPTION, 18_00, redemption=(1,)),
        line(2, EntryKind.REDEMPTION, 1_00, redemption=(2,)),
    )
    result = audit(h)
    assert not result.findings, result.findings


def test_a_coin_that_ends_in_deficit_adds_up(h: History) -> None:
    who = h.home[0]
    waits = Redeem(who.account, h.coins[0], Cents(40_01), (), DETAILS)
    h.block(h.sign(who, waits))
    h.statement(0, line(1, EntryKind.CHARGE, 33_33))
    together(h, Announce(h.coins[0], h.fund.account))
    wait(h, 91)
    h.block(h.sign(who, Redeem(who.account, h.coins[0], Cents(59_99), (), DETAILS)))
    treasury = bytes(h.city.genesis.wijken[0].treasury)
    h.decide(0, Redeem(treasury, h.coins[0], Cents(50_00), (), DETAILS))
    h.decide(0, Export(h.coins[0], (1, 2, 3), DETAILS))
    rate = 150_00 - 33_33
    paid = [face * rate // 150_00 for face in (40_01, 59_99, 50_00)]
    h.statement(
        0,
        *(
            line(n, EntryKind.REDEMPTION, amount, redemption=(n,))
            for n, amount in enumerate(paid, 1)
        ),
    )
    h.decide(0, Close(h.coins[0]))
    result = audit(h)
    assert not result.findings, result.findings
    (coin,) = [one for one in result.coins if one.coin == h.coins[0]]
    assert (coin.total, coin.minted, coin.burned) == (0, 150_00, 150_00)


def end_without_euros(h: History, *first: Record) -> None:
    """All euros are gone, and what nobody can redeem is moved to the destination."""
    h.statement(0, line(1, EntryKind.CHARGE, 150_00))
    together(h, Announce(h.coins[0], h.fund.account))
    for days in (91, 366, 1_827):
        wait(h, days)
    treasury = bytes(h.city.genesis.wijken[0].treasury)
    h.decide(0, *first, MoveRest(h.coins[0], (h.home[0].account, treasury)))


def test_a_coin_worth_nothing_is_written_off_and_adds_up(h: History) -> None:
    end_without_euros(h)
    h.decide(0, Close(h.coins[0]))
    result = audit(h)
    assert not result.findings, result.findings
    (coin,) = [one for one in result.coins if one.coin == h.coins[0]]
    assert (coin.total, coin.minted, coin.burned) == (0, 150_00, 150_00)


def test_coin_written_off_that_is_worth_something_is_found(h: History) -> None:
    def all_gone(draft: Draft, context: Context, args: Close) -> None:
        destroy(draft, args.coin, h.home[0].account, 100_00)
        context.emit(WrittenOff(args.coin, Cents(100_00)), h.home[0].account)

    methods = dict(winddown.CONTRACT.methods)
    methods["close"] = replace(methods["close"], run=all_gone)
    contract = replace(winddown.CONTRACT, methods=methods)
    cheat = replace(RELEASE, contracts={**RELEASE.contracts, ("winddown", 1): contract})
    h.decide(0, Close(h.coins[0]), release=cheat)
    assert "supply" in {finding.check for finding in audit(h, cheat).findings}


Run = Callable[[Draft, Context, Exchange], None]


def changed(run: Run) -> Release:
    """The release with another rule for exchanging."""
    contract = exchange.CONTRACT
    methods = {
        **contract.methods,
        "exchange": replace(contract.methods["exchange"], run=run),
    }
    contracts = {**RELEASE.contracts, ("exchange", 1): replace(contract, methods=methods)}
    return replace(RELEASE, contracts=contracts)


def test_coin_that_an_exchange_makes_is_found(h: History) -> None:
    """A contract that gives more than the treasury has, and books it as made."""

    def generous(draft: Draft, context: Context, args: Exchange) -> None:
        exchange.exchange(draft, context, args)
        create(draft, args.take, args.holder, 0, 1)

    cheat = changed(generous)
    who = h.home[0]
    args = Exchange(who.account, h.coins[0], h.coins[1], Cents(10_00))
    h.block(h.sign(who, args), release=cheat)
    assert {finding.check for finding in audit(h, cheat).findings} & {"balance", "supply"}


def test_an_exchange_that_no_treasury_knows_of_is_found(h: History) -> None:
    def silent(draft: Draft, context: Context, args: Exchange) -> None:
        create(draft, args.take, args.holder, 0, args.amount)
        context.emit(Exchanged(args.give, args.take, args.amount), args.holder)

    cheat = changed(silent)
    who = h.home[0]
    args = Exchange(who.account, h.coins[0], h.coins[1], Cents(10_00))
    h.block(h.sign(who, args), release=cheat)
    assert "exchange" in {finding.check for finding in audit(h, cheat).findings}


def test_a_rate_that_favours_is_found(h: History, monkeypatch: pytest.MonkeyPatch) -> None:
    h.statement(0, line(1, EntryKind.CHARGE, 50_00))
    honest = windingdown.fix_rate

    def kind(draft: Draft, coin: str) -> writedown.WriteDown | None:
        rate = honest(draft, coin)
        assert rate is not None
        rate = writedown.WriteDown(Cents(rate.numerator + 1_00), rate.denominator)
        draft.put(writedown.WRITE_DOWNS, coin, rate)
        return rate

    monkeypatch.setattr(windingdown, "fix_rate", kind)
    together(h, Announce(h.coins[0], h.fund.account))
    wait(h, 91)
    assert "redemption" in {finding.check for finding in audit(h).findings}
