"""A coin ends: to the last cent, with nobody left behind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, Status
from chain.authority import Board, Federation, NotAuthorised, Residents
from chain.events import read_event
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from governance_contracts.bank.books import (
    REDEMPTIONS,
    EntryKind,
    RedemptionState,
    cover_of,
    deficit_of,
    face_of,
)
from governance_contracts.bank.deadlines import CoverOverdue
from governance_contracts.bank.redemption import (
    Cancel,
    Export,
    NotRedeemable,
    NotWaiting,
    Redeem,
    RedemptionsStopped,
)
from governance_contracts.bank.reserve import Mint
from governance_contracts.coins.balances import total_of
from governance_contracts.coins.coin import (
    COINS,
    Accept,
    CoinWindsDown,
    Phase,
    UnknownCoin,
    require_coin,
)
from governance_contracts.coins.exchange import Exchange, Settle
from governance_contracts.coins.winddown import (
    Announce,
    BadDestination,
    CallOff,
    ClaimsOpen,
    Close,
    CoinInBeing,
    MoveRest,
    NotAnEarmark,
    ReturnEarmarks,
    WrongPhase,
)
from governance_contracts.coins.windingdown import (
    ClaimsBegan,
    CoinClosed,
    RedeemingBegan,
    WindDownNotice,
    WrittenOff,
    waiting_for_euros,
)
from governance_contracts.coins.writedown import WRITE_DOWNS, WorthNothing, WriteDown, worth
from governance_contracts.earmarks.earmark import FundClosed
from governance_contracts.earmarks.lots import After, UnknownLot, earmark, region_bound
from governance_contracts.offline.general import Guard
from governance_contracts.offline.offline import OpenAllowance
from governance_contracts.payments.payments import Payout, PayoutLine
from governance_contracts.people.acting import ClosedAccount, NotRegistered
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown, entry
from tests.contracts.town import W1, W2, Nothing, refused

ALL = (Federation(),)
BOARD = (Board(W1),)
BOUND, EARMARKED = 1, 2
"""The lots: what an earmark becomes is opened before it."""


@pytest.fixture
def town() -> MoneyTown:
    """J1: people and a shop with free coin, an earmark of `fund1`, coin bound to the wijk."""
    town = MoneyTown()
    for name, amount in (("dee1", 40_01), ("eef1", 25_00), ("shop1", 30_00), ("fund1", 100_00)):
        town.deposit("J1", name, amount)
    granted = earmark((W1,), after=After.REGION_BOUND)
    lines = tuple(PayoutLine(town.id(n), Cents(10_00), "EARM", ()) for n in ("dee1", "eef1"))
    town.play(Payout(town.id("fund1"), "J1", lines, (granted,)), under=BOARD)
    line = (PayoutLine(town.id("dee1"), Cents(5_00), "GRANT", ()),)
    town.play(Payout(town.id("fund1"), "J1", line, (region_bound((W1,)),)), under=BOARD)
    return town


def announce(town: MoneyTown, coin: str = "J1", to: str = "fund2") -> None:
    town.play(Announce(coin, town.id(to)), under=ALL)


def phase(town: MoneyTown, coin: str = "J1") -> Phase:
    return Phase(require_coin(town.state, coin).phase)


def redeem(town: MoneyTown, name: str, amount: int, coin: str = "J1") -> None:
    args = Redeem(town.id(name), coin, Cents(amount), (), DESTINATION)
    if name.startswith(("fund", "treasury")):
        town.play(args, under=(Board(W1 if name.endswith("1") else W2),))
    else:
        town.play(args, by=name)


def pay_all_waiting(town: MoneyTown, numbers: range, coin: str = "J1") -> int:
    """The bank pays these redemptions; returns the euros."""
    town.play(Export(coin, tuple(numbers), DETAILS), under=BOARD)
    amounts = [town.redemption(n).amount for n in numbers]
    lines = tuple(
        entry(i, EntryKind.REDEMPTION, town.redemption(n).amount, redemption=n)
        for i, n in enumerate(numbers, 1)
    )
    town.book(coin, *lines)
    return sum(amounts)


def to_redeeming(town: MoneyTown) -> None:
    announce(town)
    town.wait(90 * DAY_MS)
    assert phase(town) == Phase.REDEEMING


def everybodys(town: MoneyTown, coin: str = "J1") -> int:
    return sum(town.counted(coin))


def test_to_the_last_cent_with_nobody_left_behind(town: MoneyTown) -> None:
    """The whole story: dee redeems, the fund gets its earmarks back, eef forgets, and what eef
    forgot reaches the destination; at the end every euro is somewhere and no coin is left."""
    euros = cover_of(town.reserve("J1"))
    assert euros == everybodys(town) == 195_01
    announce(town)
    number = town.book("J1", entry(1, EntryKind.DEPOSIT, 1))
    with refused(CoinWindsDown, "J1", Phase.ANNOUNCED):
        town.play(Mint("J1", number, 1, town.id("dee1"), Cents(1), ()), under=BOARD)
    town.book("J1", entry(1, EntryKind.RETURN, 1, returns=(number, 1)))
    town.pay("dee1", "shop1", 10_01, place=1)
    town.wait(90 * DAY_MS)
    town.pay("eef1", "dee1", 5_00)
    (lot,) = town.lots("eef1")
    people = (town.id("dee1"), town.id("eef1"), town.id("shop1"))
    town.play(ReturnEarmarks(lot, people), by="stranger")
    assert town.lots("eef1") == {}
    for name in ("dee1", "shop1", "fund1"):
        redeem(town, name, town.free(name) + sum(town.lots(name).values()))
    paid = pay_all_waiting(town, range(1, 4))
    assert paid == euros - 20_00, "all but what eef holds"
    town.wait(365 * DAY_MS)
    assert phase(town) == Phase.CLAIMS
    with refused(CoinWindsDown):
        town.pay("eef1", "dee1", 1)
    redeem(town, "eef1", 1_00)
    paid += pay_all_waiting(town, range(4, 5))
    with refused(ClaimsOpen):
        town.play(MoveRest("J1", (town.id("eef1"),)), under=BOARD)
    town.wait(1_826 * DAY_MS)
    town.play(MoveRest("J1", (*people, town.id("fund2"))), under=BOARD)
    with refused(CoinInBeing, "J1", 19_00):
        town.play(Close("J1"), under=BOARD)
    redeem(town, "fund2", 19_00)
    paid += pay_all_waiting(town, range(5, 6))
    town.play(Close("J1"), under=BOARD)
    assert paid == euros
    assert town.reported(CoinClosed)[0].minted == euros
    assert everybodys(town) == 0 == town.reserve("J1").balance
    assert phase(town) == Phase.CLOSED
    with refused(CoinWindsDown):
        redeem(town, "dee1", 1)


def test_in_deficit_everybody_gets_one_rate_and_no_cent_is_missing(town: MoneyTown) -> None:
    """A fifth of the euros is gone. Who was waiting, who asks first and who asks last get the
    same; the cents that rounding leaves are in the rest."""
    redeem(town, "shop1", 30_00)
    town.book("J1", entry(1, EntryKind.CHARGE, 39_01))
    euros = cover_of(town.reserve("J1"))
    announce(town)
    town.wait(90 * DAY_MS)
    assert town.redemption(1).amount == 30_00 * euros // 195_01
    assert deficit_of(town.state, "J1") == 0, "what is owed is what there is"
    assert everybodys(town) == total_of(town.supply())
    with refused(WorthNothing, "J1", 1):
        redeem(town, "dee1", 1)
    (lot,) = town.lots("eef1")
    town.play(ReturnEarmarks(lot, (town.id("dee1"), town.id("eef1"))), by="dee1")
    faces = {}
    for name in ("dee1", "eef1", "fund1"):
        faces[name] = town.free(name) + sum(town.lots(name).values())
        redeem(town, name, faces[name])
    amounts = [town.redemption(n).amount for n in range(1, 5)]
    for face, amount in zip((30_00, *faces.values()), amounts, strict=True):
        assert amount == face * euros // 195_01
    paid = pay_all_waiting(town, range(1, 5))
    assert 0 <= euros - paid < 4, "fewer cents left than there were requests"
    assert everybodys(town) == 0
    town.play(Close("J1"), under=BOARD)


def test_a_written_down_payment_that_bounces_is_not_written_down_twice(town: MoneyTown) -> None:
    town.book("J1", entry(1, EntryKind.CHARGE, 95_01))
    to_redeeming(town)
    redeem(town, "dee1", 45_01)
    paid = pay_all_waiting(town, range(1, 2))
    assert paid == 45_01 * 100_00 // 195_01
    town.book("J1", entry(1, EntryKind.BOUNCE, paid, redemption=1))
    assert town.free("dee1") + town.held("dee1", BOUND) == 45_01
    assert everybodys(town) == total_of(town.supply()) == 195_01
    redeem(town, "dee1", 45_01)
    assert pay_all_waiting(town, range(2, 3)) == paid
    redeem(town, "eef1", 25_00)
    town.play(Cancel(3), by="eef1")
    assert town.free("eef1") == 25_00


def test_a_call_moves_four_holdings_of_a_holder_and_the_next_the_others(town: MoneyTown) -> None:
    """256 lots of one holder are not the price of one."""
    for number in range(5):
        terms = earmark((W1,), class_number=number + 1)
        line = (PayoutLine(town.id("shop1"), Cents(1_00), "EARM", ()),)
        town.play(Payout(town.id("fund1"), "J1", line, (terms,)), under=BOARD)
    to_redeeming(town)
    town.wait((365 + 1_826) * DAY_MS)
    shop = town.id("shop1")
    town.play(MoveRest("J1", (shop,)), under=BOARD)
    assert (town.free("shop1"), len(town.lots("shop1"))) == (0, 2)
    town.play(MoveRest("J1", (shop, shop)), under=BOARD)
    assert town.lots("shop1") == {}
    assert town.free("fund2") == 35_00


@pytest.mark.parametrize("left", [0, 1_00])
def test_a_coin_of_which_nothing_is_worth_a_cent_is_closed_all_the_same(
    town: MoneyTown, left: int
) -> None:
    """The euros are gone, or nearly: what nobody can redeem is written off at the destination,
    and only there, and only when it is worth nothing."""
    town.book("J1", entry(1, EntryKind.CHARGE, 195_01 - left))
    to_redeeming(town)
    people = tuple(town.id(name) for name in ("dee1", "eef1", "shop1", "fund1"))
    town.wait((365 + 1_826) * DAY_MS)
    town.play(MoveRest("J1", people[1:]), under=BOARD)
    with refused(CoinInBeing):
        town.play(Close("J1"), under=BOARD)
    town.play(MoveRest("J1", people), under=BOARD)
    if left:
        with refused(CoinInBeing, "J1", 195_01):
            town.play(Close("J1"), under=BOARD)
        redeem(town, "fund2", 194_00)
        with refused(CoinInBeing, "J1", 195_01):  # some of it is under way to the bank
            town.play(Close("J1"), under=BOARD)
        pay_all_waiting(town, range(1, 2))
        with refused(WorthNothing):
            redeem(town, "fund2", 1_01)
    town.play(Close("J1"), under=BOARD)
    assert town.reported(WrittenOff, "fund2")[0].amount == (1_01 if left else 195_01)
    assert everybodys(town) == total_of(town.supply()) == 0
    assert phase(town) == Phase.CLOSED


def test_a_redemption_of_less_than_a_cent_goes_back(town: MoneyTown) -> None:
    redeem(town, "eef1", 1)
    town.book("J1", entry(1, EntryKind.CHARGE, 100_00))
    to_redeeming(town)
    assert town.free("eef1") == 25_00
    with refused(NotWaiting, 1, RedemptionState.CANCELLED):
        town.play(Cancel(1), by="eef1")


def test_notices_at_0_3_6_and_11_months(town: MoneyTown) -> None:
    announce(town)
    heard: dict[int, int] = {}
    start = town.time_ms
    for _ in range(90 + 366):
        town.wait(DAY_MS)
        for event in (read_event(told.data) for told in town.events):
            if isinstance(event, WindDownNotice):
                heard[event.months] = (town.time_ms - start) // DAY_MS - 90
                assert event.in_being == 195_01
            if isinstance(event, RedeemingBegan):
                assert (event.numerator, event.denominator) == (1, 1)
            if isinstance(event, ClaimsBegan):
                heard[12] = (town.time_ms - start) // DAY_MS - 90
    assert heard == {0: 1, 3: 91, 6: 183, 11: 335, 12: 365}


def test_announcing_is_refused_in_order(town: MoneyTown) -> None:
    with refused(UnknownCoin):
        town.play(Announce("J9", b"\x07" * 20), under=BOARD)
    for under in (BOARD, (Residents(W2),)):
        with refused(NotAuthorised):
            town.play(Announce("J1", b"\x07" * 20), under=under)
    coin = require_coin(town.state, "J1")
    town.state.put(COINS, "J1", replace(coin, phase=Phase.CLOSED))
    with refused(CoinWindsDown, "J1", Phase.CLOSED):
        town.play(Announce("J1", b"\x07" * 20), under=ALL)
    town.state.put(COINS, "J1", coin)
    with refused(NotRegistered):
        town.play(Announce("J1", b"\x07" * 20), under=ALL)
    shop = town.account("shop1")
    town.state.put(ACCOUNTS, town.id("shop1"), replace(shop, status=Status.CLOSED))
    with refused(ClosedAccount):
        announce(town, to="shop1")
    town.state.put(ACCOUNTS, town.id("shop1"), shop)
    with refused(BadDestination):
        announce(town, to="shop1")
    town.play(Announce("J1", town.id("fund2")), under=(Residents(W1),))


def test_it_can_be_called_off_until_redeeming_begins(town: MoneyTown) -> None:
    with refused(UnknownCoin):
        town.play(CallOff("J9"), under=BOARD)
    with refused(NotAuthorised):
        town.play(CallOff("J1"), under=BOARD)
    with refused(WrongPhase, "J1", Phase.IN_USE):
        town.play(CallOff("J1"), under=ALL)
    announce(town)
    town.play(CallOff("J1"), under=ALL)
    town.wait(500 * DAY_MS)
    assert phase(town) == Phase.IN_USE
    to_redeeming(town)
    with refused(WrongPhase, "J1", Phase.REDEEMING):
        town.play(CallOff("J1"), under=ALL)


def test_the_later_calls_are_refused_in_order(town: MoneyTown) -> None:
    everybody = (town.id("dee1"),)
    with refused(UnknownLot):
        town.play(ReturnEarmarks(9, everybody), by="dee1")
    with refused(NotAnEarmark):
        town.play(ReturnEarmarks(BOUND, everybody), by="dee1")
    with refused(WrongPhase, "J1", Phase.IN_USE):
        town.play(ReturnEarmarks(EARMARKED, everybody), by="dee1")
    for call in (MoveRest("J9", everybody), Close("J9")):
        with refused(UnknownCoin):
            town.play(call, under=BOARD)
    for call in (MoveRest("J1", everybody), Close("J1")):
        with refused(NotAuthorised):
            town.play(call, under=(Board(W2),))
        with refused(WrongPhase):
            town.play(call, under=BOARD)
    to_redeeming(town)
    with refused(WrongPhase, "J1", Phase.REDEEMING):
        town.play(MoveRest("J1", everybody), under=BOARD)
    with refused(CoinInBeing, "J1", 195_01):
        town.play(Close("J1"), under=BOARD)


def test_an_earmark_of_a_closed_fund_goes_to_the_destination(town: MoneyTown) -> None:
    to_redeeming(town)
    fund = replace(town.account("fund1"), status=Status.CLOSED)
    town.state.put(ACCOUNTS, town.id("fund1"), fund)
    (lot,) = town.lots("eef1")
    other = town.account("fund2")
    town.state.put(ACCOUNTS, town.id("fund2"), replace(other, status=Status.CLOSED))
    with refused(FundClosed):
        town.play(ReturnEarmarks(lot, (town.id("eef1"),)), by="dee1")
    town.state.put(ACCOUNTS, town.id("fund2"), other)
    town.play(ReturnEarmarks(lot, (town.id("eef1"),)), by="dee1")
    assert town.free("fund2") == 10_00


def test_people_redeem_coin_of_a_limited_network_only_when_it_ends(town: MoneyTown) -> None:
    town.play(Accept(town.id("dee3"), ("J3",)), by="dee3")
    town.deposit("J3", "dee3", 10_00)
    with refused(NotRedeemable):
        redeem(town, "dee3", 10_00, "J3")
    announce(town, "J3", "fund3")
    with refused(NotRedeemable):
        redeem(town, "dee3", 10_00, "J3")
    town.wait(90 * DAY_MS)
    redeem(town, "dee3", 10_00, "J3")
    assert town.redemption(1).amount == 10_00


def test_no_new_lots_and_no_exchange_once_it_is_announced(town: MoneyTown) -> None:
    town.deposit("J2", "treasury2", 10_00)
    town.play(Exchange(town.id("dee1"), "J1", "J2", Cents(5_00)), by="dee1")
    announce(town)
    line = (PayoutLine(town.id("dee1"), Cents(1), "GRANT", ()),)
    with refused(CoinWindsDown):
        town.play(Payout(town.id("fund1"), "J1", line, (region_bound((W1,)),)), under=BOARD)
    with refused(CoinWindsDown):
        town.play(Exchange(town.id("dee1"), "J1", "J2", Cents(1)), by="dee1")
    dee, shop, key = town.id("dee1"), town.id("shop1"), bytes(32)
    with refused(CoinWindsDown):
        town.play(OpenAllowance(dee, "J1", shop, 1, key, bytes(64), Cents(1)), by="dee1")
    with refused(CoinWindsDown):
        town.play(Guard(town.id("town"), "J1", Cents(1)), by="town")
    town.play(Settle("J1", "J2"), under=(Board(W2),))
    assert town.redemption(1).amount == 5_00, "treasuries settle what is between them"


def test_a_deficit_asks_for_a_decision_within_ten_days(town: MoneyTown) -> None:
    """Above 1 % nothing is paid out, and after ten days everybody hears that cover or an end is
    overdue: unless the end is decided."""

    def overdue() -> list[int]:
        told = [read_event(entry.data) for entry in town.events]
        return [event.deficit for event in told if isinstance(event, CoverOverdue)]

    town.book("J1", entry(1, EntryKind.CHARGE, 20_00))
    redeem(town, "dee1", 1_00)
    with refused(RedemptionsStopped):
        town.play(Export("J1", (1,), DETAILS), under=BOARD)
    town.wait(10 * DAY_MS)
    assert overdue() == [20_00]
    town.book("J1", entry(1, EntryKind.COVER, 20_00))
    town.book("J1", entry(1, EntryKind.CHARGE, 20_00))
    announce(town)
    town.wait(10 * DAY_MS)
    assert overdue() == []


@given(
    st.lists(st.integers(1, 10**9), min_size=1, max_size=16),
    st.integers(0, 10**9),
    st.integers(1, 10**9),
)
def test_what_requests_pay_never_exceeds_the_cover(
    amounts: list[int], numerator: int, more: int
) -> None:
    """However a coin's whole is cut into requests: no cent too much, fewer left than requests."""
    whole = sum(amounts)
    cover = whole * numerator // (numerator + more)
    state = Draft(Nothing())
    state.put(WRITE_DOWNS, "J1", WriteDown(Cents(cover), Cents(whole)))
    paid = sum(worth(state, "J1", amount) for amount in amounts)
    assert cover - len(amounts) < paid <= cover


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_coin_ends_with_one_rate_for_all(data: st.DataObject) -> None:
    """Whatever people hold, whatever is missing, whoever asks in whichever order and pieces: the
    books balance at every step, nobody is paid at another rate, and the rest is all that is left.
    """
    town = MoneyTown()
    names = ["dee1", "eef1", "shop1", "fund1", "stranger"]
    for name in names:
        town.deposit("J1", name, data.draw(st.integers(1, 5_000)))
    whole = everybodys(town)
    early = data.draw(st.integers(0, town.free("dee1")))
    if early:
        redeem(town, "dee1", early)
    missing = data.draw(st.integers(0, whole - 1))
    if missing:
        town.book("J1", entry(1, EntryKind.CHARGE, missing))
    euros = cover_of(town.reserve("J1"))
    to_redeeming(town)
    for name in data.draw(st.permutations(names)):
        for _ in range(3):
            if not town.free(name):
                break
            try:
                redeem(town, name, data.draw(st.integers(1, town.free(name))))
            except WorthNothing:
                break
        assert everybodys(town) == total_of(town.supply())
    paid = 0
    for number, _ in waiting_for_euros(town.state, "J1"):
        face = face_of(town.redemption(number))
        assert town.redemption(number).amount == face * euros // whole
        paid += pay_all_waiting(town, range(number, number + 1))
    assert paid <= euros and town.reserve("J1").balance == euros - paid
    town.wait(365 * DAY_MS)
    town.wait(1_826 * DAY_MS)
    town.play(MoveRest("J1", tuple(town.id(name) for name in names)), under=BOARD)
    assert town.free("fund2") == everybodys(town)
    if worth(town.state, "J1", town.free("fund2")):
        number = sum(1 for _ in town.all_of(REDEMPTIONS)) + 1
        redeem(town, "fund2", town.free("fund2"))
        pay_all_waiting(town, range(number, number + 1))
    town.play(Close("J1"), under=BOARD)
    assert everybodys(town) == total_of(town.supply()) == 0


def test_a_payment_that_bounces_after_the_end_makes_no_coin_of_a_closed_coin(
    town: MoneyTown,
) -> None:
    """Nobody could redeem it any more: the euros are set aside, and go back like a deposit that
    is nobody's."""
    to_redeeming(town)
    (lot,) = town.lots("eef1")
    people = (town.id("dee1"), town.id("eef1"), town.id("shop1"))
    town.play(ReturnEarmarks(lot, people), by="stranger")
    for name in ("dee1", "eef1", "shop1", "fund1"):
        redeem(town, name, town.free(name) + sum(town.lots(name).values()))
    pay_all_waiting(town, range(1, 5))
    town.play(Close("J1"), under=BOARD)
    came_back = town.redemption(2).amount
    number = town.book("J1", entry(1, EntryKind.BOUNCE, came_back, redemption=2))
    assert everybodys(town) == 0 == total_of(town.supply("J1"))
    assert town.redemption(2).state == RedemptionState.SETTLED
    assert town.reserve("J1").unattributed == came_back
    town.book("J1", entry(1, EntryKind.RETURN, came_back, returns=(number, 1)))
    assert town.reserve("J1").unattributed == 0 == town.reserve("J1").balance
