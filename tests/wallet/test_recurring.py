"""Recurring payments, payments undone together, and mistakes, by command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node

pytestmark = pytest.mark.usefixtures("people")


def test_a_shop_collects_what_it_was_allowed(wallet: Wallet, node: Node) -> None:
    shop = node.village.address("shop")
    result = wallet("recurring", "allow", shop, "5,00", "--every", "week", as_="ada")
    assert result.exit_code == 0, result.output
    assert "recurring end" in result.stdout
    assert wallet("recurring", "collect", "1", "3,00", as_="shop").exit_code == 0
    over = wallet("recurring", "collect", "1", "2,01", "-o", "json", as_="shop")
    assert answer(over)["error"]["name"] == "AboveCeiling"
    for who in ("ada", "shop"):
        (one,) = answer(wallet("recurring", "list", "-o", "json", as_=who))["recurring"]
        assert (one["number"], one["left_cents"]) == (1, 200)
    assert "up to 5,00 LIN every week" in wallet("recurring", "list", as_="ada").stdout
    assert wallet("recurring", "pause", "1", as_="ada").exit_code == 0
    assert wallet("recurring", "collect", "1", "1", as_="shop").exit_code == 3
    assert wallet("recurring", "resume", "1", as_="ada").exit_code == 0
    assert wallet("recurring", "end", "1", as_="ada").exit_code == 0
    assert wallet("recurring", "list", as_="ada").stdout == "Nothing recurs.\n"


def test_an_order_is_made_for_its_day(wallet: Wallet, node: Node) -> None:
    bob = node.village.address("bob")
    result = wallet(
        "recurring", "order", bob, "7,50", "--from", "2026-10-01", "--times", "12", "-o", "json",
        as_="ada",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (one,) = answer(wallet("recurring", "list", "-o", "json", as_="bob"))["recurring"]
    assert (one["kind"], one["periods"], one["unit"]) == (2, 12, 2)


@pytest.mark.parametrize("every", ["0", "fortnight", "400"])
def test_what_is_no_period(wallet: Wallet, node: Node, every: str) -> None:
    bob = node.village.address("bob")
    assert wallet("recurring", "order", bob, "1", "--every", every, as_="ada").exit_code == 2


def test_two_people_undo_a_payment(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    paid = answer(wallet("pay", node.village.address("bob"), "4,00", "-o", "json", as_="ada"))
    sheet, signed = tmp_path / "undo.json", tmp_path / "signed.json"
    result = wallet("reverse", paid["tx_id"], "--out", str(sheet), as_="ada")
    assert result.exit_code == 0, result.output
    assert f"tx sign {sheet}" in result.stdout
    alone = wallet("tx", "send", str(sheet), as_="ada")
    assert alone.exit_code == 3
    # The other looks, signs and sends; a fresh sheet, for the first number is used.
    sheet.unlink()
    assert wallet("reverse", paid["tx_id"], "--out", str(sheet), as_="ada").exit_code == 0
    signed.write_text(wallet("tx", "sign", str(sheet), as_="bob").stdout)
    assert wallet("tx", "send", str(signed), as_="bob").exit_code == 0
    again = wallet("reverse", paid["tx_id"], "--out", str(sheet), as_="ada")
    assert again.exit_code == 2, "a file is not written over"


def test_a_mistake_is_reported_seen_and_answered(wallet: Wallet, node: Node) -> None:
    paid = answer(wallet("pay", node.village.address("bob"), "4,00", "-o", "json", as_="ada"))
    id = paid["tx_id"]
    result = wallet(
        "mistake", "report", id, "--reason", "wrong-payee", "--note", "sorry", as_="ada"
    )
    assert result.exit_code == 0, result.output
    assert "7 days" in result.stdout
    (case,) = answer(wallet("mistake", "list", "-o", "json", as_="bob"))["cases"]
    assert (case["role"], case["state"], case["amount_cents"]) == ("payee", 1, 400)
    assert "waits for an answer" in wallet("mistake", "list", as_="ada").stdout
    assert wallet("mistake", "answer", id, "--reply", "owed", as_="bob").exit_code == 0
    assert "answered: owed" in wallet("mistake", "list", as_="ada").stdout
    assert wallet("refund", id, as_="bob").exit_code == 0
    assert wallet("mistake", "list", as_="bob").stdout == "There is no case.\n"
