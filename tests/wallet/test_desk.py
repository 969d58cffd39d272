"""The desk of a wijk and mandates, by the command line, on a real ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from genesis.words import mnemonic_from_entropy
from governance_contracts.coins.balances import free_of
from governance_contracts.people.attestations import checked_unique
from governance_contracts.people.minors import MINORS
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, W1, W2, entropy, founding_id

pytestmark = pytest.mark.usefixtures("people")


def done(wallet: Wallet, *words: str, as_: str) -> dict[str, Any]:
    result = wallet(*words, "-o", "json", as_=as_)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = answer(result)
    return found


def refused(wallet: Wallet, name: str, *words: str, as_: str) -> None:
    result = wallet(*words, "-o", "json", as_=as_)
    assert result.exit_code == 3, result.output
    assert json.loads(result.stdout)["error"]["name"] == name


def delegate(wallet: Wallet, node: Node, wijk: str, who: str, by: str, and_: str) -> None:
    told = done(
        wallet, "registry", "delegate", wijk, node.village.address(who), "--as-board", wijk,
        "--motivation", "the desk needs somebody", as_=by,
    )  # fmt: skip
    done(wallet, "board", "approve", told["proposal"], as_=and_)


@pytest.fixture
def desk(wallet: Wallet, node: Node, people: None) -> None:
    """Bob and cas are registrars of W1, eef of W2."""
    delegate(wallet, node, W1, "bob", "ada", "cas")
    delegate(wallet, node, W1, "cas", "ada", "bob")


@pytest.fixture
def newcomer(wallet: Wallet, node: Node, desk: None, tmp_path: Path) -> str:
    """A resident who made a wallet at home and came to the desk; the address."""
    done(wallet, "new", "nina", "--node", node.url, as_="nina")
    file = tmp_path / "nina.json"
    file.write_text(wallet("registration", as_="nina").stdout)
    told = done(wallet, "registry", "register", str(file), "--wijk", W1, as_="bob")
    (address,) = told["accounts"]
    return str(address)


def test_a_newcomer_is_registered_and_checked_unique(
    wallet: Wallet, node: Node, newcomer: str
) -> None:
    delegate(wallet, node, W2, "eef", "dee", "eef")
    shown = done(wallet, "registry", "show", newcomer, as_="bob")
    assert (shown["office"], shown["unique"], shown["voter"]) == (W1, None, False)
    done(wallet, "registry", "unique", newcomer, as_="bob")
    refused(wallet, "SameOffice", "registry", "confirm-unique", newcomer, "--wijk", W1, as_="cas")
    done(wallet, "registry", "confirm-unique", newcomer, "--wijk", W2, as_="eef")
    shown = done(wallet, "registry", "show", newcomer, as_="nina")
    assert shown["unique"] == "checked"
    assert shown["unique_by"] == [node.village.address("bob"), node.village.address("eef")]
    refused(wallet, "TooNew", "registry", "voter", newcomer, as_="bob")
    assert checked_unique(node.village.ledger, bytes.fromhex(_id(wallet)))
    text = wallet("registry", "show", newcomer, as_="bob").output
    assert "checked unique: yes" in text


def _id(wallet: Wallet) -> str:
    return str(json.loads(wallet("registration", as_="nina").stdout)["account"])


def test_only_the_desk_of_its_office_reads_an_entry(
    wallet: Wallet, node: Node, newcomer: str
) -> None:
    for who, expected in (("ada", 0), ("eef", 2), ("shop", 2)):
        assert wallet("registry", "show", newcomer, as_=who).exit_code == expected


def test_a_registration_for_another_chain_or_of_something_else_is_turned_down(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    file = tmp_path / "some.json"
    for text, words in (
        ("{", "not JSON"),
        ("[1]", "not a registration"),
        (json.dumps({"chain_id": "00" * 32}), "not a registration"),
    ):
        file.write_text(text)
        result = wallet("registry", "register", str(file), "--wijk", W1, as_="bob")
        assert result.exit_code == 2
        assert words in result.output


def test_a_parent_signs_at_the_desk_and_acts_for_the_child(
    wallet: Wallet, node: Node, newcomer: str
) -> None:
    ada = node.village.address("ada")
    done(wallet, "pay", newcomer, "30", as_="ada")
    entering = ("registry", "minor", newcomer, "--age", "under-13", "--parent", ada)
    refused(wallet, "ParentNeeded", *entering, as_="bob")
    done(wallet, *entering, "--with-wallet", "ada", as_="bob")
    assert node.village.ledger.find(MINORS, bytes.fromhex(_id(wallet)))
    refused(wallet, "ParentNeeded", "redeem", "5", "--iban", "NL91ABNA0417164300", as_="nina")
    refused(wallet, "DayLimit", "pay", ada, "20.01", as_="nina")
    granting = ("mandate", "grant", "parent", ada, "--for", newcomer)
    refused(wallet, "NoSecondSignature", *granting, as_="bob")
    granted = done(wallet, *granting, "--with-wallet", "cas", as_="bob")
    (held,) = done(wallet, "mandate", "list", as_="ada")["mandates"]
    assert granted["mandate"] == held["number"], "the desk that entered it is told the number"
    assert held["coins"] == [{"coin": COIN, "free_cents": 3_000, "lots": []}]
    number = str(held["number"])
    done(wallet, "redeem", "5", "--iban", "NL91ABNA0417164300", "--mandate", number, "--coin", COIN,
         as_="ada")  # fmt: skip
    assert free_of(node.village.ledger, bytes.fromhex(_id(wallet)), COIN) == 2_500
    done(wallet, "registry", "adult", newcomer, as_="bob")
    refused(wallet, "MandateOver", "pay", ada, "1", "--mandate", number, "--coin", COIN, as_="ada")


def test_a_holder_gives_a_representative_a_ceiling_and_takes_it_back(
    wallet: Wallet, node: Node
) -> None:
    bob, shop = node.village.address("bob"), node.village.address("shop")
    words = ("mandate", "grant", "representative", bob)
    assert wallet(*words, "--limit", "LIN:3", as_="ada").exit_code == 2
    refused(wallet, "BadMandate", *words, as_="ada")
    assert done(wallet, *words, "--limit", "LIN=10/15", as_="ada")["mandate"] == 1
    pays = ("pay", shop, "--mandate", "1", "--coin", COIN)
    done(wallet, pays[0], pays[1], "10", *pays[2:], as_="bob")
    assert free_of(node.village.ledger, founding_id("ada"), COIN) == 9_000
    refused(wallet, "OverInThisPeriod", pays[0], pays[1], "6", *pays[2:], as_="bob")
    shown = wallet("mandate", "show", "1", as_="bob").output
    assert "5,00 of 15,00 left" in shown
    for who in ("ada", "bob"):  # who acted is on the receipt of both
        assert "acted for" in wallet("history", as_=who).output
    done(wallet, "mandate", "revoke", "1", as_="ada")
    refused(wallet, "MandateOver", pays[0], pays[1], "1", *pays[2:], as_="bob")
    assert wallet("mandate", "show", "1", as_="shop").exit_code == 2
    assert wallet("mandate", "list", as_="shop").output.startswith("There are no mandates")


def test_a_card_is_given_at_the_desk_and_pays_at_a_terminal(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    ada, shop = node.village.address("ada"), node.village.address("shop")
    done(wallet, "new", "card", "--node", node.url, as_="card")
    file = tmp_path / "card.json"
    file.write_text(wallet("mandate", "card", ada, as_="card").stdout)
    grant = ("mandate", "grant", "card", "--for", ada, "--card", str(file), "--limit", "LIN=50")
    refused(wallet, "NoSecondSignature", *grant, as_="bob")
    done(wallet, *grant, "--with-wallet", "cas", as_="bob")
    pays = ("mandate", "card-pay", "1", ada, shop)
    told = done(wallet, *pays, "12,50", "--coin", COIN, as_="card")
    assert told["amount_cents"] == 1_250
    refused(wallet, "OverInThisPeriod", *pays, "40", "--coin", COIN, as_="card")
    done(wallet, *pays, "37,50", "--coin", COIN, as_="card")
    assert free_of(node.village.ledger, founding_id("ada"), COIN) == 5_000
    done(wallet, "mandate", "revoke", "1", as_="cas")
    result = wallet(*pays, "1", "--coin", COIN, as_="card")
    assert result.exit_code == 1
    assert "does not accept the transaction" in result.output
    assert "the card acted for" in wallet("history", as_="ada").output


def test_the_office_acts_with_a_sheet_for_the_second(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    ada, shop = node.village.address("ada"), node.village.address("shop")
    done(wallet, "mandate", "grant", "office", "--limit", "LIN=20", as_="ada")
    pays = ("pay", shop, "20", "--mandate", "1", "--coin", COIN)
    refused(wallet, "NoSecondSignature", *pays, as_="bob")
    sheet = wallet(*pays, "--sheet", as_="bob").stdout
    signed = wallet("tx", "sign", "-", as_="cas", input=sheet).stdout
    sent = wallet("tx", "send", "-", "-o", "json", as_="cas", input=signed)
    assert sent.exit_code == 0, sent.output
    assert free_of(node.village.ledger, founding_id("ada"), COIN) == 8_000
    assert ada != shop


def test_the_desk_freezes_changes_and_closes(wallet: Wallet, node: Node, newcomer: str) -> None:
    for words in (
        ("freeze", newcomer, "--reason", "lost_phone"),
        ("unfreeze", newcomer),
        ("change", newcomer, "--sector", "HHB"),
        ("add-place", node.village.address("shop"), "2", "--wijk", W1, "--kind", "online"),
        ("close-place", node.village.address("shop"), "2"),
        ("close", newcomer),
    ):
        done(wallet, "registry", *words, as_="bob")
    assert wallet("registry", "freeze", newcomer, "--reason", "why", as_="bob").exit_code == 2
    assert wallet("registry", "change", newcomer, as_="bob").exit_code == 2


def test_a_holder_changes_keys(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    ada = node.village.address("ada")
    assert wallet("change-keys", as_="ada").exit_code == 2
    words, file = tmp_path / "words", tmp_path / "key.json"
    words.write_text(mnemonic_from_entropy(entropy("the second key of ada")))
    done(
        wallet, "restore", "second", "--mnemonic-file", str(words), "--node", node.url,
        "--account", ada, "--key-number", "1", as_="second",
    )  # fmt: skip
    file.write_text(wallet("registration", as_="second").stdout)
    done(wallet, "change-keys", "--add", str(file), as_="ada")
    done(wallet, "change-keys", "--remove", "0", as_="second")
    done(wallet, "pay", node.village.address("shop"), "1", as_="second")
