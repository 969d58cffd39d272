"""Refusals stand in public, under the id of the transaction: what they must not say, and to whom.

A number of a record is easily guessed, and a shop knows the id of every payment that it received.
Neither may be enough to learn whose record it is.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, KeyRole, Status
from chain.authority import Board, NotAuthorised
from chain.codec import Record
from chain.crypto import public_key
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.redemption import Cancel, Redeem
from governance_contracts.coins.balances import NotEnoughCoin
from governance_contracts.earmarks.lots import region_bound
from governance_contracts.mandates.mandate import Act, Grant, Revoke
from governance_contracts.mandates.mandates import Ceiling, Kind
from governance_contracts.payments.mistakes import AnswerMistake, Mistake, Reason, Reply, Reverse
from governance_contracts.payments.outcomes import PayoutLineRefused
from governance_contracts.payments.payments import Line, Payout, PayoutLine, Refund, plain
from governance_contracts.payments.periods import Unit
from governance_contracts.payments.standing import Collect, Pause, Resume
from governance_contracts.payments.standing import Grant as GrantStanding
from governance_contracts.payments.standings import Agreed, PayerCannot, StandingKind
from governance_contracts.people.keys import NewKey, prove_possession
from governance_contracts.people.minority import AttestMinor
from governance_contracts.people.minors import Band, CannotEarnThis
from governance_contracts.people.registrars import DelegateRegistrar
from governance_contracts.recovery.guardians import SetGuardians
from governance_contracts.recovery.recovery import Approve, Confirm, Open, Veto
from tests.contracts.bank import DESTINATION, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, refused, seed

SECRET = b"s" * 16


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    for name in ("bob1", "cas1"):
        town.play(DelegateRegistrar(W1, town.id(name)), under=(Board(W1),))
    town.deposit("J1", "dee1", 100_00)
    return town


def says_nothing_of(town: MoneyTown, name: str, call: Record, by: str) -> None:
    """Refused, and nothing in the refusal is this account's."""
    with pytest.raises(Rejected) as caught:
        town.play(call, by=by)
    id = town.id(name)
    told = repr(caught.value.values)
    assert id.hex() not in told and repr(id)[2:-1] not in told, caught.value.named()


@pytest.mark.parametrize("by", ["shop1", "stranger"])
def test_a_shop_does_not_unmask_a_payer_by_asking(town: MoneyTown, by: str) -> None:
    """It knows the payment's id and place; a payer under an alias stays one."""
    paid = town.pay("dee1", "shop1", 10_00, place=1, alias=SECRET)
    says_nothing_of(town, "dee1", Mistake(paid, 0, Reason.OTHER, ()), by)
    says_nothing_of(town, "dee1", Reverse(paid, 0), by)
    town.state.put(ACCOUNTS, town.id("dee1"), replace(town.account("dee1"), status=Status.CLOSED))
    says_nothing_of(town, "dee1", Mistake(paid, 0, Reason.OTHER, ()), by)
    says_nothing_of(town, "dee1", Reverse(paid, 0), by)


def test_a_payments_id_does_not_tell_a_stranger_who_was_paid(town: MoneyTown) -> None:
    paid = town.pay("dee1", "shop1", 10_00, place=1)
    says_nothing_of(town, "shop1", Refund(paid, 0, ()), "stranger")
    says_nothing_of(town, "shop1", Reverse(paid, 0), "stranger")
    town.play(Mistake(paid, 0, Reason.OTHER, ()), by="dee1")
    says_nothing_of(town, "shop1", AnswerMistake(paid, 0, Reply.OWED, ()), "stranger")


def test_nobody_lists_who_acts_for_whom_by_counting_up(town: MoneyTown) -> None:
    """A mandate's number is small; that somebody is under administration is nobody's business."""
    calls = (town.call(plain(town.id("dee1"), town.id("eef1"), "J1", 1)),)
    for number, kind in enumerate((Kind.REPRESENTATIVE, Kind.GUARDIAN), 1):
        ceilings = (Ceiling("J1", Cents(1_00), Cents(1_00)),)
        asked = Grant(
            town.id("dee1"), kind, (town.id("eef1"),), (), ("pay.pay",), ceilings, 1,
            town.time_ms + DAY_MS, (DESTINATION,),
        )  # fmt: skip
        own = kind == Kind.REPRESENTATIVE
        town.play(asked, by="dee1" if own else "bob1", also=() if own else ("cas1",))
        for name in ("dee1", "eef1"):
            says_nothing_of(town, name, Act(number, calls, 1_000), "stranger")
            says_nothing_of(town, name, Revoke(number), "stranger")
    with refused(NotAuthorised, "holder"):
        town.play(Act(1, calls, 1_000), by="stranger")


def test_paying_for_work_does_not_tell_who_is_a_child(town: MoneyTown) -> None:
    """One refusal for every age and every reason, and only for who could have paid."""
    town.deposit("J1", "shop1", 1_00)
    eef = town.id("eef1")
    for band in (Band.CHILD, Band.TEEN, Band.YOUTH):
        town.play(AttestMinor(eef, band, (town.id("dee1"),)), by="bob1", also=("dee1",))
        for purpose, minutes in (("WORK", ()), ("COMM", (60 * 60,)), ("WAGE", (60 * 60,))):
            asked = replace(plain(town.id("shop1"), eef, "J1", 1_00, purpose), minutes=minutes)
            says_nothing_of(town, "eef1", asked, "shop1")
            with refused(CannotEarnThis):
                town.play(asked, by="shop1")
            dearer = replace(asked, lines=(Line(Cents(1_01), "other", 0, ()),), gross=Cents(1_01))
            with refused(NotEnoughCoin, "J1", 1, ""):
                town.play(dearer, by="shop1")
        run = Payout(town.id("shop1"), "J1", (PayoutLine(eef, Cents(1_00), "WORK", ()),), ())
        says_nothing_of(town, "eef1", run, "shop1")
        with refused(PayoutLineRefused, 0, CannotEarnThis.code):
            town.play(run, by="shop1")


def refusal_of(town: MoneyTown, call: Record, by: str) -> str:
    with pytest.raises(Rejected) as caught:
        town.play(call, by=by)
    return repr((caught.value.name, caught.value.named()))


@pytest.mark.parametrize("guarded", [False, True])
def test_a_stranger_does_not_learn_that_a_recovery_is_under_way(
    town: MoneyTown, guarded: bool
) -> None:
    """Nor that somebody else administers the account. `stranger` is registered, and no more."""
    dee = town.id("dee1")
    if guarded:
        friends = tuple(sorted(town.id(name) for name in ("eef1", "ada2")))
        town.play(SetGuardians(dee, friends, (), 2), by="dee1")
        town.wait(14 * DAY_MS)
    proof = prove_possession(seed("new phone"), CHAIN, EPOCH, dee)
    keys = (NewKey(public_key(seed("new phone")), KeyRole.FULL, (), proof),)
    asked: tuple[Record, ...] = (
        Open(dee, (), keys, 1), Open(dee, (W1,), keys, 1), Approve(dee, ()), Approve(dee, (W1,)),
        Confirm(dee, W1), Veto(dee),
    )  # fmt: skip
    before = [refusal_of(town, call, "stranger") for call in asked]
    town.play(Open(dee, () if guarded else (W1,), keys, 1), by="eef1" if guarded else "bob1")
    assert [refusal_of(town, call, "stranger") for call in asked] == before
    town.play(Veto(dee), by="dee1")
    wanted = Grant(
        dee, Kind.GUARDIAN, (town.id("eef1"),), (), ("pay.pay",),
        (Ceiling("J1", Cents(1_00), Cents(1_00)),), 1, town.time_ms + DAY_MS, (DESTINATION,),
    )  # fmt: skip
    town.play(wanted, by="bob1", also=("cas1",))
    assert [refusal_of(town, call, "stranger") for call in asked] == before
    with refused(NotAuthorised, "guardian"):
        town.play(Veto(dee), by="dee1")


def test_nobody_lists_who_redeems(town: MoneyTown) -> None:
    town.play(Redeem(town.id("dee1"), "J1", Cents(1_00), (), DESTINATION), by="dee1")
    says_nothing_of(town, "dee1", Cancel(1), "stranger")


def collecting(town: MoneyTown) -> None:
    town.play(
        GrantStanding(
            Agreed(
                town.id("dee1"), town.id("shop1"), "J1", StandingKind.COLLECT, Cents(500_00),
                Unit.DAYS, 7, town.time_ms, (), (), "DUES", "other", (), (),
            )
        ),
        by="dee1",
    )  # fmt: skip


def test_nobody_lists_who_pays_whom_every_month(town: MoneyTown) -> None:
    collecting(town)
    for call in (Collect(1, Cents(1_00), ()), Pause(1), Resume(1)):
        for name in ("dee1", "shop1"):
            says_nothing_of(town, name, call, "stranger")


def test_who_collects_does_not_learn_what_the_payer_has(town: MoneyTown) -> None:
    """Neither how much, nor of which funds, nor that the account is stopped or closed."""
    terms = (region_bound((W1,)),)
    lines = (PayoutLine(town.id("dee1"), Cents(5_00), "GRANT", ()),)
    town.deposit("J1", "fund1", 10_00)
    town.play(Payout(town.id("fund1"), "J1", lines, terms), under=(Board(W1),))
    collecting(town)
    with refused(PayerCannot, 1):
        town.play(Collect(1, Cents(400_00), ()), by="shop1")
    for status in (Status.FROZEN, Status.CLOSED):
        town.state.put(ACCOUNTS, town.id("dee1"), replace(town.account("dee1"), status=status))
        with refused(PayerCannot, 1):
            town.play(Collect(1, Cents(1_00), ()), by="shop1")
