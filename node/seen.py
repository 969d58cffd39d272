"""What came in for the open height, so that each message is verified, logged and passed on once.

A message is known by what it says, not by its signature: one key can sign the same words in many
ways. A seat that says two things at one place is heard twice, so that there is proof, and no more
often. Bounded like the tally: of rounds further than the next one, the highest of each seat.
"""

from __future__ import annotations

from consensus.evidence import Place, place_of
from consensus.messages import SignedMessage, SignedVote

SAID_MAX = 2


class Seen:
    """The messages of one height."""

    def __init__(self) -> None:
        self._said: dict[Place, tuple[bytes, ...]] = {}
        self._far: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._said)

    def new(self, message: SignedMessage, round: int) -> bool:
        """Not heard before and within the bounds, for a machine in `round`?"""
        place, said = _said(message)
        if round + 1 < place.round < self._far.get(place.seat, 0):
            return False
        known = self._said.get(place, ())
        return said not in known and len(known) < SAID_MAX

    def note(self, message: SignedMessage, round: int) -> None:
        place, said = _said(message)
        if place.round > round + 1:
            before = self._far.get(place.seat, 0)
            if round + 1 < before < place.round:
                self._forget(place.seat, before)
            self._far[place.seat] = place.round
        known = self._said.get(place, ())
        if said not in known and len(known) < SAID_MAX:
            self._said[place] = (*known, said)

    def _forget(self, seat: int, round: int) -> None:
        for place in [p for p in self._said if (p.seat, p.round) == (seat, round)]:
            del self._said[place]


def _said(message: SignedMessage) -> tuple[Place, bytes]:
    """For a proposal, the block stands for the whole: its valid round is checked by the tally."""
    if isinstance(message, SignedVote):
        return place_of(message), message.vote.block
    return place_of(message), message.proposal.block
