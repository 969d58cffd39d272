"""A chain of one validator in memory, for an export: blocks executed and certified."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from auditor.memory import found
from chain import crypto
from chain.admission import Signatures
from chain.certificate import Certificate, SeatSignature, Vote, vote_bytes
from chain.codec import encode
from chain.execution import build_block
from chain.export import write_export
from chain.kinds import Kind
from chain.transaction import (
    AccountActor,
    Body,
    Call,
    Transaction,
    Witness,
    parse,
    seal,
    signing_bytes,
)
from genesis.city import City, Person
from genesis.document import dump
from governance_contracts.versions import RELEASE

VALID_MS = 7_200_000
GAP_MS = 60_000


class MemoryChain:
    """`time_ms`: the clock, which the caller moves on and every block by a minute."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.ledger, self.store = found(city.genesis)
        self.id = self.ledger.tip.chain
        self.time_ms = city.genesis.time_ms
        self._numbers: defaultdict[bytes, int] = defaultdict(int)
        self._signatures = Signatures()
        self._blocks: list[tuple[bytes, Certificate]] = []

    def sign(self, person: Person, *calls: Call) -> Transaction:
        self._numbers[person.account] += 1
        number = self._numbers[person.account]
        until_ms = self.time_ms + VALID_MS
        body = Body(self.id, 0, AccountActor(person.account, 0), number, until_ms, calls)
        signature = crypto.sign(person.seed, signing_bytes(body, encode(body)))
        signed = parse(seal(body, [Witness(person.account, 0, signature)]))
        self._signatures.remember(signed, [crypto.public_key(person.seed)])
        return signed

    def block(self, *transactions: Transaction) -> None:
        """Raises RuntimeError if anything in it is refused."""
        self.time_ms += GAP_MS
        applied, dropped = build_block(
            self.ledger.parent(),
            self.city.validators[0].wijk,
            self.time_ms,
            transactions,
            (),
            (self._blocks[-1][1],) if self._blocks else (),
            RELEASE,
            self.ledger,
            self._signatures,
        )
        refused = [receipt.refusal for receipt in applied.receipts if receipt.refusal]
        if dropped or refused or len(applied.transactions) != len(transactions):
            raise RuntimeError(f"a block was not taken whole: {dropped[:1]} {refused[:1]}")
        vote = Vote(applied.block.header.height, 0, applied.hash, 0)
        message = vote_bytes(Kind.PRECOMMIT, self.id, 0, vote)
        signature = crypto.sign(self.city.validators[0].consensus, message)
        certificate = Certificate(vote.height, 0, applied.hash, (SeatSignature(0, signature),))
        writes, _ = self.ledger.commit(applied)
        self.store.write(writes)
        self._blocks.append((encode(applied.block), certificate))

    def export(self, path: Path) -> None:
        with path.open("wb") as out:
            write_export(out, dump(self.city.genesis), self._blocks)
