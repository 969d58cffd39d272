"""Before its first signature, a restarted seat asks the others what it signed.

No block can be made without q seats, so waiting for q - 1 others costs nothing; answering needs
no signing, so all may restart at once after a power cut. What they hold that our guard never
made was signed elsewhere, with our key: then the seat must not go on.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain.certificate import Seats, quorum
from consensus.messages import SignedProposal, SignedVote, check_proposal, check_vote
from node.messages import Signed
from node.signer import Signer

PATIENCE_TICKS = 3
"""Gossip ticks after which what a seat's neighbours hold includes what theirs hold."""


class KeyUsedElsewhere(Exception):
    """Our key signed something that this machine's guard has no record of."""

    def __init__(self, height: int, round: int) -> None:
        super().__init__(
            f"this seat's key signed for height {height}, round {round}, but not on this machine: "
            "the same key runs, or ran, elsewhere, or this folder was restored from a backup "
            "older than its last signature. Stop the other one for good, or have the board "
            "rotate this seat's key; this node signs nothing until then"
        )


class Rejoin:
    """Counts the answers of one open height, until q - 1 seats were heard in this life.

    A seat that is connected to fewer hears the others through those: summaries have brought them
    what the seats behind them hold, once some time has passed.

    Nothing is waited for without a seat, with q = 1, or once the seat has signed in this life.
    None of these lasts: the seats of a height that is synced may be others than those of the tip.
    """

    def __init__(self) -> None:
        self._heard_enough = False
        self._exempt = True
        self._heard: dict[str, None] = {}
        self._ticks = 0

    @property
    def done(self) -> bool:
        return self._heard_enough or self._exempt

    def begin(self, seats: Seats, me: int | None, signer: Signer | None) -> None:
        """A height opens; what was heard of another height does not count."""
        self._heard.clear()
        live = signer is not None and signer.live
        self._exempt = me is None or quorum(len(seats)) == 1 or live

    def answer(
        self, wijk: str, answer: Signed, height: int, seats: Seats, me: int, signer: Signer
    ) -> None:
        """Take the answer of the seat of `wijk` in.

        One from another height says nothing about ours and does not count: who is behind will
        come here, and whom we are behind gives us blocks first. Raises KeyUsedElsewhere.
        """
        if answer.seat != me or answer.height != height:
            return
        for proposal in answer.proposals:
            refuse_foreign(proposal, seats, me, signer)
        for vote in answer.votes:
            refuse_foreign(vote, seats, me, signer)
        if wijk != seats[me].wijk and wijk in [seat.wijk for seat in seats]:
            self._heard[wijk] = None
        if len(self._heard) >= quorum(len(seats)) - 1:
            self._heard_enough = True

    def tick(
        self, seats: Seats, me: int | None, connected: Sequence[str], reached: Sequence[str]
    ) -> None:
        """Time passes. `connected`: the seats we are connected to; `reached`: those, and the
        seats that they say they are connected to."""
        if me is None or self.done:
            return
        self._ticks += 1
        others = [seat.wijk for number, seat in enumerate(seats) if number != me]
        near = [wijk for wijk in others if wijk in connected]
        known = [wijk for wijk in others if wijk in reached]
        all_heard = bool(near) and all(wijk in self._heard for wijk in near)
        if self._ticks > PATIENCE_TICKS and all_heard and len(known) >= quorum(len(seats)) - 1:
            self._heard_enough = True


def refuse_foreign(
    message: SignedVote | SignedProposal, seats: Seats, me: int, signer: Signer
) -> None:
    """Raises KeyUsedElsewhere if our key made this message, and not through our guard."""
    match message:
        case SignedVote(vote=vote):
            if vote.seat != me or not signer.foreign(message):
                return
            good = check_vote(message, seats, signer.chain, signer.epoch)
            if good:
                raise KeyUsedElsewhere(vote.height, vote.round)
        case SignedProposal(proposal=proposal):
            if proposal.seat != me or not signer.foreign(message):
                return
            if check_proposal(message, seats, signer.chain, signer.epoch):
                raise KeyUsedElsewhere(proposal.height, proposal.round)
