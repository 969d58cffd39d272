"""A seat that lies: it shows one half of its peers other votes than the other half."""

from __future__ import annotations

from chain import crypto
from chain.certificate import NIL, Vote, vote_bytes
from chain.kinds import Kind
from consensus.messages import SignedVote
from node.messages import PeerMessage, Votes
from tests.chain import toy


def equivocate(message: PeerMessage, sender: int, receiver: int) -> PeerMessage:
    """To odd receivers: nil where it voted for a block, a made-up block where nil."""
    if not isinstance(message, Votes) or receiver % 2 == 0:
        return message
    return Votes(
        tuple(_other(vote) if vote.vote.seat == sender else vote for vote in message.votes)
    )


def _other(signed: SignedVote) -> SignedVote:
    vote = signed.vote
    block = NIL if vote.block else crypto.tagged(toy.Tag.HEADER, b"made up")
    changed = Vote(vote.height, vote.round, block, vote.seat)
    message = vote_bytes(Kind(signed.kind), toy.CHAIN, 0, changed)
    return SignedVote(signed.kind, changed, crypto.sign(toy.seed(f"seat W{vote.seat}"), message))
