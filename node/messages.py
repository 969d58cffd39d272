"""What two nodes say to each other: one tagged record per message, in canonical bytes.

A connection is authenticated before the first of these is read (`node.peers`). Sizes are
bounded; what does not decode closes the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta

from chain.block import BLOCK_BYTES_MAX, EVIDENCE_MAX, TRANSACTIONS_MAX, Header
from chain.certificate import Certificate
from chain.codec import U16, Code, Hash, Height, Record, decode
from chain.transaction import TRANSACTION_BYTES_MAX
from consensus.messages import SignedProposal, SignedVote, Summary

MESSAGE_BYTES_MAX = BLOCK_BYTES_MAX + 1024 * 1024
BATCH_MAX = 500
"""Transactions in one message, and their bytes together."""
BATCH_BYTES_MAX = 4 * 1024 * 1024
SYNC_BLOCKS_MAX = 32
"""Blocks asked for at once."""
SYNC_BYTES_MAX = 4 * 1024 * 1024


class CompactBlock(Record, tag=1):
    """A block with its transactions named by wire hash; the receiver mostly has them."""

    header: Header
    transactions: Annotated[tuple[Hash, ...], Meta(max_length=TRANSACTIONS_MAX)]
    evidence: Annotated[tuple[bytes, ...], Meta(max_length=EVIDENCE_MAX)]
    parent_certificate: Annotated[tuple[Certificate, ...], Meta(max_length=1)]


class Proposal(Record, tag=10):
    """A signed proposal and the block it is for."""

    signed: SignedProposal
    block: CompactBlock


class Votes(Record, tag=11):
    votes: Annotated[tuple[SignedVote, ...], Meta(min_length=1, max_length=1000)]


class Standing(Record, tag=12):
    """Where a node is: what it holds of its open height, and which seats it is connected to."""

    summary: Summary
    neighbours: Annotated[tuple[Code, ...], Meta(max_length=400)]


class Transactions(Record, tag=13):
    """New transactions, from who admitted them."""

    transactions: Annotated[
        tuple[Annotated[bytes, Meta(max_length=TRANSACTION_BYTES_MAX)], ...],
        Meta(min_length=1, max_length=BATCH_MAX),
    ]


class WantBlock(Record, tag=14):
    """Asks for a candidate block of the open height, by its hash."""

    height: Height
    block: Hash


class WantTransactions(Record, tag=15):
    """Asks for transactions of a candidate block, by position."""

    height: Height
    block: Hash
    positions: Annotated[tuple[U16, ...], Meta(min_length=1, max_length=TRANSACTIONS_MAX)]


class BlockTransactions(Record, tag=16):
    """The answer to WantTransactions, in the order asked."""

    height: Height
    block: Hash
    transactions: Annotated[tuple[bytes, ...], Meta(max_length=TRANSACTIONS_MAX)]


class CandidateBlock(Record, tag=17):
    """The answer to WantBlock."""

    block: CompactBlock


class WantBlocks(Record, tag=18):
    """Asks for certified blocks from a height on; at most SYNC_BLOCKS_MAX come back."""

    start: Height


class CertifiedBlock(Record, tag=1):
    block: Annotated[bytes, Meta(max_length=BLOCK_BYTES_MAX)]
    certificate: Certificate


class CertifiedBlocks(Record, tag=19):
    """Consecutive blocks with the certificate of each; empty: the sender has none."""

    blocks: Annotated[tuple[CertifiedBlock, ...], Meta(max_length=SYNC_BLOCKS_MAX)]


class WantSigned(Record, tag=20):
    """A restarted seat asks: what do you hold that was signed by my key, at this open height?"""

    height: Height
    seat: U16


class Signed(Record, tag=21):
    """The answer: everything held that `seat` signed for `height`. `height` is the sender's own
    open height; if it differs from the one asked, the lists are empty."""

    height: Height
    seat: U16
    proposals: Annotated[tuple[SignedProposal, ...], Meta(max_length=200)]
    votes: Annotated[tuple[SignedVote, ...], Meta(max_length=1000)]


PeerMessage = (
    Proposal
    | Votes
    | Standing
    | Transactions
    | WantBlock
    | WantTransactions
    | BlockTransactions
    | CandidateBlock
    | WantBlocks
    | CertifiedBlocks
    | WantSigned
    | Signed
)

VITAL = (Proposal, Votes, Standing, WantSigned, Signed, WantTransactions, BlockTransactions)
"""Sent and read before sync traffic, which goes before new transactions."""


def read_message(data: bytes) -> PeerMessage:
    """Raises Malformed."""
    message: PeerMessage = decode(PeerMessage, data, MESSAGE_BYTES_MAX)  # type: ignore[arg-type]
    return message


def in_batches(transactions: Iterable[bytes]) -> Iterator[Transactions]:
    """As few messages as the bounds allow, in order; none for none."""
    batch: list[bytes] = []
    size = 0
    for data in transactions:
        if batch and (len(batch) == BATCH_MAX or size + len(data) > BATCH_BYTES_MAX):
            yield Transactions(tuple(batch))
            batch, size = [], 0
        batch.append(data)
        size += len(data)
    if batch:
        yield Transactions(tuple(batch))


def class_of(message: PeerMessage) -> int:
    """The outgoing queue of a message: 0 vital, 1 sync, 2 transactions."""
    if isinstance(message, VITAL):
        return 0
    return 2 if isinstance(message, Transactions) else 1
