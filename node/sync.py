"""Peers, what they said of themselves, and catching up with those that are ahead.

A claim of height only decides whom to ask, never what to believe: a block counts with its full
certificate, from anyone. While an answer is due the seat is silent, for at most two seconds;
whoever claimed and did not deliver cannot silence us again until it delivers.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain import crypto
from chain.block import Block, check_body, header_hash, read_block
from chain.certificate import Seats, check_certificate
from chain.errors import Malformed
from chain.kinds import Tag
from chain.ledger import Tip
from node.effects import Arm, Effects, Log, PeerId, Send, Timer
from node.messages import (
    SYNC_BLOCKS_MAX,
    SYNC_BYTES_MAX,
    CertifiedBlock,
    CertifiedBlocks,
    Standing,
    WantBlocks,
)
from node.store import DamagedStore, Store

NEAR_WAIT_MS = 500
"""One height behind is mostly a matter of milliseconds: votes are under way."""
DELIVERY_WAIT_MS = 2_000
"""No certified next block within this: take part at this height."""


@dataclass(slots=True)
class Peer:
    """`wijk`: the seat it proved to hold. `height`: the open height it claims."""

    id: PeerId
    wijk: str | None
    height: int = 0
    neighbours: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What outlasts the connection; observers share one."""
        return self.wijk or ""


class Peers:
    """The connected peers."""

    def __init__(self) -> None:
        self._peers: dict[PeerId, Peer] = {}
        self._idle: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._peers)

    def join(self, peer: PeerId, wijk: str | None) -> None:
        self._peers[peer] = Peer(peer, wijk)

    def leave(self, peer: PeerId) -> None:
        self._peers.pop(peer, None)

    def find(self, peer: PeerId) -> Peer | None:
        return self._peers.get(peer)

    def all(self) -> tuple[PeerId, ...]:
        return tuple(self._peers)

    def wijken(self) -> tuple[str, ...]:
        """The seats we are connected to, sorted."""
        return tuple(sorted({p.wijk for p in self._peers.values() if p.wijk is not None}))

    def reached(self) -> tuple[str, ...]:
        """The seats we are connected to, and those that our peers say they are, sorted."""
        second = {wijk for peer in self._peers.values() for wijk in peer.neighbours}
        return tuple(sorted(second.union(self.wijken())))

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

    def delivered(self, peer: PeerId, something: bool) -> None:
        """A peer gave us blocks that moved us on, or was asked and did not."""
        found = self._peers.get(peer)
        if found is None:
            return
        if something:
            self._idle.pop(found.name, None)
        else:
            self._idle[found.name] = None

    def ahead(self, height: int) -> Peer | None:
        """Whom to wait for: the highest claim above our open height that was not found empty."""
        best: Peer | None = None
        for peer in self._peers.values():
            useful = peer.height > height and peer.name not in self._idle
            if useful and (best is None or peer.height > best.height):
                best = peer
        return best

    def next_claiming(self, height: int) -> PeerId | None:
        """One that says it is ahead, each in its turn."""
        for peer in list(self._peers.values()):
            if peer.height > height:
                self._peers[peer.id] = self._peers.pop(peer.id)
                return peer.id
        return None


class CatchUp:
    """Whom we asked for blocks, and at which of our heights."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._asked: PeerId | None = None
        self._height = 0
        self._attempt = 0

    def waiting(self, height: int) -> bool:
        """Is an answer due that would move us on from this height?"""
        return self._asked is not None and self._height == height

    def near(self, height: int) -> Effects:
        """A peer is one height further: give the votes under way a moment before asking."""
        yield Arm(Timer("catch_up", height), NEAR_WAIT_MS)

    def ask(self, height: int) -> Effects:
        """Ask a peer that is ahead, if there is one and no answer is due already."""
        peer = None if self.waiting(height) else self._peers.ahead(height)
        if peer is None:
            return
        self._asked, self._height = peer.id, height
        self._attempt += 1
        yield Send((peer.id,), WantBlocks(height))
        yield Arm(Timer("catch_up", height, self._attempt), DELIVERY_WAIT_MS)

    def ask_aside(self, height: int) -> Effects:
        """Ask without waiting, also those that were found empty: they may have come to blocks."""
        if not self.waiting(height):
            peer = self._peers.next_claiming(height)
            if peer is not None:
                yield Send((peer,), WantBlocks(height))

    def alarm(self, timer: Timer) -> Effects:
        """`timer` was armed by `near` or `ask`: go on waiting, or ask the next."""
        if self.waiting(timer.height) and timer.round == self._attempt:
            yield from self._found_empty(timer.height)
        yield from self.ask(timer.height)

    def answered(self, peer: PeerId, moved: bool, height: int) -> Effects:
        """A peer sent blocks; `moved`: they brought us to the open height `height`."""
        if moved:
            self._peers.delivered(peer, True)
            self._asked = None
        elif peer == self._asked and self.waiting(height):
            yield from self._found_empty(height)

    def left(self, peer: PeerId) -> None:
        if peer == self._asked:
            self._asked = None

    def _found_empty(self, height: int) -> Effects:
        assert self._asked is not None, "waiting names whom"
        self._peers.delivered(self._asked, False)
        yield Log("peer_delivered_nothing", (("peer", self._asked), ("height", height)))
        self._asked = None


def blocks_from(store: Store, peer: PeerId, start: int) -> Effects:
    """Give a peer certified blocks from a height on, as many as one answer holds; none if there
    are none. A damaged one ends the answer: another node has it."""
    blocks: list[CertifiedBlock] = []
    size = 0
    try:
        for data, certificate in store.blocks(start):
            size += len(data)
            if len(blocks) == SYNC_BLOCKS_MAX or (blocks and size > SYNC_BYTES_MAX):
                break
            blocks.append(CertifiedBlock(data, certificate))
    except DamagedStore as error:
        yield Log("store_damaged", (("reason", str(error)),))
    yield Send((peer,), CertifiedBlocks(tuple(blocks)))


def check_certified(found: CertifiedBlock, seats: Seats, tip: Tip) -> Block:
    """The block, if these bytes are what q of the seats of the height after `tip` committed.

    Raises Malformed, in this order: no block, a certificate for another block, a body that is not
    the header's, a certificate that does not hold.
    """
    block = read_block(found.block)
    if header_hash(block.header) != found.certificate.block:
        raise Malformed("a certificate for another block")
    wires = [crypto.tagged(Tag.WIRE, data) for data in block.transactions]
    check_body(block.header, wires, block.evidence, block.parent_certificate)
    check_certificate(found.certificate, seats, tip.chain, tip.epoch)
    return block
