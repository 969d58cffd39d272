"""Discounts and aliases by the command line: a fund, a shop and a resident who need not think."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import W2

pytestmark = pytest.mark.usefixtures("people")


def run(wallet: Wallet, *words: str, as_: str) -> Any:
    result = wallet(*words, "-o", "json", as_=as_)
    assert result.exit_code == 0, result.output
    return answer(result)


@pytest.fixture
def pass_holder(wallet: Wallet, node: Node) -> str:
    """The city offers 12,5 % off; ada holds the pass, the shop takes part. Ada's address."""
    ada = node.village.address("ada")
    run(
        wallet, "benefit", "open", "city-pass", "--off", "12,5", "--coin", "LIN",
        "--shop-share", "40", "--payment-max", "5", "--month-max", "20",
        "--until", "2027-12-31", as_="stad",
    )  # fmt: skip
    run(wallet, "benefit", "admit", "city-pass", ada, "--until", "2027-06-30", as_="stad")
    run(wallet, "benefit", "join", "city-pass", as_="shop")
    return ada


def test_a_resident_gets_the_discount_without_asking(
    wallet: Wallet, node: Node, pass_holder: str
) -> None:
    shop = node.village.address("shop")
    paid = wallet("pay", shop, "20", as_="ada")
    assert paid.exit_code == 0, paid.output
    assert "Your own part is 17,50; 2,50 is the discount of city-pass." in paid.stdout
    coins = run(wallet, "balance", as_="ada")["coins"]
    assert coins[0]["free_cents"] == 10_000 - 1_750
    coins = run(wallet, "balance", as_="shop")["coins"]
    assert coins[0]["free_cents"] == 2_000
    shown = wallet("benefit", "show", as_="ada").stdout
    assert "12,50 % off" in shown and "17,50 left this month" in shown


def test_the_shop_sees_an_alias_and_the_payer_can_prove_it(
    wallet: Wallet, node: Node, pass_holder: str
) -> None:
    shop = node.village.address("shop")
    told = run(wallet, "pay", shop, "20", as_="ada")
    history = run(wallet, "history", as_="shop")
    (received,) = [
        event for entry in history for event in entry["events"] if event["name"] == "Received"
    ]
    assert pass_holder not in json.dumps(history)
    assert told["alias"]
    (known,) = run(wallet, "alias", "list", str(told["alias"]), as_="ada")["aliases"]
    assert known["payee"] == shop
    good = (str(told["alias"]), pass_holder, shop, known["secret"])
    assert wallet("alias", "check", *good, as_="shop").exit_code == 0
    wrong = wallet("alias", "check", good[0], node.village.address("bob"), *good[2:], as_="shop")
    assert wrong.exit_code == 1
    assert received["fields"]["amount"] == 2_000
    assert wallet("alias", "list", shop, as_="ada").exit_code == 1


def test_who_wants_to_be_seen_is_seen_and_gets_no_discount(
    wallet: Wallet, node: Node, pass_holder: str
) -> None:
    shop = node.village.address("shop")
    told = run(wallet, "pay", shop, "20", "--named", as_="ada")
    assert "alias" not in told and "discount_cents" not in told
    for words in (("--named", "--alias"), ("--named", "--benefit", "city-pass")):
        assert wallet("pay", shop, "20", *words, as_="ada").exit_code == 2


def test_people_are_paid_openly_unless_asked(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    assert "alias" not in run(wallet, "pay", bob, "1", as_="ada")
    assert "alias" in run(wallet, "pay", bob, "1", "--alias", as_="ada")


def test_no_discount_if_not_wanted_and_a_refusal_if_named_and_not_had(
    wallet: Wallet, node: Node, pass_holder: str
) -> None:
    shop = node.village.address("shop")
    assert "discount" not in run(wallet, "pay", shop, "2", "--no-benefit", as_="ada")
    refused = wallet("pay", shop, "2", "--benefit", "city-pass", as_="bob")
    assert refused.exit_code == 3
    assert "has not admitted this account" in refused.stderr


def test_a_discount_that_is_not_given_now_does_not_stand_in_the_way(
    wallet: Wallet, node: Node, pass_holder: str
) -> None:
    """The city has spent its coin: the fund is short, and ada pays the full price."""
    bob, shop = node.village.address("bob"), node.village.address("shop")
    run(wallet, "pay", bob, "4999,50", as_="stad")
    paid = wallet("pay", shop, "20", as_="ada")
    assert paid.exit_code == 0, paid.output
    assert "No discount of city-pass now" in paid.stderr
    assert run(wallet, "balance", as_="ada")["coins"][0]["free_cents"] == 8_000


def test_filling_a_pot_and_who_reads_it(wallet: Wallet, node: Node, pass_holder: str) -> None:
    shop = node.village.address("shop")
    run(wallet, "pay", shop, "20", "--no-benefit", as_="ada")
    run(wallet, "benefit", "fill", "city-pass", "10", as_="shop")
    assert run(wallet, "benefit", "show", as_="stad")["pots"] == [
        {"benefit": "city-pass", "shop": shop, "joined": True, "left_cents": 1_000}
    ]
    assert run(wallet, "benefit", "show", as_="shop")["pots"] == []
    offers = wallet("benefit", "list", shop, as_="ada").stdout
    assert "city-pass: 12,50 % off in LIN, at most 5,00 a payment" in offers
    run(wallet, "benefit", "leave", "city-pass", as_="shop")
    run(wallet, "benefit", "remove", "city-pass", pass_holder, as_="stad")
    run(wallet, "benefit", "close", "city-pass", as_="stad")
    assert "closed" in wallet("benefit", "list", as_="ada").stdout


def test_who_has_too_little_reads_how_much_and_why_each_lot_did_not_fit(
    wallet: Wallet, node: Node, tmp_path: Path
) -> None:
    ada, shop = node.village.address("ada"), node.village.address("shop")
    for number, words in enumerate((("--category", "books"), ("--region", W2)), 1):
        file = tmp_path / f"{number}.csv"
        file.write_text(f"address;amount\n{ada};30,00\n")
        run(wallet, "payout", str(file), *words, as_="stad")
    short = wallet("pay", shop, "125", "--category", "food", as_="ada")
    assert short.exit_code == 3
    assert "25,00 more free coin is needed" in short.stderr
    for why in ("meant for other goods", "the place lies outside its region"):
        assert re.search(rf"Lot \d+: This coin [^.]*{why}", short.stderr), short.stderr
    run(wallet, "pay", shop, "125", "--category", "books", as_="ada")


def test_a_basket_adds_up(wallet: Wallet, node: Node) -> None:
    shop = node.village.address("shop")
    lines = ("--line", "food=1,50", "--line", "books=0,50")
    run(wallet, "pay", shop, "2", *lines, as_="ada")
    short = wallet("pay", shop, "3", *lines, as_="ada")
    assert (short.exit_code, "add up to 2,00" in short.stderr) == (2, True)
    assert wallet("pay", shop, "2", "--line", "food", as_="ada").exit_code == 2


@pytest.mark.parametrize("off", ["", "x", "12,345", "101", "-1", "1e1"])
def test_an_unclear_percentage_is_a_usage_error(wallet: Wallet, off: str) -> None:
    words = ("--payment-max", "5", "--month-max", "5", "--until", "2027-12-31")
    assert wallet("benefit", "open", "a", "--off", off, *words, as_="stad").exit_code == 2


def test_half_an_offer_is_a_usage_error(wallet: Wallet) -> None:
    words = ("--payment-max", "5", "--month-max", "5")
    assert wallet("benefit", "open", "a", *words, "--until", "soon", as_="stad").exit_code == 2
    assert (
        wallet("benefit", "open", "a", *words, "--until", "2027-12-31", as_="stad").exit_code == 2
    )
    assert wallet("benefit", "admit", "a", "--until", "2027-12-31", as_="stad").exit_code == 2
