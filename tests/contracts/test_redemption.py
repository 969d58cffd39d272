"""Redemption: requested, exported, settled by a bank line, or bounced and returned."""

from __future__ import annotations

import pytest

from chain.account import ACCOUNTS, Status
from chain.authority import Board, NotAuthorised
from chain.crypto import public_key
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.booking import RedemptionBounced, RedemptionSettled, StatementBooked
from governance_contracts.bank.books import EntryKind, RedemptionState, deficit_of
from governance_contracts.bank.desk import DESKS, BadDesk, DeskSet, SetDesk
from governance_contracts.bank.redemption import (
    REJECT_AFTER_MS,
    BadList,
    Cancel,
    Export,
    LotNotRedeemable,
    MayStillBePaid,
    NotRedeemable,
    NotWaiting,
    OutOfOrder,
    Redeem,
    RedemptionsStopped,
    RedemptionsUnderWay,
    Reject,
    UnknownRedemption,
)
from governance_contracts.coins.balances import NotEnoughCoin
from governance_contracts.coins.coin import UnknownCoin
from governance_contracts.earmarks.lots import UnknownLot, earmark, region_bound
from governance_contracts.life.leaving import AnnounceLeaving
from governance_contracts.payments.payments import Payout, PayoutLine
from governance_contracts.people.acting import FrozenAccount, NotRegistered
from governance_contracts.people.closing import require_closable
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown, entry
from tests.contracts.town import W1, W2, refused, seed

K = EntryKind
BOARD = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    """The shop holds 60 free and 40 region-bound (lot 1), `dee1` 100 earmarked (lot 2)."""
    town = MoneyTown()
    town.deposit("J1", "fund1", 1_000)
    bound, marked = region_bound((W1,)), earmark((W1,))
    grant(town, "shop1", 40, "GRANT", bound)
    grant(town, "dee1", 100, "EARM", marked)
    grant(town, "shop1", 60, "GRANT")
    return town


def grant(town: MoneyTown, payee: str, amount: int, purpose: str, *terms) -> None:  # type: ignore[no-untyped-def]
    line = PayoutLine(town.id(payee), Cents(amount), purpose, ())
    town.play(Payout(town.id("fund1"), "J1", (line,), terms), under=BOARD)


def redeem(town: MoneyTown, amount: int, lots: tuple[int, ...] = (), who: str = "shop1") -> None:
    town.play(Redeem(town.id(who), "J1", Cents(amount), lots, DESTINATION), by=who)


def export(town: MoneyTown, *numbers: int) -> None:
    town.play(Export("J1", numbers, DETAILS), under=BOARD)


def test_from_request_to_settled(town: MoneyTown) -> None:
    redeem(town, 70)
    assert (town.free("shop1"), town.held("shop1", 1)) == (30, 0)  # region-bound coin goes first
    assert town.supply().redeeming == 70
    export(town, 1)
    assert town.redemption(1).state == RedemptionState.EXPORTED
    town.book("J1", entry(1, K.REDEMPTION, 70, redemption=1))
    assert town.reported(RedemptionSettled, "shop1")[0].amount == 70
    assert (town.supply().redeeming, town.supply().burned) == (0, 70)
    assert deficit_of(town.state, "J1") == 0


def test_a_settled_redemption_that_bounces_is_made_again_lot_by_lot(town: MoneyTown) -> None:
    redeem(town, 70)
    export(town, 1)
    town.book(
        "J1",
        entry(1, K.REDEMPTION, 70, redemption=1),
        entry(2, K.BOUNCE, 70, redemption=1),
    )
    assert town.reported(RedemptionBounced, "shop1")[0].redemption == 1
    assert (town.free("shop1"), town.held("shop1", 1)) == (60, 40)
    assert deficit_of(town.state, "J1") == 0
    town.book("J1", entry(1, K.BOUNCE, 70, redemption=1))  # once is enough
    assert town.free("shop1") == 60
    assert town.reserve("J1").unattributed == 70


def test_a_payment_the_bank_turned_down_goes_back(town: MoneyTown) -> None:
    redeem(town, 70)
    export(town, 1)
    until_ms = town.time_ms + REJECT_AFTER_MS
    with refused(MayStillBePaid, 1, until_ms):
        town.play(Reject(1), under=BOARD)
    town.wait(REJECT_AFTER_MS)
    with refused(MayStillBePaid, 1, until_ms):  # no statement shows those days yet
        town.play(Reject(1), under=BOARD)
    town.attest(town.statement("J1", more=1))
    with refused(MayStillBePaid, 1, until_ms):  # it may be in the part to come
        town.play(Reject(1), under=BOARD)
    town.attest(town.statement("J1", more=0))
    town.play(Reject(1), under=BOARD)
    assert (town.free("shop1"), town.held("shop1", 1)) == (60, 40)
    with refused(NotWaiting, 1, RedemptionState.BOUNCED):
        export(town, 1)
    town.book("J1", entry(1, K.REDEMPTION, 70, redemption=1))  # paid after all: it shows
    assert deficit_of(town.state, "J1") == 70
    assert town.supply().burned == 0


@pytest.mark.parametrize("amount", [69, 71])
def test_a_line_of_another_amount_settles_nothing(town: MoneyTown, amount: int) -> None:
    redeem(town, 70)
    export(town, 1)
    town.attest(town.statement("J1", entry(1, K.REDEMPTION, amount, redemption=1)))
    assert town.reported(StatementBooked)[0].unmatched == 1
    assert town.supply().burned == 0


def test_paid_twice_burns_once_and_shows(town: MoneyTown) -> None:
    redeem(town, 70)
    export(town, 1)
    line = entry(1, K.REDEMPTION, 70, redemption=1)
    town.book("J1", line)
    town.book("J1", line)
    assert town.supply().burned == 70
    assert deficit_of(town.state, "J1") == 70


def test_a_bounce_to_a_closed_account_waits_for_its_heirs(town: MoneyTown) -> None:
    redeem(town, 70)
    export(town, 1)
    town.book("J1", entry(1, K.REDEMPTION, 70, redemption=1))
    freeze(town, "shop1", Status.CLOSED)
    town.book("J1", entry(1, K.BOUNCE, 70, redemption=1))
    assert town.redemption(1).state == RedemptionState.SETTLED
    assert (town.reserve("J1").unattributed, deficit_of(town.state, "J1")) == (70, 0)


def test_redeem_refusals_in_order(town: MoneyTown) -> None:
    def ask(who: str, holder: bytes, coin: str, lots: tuple[int, ...], amount: int = 101) -> None:
        town.play(Redeem(holder, coin, Cents(amount), lots, DESTINATION), by=who)

    with refused(NotRegistered):
        ask("dee1", bytes(20), "nothing", (9,))
    with refused(NotAuthorised):
        ask("dee1", town.id("shop1"), "nothing", (9,))
    freeze(town, "shop1", Status.FROZEN)
    with refused(FrozenAccount):
        ask("shop1", town.id("shop1"), "nothing", (9,))
    freeze(town, "shop1", Status.ACTIVE)
    with refused(UnknownCoin):
        ask("shop1", town.id("shop1"), "nothing", (9,))
    with refused(NotRedeemable, "J3"):
        ask("dee1", town.id("dee1"), "J3", (9,))
    with refused(UnknownLot, 9):
        ask("shop1", town.id("shop1"), "J1", (9,))
    with refused(LotNotRedeemable, 2):
        ask("dee1", town.id("dee1"), "J1", (2,))
    with refused(NotEnoughCoin, "J1", 1, ""):
        ask("shop1", town.id("shop1"), "J1", (1,))
    with refused(NotEnoughCoin, "J1", 1, ""):
        ask("dee1", town.id("dee1"), "J1", (), 1)  # an earmark is the fund's


def freeze(town: MoneyTown, name: str, status: Status) -> None:
    account = town.account(name)
    fields = {f: getattr(account, f) for f in account.__struct_fields__} | {"status": status}
    town.state.put(ACCOUNTS, town.id(name), type(account)(**fields))


def test_a_request_can_be_taken_back_until_it_is_exported(town: MoneyTown) -> None:
    redeem(town, 70)
    redeem(town, 10)
    with refused(UnknownRedemption, 3):
        town.play(Cancel(3), by="shop1")
    with refused(NotAuthorised):
        town.play(Cancel(1), by="dee1")
    town.play(Cancel(1), by="shop1")
    assert (town.free("shop1"), town.held("shop1", 1)) == (50, 40)
    with refused(NotWaiting, 1, RedemptionState.CANCELLED):
        town.play(Cancel(1), by="shop1")
    export(town, 2)
    with refused(NotWaiting, 2, RedemptionState.EXPORTED):
        town.play(Cancel(2), by="shop1")


def test_export_refusals_in_order(town: MoneyTown) -> None:
    redeem(town, 10)
    redeem(town, 10)
    redeem(town, 10)
    with refused(UnknownCoin):
        town.play(Export("nothing", (2, 1), DETAILS), under=BOARD)
    with refused(NotAuthorised):
        town.play(Export("J1", (2, 1), DETAILS), by="shop1")
    with refused(NotAuthorised):
        town.play(Export("J1", (2, 1), DETAILS), under=(Board(W2),))
    with refused(BadList):
        export(town, 2, 1)
    town.book("J1", entry(1, K.CHARGE, 11))
    with refused(RedemptionsStopped, "J1", 11):
        export(town, 9)
    town.book("J1", entry(1, K.COVER, 1))
    with refused(UnknownRedemption, 9):
        export(town, 9)
    with refused(OutOfOrder, 2, 1):
        export(town, 2, 3)
    export(town, 1)
    with refused(NotWaiting, 1, RedemptionState.EXPORTED):
        export(town, 1)
    town.book("J1", entry(1, K.COVER, 10))
    export(town, 3)  # without a deficit the order is free
    with refused(UnknownRedemption, 2):
        town.play(Export("J2", (2,), DETAILS), under=(Board(W2),))


def test_nobody_closes_an_account_with_euros_on_their_way(town: MoneyTown) -> None:
    town.pay("shop1", "fund1", 50, purpose="GIFT", lots=(0,))
    redeem(town, 50)
    town.play(AnnounceLeaving(town.id("shop1"), ()), by="shop1")
    town.wait(30 * DAY_MS)
    context = town.context("shop1", ())
    with refused(RedemptionsUnderWay):
        require_closable(town.state, context, town.id("shop1"))
    export(town, 1)
    town.book("J1", entry(1, K.REDEMPTION, 50, redemption=1))
    require_closable(town.state, context, town.id("shop1"))


def test_the_boards_desk_refusals_in_order(town: MoneyTown) -> None:
    key = public_key(seed("desk"))
    with refused(UnknownCoin):
        town.play(SetDesk("nothing", bytes(32)), by="shop1")
    with refused(NotAuthorised):
        town.play(SetDesk("J1", bytes(32)), by="shop1")
    with refused(NotAuthorised):
        town.play(SetDesk("J1", bytes(32)), under=(Board(W2),))
    with refused(BadDesk):
        town.play(SetDesk("J1", bytes(32)), under=BOARD)
    town.play(SetDesk("J1", key), under=BOARD)
    assert town.reported(DeskSet) == [DeskSet("J1", key)]
    desk = town.state.get(DESKS, "J1")
    assert desk is not None and desk.key == key
