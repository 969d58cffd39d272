"""What a node keeps: blocks, certificates, receipts, where each transaction is, how to go back.

The logic only: keys, checksums, and the writes of a commit. The bytes go to any `KeyValue`
(LevelDB, LMDB, memory). One block is one atomic synced batch, together with the ledger's own
writes, so there are never two stores that can disagree.

Keys: `b` height -> block; `c` height -> certificate; `e` height -> receipts; `u` height -> undo;
`x` transaction id -> height and position.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar
from zlib import crc32

from msgspec import Meta

from chain.block import BLOCK_BYTES_MAX, Block, Receipt, read_block
from chain.certificate import Certificate
from chain.codec import U16, Height, Record, decode, encode
from chain.errors import Malformed
from chain.execution import Applied
from chain.ledger import KeyValue, Ledger, Tip, UndoEntry, Writes

UNDO_HEIGHTS = 1000
"""Blocks that can be undone, and heights for which proofs of the past are served."""

R = TypeVar("R")


class Location(Record, tag=1):
    height: Height
    position: U16


class Undo(Record, tag=1):
    """What takes the ledger from one tip back to the one before."""

    before: Tip
    entries: tuple[UndoEntry, ...]


class Receipts(Record, tag=1):
    """Due work first, then one per transaction in order."""

    receipts: Annotated[tuple[Receipt, ...], Meta(max_length=20_000)]


class DamagedStore(Exception):
    """Bytes in the store do not have their checksum, or what must be there is not."""


def height_key(prefix: bytes, height: int) -> bytes:
    return prefix + height.to_bytes(8, "big")


def checked(data: bytes) -> bytes:
    """Data with its checksum in front."""
    return crc32(data).to_bytes(4, "big") + data


def unchecked(data: bytes, what: str) -> bytes:
    if crc32(data[4:]) != int.from_bytes(data[:4], "big"):
        raise DamagedStore(f"{what} in the store is damaged")
    return data[4:]


class Store:
    """Reads of what was committed, and the writes that commit. The ledger's view is `ledger`."""

    def __init__(self, pairs: KeyValue, ledger: Ledger) -> None:
        self.pairs = pairs
        self.ledger = ledger

    @classmethod
    def open(cls, pairs: KeyValue) -> Store | None:
        """None if the store is empty. Raises DamagedStore."""
        try:
            ledger = Ledger.open(pairs)
        except Malformed as error:
            raise DamagedStore(f"the tip in the store is damaged: {error}") from None
        if ledger is None:
            return None
        store = cls(pairs, ledger)
        if ledger.tip.height and store.block(ledger.tip.height) is None:
            raise DamagedStore(f"block {ledger.tip.height} is missing from the store")
        return store

    @property
    def height(self) -> int:
        return self.ledger.tip.height

    def commit(self, applied: Applied, certificate: Certificate) -> Writes:
        """Move the ledger on by one block; what to write for it, in one batch."""
        height = applied.block.header.height
        before = self.ledger.tip
        writes, undo = self.ledger.commit(applied)
        writes.append((height_key(b"b", height), checked(encode(applied.block))))
        writes.append((height_key(b"c", height), checked(encode(certificate))))
        writes.append((height_key(b"e", height), checked(encode(Receipts(applied.receipts)))))
        writes.append((height_key(b"u", height), checked(encode(Undo(before, tuple(undo))))))
        if height > UNDO_HEIGHTS:
            writes.append((height_key(b"u", height - UNDO_HEIGHTS), None))
        for position, transaction in enumerate(applied.transactions):
            writes.append((b"x" + transaction.id, encode(Location(height, position))))
        return writes

    def rollback(self) -> Writes:
        """Take the last block off; the block itself goes too, and can be synced again.

        Raises DamagedStore if its undo record is gone or does not lead to the earlier state.
        """
        height = self.height
        undo = self.undo(height)
        if undo is None:
            raise DamagedStore(f"block {height} can no longer be undone")
        block = self.block(height)
        assert block is not None, "the tip's block is in the store"
        try:
            writes = self.ledger.revert(undo.entries, undo.before)
        except Malformed as error:
            raise DamagedStore(str(error)) from None
        writes += [(height_key(prefix, height), None) for prefix in (b"b", b"c", b"e", b"u")]
        receipts = self.receipts(height)
        writes += [(b"x" + r.id, None) for r in receipts[len(receipts) - len(block.transactions) :]]
        return writes

    def undo(self, height: int) -> Undo | None:
        """What takes block `height` back; None if it is not kept any more. Raises DamagedStore."""
        data = self._read(b"u", height, f"the undo record of block {height}")
        return None if data is None else self._decode(Undo, data)

    def block(self, height: int) -> Block | None:
        data = self.block_bytes(height)
        return None if data is None else read_block(data)

    def block_bytes(self, height: int) -> bytes | None:
        return self._read(b"b", height, f"block {height}")

    def certificate(self, height: int) -> Certificate | None:
        data = self._read(b"c", height, f"the certificate of block {height}")
        return None if data is None else decode(Certificate, data)

    def tip_certificate(self) -> Certificate | None:
        """None at height 0. Raises DamagedStore."""
        found = self.certificate(self.height)
        if self.height and found is None:
            raise DamagedStore(f"the certificate of block {self.height} is missing from the store")
        return found

    def receipts(self, height: int) -> tuple[Receipt, ...]:
        data = self._read(b"e", height, f"the receipts of block {height}")
        return () if data is None else self._decode(Receipts, data).receipts

    def locate(self, transaction_id: bytes) -> Location | None:
        data = self.pairs.get(b"x" + transaction_id)
        return None if data is None else decode(Location, data)

    def receipt(self, location: Location) -> Receipt:
        """The receipt of the transaction at a location."""
        block = self.block(location.height)
        receipts = self.receipts(location.height)
        if block is None:
            raise DamagedStore(f"block {location.height} is missing from the store")
        return receipts[len(receipts) - len(block.transactions) + location.position]

    def blocks(self, start: int) -> Iterator[tuple[bytes, Certificate]]:
        """Certified blocks from a height on, as bytes."""
        for height in range(max(start, 1), self.height + 1):
            data, certificate = self.block_bytes(height), self.certificate(height)
            if data is None or certificate is None:
                return
            yield data, certificate

    def _read(self, prefix: bytes, height: int, what: str) -> bytes | None:
        data = self.pairs.get(height_key(prefix, height))
        return None if data is None else unchecked(data, what)

    def _decode(self, kind: type[R], data: bytes) -> R:
        return decode(kind, data, BLOCK_BYTES_MAX * 8)
