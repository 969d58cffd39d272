"""Mandates: a story per kind, every refusal in its order, and what never leaves an account."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole
from chain.account import Status as AccountStatus
from chain.authority import Authority, Board, NotAuthorised, OneTimeKey
from chain.codec import Record
from chain.contract import require_open, run_call
from chain.crypto import public_key
from chain.errors import Inadmissible, Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from chain.state import Draft
from chain.transaction import Body, KeyActor
from governance_contracts.bank.redemption import Redeem
from governance_contracts.boards.proposals import TooLittleWork, work_of
from governance_contracts.coins.balances import NotEnoughCoin
from governance_contracts.earmarks.lots import region_bound
from governance_contracts.mandates.granting import CardKey, Grant, card_holder
from governance_contracts.mandates.mandate import Act, Revoke, end_mandates_of, holdings_of
from governance_contracts.mandates.mandates import (
    GIVEN_MAX,
    LASTING,
    MANAGING,
    MANDATES,
    RULES,
    ActedFor,
    BadMandate,
    CardTaken,
    Ceiling,
    Kind,
    Mandate,
    MandateGranted,
    MandateOver,
    MandateOverNow,
    NoSecondSignature,
    NotAParent,
    NotInTheMandate,
    OverInThisPeriod,
    OverTheCeiling,
    Status,
    TooManyMandates,
    UnknownMandate,
    given_by,
    held_by,
)
from governance_contracts.payments.outcomes import NothingLeft
from governance_contracts.payments.payments import Payout, PayoutLine, Refund, RefundLine, plain
from governance_contracts.people.acting import (
    ClosedAccount,
    FrozenAccount,
    NotRegistered,
    TillKeyOnly,
)
from governance_contracts.people.keys import BadKey, NoPossession, prove_possession
from governance_contracts.people.lifecycle import ChangeEntry, FreezeAccount, Unfreeze
from governance_contracts.people.minority import AttestMinor, LiftMinority
from governance_contracts.people.minors import ParentNeeded
from governance_contracts.people.registrars import DelegateRegistrar
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, Town, refused, seed

BOARD: tuple[Authority, ...] = (Board(W1),)
YEAR_MS = 365 * DAY_MS
FORM = DETAILS
NOBODY = b"\x07" * 20
IDENTITY = b"\x01" + bytes(31)


@pytest.fixture
def town() -> MoneyTown:
    """`bob1` and `cas1` are registrars of W1; `dee1` and `shop1` have 500.00 each."""
    town = MoneyTown()
    for name in ("bob1", "cas1"):
        town.play(DelegateRegistrar(W1, town.id(name)), under=BOARD)
    for name in ("dee1", "shop1"):
        town.deposit("J1", name, 500_00)
    return town


def mandate(town: Town, kind: Kind, granter: str, holder: str = "", **changes: Any) -> Grant:
    """A sound mandate: all that the kind covers, 20.00 at once and 50.00 a day, for a year."""
    made = Grant(
        town.id(granter),
        kind,
        (town.id(holder),) if holder else (),
        (),
        tuple(sorted(RULES[kind].covers - LASTING)),
        (Ceiling("J1", Cents(20_00), Cents(50_00)),),
        1,
        town.time_ms + YEAR_MS,
        (FORM,),
    )
    return replace(made, **changes)


def card(town: Town, granter: str, name: str = "card") -> CardKey:
    proof = prove_possession(seed(name), CHAIN, EPOCH, card_holder(town.id(granter)))
    return CardKey(public_key(seed(name)), proof)


def give(town: Town, grant: Grant, **how: Any) -> int:
    town.play(grant, **how)
    (granted,) = {event.mandate for event in town.reported(MandateGranted)}
    return granted


def act(town: Town, number: int, *calls: Record) -> Act:
    made = tuple(town.call(args) for args in calls)
    return Act(number, made, work_of(town.state, town.release, made))


def pays(town: Town, payer: str, payee: str, amount: int) -> Record:
    return plain(town.id(payer), town.id(payee), "J1", amount)


def euros(town: Town, holder: str, amount: int) -> Redeem:
    return Redeem(town.id(holder), "J1", Cents(amount), (), DESTINATION)


def child(town: Town, name: str = "eef1", parent: str = "dee1") -> None:
    town.play(AttestMinor(town.id(name), 1, (town.id(parent),)), by="bob1", also=(parent,))


def play_with_card(town: Town, args: Record, name: str = "card") -> None:
    """As execution plays a transaction that a card signed."""
    town.played += 1
    key = public_key(seed(name))
    context = town.context(key, ())
    context.authorities = (OneTimeKey(key),)
    draft = Draft(town.state)
    call = town.call(args)
    body = Body(CHAIN, EPOCH, KeyActor(key), 1, town.time_ms + 1, (call,))
    require_open(draft, town.release, body)
    run_call(draft, context, call, carried=False)
    town.state.absorb(draft)
    town.events = context.events


# A story per kind.


def test_an_employee_gives_back_at_the_till_up_to_x_and_not_beyond(town: MoneyTown) -> None:
    sale = town.play(plain(town.id("dee1"), town.id("shop1"), "J1", 60_00, place=1), by="dee1")
    number = give(town, mandate(town, Kind.EMPLOYEE, "shop1", "eef1"), by="shop1")

    def back(cents: int) -> Refund:
        return Refund(sale, 0, (RefundLine(0, Cents(cents)),))

    town.play(act(town, number, back(20_00)), by="eef1")
    assert town.free("dee1", "J1") == 460_00
    for party in ("shop1", "eef1"):
        (told,) = town.reported(ActedFor, party)
        assert (told.mandate, told.kind, told.actors) == (number, 4, (town.id("eef1"),))
    with refused(OverTheCeiling, number, "J1", 20_01, 20_00):
        town.play(act(town, number, back(20_01)), by="eef1")
    town.play(act(town, number, back(20_00)), by="eef1")
    with refused(OverInThisPeriod, number, "J1", 11_00, 10_00):
        town.play(act(town, number, back(11_00)), by="eef1")
    with refused(NotInTheMandate, number, "pay", "pay"):
        town.play(act(town, number, pays(town, "shop1", "eef1", 1)), by="eef1")
    town.wait(DAY_MS)
    town.play(act(town, number, back(11_00)), by="eef1")
    with refused(NothingLeft):
        for _ in range(2):
            town.play(act(town, number, back(9_00)), by="eef1")


def test_a_card_pays_fifty_a_day_and_ends_at_the_desk(town: MoneyTown) -> None:
    asked = mandate(
        town, Kind.CARD, "dee1", key=(card(town, "dee1"),),
        ceilings=(Ceiling("J1", Cents(50_00), Cents(50_00)),),
    )  # fmt: skip
    with refused(BadMandate, "ceilings"):
        more = (Ceiling("J1", Cents(50_00), Cents(50_01)),)
        town.play(replace(asked, ceilings=more), by="bob1", also=("cas1",))
    with refused(NoSecondSignature, W1):
        town.play(asked, by="bob1")
    number = give(town, asked, by="bob1", also=("cas1",))
    play_with_card(town, act(town, number, pays(town, "dee1", "shop1", 30_00)))
    with refused(OverInThisPeriod, number, "J1", 20_01, 20_00):
        play_with_card(town, act(town, number, pays(town, "dee1", "shop1", 20_01)))
    play_with_card(town, act(town, number, pays(town, "dee1", "shop1", 20_00)))
    town.wait(DAY_MS)
    play_with_card(town, act(town, number, pays(town, "dee1", "shop1", 50_00)))
    town.play(Revoke(number), by="cas1")
    town.wait(DAY_MS)
    with pytest.raises(Inadmissible):  # so nobody fills blocks with a lost card
        play_with_card(town, act(town, number, pays(town, "dee1", "shop1", 1)))


def test_a_key_that_is_no_card_of_this_mandate_is_not_even_admitted(town: MoneyTown) -> None:
    grant = mandate(town, Kind.CARD, "dee1", key=(card(town, "dee1"),))
    number = give(town, grant, by="dee1")
    for name, asked in (("other", number), ("card", number + 1)):
        with pytest.raises(Inadmissible):
            play_with_card(town, act(town, asked, pays(town, "dee1", "shop1", 1)), name)


def test_a_parent_acts_for_a_child_and_takes_out_its_euros(town: MoneyTown) -> None:
    town.play(pays(town, "dee1", "eef1", 100_00), by="dee1")
    child(town)
    with refused(ParentNeeded, town.id("eef1")):
        town.play(euros(town, "eef1", 10_00), by="eef1")
    town.play(euros(town, "eef1", 10_00), by="eef1", also=("dee1",))
    asked = mandate(town, Kind.PARENT, "eef1", "dee1", ceilings=(), reference=())
    with refused(NotAParent, town.id("eef1"), town.id("stranger")):
        town.play(replace(asked, holder=(town.id("stranger"),)), by="bob1", also=("cas1",))
    with refused(NoSecondSignature, W1):
        town.play(asked, by="bob1")
    number = give(town, asked, by="bob1", also=("cas1",))
    town.play(act(town, number, euros(town, "eef1", 80_00)), by="dee1")
    assert town.free("eef1", "J1") == 10_00
    town.play(LiftMinority(town.id("eef1")), by="bob1")
    (told,) = town.reported(MandateOverNow, "dee1")
    assert (told.mandate, told.status) == (number, Status.ENDED)
    with refused(MandateOver, number, Status.ENDED):
        town.play(act(town, number, euros(town, "eef1", 1)), by="dee1")
    town.play(euros(town, "eef1", 1), by="eef1")


def test_one_registrar_and_a_friend_do_not_get_at_a_neighbours_purse(town: MoneyTown) -> None:
    """Entering an adult as a minor with the friend as parent does not open the purse by itself."""
    town.play(AttestMinor(town.id("dee1"), 1, (town.id("eef1"),)), by="bob1", also=("eef1",))
    asked = mandate(town, Kind.PARENT, "dee1", "eef1", ceilings=(), reference=())
    with refused(NoSecondSignature, W1):
        town.play(asked, by="bob1", also=("eef1",))


def test_a_minor_gives_mandates_with_a_parent_and_none_of_them_takes_out_euros(
    town: MoneyTown,
) -> None:
    child(town)
    asked = mandate(town, Kind.REPRESENTATIVE, "eef1", "stranger")
    with refused(ParentNeeded, town.id("eef1")):
        town.play(asked, by="eef1")
    with refused(BadMandate, "methods"):
        town.play(asked, by="eef1", also=("dee1",))
    town.play(replace(asked, methods=("pay.pay",)), by="eef1", also=("dee1",))


def test_a_mandate_from_before_does_not_serve_a_minor_behind_the_parents_back(
    town: MoneyTown,
) -> None:
    town.play(pays(town, "dee1", "eef1", 100_00), by="dee1")
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "eef1", "stranger"), by="eef1")
    child(town)
    with refused(MandateOver, number, Status.ENDED):
        town.play(act(town, number, euros(town, "eef1", 10_00)), by="stranger")


def test_a_guardian_is_named_by_a_court_and_entered_by_two_of_the_office(town: MoneyTown) -> None:
    asked = mandate(town, Kind.GUARDIAN, "dee1", "stranger", ceilings=())
    with refused(NotAuthorised):
        town.play(asked, by="dee1")
    with refused(BadMandate, "reference"):
        town.play(replace(asked, reference=()), by="bob1", also=("cas1",))
    with refused(BadMandate, "holder"):
        town.play(replace(asked, holder=(town.id("cas1"),)), by="bob1", also=("cas1",))
    for member in ("ada1", "bob1", "cas1"):  # the board names none of itself
        with refused(BadMandate, "holder"):
            town.play(replace(asked, holder=(town.id(member),)), under=BOARD)
    number = give(town, asked, by="bob1", also=("cas1",))
    town.play(act(town, number, pays(town, "dee1", "shop1", 300_00)), by="stranger")
    for name in ("dee1", "ada2"):
        with refused(NotAuthorised):
            town.play(Revoke(number), by=name)
    town.play(Revoke(number), by="cas1")
    with refused(MandateOver, number, Status.REVOKED):
        town.play(act(town, number, pays(town, "dee1", "shop1", 1)), by="stranger")


def test_a_household_member_shares_the_household(town: MoneyTown) -> None:
    asked = mandate(town, Kind.HOUSEHOLD, "dee1", "eef1")
    with refused(BadMandate, "holder"):
        town.play(asked, by="dee1")
    for name in ("dee1", "eef1"):
        town.play(
            ChangeEntry(town.id(name), town.height + 1, (), (), ((town.id("treasury1"),),)),
            under=BOARD,
        )
    town.wait(1)
    number = give(town, asked, by="dee1")
    town.play(act(town, number, pays(town, "dee1", "shop1", 20_00)), by="eef1")
    moves_out = ChangeEntry(town.id("eef1"), town.height + 1, (), (), ((),))
    town.play(moves_out, under=BOARD)
    town.wait(1)
    with refused(MandateOver, number, Status.ENDED):
        town.play(act(town, number, pays(town, "dee1", "shop1", 1)), by="eef1")


def test_who_is_no_parent_any_more_acts_no_more(town: MoneyTown) -> None:
    child(town)
    asked = mandate(town, Kind.PARENT, "eef1", "dee1", ceilings=(), reference=())
    number = give(town, asked, by="bob1", also=("cas1",))
    town.play(AttestMinor(town.id("eef1"), 1, (town.id("stranger"),)), under=BOARD)
    with refused(MandateOver, number, Status.ENDED):
        town.play(act(town, number, pays(town, "eef1", "shop1", 1)), by="dee1")


def test_a_curator_takes_all_out_of_an_estate(town: MoneyTown) -> None:
    number = give(
        town, mandate(town, Kind.CURATOR, "shop1", "stranger", ceilings=()),
        by="bob1", also=("ada1",),
    )  # fmt: skip
    with refused(NotAuthorised):
        town.play(Revoke(number), by="shop1")
    town.play(act(town, number, euros(town, "shop1", 500_00)), by="stranger")
    assert holdings_of(town.state, town.id("shop1")) == {}


def test_the_office_acts_for_a_resident_with_a_second_signature(town: MoneyTown) -> None:
    with refused(BadMandate, "reference"):
        town.play(mandate(town, Kind.OFFICE, "dee1", reference=()), by="bob1", also=("cas1",))
    number = give(town, mandate(town, Kind.OFFICE, "dee1"), by="bob1", also=("cas1",))
    buys = act(town, number, pays(town, "dee1", "shop1", 12_00))
    with refused(NotAuthorised):
        town.play(buys, by="stranger", also=("ada1",))
    for also in ((), ("stranger",), ("bob2",)):
        with refused(NoSecondSignature, W1):
            town.play(buys, by="bob1", also=also)
    town.play(buys, by="bob1", also=("ada1",))
    for party in ("dee1", "bob1", "ada1"):
        (told,) = town.reported(ActedFor, party)
        assert told.actors == (town.id("bob1"), town.id("ada1"))
    town.play(Revoke(number), by="dee1")


# Ends.


def test_a_mandate_runs_out(town: MoneyTown) -> None:
    grant = mandate(town, Kind.REPRESENTATIVE, "dee1", "eef1", until_ms=town.time_ms + DAY_MS)
    number = give(town, grant, by="dee1")
    assert (
        given_by(town.state, town.id("dee1")) == held_by(town.state, town.id("eef1")) == (number,)
    )
    town.time_ms += DAY_MS  # the work due is not done yet
    with refused(MandateOver, number, Status.EXPIRED):
        town.play(act(town, number, pays(town, "dee1", "shop1", 1)), by="eef1")
    town.wait(0)
    assert found(town, number).status == Status.EXPIRED
    assert given_by(town.state, town.id("dee1")) == held_by(town.state, town.id("eef1")) == ()
    with refused(MandateOver, number, Status.EXPIRED):
        town.play(Revoke(number), by="dee1")


def test_a_death_ends_what_was_given_and_what_was_held(town: MoneyTown) -> None:
    pairs = (("dee1", "eef1"), ("eef1", "dee1"), ("dee1", "ada1"), ("ada1", "bob1"))
    numbers = [
        give(town, mandate(town, Kind.REPRESENTATIVE, a, b), by=a) for a, b in pairs
    ]  # fmt: skip
    end_mandates_of(town.state, town.context("ada1", ()), town.id("dee1"))
    assert [found(town, n).status for n in numbers] == [4, 4, 4, 1]
    assert given_by(town.state, town.id("dee1")) == held_by(town.state, town.id("dee1")) == ()


def found(town: Town, number: int) -> Mandate:
    mandate = town.state.get(MANDATES, number)
    assert mandate is not None
    return mandate


# Refusals, in order.


def test_granting_is_refused_in_this_order(town: MoneyTown) -> None:
    close(town, "ada2")
    late = town.time_ms + 21 * YEAR_MS
    asked = replace(
        mandate(town, Kind.CARD, "dee1", "stranger"),
        kind=99, granter=NOBODY, key=(CardKey(IDENTITY, bytes(64)),),
        methods=("pay.refund", "pay.pay"),
        ceilings=(Ceiling("J1", Cents(2), Cents(1)), Ceiling("J1", Cents(1), Cents(1))),
        period_days=0, until_ms=late,
    )  # fmt: skip
    repairs: list[tuple[dict[str, Any], type[Rejected], tuple[Any, ...]]] = [
        ({}, BadMandate, ("kind",)),
        ({"kind": Kind.CARD}, NotRegistered, ()),
        ({"granter": town.id("ada2")}, ClosedAccount, ()),
        ({"granter": town.id("treasury1")}, BadMandate, ("granter",)),
        ({"granter": town.id("fund1")}, BadMandate, ("granter",)),
        ({"granter": town.id("stranger")}, NoSecondSignature, ()),
        ({"granter": town.id("shop1")}, NoSecondSignature, ()),
    ]
    for changes, expected, values in repairs:
        asked = replace(asked, **changes)
        with refused(expected, *values):
            town.play(asked, by="bob1")
    for changes, expected, values in (
        ({}, BadMandate, ("granter",)),
        ({"granter": town.id("dee1")}, BadMandate, ("holder",)),
        ({"holder": (), "key": ()}, BadMandate, ("key",)),
        ({"key": (CardKey(IDENTITY, bytes(64)),)}, BadMandate, ("methods",)),
        ({"methods": ("board.approve",)}, BadMandate, ("methods",)),
        ({"methods": ("pay.pay",)}, BadMandate, ("ceilings",)),
        ({"ceilings": (Ceiling("J1", Cents(2), Cents(1)),)}, BadMandate, ("ceilings",)),
        ({"ceilings": ()}, BadMandate, ("ceilings",)),
        ({"ceilings": (Ceiling("J1", Cents(2), Cents(50_01)),)}, BadMandate, ("ceilings",)),
        ({"ceilings": (Ceiling("J1", Cents(2), Cents(2)),)}, BadMandate, ("period_days",)),
        ({"period_days": 1}, BadMandate, ("until_ms",)),
        ({"until_ms": town.time_ms}, BadMandate, ("until_ms",)),
        ({"until_ms": town.time_ms + 1}, BadKey, ()),
        ({"key": (card(town, "eef1"),)}, NoPossession, ()),
    ):
        asked = replace(asked, **changes)
        with refused(expected, *values):
            town.play(asked, by="bob1", also=("cas1",))
    asked = replace(asked, key=(card(town, "dee1"),))
    town.play(asked, by="dee1")
    with refused(CardTaken):
        town.play(asked, by="dee1")
    for n in range(GIVEN_MAX - 1):
        town.play(replace(asked, key=(card(town, "dee1", f"card {n}"),)), by="dee1")
    with refused(TooManyMandates, town.id("dee1"), GIVEN_MAX):
        town.play(replace(asked, key=(card(town, "dee1", "one more"),)), by="dee1")


def test_holders_are_refused_in_this_order(town: MoneyTown) -> None:
    close(town, "ada2")
    asked = mandate(town, Kind.REPRESENTATIVE, "dee1")
    for holder, expected in (
        ((), BadMandate),
        ((NOBODY,), NotRegistered),
        ((town.id("ada2"),), ClosedAccount),
        ((town.id("treasury1"),), BadMandate),
        ((town.id("dee1"),), BadMandate),
    ):
        with refused(expected):
            town.play(replace(asked, holder=holder), by="dee1")


def test_a_till_key_grants_nothing(town: MoneyTown) -> None:
    only_a_till(town, "shop1")
    with refused(TillKeyOnly):
        town.play(mandate(town, Kind.EMPLOYEE, "shop1", "eef1"), by="shop1")


def test_acting_is_refused_in_this_order(town: MoneyTown) -> None:
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "dee1", "eef1"), by="dee1")
    over = pays(town, "dee1", "shop1", 600_00)
    wrong = replace(act(town, number, over, euros(town, "dee1", 1)), work=0)
    accepting = town.call(DelegateRegistrar(W1, NOBODY))
    with refused(UnknownMandate, 99):
        town.play(replace(wrong, mandate=99), by="stranger")
    with refused(NotAuthorised):
        town.play(wrong, by="stranger")
    account = town.account("eef1")
    only_a_till(town, "eef1")
    with refused(TillKeyOnly):
        town.play(wrong, by="eef1")
    town.state.put(ACCOUNTS, town.id("eef1"), account)
    town.play(FreezeAccount(town.id("eef1"), "court"), under=BOARD)
    with refused(FrozenAccount, town.id("eef1")):
        town.play(wrong, by="eef1")
    town.play(Unfreeze(town.id("eef1")), under=BOARD)
    with refused(NotInTheMandate, number, "registry", "delegate_registrar"):
        town.play(replace(wrong, calls=(*wrong.calls, accepting)), by="eef1")
    with refused(TooLittleWork):
        town.play(wrong, by="eef1")
    with refused(NotEnoughCoin):  # the inner call's own refusal, and nothing of the first is kept
        town.play(act(town, number, pays(town, "dee1", "shop1", 1), over), by="eef1")
    assert town.free("dee1", "J1") == 500_00
    with refused(OverTheCeiling, number, "J1", 20_01, 20_00):
        town.play(act(town, number, pays(town, "dee1", "shop1", 20_01)), by="eef1")
    with refused(OverTheCeiling, number, "J1", 20_01, 20_00):  # a sum of small ones
        town.play(
            act(town, number, pays(town, "dee1", "shop1", 20_00), euros(town, "dee1", 1)), by="eef1"
        )
    with refused(NotAuthorised):  # somebody else's purse
        town.play(act(town, number, pays(town, "shop1", "dee1", 1)), by="eef1")


def test_a_granters_freeze_holds_under_a_mandate(town: MoneyTown) -> None:
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "shop1", "eef1"), by="shop1")
    town.play(FreezeAccount(town.id("shop1"), "court"), under=BOARD)
    with refused(FrozenAccount, town.id("shop1")):
        town.play(act(town, number, pays(town, "shop1", "dee1", 1)), by="eef1")


def test_what_pays_later_on_needs_a_mandate_without_ceilings(town: MoneyTown) -> None:
    """A recurring payment leaves when nobody measures; only who looks after all may set it up."""
    asked = mandate(town, Kind.GUARDIAN, "dee1", "stranger", methods=("standing.grant",))
    with refused(BadMandate, "methods"):
        town.play(asked, by="bob1", also=("cas1",))
    town.play(replace(asked, ceilings=()), by="bob1", also=("cas1",))


def test_bound_coin_counts_as_what_leaves(town: MoneyTown) -> None:
    """15.00 of a lot and 6.00 free are 21.00."""
    line = PayoutLine(town.id("eef1"), Cents(15_00), "BEN", ())
    town.deposit("J1", "town", 100_00)
    town.play(Payout(town.id("town"), "J1", (line,), (region_bound((W1,)),)), by="town")
    town.play(pays(town, "dee1", "eef1", 50_00), by="dee1")
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "eef1", "dee1"), by="eef1")

    def buys(amount: int) -> Act:
        bought = plain(town.id("eef1"), town.id("shop1"), "J1", amount, "SALE", place=1)
        return act(town, number, bought)

    with refused(OverTheCeiling, number, "J1", 21_00, 20_00):
        town.play(buys(21_00), by="dee1")
    town.play(buys(20_00), by="dee1")
    assert town.free("eef1", "J1") == 45_00, "the lot went first"


def test_a_coin_without_a_ceiling_stays(town: MoneyTown) -> None:
    town.deposit("J2", "dee1", 10_00)
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "dee1", "eef1"), by="dee1")
    with refused(OverTheCeiling, number, "J2", 1, 0):
        town.play(act(town, number, plain(town.id("dee1"), town.id("bob1"), "J2", 1)), by="eef1")


def test_revoking_is_refused_in_this_order(town: MoneyTown) -> None:
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "dee1", "eef1"), by="dee1")
    with refused(UnknownMandate, 99):
        town.play(Revoke(99), by="stranger")
    for name in ("stranger", "bob1"):
        with refused(NotAuthorised):
            town.play(Revoke(number), by=name)
    only_a_till(town, "dee1")
    with refused(TillKeyOnly):
        town.play(Revoke(number), by="dee1")
    town.play(Revoke(number), by="eef1")
    with refused(MandateOver, number, Status.REVOKED):
        town.play(Revoke(number), by="eef1")


def close(town: MoneyTown, name: str) -> None:
    closed = replace(town.account(name), status=AccountStatus.CLOSED)
    town.state.put(ACCOUNTS, town.id(name), closed)


def only_a_till(town: MoneyTown, name: str) -> None:
    account = town.account(name)
    till = AccountKey(0, account.keys[0].key, KeyRole.TILL, (1,))
    town.state.put(ACCOUNTS, town.id(name), replace(account, keys=(till,)))


def test_whatever_can_be_done_by_mandate_is_a_call_of_this_release() -> None:
    town = Town()
    methods = {
        f"{contract.name}.{method}"
        for contract in town.release.contracts.values()
        for method, what in contract.methods.items()
        if what.carried
    }
    assert methods >= MANAGING
    assert not any(m.startswith(("mandate.", "board.", "registry.", "recovery.")) for m in MANAGING)


# Whatever calls: no more leaves than the mandate allows.

AMOUNTS = st.integers(1, 30_00)
STEP = st.one_of(
    st.tuples(st.just("pay"), AMOUNTS),
    st.tuples(st.just("redeem"), AMOUNTS),
    st.tuples(st.just("cancel"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.sampled_from([1, DAY_MS // 2, DAY_MS])),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(STEP, min_size=1, max_size=4), max_size=8))
def test_no_more_leaves_than_the_ceiling_whatever_calls(steps: list[list[tuple[str, int]]]) -> None:
    from governance_contracts.bank.redemption import Cancel

    town = MoneyTown()
    town.deposit("J1", "dee1", 1_000_00)
    number = give(town, mandate(town, Kind.REPRESENTATIVE, "dee1", "eef1"), by="dee1")
    left_today: dict[int, int] = {}
    for step in steps:
        calls: list[Record] = []
        for what, value in step:
            if what == "wait":
                town.wait(value)
            elif what == "pay":
                calls.append(pays(town, "dee1", "shop1", value))
            elif what == "redeem":
                calls.append(euros(town, "dee1", value))
            else:
                calls.append(Cancel(value))
        before = holdings_of(town.state, town.id("dee1")).get("J1", 0)
        if not calls:
            continue
        try:
            town.play(act(town, number, *calls), by="eef1")
        except Rejected:
            assert holdings_of(town.state, town.id("dee1")).get("J1", 0) == before
            continue
        gone = sum(c.lines[0].amount for c in calls if hasattr(c, "lines"))
        gone += sum(c.amount for c in calls if isinstance(c, Redeem))
        assert gone <= 20_00, "a redemption taken back makes no room for another payment"
        day = town.time_ms // DAY_MS
        left_today[day] = left_today.get(day, 0) + gone
        assert left_today[day] <= 50_00
