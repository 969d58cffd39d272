"""Peers, what they said of themselves, and catching up with those that are ahead.

A claim of height only decides whom to ask, never what to believe: a block counts with its full
certificate, from anyone. A peer that claims and does not deliver is not asked again until we
have moved on without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.effects import PeerId
from node.messages import Standing

NEAR_WAIT_MS = 500
"""One height behind is mostly a matter of milliseconds: votes are under way."""
DELIVERY_WAIT_MS = 2_000
"""No certified next block within this: take part at this height."""


@dataclass(slots=True)
class Peer:
    """`height` is the open height it claims; `failed_height` the height of ours for which it
    claimed to be ahead and delivered nothing."""

    id: PeerId
    wijk: str | None
    height: int = 0
    neighbours: tuple[str, ...] = ()
    failed_height: int = 0


class Peers:
    """The connected peers."""

    def __init__(self) -> None:
        self._peers: dict[PeerId, Peer] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def join(self, peer: PeerId, wijk: str | None) -> None:
        self._peers[peer] = Peer(peer, wijk)

    def leave(self, peer: PeerId) -> None:
        self._peers.pop(peer, None)

    def rotate(self) -> None:
        """Put the first peer last, so that the next one is asked next."""
        for peer in list(self._peers)[:1]:
            self._peers[peer] = self._peers.pop(peer)

    def find(self, peer: PeerId) -> Peer | None:
        return self._peers.get(peer)

    def all(self) -> tuple[PeerId, ...]:
        return tuple(self._peers)

    def wijken(self) -> tuple[str, ...]:
        """The seats we are connected to, sorted."""
        return tuple(sorted({p.wijk for p in self._peers.values() if p.wijk is not None}))

    def stand(self, peer: PeerId, standing: Standing) -> Peer | None:
        found = self._peers.get(peer)
        if found is not None:
            found.height = standing.summary.height
            found.neighbours = standing.neighbours
        return found

    def beyond(self, source: PeerId | None) -> tuple[PeerId, ...]:
        """Whom to pass on to what came from `source`: all that it does not reach itself."""
        if source is None:
            return self.all()
        origin = self._peers.get(source)
        reached = () if origin is None else origin.neighbours
        return tuple(
            p.id
            for p in self._peers.values()
            if p.id != source and (p.wijk is None or p.wijk not in reached)
        )

    def ahead(self, height: int) -> Peer | None:
        """Who to ask for the block of our open height: the highest claim not found empty."""
        best: Peer | None = None
        for peer in self._peers.values():
            useful = peer.height > height and peer.failed_height != height
            if useful and (best is None or peer.height > best.height):
                best = peer
        return best

    def claiming(self, height: int) -> tuple[PeerId, ...]:
        """All that say they are ahead of this height."""
        return tuple(p.id for p in self._peers.values() if p.height > height)


class CatchUp:
    """Whom we asked for blocks, and at which of our heights."""

    def __init__(self) -> None:
        self.asked: PeerId | None = None
        self.height = 0

    def waiting(self, height: int) -> bool:
        """Is an answer due that would move us on from this height?"""
        return self.asked is not None and self.height == height

    def ask(self, peer: PeerId, height: int) -> None:
        self.asked = peer
        self.height = height

    def done(self) -> None:
        self.asked = None
