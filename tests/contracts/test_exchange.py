"""Exchange through the treasury, and clearing between two wijken."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, Status
from chain.authority import Board, Federation, NotAuthorised
from chain.money import CENTS_MAX, Cents
from chain.rules import DAY_MS
from governance_contracts.bank.books import RESERVES, EntryKind, UnknownReserve
from governance_contracts.bank.redemption import Export, LotNotRedeemable, Redeem
from governance_contracts.bank.reserve import InDeficit
from governance_contracts.boards.boardroom import BOARDS, UnknownBoard
from governance_contracts.boards.changes import SetParameter
from governance_contracts.coins.balances import DayLimit, HoldingLimit, NotEnoughCoin, total_of
from governance_contracts.coins.coin import COINS, CoinWindsDown, Phase, UnknownCoin
from governance_contracts.coins.exchange import (
    Cancelled,
    Exchange,
    Exchanged,
    NoRate,
    NothingToSettle,
    OwnTreasury,
    PairLimit,
    SameCoin,
    Settle,
    TakenIn,
    TreasuryShort,
)
from governance_contracts.coins.regimes import RegimeForbids
from governance_contracts.earmarks.earmark import NotExpired, Reclaim
from governance_contracts.earmarks.lots import After, BadTerms, LotKind, NotSpendable, Terms
from governance_contracts.payments.payments import Payout, PayoutLine
from governance_contracts.people.acting import ClosedAccount, FrozenAccount, NotRegistered
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown, entry
from tests.contracts.town import W1, W2, refused


@pytest.fixture
def town() -> MoneyTown:
    """dee1 has 100 of J1 and dee2 100 of J2; each treasury has 50 of its own coin."""
    town = MoneyTown()
    for n in "12":
        town.deposit(f"J{n}", f"dee{n}", 100_00)
        town.deposit(f"J{n}", f"treasury{n}", 50_00)
    return town


def exchange(town: MoneyTown, who: str, amount: int, give: str = "J1", take: str = "J2") -> None:
    town.play(Exchange(town.id(who), give, take, Cents(amount)), by=who)


def whole(town: MoneyTown) -> tuple[int, int]:
    for coin in ("J1", "J2"):
        supply = town.supply(coin)
        assert (supply.free, supply.lots, supply.redeeming) == town.counted(coin)
    return total_of(town.supply("J1")), total_of(town.supply("J2"))


def test_a_coin_for_another_out_of_the_treasury(town: MoneyTown) -> None:
    before = whole(town)
    exchange(town, "dee1", 20_00)
    assert [(e.give, e.amount) for e in town.reported(Exchanged, "dee1")] == [("J1", 20_00)]
    (taken,) = town.reported(TakenIn, "treasury2")
    assert (town.free("dee1", "J1"), town.free("dee1", "J2")) == (80_00, 20_00)
    assert town.free("treasury2", "J2") == 30_00
    assert town.lots("treasury2", "J1") == {taken.lot: 20_00}
    assert whole(town) == before, "no step creates coin"


def test_refusals_in_order(town: MoneyTown) -> None:
    dee = town.id("dee1")

    def ask(amount: int = 10_00, give: str = "J1", take: str = "J2", who: str = "dee1") -> None:
        town.play(Exchange(town.id(who), give, take, Cents(amount)), by=who)

    with refused(NotRegistered):
        town.play(Exchange(b"\x07" * 20, "J9", "J9", Cents(1)), by="dee1")
    with refused(NotAuthorised):
        town.play(Exchange(town.id("dee2"), "J9", "J9", Cents(1)), by="dee1")
    account = town.account("dee1")
    town.state.put(ACCOUNTS, dee, replace(account, status=Status.CLOSED))
    with refused(ClosedAccount):
        ask(give="J9", take="J9")
    town.state.put(ACCOUNTS, dee, replace(account, status=Status.FROZEN))
    with refused(FrozenAccount):
        ask(give="J9", take="J9")
    town.state.put(ACCOUNTS, dee, account)
    with refused(UnknownCoin, "J9"):
        ask(give="J9", take="J8")
    with refused(UnknownCoin, "J8"):
        ask(take="J8")
    with refused(SameCoin):
        ask(take="J1")
    coin, other = town.state.get(COINS, "J1"), town.state.get(COINS, "J2")
    assert coin is not None and other is not None
    town.state.put(COINS, "J2", replace(other, phase=Phase.ANNOUNCED, currency="USD"))
    with refused(CoinWindsDown, "J2", Phase.ANNOUNCED):
        ask()
    with refused(RegimeForbids, "J3", "exchange"):
        ask(give="J3", take="J1")
    with refused(RegimeForbids, "J3", "exchange"):
        ask(take="J3")
    town.state.put(COINS, "J2", replace(other, currency="USD"))
    town.book("J1", entry(1, EntryKind.CHARGE, 1_00))
    with refused(NoRate, "EUR", "USD"):
        ask()
    town.state.put(COINS, "J2", other)
    with refused(InDeficit, "J1", 1_00):
        ask()
    town.book("J1", entry(1, EntryKind.COVER, 1_00))
    board = town.board(W2)
    town.state.delete(BOARDS, W2)
    with refused(UnknownBoard):
        ask()
    town.state.put(BOARDS, W2, board)
    with refused(TreasuryShort, "J2", 150_01 - 50_00):
        ask(150_01)
    town.play(SetParameter("exchange_pair_max", 9_99), under=(Federation(),))
    with refused(PairLimit, "J1", "J2", 9_99):
        ask()
    town.play(SetParameter("exchange_pair_max", CENTS_MAX), under=(Federation(),))
    with refused(NotEnoughCoin):
        ask(who="eef1")
    town.play(SetParameter("day_max_person", 9_99), under=(Federation(),))
    with refused(DayLimit):
        ask()
    town.play(SetParameter("day_max_person", 10_00), under=(Federation(),))
    town.play(SetParameter("holding_max_person", 9_99), under=(Federation(),))
    with refused(HoldingLimit):
        ask()
    town.play(SetParameter("holding_max_person", 10_00), under=(Federation(),))
    ask()


def test_a_treasury_does_not_exchange_with_itself(town: MoneyTown) -> None:
    args = Exchange(town.id("treasury2"), "J1", "J2", Cents(1))
    with refused(OwnTreasury):
        town.play(args, under=(Board(W2),))


class TestClearingLot:
    """Nobody spends, pays out, redeems or reclaims what waits for the settlement."""

    @pytest.fixture
    def lot(self, town: MoneyTown) -> int:
        exchange(town, "dee1", 20_00)
        return town.reported(TakenIn)[0].lot

    def test_not_spent(self, town: MoneyTown, lot: int) -> None:
        from governance_contracts.payments.payments import plain

        with refused(NotSpendable, lot):
            args = plain(
                town.id("treasury2"), town.id("shop2"), "J1", 1_00, "SALE", place=1, lots=(lot,)
            )
            town.play(args, under=(Board(W2),))
        with refused(NotEnoughCoin, "J1", 1_00, f"{lot}:1400"):
            args = plain(town.id("treasury2"), town.id("shop2"), "J1", 1_00, "SALE", place=1)
            town.play(args, under=(Board(W2),))

    def test_not_paid_out_and_not_opened(self, town: MoneyTown, lot: int) -> None:
        fields: dict[str, Any] = {"under": (Board(W2),)}
        line = PayoutLine(town.id("dee2"), Cents(1), "GRANT", ())
        with refused(NotEnoughCoin):
            town.play(Payout(town.id("treasury2"), "J1", (line,), ()), **fields)
        terms = Terms(LotKind.CLEARING, (), (), (), (), 0, (), False, After.REGION_BOUND, ())
        with refused(BadTerms, "kind"):
            town.play(Payout(town.id("treasury2"), "J2", (line,), (terms,)), **fields)

    def test_not_redeemed(self, town: MoneyTown, lot: int) -> None:
        who = town.id("treasury2")
        with refused(LotNotRedeemable, lot):
            town.play(Redeem(who, "J1", Cents(1), (lot,), DESTINATION), under=(Board(W2),))
        with refused(NotEnoughCoin):
            town.play(Redeem(who, "J1", Cents(1), (), DESTINATION), under=(Board(W2),))

    def test_not_reclaimed(self, town: MoneyTown, lot: int) -> None:
        with refused(NotExpired):
            town.play(Reclaim(lot, (town.id("treasury2"),)), by="dee1")


def test_opposite_lots_cancel_and_the_rest_is_redeemed(town: MoneyTown) -> None:
    before = whole(town)
    exchange(town, "dee1", 30_00)
    exchange(town, "dee2", 12_00, "J2", "J1")
    town.wait(7 * DAY_MS)
    assert whole(town) == before
    assert town.free("treasury1", "J1") == 50_00 - 12_00 + 12_00
    assert town.free("treasury2", "J2") == 50_00 - 30_00 + 12_00
    assert town.lots("treasury1", "J2") == {} == town.lots("treasury2", "J1")
    redemption = town.redemption(1)
    assert (redemption.coin, redemption.amount) == ("J1", 18_00)
    assert redemption.holder == town.id("treasury2")
    assert redemption.destination == town.reserve("J2").account, "reserve to reserve"
    town.play(Export("J1", (1,), DETAILS), under=(Board(W1),))
    town.book("J1", entry(1, EntryKind.REDEMPTION, 18_00, redemption=1))
    town.deposit("J2", "treasury2", 18_00)
    assert town.free("treasury2", "J2") == 50_00
    assert whole(town) == (before[0] - 18_00, before[1] + 18_00)


def test_two_periods_that_sum_to_zero_cost_no_euro(town: MoneyTown) -> None:
    """What one wijk owes after a first period it gets back in a second: both stand as before."""
    start = {n: town.free(f"treasury{n}", f"J{n}") for n in "12"}
    before = whole(town)
    for give, take in (("1", "2"), ("2", "1")):
        exchange(town, f"dee{give}", 25_00, f"J{give}", f"J{take}")
        town.wait(7 * DAY_MS)
        name = int(give)
        town.play(Export(f"J{give}", (name,), DETAILS), under=(Board(W1 if give == "1" else W2),))
        line = entry(1, EntryKind.REDEMPTION, 25_00, redemption=name)
        town.book(f"J{give}", line)
        town.deposit(f"J{take}", f"treasury{take}", 25_00)
    assert {n: town.free(f"treasury{n}", f"J{n}") for n in "12"} == start
    assert whole(town) == before


def test_equal_exchanges_leave_nothing_to_redeem(town: MoneyTown) -> None:
    exchange(town, "dee1", 20_00)
    exchange(town, "dee2", 20_00, "J2", "J1")
    town.play(Settle("J1", "J2"), under=(Board(W2),))
    assert [event.amount for event in town.reported(Cancelled)] == [20_00, 20_00]
    assert town.free("treasury1", "J1") == 50_00 == town.free("treasury2", "J2")
    with refused(NothingToSettle):
        town.play(Settle("J1", "J2"), under=(Board(W2),))
    town.wait(7 * DAY_MS)
    assert town.supply("J1").redeeming == 0 == town.supply("J2").redeeming


def test_the_board_settles_before_the_period_is_over(town: MoneyTown) -> None:
    exchange(town, "dee1", 20_00)
    with refused(UnknownCoin):
        town.play(Settle("J9", "J2"), under=(Board(W1),))
    with refused(UnknownCoin):
        town.play(Settle("J1", "J9"), under=(Board(W1),))
    with refused(NotAuthorised):
        town.play(Settle("J1", "J2"), under=(Board(W1),))
    reserve, coin = town.reserve("J1"), town.state.get(COINS, "J1")
    assert coin is not None
    town.state.put(COINS, "J1", replace(coin, phase=Phase.CLOSED))
    town.state.delete(RESERVES, "J1")
    with refused(CoinWindsDown):
        town.play(Settle("J1", "J2"), under=(Board(W2),))
    town.state.put(COINS, "J1", coin)
    with refused(UnknownReserve):
        town.play(Settle("J1", "J2"), under=(Board(W2),))
    town.state.put(RESERVES, "J1", reserve)
    with refused(NothingToSettle):
        town.play(Settle("J2", "J1"), under=(Board(W1),))
    town.play(Settle("J1", "J2"), under=(Board(W2),))
    assert town.redemption(1).amount == 20_00
    with refused(NothingToSettle):
        town.play(Settle("J1", "J2"), under=(Board(W2),))
    assert not town.reported(Cancelled)


def test_what_the_bank_sends_back_waits_for_the_next_settlement(town: MoneyTown) -> None:
    exchange(town, "dee1", 20_00)
    lot = town.reported(TakenIn)[0].lot
    town.play(Settle("J1", "J2"), under=(Board(W2),))
    town.play(Export("J1", (1,), DETAILS), under=(Board(W1),))
    town.book("J1", entry(1, EntryKind.REDEMPTION, 20_00, redemption=1))
    town.book("J1", entry(1, EntryKind.BOUNCE, 20_00, redemption=1))
    assert town.held("treasury2", lot) == 20_00
    town.play(Settle("J1", "J2"), under=(Board(W2),))
    assert town.redemption(2).amount == 20_00
