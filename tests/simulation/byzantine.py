"""A seat that lies: it runs an honest replica, and changes what leaves it.

Where it proposes, odd receivers are shown another block than even ones, and votes for it; its
precommit is shown to the next seat only, so that one seat may decide what the others do not see.
Elsewhere, at every second height, odd receivers are shown other votes than even ones.
"""

from __future__ import annotations

from chain import crypto
from chain.admission import Signatures
from chain.certificate import NIL, Vote, vote_bytes
from chain.execution import build_block
from chain.kinds import Kind, Tag
from consensus.messages import BlockProposal, SignedProposal, SignedVote, proposal_bytes
from node.candidates import compact
from node.messages import CompactBlock, PeerMessage, Proposal, Votes
from node.replica import Replica
from tests.chain import toy

MADE_UP = crypto.tagged(Tag.HEADER, b"made up")


class Liar:
    def __init__(self, index: int, wijk: str) -> None:
        self.index = index
        self.wijk = wijk
        self._seed = toy.seed("seat " + wijk)
        self._others: dict[tuple[int, int], tuple[bytes, CompactBlock]] = {}

    def tell(self, replica: Replica, message: PeerMessage, receiver: int) -> PeerMessage | None:
        """What the receiver gets instead of the honest message; None: nothing."""
        match message:
            case Votes(votes):
                told = [self._vote(vote, receiver) for vote in votes]
                kept = tuple(vote for vote in told if vote is not None)
                return Votes(kept) if kept else None
            case Proposal(signed, _) if signed.proposal.seat == self.index and receiver % 2:
                return self._proposal(replica, message)
            case _:
                return message

    def _vote(self, signed: SignedVote, receiver: int) -> SignedVote | None:
        vote = signed.vote
        if vote.seat != self.index:
            return signed
        other = self._others.get((vote.height, vote.round))
        if other is not None and signed.kind == Kind.PRECOMMIT and receiver != (vote.seat + 1) % 4:
            return None
        if receiver % 2 == 0 or (other is None and vote.height % 2):
            return signed
        block = other[0] if other is not None else NIL if vote.block else MADE_UP
        changed = Vote(vote.height, vote.round, block, vote.seat)
        message = vote_bytes(Kind(signed.kind), toy.CHAIN, 0, changed)
        return SignedVote(signed.kind, changed, crypto.sign(self._seed, message))

    def _proposal(self, replica: Replica, message: Proposal) -> Proposal:
        """Another block, empty and one millisecond later, for the same place."""
        honest = message.signed.proposal
        if honest.valid_round or honest.height != replica.height:
            return message
        place = honest.height, honest.round
        if place not in self._others:
            header = message.block.header
            applied, _ = build_block(
                replica.ledger.parent(), self.wijk, header.time_ms + 1, (), (),
                message.block.parent_certificate, toy.RELEASE, replica.ledger, Signatures(),
            )  # fmt: skip
            self._others[place] = applied.hash, compact(applied.block, ())
        block, found = self._others[place]
        other = BlockProposal(honest.height, honest.round, (), block, honest.seat)
        signature = crypto.sign(self._seed, proposal_bytes(toy.CHAIN, 0, other))
        return Proposal(SignedProposal(other, signature), found)
