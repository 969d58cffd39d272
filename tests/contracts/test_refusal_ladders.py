"""Ladders: each attempt repairs the first fault of the one before it, so the order is shown.

First the four refusals that every call shares which acts for an account it names; then the calls
whose order no other file walks down.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole, Status
from chain.authority import Authority, Board, Federation, NotAuthorised
from chain.codec import Record
from chain.errors import Rejected
from chain.money import Cents
from governance_contracts.areas.boundaries import BadBoundary
from governance_contracts.areas.regions import BadRegion, Level, LevelFixed, UnknownRegion, Update
from governance_contracts.bank.books import (
    RESERVES,
    EntryKind,
    Standing,
    UnknownReserve,
)
from governance_contracts.bank.redemption import (
    Cancel,
    Export,
    NotWaiting,
    Redeem,
    Reject,
    UnknownRedemption,
)
from governance_contracts.bank.reserve import Attribute, NotUnattributed, SetStanding, UnknownEntry
from governance_contracts.bank.statements import Attest
from governance_contracts.coins.coin import UnknownCoin
from governance_contracts.earmarks.earmark import FundClosed, NameSuccessor, Reclaim
from governance_contracts.earmarks.lots import UnknownLot
from governance_contracts.payments.payments import Payout, PayoutLine, plain
from governance_contracts.people.acting import (
    ClosedAccount,
    FrozenAccount,
    NotRegistered,
    TillKeyOnly,
)
from governance_contracts.people.lifecycle import (
    AlreadyFrozen,
    FreezeAccount,
    NotFrozen,
    RenewFreeze,
    Unfreeze,
)
from governance_contracts.people.registrars import AlreadyRegistrar, DelegateRegistrar
from tests.contracts.bank import DESTINATION, DETAILS, MoneyTown, entry
from tests.contracts.town import G1, W1, refused, region

BOARD: tuple[Authority, ...] = (Board(W1),)
ALL: tuple[Authority, ...] = (Federation(),)
NOBODY = b"\x07" * 20


@pytest.fixture
def town() -> MoneyTown:
    return MoneyTown()


def ladder(
    town: MoneyTown, under: tuple[Authority, ...], *rungs: tuple[Record, type[Rejected]]
) -> None:
    for args, expected in rungs:
        with refused(expected):
            town.play(args, under=under)


def close(town: MoneyTown, name: str) -> None:
    town.state.put(ACCOUNTS, town.id(name), replace(town.account(name), status=Status.CLOSED))


def only_a_till(town: MoneyTown, name: str) -> None:
    account = town.account(name)
    till = AccountKey(0, account.keys[0].key, KeyRole.TILL, (1,))
    town.state.put(ACCOUNTS, town.id(name), replace(account, keys=(till,)))


def redeem(holder: bytes, coin: str = "J1") -> Redeem:
    return Redeem(holder, coin, Cents(10), (), DESTINATION)


NAMED: dict[str, Callable[[bytes], Record]] = {
    "pay": lambda who: plain(who, NOBODY, "none", 1),
    "payout": lambda who: Payout(who, "none", (PayoutLine(NOBODY, Cents(1), "none", ()),), ()),
    "redeem": lambda who: redeem(who, "none"),
    "attest": lambda who: Attest(who, "none", bytes(32), ()),
}
"""Calls that act for the account they name, with as much else wrong as fits."""


@pytest.mark.parametrize("make", NAMED.values(), ids=NAMED)
def test_who_may_act_for_an_account_is_asked_first_and_in_this_order(
    town: MoneyTown, make: Callable[[bytes], Record]
) -> None:
    close(town, "dee1")
    only_a_till(town, "shop1")
    for who, by, expected in (
        (NOBODY, "stranger", NotRegistered),
        (town.id("dee1"), "stranger", ClosedAccount),
        (town.id("shop1"), "stranger", NotAuthorised),
        (town.id("shop1"), "shop1", TillKeyOnly),
    ):
        with refused(expected):
            town.play(make(who), by=by)


def test_redeeming_asks_for_the_account_then_for_the_coin(town: MoneyTown) -> None:
    dee = town.id("dee1")
    town.play(FreezeAccount(dee, "asked"), under=BOARD)
    with refused(FrozenAccount):
        town.play(redeem(dee, "none"), by="dee1")
    town.play(Unfreeze(dee), under=BOARD)
    with refused(UnknownCoin):
        town.play(redeem(dee, "none"), by="dee1")
    town.state.delete(RESERVES, "J1")
    with refused(UnknownReserve):
        town.play(redeem(dee), by="dee1")


def test_a_redemption_is_cancelled_by_its_holder_and_rejected_by_the_board(town: MoneyTown) -> None:
    town.deposit("J1", "dee1", 100)
    town.deposit("J1", "shop1", 100)
    for who in ("dee1", "shop1"):
        town.play(redeem(town.id(who)), by=who)
    first, second = 1, 2
    with refused(UnknownRedemption):
        town.play(Cancel(99), by="stranger")
    with refused(NotAuthorised):
        town.play(Cancel(first), by="stranger")
    only_a_till(town, "shop1")
    with refused(TillKeyOnly):
        town.play(Cancel(second), by="shop1")
    close(town, "shop1")
    with refused(NotAuthorised, "holder"):
        town.play(Cancel(second), by="stranger")
    with refused(ClosedAccount):
        town.play(Cancel(second), by="shop1")
    town.play(Cancel(first), by="dee1")
    with refused(NotWaiting):
        town.play(Cancel(first), by="dee1")
    with refused(UnknownRedemption):
        town.play(Reject(99), by="stranger")
    with refused(NotAuthorised):
        town.play(Reject(first), by="stranger")
    ladder(town, BOARD, (Reject(first), NotWaiting))


FREEZING: dict[str, tuple[Callable[[bytes], Record], type[Rejected]]] = {
    "freeze": (lambda who: FreezeAccount(who, "asked"), AlreadyFrozen),
    "renew": (RenewFreeze, NotFrozen),
    "unfreeze": (Unfreeze, NotFrozen),
}


@pytest.mark.parametrize(("make", "last"), FREEZING.values(), ids=FREEZING)
def test_freezing(town: MoneyTown, make: Callable[[bytes], Record], last: type[Rejected]) -> None:
    close(town, "eef1")
    dee = town.id("dee1")
    if last is AlreadyFrozen:
        town.play(make(dee), under=BOARD)
    for who, expected in (
        (NOBODY, NotRegistered),
        (town.id("eef1"), ClosedAccount),
        (dee, NotAuthorised),
    ):
        with refused(expected):
            town.play(make(who), by="stranger")
    ladder(town, BOARD, (make(dee), last))


def test_naming_a_registrar(town: MoneyTown) -> None:
    close(town, "eef1")
    dee = town.id("dee1")
    with refused(NotAuthorised):
        town.play(DelegateRegistrar("WK000000", NOBODY), by="stranger")
    ladder(
        town, BOARD,
        (DelegateRegistrar(W1, NOBODY), NotRegistered),
        (DelegateRegistrar(W1, town.id("eef1")), ClosedAccount),
    )  # fmt: skip
    town.play(DelegateRegistrar(W1, dee), under=BOARD)
    ladder(town, BOARD, (DelegateRegistrar(W1, dee), AlreadyRegistrar))


def test_changing_a_region(town: MoneyTown) -> None:
    good = region(W1, "Wijk 1", G1, Level.WIJK, 10_000)
    line = (((0, 0), (0, 0), (1, 1)),)
    with refused(NotAuthorised):
        town.play(Update(replace(good, code="WK000000"), line), by="stranger")
    ladder(
        town, ALL,
        (Update(replace(good, code="WK000000", level=Level.GEMEENTE), line), UnknownRegion),
        (Update(replace(good, level=Level.GEMEENTE, adults=20_000), line), LevelFixed),
        (Update(replace(good, adults=20_000), line), BadRegion),
        (Update(good, line), BadBoundary),
    )  # fmt: skip
    town.play(Update(good, ()), under=ALL)


def test_reclaiming_and_naming_an_heir(town: MoneyTown) -> None:
    close(town, "eef1")
    fund, heir = town.id("fund1"), town.id("treasury1")
    with refused(UnknownLot):
        town.play(Reclaim(99, (NOBODY,)), by="stranger")
    with refused(NotRegistered):
        town.play(NameSuccessor(NOBODY, NOBODY), by="stranger")
    with refused(ClosedAccount):
        town.play(NameSuccessor(NOBODY, town.id("eef1")), by="stranger")
    with refused(FundClosed):
        town.play(NameSuccessor(NOBODY, heir), by="stranger")
    with refused(NotAuthorised):
        town.play(NameSuccessor(fund, heir), by="stranger")
    town.play(NameSuccessor(fund, heir), under=BOARD)


def test_standing_decisions_attribution_and_export(town: MoneyTown) -> None:
    close(town, "eef1")
    unknown = Standing((NOBODY,), Cents(1))
    closed = Standing((town.id("eef1"),), Cents(1))
    number = town.book("J1", entry(1, EntryKind.DEPOSIT, 100))
    for coin, expected in (("none", UnknownCoin), ("J1", NotAuthorised)):
        for args in (SetStanding(coin, (unknown,)), Attribute(coin, 9, 9, DETAILS),
                     Export(coin, (2, 1), DETAILS)):  # fmt: skip
            with refused(expected):
                town.play(args, by="stranger")
    ladder(
        town, BOARD,
        (SetStanding("J1", (unknown,)), NotRegistered),
        (SetStanding("J1", (closed,)), ClosedAccount),
        (Attribute("J1", number, 9, DETAILS), UnknownEntry),
        (Attribute("J1", number, 1, DETAILS), NotUnattributed),
    )  # fmt: skip
    town.state.delete(RESERVES, "J1")
    ladder(
        town, BOARD,
        (SetStanding("J1", (unknown,)), UnknownReserve),
        (Attribute("J1", 9, 9, DETAILS), UnknownReserve),
        (Export("J1", (2, 1), DETAILS), UnknownReserve),
    )  # fmt: skip
