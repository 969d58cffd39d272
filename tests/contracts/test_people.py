"""Checked unique, voters, minors: each refusal in its order, and what a minor pays and earns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, AccountKind, KeyRole
from chain.account import Status as AccountStatus
from chain.authority import Authority, Board, NotAuthorised
from chain.codec import Record
from chain.contract import NotACall
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.redemption import Redeem
from governance_contracts.boards.boardroom import UnknownBoard
from governance_contracts.coins.balances import DayLimit
from governance_contracts.payments.payments import Payout, PayoutLine, plain
from governance_contracts.people.acting import ClosedAccount, NotRegistered
from governance_contracts.people.attestations import (
    UNIQUE,
    VOTERS,
    AlreadyUnique,
    AlreadyVoter,
    AttestUnique,
    AttestVoter,
    ConfirmUnique,
    MinorsDoNotVote,
    NotAVoter,
    NotChecked,
    SameOffice,
    TooNew,
    UniqueAttested,
    WithdrawUnique,
    WithdrawVoter,
    checked_unique,
)
from governance_contracts.people.minority import (
    AttestMinor,
    BadChores,
    CameOfAge,
    LiftMinority,
    NotAMinor,
    SetChores,
)
from governance_contracts.people.minors import (
    MINORS,
    WORKED,
    Band,
    CannotEarnThis,
    ParentNeeded,
    week_of,
)
from governance_contracts.people.registrars import DelegateRegistrar, EndRegistrar
from governance_contracts.people.registration import BadAccount, Register
from tests.contracts.bank import DESTINATION, MoneyTown
from tests.contracts.town import START_MS, W1, W2, new_account, refused

BOARD: tuple[Authority, ...] = (Board(W1),)
NOBODY = b"\x07" * 20


@pytest.fixture
def town() -> MoneyTown:
    """`bob1` and `cas1` are registrars of W1, `bob2` of W2; `shop1` and `dee1` have coin."""
    town = MoneyTown()
    for wijk, name in ((W1, "bob1"), (W1, "cas1"), (W2, "bob2")):
        town.play(DelegateRegistrar(wijk, town.id(name)), under=(Board(wijk),))
    for name in ("shop1", "dee1"):
        town.deposit("J1", name, 5_000_00)
    return town


def close(town: MoneyTown, name: str) -> None:
    closed = replace(town.account(name), status=AccountStatus.CLOSED)
    town.state.put(ACCOUNTS, town.id(name), closed)


ABOUT_ONE: dict[str, Callable[[bytes], Record]] = {
    "attest_unique": AttestUnique,
    "confirm_unique": lambda who: ConfirmUnique(W2, who),
    "withdraw_unique": WithdrawUnique,
    "attest_voter": AttestVoter,
    "withdraw_voter": WithdrawVoter,
    "attest_minor": lambda who: AttestMinor(who, 9, (NOBODY,)),
    "lift_minority": LiftMinority,
}


@pytest.mark.parametrize("make", ABOUT_ONE.values(), ids=ABOUT_ONE)
def test_the_desk_attests_registered_accounts_of_its_own_office(
    town: MoneyTown, make: Callable[[bytes], Record]
) -> None:
    close(town, "eef1")
    for who, expected in (
        (NOBODY, NotRegistered),
        (town.id("eef1"), ClosedAccount),
        (town.id("dee1"), NotAuthorised),
    ):
        for by in ("stranger", "ada1", "bob3"):
            with refused(expected):
                town.play(make(who), by=by)


# Checked unique.


def test_two_registrars_of_different_offices_check_that_somebody_is_entered_once(
    town: MoneyTown,
) -> None:
    eef = town.id("eef1")
    with refused(BadAccount, town.id("shop1"), "kind"):
        town.play(AttestUnique(town.id("shop1")), by="bob1")
    with refused(NotChecked, eef):
        town.play(ConfirmUnique(W2, eef), by="bob2")
    town.play(AttestUnique(eef), by="bob1")
    assert not checked_unique(town.state, eef)
    with refused(AlreadyUnique, eef):
        town.play(AttestUnique(eef), by="cas1")
    with refused(SameOffice, W1):
        town.play(ConfirmUnique(W1, eef), by="cas1")
    town.play(ConfirmUnique(W2, eef), by="bob2")
    (told,) = town.reported(UniqueAttested, "eef1")
    assert told.registrars == (town.id("bob1"), town.id("bob2"))
    assert checked_unique(town.state, eef)
    with refused(AlreadyUnique, eef):
        town.play(ConfirmUnique(W2, eef), by="bob2")
    town.play(WithdrawUnique(eef), by="cas1")
    assert town.state.find(UNIQUE, eef) is None
    with refused(NotChecked, eef):
        town.play(WithdrawUnique(eef), by="cas1")


def test_one_person_who_serves_two_desks_does_not_check_alone(town: MoneyTown) -> None:
    town.play(DelegateRegistrar(W2, town.id("bob1")), under=(Board(W2),))
    town.play(AttestUnique(town.id("eef1")), by="bob1")
    with refused(SameOffice, W2):
        town.play(ConfirmUnique(W2, town.id("eef1")), by="bob1")


def test_no_board_decides_that_somebody_was_compared(town: MoneyTown) -> None:
    for args in (AttestUnique(town.id("eef1")), ConfirmUnique(W2, town.id("eef1"))):
        with refused(NotACall):
            town.play(args, under=(Board(W1), Board(W2)))


# Voters.


def test_a_voter_is_grown_up_and_has_been_registered_for_thirty_days(town: MoneyTown) -> None:
    fresh = new_account("fresh", AccountKind.PERSON, "HH", W1)
    town.play(Register(W1, (fresh,)), by="bob1")
    town.names["fresh"] = fresh.id
    with refused(BadAccount, town.id("shop1"), "kind"):
        town.play(AttestVoter(town.id("shop1")), by="bob1")
    town.play(AttestMinor(fresh.id, Band.YOUTH, (town.id("dee1"),)), by="bob1", also=("dee1",))
    with refused(MinorsDoNotVote, fresh.id):
        town.play(AttestVoter(fresh.id), by="bob1")
    town.play(LiftMinority(fresh.id), by="bob1")
    with refused(TooNew, fresh.id, 30):
        town.play(AttestVoter(fresh.id), by="bob1")
    town.wait(30 * DAY_MS - 1)
    with refused(TooNew, fresh.id, 1):
        town.play(AttestVoter(fresh.id), by="bob1")
    town.wait(1)
    with refused(NotAVoter, fresh.id):
        town.play(WithdrawVoter(fresh.id), by="bob1")
    town.play(AttestVoter(fresh.id), by="bob1")
    with refused(AlreadyVoter, fresh.id):
        town.play(AttestVoter(fresh.id), by="bob1")
    voter = town.state.find(VOTERS, fresh.id)
    assert voter is not None
    assert (voter.wijk, voter.height) == (W1, town.height)
    town.play(WithdrawVoter(fresh.id), under=BOARD)
    assert town.state.find(VOTERS, fresh.id) is None


def test_who_turns_out_to_be_a_minor_is_no_voter(town: MoneyTown) -> None:
    town.play(AttestVoter(town.id("eef1")), by="bob1")
    child(town, Band.TEEN)
    assert town.state.find(VOTERS, town.id("eef1")) is None


# Minors.


def child(town: MoneyTown, band: int, name: str = "eef1", parent: str = "dee1") -> None:
    args = AttestMinor(town.id(name), band, (town.id(parent),))
    town.play(args, by="bob1", also=(parent,))


def test_entering_a_minor_is_refused_in_this_order(town: MoneyTown) -> None:
    close(town, "ada2")
    eef, dee = town.id("eef1"), town.id("dee1")
    child(town, Band.YOUTH, "cas1")
    asked = AttestMinor(town.id("shop1"), 0, (dee, NOBODY))
    for changes, expected, values in (
        ({}, BadAccount, (town.id("shop1"), "kind")),
        ({"account": eef}, BadAccount, (eef, "band")),
        ({"band": 4}, BadAccount, (eef, "band")),
        ({"band": 1}, NotRegistered, ()),
        ({"parents": (town.id("ada2"),)}, ClosedAccount, ()),
        ({"parents": (town.id("shop1"),)}, BadAccount, (eef, "parents")),
        ({"parents": (eef,)}, BadAccount, (eef, "parents")),
        ({"parents": (town.id("cas1"),)}, BadAccount, (eef, "parents")),
        ({"parents": (dee, dee)}, BadAccount, (eef, "parents")),
        ({"parents": (dee,)}, ParentNeeded, (eef,)),
    ):
        asked = replace(asked, **changes)
        with refused(expected, *values):
            town.play(asked, by="bob1")
    town.play(asked, under=BOARD)
    town.play(replace(asked, band=2), by="bob1")  # a birthday: the parents stay
    with refused(ParentNeeded, eef):
        town.play(replace(asked, parents=(town.id("stranger"),)), by="bob1")


def test_coming_of_age(town: MoneyTown) -> None:
    with refused(NotAMinor, town.id("eef1")):
        town.play(LiftMinority(town.id("eef1")), by="bob1")
    child(town, Band.YOUTH)
    town.play(LiftMinority(town.id("eef1")), by="bob1")
    for party in ("eef1", "dee1"):
        assert town.reported(CameOfAge, party)
    assert town.state.find(MINORS, town.id("eef1")) is None


def test_a_parents_card_does_not_agree_for_the_parent(town: MoneyTown) -> None:
    """An emergency card lies in a drawer: what it signs along with may be anybody's."""
    child(town, Band.CHILD)
    town.play(plain(town.id("dee1"), town.id("eef1"), "J1", 10_00), by="dee1")
    euros = Redeem(town.id("eef1"), "J1", Cents(5_00), (), DESTINATION)
    dee = town.account("dee1")
    card = AccountKey(1, bytes(32), KeyRole.CARD, ())
    town.state.put(ACCOUNTS, town.id("dee1"), replace(dee, keys=(*dee.keys, card)))
    with refused(ParentNeeded, town.id("eef1")):
        town.play(euros, by="eef1", also=("dee1",))
    with refused(ParentNeeded, town.id("eef1")):
        town.play(euros, by="dee1", also=("eef1",), key=1)
    town.play(euros, by="dee1", also=("eef1",))


@pytest.mark.parametrize(("band", "limit"), [(1, 20_00), (2, 50_00), (3, 150_00)])
def test_a_minor_pays_up_to_a_limit_a_day(town: MoneyTown, band: int, limit: int) -> None:
    town.play(plain(town.id("dee1"), town.id("eef1"), "J1", 1_000_00), by="dee1")
    child(town, band)

    def spend(amount: int) -> None:
        town.play(plain(town.id("eef1"), town.id("shop1"), "J1", amount), by="eef1")

    with refused(DayLimit, town.id("eef1"), "J1", limit):
        spend(limit + 1)
    spend(limit)
    with refused(DayLimit):
        spend(1)
    town.wait(DAY_MS)
    spend(limit)


def earns(town: MoneyTown, purpose: str, minutes: int = 0, activity: str = "") -> Any:
    paid = plain(town.id("shop1"), town.id("eef1"), "J1", 5_00, purpose)
    return replace(
        paid,
        minutes=(minutes,) if minutes else (),
        tariff=(activity,) if activity else (),
    )


def test_what_a_minor_may_be_paid_for(town: MoneyTown) -> None:
    eef = town.id("eef1")
    town.play(SetChores(W1, ("dogs", "lawn")), under=BOARD)
    child(town, Band.CHILD)
    town.play(earns(town, "GIFT"), by="shop1")
    with refused(CannotEarnThis):
        town.play(earns(town, "COMM", 30, "dogs"), by="shop1")
    child(town, Band.TEEN)
    for purpose, activity in (("WAGE", "dogs"), ("WORK", ""), ("WORK", "roof")):
        with refused(CannotEarnThis):
            town.play(earns(town, purpose, 30, activity), by="shop1")
    with refused(CannotEarnThis):
        town.play(earns(town, "WORK", 0, "dogs"), by="shop1")
    town.play(earns(town, "WORK", 720, "dogs"), by="shop1")
    with refused(CannotEarnThis):
        town.play(earns(town, "COMM", 1, "lawn"), by="shop1")
    child(town, Band.YOUTH)
    town.play(earns(town, "WAGE", 2_400 - 720), by="shop1")
    with refused(CannotEarnThis):
        town.play(earns(town, "WORK", 1), by="shop1")
    town.play(LiftMinority(eef), by="bob1")
    town.play(earns(town, "WORK", 60), by="shop1")
    assert town.state.find(WORKED, eef) is None


def test_a_week_of_work_begins_on_monday(town: MoneyTown) -> None:
    """START_MS is a Thursday."""
    sunday = START_MS + 3 * DAY_MS
    assert week_of(sunday) == week_of(START_MS)
    assert week_of(sunday + DAY_MS) == week_of(START_MS) + 1
    assert week_of(0) == 0
    child(town, Band.YOUTH)
    town.play(earns(town, "WAGE", 2_400), by="shop1")
    town.wait(3 * DAY_MS)
    with refused(CannotEarnThis):
        town.play(earns(town, "WAGE", 1), by="shop1")
    town.wait(DAY_MS)
    town.play(earns(town, "WAGE", 2_400), by="shop1")


def test_a_run_pays_no_minor_for_work(town: MoneyTown) -> None:
    child(town, Band.YOUTH)
    for purpose, expected in (("BEN", None), ("WAGE", CannotEarnThis)):
        line = PayoutLine(town.id("eef1"), Cents(1), purpose, ())
        args = Payout(town.id("shop1"), "J1", (line,), ())
        if expected is None:
            town.play(args, by="shop1")
            continue
        with pytest.raises(Rejected) as caught:
            town.play(args, by="shop1")
        assert caught.value.values[-1] == expected.code


def test_chores_are_the_boards_to_vote(town: MoneyTown) -> None:
    with refused(NotAuthorised):
        town.play(SetChores(W1, ()), by="bob1")
    with refused(UnknownBoard):
        town.play(SetChores("WK000000", ()), under=(Board("WK000000"),))
    for wrong in (("b", "a"), ("a", "a")):
        with refused(BadChores, W1):
            town.play(SetChores(W1, wrong), under=BOARD)
    town.play(EndRegistrar(W1, town.id("bob1")), under=BOARD)
