"""A village for the wallet's tests: a founding document, a real ledger, a node's API around it.

Nothing here pretends: the document is parsed by `genesis`, transactions run through
`chain.execution`, headers are signed by the seats, records and receipts are proved by the ledger's
tree. What is missing is consensus: one process holds all the seats' keys and makes a block for
every transaction.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from chain import crypto
from chain.account import account_id
from chain.address import encode_address
from chain.admission import Signatures
from chain.block import Receipt
from chain.certificate import Certificate, Seat, SeatSignature, Vote, quorum, vote_bytes
from chain.execution import Applied, build_block
from chain.kinds import Kind
from chain.ledger import Ledger, MemoryStore
from chain.light import Certified
from chain.rules import HERE, SEAT_SETS, SeatSets
from chain.transaction import parse
from genesis import document, words
from genesis.build import first_state
from governance_contracts.coins.balances import create
from governance_contracts.earmarks.lots import lot_of, region_bound
from governance_contracts.people.keys import prove_possession
from governance_contracts.versions import CONTRACT_VERSIONS, RELEASE

START_MS = 1_790_000_000_000
G, W1, W2 = "GM9900", "WK990001", "WK990002"
PREFIX = "test"
COIN = "LIN"


def entropy(name: str) -> bytes:
    return sha256(name.encode()).digest()[:16]


def seed(name: str) -> bytes:
    return words.seed_from_entropy(entropy(name))


def seat_seed(wijk: str) -> bytes:
    return sha256(b"seat " + wijk.encode()).digest()


def proven(secret: bytes, holder: bytes | str) -> dict[str, str]:
    name = holder if isinstance(holder, bytes) else holder.encode()
    proof = prove_possession(secret, document.FOUNDING_CHAIN, 0, name)
    return {"key": crypto.public_key(secret).hex(), "proof": proof.hex()}


def founding_id(name: str) -> bytes:
    key = crypto.public_key(seed(name))
    return account_id(document.FOUNDING_CHAIN, (key,), 1, words.salt_from_entropy(entropy(name)))


def founding_document() -> dict[str, Any]:
    """Two wijken with a board of three each, a shop in each, and a city office that pays runs."""

    def account(name: str, kind: str, sector: str, home: str, office: str) -> dict[str, Any]:
        id = founding_id(name)
        key = {**proven(seed(name), id), "role": "full", "place": []}
        return {
            "id": id.hex(), "kind": kind, "sector": sector, "home": home, "office": office,
            "owner": [], "keys": [key], "threshold": 1,
            "salt": words.salt_from_entropy(entropy(name)).hex(), "identity": [],
        }  # fmt: skip

    def region(code: str, parent: list[str], level: str, people: int) -> dict[str, Any]:
        return {
            "code": code, "name": code, "country": "NL", "parent": parent, "level": level,
            "inhabitants": people, "inhabitants_date": "2026-01-01", "adults": people // 2,
            "rings": [],
        }  # fmt: skip

    def wijk(code: str, members: tuple[str, ...], coins: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "code": code,
            "board": {
                "members": sorted(founding_id(name).hex() for name in members),
                "successors": [], "numerator": 1, "denominator": 2,
                "term_end_ms": START_MS + 180 * 86_400_000,
            },
            "treasury": founding_id("treasury" + code).hex(),
            "registrars": [],
            "seat": {
                "consensus": proven(seat_seed(code), "seat:" + code),
                "nodes": [proven(sha256(b"node" + code.encode()).digest(), "node:" + code)],
            },
            "coins": coins,
        }  # fmt: skip

    coin = {
        "code": COIN, "name": "Linde", "currency": "EUR", "issuer": "stichting",
        "reserve": {
            "account": bytes(32).hex(),
            "attestors": sorted(founding_id(name).hex() for name in ("ada", "dee", "stad")),
            "k": 2, "signers": [],
        },
    }  # fmt: skip
    accounts = [account(name, "person", "HH", W1, W1) for name in ("ada", "bob", "cas")]
    accounts += [account(name, "person", "HH", W2, W2) for name in ("dee", "eef", "fem")]
    accounts += [account("treasury" + w, "board", "WB", w, w) for w in (W1, W2)]
    accounts += [
        account("shop", "business", "BUS", W1, W1),
        account("far", "business", "BUS", W2, W2),
    ]
    accounts += [account("stad", "institution", "GOV", G, W1)]
    return {
        "format": document.FORMAT, "name": "village", "prefix": PREFIX, "epoch": 0,
        "time_ms": START_MS, "protocol": 1,
        "contracts": [
            {"name": name, "version": version}
            for name, version in CONTRACT_VERSIONS
            if name != "protocol"
        ],
        "parameters": [],
        "regions": [
            region("NL", [], "country", 18_000_000), region(G, ["NL"], "gemeente", 20_000),
            region(W1, [G], "wijk", 9_000), region(W2, [G], "wijk", 8_000),
        ],
        "issuers": [
            {
                "code": "stichting", "name": "Stichting Linde", "licence": "test", "regime": "emt",
                "custodian": [bytes(32).hex()], "white_paper": [bytes(32).hex()],
            }
        ],
        "wijken": [wijk(W1, ("ada", "bob", "cas"), [coin]), wijk(W2, ("dee", "eef", "fem"), [])],
        "accounts": accounts,
        "places": [
            {
                "account": founding_id(name).hex(), "number": 1, "wijk": wijk_of_it, "buurt": [],
                "kind": "shop",
            }
            for name, wijk_of_it in (("shop", W1), ("far", W2))
        ],
    }  # fmt: skip


class Village:
    """The chain. `block` makes the next one; `headers`, `receipts`, `outcomes` remember."""

    def __init__(self) -> None:
        self.document = founding_document()
        self.genesis = document.parse(json.dumps(self.document).encode())
        self.chain, draft = first_state(self.genesis)
        create(draft, COIN, founding_id("ada"), 0, 10_000)
        create(draft, COIN, founding_id("stad"), 0, 500_000)
        self.lot, _opened = lot_of(draft, COIN, founding_id("stad"), region_bound((W1,)))
        create(draft, COIN, founding_id("bob"), self.lot, 5_000)
        self.store = MemoryStore()
        self.ledger, writes = Ledger.found(self.store, self.chain, 0, START_MS, draft)
        self.store.write(writes)
        self.seat_keys = {w: seat_seed(w) for w in (W1, W2)}
        self.headers: list[Certified] = []
        self.blocks: dict[int, Applied] = {}
        self.outcomes: dict[bytes, tuple[int, Receipt]] = {}
        self.block([])

    def seats(self) -> SeatSets:
        found = self.ledger.get(SEAT_SETS, HERE)
        assert found is not None
        return found

    def certify(self, applied_hash: bytes, height: int, seats: tuple[Seat, ...]) -> Certificate:
        signatures = []
        for number, seat in enumerate(seats[: quorum(len(seats))]):
            message = vote_bytes(
                Kind.PRECOMMIT, self.chain, 0, Vote(height, 0, applied_hash, number)
            )
            signatures.append(
                SeatSignature(number, crypto.sign(self.seat_keys[seat.wijk], message))
            )
        return Certificate(height, 0, applied_hash, tuple(signatures))

    def block(self, transactions: list[bytes], pause_ms: int = 1000) -> Any:
        """The next block, a second later if nothing is said; returns what could not stand in it,
        and why."""
        parent = self.ledger.parent()
        deciding = self.seats().following
        previous = (self.headers[-1].certificate,) if self.headers else ()
        applied, dropped = build_block(
            parent, deciding[0].wijk, parent.time_ms + pause_ms, [parse(t) for t in transactions],
            (), previous, RELEASE, self.ledger, Signatures(),
        )  # fmt: skip
        if transactions and not applied.transactions:
            return dropped
        writes, _undo = self.ledger.commit(applied)
        self.store.write(writes)
        header = applied.block.header
        certificate = self.certify(applied.hash, header.height, deciding)
        self.headers.append(Certified(header, certificate))
        self.blocks[header.height] = applied
        for receipt in applied.receipts:
            self.outcomes[receipt.id] = (header.height, receipt)
        return dropped

    def address(self, name: str) -> str:
        return encode_address(PREFIX, founding_id(name))
