"""Transactions step by step through pipes: build | sign | combine | send."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain import crypto
from chain.errors import Malformed
from governance_contracts.versions import RELEASE
from tests.wallet.conftest import Wallet, answer
from tests.wallet.fake_node import Node
from tests.wallet.village import COIN, entropy, founding_id
from wallet_cli.core import arguments, builder

pytestmark = pytest.mark.usefixtures("people")


def test_build_sign_send(wallet: Wallet, node: Node) -> None:
    built = wallet("tx", "build", "pay", node.village.address("bob"), "1,00", as_="ada")
    assert built.exit_code == 0, built.output
    asked = len(node.seen)
    signed = wallet("tx", "sign", "-", as_="ada", input=built.stdout)
    assert signed.exit_code == 0, signed.output
    assert len(node.seen) == asked, "signing needs no network"
    shown = answer(wallet("tx", "show", "-", "-o", "json", input=signed.stdout))
    assert shown["calls"][0]["args"]["lines"][0]["amount"] == 100
    told = wallet("tx", "show", "-", input=signed.stdout).stdout
    assert f"pay 1,00 {COIN} to {node.village.address('bob')}" in told
    assert node.village.address("ada") in told
    assert shown["signed_by"] == [{"signer": founding_id("ada").hex(), "key": 0}]
    sent = wallet("tx", "send", "-", "-o", "json", as_="ada", input=signed.stdout)
    assert sent.exit_code == 0, sent.output
    assert answer(sent)["tx_id"] == shown["id"]
    again = wallet("tx", "send", "-", "-o", "json", as_="ada", input=signed.stdout)
    assert answer(again)["tx_id"] == shown["id"], "the same transaction is not paid twice"
    assert answer(again) == answer(sent)
    assert answer(wallet("balance", "-o", "json", as_="bob"))["coins"][0]["free_cents"] == 100


def test_signatures_of_two_devices_are_combined(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    """Each adds a signature; one that no call asks for makes the chain refuse."""
    built = wallet("tx", "build", "pay", node.village.address("shop"), "1", as_="ada").stdout
    for name in ("ada", "bob"):
        signed = wallet("tx", "sign", "-", as_=name, input=built)
        (tmp_path / name).write_text(signed.stdout)
    both = wallet("tx", "combine", str(tmp_path / "ada"), str(tmp_path / "bob"))
    assert len(json.loads(both.stdout)["witnesses"]) == 2
    sent = wallet("tx", "send", "-", as_="ada", input=both.stdout)
    assert sent.exit_code == 3 and "UnneededWitness" in sent.stderr, sent.output


def test_different_transactions_do_not_combine(wallet: Wallet, node: Node, tmp_path: Path) -> None:
    for amount in ("1", "2"):
        built = wallet("tx", "build", "pay", node.village.address("bob"), amount, as_="ada")
        (tmp_path / amount).write_text(built.stdout)
    result = wallet("tx", "combine", str(tmp_path / "1"), str(tmp_path / "2"))
    assert result.exit_code == 2
    assert "different transactions" in result.stderr


@pytest.mark.parametrize("text", ["", "{}", "[]", "nonsense", '{"format": "x"}', "[" * 99999])
def test_what_is_no_transaction_is_a_usage_error(wallet: Wallet, text: str) -> None:
    for step, name in (("sign", "ada"), ("send", "ada"), ("show", None), ("combine", None)):
        assert wallet("tx", step, "-", as_=name, input=text).exit_code == 2, step


def test_a_changed_body_is_noticed_by_its_id(wallet: Wallet, node: Node) -> None:
    built = wallet("tx", "build", "pay", node.village.address("bob"), "1", as_="ada")
    sheet = json.loads(built.stdout)
    body = bytearray.fromhex(sheet["body"])
    body[40] ^= 1
    sheet["body"] = body.hex()
    result = wallet("tx", "sign", "-", as_="ada", input=json.dumps(sheet))
    assert result.exit_code == 2


def test_an_unsigned_transaction_is_not_sent(wallet: Wallet, node: Node) -> None:
    built = wallet("tx", "build", "pay", node.village.address("bob"), "1", as_="ada")
    result = wallet("tx", "send", "-", as_="ada", input=built.stdout)
    assert (result.exit_code, "Nobody has signed" in result.stderr) == (4, True)


def test_any_call_can_be_built_from_json(wallet: Wallet, node: Node) -> None:
    address = node.village.address("shop")
    args = json.dumps({"account": address, "coins": [COIN]})
    built = wallet("tx", "build", "call", "coin", "accept", args, as_="shop")
    assert built.exit_code == 0, built.output
    signed = wallet("tx", "sign", "-", as_="shop", input=built.stdout)
    assert wallet("tx", "send", "-", as_="shop", input=signed.stdout).exit_code == 0


@pytest.mark.parametrize(
    ("contract", "method", "args", "sentence"),
    [
        ("nothing", "accept", "{}", "there is no contract"),
        ("coin", "nothing", "{}", "has no call"),
        ("coin", "accept", "[]", "an object was expected"),
        ("coin", "accept", '{"coins": []}', "'account' is missing"),
        ("coin", "accept", '{"account": "00", "coins": [], "x": 1}', "'x' is not known"),
        ("coin", "accept", '{"account": "zz", "coins": []}', "not hexadecimal"),
        ("coin", "accept", '{"account": "00", "coins": []}', "length"),
        ("coin", "accept", '{"account": "00", "coins": [1]}', "str was expected"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(
    wallet: Wallet, contract: str, method: str, args: str, sentence: str
) -> None:
    result = wallet("tx", "build", "call", contract, method, args, as_="ada")
    assert result.exit_code == 2
    assert sentence in result.stderr


@pytest.mark.parametrize("motivation", [{"text": "For now."}, {"commitment": "07" * 32}])
def test_a_proposal_carries_calls_by_name(motivation: dict[str, str]) -> None:
    inner = {"contract": "coin", "method": "stop_minting", "args": {"coin": COIN, "stopped": True}}
    told = {"wijk": "WK1", "calls": [inner], "motivation": motivation, "conflicts": [], "work": 9}
    found = RELEASE.contracts[("board", 1)].methods["propose"]
    built = arguments.read_call("test", "board", "propose", found, told)
    shown = arguments.call_as_json(built)["args"]
    assert shown["motivation"] == motivation

    with pytest.raises(Malformed, match=r"\{text\} or \{commitment\} was expected"):
        arguments.read_call("test", "board", "propose", found, told | {"motivation": "For now."})


def test_a_sheet_says_the_same_in_json() -> None:
    from chain.transaction import AccountActor, Call

    call = Call("coin", 1, "accept", b"")
    body = builder.body(bytes(32), 0, AccountActor(bytes(20), 0), 1, 2, (call,))
    seed = entropy("x") * 2
    sheet = builder.sign(builder.Sheet(body, ()), bytes(20), 0, seed)
    assert builder.sheet_from_json(builder.sheet_as_json(sheet)) == sheet
    assert builder.sign(sheet, bytes(20), 0, seed) == sheet
    assert crypto.public_key(seed)
    with pytest.raises(Malformed):
        builder.Sheet(body, ()).sealed()
    with pytest.raises(Malformed):
        builder.body(bytes(32), 0, AccountActor(bytes(20), 0), 0, 2, (call,))


def test_numbers_never_repeat_on_one_device() -> None:
    assert builder.next_number(0, 0) == 1
    assert builder.next_number(7, 3) == 8
    assert builder.next_number(3, 7) == 8
