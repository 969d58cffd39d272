"""The document: one meaning, one chain id, and nothing in it that is not written out."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from msgspec.structs import replace

from chain.errors import Malformed
from chain.kinds import Tag
from genesis.city import demo_city
from genesis.document import Genesis, canonical, chain_id, dump, parse

CITY = demo_city(1, b"document", residents=2)
GENESIS = CITY.genesis
TREE: dict[str, Any] = json.loads(dump(GENESIS))


def test_what_is_written_is_read_back() -> None:
    assert parse(dump(GENESIS)) == GENESIS


def test_white_space_and_the_order_of_names_do_not_change_the_chain() -> None:
    def reversed_names(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: reversed_names(value[name]) for name in reversed(value)}
        if isinstance(value, list):
            return [reversed_names(entry) for entry in value]
        return value

    other = json.dumps(reversed_names(TREE), indent=7).encode()
    assert chain_id(parse(other)) == chain_id(GENESIS)


def test_every_field_is_in_the_chain_id() -> None:
    changed: dict[str, Any] = {
        "format": 2, "name": "Elders", "prefix": "x", "epoch": 1, "time_ms": 1, "protocol": 9,
        "contracts": (), "parameters": (), "regions": (), "issuers": (), "wijken": (),
        "accounts": (), "places": (),
    }  # fmt: skip
    assert set(changed) == set(Genesis.__struct_fields__)
    changed.pop("parameters")
    ids = {chain_id(replace(GENESIS, **{name: value})) for name, value in changed.items()}
    assert len(ids | {chain_id(GENESIS)}) == len(changed) + 1


def test_the_chain_id_follows_from_the_json_by_another_codec() -> None:
    """What `docs/protocol.md` says, with the reference library and hashlib only."""
    from hashlib import sha256

    hexadecimal = {
        "id", "key", "proof", "salt", "owner", "identity", "members", "successors", "treasury",
        "registrars", "account", "attestors", "signers", "custodian", "white_paper",
    }  # fmt: skip

    def plain(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return [plain(entry, field) for field, entry in value.items()]
        if isinstance(value, list):
            return [plain(entry, name) for entry in value]
        return bytes.fromhex(value) if name in hexadecimal and isinstance(value, str) else value

    packed = msgpack.packb(plain(TREE), use_bin_type=True)
    assert packed == canonical(GENESIS)
    assert chain_id(GENESIS) == sha256(bytes([Tag.GENESIS]) + packed).digest()


def test_the_chain_id_of_the_demo_city_is_fixed() -> None:
    """A vector: if this changes, so does the name of every chain."""
    assert len(chain_id(GENESIS)) == 32
    assert chain_id(GENESIS) == chain_id(demo_city(1, b"document", residents=2).genesis)
    assert chain_id(GENESIS) != chain_id(demo_city(1, b"other", residents=2).genesis)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("accounts", 0, "balance"), 100, "unknown field `balance`"),
        (("money",), 1, "unknown field `money`"),
        (("name",), None, "Expected `str`"),
        (("epoch",), 0.5, "Expected `int`"),
        (("epoch",), True, "Expected `int`"),
        (("time_ms",), "1", "Expected `int`"),
        (("time_ms",), -1, "`int` >= 0"),
        (("accounts", 0, "id"), "ab", "40 hexadecimal digits"),
        (("accounts", 0, "id"), TREE["accounts"][0]["id"].upper(), "40 hexadecimal digits"),
        (("accounts", 0, "keys", 0, "key"), "g" * 64, "64 hexadecimal digits"),
        (("accounts", 0, "kind"), "king", "Invalid enum value"),
        (("accounts", 0, "owner"), [TREE["accounts"][0]["id"]] * 2, "length <= 1"),
        (("wijken", 0, "coins", 0, "code"), "a b", "matching regex"),
        (("regions", 3, "rings", 0, 0), [1.5, 2], "Expected `int`"),
        (("regions", 3, "rings", 0, 0), [1, 2, 3], "length 2"),
    ],
)
def test_a_wrong_field_is_refused_with_its_place(
    path: tuple[str | int, ...], value: Any, said: str
) -> None:
    tree: Any = json.loads(json.dumps(TREE))
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(Malformed) as caught:
        parse(json.dumps(tree).encode())
    assert said in str(caught.value)


def test_every_field_must_be_there() -> None:
    for name in TREE:
        rest = {field: value for field, value in TREE.items() if field != name}
        with pytest.raises(Malformed, match=f"missing required field `{name}`"):
            parse(json.dumps(rest).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)
