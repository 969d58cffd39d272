"""Where a height stands after a restart: the log says it, or, without one, the guard.

Nothing is signed, sent or asked while a log is replayed: the answers are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from chain.errors import Malformed
from consensus import events as wish
from consensus.messages import SignedProposal, SignedVote
from consensus.round import Stage
from consensus.snapshot import MachineSnapshot
from node import wal
from node.effects import Effect, Log, Replace
from node.height import Decision, OpenHeight
from node.journal import DamagedJournal
from node.wal import Recovered


def take_up(
    open_: OpenHeight, log: bytes, reopen: Callable[[], OpenHeight]
) -> Generator[Effect, bytes | None, OpenHeight]:
    """Bring a height that was just opened to where it stood; returns it.

    `reopen` gives it from its beginning. That is needed when the log ends in divergence: the
    release may have been mended since, so the block is judged again, and the guard stands for
    what was signed. Raises DamagedJournal.
    """
    try:
        found = wal.recover(log)
    except (DamagedJournal, Malformed) as error:
        raise DamagedJournal(
            f"the write-ahead log is damaged: {error}. Move the file away and start again: the "
            "seat then stands where its guard says, and signs nothing twice"
        ) from None
    parent = open_.common.ledger.tip.hash
    replayed = 0
    if found is not None and (found.height, found.parent) == (open_.number, parent):
        if found.torn_bytes:
            yield Log("wal_tail_dropped", (("bytes", found.torn_bytes),))
            yield Replace("wal", log[: found.good_bytes])
        replay(open_, found)
        replayed = len(found.events)
    if open_.machine.diverged:
        yield Log("judging_anew", (("height", open_.number),))
        open_ = reopen()
    if not open_.machine.started:
        yield Replace("wal", wal.begin(open_.number, parent))
        stand_at_guard(open_)
    machine = open_.machine
    yield Log(
        "started",
        (
            ("height", open_.number),
            ("round", machine.round),
            ("seat", -1 if machine.me is None else machine.me),
            ("replayed", replayed),
        ),
    )
    return open_


def replay(open_: OpenHeight, found: Recovered) -> None:
    """Feed a log of this height to the machine; sets `decision` if it had come to one."""
    machine = open_.machine
    hashes = [open_.candidates.add_block(block) for block in found.blocks]
    open_.log.resume(found.good_bytes, hashes)
    silent, machine.silent = machine.silent, False
    if found.snapshot is not None:
        machine.restore(found.snapshot)
    for event in found.events:
        for action in machine.handle(event):
            if isinstance(action, wish.Decide):
                applied = open_.candidates.applied(action.block)
                assert applied is not None, "the machine decides only what was found valid"
                open_.decision = Decision(applied, action.certificate)
    machine.silent = silent or machine.diverged


def stand_at_guard(open_: OpenHeight) -> None:
    """Without a log the guard still knows the place, the lock and the last message: no amnesia."""
    identity = open_.common.identity
    if identity is None or open_.machine.me is None:
        return
    last = identity.signer.last
    if last.height != open_.number:
        return
    stage = (Stage.PROPOSE, Stage.PREVOTE, Stage.PRECOMMIT)[last.step]
    stored = identity.signer.stored()
    proposals = (stored,) if isinstance(stored, SignedProposal) else ()
    votes = (stored,) if isinstance(stored, SignedVote) else ()
    open_.machine.restore(
        MachineSnapshot(
            open_.number,
            last.round,
            stage,
            last.locked,
            last.locked,
            proposals,
            votes,
            (),
            (),
            (),
        )
    )
