"""Coins by the command line: shown, entered, switched with the difference first, and ended."""

from __future__ import annotations

from typing import Any

import pytest

from governance_contracts.coins.balances import free_of
from governance_contracts.coins.coin import COINS, Phase, require_coin
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, W1, W2, founding_id

pytestmark = pytest.mark.usefixtures("people")
YEAR = 365


def done(wallet: Wallet, *words: str, as_: str) -> dict[str, Any]:
    result = wallet(*words, "-o", "json", "-y", as_=as_)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = answer(result)
    return found


def by_board(wallet: Wallet, *words: str, wijk: str = W1) -> None:
    first, second = ("ada", "bob") if wijk == W1 else ("dee", "eef")
    id = done(wallet, *words, "--as-board", wijk, "--motivation", "agreed", as_=first)["proposal"]
    approved = done(wallet, "board", "approve", id, as_=second)
    assert approved["proposal_status"] == "carried", approved


def by_boards(wallet: Wallet, *words: str) -> None:
    id = done(wallet, *words, "--as-boards", W1, "--motivation", "agreed", as_="ada")["proposal"]
    assert done(wallet, "board", "approve", id, as_="bob")["proposal_status"] == "carried"
    (motion,) = done(wallet, "boards", "list", as_="dee")["motions"]
    id = done(wallet, "boards", "approve", motion["id"], "--as-board", W2, as_="dee")["proposal"]
    assert done(wallet, "board", "approve", id, as_="eef")["proposal_status"] == "carried"


def test_a_coin_is_shown_with_issuer_and_phase(wallet: Wallet) -> None:
    result = wallet("coin", "show", as_="ada")
    assert f"{COIN}  Linde, of {W1}: in use" in result.output
    assert "issuer Stichting Linde (e-money)" in result.output
    shown = answer(wallet("coin", "show", COIN, "-o", "json", as_="ada"))["coins"][0]
    assert (shown["phase"], shown["issuer"]["regime"]) == ("in-use", "emt")
    missing = wallet("coin", "show", "NOPE", as_="ada")
    assert (missing.exit_code, "There is no coin 'NOPE'" in missing.stderr) == (2, True)


def test_a_founding_board_adds_no_coin(wallet: Wallet) -> None:
    words = ("coin", "add", "PLEIN", "--name", "Pleiner", "--wijk", W2, "--as-board", W2)
    result = wallet(*words, "-o", "json", as_="dee")
    assert (result.exit_code, answer(result)["error"]["name"]) == (3, "BeyondItsTerm")


def test_exchange_says_why_not(wallet: Wallet) -> None:
    for other, name in ((COIN, "SameCoin"), ("PLEIN", "UnknownCoin")):
        result = wallet("exchange", "5", "--from", COIN, "--to", other, "-o", "json", as_="ada")
        assert (result.exit_code, answer(result)["error"]["name"]) == (3, name)
    assert wallet("exchange", "5", "--from", COIN, as_="ada").exit_code == 2
    settled = done(wallet, "coin", "settle", COIN, COIN, "--as-board", W1, as_="ada")["proposal"]
    failed = done(wallet, "board", "approve", settled, as_="bob")
    assert failed["proposal_refusal"]["name"] == "NothingToSettle"


def test_minting_is_stopped_and_resumed(wallet: Wallet, node: Node) -> None:
    by_board(wallet, "coin", "stop", COIN)
    assert require_coin(node.village.ledger, COIN).minting_stopped
    by_board(wallet, "coin", "stop", COIN, "--resume")
    assert not require_coin(node.village.ledger, COIN).minting_stopped


def test_the_difference_is_told_before_a_switch(wallet: Wallet, node: Node) -> None:
    by_boards(
        wallet, "coin", "issuer", "club", "--name", "Club", "--licence", "3(k)",
        "--regime", "limited-network", "--custodian", "Bank NV",
    )  # fmt: skip
    by_boards(wallet, "coin", "network", "club", W1, W2)
    tried = wallet("coin", "switch", COIN, "club", "--dry-run", as_="ada")
    assert tried.exit_code == 0, tried.output
    assert "from stichting (e-money) to club (limited network), after 60 days" in tried.output
    assert "fewer than 10 people are no longer paid in it" in tried.output
    assert "it can no longer be exchanged" in tried.output
    shown = answer(wallet("coin", "switch", COIN, "club", "--dry-run", "-o", "json", as_="ada"))
    assert shown["effects"]["exchange_stops"] is True

    unsaid = wallet("coin", "switch", COIN, "club", "--as-boards", W1, as_="ada")
    assert unsaid.exit_code == 2, "nobody said yes to what was shown"
    assert "limited network" in unsaid.stderr

    by_boards(wallet, "coin", "switch", COIN, "club")
    assert "issuer club" in wallet("coin", "show", COIN, as_="ada").output
    again = wallet("coin", "switch", COIN, "club", "--dry-run", as_="ada")
    assert "SwitchPending" in again.output
    by_boards(wallet, "coin", "switch", COIN, "--call-off")
    neither = wallet("coin", "switch", COIN, as_="ada")
    assert (neither.exit_code, "--call-off" in neither.stderr) == (2, True)


def test_the_end_of_a_coin(wallet: Wallet, node: Node) -> None:
    village = node.village
    stad = village.address("stad")
    unsaid = wallet("coin", "winddown", COIN, "--to", stad, "--as-boards", W1, as_="ada")
    assert unsaid.exit_code == 2, "nobody said yes"
    assert wallet("coin", "winddown", COIN, as_="ada").exit_code == 2
    by_boards(wallet, "coin", "winddown", COIN, "--to", stad)
    told = wallet("balance", as_="ada")
    assert f"{COIN} ends. Redeem what you have from" in told.stderr
    assert "its end is announced" in wallet("coin", "show", COIN, as_="ada").output
    by_boards(wallet, "coin", "winddown", COIN, "--call-off")
    coin = village.ledger.get(COINS, COIN)
    assert coin is not None and coin.phase == Phase.IN_USE


def test_what_the_office_does_at_the_end(wallet: Wallet, node: Node, ended: None) -> None:
    """Earmarks go back, the list of claims is the office's, and the rest goes where it was said."""
    village = node.village
    listed = answer(wallet("coin", "claims", COIN, "-o", "json", as_="ada"))
    holders = {claim["address"] for claim in listed["claims"]}
    assert village.address("ada") in holders
    assert village.address("ada") in wallet("coin", "claims", COIN, as_="ada").output
    returned = answer(wallet("coin", "return-earmarks", COIN, "-o", "json", as_="ada"))
    assert (returned["count"], returned["left"]) == (0, 0)
    open_ = done(wallet, "coin", "move-rest", COIN, "--as-board", W1, as_="ada")["proposal"]
    failed = done(wallet, "board", "approve", open_, as_="bob")
    assert failed["proposal_refusal"]["name"] == "ClaimsOpen"
    left = done(wallet, "coin", "close", COIN, "--as-board", W1, as_="ada")["proposal"]
    failed = done(wallet, "board", "approve", left, as_="bob")
    assert failed["proposal_refusal"]["name"] == "CoinInBeing"
    assert free_of(village.ledger, founding_id("ada"), COIN)


@pytest.fixture
def ended(wallet: Wallet, node: Node, people: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coin's notice and year of redeeming are over."""
    by_boards(wallet, "coin", "winddown", COIN, "--to", node.village.address("stad"))
    for days in (91, YEAR):
        node.village.block([], days * 86_400_000)
