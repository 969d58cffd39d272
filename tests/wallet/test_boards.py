"""A board decides by the command line: any command proposed, looked at, approved or let be."""

from __future__ import annotations

from typing import Any

import pytest

from governance_contracts.coins.balances import free_of
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, W1, W2, founding_id

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def treasury(wallet: Wallet, node: Node, people: None) -> None:
    """The wijk's treasury holds 50,00."""
    paid = wallet("pay", node.village.address("treasury" + W1), "50", as_="ada")
    assert paid.exit_code == 0, paid.output


def proposed(wallet: Wallet, node: Node, *words: str, as_: str = "ada") -> dict[str, Any]:
    result = wallet(*words, "-o", "json", as_=as_)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = answer(result)
    return found


def pay_bob(wallet: Wallet, node: Node, amount: str = "20") -> dict[str, Any]:
    return proposed(
        wallet, node, "pay", node.village.address("bob"), amount, "--coin", COIN,
        "--as-board", W1, "--motivation", "for the summer party",
    )  # fmt: skip


@pytest.mark.usefixtures("treasury")
def test_a_payment_of_the_treasury_needs_a_second_member(wallet: Wallet, node: Node) -> None:
    told = pay_bob(wallet, node)
    assert told["proposal_status"] == "open"
    assert free_of(node.village.ledger, founding_id("bob"), COIN) == 0

    listed = answer(wallet("board", "list", W1, "-o", "json", as_="bob"))["proposals"]
    assert [(p["id"], p["approvals"], p["approvals_needed"]) for p in listed] == [
        (told["proposal"], 1, 2)
    ]
    shown = wallet("board", "proposal", told["proposal"], as_="bob")
    assert f"pay 20,00 {COIN} to {node.village.address('bob')}" in shown.output
    assert "for the summer party" in shown.output

    approved = proposed(wallet, node, "board", "approve", told["proposal"], as_="bob")
    assert approved["proposal_status"] == "carried"
    assert free_of(node.village.ledger, founding_id("bob"), COIN) == 2_000
    assert answer(wallet("board", "list", W1, "-o", "json", as_="bob"))["proposals"] == []


@pytest.mark.usefixtures("treasury")
def test_the_text_tells_the_others_what_to_type(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    result = wallet("pay", bob, "20", "--coin", COIN, "--as-board", W1, as_="ada")
    id = answer(wallet("board", "list", W1, "-o", "json", as_="ada"))["proposals"][0]["id"]
    assert f"socialcoin wallet board approve {id}" in result.output
    assert "1 of 2 approvals" in result.output


@pytest.mark.usefixtures("treasury")
def test_what_the_treasury_cannot_pay_fails_with_the_reason(wallet: Wallet, node: Node) -> None:
    told = pay_bob(wallet, node, "60")
    approved = proposed(wallet, node, "board", "approve", told["proposal"], as_="cas")
    assert approved["proposal_status"] == "failed"
    assert approved["proposal_refusal"]["name"] == "NotEnoughCoin"
    assert free_of(node.village.ledger, founding_id("bob"), COIN) == 0


@pytest.mark.usefixtures("treasury")
def test_only_board_members_see_whom_a_proposal_concerns(wallet: Wallet, node: Node) -> None:
    told = pay_bob(wallet, node)
    outside = answer(wallet("board", "proposal", told["proposal"], "-o", "json", as_="dee"))
    assert outside["motivation"] == "for the summer party"
    assert [(c["method"], c["args"]) for c in outside["calls"]] == [("pay", None)]
    inside = answer(wallet("board", "proposal", told["proposal"], "-o", "json", as_="cas"))
    assert inside["calls"][0]["args"]["payee"] == node.village.address("bob")


@pytest.mark.usefixtures("treasury")
def test_a_proposal_is_taken_back_or_stood_aside_from(wallet: Wallet, node: Node) -> None:
    first, second = pay_bob(wallet, node), pay_bob(wallet, node)
    assert proposed(wallet, node, "board", "conflict", first["proposal"], as_="bob")
    refused = wallet("board", "approve", first["proposal"], "-o", "json", as_="bob")
    assert (refused.exit_code, answer(refused)["error"]["name"]) == (3, "HasConflict")
    back = proposed(wallet, node, "board", "withdraw", second["proposal"])
    assert back["proposal_status"] == "withdrawn"


def test_who_is_not_on_the_board_cannot_propose(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    result = wallet("pay", bob, "1", "--coin", COIN, "--as-board", W1, "-o", "json", as_="dee")
    assert (result.exit_code, answer(result)["error"]["name"]) == (3, "NotOnTheBoard")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as-board", W1), "name the coin"),
        (("--as-board", W1, "--mandate", "1"), "in one way"),
        (("--motivation", "why"), "belongs to a proposal"),
        (("--on-behalf-of", "x"), "by what right"),
    ],
)
def test_unclear_ways_of_acting_are_usage_errors(
    wallet: Wallet, node: Node, words: tuple[str, ...], said: str
) -> None:
    result = wallet("pay", node.village.address("bob"), "1", *words, as_="ada")
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_wijk_without_a_board_and_an_unknown_proposal(wallet: Wallet, node: Node) -> None:
    missing = wallet("board", "show", "WK999999", as_="ada")
    assert (missing.exit_code, "Traceback" in missing.output) == (1, False)
    unknown = wallet("board", "approve", "00" * 32, as_="ada")
    assert unknown.exit_code == 2
    assert "no proposal" in unknown.stderr


def test_the_boards_decide_together(wallet: Wallet, node: Node) -> None:
    told = proposed(
        wallet, node, "board", "propose", "federation", "set_parameter",
        '{"name": "heartbeat_ms", "value": 30000}', "--as-boards", W1, "--motivation", "livelier",
    )  # fmt: skip
    if told["proposal_status"] == "open":
        proposed(wallet, node, "board", "approve", told["proposal"], as_="bob")
    (motion,) = answer(wallet("boards", "list", "-o", "json", as_="dee"))["motions"]
    assert (motion["approvals"], motion["approvals_needed"]) == (1, 2)
    agreed = proposed(wallet, node, "boards", "approve", motion["id"], "--as-board", W2, as_="dee")
    if agreed["proposal_status"] == "open":
        proposed(wallet, node, "board", "approve", agreed["proposal"], as_="eef")
    found = answer(wallet("boards", "proposal", motion["id"], "-o", "json", as_="dee"))
    assert found["status"] == "carried"
