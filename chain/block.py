"""Blocks, headers and receipts.

Never in a header's hash: the round, the block's own certificate, anything a validator gathers
locally. Two real chains forked on that. The certificate in the body is the parent's, chosen by
the proposer and verified in full as part of validity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from chain import crypto
from chain.certificate import Certificate, certificate_hash
from chain.codec import U8, U16, U32, Code, Hash, Height, Millis, Record, decode, encode
from chain.errors import Malformed
from chain.kinds import Tag
from chain.merkle import list_root

BLOCK_BYTES_MAX = 8 * 1024 * 1024
TRANSACTIONS_MAX = 10_000
TRANSACTIONS_BYTES_MAX = 7 * 1024 * 1024
"""Of all transactions together, so that header, certificate and evidence find room as well."""
EVIDENCE_MAX = 16
EVIDENCE_BYTES_MAX = 1024


class Header(Record, tag=1):
    """All a light client needs. Roots are over the state and receipts *after* this block.

    `seats` is the hash of the set that decides this height, `next_seats` of the next height's.
    `history` is over the headers 1 .. height - 1. `protocol` is the rule set in force.
    """

    chain: Hash
    epoch: U32
    protocol: U16
    height: Height
    parent: Hash
    time_ms: Millis
    proposer: Code
    transactions: Hash
    evidence: Hash
    parent_certificate: Hash
    state: Hash
    receipts: Hash
    seats: Hash
    next_seats: Hash
    history: Hash


EvidenceItem = Annotated[bytes, Meta(max_length=EVIDENCE_BYTES_MAX)]


class Block(Record, tag=1):
    """`parent_certificate` is empty at height 1 only."""

    header: Header
    transactions: Annotated[tuple[bytes, ...], Meta(max_length=TRANSACTIONS_MAX)]
    evidence: Annotated[tuple[EvidenceItem, ...], Meta(max_length=EVIDENCE_MAX)]
    parent_certificate: Annotated[tuple[Certificate, ...], Meta(max_length=1)]


def header_hash(header: Header) -> bytes:
    return crypto.tagged(Tag.HEADER, encode(header))


def read_block(data: bytes) -> Block:
    """Raises Malformed."""
    return decode(Block, data, BLOCK_BYTES_MAX)


def transactions_root(wire_hashes: Sequence[bytes]) -> bytes:
    return list_root(wire_hashes)


def evidence_root(evidence: Sequence[bytes]) -> bytes:
    return list_root([crypto.tagged(Tag.EVIDENCE, item) for item in evidence])


def check_body(
    header: Header,
    wire_hashes: Sequence[bytes],
    evidence: Sequence[bytes],
    parent_certificate: tuple[Certificate, ...],
) -> None:
    """Is this the body that the header names? Raises Malformed: then who sent it is at fault,
    and nothing is said about the block."""
    if transactions_root(wire_hashes) != header.transactions:
        raise Malformed("the transactions do not fit the header")
    if evidence_root(evidence) != header.evidence:
        raise Malformed("the evidence does not fit the header")
    if certificate_hash(parent_certificate) != header.parent_certificate:
        raise Malformed("the parent certificate does not fit the header")


class RefusalRecord(Record, tag=1):
    """Which call (counted from 0) was refused, with which code and values.

    A value is an int, a str or bytes; checked here, because msgspec has no union of the last two.
    """

    call: U8
    code: U16
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not all(isinstance(value, int | str | bytes) for value in self.values):
            raise ValueError("a refusal's values are integers, texts and bytes")


class PartyEvent(Record, tag=1):
    """Something that happened. `party`: the account it concerns, or empty for the public.

    `data` is the encoding of an event record; its tag is the event's number.
    """

    party: Annotated[bytes, Meta(max_length=20)]
    data: bytes


class Receipt(Record, tag=1):
    """The outcome of a transaction, or of a piece of due work (then `id` is 32 zero bytes)."""

    wire_hash: Hash
    id: Hash
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]
    events: tuple[PartyEvent, ...]


class OutcomeLeaf(Record, tag=1):
    """The first receipt leaf of a transaction; shown to its actor."""

    wire_hash: Hash
    id: Hash
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]


class PartyLeaf(Record, tag=2):
    """What one party may know of a transaction: its own events, nothing of the others'."""

    wire_hash: Hash
    id: Hash
    party: Annotated[bytes, Meta(max_length=20)]
    events: tuple[bytes, ...]


def receipt_leaves(receipt: Receipt) -> list[bytes]:
    """The outcome, then one leaf per party in order of first appearance. Hashed, with their tag.

    The wire hash inside makes a leaf unguessable to who has not seen the transaction.
    """
    leaves = [encode(OutcomeLeaf(receipt.wire_hash, receipt.id, receipt.refusal))]
    parties: dict[bytes, list[bytes]] = {}
    for event in receipt.events:
        parties.setdefault(event.party, []).append(event.data)
    leaves += [
        encode(PartyLeaf(receipt.wire_hash, receipt.id, party, tuple(events)))
        for party, events in parties.items()
    ]
    return [crypto.tagged(Tag.RECEIPT_LEAF, leaf) for leaf in leaves]


def receipts_root(receipts: Sequence[Receipt]) -> bytes:
    leaves: list[bytes] = []
    for receipt in receipts:
        leaves += receipt_leaves(receipt)
    return list_root(leaves)
