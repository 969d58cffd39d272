"""No purse that somebody filled with dust, and nothing that somebody forgot, keeps coin for ever;
and no record grows beyond what it can hold, which every node would stop at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chain import crypto
from chain.account import PURSES, Holding, Spent, purse_of
from chain.authority import Authority, Board, Federation, NotAuthorised
from chain.codec import encode
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.bank.redemption import UNDER_WAY_MAX, Cancel, Redeem, TooManyRedemptions
from governance_contracts.coins.balances import COINS_PER_PURSE_MAX, TooManyCoins
from governance_contracts.coins.exchange import CLEARINGS, Exchange
from governance_contracts.coins.liabilities import in_redemption
from governance_contracts.coins.limits import day_of
from governance_contracts.coins.winddown import Announce
from governance_contracts.earmarks.lots import BadTerms, clearing, earmark, lot_of
from governance_contracts.offline.general import EndGuarantee, Guard
from governance_contracts.offline.offline import OpenAllowance
from governance_contracts.payments.claim import ClaimLine, Issue
from governance_contracts.payments.payments import Payout, PayoutLine, plain
from governance_contracts.people.keys import prove_possession
from tests.contracts.bank import DESTINATION, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, refused, seed

BOARD: tuple[Authority, ...] = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    town = MoneyTown()
    for name in ("dee1", "fund1", "town"):
        town.deposit("J1", name, 100_00)
    return town


def dust(town: MoneyTown, name: str) -> Iterator[None]:
    """A purse full of a cent of 64 other coins; goes on when it is emptied."""
    purse = purse_of(town.state, town.id(name))
    full = tuple(Holding(f"D{n:02}", Cents(1)) for n in range(COINS_PER_PURSE_MAX))
    town.state.put(PURSES, town.id(name), replace(purse, free=full))
    yield
    town.state.put(PURSES, town.id(name), replace(purse_of(town.state, town.id(name)), free=()))
    yield


def test_what_was_set_aside_offline_waits_until_the_purse_has_room(town: MoneyTown) -> None:
    device = seed("device")
    proof = prove_possession(device, CHAIN, EPOCH, town.id("dee1"))
    town.play(
        OpenAllowance(
            town.id("dee1"), "J1", town.id("shop1"), 1, crypto.public_key(device), proof,
            Cents(50_00),
        ),
        by="dee1",
    )  # fmt: skip
    purse = dust(town, "dee1")
    next(purse)
    town.wait(10 * DAY_MS)
    assert town.supply().offline == 50_00
    next(purse)
    town.wait(DAY_MS)
    assert (town.supply().offline, town.free("dee1")) == (0, 50_00)


def test_what_nobody_claimed_waits_until_the_purse_has_room(town: MoneyTown) -> None:
    lines = tuple(ClaimLine(crypto.public_key(seed(f"code {n}")), Cents(1_00)) for n in range(3))
    town.play(Issue(town.id("town"), "J1", lines, (), "GIFT"), by="town")
    purse = dust(town, "town")
    next(purse)
    town.wait(90 * DAY_MS)
    assert town.supply().escrow == 3_00
    next(purse)
    town.wait(DAY_MS)
    assert (town.supply().escrow, town.free("town")) == (0, 3_00)


def test_a_settlement_without_room_does_not_end_all_later_ones(town: MoneyTown) -> None:
    for coin, treasury in (("J1", "treasury1"), ("J2", "treasury2")):
        town.deposit(coin, treasury, 20_00)
    town.deposit("J2", "dee2", 10_00)
    town.play(Exchange(town.id("dee1"), "J1", "J2", Cents(5_00)), by="dee1")
    town.play(Exchange(town.id("dee2"), "J2", "J1", Cents(5_00)), by="dee2")
    next(dust(town, "treasury1"))
    town.wait(7 * DAY_MS)
    assert not list(town.all_of(CLEARINGS)), "the next exchange begins another period"


def test_who_pays_in_more_coins_than_a_purse_notes_waits_for_tomorrow(town: MoneyTown) -> None:
    """A purse with more notes than its record can hold could not be read by anybody again."""
    day = day_of(town.time_ms)
    purse = purse_of(town.state, town.id("dee1"))
    spent = tuple(Spent(f"D{n:02}", day, Cents(1)) for n in range(COINS_PER_PURSE_MAX))
    town.state.put(PURSES, town.id("dee1"), replace(purse, spent=spent))
    gift = plain(town.id("dee1"), town.id("eef1"), "J1", 1)
    with refused(TooManyCoins, town.id("dee1")):
        town.play(gift, by="dee1")
    town.wait(DAY_MS)
    town.play(gift, by="dee1")


def test_no_earmark_turns_into_coin_that_nobody_can_spend(town: MoneyTown) -> None:
    treasury = town.id("treasury2")
    lot, _ = lot_of(town.state, "J1", treasury, clearing("J2", treasury))
    lines = (PayoutLine(town.id("dee1"), Cents(5_00), "EARM", ()),)
    terms = replace(earmark((W1,)), after=3, after_lot=(lot,))
    with refused(BadTerms, "after"):
        town.play(Payout(town.id("fund1"), "J1", lines, (terms,)), under=BOARD)


def test_a_guarantee_that_its_fund_forgot_does_not_keep_a_coin_from_ending(
    town: MoneyTown,
) -> None:
    town.play(Guard(town.id("fund1"), "J1", Cents(40_00)), under=BOARD)
    with refused(NotAuthorised):
        town.play(EndGuarantee(1), by="eef1")
    town.play(Announce("J1", town.id("fund2")), under=(Federation(),))
    town.wait(90 * DAY_MS)
    town.play(EndGuarantee(1), by="eef1")
    assert (town.free("fund1"), town.supply().offline) == (100_00, 0)


def test_nobody_fills_the_queue_of_redemptions_with_cents(town: MoneyTown) -> None:
    cent = Redeem(town.id("dee1"), "J1", Cents(1), (), DESTINATION)
    for _ in range(UNDER_WAY_MAX):
        town.play(cent, by="dee1")
    with refused(TooManyRedemptions, town.id("dee1"), UNDER_WAY_MAX):
        town.play(cent, by="dee1")
    town.play(Cancel(1), by="dee1")
    town.play(cent, by="dee1")


def test_a_written_down_redemption_is_still_owed_in_whole_coin(town: MoneyTown) -> None:
    """The tree of what is owed adds up to the supply, which counts coin and not euros."""
    town.play(Redeem(town.id("dee1"), "J1", Cents(10_00), (), DESTINATION), by="dee1")
    written = replace(town.redemption(1), amount=Cents(8_00))
    one = in_redemption("J1", 1, bytes(16) + encode(written))
    assert one is not None and one.part.amount == town.supply().redeeming == 10_00
