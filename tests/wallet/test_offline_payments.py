"""Two wallets and no node: set aside, pay from device to device, settle later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from msgspec.structs import replace

from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.coins.balances import free_of
from governance_contracts.offline.records import Total
from tests.wallet import village as place
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, founding_id
from wallet_cli import desk
from wallet_cli import profile as profiles
from wallet_cli.core.offline import Token, device_seed, read_token, sign_payment, write_token
from wallet_cli.main import root
from wallet_cli.offline.store import opened

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def shop_home(home: Path, tmp_path: Path, wallet: Wallet) -> Path:
    """The shop's device is another one: its own home, which knows nothing of ada's."""
    other = tmp_path / "shop"
    other.mkdir(mode=0o700)
    (home / "shop.wallet").rename(other / "shop.wallet")
    return other


@pytest.fixture
def shop(shop_home: Path, wallet: Wallet) -> Callable[..., Result]:
    return lambda *words: wallet("offline", *words, "--home", str(shop_home))


@pytest.fixture
def ada(wallet: Wallet) -> Callable[..., Result]:
    return lambda *words: wallet("offline", *words, as_="ada")


def at(monkeypatch: pytest.MonkeyPatch, ms: int) -> None:
    """The devices' clocks, so much after the village's beginning."""
    clock = SimpleNamespace(time_ns=lambda: (place.START_MS + ms) * 1_000_000)
    monkeypatch.setattr(desk, "time", clock)


def good(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return answer(result)


def token(ada: Callable[..., Result], amount: str, *more: str) -> str:
    text: str = good(ada("pay", "1", amount, *more, "-o", "json"))["token"]
    return text


def test_two_wallets_and_no_node(
    node: Node, ada: Callable[..., Result], shop: Callable[..., Result]
) -> None:
    """ada sets 20 aside for the shop; the network goes; she pays 7.50 and 2.50; it comes back."""
    said = ada("allow", node.village.address("shop"), "20,00")
    assert said.exit_code == 0, said.output
    assert good(shop("sync", "-o", "json"))["height"] == node.village.ledger.tip.height
    node.stop()

    (row,) = good(ada("allowances", "-o", "json"))
    assert (row["number"], row["left_cents"], row["place"]) == (1, 2_000, 1)
    taken = good(shop("accept", token(ada, "7,50"), "-o", "json"))
    assert taken == {
        "allowance": 1, "amount_cents": 750, "amount": "7,50", "coin": COIN,
        "guaranteed": True, "doubts": [],
    }  # fmt: skip
    second = token(ada, "2,50", "--short")
    assert good(shop("accept", second, "-o", "json"))["amount_cents"] == 250
    assert good(ada("last", "1", "-o", "json"))["paid_cents"] == 1_000
    again = shop("accept", second)
    assert again.exit_code == 6 and "nothing is added" in again.output
    refused = ada("pay", "1", "10,01")
    assert refused.exit_code == 2 and "10,00" in refused.output

    node.start()
    settled = shop("settle", "--node", node.url, "-o", "json")
    assert good(settled)["credited_cents"] == 1_000
    assert free_of(node.village.ledger, founding_id("shop"), COIN) == 1_000
    assert good(shop("settle", "--node", node.url, "-o", "json"))["payments"] == []
    assert shop("release", "1", "--node", node.url).exit_code == 0
    assert free_of(node.village.ledger, founding_id("ada"), COIN) == 9_000


def test_what_a_seller_released_is_not_on_the_device_any_more(
    node: Node, ada: Callable[..., Result], shop: Callable[..., Result]
) -> None:
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    assert shop("release", "1").exit_code == 0
    assert good(ada("allowances", "-o", "json")), "the device has not heard of it"
    assert good(ada("sync", "-o", "json"))["allowances"] == []
    assert good(ada("allowances", "-o", "json")) == []
    refused = ada("pay", "1", "1,00")
    assert refused.exit_code == 2 and "it has ended" in refused.output


def test_a_copied_device_gains_nothing(
    node: Node, ada: Callable[..., Result], shop: Callable[..., Result], home: Path
) -> None:
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    shop("sync")
    purse = home / ".ada.offline"
    copy = purse.read_bytes()
    assert good(shop("accept", token(ada, "20,00"), "-o", "json"))["guaranteed"]
    purse.write_bytes(copy)
    clone = token(ada, "20,00")
    assert shop("accept", clone).exit_code == 6
    assert good(shop("settle", "-o", "json"))["credited_cents"] == 2_000


def test_what_is_not_guaranteed_is_said(
    node: Node,
    ada: Callable[..., Result],
    shop: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    first = good(shop("accept", token(ada, "1,00"), "-o", "json"))
    assert (first["guaranteed"], first["doubts"]) == (False, ["header", "seats"])
    shop("sync")
    assert good(shop("accept", token(ada, "1,00"), "-o", "json"))["guaranteed"]
    at(monkeypatch, DAY_MS + 60_000)
    stale = shop("accept", token(ada, "1,00"))
    assert stale.exit_code == 0 and "NOT GUARANTEED" in stale.output
    assert "24 hours" in stale.output
    last = token(ada, "1,00")
    at(monkeypatch, 8 * DAY_MS)
    assert ada("pay", "1", "1,00").exit_code == 2
    late = shop("accept", last)
    assert late.exit_code == 6 and "run out" in late.output


def test_a_header_that_the_payer_brings_moves_the_seller_on(
    node: Node,
    wallet: Wallet,
    ada: Callable[..., Result],
    shop: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop("sync")  # before the allowance is there
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    assert good(shop("accept", token(ada, "1,00"), "-o", "json"))["guaranteed"]


@pytest.mark.parametrize("spoilt", ["", "nonsense", "SOCIALCOIN-OFFLINE:ABC", "last", "signature"])
def test_bad_tokens(
    node: Node, ada: Callable[..., Result], shop: Callable[..., Result], spoilt: str
) -> None:
    ada("allow", node.village.address("shop"), "20,00")
    shop("sync")
    good_one = token(ada, "1,00")
    if spoilt == "last":
        spoilt = good_one[:-9]
    elif spoilt == "signature":
        read = read_token(good_one)
        forged = replace(read.signed, signature=bytes(64))
        spoilt = write_token(replace(read, signed=forged))
    result = shop("accept", spoilt)
    assert result.exit_code == 6, result.output
    assert "Nothing was paid" in result.output
    assert shop("accept", good_one).exit_code == 0


def test_a_payment_that_the_seller_did_not_get_is_shown_again(
    node: Node, ada: Callable[..., Result], shop: Callable[..., Result]
) -> None:
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    shop("sync")
    assert ada("last", "1").exit_code == 2
    lost = token(ada, "3,00")
    again = good(ada("last", "1", "-o", "json"))
    assert again["token"] == lost
    assert good(shop("accept", again["token"], "-o", "json"))["amount_cents"] == 300


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total": 2_001}, "more than was set aside"),
        ({"place": 2}, "another seller or place"),
        ({"seller": founding_id("far")}, "another account"),
        ({"allowance": 2}, "without the allowance"),
    ],
)
def test_what_a_dishonest_device_signs_is_not_taken(
    node: Node,
    ada: Callable[..., Result],
    shop: Callable[..., Result],
    home: Path,
    change: dict[str, Any],
    said: str,
) -> None:
    assert ada("allow", node.village.address("shop"), "20,00").exit_code == 0
    shop("sync")
    profile = profiles.read(home, "ada").profile
    with opened(home, profile) as store:
        kept = store.allowance(1)
    honest = Total(1, founding_id("shop"), 1, Cents(1_000))
    secret = device_seed(place.seed("ada"), kept.nonce)
    signed = sign_payment(node.village.chain, 0, replace(honest, **change), secret)
    result = shop("accept", write_token(Token(signed, kept.certificate)))
    assert result.exit_code == 6 and said in result.output, result.output


def test_another_shop_takes_nothing_of_it(
    node: Node, wallet: Wallet, ada: Callable[..., Result]
) -> None:
    ada("allow", node.village.address("shop"), "20,00")
    wallet("offline", "sync", as_="far")
    result = wallet("offline", "accept", token(ada, "1,00"), as_="far")
    assert result.exit_code == 6 and "another account" in result.output


def test_any_seller_under_a_guarantee_and_a_copied_device(
    node: Node, wallet: Wallet, ada: Callable[..., Result], home: Path
) -> None:
    """The city's fund covers ada. Her device is copied and pays two shops 15 out of 20."""
    for words in (["guarantee", "100,00"], ["cover", "1", node.village.address("ada")]):
        result = wallet("offline", *words, as_="stad")
        assert result.exit_code == 0, result.output
    result = ada("allow-any", "1", "20,00")
    assert result.exit_code == 0, result.output
    for name in ("shop", "far"):
        wallet("offline", "sync", as_=name)
    copy = (home / ".ada.offline").read_bytes()
    tokens = []
    for name in ("shop", "far"):
        (home / ".ada.offline").write_bytes(copy)
        tokens.append(token(ada, "15,00", "--to", node.village.address(name)))
        taken = wallet("offline", "accept", tokens[-1], "-o", "json", as_=name)
        assert good(taken)["guaranteed"]
    for name in ("shop", "far"):
        settled = wallet("offline", "settle", "-o", "json", as_=name)
        assert good(settled)["credited_cents"] == 1_500
    report = wallet("offline", "report", *tokens, "-o", "json", as_="bob")
    assert answer(report)["error"]["name"] == "DeviceKnownFrozen"
    (home / ".ada.offline").write_bytes(copy)
    ada("sync")
    third = token(ada, "5,00", "--to", node.village.address("shop"))
    said = wallet("offline", "accept", third, as_="shop")
    assert said.exit_code == 6  # number 1 again
    assert wallet("offline", "repay", "1", "10,00", as_="ada").exit_code == 0
    assert wallet("offline", "end-guarantee", "1", as_="stad").exit_code == 0


def test_what_allow_asks(ada: Callable[..., Result], node: Node) -> None:
    assert ada("allow", "5,00").exit_code == 2
    assert ada("allow", "notanaddress", "5,00").exit_code == 2
    refused = ada("allow-any", "1", "5,00", "-o", "json")
    assert (refused.exit_code, answer(refused)["error"]["name"]) == (3, "UnknownGuarantee")
    assert ada("allow", node.village.address("bob"), "5,00").exit_code == 2
    refused = ada("allow", node.village.address("shop"), "50,01", "-o", "json")
    assert (refused.exit_code, answer(refused)["error"]["name"]) == (3, "AllowanceTooLarge")
    assert good(ada("allowances", "-o", "json")) == []
    assert ada("pay", "1", "1,00").exit_code == 2


def test_the_commands_are_there() -> None:
    offline = root.get_command(None, "wallet").get_command(None, "offline")  # type: ignore
    assert {"allow", "pay", "accept", "settle", "sync", "release"} <= set(offline.commands)
