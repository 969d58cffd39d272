"""A second implementation of `docs/protocol.md`, from hashlib, msgpack and libsodium alone.

It shares nothing with the project but the committed vectors: if both agree, the document and the
vectors suffice. Function names are those of the document's sections.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

HERE = Path(__file__).parent
EMPTY = bytes(32)


def load(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text())


def x(text: str) -> bytes:
    return bytes.fromhex(text)


def H(tag: int, *parts: bytes) -> bytes:
    return sha256(bytes([tag]) + b"".join(parts)).digest()


def pack(value: Any) -> bytes:
    """Canonical MessagePack; "hex:..." stands for bytes."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return x(value[4:]) if isinstance(value, str) and value.startswith("hex:") else value

    data: bytes = msgpack.packb(plain(value), use_bin_type=True)
    return data


def sign_bytes(kind: int, chain: bytes, epoch: int, body: bytes) -> bytes:
    return b"socialcoin/1\x00" + bytes([kind]) + chain + epoch.to_bytes(4, "big") + body


def good(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def test_kinds_and_tags() -> None:
    vectors = load("kinds")
    for row in vectors["hashes"]:
        assert H(row["tag"], b"abc").hex() == row["hash"]
    for row in vectors["signatures"]:
        signed = sign_bytes(row["kind"], x(row["chain"]), row["epoch"], x(row["body"]))
        assert signed.hex() == row["signed"]
        assert SigningKey(x(row["seed"])).sign(signed).signature.hex() == row["signature"]


def bech32m(prefix: str, data: bytes) -> str:
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join(f"{byte:08b}" for byte in data)
    values = [int(bits[i : i + 5].ljust(5, "0"), 2) for i in range(0, len(bits), 5)]
    check = 1
    ahead = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    for value in ahead + values + [0] * 6:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= g if top >> i & 1 else 0
    check ^= 0x2BC830A3
    values += [check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    return prefix + "1" + "".join(letters[value] for value in values)


def test_account_ids_and_addresses() -> None:
    for row in load("accounts")["accounts"]:
        initial = pack([[x(k) for k in row["keys"]], row["threshold"], x(row["salt"])])
        account = H(2, x(row["chain"]), initial)[:20]
        assert account.hex() == row["account"]
        assert bech32m(row["prefix"], account) == row["address"]


def test_transactions() -> None:
    rows = load("transactions")["transactions"]
    for row in rows:
        body = pack(row["body"])
        wire = pack([1, body, row["witnesses"]])
        assert (body.hex(), wire.hex()) == (row["body_bytes"], row["wire"])
        assert (H(3, body).hex(), H(4, wire).hex()) == (row["id"], row["wire_hash"])
        chain, epoch = x(row["body"][1][4:]), row["body"][2]
        signed = sign_bytes(1, chain, epoch, body)
        assert signed.hex() == row["signed"]
        order = [(x(w[1][4:]), w[2]) for w in row["witnesses"]]
        assert order == sorted(set(order))
        for key, one in zip(row["public_keys"], row["witnesses"], strict=True):
            assert good(x(key), signed, x(one[3][4:]))
    assert rows[1]["id"] == rows[2]["id"] and rows[1]["wire_hash"] != rows[2]["wire_hash"]


def node_hash(leaves: dict[str, bytes], depth: int) -> bytes:
    slots = []
    for digit in "0123456789abcdef":
        below = {path: leaf for path, leaf in leaves.items() if path[depth] == digit}
        if len(below) > 1:
            slots.append(node_hash(below, depth + 1))
        else:
            slots.append(next(iter(below.values()), EMPTY))
    return H(8, *slots)


def tree_path(table: int, key: bytes) -> bytes:
    return H(6, table.to_bytes(2, "big"), key)


def tree_leaf(path: bytes, stored: bytes) -> bytes:
    return H(7, path, H(9, stored))


def fold(path: bytes, bottom: bytes, levels: list[Any]) -> bytes | None:
    current = bottom
    for depth in reversed(range(len(levels))):
        tag, used, slots = levels[depth]
        own = int(path.hex()[depth], 16)
        if tag != 1 or used >> own & 1 or bin(used).count("1") != len(slots):
            return None
        given = iter(slots)
        current = H(
            8,
            *(current if i == own else next(given) if used >> i & 1 else EMPTY for i in range(16)),
        )
    return current


def test_the_state_tree() -> None:
    vectors = load("state")
    leaves = {}
    for row in vectors["records"]:
        path, stored = tree_path(vectors["table"], x(row["key"])), x(row["stored"])
        assert stored[:16] == H(10, x(vectors["writer"]), path)[:16]
        leaves[path.hex()] = tree_leaf(path, stored)
    assert node_hash({}, 0).hex() == vectors["empty_root"]
    assert node_hash(leaves, 0).hex() == vectors["root_of_all"]
    first = dict(list(leaves.items())[:30])
    root = node_hash(first, 0)
    assert root.hex() == vectors["root_of_first_30"]
    seen = []
    for row in vectors["proofs"]:
        path = tree_path(vectors["table"], x(row["key"]))
        tag, levels, other = msgpack.unpackb(x(row["proof"]))
        assert tag == 1
        bottom = EMPTY
        if row["stored"] is not None:
            assert other == []
            bottom = tree_leaf(path, x(row["stored"]))
        elif other:
            _, at, value = other[0]
            assert at != path and at.hex()[: len(levels)] == path.hex()[: len(levels)]
            bottom = H(7, at, value)
        assert fold(path, bottom, levels) == root
        seen.append("present" if row["stored"] else "other leaf" if other else "empty slot")
    assert set(seen) == {"present", "other leaf", "empty slot"}


def mth(items: list[bytes], leaf: int, node: int) -> bytes:
    """RFC 9162, 2.1.1."""
    if not items:
        return EMPTY
    if len(items) == 1:
        return H(leaf, items[0])
    k = 1 << (len(items) - 1).bit_length() - 1
    return H(node, mth(items[:k], leaf, node), mth(items[k:], leaf, node))


def list_root(items: list[bytes]) -> bytes:
    return H(13, len(items).to_bytes(8, "big"), mth(items, 11, 12))


def climb(current: bytes, index: int, count: int, siblings: list[bytes], node: int) -> bytes:
    last = count - 1
    for sibling in siblings:
        while not index & 1 and index == last:
            index, last = index >> 1, last >> 1
        pair = (sibling, current) if index & 1 else (current, sibling)
        current, index, last = H(node, *pair), index >> 1, last >> 1
    return current


def test_lists_and_history() -> None:
    vectors = load("lists")
    items = [x(item) for item in vectors["items"]]
    for row in vectors["lists"]:
        assert list_root(items[: row["count"]]).hex() == row["root"]
    for row in vectors["histories"]:
        assert mth(items[: row["count"]], 17, 18).hex() == row["root"]
    for n in range(11):
        tag, index, count, siblings = msgpack.unpackb(x(vectors["list_proofs"][n]))
        top = climb(H(11, items[n]), index, count, siblings, 12)
        assert (tag, index, count) == (1, n, 11)
        assert H(13, count.to_bytes(8, "big"), top) == list_root(items)
        tag, index, count, siblings = msgpack.unpackb(x(vectors["history_proofs"][n]))
        assert climb(H(17, items[n]), index, count, siblings, 18) == mth(items, 17, 18)
    for row in vectors["consistency"]:
        proof = [x(one) for one in row["proof"]]
        assert proof == (subproof(row["old"], items, True) if row["old"] else [])


def subproof(m: int, items: list[bytes], whole: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1."""
    if m == len(items):
        return [] if whole else [mth(items, 17, 18)]
    k = 1 << (len(items) - 1).bit_length() - 1
    if m <= k:
        return [*subproof(m, items[:k], whole), mth(items[k:], 17, 18)]
    return [*subproof(m - k, items[k:], False), mth(items[:k], 17, 18)]


def test_headers_certificates_and_receipts() -> None:
    v = load("blocks")
    assert H(14, pack(v["seats"])).hex() == v["seats_hash"]
    assert H(14, pack(v["seats"][:3])).hex() == v["next_seats_hash"]
    assert pack(v["certificate"]).hex() == v["certificate_bytes"]
    assert H(15, pack([v["certificate"]])).hex() == v["certificate_hash"]
    assert H(15, pack([])).hex() == v["no_certificate_hash"]
    _, height, round, block, signatures = v["certificate"]
    chain, epoch = x(v["header"][1][4:]), v["header"][2]
    for _, seat, signature in signatures:
        signed = sign_bytes(3, chain, epoch, pack([1, height, round, block, seat]))
        assert good(x(v["seats"][seat][2][4:]), signed, x(signature[4:]))

    leaves = []
    for receipt, expected in zip(v["receipts"], v["receipt_leaves"], strict=True):
        _, wire, id, refusal, events = receipt
        records = [[1, wire, id, refusal]]
        parties: dict[str, list[str]] = {}
        for _, party, data in events:
            parties.setdefault(party, []).append(data)
        records += [[2, wire, id, party, datas] for party, datas in parties.items()]
        hashed = [H(19, pack(record)) for record in records]
        assert [leaf.hex() for leaf in hashed] == expected
        leaves += hashed

    h = v["header"]
    assert x(h[8][4:]) == list_root([x(wire) for wire in v["wire_hashes"]])
    assert x(h[9][4:]) == list_root([H(16, x(item)) for item in v["evidence"]])
    assert h[10][4:] == v["certificate_hash"]
    assert x(h[12][4:]) == list_root(leaves)
    assert (h[13][4:], h[14][4:]) == (v["seats_hash"], v["next_seats_hash"])
    assert x(h[15][4:]) == H(17, x(h[5][4:]))
    assert pack(h).hex() == v["header_bytes"]
    assert H(5, pack(h)).hex() == v["header_hash"]


def test_offline_payments() -> None:
    vectors = load("offline")
    for row in vectors["payments"]:
        body = pack(row["record"])
        signed = sign_bytes(12, x(row["chain"]), row["epoch"], body)
        assert (body.hex(), signed.hex()) == (row["bytes"], row["signed"])
        assert SigningKey(x(row["seed"])).sign(signed).signature.hex() == row["signature"]
    for pair in vectors["pairs"]:
        first, second = sorted((pair["first"], pair["second"]), key=lambda p: int(p[4]))
        if first[4] == second[4]:
            double = first != second
        else:
            double = second[7] - second[6] < first[7]
        assert double is pair["double"]


@pytest.mark.parametrize("case", load("ed25519")["cases"], ids=lambda case: case["name"])
def test_ed25519(case: Any) -> None:
    assert good(x(case["key"]), x(case["message"]), x(case["signature"])) is case["holds"]
