"""Guardians, recovery and the desk's life events, by the command line, on a real ledger.

Bob and cas are registrars of W1, eef of W2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chain.account import ACCOUNTS, Status, in_force
from chain.rules import DAY_MS
from governance_contracts.coins.balances import free_of
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.test_desk import delegate, done, refused
from tests.wallet.village import COIN, W1, W2, founding_id

pytestmark = pytest.mark.usefixtures("people")
IBAN = "NL91ABNA0417164300"


@pytest.fixture
def desk(wallet: Wallet, node: Node, people: None) -> None:
    delegate(wallet, node, W1, "bob", "ada", "cas")
    delegate(wallet, node, W1, "cas", "ada", "bob")
    delegate(wallet, node, W2, "eef", "dee", "eef")


def new_phone(wallet: Wallet, node: Node, tmp_path: Path, name: str, of: str) -> Path:
    """A wallet on another device that joined the account of `of`; what it prints."""
    done(wallet, "new", name, "--node", node.url, as_=name)
    done(wallet, "join", "--account", node.village.address(of), "--node", node.url, as_=name)
    file = tmp_path / f"{name}.json"
    file.write_text(wallet("registration", as_=name).stdout)
    return file


def test_a_lost_phone_from_naming_guardians_to_paying_again(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    village = node.village
    ada, dee = village.address("ada"), village.address("dee")
    refused(wallet, "BadGuardians", "guardian", "set", dee, "--office", W2, as_="ada")
    file = new_phone(wallet, node, tmp_path, "phone", "ada")
    opening = ("recovery", "open", ada, str(file))
    refused(wallet, "NotAGuardian", *opening, as_="dee")
    done(wallet, *opening, "--office", W1, as_="bob")
    refused(wallet, "Locked", "pay", dee, "1", as_="ada")
    assert "`wallet recovery veto`" in wallet("balance", as_="ada").stderr
    assert "a recovery is under way" in wallet("life", "show", as_="ada").output
    assert "if 2 approve before" in wallet("recovery", "status", as_="ada").output
    shown = done(wallet, "recovery", "status", as_="ada")
    assert (shown["attempt"]["blocks"], len(shown["attempt"]["approvals"])) == (True, 1)
    done(wallet, "recovery", "approve", ada, "--office", W2, as_="eef")
    assert "2 of 2" in wallet("recovery", "status", ada, as_="eef").output
    assert wallet("recovery", "status", ada, as_="shop").exit_code == 2
    village.block([], 14 * DAY_MS)
    done(wallet, "join", "--account", ada, "--key-number", "1", "--node", node.url, as_="phone")
    done(wallet, "pay", dee, "1", as_="phone")
    assert wallet("pay", dee, "1", as_="ada").exit_code != 0


def test_guardians_are_named_and_vouch(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    village = node.village
    ada, cas = village.address("ada"), village.address("cas")
    done(wallet, "new", "nina", "--node", node.url, as_="nina")
    file = tmp_path / "nina.json"
    file.write_text(wallet("registration", as_="nina").stdout)
    (nina,) = done(wallet, "registry", "register", str(file), "--wijk", W1, as_="bob")["accounts"]
    done(wallet, "guardian", "set", nina, cas, "--office", W2, as_="ada")
    shown = done(wallet, "guardian", "show", as_="ada")
    assert shown["guardians"] is None and shown["to_come"]["k"] == 2
    assert "2 of: " in wallet("guardian", "show", as_="ada").output
    village.block([], 14 * DAY_MS)
    assert done(wallet, "guardian", "show", as_="ada")["guardians"]["offices"] == [W2]
    phone = new_phone(wallet, node, tmp_path, "phone", "ada")
    done(wallet, "recovery", "open", ada, str(phone), as_="nina")
    refused(wallet, "ApprovedBefore", "recovery", "approve", ada, as_="nina")
    done(wallet, "recovery", "approve", ada, as_="cas")
    village.block([], 3 * DAY_MS)
    done(wallet, "join", "--account", ada, "--key-number", "1", "--node", node.url, as_="phone")
    done(wallet, "guardian", "set", "--none", as_="phone")
    told = wallet("history", as_="phone").output
    assert " opened a recovery of " in told and " has new keys " in told


def test_a_veto_and_a_second_attempt(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    ada = node.village.address("ada")
    file = new_phone(wallet, node, tmp_path, "phone", "ada")
    opening = ("recovery", "open", ada, str(file), "--office", W1)
    done(wallet, *opening, as_="bob")
    done(wallet, "recovery", "veto", as_="ada")
    done(wallet, *opening, as_="bob")
    assert "0 of 2 registrars" in wallet("recovery", "status", as_="ada").output
    done(wallet, "recovery", "confirm", ada, "--office", W1, as_="cas")
    done(wallet, "recovery", "confirm", ada, "--office", W2, as_="eef")
    refused(wallet, "BeyondVeto", "recovery", "veto", as_="ada")


def test_an_emergency_card_pays_at_the_grocers(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    ada, shop = node.village.address("ada"), node.village.address("shop")
    file = new_phone(wallet, node, tmp_path, "phone", "ada")
    plastic = new_phone(wallet, node, tmp_path, "plastic", "ada")
    refused(wallet, "NotLocked", "recovery", "card", ada, str(plastic), as_="bob")
    done(wallet, "recovery", "open", ada, str(file), "--office", W1, as_="bob")
    done(wallet, "recovery", "card", ada, str(plastic), as_="bob")
    number = done(wallet, "recovery", "status", ada, as_="bob")["attempt"]["card"]
    done(
        wallet, "join", "--account", ada, "--key-number", str(number), "--node", node.url,
        as_="plastic",
    )  # fmt: skip
    done(wallet, "pay", shop, "20", "--place", "1", as_="plastic")
    refused(wallet, "AboveAllowance", "pay", shop, "5.01", "--place", "1", as_="plastic")


def test_a_file_of_another_account_is_turned_down(
    wallet: Wallet, node: Node, desk: None, tmp_path: Path
) -> None:
    ada = node.village.address("ada")
    theirs = new_phone(wallet, node, tmp_path, "phone", "dee")
    nothing = tmp_path / "nothing.json"
    nothing.write_text("[]")
    for file, words in ((theirs, "another account"), (nothing, "not a registration")):
        result = wallet("recovery", "open", ada, str(file), "--office", W1, as_="bob")
        assert result.exit_code == 2 and words in result.output
    assert wallet("guardian", "set", as_="ada").exit_code == 2


def test_a_death_and_the_heirs(wallet: Wallet, node: Node, desk: None) -> None:
    village = node.village
    ada, dee = village.address("ada"), village.address("dee")
    acts = ("--with-wallet", "cas")
    refused(wallet, "NoSecondSignature", "life", "death", ada, "--ref", "akte 12", as_="bob")
    done(wallet, "life", "death", ada, "--ref", "akte 12", *acts, as_="bob")
    account = village.ledger.find(ACCOUNTS, founding_id("ada"))
    assert account is not None and account.status == Status.CLOSED
    shown = done(wallet, "life", "show", ada, as_="bob")
    assert shown["estate"]["coins"][0]["free_cents"] == 10_000
    done(wallet, "life", "estate", "heirs", ada, "--ref", "verklaring 7", *acts, as_="bob")
    share = ("life", "estate", "pay", ada, "60", "--coin", COIN)
    assert wallet(*share, as_="bob").exit_code == 2  # where to?
    done(wallet, *share, "--to", dee, *acts, as_="bob")
    assert free_of(village.ledger, founding_id("dee"), COIN) == 6_000
    told = done(
        wallet, "life", "estate", "pay", ada, "40", "--coin", COIN, "--iban", IBAN, *acts, as_="bob"
    )
    assert told["iban"] == IBAN and told["destination_salt"]
    refused(wallet, "RedemptionsUnderWay", "life", "estate", "settle", ada, *acts, as_="bob")


def test_a_move_is_typed_as_a_month(wallet: Wallet, node: Node, desk: None) -> None:
    village = node.village
    dee = village.address("dee")
    told = done(wallet, "life", "move", dee, W1, as_="eef")
    result = wallet("life", "move", dee, W1, "--from", "2031-13", as_="eef")
    assert result.exit_code == 2 and "2026-12" in result.output
    assert wallet("life", "move", dee, W1, "--from", "2040-01", as_="eef").exit_code == 2
    assert done(wallet, "life", "show", dee, as_="eef")["moving"]["home"] == W1
    village.block([], told["from_ms"] - village.ledger.tip.time_ms)
    account = village.ledger.find(ACCOUNTS, founding_id("dee"))
    assert account is not None and in_force(account.home, village.ledger.tip.height) == W1
    assert "status: active" in wallet("life", "show", as_="dee").output


def test_a_shop_leaves_and_another_goes_bankrupt(wallet: Wallet, node: Node, desk: None) -> None:
    village = node.village
    shop, dee = village.address("shop"), village.address("dee")
    done(wallet, "life", "leaving", as_="shop")
    refused(wallet, "NoticeRuns", "registry", "close", shop, as_="bob")
    done(wallet, "life", "staying", as_="shop")
    done(wallet, "pay", shop, "30", "--place", "1", as_="ada")
    done(
        wallet, "life", "bankruptcy", shop, "--curator", dee, "--iban", IBAN, "--ref", "F.12/26",
        "--with-wallet", "cas", as_="bob",
    )  # fmt: skip
    refused(wallet, "FrozenAccount", "pay", dee, "1", "--coin", COIN, as_="shop")
    (held,) = done(wallet, "mandate", "list", as_="dee")["mandates"]
    cash = ("life", "cash", shop, "30", "--coin", COIN, "--mandate", str(held["number"]))
    done(wallet, *cash, as_="dee")
    assert free_of(village.ledger, founding_id("shop"), COIN) == 0
    assert done(wallet, "life", "show", shop, as_="dee")["insolvency"]["curator"] == dee
    done(wallet, "life", "end-bankruptcy", shop, "--with-wallet", "cas", as_="bob")


def test_a_freeze_is_reviewed_by_another_board(wallet: Wallet, node: Node, desk: None) -> None:
    ada = node.village.address("ada")
    assert wallet("registry", "freeze", ada, "--reason", "dislike", as_="bob").exit_code == 2
    done(wallet, "registry", "freeze", ada, "--reason", "fraud", as_="bob")
    done(wallet, "pay", node.village.address("dee"), "25", as_="ada")
    done(wallet, "life", "ask-review", "--reasons", "it was me", as_="ada")
    assert "frozen (fraud)" in wallet("life", "show", as_="ada").output
    told: dict[str, Any] = done(
        wallet, "life", "review", ada, "--wijk", W2, "--lift", "--reasons", "it was her",
        "--as-board", W2, "--motivation", "a review", as_="dee",
    )  # fmt: skip
    done(wallet, "board", "approve", told["proposal"], as_="eef")
    assert answer(wallet("life", "show", "-o", "json", as_="ada"))["status"] == "active"
