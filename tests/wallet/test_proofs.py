"""`--verify`: what a lying node shows is not believed. Exit code 6 is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN

pytestmark = pytest.mark.usefixtures("people")


def spoil(text: str) -> str:
    """One digit of some hexadecimal changed."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def test_a_balance_is_proved_from_the_genesis_on(wallet: Wallet, node: Node, home: Path) -> None:
    wallet("pay", node.village.address("bob"), "1", as_="ada")
    result = wallet("balance", "--verify", "-o", "json", as_="bob")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert data["verified"] is True
    assert data["height"] == node.village.ledger.tip.height
    assert (data["coins"][0]["free_cents"], data["coins"][0]["total"]) == (100, "51,00")
    assert list(home.glob(".*.trusted")), "the newest header is remembered"
    node.seen.clear()
    assert wallet("balance", "--verify", as_="bob").exit_code == 0
    assert "/v1/genesis" not in node.seen


def more_coin(_path: str, data: dict[str, Any]) -> None:
    if "coins" in data:
        data["coins"] = [{"coin": COIN, "free_cents": 999_999, "lots": []}]


def hidden_lots(_path: str, data: dict[str, Any]) -> None:
    if data.get("proof"):
        data["proof"]["records"] = data["proof"]["records"][:2]


def other_record(_path: str, data: dict[str, Any]) -> None:
    if data.get("proof"):
        record = data["proof"]["records"][0]
        record["stored"] = spoil(record["stored"])


def denied_record(_path: str, data: dict[str, Any]) -> None:
    if data.get("proof"):
        data["proof"]["records"][2]["stored"] = None


def other_signature(_path: str, data: dict[str, Any]) -> None:
    if data.get("proof"):
        data["proof"]["certificate"] = spoil(data["proof"]["certificate"])


def no_proof(_path: str, data: dict[str, Any]) -> None:
    if "proof" in data:
        data["proof"] = None


def other_genesis(path: str, data: dict[str, Any]) -> None:
    if path == "/v1/genesis":
        data["name"] = "another"


@pytest.mark.parametrize(
    "lie",
    [more_coin, hidden_lots, other_record, denied_record, other_signature, no_proof, other_genesis],
)
def test_a_lie_about_a_balance_is_a_finding(wallet: Wallet, node: Node, lie: Any) -> None:
    node.tamper = lie
    result = wallet("balance", "--verify", as_="bob")
    assert result.exit_code == 6, result.output
    assert "Traceback" not in result.output


def test_a_receipt_is_proved_also_when_it_is_old(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    paid = answer(wallet("pay", bob, "1", "-o", "json", as_="ada"))
    result = wallet("receipt", paid["tx_id"], "--verify", "-o", "json", as_="ada")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert (data["status"], data["verified"], data["height"]) == ("committed", True, paid["height"])
    assert data["events"][0]["name"] == "Paid"
    for _ in range(5):
        wallet("pay", bob, "1", as_="ada")
    wallet("balance", "--verify", as_="ada")
    old = wallet("receipt", paid["tx_id"], "--verify", as_="bob")
    assert old.exit_code == 0, old.output
    assert any("history-proof" in path for path in node.seen)


def test_the_payee_sees_its_part_and_not_the_payers_lots(wallet: Wallet, node: Node) -> None:
    paid = answer(wallet("pay", node.village.address("shop"), "5", "-o", "json", as_="bob"))
    data = answer(wallet("receipt", paid["tx_id"], "--verify", "-o", "json", as_="shop"))
    assert [event["name"] for event in data["events"]] == ["Received"]


def test_the_receipt_of_a_refusal_says_why(wallet: Wallet, node: Node) -> None:
    refused = wallet("pay", node.village.address("bob"), "5000", "-o", "json", as_="ada")
    id = answer(refused)["error"]["fields"]["tx_id"]
    data = answer(wallet("receipt", id, "--verify", "-o", "json", as_="ada"))
    assert (data["status"], data["refusal"]["name"]) == ("refused", "NotEnoughCoin")


def other_leaf(_path: str, data: dict[str, Any]) -> None:
    for leaf in data.get("leaves", []):
        leaf["leaf"] = spoil(leaf["leaf"])


def no_leaf(_path: str, data: dict[str, Any]) -> None:
    if "leaves" in data:
        data["leaves"] = []


def other_block(_path: str, data: dict[str, Any]) -> None:
    if "leaves" in data:
        data["header"] = spoil(data["header"])


@pytest.mark.parametrize("lie", [other_leaf, no_leaf, other_block])
def test_a_lie_about_a_receipt_is_a_finding(wallet: Wallet, node: Node, lie: Any) -> None:
    paid = answer(wallet("pay", node.village.address("bob"), "1", "-o", "json", as_="ada"))
    node.tamper = lie
    result = wallet("receipt", paid["tx_id"], "--verify", as_="ada")
    assert result.exit_code == 6, result.output


def test_an_unknown_transaction_has_no_receipt(wallet: Wallet) -> None:
    result = wallet("receipt", "ab" * 32, "-o", "json", as_="ada")
    assert answer(result)["status"] == "unknown"
    assert wallet("receipt", "ab" * 32, "--verify", as_="ada").exit_code == 1
    assert wallet("receipt", "abc", as_="ada").exit_code == 2


def test_nobody_reads_anothers_account(wallet: Wallet, node: Node, home: Path) -> None:
    """A wallet file that names an account which is not its key's gets no session."""
    from dataclasses import replace

    from wallet_cli import keystore, profile

    mine = profile.read(home, "ada").profile
    yours = profile.read(home, "bob").profile
    keystore.update_profile(home, replace(mine, account=yours.account))
    result = wallet("balance", as_="ada")
    assert result.exit_code == 4
    assert "/v1/accounts" not in "".join(node.seen)
