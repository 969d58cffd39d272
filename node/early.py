"""Proposals and votes that come in just before our own commit of the height below them.

A node that is milliseconds behind would else ignore them, and wait for gossip to bring them
again. Only the next height counts, and only so many per peer.
"""

from __future__ import annotations

from node.effects import PeerId
from node.messages import PeerMessage, Proposal, Votes

PER_PEER_MAX = 8


class Early:
    def __init__(self) -> None:
        self._held: dict[PeerId, list[PeerMessage]] = {}

    def keep(self, peer: PeerId, message: PeerMessage, open_height: int) -> None:
        """Hold it if it is for the height after the open one, and this peer's room lasts."""
        match message:
            case Proposal(signed):
                height = signed.proposal.height
            case Votes(votes):
                height = votes[0].vote.height
            case _:
                return
        held = self._held.setdefault(peer, [])
        if height == open_height + 1 and len(held) < PER_PEER_MAX:
            held.append(message)

    def take(self) -> list[tuple[PeerId, PeerMessage]]:
        """All that is held, once: the height has opened."""
        held, self._held = self._held, {}
        return [(peer, message) for peer, messages in held.items() for message in messages]
