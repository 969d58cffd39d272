"""Recovery: guardians give an account new keys; a thief with a present key loses in the end.

Dee of wijk 1 chose as guardians her neighbour Eef, Cas of the board, and the office of wijk 2;
two of them suffice. Registrars: `bob1` in wijk 1, `bob2` in wijk 2.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, KeyRole, Status
from chain.authority import Board, NotAuthorised
from chain.crypto import public_key
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.reserve import Redeem
from governance_contracts.boards.boardroom import UnknownBoard
from governance_contracts.mandates.mandate import Act, Grant
from governance_contracts.mandates.mandates import Ceiling, Kind, MandateOver
from governance_contracts.payments.payments import plain
from governance_contracts.payments.periods import Unit
from governance_contracts.payments.standing import Collect, Resume
from governance_contracts.payments.standing import Grant as GrantStanding
from governance_contracts.payments.standings import Agreed, NotRunning, StandingKind
from governance_contracts.people.acting import ClosedAccount, NotRegistered, TillKeyOnly
from governance_contracts.people.keys import (
    KEPT_FOR_RECOVERY,
    KEY_COUNTS,
    KEY_NUMBER_MAX,
    BadRole,
    BadThreshold,
    ChangeKeys,
    KeyCount,
    KeyTwice,
    NewKey,
    NoPossession,
    TooManyKeys,
    prove_possession,
)
from governance_contracts.people.lifecycle import Close, FreezeAccount, Unfreeze
from governance_contracts.people.registrars import DelegateRegistrar, EndRegistrar
from governance_contracts.recovery.allowance import LOCKS, AboveAllowance, Locked
from governance_contracts.recovery.guardians import SetGuardians
from governance_contracts.recovery.locking import IssueCard
from governance_contracts.recovery.recoveries import (
    APPROVALS_MAX,
    HOUR_MS,
    LAST_ATTEMPTS,
    RECOVERIES,
    Approval,
    ApprovedBefore,
    BadGuardians,
    BeyondVeto,
    EnoughApprovals,
    GuardiansFixed,
    NoCardHere,
    NoConfirmationAsked,
    NoRecovery,
    NotAGuardian,
    NotLocked,
    NotRecoverable,
    OpenedLately,
    OwnOfficeConfirms,
    RecoveryOpen,
    RecoveryOpened,
)
from governance_contracts.recovery.recovery import Approve, Confirm, Open, Veto
from tests.contracts.bank import DESTINATION, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, W2, WIJKEN, refused, seed

MINE, THEIRS = 0, 1
"""Key numbers: the one that was lost, the one that guardians gave."""


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    for n, wijk in enumerate(WIJKEN, 1):
        town.play(DelegateRegistrar(wijk, town.id(f"bob{n}")), under=(Board(wijk),))
    town.deposit("J1", "dee1", 500_00)
    return town


@pytest.fixture
def guarded(town: MoneyTown) -> MoneyTown:
    town.play(guardians(town, "eef1", "cas1", offices=(W2,)), by="dee1")
    town.wait(14 * DAY_MS)
    return town


def guardians(
    town: MoneyTown, *names: str, offices: tuple[str, ...] = (), k: int = 2
) -> SetGuardians:
    people = tuple(sorted(town.id(name) for name in names))
    return SetGuardians(town.id("dee1"), people, offices, k)


def new_key(town: MoneyTown, name: str, of: str = "dee1", role: int = KeyRole.FULL) -> NewKey:
    proof = prove_possession(seed(name), CHAIN, EPOCH, town.id(of))
    return NewKey(public_key(seed(name)), role, (), proof)


def opening(town: MoneyTown, office: tuple[str, ...] = (), key: str = "new phone") -> Open:
    return Open(town.id("dee1"), office, (new_key(town, key),), 1)


def approve(town: MoneyTown, office: str = "") -> Approve:
    return Approve(town.id("dee1"), (office,) if office else ())


def confirm(town: MoneyTown, wijk: str) -> Confirm:
    return Confirm(town.id("dee1"), wijk)


def veto(town: MoneyTown) -> Veto:
    return Veto(town.id("dee1"))


def pays(town: MoneyTown, amount: int, key: int = MINE) -> None:
    args = plain(town.id("dee1"), town.id("shop1"), "J1", amount, "SALE", place=1)
    town.play(args, by="dee1", key=key)


def numbers(town: MoneyTown) -> list[int]:
    return [key.number for key in town.account("dee1").keys]


# Stories.


def test_a_lost_phone(guarded: MoneyTown) -> None:
    """Two guardians vouch; after three days the new phone holds the account."""
    town = guarded
    town.play(opening(town), by="eef1")
    told = town.reported(RecoveryOpened, "dee1")
    assert told[0].by == town.id("eef1") and told[0].blocks
    assert town.reported(RecoveryOpened, "cas1") == told, "guardians hear that they are asked"
    with refused(Locked):
        pays(town, 100)
    town.deposit("J1", "dee1", 1_00)  # money comes in
    town.play(approve(town), by="cas1")
    town.wait(72 * HOUR_MS - 1)
    with refused(Locked):
        pays(town, 100)
    town.wait(1)
    assert numbers(town) == [THEIRS]
    assert town.account("dee1").keys[0].key == public_key(seed("new phone"))
    pays(town, 100, key=THEIRS)
    assert town.state.get(RECOVERIES, town.id("dee1")) is None
    assert town.state.get(LOCKS, town.id("dee1")) is None


def test_a_thief_with_a_present_key_vetoes_the_first_and_loses_the_second(
    guarded: MoneyTown,
) -> None:
    town = guarded
    town.play(opening(town), by="eef1")
    town.play(veto(town), by="dee1")
    pays(town, 100)  # the thief spends; the office's freeze is what stops this
    with refused(GuardiansFixed):
        town.play(guardians(town, "eef1", "ada1"), by="dee1")
    town.play(opening(town), by="cas1")
    assert not town.reported(RecoveryOpened, "dee1")[0].blocks
    pays(town, 100)  # unconfirmed, it blocks nothing
    town.play(veto(town), by="dee1")  # and can be vetoed
    town.play(opening(town), by="cas1")
    town.play(confirm(town, W1), by="bob1")
    pays(town, 100)
    town.play(confirm(town, W2), by="bob2")
    with refused(Locked):
        pays(town, 100)
    with refused(BeyondVeto):
        town.play(veto(town), by="dee1")
    with refused(Locked):
        town.play(ChangeKeys(town.id("dee1"), (new_key(town, "thief"),), (), 1), by="dee1")
    town.play(approve(town, W2), by="bob2")
    town.wait(72 * HOUR_MS)
    assert [key.key for key in town.account("dee1").keys] == [public_key(seed("new phone"))]


def test_guardians_who_collude_are_vetoed_and_get_no_further(guarded: MoneyTown) -> None:
    town = guarded
    town.play(opening(town, key="colluder"), by="eef1")
    town.play(approve(town), by="cas1")
    town.play(veto(town), by="dee1")
    pays(town, 100)
    town.play(opening(town, key="colluder"), by="cas1")  # no registrar saw Dee
    town.play(approve(town), by="eef1")
    town.wait(7 * DAY_MS)
    assert numbers(town) == [MINE] and town.account("dee1").status == Status.ACTIVE
    assert town.state.get(RECOVERIES, town.id("dee1")) is None
    pays(town, 100)


def test_one_opening_in_thirty_days(guarded: MoneyTown) -> None:
    """A guardian who opens again and again would lock the account for good."""
    town = guarded
    town.play(opening(town), by="eef1")
    town.wait(72 * HOUR_MS)  # only one approved
    assert numbers(town) == [MINE]
    pays(town, 100)
    with refused(OpenedLately):
        town.play(opening(town), by="cas1")
    town.wait(27 * DAY_MS)
    town.play(opening(town), by="cas1")
    with refused(Locked):
        pays(town, 100)


def test_a_third_attempt_waits(guarded: MoneyTown) -> None:
    town = guarded
    town.play(opening(town), by="eef1")
    town.play(veto(town), by="dee1")
    town.play(opening(town), by="eef1")
    for n, wijk in ((1, W1), (2, W2)):
        town.play(confirm(town, wijk), by=f"bob{n}")
    town.wait(72 * HOUR_MS)  # nobody else approved
    assert numbers(town) == [MINE]
    with refused(OpenedLately):
        town.play(opening(town), by="eef1")


def test_without_guardians_two_registrars_of_different_wijken_and_fourteen_days(
    town: MoneyTown,
) -> None:
    with refused(NotAGuardian):
        town.play(opening(town), by="eef1")
    town.play(opening(town, office=(W1,)), by="bob1")
    with refused(ApprovedBefore):
        town.play(approve(town, W1), by="bob1")
    town.play(DelegateRegistrar(W1, town.id("eef1")), under=(Board(W1),))
    with refused(ApprovedBefore):
        town.play(approve(town, W1), by="eef1")  # another registrar, the same wijk
    town.play(approve(town, W2), by="bob2")
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [MINE]
    town.wait(11 * DAY_MS)
    assert numbers(town) == [THEIRS]


@pytest.mark.parametrize("staffed", [True, False])
def test_without_guardians_the_own_office_sees_the_holder_the_second_time(
    town: MoneyTown, staffed: bool
) -> None:
    """Else two registrars who never met the holder could take what nobody can veto."""
    town.play(opening(town, office=(W2,)), by="bob2")
    town.play(veto(town), by="dee1")
    town.wait(DAY_MS)
    town.play(opening(town, office=(W2,)), by="bob2")
    town.play(confirm(town, W2), by="bob2")
    with refused(OwnOfficeConfirms, town.id("dee1")):
        town.play(confirm(town, WIJKEN[2]), by="bob3")
    if staffed:
        town.play(confirm(town, W1), by="bob1")
    else:
        town.play(EndRegistrar(W1, town.id("bob1")), under=(Board(W1),))
        town.play(confirm(town, WIJKEN[2]), by="bob3")
    with refused(BeyondVeto):
        town.play(veto(town), by="dee1")


def test_who_left_or_died_no_longer_counts(guarded: MoneyTown) -> None:
    town = guarded
    town.play(opening(town), by="eef1")
    town.play(approve(town, W2), by="bob2")
    town.play(Close(town.id("eef1")), under=(Board(W1),))
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [MINE], "one of two is left"
    town.wait(30 * DAY_MS)
    town.play(opening(town), by="cas1")
    town.play(approve(town, W2), by="bob2")
    town.play(EndRegistrar(W2, town.id("bob2")), under=(Board(W2),))
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [MINE], "a registrar out of office does not count either"


def test_under_bewind_only_the_administrator_vetoes(guarded: MoneyTown) -> None:
    town = guarded
    until = town.time_ms + 365 * DAY_MS
    grant = Grant(
        town.id("dee1"), Kind.GUARDIAN, (town.id("ada2"),), (), ("pay.pay",), (), 1, until,
        (DESTINATION,),
    )  # fmt: skip
    town.play(grant, under=(Board(W1),))
    town.play(opening(town), by="eef1")
    with refused(NotAuthorised):
        town.play(veto(town), by="dee1")
    town.play(veto(town), by="ada2")
    pays(town, 100)


def test_friends_a_thief_names_count_only_after_fourteen_days(guarded: MoneyTown) -> None:
    town = guarded
    town.play(guardians(town, "ada2", "dee2"), by="dee1")  # the thief has the phone
    with refused(NotAGuardian):
        town.play(opening(town, key="thief"), by="ada2")
    town.play(opening(town), by="eef1")
    town.play(approve(town), by="cas1")
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [THEIRS]


def test_a_second_attempt_is_under_the_guardians_of_the_first(guarded: MoneyTown) -> None:
    town = guarded
    town.play(guardians(town, "ada2", "dee2"), by="dee1")  # the thief's friends
    town.wait(10 * DAY_MS)
    town.play(opening(town), by="eef1")
    town.play(veto(town), by="dee1")
    town.wait(5 * DAY_MS)  # now the friends count, but not for this
    with refused(NotAGuardian):
        town.play(opening(town, key="thief"), by="ada2")
    town.play(opening(town), by="eef1")


# The emergency card.


def card(town: MoneyTown, name: str = "card") -> IssueCard:
    made = new_key(town, name, role=KeyRole.CARD)
    return IssueCard(town.id("dee1"), made.key, made.proof)


def test_an_emergency_card_pays_25_a_day_and_100_in_all(town: MoneyTown) -> None:
    with refused(NotLocked):
        town.play(card(town), by="bob1")
    town.play(opening(town, office=(W1,)), by="bob1")
    with refused(NotAuthorised):
        town.play(card(town), by="bob2")
    town.play(card(town), by="bob1")
    assert numbers(town) == [MINE, 1]
    for _ in range(4):
        pays(town, 20_00, key=1)
        with refused(AboveAllowance, town.id("dee1"), "J1", 5_00):
            pays(town, 5_01, key=1)
        pays(town, 5_00, key=1)
        town.wait(DAY_MS)
    with refused(AboveAllowance, town.id("dee1"), "J1", 0):
        pays(town, 1, key=1)
    with refused(Locked):
        pays(town, 1)  # the phone's key pays nothing meanwhile


def test_a_card_only_pays_and_goes_when_the_recovery_ends(town: MoneyTown) -> None:
    town.play(opening(town, office=(W1,)), by="bob1")
    town.play(card(town), by="bob1")
    dee = town.id("dee1")
    with refused(TillKeyOnly):
        town.play(Redeem(dee, "J1", Cents(1_00), (), DESTINATION), by="dee1", key=1)
    with refused(TillKeyOnly):
        town.play(ChangeKeys(dee, (), (0,), 1), by="dee1", key=1)
    with refused(TillKeyOnly):
        town.play(veto(town), by="dee1", key=1)
    town.play(card(town, "second card"), by="bob1")
    assert numbers(town) == [MINE, 2], "a new card takes the place of the old"
    pays(town, 10_00, key=2)
    town.play(veto(town), by="dee1")
    assert numbers(town) == [MINE]
    pays(town, 100_00)


def test_a_second_card_is_not_a_second_hundred(town: MoneyTown) -> None:
    town.play(opening(town, office=(W1,)), by="bob1")
    town.play(card(town), by="bob1")
    pays(town, 25_00, key=1)
    town.play(card(town, "second card"), by="bob1")
    with refused(AboveAllowance):
        pays(town, 1, key=2)


def test_a_freeze_that_ends_does_not_open_a_locked_account(town: MoneyTown) -> None:
    dee = town.id("dee1")
    town.play(FreezeAccount(dee, "lost_phone"), by="bob1")
    pays(town, 5_00)
    town.play(opening(town, office=(W1,)), by="bob1")
    with refused(Locked):
        pays(town, 5_00)  # no living allowance for whoever holds the phone
    town.play(Unfreeze(dee), by="bob1")
    with refused(Locked):
        pays(town, 5_00)
    with refused(Locked):
        town.play(Close(dee), by="bob1")
    town.play(veto(town), by="dee1")
    pays(town, 50_00)


# Refusals, in order.


def test_guardians_are_checked_in_order(town: MoneyTown) -> None:
    dee, eef, cas, shop = (town.id(n) for n in ("dee1", "eef1", "cas1", "shop1"))
    nobody = bytes(20)
    two = tuple(sorted((eef, cas)))
    many = tuple(bytes([n]) * 20 for n in range(7))
    for args, by, kind, values in (
        (SetGuardians(nobody, (), (), 9), "eef1", NotRegistered, ()),
        (SetGuardians(dee, (), (), 9), "eef1", NotAuthorised, ()),
        (SetGuardians(dee, many, (W1,), 9), "dee1", BadGuardians, ("count",)),
        (SetGuardians(dee, tuple(reversed(two)), (), 9), "dee1", BadGuardians, ("people",)),
        (SetGuardians(dee, (dee,), (), 9), "dee1", BadGuardians, ("people",)),
        (SetGuardians(dee, (shop,), (), 9), "dee1", BadGuardians, ("people",)),
        (SetGuardians(dee, two, (W2, W1), 9), "dee1", BadGuardians, ("offices",)),
        (SetGuardians(dee, two, ("WK999999",), 9), "dee1", UnknownBoard, ()),
        (SetGuardians(dee, two, (W1,), 4), "dee1", BadGuardians, ("k",)),
        (SetGuardians(dee, two, (W1,), 1), "dee1", BadGuardians, ("k",)),
        (SetGuardians(dee, (cas,), (W1, W2), 2), "dee1", BadGuardians, ("officials",)),
        (SetGuardians(dee, (), (W1, W2), 2), "dee1", BadGuardians, ("officials",)),
    ):
        with refused(kind, *values):
            town.play(args, by=by)
    town.play(SetGuardians(dee, two, (W1,), 3), by="dee1")
    town.play(SetGuardians(dee, (), (), 0), by="dee1")  # none is a choice too


def test_opening_is_refused_in_order(guarded: MoneyTown) -> None:
    town = guarded
    dee = town.id("dee1")
    good = new_key(town, "new phone")
    till = NewKey(good.key, KeyRole.TILL, (1,), good.proof)
    old = new_key(town, "dee1")
    for args, by, kind in (
        (Open(bytes(20), (), (good,), 1), "eef1", NotRegistered),
        (Open(town.id("treasury1"), (), (good,), 1), "eef1", NotRecoverable),
        (Open(dee, (W2,), (good,), 1), "eef1", NotAuthorised),
        (Open(dee, (W1,), (good,), 1), "bob1", NotAGuardian),
        (Open(dee, (), (good,), 1), "ada2", NotAGuardian),
        (Open(dee, (), (NewKey(good.key, 1, (), bytes(64)),), 1), "eef1", NoPossession),
        (Open(dee, (), (old,), 1), "eef1", KeyTwice),
        (Open(dee, (), (till,), 1), "eef1", BadRole),
        (Open(dee, (), (good,), 2), "eef1", BadThreshold),
    ):
        with refused(kind):
            town.play(args, by=by)
    with refused(NotAuthorised):
        town.play(Open(dee, (W2,), (good,), 1), under=(Board(W2),))  # a board sees nobody
    town.play(opening(town), by="eef1")
    with refused(RecoveryOpen):
        town.play(opening(town), by="cas1")
    with refused(RecoveryOpen):
        town.play(guardians(town, "eef1", "ada1"), by="dee1")


def test_the_other_calls_are_refused_in_order(guarded: MoneyTown) -> None:
    town = guarded
    for args, by in ((approve(town), "eef1"), (confirm(town, W1), "bob1"), (veto(town), "dee1")):
        with refused(NoRecovery):
            town.play(args, by=by)
    town.play(opening(town), by="eef1")
    for args, by, kind in (
        (approve(town), "stranger", NotAGuardian),
        (approve(town, W2), "stranger", NotAuthorised),
        (approve(town), "eef1", ApprovedBefore),
        (confirm(town, W1), "eef1", NotAuthorised),
        (confirm(town, W1), "bob1", NoConfirmationAsked),
        (veto(town), "eef1", NotAuthorised),
    ):
        with refused(kind):
            town.play(args, by=by)
    town.play(veto(town), by="dee1")
    town.play(opening(town), by="eef1")
    town.play(confirm(town, W1), by="bob1")
    with refused(NoConfirmationAsked):
        town.play(confirm(town, W1), by="bob1")


def test_a_card_is_refused_in_order(town: MoneyTown) -> None:
    town.play(opening(town, office=(W1,)), by="bob1")
    dee = town.account("dee1")
    town.state.put(ACCOUNTS, town.id("dee1"), replace(dee, threshold=2))
    with refused(NoCardHere):
        town.play(card(town), by="bob1")
    town.state.put(ACCOUNTS, town.id("dee1"), dee)
    with refused(NoPossession):
        town.play(IssueCard(town.id("dee1"), card(town).key, bytes(64)), by="bob1")
    old = new_key(town, "dee1")
    with refused(KeyTwice):
        town.play(IssueCard(town.id("dee1"), old.key, old.proof), by="bob1")
    with refused(NotRegistered):
        town.play(IssueCard(bytes(20), old.key, old.proof), by="bob1")


def test_a_closed_account_is_not_recovered(guarded: MoneyTown) -> None:
    town = guarded
    town.play(opening(town), by="eef1")
    town.play(approve(town), by="cas1")
    closed = replace(town.account("dee1"), status=Status.CLOSED)
    town.state.put(ACCOUNTS, town.id("dee1"), closed)
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [MINE] and town.account("dee1").status == Status.CLOSED
    with refused(ClosedAccount):
        town.play(opening(town), by="eef1")
    assert town.state.get(LAST_ATTEMPTS, town.id("dee1")) is not None


# The allowance, for any series of payments.


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 30_00), st.integers(0, DAY_MS)), max_size=12),
    st.booleans(),
)
def test_no_series_of_payments_is_above_the_allowance(
    series: list[tuple[int, int]], locked: bool
) -> None:
    """Paid is what fits what is left of the day, and under a lock of 100 in all; nothing less."""
    town = _moneyed()
    dee = town.id("dee1")
    key = 0
    if locked:
        town.play(opening(town, office=(W1,)), by="bob1")
        town.play(card(town), by="bob1")
        key = 1
    else:
        town.play(FreezeAccount(dee, "fraud"), by="bob1")
    by_day: dict[int, int] = {}
    for amount, pause in series:
        town.time_ms += pause
        day = town.time_ms // DAY_MS
        left = 25_00 - by_day.get(day, 0)
        if locked:
            left = min(left, 100_00 - sum(by_day.values()))
        try:
            pays(town, amount, key=key)
        except Rejected as refusal:
            assert isinstance(refusal, AboveAllowance)
            assert refusal.named()["left"] == left < amount
        else:
            assert amount <= left
            by_day[day] = by_day.get(day, 0) + amount


def _moneyed() -> MoneyTown:
    town = MoneyTown()
    town.play(DelegateRegistrar(W1, town.id("bob1")), under=(Board(W1),))
    town.deposit("J1", "dee1", 500_00)
    return town


# What a thief leaves behind.


def recovered(town: MoneyTown) -> None:
    """dee1's guardians give her new keys; nobody vetoes."""
    town.play(opening(town), by="eef1")
    town.play(approve(town), by="cas1")
    town.wait(72 * HOUR_MS)


def test_a_mandate_that_a_thief_gave_ends_with_the_old_keys(guarded: MoneyTown) -> None:
    """Before the phone is missed the thief lets an accomplice act; new keys must end that too."""
    town = guarded
    ceilings = (Ceiling("J1", Cents(400_00), Cents(400_00)),)
    grant = Grant(
        town.id("dee1"), Kind.REPRESENTATIVE, (town.id("shop1"),), (), ("pay.pay",), ceilings, 1,
        town.time_ms + 365 * DAY_MS, (),
    )  # fmt: skip
    town.play(grant, by="dee1")
    recovered(town)
    assert numbers(town) == [THEIRS]
    calls = (town.call(plain(town.id("dee1"), town.id("shop1"), "J1", 400_00)),)
    with refused(MandateOver):
        town.play(Act(1, calls, 1_000), by="shop1")


def test_what_the_office_entered_outlives_the_keys(guarded: MoneyTown) -> None:
    town = guarded
    grant = Grant(
        town.id("dee1"), Kind.GUARDIAN, (town.id("shop1"),), (), ("pay.pay",), (), 1,
        town.time_ms + 365 * DAY_MS, (bytes(32),),
    )  # fmt: skip
    town.play(grant, under=(Board(W1),))
    recovered(town)
    calls = (town.call(plain(town.id("dee1"), town.id("shop1"), "J1", 4_00)),)
    town.play(Act(1, calls, 1_000), by="shop1")


def test_what_a_thief_lets_others_collect_rests_until_the_holder_resumes_it(
    guarded: MoneyTown,
) -> None:
    town = guarded
    agreed = Agreed(
        town.id("dee1"), town.id("shop1"), "J1", StandingKind.COLLECT, Cents(400_00), Unit.DAYS, 7,
        town.time_ms, (), (), "GIFT", "other", (), (),
    )  # fmt: skip
    town.play(GrantStanding(agreed), by="dee1")
    town.play(GrantStanding(replace(agreed, kind=StandingKind.ORDER, every=4)), by="dee1")
    recovered(town)
    with refused(NotRunning):
        town.play(Collect(1, Cents(400_00), ()), by="shop1")
    town.wait(30 * DAY_MS)
    assert town.free("dee1") == 500_00
    town.play(Resume(1), by="dee1", key=THEIRS)
    town.play(Collect(1, Cents(5_00), ()), by="shop1")


def test_a_thief_cannot_use_up_the_numbers_that_new_keys_need(guarded: MoneyTown) -> None:
    """Key numbers never come back. A number above what a record holds would stop every node."""
    town = guarded
    town.state.put(KEY_COUNTS, town.id("dee1"), KeyCount(KEY_NUMBER_MAX - KEPT_FOR_RECOVERY))
    with refused(TooManyKeys):
        town.play(ChangeKeys(town.id("dee1"), (new_key(town, "one more"),), (), 1), by="dee1")
    recovered(town)
    assert numbers(town) == [KEY_NUMBER_MAX - KEPT_FOR_RECOVERY]


def test_without_numbers_an_attempt_lapses_and_is_not_opened(guarded: MoneyTown) -> None:
    town = guarded
    town.play(opening(town), by="eef1")
    town.play(approve(town), by="cas1")
    town.state.put(KEY_COUNTS, town.id("dee1"), KeyCount(KEY_NUMBER_MAX))
    with refused(TooManyKeys):
        town.play(card(town), by="bob1")
    town.wait(72 * HOUR_MS)
    assert numbers(town) == [MINE]
    assert town.state.get(LOCKS, town.id("dee1")) is None
    town.wait(30 * DAY_MS)
    with refused(TooManyKeys):
        town.play(opening(town), by="eef1")


def test_more_registrars_than_a_record_holds_cannot_approve(town: MoneyTown) -> None:
    """Any wijk's registrar may; a record with more approvals than it can hold would stop nodes."""
    town.play(opening(town, office=(W1,)), by="bob1")
    recovery = town.state.get(RECOVERIES, town.id("dee1"))
    assert recovery is not None
    others = tuple(Approval((f"WK{n}",), bytes([n]) * 20) for n in range(APPROVALS_MAX - 1))
    full = replace(recovery, approvals=(*recovery.approvals, *others))
    town.state.put(RECOVERIES, town.id("dee1"), full)
    with refused(EnoughApprovals):
        town.play(approve(town, W2), by="bob2")


def test_a_fund_of_a_treasury_is_not_stopped_by_somebodys_registrar(town: MoneyTown) -> None:
    key = new_key(town, "new phone", "fund1")
    with refused(NotRecoverable):
        town.play(Open(town.id("fund1"), (W2,), (key,), 1), by="bob2")
