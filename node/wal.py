"""The write-ahead log: the inputs of the open height's machine, in the order it took them.

Verdicts on blocks and blocks that were built are inputs too, so a replay reads no clock and
asks nothing. At each round's start a snapshot of the machine is written: a replay is one round
long. The log of a height begins anew when the height before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from chain.block import Block
from chain.codec import U8, U32, Hash, Height, Record, decode, encode
from chain.errors import Malformed
from consensus.events import BlockBuilt, BlockJudged, Event, ProposalReceived, VoteReceived
from consensus.messages import SignedProposal, SignedVote
from consensus.round import Stage, TimedOut
from consensus.snapshot import MachineSnapshot
from node.effects import Effects, Persist, Replace
from node.journal import frame, read_frames

COMPACT_BYTES = 1024 * 1024
"""When a log has grown by this since it was begun, a snapshot begins it anew."""


class Entry(IntEnum):
    """The kinds of frames."""

    HEIGHT = 1
    SNAPSHOT = 2
    BLOCK = 3
    PROPOSAL = 4
    VOTE = 5
    JUDGED = 6
    BUILT = 7
    TIMED_OUT = 8


class _Height(Record, tag=1):
    height: Height
    parent: Hash


class _Judged(Record, tag=1):
    block: Hash
    round: U32
    valid: bool
    fresh: bool


class _Built(Record, tag=1):
    block: Hash
    round: U32


class _TimedOut(Record, tag=1):
    stage: U8
    height: Height
    round: U32


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a log says. `snapshot` is the last one; `events` came after it."""

    height: int
    parent: bytes
    snapshot: MachineSnapshot | None
    blocks: tuple[Block, ...]
    events: tuple[Event, ...]
    torn_bytes: int
    """Bytes at the tail that a crash left half-written; they are dropped."""
    good_bytes: int


def begin(height: int, parent: bytes) -> bytes:
    """A new log for a height."""
    return frame(Entry.HEIGHT, encode(_Height(height, parent)))


def snapshot_frame(snapshot: MachineSnapshot) -> bytes:
    return frame(Entry.SNAPSHOT, encode(snapshot))


def block_frame(block: Block) -> bytes:
    return frame(Entry.BLOCK, encode(block))


def event_frame(event: Event) -> bytes:
    match event:
        case ProposalReceived(signed):
            return frame(Entry.PROPOSAL, encode(signed))
        case VoteReceived(signed):
            return frame(Entry.VOTE, encode(signed))
        case BlockJudged(block, round_, valid, fresh):
            return frame(Entry.JUDGED, encode(_Judged(block, round_, valid, fresh)))
        case BlockBuilt(block, round_):
            return frame(Entry.BUILT, encode(_Built(block, round_)))
        case TimedOut(stage, height, round_):
            return frame(Entry.TIMED_OUT, encode(_TimedOut(int(stage), height, round_)))


class LogWriter:
    """The log of one height as it grows. Nothing reaches the disk before `flush`."""

    def __init__(self, height: int, parent: bytes, kept: bool) -> None:
        """`kept` is False where nothing is ever signed: then there is nothing to remember."""
        self._head = begin(height, parent)
        self._kept = kept
        self._unwritten = bytearray()
        self._anew = False
        self._base = self._size = len(self._head)
        self._blocks: dict[bytes, None] = {}

    def resume(self, size: int, blocks: Iterable[bytes]) -> None:
        """Go on behind a log of this many bytes, which holds these blocks."""
        self._base = self._size = size
        self._blocks = dict.fromkeys(blocks)

    def event(self, event: Event) -> None:
        if self._kept:
            self._unwritten += event_frame(event)

    def block(self, block_hash: bytes, block: Block) -> None:
        """A block that was judged or built; each is written once."""
        if self._kept and block_hash not in self._blocks:
            self._blocks[block_hash] = None
            self._unwritten += block_frame(block)

    def snapshot(self, snapshot: MachineSnapshot, blocks: Iterable[tuple[bytes, Block]]) -> None:
        """A round begins. `blocks`: the complete ones that must be kept; read if the log is to
        begin anew with them."""
        if not self._kept:
            return
        if self._size + len(self._unwritten) > self._base + COMPACT_BYTES:
            self._unwritten = bytearray(self._head)
            self._blocks.clear()
            for block_hash, block in blocks:
                self.block(block_hash, block)
            self._unwritten += snapshot_frame(snapshot)
            self._base = self._size = len(self._unwritten)
            self._anew = True
        else:
            self._unwritten += snapshot_frame(snapshot)

    def flush(self) -> Effects:
        """Make durable what was taken in; called before anything is signed."""
        if not self._unwritten:
            return
        data, self._unwritten = bytes(self._unwritten), bytearray()
        if self._anew:
            self._anew, self._size = False, len(data)
            yield Replace("wal", data)
        else:
            self._size += len(data)
            yield Persist("wal", data)


def recover(data: bytes) -> Recovered | None:
    """Read a log; None if it holds nothing. Raises DamagedJournal, Malformed."""
    frames, good_bytes = read_frames(data)
    if not frames:
        return None
    if frames[0].kind != Entry.HEIGHT:
        raise Malformed("a write-ahead log begins with its height")
    head = decode(_Height, frames[0].payload)
    snapshot: MachineSnapshot | None = None
    blocks: list[Block] = []
    events: list[Event] = []
    for each in frames[1:]:
        match each.kind:
            case Entry.SNAPSHOT:
                snapshot = decode(MachineSnapshot, each.payload, len(each.payload))
                events.clear()
            case Entry.BLOCK:
                blocks.append(decode(Block, each.payload, len(each.payload)))
            case _:
                events.append(_read_event(each.kind, each.payload))
    torn = len(data[good_bytes:].rstrip(b"\x00"))
    return Recovered(
        head.height, head.parent, snapshot, tuple(blocks), tuple(events), torn, good_bytes
    )


def _read_event(kind: int, payload: bytes) -> Event:
    match kind:
        case Entry.PROPOSAL:
            return ProposalReceived(decode(SignedProposal, payload))
        case Entry.VOTE:
            return VoteReceived(decode(SignedVote, payload))
        case Entry.JUDGED:
            judged = decode(_Judged, payload)
            return BlockJudged(judged.block, judged.round, judged.valid, judged.fresh)
        case Entry.BUILT:
            built = decode(_Built, payload)
            return BlockBuilt(built.block, built.round)
        case Entry.TIMED_OUT:
            timed = decode(_TimedOut, payload)
            return TimedOut(Stage(timed.stage), timed.height, timed.round)
        case _:
            raise Malformed(f"a write-ahead log has no frames of kind {kind}")
