"""Coins and their issuers, and the limits of purses."""

from __future__ import annotations

import pytest

from chain.authority import Board, Federation, NotAuthorised
from chain.money import CENTS_MAX
from chain.state import Draft
from governance_contracts.areas.regions import UnknownRegion
from governance_contracts.coins.balances import (
    SupplyLimit,
    TooManyCoins,
    TooManyLots,
    book,
    create,
    give_free,
    give_lot,
    supply_of,
)
from governance_contracts.coins.coin import (
    Add,
    BadIssuer,
    CoinExists,
    Issuer,
    Regime,
    SetIssuer,
    StopMinting,
    UnknownCoin,
    UnknownIssuer,
    found_coin,
    found_issuer,
    require_coin,
)
from tests.contracts.bank import MoneyTown
from tests.contracts.town import W1, W2, refused

EMT = Issuer("Stichting bank", "R-1", Regime.EMT, (), ())


@pytest.fixture
def town() -> MoneyTown:
    return MoneyTown()


def test_a_wijks_board_adds_its_coin(town: MoneyTown) -> None:
    add = Add("J1", "Jordaner", "EUR", "nowhere", ("nobody",))
    with refused(NotAuthorised):
        town.play(add, under=(Board(W2),))
    with refused(CoinExists):
        town.play(add, under=(Board("nowhere"),))
    with refused(UnknownRegion):
        town.play(Add("J9", "Negen", "EUR", "nowhere", ("nobody",)), under=(Board("nowhere"),))
    with refused(UnknownIssuer):
        town.play(Add("J9", "Negen", "EUR", W1, ("nobody",)), under=(Board(W1),))
    town.play(Add("J9", "Negen", "EUR", W1, ("bank",)), under=(Board(W1),))
    assert require_coin(town.state, "J9").wijk == W1


def test_the_federation_enters_issuers_whose_regime_stays(town: MoneyTown) -> None:
    club = Issuer("Stichting bank", "R-1", Regime.LIMITED_NETWORK, (), ())
    with refused(NotAuthorised):
        town.play(SetIssuer("bank", club), under=(Board(W1),))
    with refused(BadIssuer, "regime"):
        town.play(SetIssuer("bank", Issuer("x", "x", 3, (), ())), under=(Federation(),))
    with refused(BadIssuer, "fixed"):
        town.play(SetIssuer("bank", club), under=(Federation(),))
    town.play(SetIssuer("bank", EMT), under=(Federation(),))


def test_only_its_board_stops_minting(town: MoneyTown) -> None:
    with refused(UnknownCoin):
        town.play(StopMinting("J9", True), under=(Board(W1),))
    with refused(NotAuthorised):
        town.play(StopMinting("J1", True), under=(Board(W2),))
    town.play(StopMinting("J1", True), under=(Board(W1),))
    assert require_coin(town.state, "J1").minting_stopped


def test_genesis_says_what_is_wrong_in_words(town: MoneyTown) -> None:
    with pytest.raises(ValueError, match="coin J1: CoinExists"):
        found_coin(town.state, Add("J1", "Jordaner", "EUR", W1, ()))
    with pytest.raises(ValueError, match="issuer bank: BadIssuer"):
        found_issuer(town.state, SetIssuer("bank", Issuer("x", "x", 3, (), ())))


def test_a_purse_holds_64_coins_and_256_lots(town: MoneyTown) -> None:
    draft, dee = Draft(town.state), town.id("dee1")
    for number in range(64):
        give_free(draft, dee, f"c{number}", 1)
    give_free(draft, dee, "c7", 1)
    with refused(TooManyCoins, dee):
        give_free(draft, dee, "c64", 1)
    for number in range(256):
        give_lot(draft, dee, "J1", number + 1, 1)
    give_lot(draft, dee, "J1", 7, 1)
    with refused(TooManyLots, dee):
        give_lot(draft, dee, "J1", 257, 1)


def test_the_supply_has_an_end(town: MoneyTown) -> None:
    draft = Draft(town.state)
    create(draft, "J1", town.id("dee1"), 0, CENTS_MAX)
    with refused(SupplyLimit, "J1"):
        create(draft, "J1", town.id("eef1"), 0, 1)


def test_a_booking_that_does_not_balance_is_a_bug(town: MoneyTown) -> None:
    draft = Draft(town.state)
    with pytest.raises(AssertionError):
        book(draft, "J1", free=1)
    with pytest.raises(AssertionError):
        book(draft, "J1", free=-1, lots=1)
    assert supply_of(draft, "J1") == supply_of(town.state, "J1")
