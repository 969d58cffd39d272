"""What happens to people and shops, told as stories, and what becomes of their accounts.

`bob1` is a registrar of wijk 1; `ada1` and `cas1` sit on its board and sign with him.
"""

from __future__ import annotations

from hashlib import sha256

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole, Status, in_force
from chain.authority import Authority, Board, NotAuthorised
from chain.codec import Record
from chain.contract import run_due
from chain.errors import Rejected
from chain.events import read_event
from chain.money import Cents
from chain.rules import DAY_MS, DUE
from governance_contracts.areas.regions import UnknownRegion
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.redemption import Cancel, Export, Redeem, RedemptionsUnderWay
from governance_contracts.boards.proposals import work_of
from governance_contracts.coins.balances import NotEnoughCoin
from governance_contracts.coins.coin import UnknownCoin
from governance_contracts.earmarks.earmark import Reclaimed
from governance_contracts.earmarks.lots import UnknownLot, earmark, region_bound
from governance_contracts.life.estates import (
    ESTATES,
    AttestDeath,
    DeathAttested,
    EstateReceived,
    NameHeirs,
    NoEstate,
    NoHeirs,
    NotAPerson,
    PayEstate,
    RedeemEstate,
    SettleEstate,
    WithdrawDeath,
)
from governance_contracts.life.insolvency import (
    AlreadyBankrupt,
    BankruptcyEntered,
    EndBankruptcy,
    EnterBankruptcy,
    NotBankrupt,
    NotBankruptHere,
)
from governance_contracts.life.leaving import (
    AlreadyLeaving,
    AnnounceLeaving,
    LotLosesItsShop,
    NoNoticeHere,
    NoticeNotGiven,
    NoticeRuns,
    NotLeaving,
    NotServedAlone,
    ShopLeaves,
    StayAfterAll,
)
from governance_contracts.life.moving import MOVES, BadMonth, Move, months_after
from governance_contracts.life.reviews import (
    AskReview,
    NoReviewAsked,
    OwnDecision,
    ReviewAsked,
    RuleOnFreeze,
)
from governance_contracts.mandates.mandate import Act, Grant
from governance_contracts.mandates.mandates import BadMandate, Kind, NoSecondSignature, given_by
from governance_contracts.payments.outcomes import RefundWindow
from governance_contracts.payments.payments import plain
from governance_contracts.people.acting import ClosedAccount, FrozenAccount, NotRegistered
from governance_contracts.people.closing import HoldsCoin
from governance_contracts.people.lifecycle import (
    BadReason,
    Close,
    FreezeAccount,
    NotFrozen,
    RenewFreeze,
    TreasuryStays,
)
from governance_contracts.people.registrars import DelegateRegistrar
from governance_contracts.people.registration import BadAccount
from governance_contracts.recovery.allowance import INSOLVENCIES, AboveAllowance, NotToTheEstate
from governance_contracts.recovery.guardians import SetGuardians
from governance_contracts.recovery.recoveries import NAMED
from tests.contracts.bank import DESTINATION, MoneyTown, entry
from tests.contracts.test_pay import grant
from tests.contracts.town import G1, START_MS, W1, W2, WIJKEN, refused

PAPER = sha256(b"a paper in the office's cabinet, under a key").digest()
ESTATE_IBAN = sha256(b"the estate's bank account, under a key").digest()
BOARD: tuple[Authority, ...] = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    for n, wijk in enumerate(WIJKEN, 1):
        town.play(DelegateRegistrar(wijk, town.id(f"bob{n}")), under=(Board(wijk),))
    town.deposit("J1", "dee1", 100_00)
    town.deposit("J1", "fund1", 100_00)
    return town


def desk(town: MoneyTown, args: Record) -> None:
    """The registrar acts, a board member signs along."""
    town.play(args, by="bob1", also=("cas1",))


def buys(town: MoneyTown, who: str, amount: int) -> None:
    args = plain(town.id(who), town.id("shop1"), "J1", amount, "SALE", place=1)
    town.play(args, by=who)


# Death.


def test_a_death_ends_what_ends_with_a_life_and_the_rest_waits_for_the_heirs(
    town: MoneyTown,
) -> None:
    dee, eef = town.id("dee1"), town.id("eef1")
    groceries = grant(town, "dee1", 30_00, earmark((W1,), categories=("food",)))
    local = grant(town, "dee1", 20_00, region_bound((W1,)))
    people = tuple(sorted((eef, town.id("cas1"))))
    town.play(SetGuardians(dee, people, (), 2), by="dee1")
    town.play(FreezeAccount(dee, "asked"), by="bob1")
    fund_before = town.free("fund1", "J1")

    with refused(NoSecondSignature):
        town.play(AttestDeath(dee, PAPER), by="bob1")
    desk(town, AttestDeath(dee, PAPER))

    assert town.reported(DeathAttested, "dee1")[0].by == (town.id("bob1"), town.id("cas1"))
    assert town.account("dee1").status == Status.CLOSED, "closed, like any other"
    assert town.held("dee1", groceries) == 0
    assert town.free("fund1", "J1") == fund_before + 30_00, "the fund's coin is back at once"
    assert [one.amount for one in town.reported(Reclaimed, "fund1")] == [30_00]
    assert town.held("dee1", local) == 20_00 and town.free("dee1", "J1") == 100_00
    assert town.state.get(NAMED, dee) is None
    with refused(ClosedAccount):
        buys(town, "dee1", 1)
    with refused(ClosedAccount):
        town.play(plain(eef, dee, "J1", 1), by="eef1")

    with refused(NoHeirs):
        desk(town, PayEstate(dee, eef, "J1", Cents(70_00)))
    desk(town, NameHeirs(dee, PAPER))
    desk(town, PayEstate(dee, eef, "J1", Cents(70_00)))
    parts = town.reported(EstateReceived, "eef1")[0].parts
    assert sorted((part.lot, part.amount) for part in parts) == [(0, 50_00), (local, 20_00)]
    assert town.held("eef1", local) == 20_00 and town.free("eef1", "J1") == 50_00

    with refused(HoldsCoin):
        desk(town, SettleEstate(dee))
    desk(town, RedeemEstate(dee, "J1", Cents(50_00), (), ESTATE_IBAN))
    assert town.redemption(1).destination == ESTATE_IBAN
    town.play(Export("J1", (1,), PAPER), under=BOARD)
    town.book("J1", entry(1, EntryKind.REDEMPTION, 50_00, redemption=1))
    desk(town, SettleEstate(dee))
    assert town.state.get(ESTATES, dee) is None, "nothing is left that says why"
    assert town.account("dee1").status == Status.CLOSED


def test_a_board_member_who_dies_leaves_the_board(town: MoneyTown) -> None:
    ada = town.id("ada1")
    desk(town, AttestDeath(ada, PAPER))
    assert ada not in town.board(W1).members
    assert len(town.board(W1).members) == 2


def test_mandates_end_with_a_life(town: MoneyTown) -> None:
    dee = town.id("dee1")
    until = town.time_ms + 365 * DAY_MS
    for granter, holder in (("dee1", "eef1"), ("eef1", "dee1")):
        court = Grant(
            town.id(granter), Kind.GUARDIAN, (town.id(holder),), (), ("pay.pay",), (), 1, until,
            (PAPER,),
        )  # fmt: skip
        town.play(court, under=BOARD)
    desk(town, AttestDeath(dee, PAPER))
    assert given_by(town.state, dee) == () == given_by(town.state, town.id("eef1"))


def test_a_death_attested_by_mistake_is_taken_back(town: MoneyTown) -> None:
    dee = town.id("dee1")
    desk(town, AttestDeath(dee, PAPER))
    desk(town, WithdrawDeath(dee))
    buys(town, "dee1", 5_00)
    assert town.state.get(ESTATES, dee) is None


def test_the_estate_is_refused_in_order(town: MoneyTown) -> None:
    dee, eef, shop = (town.id(name) for name in ("dee1", "eef1", "shop1"))
    nobody = bytes(20)
    first: tuple[tuple[Record, str, tuple[str, ...], type[Rejected]], ...] = (
        (AttestDeath(nobody, PAPER), "eef1", (), NotRegistered),
        (AttestDeath(dee, PAPER), "eef1", (), NotAuthorised),
        (AttestDeath(dee, PAPER), "bob2", (), NotAuthorised),
        (AttestDeath(dee, PAPER), "bob1", (), NoSecondSignature),
        (AttestDeath(dee, PAPER), "bob1", ("eef1",), NoSecondSignature),
        (AttestDeath(shop, PAPER), "bob1", ("cas1",), NotAPerson),
        (PayEstate(dee, eef, "J1", Cents(1)), "bob1", ("cas1",), NoEstate),
    )
    for one, by, also, why in first:
        with refused(why):
            town.play(one, by=by, also=also)
    desk(town, AttestDeath(dee, PAPER))
    ladder: tuple[tuple[Record, type[Rejected]], ...] = (
        (AttestDeath(dee, PAPER), ClosedAccount),
        (PayEstate(dee, nobody, "none", Cents(1)), NoHeirs),
        (RedeemEstate(dee, "none", Cents(1), (), ESTATE_IBAN), NoHeirs),
        (NameHeirs(dee, PAPER), Rejected),
        (PayEstate(dee, nobody, "none", Cents(1)), NotRegistered),
        (PayEstate(dee, dee, "none", Cents(1)), ClosedAccount),
        (PayEstate(dee, eef, "none", Cents(1)), UnknownCoin),
        (PayEstate(dee, eef, "J1", Cents(100_01)), NotEnoughCoin),
        (RedeemEstate(dee, "none", Cents(1), (), ESTATE_IBAN), UnknownCoin),
        (RedeemEstate(dee, "J1", Cents(1), (9,), ESTATE_IBAN), UnknownLot),
        (RedeemEstate(dee, "J1", Cents(100_01), (), ESTATE_IBAN), NotEnoughCoin),
        (SettleEstate(dee), HoldsCoin),
    )
    for args, kind in ladder:
        if kind is Rejected:
            desk(town, args)
            continue
        with refused(kind):
            desk(town, args)
    with refused(NoSecondSignature):
        town.play(PayEstate(dee, eef, "J1", Cents(1)), by="bob1")
    town.play(PayEstate(dee, eef, "J1", Cents(1)), under=BOARD)  # the board needs no second


# Moving.


def test_a_move_counts_from_the_first_of_the_month(town: MoneyTown) -> None:
    ada = town.id("ada1")
    february = START_MS + 31 * DAY_MS
    local = grant(town, "ada1", 10_00, earmark((W1,)))
    town.play(Move(ada, W2, february), by="bob1")
    town.wait(31 * DAY_MS - 1)
    assert in_force(town.account("ada1").home, town.height) == W1
    assert ada in town.board(W1).members
    town.wait(1)
    assert in_force(town.account("ada1").home, town.height) == W2
    assert ada not in town.board(W1).members, "a seat is for who lives there"
    args = plain(ada, town.id("shop1"), "J1", 5_00, "SALE", place=1)
    town.play(args, by="ada1")  # what was earmarked for the old wijk runs to its expiry
    assert town.held("ada1", local) == 5_00
    town.play(FreezeAccount(ada, "asked"), by="bob2")  # and the new office answers now


def test_a_move_is_changed_or_called_off(town: MoneyTown) -> None:
    dee = town.id("dee1")
    february, march = months_after(town.time_ms, 2)
    town.play(Move(dee, W2, february), by="bob1")
    town.play(Move(dee, G1, march), by="bob1")
    town.wait(40 * DAY_MS)
    assert in_force(town.account("dee1").home, town.height) == W1
    town.play(Move(dee, W1, 0), by="bob1")
    town.wait(40 * DAY_MS)
    assert in_force(town.account("dee1").home, town.height) == W1
    assert town.state.get(MOVES, dee) is None


def test_who_closes_before_the_day_moves_no_more(town: MoneyTown) -> None:
    eef = town.id("eef1")
    town.play(Move(eef, W2, months_after(town.time_ms)[0]), by="bob1")
    town.play(Close(eef), by="bob1")
    town.wait(40 * DAY_MS)
    assert in_force(town.account("eef1").home, town.height) == W1


def test_a_move_is_refused_in_order(town: MoneyTown) -> None:
    dee = town.id("dee1")
    first = months_after(town.time_ms)[0]
    for args, by, kind in (
        (Move(bytes(20), "none", 0), "eef1", NotRegistered),
        (Move(dee, "none", 0), "eef1", NotAuthorised),
        (Move(dee, "none", 0), "bob2", NotAuthorised),
        (Move(town.id("treasury1"), "none", 0), "bob1", TreasuryStays),
        (Move(dee, "none", 0), "bob1", UnknownRegion),
        (Move(dee, "NL", 0), "bob1", BadAccount),
        (Move(dee, W1, 0), "bob1", BadAccount),
        (Move(dee, W2, first + 1), "bob1", BadMonth),
        (Move(dee, W2, town.time_ms), "bob1", BadMonth),
        (Move(dee, W2, months_after(town.time_ms, 13)[-1]), "bob1", BadMonth),
    ):
        with refused(kind):
            town.play(args, by=by)


# A shop leaves.


def test_a_shop_gives_thirty_days_notice_and_then_closes(town: MoneyTown) -> None:
    shop = town.id("shop1")
    terms = earmark((W1,), payees=(shop,))
    vouchers = grant(town, "dee1", 10_00, terms)
    buys(town, "dee1", 40_00)
    with refused(NoticeNotGiven):
        town.play(Close(shop), by="bob1")
    town.play(AnnounceLeaving(shop, (vouchers,)), by="shop1")
    until = town.time_ms + 30 * DAY_MS
    assert town.reported(ShopLeaves) == [ShopLeaves(shop, until, (vouchers,))], "public"
    assert town.reported(LotLosesItsShop, "fund1")[0].lot == vouchers
    town.wait(20 * DAY_MS)
    with refused(NoticeRuns, shop, until):
        town.play(Close(shop), by="bob1")
    buys(town, "dee1", 10_00)  # holders still spend
    town.wait(10 * DAY_MS)
    with refused(RefundWindow):
        town.play(Close(shop), by="bob1")
    town.wait(4 * DAY_MS)
    with refused(HoldsCoin):
        town.play(Close(shop), by="bob1")
    town.play(Redeem(shop, "J1", Cents(50_00), (), DESTINATION), by="shop1")
    with refused(RedemptionsUnderWay):
        town.play(Close(shop), by="bob1")
    town.play(Export("J1", (1,), PAPER), under=BOARD)
    town.book("J1", entry(1, EntryKind.REDEMPTION, 50_00, redemption=1))
    town.play(Close(shop), by="bob1")
    assert town.account("shop1").status == Status.CLOSED


def test_a_notice_is_refused_in_order(town: MoneyTown) -> None:
    shop = town.id("shop1")
    shared = tuple(sorted((shop, town.id("shop2"))))
    mine = grant(town, "dee1", 1_00, earmark((W1,), payees=(shop,)))
    ours = grant(town, "dee1", 1_00, earmark((), payees=shared))
    anyones = grant(town, "dee1", 1_00, earmark((W1,)))
    for args, by, kind in (
        (AnnounceLeaving(bytes(20), ()), "shop1", NotRegistered),
        (AnnounceLeaving(shop, ()), "shop2", NotAuthorised),
        (AnnounceLeaving(town.id("dee1"), ()), "dee1", NoNoticeHere),
        (AnnounceLeaving(shop, (mine, mine)), "shop1", NotServedAlone),
        (AnnounceLeaving(shop, (99,)), "shop1", UnknownLot),
        (AnnounceLeaving(shop, (ours,)), "shop1", NotServedAlone),
        (AnnounceLeaving(shop, (anyones,)), "shop1", NotServedAlone),
        (StayAfterAll(shop), "shop1", NotLeaving),
    ):
        with refused(kind):
            town.play(args, by=by)
    town.play(AnnounceLeaving(town.id("shop2"), ()), by="bob2")  # the office may give it
    town.play(AnnounceLeaving(shop, (mine, ours)), by="shop1")  # now it serves both alone
    with refused(AlreadyLeaving):
        town.play(AnnounceLeaving(shop, ()), by="shop1")
    town.play(StayAfterAll(shop), by="shop1")
    with refused(NoticeNotGiven):
        town.play(Close(shop), by="bob1")


def test_holders_of_what_only_this_shop_takes_are_told(town: MoneyTown) -> None:
    """By due work, a few at a time; not once the notice was taken back."""
    shop = town.id("shop1")
    terms = earmark((), payees=(shop,), expires_ms=town.time_ms + 90 * DAY_MS)
    first = grant(town, "dee1", 10_00, terms)
    second = grant(town, "eef1", 10_00, replace(terms, class_number=1))
    town.play(AnnounceLeaving(shop, (first, second)), by="shop1")
    assert told_later(town) == [(town.id("dee1"), first), (town.id("eef1"), second)]
    town.play(StayAfterAll(shop), by="shop1")
    town.play(AnnounceLeaving(shop, (first, second)), by="shop1")
    town.play(StayAfterAll(shop), by="shop1")
    assert told_later(town) == []


def told_later(town: MoneyTown) -> list[tuple[bytes, int]]:
    """Run due work of notices block by block; who was told of which lot."""
    found = []
    for _ in range(4):
        for key, due in list(town.state.scan(DUE)):
            if due.handler == "tell_holders":
                town.state.delete(DUE, key)
                context = town.context(None, ())
                run_due(town.state, context, due)
                events = [(one.party, read_event(one.data)) for one in context.events]
                found += [(p, e.lot) for p, e in events if isinstance(e, LotLosesItsShop)]
    return found


# Bankruptcy.


def curator_acts(town: MoneyTown, *args: Record, by: str = "ada2") -> None:
    calls = tuple(town.call(one) for one in args)
    number = given_by(town.state, town.id("shop1"))[0]
    town.play(Act(number, calls, work_of(town.state, town.release, calls)), by=by)


def bankrupt(town: MoneyTown, who: str = "shop1") -> EnterBankruptcy:
    return EnterBankruptcy(town.id(who), town.id("ada2"), PAPER, ESTATE_IBAN)


def test_a_bankrupt_shop_is_wound_up_by_its_curator(town: MoneyTown) -> None:
    shop = town.id("shop1")
    till_at_place_one(town)
    buys(town, "dee1", 60_00)
    desk(town, bankrupt(town))
    entered = town.reported(BankruptcyEntered, "ada2")[0]
    assert entered.tills == (7,) and entered.by == (town.id("bob1"), town.id("cas1"))
    assert [key.role for key in town.account("shop1").keys] == [KeyRole.FULL], "the till stopped"
    with refused(FrozenAccount):
        town.play(plain(shop, town.id("eef1"), "J1", 1), by="shop1")
    with refused(FrozenAccount):
        town.play(Redeem(shop, "J1", Cents(1), (), ESTATE_IBAN), by="shop1")
    buys(town, "dee1", 10_00)  # who wants to pay it still can

    with refused(NotToTheEstate):
        curator_acts(town, Redeem(shop, "J1", Cents(70_00), (), DESTINATION))
    curator_acts(town, Redeem(shop, "J1", Cents(70_00), (), ESTATE_IBAN))
    assert town.redemption(1).destination == ESTATE_IBAN
    curator_acts(town, Cancel(1))
    desk(town, EndBankruptcy(shop))
    assert given_by(town.state, shop) == () and town.state.get(INSOLVENCIES, shop) is None
    town.play(plain(shop, town.id("eef1"), "J1", 1), by="shop1")


def till_at_place_one(town: MoneyTown) -> None:
    shop = town.account("shop1")
    till = AccountKey(7, town.account("eef1").keys[0].key, KeyRole.TILL, (1,))
    town.state.put(ACCOUNTS, town.id("shop1"), replace(shop, keys=(*shop.keys, till)))


def test_a_bankrupt_person_keeps_a_living_allowance(town: MoneyTown) -> None:
    desk(town, bankrupt(town, "dee1"))
    buys(town, "dee1", 25_00)
    with refused(AboveAllowance):
        buys(town, "dee1", 1)
    town.wait(DAY_MS)
    buys(town, "dee1", 25_00)


def test_a_bankruptcy_is_refused_in_order(town: MoneyTown) -> None:
    shop = town.id("shop1")
    for args, by, also, kind in (
        (EnterBankruptcy(bytes(20), shop, PAPER, PAPER), "eef1", (), NotRegistered),
        (EnterBankruptcy(shop, shop, PAPER, PAPER), "eef1", (), NotAuthorised),
        (EnterBankruptcy(shop, shop, PAPER, PAPER), "bob1", (), NoSecondSignature),
        (bankrupt(town, "fund1"), "bob1", ("cas1",), NotBankruptHere),
        (EnterBankruptcy(shop, shop, PAPER, PAPER), "bob1", ("cas1",), BadMandate),
        (EndBankruptcy(shop), "eef1", (), NotAuthorised),
        (EndBankruptcy(shop), "bob1", ("cas1",), NotBankrupt),
    ):
        with refused(kind):
            town.play(args, by=by, also=also)
    desk(town, bankrupt(town))
    with refused(AlreadyBankrupt):
        desk(town, bankrupt(town))


# Freeze.


def test_a_frozen_person_lives_on_25_a_day_and_asks_another_board_to_look(
    town: MoneyTown,
) -> None:
    dee = town.id("dee1")
    town.play(FreezeAccount(dee, "fraud"), by="bob1")
    buys(town, "dee1", 20_00)
    with refused(AboveAllowance, dee, "J1", 5_00):
        buys(town, "dee1", 5_01)
    with refused(FrozenAccount):
        town.play(Redeem(dee, "J1", Cents(1), (), DESTINATION), by="dee1")
    town.deposit("J1", "dee1", 10_00)  # money still comes in
    town.play(AskReview(dee, PAPER), by="dee1")
    with refused(ReviewAsked):
        town.play(AskReview(dee, PAPER), by="dee1")
    town.play(RuleOnFreeze(dee, W2, False, PAPER), under=(Board(W2),))
    with refused(NoReviewAsked):
        town.play(RuleOnFreeze(dee, W2, True, PAPER), under=(Board(W2),))
    town.wait(13 * DAY_MS)
    town.play(RenewFreeze(dee), under=BOARD)
    town.play(AskReview(dee, PAPER), by="dee1")
    town.play(RuleOnFreeze(dee, W2, True, PAPER), under=(Board(W2),))
    assert town.account("dee1").status == Status.ACTIVE
    buys(town, "dee1", 60_00)


def test_a_shop_has_no_living_allowance(town: MoneyTown) -> None:
    buys(town, "dee1", 10_00)
    town.play(FreezeAccount(town.id("shop1"), "fraud"), by="bob1")
    with refused(FrozenAccount):
        town.play(plain(town.id("shop1"), town.id("eef1"), "J1", 1), by="shop1")


def test_a_review_is_refused_in_order(town: MoneyTown) -> None:
    dee = town.id("dee1")
    with refused(BadReason, "dislike"):
        town.play(FreezeAccount(dee, "dislike"), by="bob1")
    for args, by, under, kind in (
        (AskReview(bytes(20), PAPER), "dee1", (), NotRegistered),
        (AskReview(dee, PAPER), "eef1", (), NotAuthorised),
        (AskReview(dee, PAPER), "dee1", (), NotFrozen),
        (RuleOnFreeze(dee, W2, True, PAPER), "bob2", (), NotAuthorised),
        (RuleOnFreeze(dee, W1, True, PAPER), None, BOARD, OwnDecision),
        (RuleOnFreeze(dee, W2, True, PAPER), None, (Board(W2),), NotFrozen),
    ):
        with refused(kind):
            town.play(args, by=by, under=under)
    town.play(FreezeAccount(dee, "court"), by="bob1")
    with refused(NoReviewAsked):
        town.play(RuleOnFreeze(dee, W2, True, PAPER), under=(Board(W2),))
