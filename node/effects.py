"""What a replica is told, and what it wants done.

`Replica.handle(input)` is a generator of effects; whoever drives it performs each effect before
asking for the next, so the order on the page is the order in the world: persist, then sign, then
send. `Sign` alone has an answer. A crash may fall between any two effects.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from chain.block import Receipt
from chain.certificate import Certificate
from chain.execution import Applied
from chain.ledger import Writes
from chain.transaction import Transaction
from consensus.evidence import Evidence
from node.messages import PeerMessage

PeerId = str
"""A name the shell gives a connection; unique while it lasts."""

File = Literal["wal", "guard"]
"""The two journals a replica writes beside the store."""


# Inputs. Each comes with the wall clock, in milliseconds, read when it arrived.


@dataclass(frozen=True, slots=True)
class Started:
    """The process runs; first input of all."""


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """An authenticated connection; `wijk` is the seat it proved to hold, None for an observer."""

    peer: PeerId
    wijk: str | None


@dataclass(frozen=True, slots=True)
class PeerLeft:
    peer: PeerId


@dataclass(frozen=True, slots=True)
class MessageReceived:
    peer: PeerId
    message: PeerMessage


@dataclass(frozen=True, slots=True)
class Submitted:
    """Parsed transactions from clients (peer None) or a peer, signatures judged beside the loop.

    `more`: others wait behind these, so that a block begun after them would be a fuller one.
    """

    transactions: tuple[Transaction, ...]
    peer: PeerId | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """A timer armed earlier has run out."""

    timer: Timer


Input = Started | PeerJoined | PeerLeft | MessageReceived | Submitted | Alarm


@dataclass(frozen=True, slots=True)
class Timer:
    """Names what it was armed for; a timer that lost its meaning is ignored, never stopped."""

    kind: Literal["round", "gap", "heartbeat", "gossip", "catch_up", "due"]
    height: int
    round: int = 0
    stage: int = 0


# Effects.


@dataclass(frozen=True, slots=True)
class Persist:
    """Append to a journal, behind its last good frame (zeros may follow), and make it durable."""

    file: File
    data: bytes


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace a journal's whole content, atomically and durably."""

    file: File
    data: bytes


@dataclass(frozen=True, slots=True)
class Sign:
    """Sign these bytes with the seat's key; the answer is the signature (64 bytes)."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """To one peer, or to a list of them."""

    peers: tuple[PeerId, ...]
    message: PeerMessage


@dataclass(frozen=True, slots=True)
class Arm:
    timer: Timer
    delay_ms: int


@dataclass(frozen=True, slots=True)
class WriteBatch:
    """One atomic, synced write to the store."""

    writes: Writes


@dataclass(frozen=True, slots=True)
class Committed:
    """A block is final and stored; for events, indexes and metrics. Nothing decides on it."""

    applied: Applied
    certificate: Certificate
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Outcomes of a submission, in its order: None, or why this node does not take it now."""

    outcomes: tuple[Refused | None, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    code: int
    values: tuple[int | str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Misbehaved:
    """A peer broke the protocol; the shell closes the connection."""

    peer: PeerId
    reason: str


@dataclass(frozen=True, slots=True)
class Log:
    """One structured line: an event name and its fields. No personal data, no keys."""

    event: str
    fields: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True, slots=True)
class Equivocation:
    """A seat signed two different things for one place."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Stop:
    """The process must end; `exit_code` as in the command line's table."""

    exit_code: int
    reason: str


Effect = (
    Persist
    | Replace
    | Sign
    | Send
    | Arm
    | WriteBatch
    | Committed
    | Admitted
    | Misbehaved
    | Log
    | Equivocation
    | Stop
)

Effects = Generator[Effect, bytes | None, None]
EXIT_FAILURE = 1
EXIT_GUARD = 7
