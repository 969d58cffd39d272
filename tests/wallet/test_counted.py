"""`wallet counted`: a resident sees that their coin is in the total, and believes nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN

pytestmark = pytest.mark.usefixtures("people")


def test_my_coin_is_counted_in_what_the_reserve_owes(wallet: Wallet) -> None:
    result = wallet("counted", "-o", "json", as_="bob")
    assert result.exit_code == 0, result.output
    data = answer(result)
    assert (data["counted_cents"], data["bound_cents"], data["total_cents"]) == (
        5_000,
        5_000,
        515_000,
    )
    again = wallet("counted", "--root", data["root"], as_="ada")
    assert again.exit_code == 0, again.output
    assert "100,00 LIN" in again.output and "5150,00 LIN" in again.output.replace(".", "")
    assert "the root that you gave" in again.output


def test_who_holds_none_can_look_at_the_total(wallet: Wallet) -> None:
    result = wallet("counted", "--coin", COIN, "-o", "json", as_="eef")
    assert result.exit_code == 0, result.output
    assert answer(result)["counted_cents"] == 0


def test_another_root_than_the_auditors_is_a_finding(wallet: Wallet) -> None:
    result = wallet("counted", "--root", "ab" * 32, as_="ada")
    assert result.exit_code == 6
    assert "tell the auditor" in result.output


def test_a_root_that_is_none_is_a_mistake(wallet: Wallet) -> None:
    result = wallet("counted", "--root", "ab", as_="ada")
    assert result.exit_code == 2
    assert "64 hexadecimal digits" in result.output


def left_out(path: str, data: dict[str, Any]) -> None:
    if path.endswith("liability-proof"):
        data["parts"] = []


def smaller_total(path: str, data: dict[str, Any]) -> None:
    if path.endswith("liability-proof"):
        data["total_cents"] -= 1


@pytest.mark.parametrize("lie", [left_out, smaller_total])
def test_who_is_left_out_sees_it(wallet: Wallet, node: Node, lie: Any) -> None:
    node.tamper = lie
    result = wallet("counted", as_="ada")
    assert result.exit_code == 6, result.output
    assert "not proved" in result.output and "Traceback" not in result.output
