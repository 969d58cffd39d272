"""The certificate of the tip, which grows by the precommits that come in late.

It proves the tip, may differ from node to node, and is never hashed until a proposer puts it into
the body of the next block: there it counts who attended.
"""

from __future__ import annotations

from chain.certificate import Certificate, Seats, SeatSignature
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.messages import SignedVote, check_vote


class TipCertificate:
    def __init__(self, seats: Seats, chain: bytes, epoch: int, certificate: Certificate) -> None:
        """`seats`: the set that decided the tip."""
        self._seats = seats
        self._chain = chain
        self._epoch = epoch
        self.certificate = certificate

    def add(self, signed: SignedVote) -> bool:
        """Take a precommit for the tip in; True if it is new and of the certificate's round.

        Raises Malformed if it would count and its signature is bad.
        """
        vote, held = signed.vote, self.certificate
        if signed.kind != Kind.PRECOMMIT or vote.seat in [s.seat for s in held.signatures]:
            return False
        if (vote.height, vote.round, vote.block) != (held.height, held.round, held.block):
            return False
        if not check_vote(signed, self._seats, self._chain, self._epoch):
            raise Malformed("a late precommit with a bad signature")
        signatures = (*held.signatures, SeatSignature(vote.seat, signed.signature))
        self.certificate = Certificate(
            held.height,
            held.round,
            held.block,
            tuple(sorted(signatures, key=lambda entry: entry.seat)),
        )
        return True
