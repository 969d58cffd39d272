"""What can go wrong in a simulated world."""

from __future__ import annotations

from dataclasses import dataclass

from chain.kinds import Kind
from consensus.messages import SignedVote
from node.messages import PeerMessage, Proposal, Votes


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities: per message (loss, duplicate), per effect (crash), per second or so
    (partition, heal), per height (curtain)."""

    loss: float = 0.1
    duplicate: float = 0.05
    delay_max_ms: int = 400
    crash: float = 0.002
    restart_ms: int = 3_000
    partition: float = 0.15
    heal: float = 0.4
    curtain: float = 0.0


CALM = Faults(loss=0.0, duplicate=0.0, delay_max_ms=20, crash=0.0, partition=0.0)


@dataclass(slots=True)
class Curtain:
    """The network as an adversary, in round 0 of one height.

    Nobody hears the precommit of `decider`, and who proposes next hears neither the proposal nor
    the decider's prevote. So one seat may decide, two be locked, and the fourth know of nothing.
    Once the decider has committed it is cut off, until the curtain is drawn back.
    """

    height: int
    decider: int
    next_proposer: int
    until_ms: int
    decided: bool = False

    def shows(self, message: PeerMessage, sender: int, receiver: int) -> PeerMessage | None:
        if self.decided and self.decider in (sender, receiver):
            return None
        match message:
            case Votes(votes):
                shown = tuple(vote for vote in votes if not self._hides(vote, receiver))
                return Votes(shown) if shown else None
            case Proposal(signed, _) if receiver == self.next_proposer:
                place = signed.proposal.height, signed.proposal.round
                return None if place == (self.height, 0) else message
            case _:
                return message

    def _hides(self, signed: SignedVote, receiver: int) -> bool:
        vote = signed.vote
        if (vote.height, vote.round, vote.seat) != (self.height, 0, self.decider):
            return False
        return signed.kind == Kind.PRECOMMIT or receiver == self.next_proposer
