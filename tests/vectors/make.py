"""Write the vectors: what a second implementation of `docs/protocol.md` must reproduce.

Run by hand from the project's root, `python -m tests.vectors.make`; a test compares the committed
files with what the code gives. All bytes are in hexadecimal. A change here is a change of the
protocol: old vectors are kept, new ones added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chain import crypto, tree
from chain.account import Holding, Purse, Window, account_id
from chain.address import encode_address
from chain.block import (
    Header,
    PartyEvent,
    Receipt,
    RefusalRecord,
    evidence_root,
    header_hash,
    receipt_leaves,
    receipts_root,
    transactions_root,
)
from chain.certificate import (
    Certificate,
    Seat,
    SeatSignature,
    Vote,
    certificate_hash,
    seats_hash,
    vote_bytes,
)
from chain.codec import Record, encode
from chain.kinds import Kind, Tag
from chain.ledger import SALT_BYTES
from chain.merkle import (
    EMPTY_FRONTIER,
    append,
    history_root,
    list_root,
    new_subtrees,
    prove_consistency,
    prove_history,
    prove_in_list,
)
from chain.money import Cents
from chain.selftest import CASES
from chain.transaction import AccountActor, Body, Call, KeyActor, parse, seal, witness
from governance_contracts.offline.general import are_double
from governance_contracts.offline.records import GeneralPayment, Total, payment_bytes

HERE = Path(__file__).parent
Json = dict[str, Any]

CHAIN = crypto.tagged(Tag.GENESIS, b"vectors")
SEEDS = [bytes([n]) * 32 for n in range(1, 5)]
KEYS = [crypto.public_key(seed) for seed in SEEDS]
SALT = bytes(range(16))
ACCOUNT = account_id(CHAIN, (KEYS[0],), 1, SALT)
SHARED = account_id(CHAIN, tuple(KEYS[:3]), 2, SALT)


def plain(value: Any) -> Any:
    """A record as JSON: an array that begins with the tag; bytes in hexadecimal, marked."""
    if isinstance(value, Record):
        values = [getattr(value, name) for name in value.__struct_fields__]
        return [value.__struct_config__.tag, *map(plain, values)]
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return "hex:" + value.hex() if isinstance(value, bytes) else value


def kinds() -> Json:
    return {
        "hashes": [
            {"tag": tag.value, "name": tag.name, "hash": crypto.tagged(tag, b"abc").hex()}
            for tag in Tag
        ],
        "signatures": [
            {
                "kind": kind.value,
                "name": kind.name,
                "chain": CHAIN.hex(),
                "epoch": 7,
                "body": b"abc".hex(),
                "seed": SEEDS[0].hex(),
                "key": KEYS[0].hex(),
                "signed": (signed := crypto.sign_bytes(kind, CHAIN, 7, b"abc")).hex(),
                "signature": crypto.sign(SEEDS[0], signed).hex(),
            }
            for kind in Kind
        ],
    }


def accounts() -> Json:
    def one(keys: list[bytes], threshold: int) -> Json:
        account = account_id(CHAIN, tuple(keys), threshold, SALT)
        return {
            "chain": CHAIN.hex(),
            "keys": [key.hex() for key in keys],
            "threshold": threshold,
            "salt": SALT.hex(),
            "account": account.hex(),
            "prefix": "sctest",
            "address": encode_address("sctest", account),
        }

    return {"accounts": [one(KEYS[:1], 1), one(KEYS[:3], 2), one(KEYS[:4], 4)]}


def transactions() -> Json:
    pay = Call("pay", 1, "pay", encode((1, ACCOUNT, 2**33)))
    single = Body(CHAIN, 0, AccountActor(ACCOUNT, 1), 1, 1_800_000_000_000, (pay,))
    several = Body(CHAIN, 3, AccountActor(SHARED, 2), 2**40, 1_800_000_000_000, (pay, pay))
    once = Body(CHAIN, 0, KeyActor(KEYS[3]), 1, 0, (Call("poll", 2, "vote", b""),))
    shared = [witness(several, SHARED, n + 1, SEEDS[n]) for n in range(3)]
    sealed = [
        ("one key", single, [witness(single, ACCOUNT, 1, SEEDS[0])]),
        ("two of three keys", several, [shared[0], shared[1]]),
        ("the same body, two others: one id, another wire hash", several, [shared[1], shared[2]]),
        ("a one-time key", once, [witness(once, KEYS[3], 0, SEEDS[3])]),
    ]
    rows = []
    for what, body, witnesses in sealed:
        transaction = parse(seal(body, witnesses))
        rows.append(
            {
                "what": what,
                "body": plain(body),
                "witnesses": plain(transaction.witnesses),
                "public_keys": [
                    KEYS[w.key - 1 if w.key else 3].hex() for w in transaction.witnesses
                ],
                "body_bytes": transaction.body_bytes.hex(),
                "id": transaction.id.hex(),
                "signed": transaction.sign_bytes().hex(),
                "wire": transaction.data.hex(),
                "wire_hash": transaction.wire_hash.hex(),
            }
        )
    return {"transactions": rows}


def offline() -> Json:
    """Payments of a device; and pairs of general payments, double or not."""
    one = GeneralPayment(9, ACCOUNT, 1, 1, 20_454, Cents(500), Cents(500))
    others = (
        GeneralPayment(9, SHARED, 1, 1, 20_454, Cents(500), Cents(500)),
        GeneralPayment(9, SHARED, 1, 2, 20_454, Cents(300), Cents(800)),
        GeneralPayment(9, SHARED, 1, 2, 20_454, Cents(300), Cents(799)),
        one,
    )
    payments = (Total(7, ACCOUNT, 1, Cents(1_250)), one)
    return {
        "payments": [
            {
                "record": plain(payment),
                "bytes": encode(payment).hex(),
                "chain": CHAIN.hex(),
                "epoch": 7,
                "seed": SEEDS[1].hex(),
                "signed": (signed := payment_bytes(CHAIN, 7, payment)).hex(),
                "signature": crypto.sign(SEEDS[1], signed).hex(),
            }
            for payment in payments
        ],
        "pairs": [
            {"first": plain(one), "second": plain(other), "double": are_double(one, other)}
            for other in others
        ],
    }


def state() -> Json:
    """Forty records, some of them deleted again, and proofs."""
    writer = crypto.tagged(Tag.WIRE, b"writer")
    records = []
    for n in range(40):
        key = crypto.tagged(Tag.ACCOUNT_ID, bytes([n]))[:20]
        record = Purse((Window(1, n, 1),), (Holding("eur", Cents(n)),), ())
        path = tree.tree_path(2, key)
        salt = crypto.tagged(Tag.RECORD_SALT, writer, path)[:SALT_BYTES]
        records.append((key, path, salt + encode(record)))
    nodes: dict[str, tree.Node] = {}

    def update(changes: list[tree.Change]) -> bytes:
        root, written = tree.update(nodes.get, changes)
        for prefix, node in written.items():
            if node is None:
                nodes.pop(prefix, None)
            else:
                nodes[prefix] = node
        return root

    full = update([(path, tree.leaf_hash(path, stored)) for _, path, stored in records])
    root = update([(path, None) for _, path, _ in records[30:]])
    proofs = []
    for key, path, stored in (*records[:3], *records[30:36]):
        levels, found, _ = tree.walk(nodes.get, path)
        other: tuple[tree.OtherLeaf, ...] = ()
        if found not in (None, path):
            there = next(stored for _, at, stored in records if at == found)
            assert found is not None
            other = (tree.OtherLeaf(found, crypto.tagged(Tag.RECORD_VALUE, there)),)
        proofs.append(
            {
                "key": key.hex(),
                "stored": stored.hex() if found == path else None,
                "proof": encode(tree.Proof(levels, other)).hex(),
            }
        )
    return {
        "table": 2,
        "writer": writer.hex(),
        "records": [{"key": key.hex(), "stored": stored.hex()} for key, _, stored in records],
        "empty_root": tree.EMPTY_ROOT.hex(),
        "root_of_all": full.hex(),
        "root_of_first_30": root.hex(),
        "proofs": proofs,
    }


def lists() -> Json:
    items = [crypto.tagged(Tag.WIRE, bytes([n])) for n in range(11)]
    frontier, subtrees = EMPTY_FRONTIER, dict[tuple[int, int], bytes]()
    history = []
    for n in range(12):
        history.append({"count": n, "root": history_root(frontier).hex()})
        if n < 11:
            subtrees |= {(lv, i): h for lv, i, h in new_subtrees(frontier, items[n])}
            frontier = append(frontier, items[n])

    def subtree(level: int, index: int) -> bytes:
        return subtrees[(level, index)]

    return {
        "items": [item.hex() for item in items],
        "lists": [{"count": n, "root": list_root(items[:n]).hex()} for n in range(12)],
        "list_proofs": [encode(prove_in_list(items, n)).hex() for n in range(11)],
        "histories": history,
        "history_proofs": [encode(prove_history(subtree, 11, n)).hex() for n in range(11)],
        "consistency": [
            {"old": old, "new": 11, "proof": [h.hex() for h in prove_consistency(subtree, old, 11)]}
            for old in range(12)
        ],
    }


def blocks() -> Json:
    seats = tuple(Seat(f"WK03610{n}", KEYS[n]) for n in range(4))
    block_hash = crypto.tagged(Tag.HEADER, b"parent")
    signatures = []
    for n in (0, 2, 3):
        vote = Vote(41, 1, block_hash, n)
        message = vote_bytes(Kind.PRECOMMIT, CHAIN, 0, vote)
        signatures.append(SeatSignature(n, crypto.sign(SEEDS[n], message)))
    certificate = Certificate(41, 1, block_hash, tuple(signatures))
    wires = [crypto.tagged(Tag.WIRE, bytes([n])) for n in range(2)]
    ids = [crypto.tagged(Tag.TRANSACTION_ID, bytes([n])) for n in range(2)]
    receipts = (
        Receipt(wires[0], ids[0], (RefusalRecord(1, 42, ("pay", 1, 2)),), ()),
        Receipt(
            wires[1],
            ids[1],
            (),
            (
                PartyEvent(ACCOUNT, encode((300, 5))),
                PartyEvent(b"", encode((301, "public"))),
                PartyEvent(ACCOUNT, encode((300, 6))),
                PartyEvent(SHARED, encode((300, 7))),
            ),
        ),
    )
    evidence = (b"first", b"second")
    header = Header(
        chain=CHAIN,
        epoch=0,
        protocol=1,
        height=42,
        parent=block_hash,
        time_ms=1_800_000_000_000,
        proposer="WK036102",
        transactions=transactions_root(wires),
        evidence=evidence_root(evidence),
        parent_certificate=certificate_hash((certificate,)),
        state=tree.EMPTY_ROOT,
        receipts=receipts_root(receipts),
        seats=seats_hash(seats),
        next_seats=seats_hash(seats[:3]),
        history=history_root(append(EMPTY_FRONTIER, block_hash)),
    )
    return {
        "seats": plain(seats),
        "seats_hash": seats_hash(seats).hex(),
        "next_seats_hash": seats_hash(seats[:3]).hex(),
        "certificate": plain(certificate),
        "certificate_bytes": encode(certificate).hex(),
        "certificate_hash": certificate_hash((certificate,)).hex(),
        "no_certificate_hash": certificate_hash(()).hex(),
        "wire_hashes": [wire.hex() for wire in wires],
        "evidence": [item.hex() for item in evidence],
        "receipts": plain(receipts),
        "receipt_leaves": [[leaf.hex() for leaf in receipt_leaves(r)] for r in receipts],
        "header": plain(header),
        "header_bytes": encode(header).hex(),
        "header_hash": header_hash(header).hex(),
    }


def ed25519() -> Json:
    return {
        "cases": [
            {
                "name": case.name,
                "key": case.key.hex(),
                "message": case.message.hex(),
                "signature": case.signature.hex(),
                "holds": case.holds,
                "sound_key": case.sound_key,
            }
            for case in CASES
        ]
    }


VECTORS = {
    "accounts": accounts,
    "blocks": blocks,
    "ed25519": ed25519,
    "kinds": kinds,
    "lists": lists,
    "offline": offline,
    "state": state,
    "transactions": transactions,
}


def text(name: str) -> str:
    return json.dumps(VECTORS[name](), indent=1) + "\n"


if __name__ == "__main__":
    for name in VECTORS:
        (HERE / f"{name}.json").write_text(text(name))
