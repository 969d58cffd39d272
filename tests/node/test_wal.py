"""The log of a height: what it says gives the same machine again."""

from __future__ import annotations

import pytest

from chain.certificate import NIL
from chain.errors import Malformed
from chain.kinds import Kind
from consensus.events import BlockJudged, Event, ProposalReceived, VoteReceived
from consensus.machine import Machine
from consensus.messages import BlockProposal, SignedProposal
from consensus.round import Stage, TimedOut
from consensus.timers import Timers
from node import wal
from node.effects import Persist, Replace
from node.wal import LogWriter, recover
from tests.chain import toy
from tests.node.lone import WIJKEN, vote

SEATS = tuple(toy.seat(wijk) for wijk in WIJKEN)
TIMERS = Timers(2_000, 500, 1_000, 500, 10_000)
PARENT, BLOCK = b"\x09" * 32, b"\x01" * 32
PROPOSAL = SignedProposal(BlockProposal(1, 0, (), BLOCK, 1), bytes(64))
EVENTS: list[Event] = [
    ProposalReceived(PROPOSAL),
    BlockJudged(BLOCK, 0, True, True),
    VoteReceived(vote(Kind.PREVOTE, 0, BLOCK)),
    VoteReceived(vote(Kind.PREVOTE, 1, BLOCK)),
    VoteReceived(vote(Kind.PREVOTE, 2, NIL)),
    TimedOut(Stage.PREVOTE, 1, 0),
    VoteReceived(vote(Kind.PRECOMMIT, 0, NIL)),
    VoteReceived(vote(Kind.PRECOMMIT, 1, NIL)),
    VoteReceived(vote(Kind.PRECOMMIT, 2, NIL)),
    TimedOut(Stage.PRECOMMIT, 1, 0),
    VoteReceived(vote(Kind.PREVOTE, 3, NIL, round=1)),
]


def machine() -> Machine:
    return Machine(SEATS, 0, 1, TIMERS)


def replayed(data: bytes) -> Machine:
    found = recover(data)
    assert found is not None and (found.height, found.parent) == (1, PARENT)
    again = machine()
    if found.snapshot is not None:
        again.restore(found.snapshot)
    for event in found.events:
        again.handle(event)
    return again


def written(writer: LogWriter) -> bytes:
    return b"".join(e.data for e in writer.flush() if isinstance(e, Persist | Replace))


@pytest.mark.parametrize("count", range(1, len(EVENTS) + 1))
def test_a_replay_gives_the_same_machine(count: int) -> None:
    writer = LogWriter(1, PARENT, kept=True)
    lived = machine()
    data = wal.begin(1, PARENT)
    for event in EVENTS[:count]:
        before = (lived.started, lived.round)
        writer.event(event)
        lived.handle(event)
        if (lived.started, lived.round) != before:
            writer.snapshot(lived.snapshot(), ())
        data += written(writer)
    again = replayed(data)
    assert again.snapshot() == lived.snapshot() and again.stage == lived.stage


def test_a_log_torn_in_an_event_lacks_that_event_only() -> None:
    data = wal.begin(1, PARENT) + wal.event_frame(EVENTS[0])
    torn = data + wal.event_frame(EVENTS[2])[:-1]
    found = recover(torn)
    assert found is not None and found.events == (EVENTS[0],)
    assert found.good_bytes == len(data) and found.torn_bytes > 0


def test_an_empty_log_says_nothing() -> None:
    assert recover(b"") is recover(bytes(100)) is None


def test_a_log_without_its_head_is_refused() -> None:
    with pytest.raises(Malformed, match="begins with its height"):
        recover(wal.event_frame(EVENTS[0]))


def test_nothing_reaches_the_disk_before_a_flush_and_nothing_twice() -> None:
    writer = LogWriter(1, PARENT, kept=True)
    assert list(writer.flush()) == []
    writer.event(EVENTS[0])
    assert list(writer.flush()) == [Persist("wal", wal.event_frame(EVENTS[0]))]
    assert list(writer.flush()) == []


def test_a_block_is_written_once() -> None:
    town = toy.Town()
    applied = town.build()
    writer = LogWriter(1, PARENT, kept=True)
    for _ in range(2):
        writer.block(applied.hash, applied.block)
    found = recover(wal.begin(1, PARENT) + written(writer))
    assert found is not None and found.blocks == (applied.block,)


def test_a_long_log_begins_anew_with_what_must_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "COMPACT_BYTES", 2_000)
    applied = toy.Town().build()
    writer = LogWriter(1, PARENT, kept=True)
    lived = machine()
    data = wal.begin(1, PARENT)
    sizes = []
    for event in EVENTS * 20:
        writer.event(event)
        lived.handle(event)
        writer.snapshot(lived.snapshot(), ((applied.hash, applied.block),))
        for effect in writer.flush():
            if isinstance(effect, Persist):
                data += effect.data
            elif isinstance(effect, Replace):
                data = effect.data
                found = recover(data)
                assert found is not None and found.blocks == (applied.block,)
        sizes.append(len(data))
    assert max(sizes) < 8_000
    assert replayed(data).snapshot() == lived.snapshot()


def test_who_never_signs_logs_nothing() -> None:
    writer = LogWriter(1, PARENT, kept=False)
    writer.event(EVENTS[0])
    writer.snapshot(machine().snapshot(), ())
    assert list(writer.flush()) == []
