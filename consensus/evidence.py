"""Proof that a seat signed two different things for one place.

A place is (seat, height, round, kind): one seat prevotes once, precommits once and proposes at
most once in a round. Two signed messages for one place that differ are a proof anyone can check
with the seat's key alone. The two stand in canonical order (by their bytes) and nothing that
could differ from node to node, no time and no count, is part of it: a timestamp in evidence once
split a network (CVE-2021-21271).

Evidence travels in a block, is checked against the seats of *its* height, and counts once per
place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, NamedTuple

from msgspec import Meta

from chain import crypto
from chain.certificate import Seat, Verify, vote_bytes
from chain.codec import U8, Record, decode, encode
from chain.errors import Malformed
from chain.kinds import Kind, Tag
from consensus.messages import SignedMessage, SignedProposal, SignedVote, proposal_bytes

MESSAGE_BYTES_MAX = 256
EVIDENCE_MAX = 16
"""Pieces of evidence in one block."""


class Evidence(Record, tag=1):
    """`first` < `second`, as bytes: two encoded SignedVotes, or SignedProposals, by `kind`."""

    kind: U8
    first: Annotated[bytes, Meta(max_length=MESSAGE_BYTES_MAX)]
    second: Annotated[bytes, Meta(max_length=MESSAGE_BYTES_MAX)]


EvidenceList = Annotated[tuple[Evidence, ...], Meta(max_length=EVIDENCE_MAX)]
"""Sorted by encoding, without repeats; may be empty."""


class Place(NamedTuple):
    """What may be signed once only. `kind` is a `chain.kinds.Kind`."""

    seat: int
    height: int
    round: int
    kind: int


def place_of(message: SignedMessage) -> Place:
    match message:
        case SignedVote(kind=kind, vote=vote):
            return Place(vote.seat, vote.height, vote.round, kind)
        case SignedProposal(proposal=proposal):
            return Place(proposal.seat, proposal.height, proposal.round, Kind.BLOCK_PROPOSAL)


def conflict(one: SignedMessage, other: SignedMessage) -> Evidence | None:
    """Evidence if the two are for one place and say different things; a second signature
    under the same words is none."""
    if place_of(one) != place_of(other) or _body(one) == _body(other):
        return None
    first, second = sorted((encode(one), encode(other)))
    return Evidence(place_of(one).kind, first, second)


def read_evidence(evidence: Evidence) -> tuple[Place, SignedMessage, SignedMessage]:
    """The place signed twice and the two messages; no signature is checked here.

    Raises Malformed, in this order: a kind that is no vote and no proposal, bytes that are not
    the canonical encoding of such a message, two messages of different places or of another
    kind than stated, the same words twice, the wrong order.
    """
    first: SignedMessage
    second: SignedMessage
    match evidence.kind:
        case Kind.PREVOTE | Kind.PRECOMMIT:
            first, second = decode(SignedVote, evidence.first), decode(SignedVote, evidence.second)
        case Kind.BLOCK_PROPOSAL:
            first = decode(SignedProposal, evidence.first)
            second = decode(SignedProposal, evidence.second)
        case _:
            raise Malformed(f"evidence: kind {evidence.kind}")
    place = place_of(first)
    if place != place_of(second) or place.kind != evidence.kind:
        raise Malformed("evidence: the messages are for two places")
    if _body(first) == _body(second):
        raise Malformed("evidence: both messages say the same")
    if evidence.first >= evidence.second:
        raise Malformed("evidence: the messages are not in order")
    return place, first, second


def check_evidence(
    evidence: Evidence,
    seats: Sequence[Seat],
    chain: bytes,
    epoch: int,
    verify: Verify = crypto.verify,
) -> Place:
    """Verify against the seats of the height it speaks of; the place signed twice.

    Raises Malformed: first whatever `read_evidence` refuses, then a vote that is neither for a
    block nor nil, a seat that does not exist, a bad signature.
    """
    place, first, second = read_evidence(evidence)
    if any(len(block) not in (0, 32) for block in (_block(first), _block(second))):
        raise Malformed("evidence: a vote for neither a block nor nil")
    if place.seat >= len(seats):
        raise Malformed(f"evidence: seat {place.seat} of {len(seats)}")
    key = seats[place.seat].key
    for message in (first, second):
        if not verify(key, _signed_bytes(message, chain, epoch), message.signature):
            raise Malformed("evidence: bad signature")
    return place


def encode_evidence(evidence: tuple[Evidence, ...]) -> bytes:
    """The list in its one order, whatever order it is given in."""
    return encode(tuple(sorted(evidence, key=encode)))


def decode_evidence(data: bytes) -> tuple[Evidence, ...]:
    """Raises Malformed for anything but the canonical list: sorted by encoding, each once."""
    evidence: tuple[Evidence, ...] = decode(EvidenceList, data)
    encoded = [encode(e) for e in evidence]
    if any(a >= b for a, b in pairwise(encoded)):
        raise Malformed("evidence: must be sorted, each once")
    return evidence


def evidence_root(evidence: tuple[Evidence, ...]) -> bytes:
    """What a header commits to; the empty list has a root like any other."""
    return crypto.tagged(Tag.EVIDENCE, encode_evidence(evidence))


def _body(message: SignedMessage) -> bytes:
    return encode(message.vote if isinstance(message, SignedVote) else message.proposal)


def _block(message: SignedMessage) -> bytes:
    return message.vote.block if isinstance(message, SignedVote) else message.proposal.block


def _signed_bytes(message: SignedMessage, chain: bytes, epoch: int) -> bytes:
    match message:
        case SignedVote(kind=kind, vote=vote):
            return vote_bytes(Kind(kind), chain, epoch, vote)
        case SignedProposal(proposal=proposal):
            return proposal_bytes(chain, epoch, proposal)
