"""What validators say to each other about the block of one height.

Signed and durable: `BlockProposal`, and `Vote` from `chain.certificate` (prevote or precommit).
Unsigned, between two peers: `Summary`, which says what a node holds, so that the other can send
what is missing. The paper (arXiv:1807.04938, section 2) assumes gossip that delivers every
message to every correct process; summaries are how that assumption is kept over bad links.

A signature covers the preamble, the kind, chain and epoch, and the encoding of the body
(`chain.crypto.sign_bytes`), never the signature beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.certificate import Seat, Verify, Vote, vote_bytes
from chain.codec import U8, U16, U32, Hash, Height, Record, Sig, decode, encode
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.proposer import proposer

SEATS_MAX = 200
ROUNDS_MAX = 64
"""Rounds that one summary lists."""

VoteKind = Annotated[int, Meta(ge=int(Kind.PREVOTE), le=int(Kind.PRECOMMIT))]
Bitmap = Annotated[bytes, Meta(max_length=(SEATS_MAX + 7) // 8)]
"""Seat i is bit i % 8 (1 = lowest) of byte i // 8; exactly ceil(n / 8) bytes, spare bits zero."""


class BlockProposal(Record, tag=1):
    """`seat` proposes `block` for (height, round).

    `valid_round` is empty for a new block (-1 in the paper), else the earlier round in which
    the proposer saw q prevotes for this same block.
    """

    height: Height
    round: U32
    valid_round: Annotated[tuple[U32, ...], Meta(max_length=1)]
    block: Hash
    seat: U16


class SignedProposal(Record, tag=1):
    proposal: BlockProposal
    signature: Sig


class SignedVote(Record, tag=1):
    """A prevote or a precommit (`kind` is Kind.PREVOTE or Kind.PRECOMMIT), as signed."""

    kind: VoteKind
    vote: Vote
    signature: Sig


SignedMessage = SignedProposal | SignedVote


def proposal_bytes(chain: bytes, epoch: int, proposal: BlockProposal) -> bytes:
    return crypto.sign_bytes(Kind.BLOCK_PROPOSAL, chain, epoch, encode(proposal))


def check_proposal(
    signed: SignedProposal,
    seats: Sequence[Seat],
    chain: bytes,
    epoch: int,
    verify: Verify = crypto.verify,
) -> bool:
    """Is it this seat's turn, is its valid round an earlier one, and is the signature good?"""
    proposal = signed.proposal
    if proposal.seat != proposer(len(seats), proposal.height, proposal.round):
        return False
    if any(valid_round >= proposal.round for valid_round in proposal.valid_round):
        return False
    message = proposal_bytes(chain, epoch, proposal)
    return verify(seats[proposal.seat].key, message, signed.signature)


def check_vote(
    signed: SignedVote,
    seats: Sequence[Seat],
    chain: bytes,
    epoch: int,
    verify: Verify = crypto.verify,
) -> bool:
    """Is it a vote for one block or nil, of a seat that exists, with a good signature?"""
    vote = signed.vote
    if signed.kind not in (Kind.PREVOTE, Kind.PRECOMMIT) or len(vote.block) not in (0, 32):
        return False
    if vote.seat >= len(seats):
        return False
    message = vote_bytes(Kind(signed.kind), chain, epoch, vote)
    return verify(seats[vote.seat].key, message, signed.signature)


class RoundSummary(Record, tag=1):
    """Which messages of one round a node holds."""

    round: U32
    prevotes: Bitmap
    precommits: Bitmap
    proposal: bool


class Summary(Record, tag=1):
    """Where a node stands in a height and what it holds: sent on connect, on each step, every 2 s.

    `rounds` is sorted, without repeats, and holds at most the newest ROUNDS_MAX.
    """

    height: Height
    round: U32
    stage: U8
    rounds: Annotated[tuple[RoundSummary, ...], Meta(max_length=ROUNDS_MAX)]


def bitmap(seats: Sequence[int], n: int) -> bytes:
    """The bitmap of these seats out of n."""
    bits = 0
    for seat in seats:
        bits |= 1 << seat
    return bits.to_bytes((n + 7) // 8, "little")


def has(bits: bytes, seat: int) -> bool:
    return bool(bits[seat // 8] >> seat % 8 & 1)


def check_summary(summary: Summary, n: int) -> None:
    """Raises Malformed, in this order: rounds unsorted or repeated; then for each round a bitmap
    that is not ceil(n / 8) bytes, or has a bit for a seat that does not exist.

    A bitmap of another length halted a network elsewhere (ASA-2025-003).
    """
    rounds = [r.round for r in summary.rounds]
    if any(a >= b for a, b in pairwise(rounds)):
        raise Malformed("summary: rounds must be sorted, each once")
    for listed in summary.rounds:
        for bits in (listed.prevotes, listed.precommits):
            if len(bits) != (n + 7) // 8:
                raise Malformed(f"summary: a bitmap of {len(bits)} bytes for {n} seats")
            if int.from_bytes(bits, "little") >> n:
                raise Malformed("summary: a spare bit is set")


def decode_summary(data: bytes, n: int) -> Summary:
    """Read a peer's summary for a height with n seats, or raise Malformed."""
    summary = decode(Summary, data, 1 << 14)
    check_summary(summary, n)
    return summary
