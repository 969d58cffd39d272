"""Offline allowances: cumulative totals for one seller; any seller under a fund's guarantee."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain import crypto
from chain.account import ACCOUNTS, Status
from chain.authority import Authority, Board, NotAuthorised
from chain.codec import Record
from chain.errors import Rejected
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.coins.balances import NotEnoughCoin, total_of
from governance_contracts.coins.coin import Accept, NotAccepted, UnknownCoin
from governance_contracts.coins.meter import volume_of
from governance_contracts.offline.general import (
    ChangeCover,
    EndGuarantee,
    Guard,
    OpenGeneral,
    ProveDouble,
    Repay,
    SettleGeneral,
)
from governance_contracts.offline.offline import OpenAllowance, Release, Settle
from governance_contracts.offline.outcomes import (
    AllowanceEnded,
    AllowanceOpen,
    AllowanceTooLarge,
    BadPayment,
    DeviceFrozen,
    DeviceKnownFrozen,
    DeviceNotCovered,
    GuaranteeOpen,
    GuaranteePaid,
    GuaranteeSpent,
    InDebt,
    NoDebt,
    NotDouble,
    NothingNew,
    NotSignedByDevice,
    SellerDayLimit,
    TooManyAllowances,
    UnknownAllowance,
    UnknownGuarantee,
)
from governance_contracts.offline.records import (
    ALLOWANCES,
    GeneralPayment,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)
from governance_contracts.payments.outcomes import PaysItself
from governance_contracts.people.acting import ClosedAccount, FrozenAccount, NotRegistered
from governance_contracts.people.closing import require_closable
from governance_contracts.people.keys import BadKey, NoPossession, prove_possession
from governance_contracts.people.places import ClosePlace, PlaceClosed, UnknownPlace
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, START_MS, W1, refused, seed

BOARD: tuple[Authority, ...] = (Board(W1),)
NOBODY = b"\x07" * 20
DEVICE = seed("device")
DAY = START_MS // DAY_MS


@pytest.fixture
def town() -> MoneyTown:
    return made()


def made() -> MoneyTown:
    """`dee1` holds 200.00 and the fund 500.00."""
    town = MoneyTown()
    town.deposit("J1", "dee1", 20_000)
    town.deposit("J1", "fund1", 50_000)
    return town


def opening(town: MoneyTown, amount: int = 5_000, **changes: Any) -> OpenAllowance:
    payer = town.id("dee1")
    fields: dict[str, Any] = {
        "payer": payer, "coin": "J1", "seller": town.id("shop1"), "place": 1,
        "device": crypto.public_key(DEVICE),
        "proof": prove_possession(DEVICE, CHAIN, EPOCH, payer), "amount": Cents(amount),
    }  # fmt: skip
    return OpenAllowance(**(fields | changes))


def settling(town: MoneyTown, total: int, seller: str = "shop1", **changes: Any) -> Settle:
    """`changes`: of the payment; `by`: another device signs."""
    by = changes.pop("by", DEVICE)
    payment = Total(1, town.id(seller), 1, Cents(total))
    payment = replace(payment, **changes)
    signature = crypto.sign(by, payment_bytes(CHAIN, EPOCH, payment))
    return Settle(SignedTotal(payment, signature))


def test_a_week_at_the_baker(town: MoneyTown) -> None:
    """dee locks 50, pays 12 and then 8 without a network; the shop settles, then once more."""
    town.play(opening(town), by="dee1")
    assert (town.free("dee1"), town.supply().offline) == (15_000, 5_000)
    town.play(settling(town, 2_000), by="shop1")
    assert (town.free("shop1"), town.supply().offline) == (2_000, 3_000)
    assert volume_of(town.state, "bank", town.time_ms) == 2_000  # counted when it is settled
    with refused(NothingNew, 1, 2_000):
        town.play(settling(town, 1_200), by="shop1")  # an older total adds nothing
    town.wait(9 * DAY_MS)
    town.play(settling(town, 2_500), by="shop1")  # after the device's seven days, within three more
    town.wait(2 * DAY_MS)
    assert (town.free("dee1"), town.free("shop1"), town.supply().offline) == (17_500, 2_500, 0)
    with refused(UnknownAllowance, 1):
        town.play(settling(town, 2_600), by="shop1")


def test_a_copied_device_gains_nothing(town: MoneyTown) -> None:
    """Two copies pay 30 each, one after the other, to the device of the shop's place: to the
    second it can only be a total of 60, which is more than is locked; 30 adds nothing."""
    town.play(opening(town), by="dee1")
    town.play(settling(town, 3_000), by="shop1")
    with refused(NothingNew, 1, 3_000):
        town.play(settling(town, 3_000), by="shop1")
    with refused(BadPayment, "total"):
        town.play(settling(town, 6_000), by="shop1")
    town.wait(10 * DAY_MS)
    assert town.free("dee1") == 17_000


def test_the_seller_lets_go(town: MoneyTown) -> None:
    town.play(opening(town), by="dee1")
    with refused(UnknownAllowance, 2):
        town.play(Release(2), by="shop1")
    with refused(NotAuthorised):
        town.play(Release(1), by="dee1")
    town.play(settling(town, 100), by="shop1")
    town.play(Release(1), by="shop1")
    assert town.reported(AllowanceEnded, "dee1")[0].returned == 4_900
    assert town.free("dee1") == 19_900
    town.wait(20 * DAY_MS)  # no due work is left behind
    assert town.free("dee1") == 19_900


def ladder(town: MoneyTown, by: str, *rungs: tuple[Record, type[Rejected]]) -> None:
    for args, expected in rungs:
        with refused(expected):
            town.play(args, by=by)


def test_opening_refusals_in_order(town: MoneyTown) -> None:
    dee, shop = town.id("dee1"), town.id("shop1")
    bad: dict[str, Any] = {
        "seller": NOBODY, "coin": "none", "place": 9, "device": bytes(32), "proof": bytes(64),
    }  # fmt: skip
    with refused(NotRegistered):
        town.play(opening(town, 99_999, **bad, payer=NOBODY), by="dee1")
    with refused(NotAuthorised):
        town.play(opening(town, 99_999, **bad, payer=shop), by="dee1")
    status(town, "dee1", Status.FROZEN)
    ladder(town, "dee1", (opening(town, 99_999, **bad), FrozenAccount))
    status(town, "dee1", Status.ACTIVE)
    ladder(town, "dee1", (opening(town, 99_999, **bad), NotRegistered))
    ladder(town, "dee1", (opening(town, 99_999, **bad | {"seller": dee}), PaysItself))
    bad["seller"] = shop
    status(town, "shop1", Status.CLOSED)
    ladder(town, "dee1", (opening(town, 99_999, **bad), ClosedAccount))
    status(town, "shop1", Status.ACTIVE)
    ladder(town, "dee1", (opening(town, 99_999, **bad), UnknownCoin))
    bad["coin"] = "J1"
    town.play(Accept(shop, ("J2",)), by="shop1")
    ladder(town, "dee1", (opening(town, 99_999, **bad), NotAccepted))
    town.play(Accept(shop, ("J1",)), by="shop1")
    ladder(town, "dee1", (opening(town, 99_999, **bad), UnknownPlace))
    town.play(ClosePlace(shop, 2), under=BOARD)
    bad["place"] = 2
    ladder(town, "dee1", (opening(town, 99_999, **bad), PlaceClosed))
    bad["place"] = 1
    ladder(town, "dee1", (opening(town, 99_999, **bad), BadKey))
    bad.pop("device")
    ladder(town, "dee1", (opening(town, 99_999, **bad), NoPossession))
    with refused(AllowanceTooLarge, 5_001, 5_000):
        town.play(opening(town, 5_001), by="dee1")
    for _ in range(3):
        town.play(opening(town), by="dee1")
    town.pay("dee1", "eef1", 4_990, purpose="GIFT")
    with refused(NotEnoughCoin):
        town.play(opening(town, 11), by="dee1")
    for _ in range(2):
        town.play(opening(town, 5), by="dee1")
    with refused(TooManyAllowances, dee):
        town.play(opening(town, 11), by="dee1")


def status(town: MoneyTown, name: str, value: Status) -> None:
    town.state.put(ACCOUNTS, town.id(name), replace(town.account(name), status=value))


def test_settling_refusals_in_order(town: MoneyTown) -> None:
    town.play(opening(town), by="dee1")
    wrong: dict[str, Any] = {"by": seed("another"), "place": 2}
    ladder(
        town,
        "shop1",
        (settling(town, 5_001, allowance=2, seller="shop2", **wrong), UnknownAllowance),
        (settling(town, 5_001, seller="shop2", **wrong), NotAuthorised),
        (settling(town, 5_001, **wrong), BadPayment),
        (settling(town, 5_001, by=seed("another")), BadPayment),
        (settling(town, 5_000, by=seed("another")), NotSignedByDevice),
    )
    with refused(BadPayment, "seller"):
        town.play(settling(town, 1, seller="shop2"), by="shop2")
    town.play(settling(town, 5_000), by="shop1")
    ladder(town, "shop1", (settling(town, 5_000), NothingNew))


def test_a_signature_for_one_chain_is_none_for_another(town: MoneyTown) -> None:
    town.play(opening(town), by="dee1")
    payment = Total(1, town.id("shop1"), 1, Cents(10))
    for chain, epoch in ((bytes(32), EPOCH), (CHAIN, EPOCH + 1)):
        signature = crypto.sign(DEVICE, payment_bytes(chain, epoch, payment))
        with refused(NotSignedByDevice):
            town.play(Settle(SignedTotal(payment, signature)), by="shop1")


def test_nobody_closes_an_account_with_coin_set_aside(town: MoneyTown) -> None:
    town.play(opening(town), by="dee1")
    context = town.context("dee1", ())
    with refused(AllowanceOpen, town.id("dee1"), 1):
        require_closable(town.state, context, town.id("dee1"))
    covered(town)
    with refused(GuaranteeOpen, town.id("fund1"), 1):
        require_closable(town.state, context, town.id("fund1"))


# General allowances.


def covered(town: MoneyTown, amount: int = 10_000) -> None:
    """Guarantee 1 of the fund, which answers for dee's devices."""
    town.play(Guard(town.id("fund1"), "J1", Cents(amount)), under=BOARD)
    town.play(ChangeCover(1, (town.id("dee1"),), True), under=BOARD)


def general(town: MoneyTown, amount: int = 5_000, **changes: Any) -> OpenGeneral:
    payer = town.id("dee1")
    fields: dict[str, Any] = {
        "payer": payer, "guarantee": 1, "device": crypto.public_key(DEVICE),
        "proof": prove_possession(DEVICE, CHAIN, EPOCH, payer), "amount": Cents(amount),
    }  # fmt: skip
    return OpenGeneral(**(fields | changes))


def paid(
    town: MoneyTown, seller: str, sequence: int, amount: int, total: int, **changes: Any
) -> SignedGeneral:
    by = changes.pop("by", DEVICE)
    payment = GeneralPayment(1, town.id(seller), 1, sequence, DAY, Cents(amount), Cents(total))
    payment = replace(payment, **changes)
    return SignedGeneral(payment, crypto.sign(by, payment_bytes(CHAIN, EPOCH, payment)))


def replace_signed(signed: SignedGeneral, **changes: Any) -> SignedGeneral:
    payment = replace(signed.payment, **changes)
    return SignedGeneral(payment, crypto.sign(DEVICE, payment_bytes(CHAIN, EPOCH, payment)))


def test_an_honest_device_costs_the_fund_nothing(town: MoneyTown) -> None:
    covered(town)
    town.play(general(town), by="dee1")
    town.play(SettleGeneral(paid(town, "shop2", 2, 2_000, 3_500)), by="shop2")
    town.play(SettleGeneral(paid(town, "shop1", 1, 1_500, 1_500)), by="shop1")
    assert (town.free("shop1"), town.free("shop2")) == (1_500, 2_000)
    town.play(EndGuarantee(1), under=BOARD)
    with refused(UnknownGuarantee):
        town.play(general(town), by="dee1")
    town.wait(10 * DAY_MS)
    assert (town.free("dee1"), town.free("fund1"), town.supply().offline) == (16_500, 50_000, 0)


def test_who_spends_twice_is_frozen_and_owes_the_fund(town: MoneyTown) -> None:
    """Copies of dee's device pay three shops 20 each with number 1 and 2: 120 out of 50."""
    covered(town)
    town.play(general(town), by="dee1")
    for seller in ("shop1", "shop2", "shop3"):
        for sequence in (1, 2):
            signed = paid(town, seller, sequence, 2_000, sequence * 2_000)
            town.play(SettleGeneral(signed), by=seller)
            frozen = bool(town.reported(DeviceFrozen))
            assert frozen == ((seller, sequence) == ("shop2", 1))
        assert town.free(seller) == 4_000
    assert town.reported(GuaranteePaid, "dee1")[0].debt == 7_000
    assert town.supply().offline == 3_000
    with refused(InDebt, 1, town.id("dee1"), 7_000):
        town.play(general(town), by="dee1")
    with refused(NoDebt):
        town.play(Repay(1, town.id("dee1"), Cents(7_001)), by="dee1")
    with refused(UnknownGuarantee):
        town.play(Repay(2, town.id("dee1"), Cents(7_001)), by="dee1")
    town.play(Repay(1, town.id("dee1"), Cents(7_000)), by="dee1")
    assert town.free("fund1") == 47_000
    town.play(general(town), by="dee1")


def test_one_number_at_two_sellers_freezes_before_anybody_pays_for_it(town: MoneyTown) -> None:
    covered(town)
    town.play(general(town), by="dee1")
    for seller, frozen in (("shop1", False), ("shop2", True)):
        town.play(SettleGeneral(paid(town, seller, 1, 1_000, 1_000)), by=seller)
        assert bool(town.reported(DeviceFrozen)) == frozen
    assert town.reported(GuaranteePaid) == []


def test_a_proof_of_double_spending_freezes_the_device(town: MoneyTown) -> None:
    covered(town)
    town.play(general(town), by="dee1")
    first = paid(town, "shop1", 1, 1_000, 1_000)
    for other, double in (
        (first, False),
        (paid(town, "shop2", 2, 1_000, 2_000), False),  # one after the other
        (paid(town, "shop2", 2, 1_000, 2_500), False),  # a third lies between
        (paid(town, "shop2", 2, 1_000, 1_500), True),  # as if the first were not
        (paid(town, "shop2", 1, 1_000, 1_000), True),
    ):
        if double:
            break
        with refused(NotDouble):
            town.play(ProveDouble(first, other), by="stranger")
    stranger = paid(town, "shop2", 1, 1_000, 1_000, by=seed("another"))
    with refused(NotSignedByDevice):
        town.play(ProveDouble(first, stranger), by="stranger")
    town.play(ProveDouble(first, other), by="stranger")
    assert town.reported(DeviceFrozen)[0].allowance == 1
    with refused(DeviceKnownFrozen, 1):
        town.play(ProveDouble(first, other), by="stranger")
    town.play(SettleGeneral(first), by="shop1")  # sold in good faith: still paid


def test_general_refusals_in_order(town: MoneyTown) -> None:
    with refused(NotAuthorised):
        town.play(Guard(town.id("fund1"), "none", Cents(1)), by="dee1")
    with refused(UnknownCoin):
        town.play(Guard(town.id("fund1"), "none", Cents(50_001)), under=BOARD)
    with refused(NotEnoughCoin):
        town.play(Guard(town.id("fund1"), "J1", Cents(50_001)), under=BOARD)
    with refused(UnknownGuarantee):
        town.play(ChangeCover(1, (NOBODY,), True), by="dee1")
    town.play(Guard(town.id("fund1"), "J1", Cents(1_000)), under=BOARD)
    with refused(NotAuthorised):
        town.play(ChangeCover(1, (NOBODY,), True), by="dee1")
    with refused(NotRegistered):
        town.play(ChangeCover(1, (NOBODY,), True), under=BOARD)
    with refused(UnknownGuarantee):
        town.play(general(town, guarantee=2), by="dee1")
    with refused(DeviceNotCovered):
        town.play(general(town, proof=bytes(64)), by="dee1")
    town.play(ChangeCover(1, (town.id("dee1"),), True), under=BOARD)
    with refused(NoPossession):
        town.play(general(town, proof=bytes(64)), by="dee1")
    town.play(general(town), by="dee1")
    with refused(NotAuthorised):
        town.play(EndGuarantee(1), by="dee1")
    for changes, why in (
        ({"amount": Cents(2_001), "day": DAY - 1}, "each"),
        ({"amount": Cents(2_000), "total": Cents(1_999), "day": DAY - 1}, "total"),
        ({"total": Cents(5_001), "day": DAY - 1}, "total"),
        ({"day": DAY - 1}, "day"),
        ({"day": DAY + 8}, "day"),
    ):
        with refused(BadPayment, why):
            fields: dict[str, Any] = {"amount": Cents(10), "total": Cents(10)} | changes
            signed = replace_signed(paid(town, "shop1", 1, 10, 10), **fields)
            town.play(SettleGeneral(signed), by="shop1")
    with refused(NotSignedByDevice):
        signed = paid(town, "shop1", 1, 10, 10, by=seed("another"))
        town.play(SettleGeneral(signed), by="shop1")
    with refused(BadPayment, "kind"):
        town.play(settling(town, 10), by="shop1")
    with refused(BadPayment, "kind"):
        town.play(Release(1), by="shop1")
    for sequence in (1, 2):
        town.play(SettleGeneral(paid(town, "shop1", sequence, 2_000, 2_000)), by="shop1")
    with refused(NothingNew, 1, 2):
        town.play(SettleGeneral(paid(town, "shop1", 2, 1, 2_000)), by="shop1")
    town.play(SettleGeneral(paid(town, "shop1", 3, 2_000, 2_000)), by="shop1")
    assert town.free("shop1") == 6_000  # the last 10 of what was locked, 10 of the guarantee
    with refused(GuaranteeSpent, 1):
        town.play(SettleGeneral(paid(town, "shop2", 3, 2_000, 2_000)), by="shop2")
    town.play(Guard(town.id("fund1"), "J1", Cents(1_000)), under=BOARD)


def test_a_guarantee_covers_one_seller_up_to_a_sum_a_day(town: MoneyTown) -> None:
    covered(town, 40_000)
    town.play(general(town), by="dee1")
    for sequence in range(1, 6):
        town.play(SettleGeneral(paid(town, "shop1", sequence, 2_000, 2_000)), by="shop1")
    with refused(SellerDayLimit, 1, 0):
        town.play(SettleGeneral(paid(town, "shop1", 6, 1, 1)), by="shop1")
    town.play(SettleGeneral(paid(town, "shop1", 6, 1, 1, day=DAY + 1)), by="shop1")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["shop1", "shop2", "shop3"]),
            st.integers(1, 6),
            st.integers(1, 2_500),
            st.integers(1, 5_500),
        ),
        max_size=25,
    ),
    st.integers(1, 6_000),
)
def test_clones_never_get_more_than_what_is_locked_and_guaranteed(
    payments: list[tuple[str, int, int, int]], guarantee: int
) -> None:
    town = made()
    covered(town, guarantee)
    town.play(general(town, 3_000), by="dee1")
    for seller, sequence, amount, total in payments:
        before = town.snapshot()
        try:
            town.play(SettleGeneral(paid(town, seller, sequence, amount, total)), by=seller)
        except Rejected:
            assert town.snapshot() == before
        supply = town.supply()
        assert total_of(supply) == supply.minted - supply.burned
    credited = sum(town.free(seller) for seller in ("shop1", "shop2", "shop3"))
    assert credited <= 3_000 + guarantee
    allowance = town.state.get(ALLOWANCES, 1)
    assert allowance is not None
    if credited > 3_000:
        assert allowance.frozen


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(1, 6_000), max_size=20))
def test_totals_in_any_order_credit_the_highest(totals: list[int]) -> None:
    town = made()
    town.play(opening(town), by="dee1")
    for total in totals:
        try:
            town.play(settling(town, total), by="shop1")
        except Rejected as refusal:
            assert isinstance(refusal, NothingNew | BadPayment)
    assert town.free("shop1") == max((t for t in totals if t <= 5_000), default=0)
