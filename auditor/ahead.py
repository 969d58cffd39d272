"""Reading ahead: blocks and transactions parsed, their signatures on the way to verification."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field

from auditor.verify import BATCH, Item, Verifiers
from chain.account import ACCOUNTS, find_key
from chain.admission import Signatures
from chain.block import Block, read_block
from chain.certificate import Certificate
from chain.codec import decode
from chain.errors import Malformed
from chain.export import CERTIFICATE_BYTES_MAX, DamagedExport
from chain.state import View
from chain.transaction import Transaction

TRANSACTIONS_AHEAD = 6_000
BLOCKS_AHEAD = 500

Parse = Callable[[bytes], Transaction]


class Batch:
    """Transactions whose signatures are judged together; each with the keys they were sent with."""

    __slots__ = ("answer", "entries", "items")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.entries: list[tuple[Transaction, list[bytes]]] = []
        self.answer: Future[bytes] | None = None

    def add(self, transaction: Transaction, keys: list[bytes]) -> None:
        message = transaction.sign_bytes()
        for key, witness in zip(keys, transaction.witnesses, strict=True):
            self.items.append((key, message, witness.signature))
        self.entries.append((transaction, keys))

    def send(self, verifiers: Verifiers) -> None:
        self.answer = verifiers.submit(self.items)
        self.items = []

    def settle(self, signatures: Signatures) -> None:
        """Wait for the answer and remember every transaction that is good in whole."""
        assert self.answer is not None, "a batch is sent before it is settled"
        good, at = self.answer.result(), 0
        for transaction, keys in self.entries:
            if all(good[at : at + len(keys)]):
                signatures.remember(transaction, keys)
            at += len(keys)
        self.entries = []


@dataclass(slots=True)
class Coming:
    """One height of the export as far as it can be read. `damage`: what cannot be, in words.

    `protocol`: under whose rules the transactions were parsed; one that is no transaction under
    them is not among them.
    """

    block: Block | None
    certificate: Certificate | None
    damage: list[str]
    protocol: int
    transactions: list[Transaction] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)


class Ahead:
    """Iterates over the heights of an export; `cut_off` says afterwards if it ended badly."""

    def __init__(
        self,
        blocks: Iterator[tuple[bytes, bytes]],
        state: View,
        protocol: Callable[[], tuple[int, Parse]],
        signatures: Signatures,
        verifiers: Verifiers | None,
    ) -> None:
        self.cut_off: DamagedExport | None = None
        self.signing = verifiers is not None
        """Set to False once nothing is executed any more."""
        self._blocks = blocks
        self._state = state
        self._protocol = protocol
        self._signatures = signatures
        self._verifiers = verifiers
        self._queue: deque[Coming] = deque()
        self._waiting = 0
        self._ended = False
        self._open = Batch()

    def __iter__(self) -> Iterator[Coming]:
        while True:
            self._fill()
            if not self._queue:
                return
            coming = self._queue.popleft()
            self._waiting -= len(coming.transactions)
            for batch in coming.batches:
                self._settle(batch)
            yield coming

    def _fill(self) -> None:
        if self._verifiers is None:
            most_blocks, most_transactions = 1, 1
        else:
            most_blocks, most_transactions = BLOCKS_AHEAD, TRANSACTIONS_AHEAD
        while (
            not self._ended
            and len(self._queue) < most_blocks
            and (self._waiting < most_transactions)
        ):
            try:
                pair = next(self._blocks, None)
            except DamagedExport as damaged:
                self.cut_off = damaged
                pair = None
            if pair is None:
                self._ended = True
                break
            coming = self._read(*pair)
            self._queue.append(coming)
            self._waiting += len(coming.transactions)

    def _read(self, block_bytes: bytes, certificate_bytes: bytes) -> Coming:
        damage: list[str] = []
        block: Block | None = None
        certificate: Certificate | None = None
        try:
            block = read_block(block_bytes)
        except Malformed as error:
            damage.append(f"block: {error}")
        try:
            certificate = decode(Certificate, certificate_bytes, CERTIFICATE_BYTES_MAX)
        except Malformed as error:
            damage.append(f"certificate: {error}")
        number, parse = self._protocol()
        coming = Coming(block, certificate, damage, number)
        for data in block.transactions if block else ():
            try:
                transaction = parse(data)
            except Malformed:
                continue  # execution says so
            coming.transactions.append(transaction)
            self._signatures.parsed[data] = transaction
            if self.signing:
                self._queue_up(transaction, coming)
        return coming

    def _queue_up(self, transaction: Transaction, coming: Coming) -> None:
        keys = self._keys(transaction)
        if keys is None:
            return
        batch = self._open
        batch.add(transaction, keys)
        if not coming.batches or coming.batches[-1] is not batch:
            coming.batches.append(batch)
        if len(batch.items) >= BATCH:
            self._send()

    def _send(self) -> None:
        assert self._verifiers is not None, "batches are filled only for verifiers"
        batch, self._open = self._open, Batch()
        try:
            batch.send(self._verifiers)
        except BrokenExecutor:
            self.signing = False

    def _settle(self, batch: Batch) -> None:
        if batch is self._open:
            self._send()
        if not (batch.entries and self.signing):
            return
        try:
            batch.settle(self._signatures)
        except BrokenExecutor:  # a process was killed: from here on execution judges all itself
            self.signing = False

    def _keys(self, transaction: Transaction) -> list[bytes] | None:
        """The keys in force now; None if there is none for some witness: execution will judge."""
        keys = []
        for witness in transaction.witnesses:
            account = self._state.find(ACCOUNTS, witness.signer)
            key = None if account is None else find_key(account, witness.key)
            if key is None:
                return None
            keys.append(key.key)
        return keys
