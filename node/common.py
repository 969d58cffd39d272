"""What all parts of a replica work with: store, mempool, peers, who we are, and the time."""

from __future__ import annotations

from dataclasses import dataclass

from chain.admission import Signatures
from chain.certificate import Seats
from chain.execution import Release
from chain.ledger import Ledger
from node.mempool import Mempool
from node.signer import Signer
from node.store import Store
from node.sync import Peers


@dataclass(frozen=True, slots=True)
class Identity:
    """The seat this node may hold: its wijk, and the signer with its guard."""

    wijk: str
    signer: Signer


@dataclass(slots=True)
class Common:
    """One per replica. `now_ms` is the wall clock as read for the input being handled."""

    store: Store
    release: Release
    identity: Identity | None
    signatures: Signatures
    mempool: Mempool
    peers: Peers
    now_ms: int = 0
    diverged: bool = False
    """The others committed what our own execution refuses: nothing is signed any more."""

    @property
    def ledger(self) -> Ledger:
        return self.store.ledger

    def seat_of(self, seats: Seats) -> int | None:
        """Our place in a set: only where our wijk sits with the key our signer has."""
        if self.identity is None:
            return None
        for index, seat in enumerate(seats):
            if seat.wijk == self.identity.wijk and seat.key == self.identity.signer.key:
                return index
        return None
