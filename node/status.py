"""What a node says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from chain.certificate import quorum, tolerated
from node.height import OpenHeight


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """What `status` shows of the replica; a copy, safe to hand out."""

    height: int
    time_ms: int
    state_root: bytes
    validators: int
    quorum: int
    tolerated_faults: int
    peers: int
    seats_connected: tuple[str, ...]
    syncing: bool
    joined: bool
    diverged: bool
    round: int
    stage: str
    mempool: int


def status_of(open_: OpenHeight, syncing: bool, joined: bool) -> ReplicaStatus:
    common, machine = open_.common, open_.machine
    tip, n = common.ledger.tip, len(open_.seats)
    return ReplicaStatus(
        height=tip.height,
        time_ms=tip.time_ms,
        state_root=tip.state_root,
        validators=n,
        quorum=quorum(n),
        tolerated_faults=tolerated(n),
        peers=len(common.peers),
        seats_connected=common.peers.wijken(),
        syncing=syncing,
        joined=joined,
        diverged=common.diverged,
        round=machine.round,
        stage=machine.stage.name.lower(),
        mempool=len(common.mempool),
    )
