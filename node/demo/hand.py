"""Acting as the people of a demo city: sign with their keys, send to a node, wait until final.

For the demo, the devnet's load and the benchmarks. Real people use the wallet.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from chain import crypto
from chain.codec import Record, encode
from chain.kinds import Tag
from chain.money import Cents
from chain.rules import VERSIONS, ActiveVersion
from chain.session import READ, SESSION_MS_MAX, SessionRequest, session_bytes
from chain.transaction import AccountActor, Body, Call, Witness, seal, signing_bytes
from genesis.city import City, Person
from governance_contracts.bank.books import (
    Entry,
    EntryKind,
    Statement,
    deposit_reference,
    hash_of,
)
from governance_contracts.bank.reserve import Mint
from governance_contracts.bank.statements import Attest
from governance_contracts.boards.board import Approve, Propose
from governance_contracts.boards.proposals import Text, work_of
from governance_contracts.versions import CONTRACT_VERSIONS, RELEASE
from node.ask import ask

VALID_MS = 600_000
FINAL_WAIT_MS = 30_000
_VERSIONS = dict(CONTRACT_VERSIONS)


def call(contract: str, method: str, args: Record) -> Call:
    return Call(contract, _VERSIONS[contract], method, encode(args))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction: `status` is committed, refused, expired or not_accepted."""

    id: str
    status: str
    height: int
    refusal: str
    fields: dict[str, Any]


class Hands:
    """Signs as anybody of a city. Replay numbers are kept here, so use one for all."""

    def __init__(self, city: City, chain: bytes) -> None:
        self.city = city
        self.chain = chain
        self._numbers: defaultdict[bytes, int] = defaultdict(int)

    def sign(self, person: Person, *calls: Call) -> tuple[bytes, bytes]:
        """A transaction of one signature; its wire bytes and id."""
        self._numbers[person.account] += 1
        until_ms = time.time_ns() // 1_000_000 + VALID_MS
        number = self._numbers[person.account]
        body = Body(self.chain, 0, AccountActor(person.account, 0), number, until_ms, calls)
        data = encode(body)
        signature = crypto.sign(person.seed, signing_bytes(body, data))
        wire = seal(body, [Witness(person.account, 0, signature)])
        return wire, crypto.tagged(Tag.TRANSACTION_ID, data)

    def skip_numbers(self, person: Person, count: int) -> None:
        """Leave numbers to somebody else who signs with the same key."""
        self._numbers[person.account] += count

    def send(self, url: str, person: Person, *calls: Call) -> Outcome:
        """Sign, send, and wait until it is final, or this node does not take it."""
        wire, name = self.sign(person, *calls)
        answer = ask(url, "/v1/transactions", {"transactions": [wire.hex()]})["results"][0]
        if answer["status"] not in ("pending", "committed"):
            refusal = answer.get("refusal") or {}
            why = refusal.get("name") or answer.get("message", "")
            return Outcome(name.hex(), answer["status"], 0, why, refusal.get("fields", {}))
        found = self.outcome(url, name.hex())
        if found.status == "refused":  # why, a node tells only to who has the transaction
            answer = ask(url, "/v1/transactions", {"transactions": [wire.hex()]})["results"][0]
            refusal = answer.get("refusal") or {}
            found = replace(
                found, refusal=refusal.get("name", ""), fields=refusal.get("fields", {})
            )
        return found

    def outcome(self, url: str, name: str) -> Outcome:
        found = ask(url, f"/v1/transactions/{name}?wait_ms={FINAL_WAIT_MS}")
        refusal = found.get("refusal") or {}
        return Outcome(
            name,
            found["status"],
            found.get("height") or 0,
            refusal.get("name", ""),
            refusal.get("fields", {}),
        )

    def token(self, url: str, person: Person) -> str:
        """A session in which this person reads their own account at a node."""
        nonce = ask(url, "/v1/sessions/nonce")
        request = SessionRequest(
            person.account,
            0,
            bytes.fromhex(nonce["node_key"]),
            bytes.fromhex(nonce["nonce"]),
            READ,
            time.time_ns() // 1_000_000 + SESSION_MS_MAX - 60_000,
        )
        signature = crypto.sign(person.seed, session_bytes(self.chain, 0, request))
        body = {"request": encode(request).hex(), "signature": signature.hex()}
        return str(ask(url, "/v1/sessions", body)["token"])

    # What boards do.

    def decide(self, url: str, wijk: str, motivation: str, *calls: Call) -> list[Outcome]:
        """A founding board of three decides with two: propose, then approve."""
        proposer, second = self.city.of("board", wijk)[:2]
        work = work_of(_GenesisVersions(), RELEASE, calls)
        proposal = Propose(wijk, calls, Text(motivation), (), work)
        first = self.send(url, proposer, call("board", "propose", proposal))
        if first.status != "committed":
            return [first]
        approve = Approve(bytes.fromhex(first.id), work)
        return [first, self.send(url, second, call("board", "approve", approve))]

    def attest(self, url: str, wijk: str, statement: Statement) -> list[Outcome]:
        """Two of the three attestors attest a statement; the first gives it in full."""
        name = hash_of(statement)
        outcomes = []
        for place, attestor in enumerate(self.city.of("attestor", wijk)[:2]):
            full = (statement,) if place == 0 else ()
            args = Attest(attestor.account, statement.coin, name, full)
            outcomes.append(self.send(url, attestor, call("reserve", "attest", args)))
        return outcomes


class Bank:
    """A made-up bank account of one reserve: books lines and closes statements that balance."""

    def __init__(self, city: City, wijk: str) -> None:
        part = next(w for w in city.genesis.wijken if w.code == wijk)
        self.wijk = wijk
        self.coin = part.coins[0].code
        self.account = bytes(part.coins[0].reserve.account)
        self.sequence = 0
        self.balance = 0
        self._entries: list[Entry] = []

    def receive(self, person: Person, amount: int) -> tuple[int, bytes]:
        """Euros for somebody arrive; the number of their line and the salt of its reference."""
        salt = sha256(b"reference" + person.account).digest()[:16]
        reference = deposit_reference(person.account, salt)
        return self._book(True, EntryKind.DEPOSIT, amount, reference=(reference,)), salt

    def pay_out(self, redemption: int, amount: int) -> int:
        """A redemption leaves the account."""
        return self._book(False, EntryKind.REDEMPTION, amount, redemption=(redemption,))

    def _book(
        self,
        credit: bool,
        kind: EntryKind,
        amount: int,
        *,
        redemption: tuple[int, ...] = (),
        reference: tuple[bytes, ...] = (),
    ) -> int:
        number = len(self._entries) + 1
        details = sha256(b"details %d %d" % (self.sequence, number)).digest()
        self._entries.append(
            Entry(number, credit, Cents(amount), kind, redemption, (), reference, details)
        )
        return number

    def close(self, now_ms: int) -> Statement:
        """The statement of everything booked since the last."""
        self.sequence += 1
        opening = self.balance
        self.balance += sum(e.amount if e.credit else -e.amount for e in self._entries)
        entries, self._entries = tuple(self._entries), []
        file = sha256(b"statement %d" % self.sequence).digest()
        return Statement(
            self.coin, self.account, "EUR", self.sequence, 0, now_ms, opening, self.balance, file,
            entries,
        )  # fmt: skip

    def mint(self, entry: int, person: Person, amount: int, salt: bytes) -> Call:
        """The call that makes coin for a line of the last statement."""
        args = Mint(self.coin, self.sequence, entry, person.account, Cents(amount), (salt,))
        return call("reserve", "mint", args)


class _GenesisVersions:
    """A view that knows the versions in force and nothing else: costs ask for no more."""

    def get(self, table: Any, key: Any) -> Any:
        return ActiveVersion(_VERSIONS[key]) if table is VERSIONS and key in _VERSIONS else None

    def find(self, table: Any, key: bytes) -> Any:
        return self.get(table, key.decode("ascii", "replace"))

    def scan(self, table: Any, start: bytes = b"") -> Any:
        return iter(())
