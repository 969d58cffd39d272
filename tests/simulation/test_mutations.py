"""The simulator is worth something only if it sees what is broken: three faults put in on purpose.

Each must be caught within the first SEEDS seeds, by the promise that it breaks.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import chain.certificate
import consensus.round
import consensus.tally
import node.rejoin
from consensus.round import Event, Next, RoundState
from tests.simulation.simulate import run_seed
from tests.simulation.world import Violation

SEEDS = range(1, 21)


def first_violation(promise: str, lying_disks: bool = False) -> str:
    for seed in SEEDS:
        try:
            run_seed(seed, lying_disks)
        except Violation as violation:
            if promise in str(violation):
                return str(violation)
    pytest.fail(f"no seed of {SEEDS} shows: {promise}")


def test_without_the_lock_two_blocks_are_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    step = consensus.round.step

    def forgetful(state: RoundState, event: Event) -> Next:
        state, actions = step(state, event)
        return replace(state, locked=None), actions

    monkeypatch.setattr(consensus.round, "step", forgetful)
    assert first_violation("two blocks at height")


def test_with_a_quorum_of_one_less_two_blocks_are_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (chain.certificate, consensus.tally, node.rejoin):
        monkeypatch.setattr(module, "quorum", lambda n: max(1, 2 * n // 3))
    assert first_violation("two blocks at height")


def test_when_a_sync_is_skipped_a_seat_signs_two_things() -> None:
    assert first_violation("signed two things", lying_disks=True)


def test_when_a_sync_is_skipped_the_others_show_a_seat_what_it_forgot() -> None:
    assert first_violation("stopped by its guard", lying_disks=True)
