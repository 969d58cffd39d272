"""Fifty seeds of everything at once, and the same replicas where only some are connected.

A failure prints its seed; `python -m tests.simulation.simulate --start SEED --seeds 1` plays it.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.simulation.faults import CALM, Faults
from tests.simulation.simulate import run_seed, settle
from tests.simulation.world import World

GROUPS = [range(first, first + 5) for first in range(1, 51, 5)]
LINE = frozenset(pairwise(range(4)))
RING = LINE | {(0, 3)}


@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_a_seed_keeps_every_promise(seeds: range) -> None:
    for seed in seeds:
        assert run_seed(seed).heights > 0


def test_one_seed_is_one_run() -> None:
    assert run_seed(9) == run_seed(9)


@pytest.mark.parametrize("lossy", [False, True])
def test_a_line_of_four_whose_ends_never_meet_commits(lossy: bool) -> None:
    faults = Faults(loss=0.2, crash=0.0, partition=0.0) if lossy else CALM
    world = World(3, 4, faults, links=LINE)
    for _ in range(20):
        world.submit()
        world.run(world.now_ms + 1_000)
    assert lossy or world.figures.heights >= 8, "once the ends have joined a line is nearly a mesh"
    settle(world)


def test_in_a_ring_two_words_of_a_liar_do_not_circle_for_ever() -> None:
    world = World(4, 4, CALM, byzantine=frozenset({1}), links=RING)
    for _ in range(10):
        world.submit()
        world.run(world.now_ms + 1_000)
    assert world.figures.heights >= 4
    busy = world.messages["Votes"]
    world.run(world.now_ms + 30_000)
    assert world.messages["Votes"] - busy < busy, "an idle ring is quiet"


def test_a_seat_that_was_away_for_long_catches_up_and_signs_again() -> None:
    world = World(5, 4, CALM)
    world.run(world.now_ms + 2_000)
    away = world.machines[3]
    world.crash(away, back_after_ms=60_000)
    for _ in range(40):
        world.submit()
        world.run(world.now_ms + 1_000)
    assert away.replica is None and world.figures.heights >= 15
    behind = world.figures.heights
    world.run(world.now_ms + 25_000)
    replica = away.replica
    assert replica is not None and replica.height > behind
    assert replica.status().joined and not replica.machine.silent


def test_two_of_four_clocks_an_hour_ahead_and_commits_continue() -> None:
    world = World(6, 4, CALM)
    for machine in world.machines[:2]:
        machine.clock_off_ms += 3_600_000
    for _ in range(30):
        world.submit()
        world.run(world.now_ms + 5_000)
    assert world.figures.heights >= 2
    world.compare()
