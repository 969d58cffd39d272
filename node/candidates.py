"""Candidate blocks of the open height: collected, executed once, kept while they are backed.

A candidate arrives as a compact block; its transactions come from the mempool or, when missing,
from the peer. Executing gives a draft that never touches the store: a commit writes the cached
result without a second execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from chain import crypto
from chain.admission import Signatures
from chain.block import BLOCK_BYTES_MAX, TRANSACTIONS_MAX, Block, check_body, header_hash
from chain.certificate import Certificate, Seat
from chain.errors import Inadmissible, InvalidBlock, Malformed
from chain.execution import Applied, Release, apply_block, build_block
from chain.kinds import Tag
from chain.ledger import Ledger
from chain.transaction import Transaction
from consensus.proposer import proposer
from node.messages import CompactBlock

FUTURE_MS = 3_000
"""How far ahead of our clock a block's time may be; this side never widens."""
PAST_MS = 3_000
DELAY_MS = 10_000
"""With 2**round: how far behind our clock it may be; this side widens, so that the slowest clock
can always carry the chain."""
CANDIDATES_MAX = 16
BUILD_BYTES_MAX = BLOCK_BYTES_MAX // 2


@dataclass(slots=True)
class Candidate:
    """`data` has None where a transaction is still missing. `invalid` says why, for the log."""

    compact: CompactBlock
    data: list[bytes | None]
    block: Block | None = None
    applied: Applied | None = None
    invalid: str = ""
    received_ms: dict[int, int] = field(default_factory=dict)


def timely(time_ms: int, received_ms: int, parent_ms: int, round: int) -> bool:
    """May a new block with this time be prevoted, received at `received_ms` in `round`?"""
    late = received_ms - PAST_MS - (DELAY_MS << min(round, 40))
    return late <= time_ms <= max(received_ms + FUTURE_MS, parent_ms + 1)


def compact(block: Block, wire_hashes: Sequence[bytes]) -> CompactBlock:
    return CompactBlock(block.header, tuple(wire_hashes), block.evidence, block.parent_certificate)


class Candidates:
    """The candidates of one height, by block hash."""

    def __init__(self, ledger: Ledger, release: Release, signatures: Signatures) -> None:
        self._ledger = ledger
        self._release = release
        self._signatures = signatures
        self._by_hash: dict[bytes, Candidate] = {}

    def __contains__(self, block_hash: bytes) -> bool:
        return block_hash in self._by_hash

    def prune(self, backed: Callable[[bytes], bool]) -> None:
        """Forget what is no longer backed."""
        for block_hash in [h for h in self._by_hash if not backed(h)]:
            del self._by_hash[block_hash]

    def add(
        self, found: CompactBlock, find: Callable[[bytes], Transaction | None]
    ) -> tuple[bytes, tuple[int, ...]]:
        """Take a compact block in; returns its hash and the positions still missing.

        Raises Malformed if it is not for the open height, names a transaction twice, or there
        are too many candidates already.
        """
        block_hash = header_hash(found.header)
        if found.header.height != self._ledger.tip.height + 1:
            raise Malformed("a candidate for another height")
        candidate = self._by_hash.get(block_hash)
        if candidate is None:
            if len(set(found.transactions)) != len(found.transactions):
                raise Malformed("a candidate names a transaction twice")
            check_body(found.header, found.transactions, found.evidence, found.parent_certificate)
            if len(self._by_hash) >= CANDIDATES_MAX:
                raise Malformed("too many candidates for one height")
            known = [find(wire) for wire in found.transactions]
            data = [None if t is None else t.data for t in known]
            candidate = self._by_hash[block_hash] = Candidate(found, data)
            self._complete(candidate)
        return block_hash, self.missing(block_hash)

    def missing(self, block_hash: bytes) -> tuple[int, ...]:
        candidate = self._by_hash.get(block_hash)
        if candidate is None or candidate.block is not None:
            return ()
        return tuple(i for i, data in enumerate(candidate.data) if data is None)

    def fill(self, block_hash: bytes, transactions: Iterable[bytes]) -> None:
        """Put transactions where their wire hashes are wanted; others are ignored."""
        candidate = self._by_hash.get(block_hash)
        if candidate is None or candidate.block is not None:
            return
        given = {crypto.tagged(Tag.WIRE, data): data for data in transactions}
        for i, wire in enumerate(candidate.compact.transactions):
            if candidate.data[i] is None:
                candidate.data[i] = given.get(wire)
        self._complete(candidate)

    def _complete(self, candidate: Candidate) -> None:
        data = [d for d in candidate.data if d is not None]
        if len(data) == len(candidate.data):
            found = candidate.compact
            candidate.block = Block(
                found.header, tuple(data), found.evidence, found.parent_certificate
            )

    def keep(self, block_hash: bytes, block: Block) -> None:
        """Take a whole block in whose body is known to be the header's."""
        candidate = self._by_hash.get(block_hash)
        if candidate is None or candidate.block is None:
            self.add_block(block)

    def add_block(self, block: Block) -> bytes:
        """Take a whole block in, from our own log."""
        wires = [crypto.tagged(Tag.WIRE, data) for data in block.transactions]
        block_hash = header_hash(block.header)
        self._by_hash[block_hash] = Candidate(
            compact(block, wires), list(block.transactions), block
        )
        return block_hash

    def compact(self, block_hash: bytes) -> CompactBlock | None:
        candidate = self._by_hash.get(block_hash)
        return None if candidate is None else candidate.compact

    def block(self, block_hash: bytes) -> Block | None:
        candidate = self._by_hash.get(block_hash)
        return None if candidate is None else candidate.block

    def blocks(self, backed: Callable[[bytes], bool]) -> Iterator[tuple[bytes, Block]]:
        """The complete candidates that are backed."""
        for block_hash, candidate in self._by_hash.items():
            if candidate.block is not None and backed(block_hash):
                yield block_hash, candidate.block

    def received(self, block_hash: bytes, round: int, now_ms: int) -> None:
        """Note when a proposal came in; the first time in each round counts."""
        candidate = self._by_hash.get(block_hash)
        if candidate is not None:
            candidate.received_ms.setdefault(round, now_ms)

    def applied(self, block_hash: bytes) -> Applied | None:
        """The executed candidate; None if it breaks a rule. It must be complete.

        Raises ReleaseTooOld.
        """
        candidate = self._by_hash[block_hash]
        assert candidate.block is not None, "only a complete candidate is executed"
        if candidate.applied is None and not candidate.invalid:
            try:
                candidate.applied = apply_block(
                    self._ledger.parent(),
                    candidate.block,
                    self._release,
                    self._ledger,
                    self._signatures,
                )
            except (InvalidBlock, Malformed, Inadmissible) as error:
                candidate.invalid = f"{type(error).__name__}: {error}"
        return candidate.applied

    def why_invalid(self, block_hash: bytes) -> str:
        return self._by_hash[block_hash].invalid

    def fresh(self, block_hash: bytes, round: int, seats: Sequence[Seat], now_ms: int) -> bool:
        """Did it come in time, from the seat whose turn it is?"""
        candidate = self._by_hash[block_hash]
        header = candidate.compact.header
        turn = seats[proposer(len(seats), header.height, round)].wijk
        received_ms = candidate.received_ms.get(round, now_ms)
        parent_ms = self._ledger.tip.time_ms
        return header.proposer == turn and timely(header.time_ms, received_ms, parent_ms, round)

    def build(
        self,
        wijk: str,
        now_ms: int,
        waiting: Iterable[Transaction],
        parent_certificate: tuple[Certificate, ...],
    ) -> tuple[bytes, tuple[tuple[Transaction, Inadmissible], ...]]:
        """Make our own block; returns its hash, and the transactions that may not stand in it."""
        time_ms = max(now_ms, self._ledger.tip.time_ms + 1)
        applied, dropped = build_block(
            self._ledger.parent(),
            wijk,
            time_ms,
            _bounded(waiting),
            (),
            parent_certificate,
            self._release,
            self._ledger,
            self._signatures,
        )
        wires = [t.wire_hash for t in applied.transactions]
        self._by_hash[applied.hash] = Candidate(
            compact(applied.block, wires), list(applied.block.transactions), applied.block, applied
        )
        return applied.hash, dropped


def _bounded(waiting: Iterable[Transaction]) -> Iterator[Transaction]:
    """As many as fit a block by count and bytes."""
    size = 0
    for count, transaction in enumerate(waiting):
        size += len(transaction.data)
        if count >= TRANSACTIONS_MAX or size > BUILD_BYTES_MAX:
            return
        yield transaction
