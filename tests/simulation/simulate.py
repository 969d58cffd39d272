"""Run seeds: `python -m tests.simulation.simulate --seeds 50 --start 1`.

A seed decides everything: number of validators, who lies, every fault. Each run has a safety
phase with faults, then a liveness phase without, in which the chain must commit within a bound.
"""

from __future__ import annotations

import argparse
import sys
import time
from random import Random

from tests.simulation.faults import CALM, Faults
from tests.simulation.world import Figures, World

SAFETY_MS = 40_000
LIVENESS_MS = 90_000
"""Once q seats are connected: 5 s, and for each turn of a dead proposer a propose and a vote wait,
each at most 10 s; with one of four dead or lying and rejoining after the last crash this is the
bound for two blocks."""


def world_of(seed: int, lying_disks: bool = False) -> World:
    random = Random(seed * 7919)
    validators = random.choice((1, 4, 4, 4))
    byzantine = frozenset({random.randrange(4)} if validators == 4 and seed % 2 else ())
    faults = Faults(
        loss=random.choice((0.0, 0.05, 0.3)),
        duplicate=random.choice((0.0, 0.1)),
        delay_max_ms=random.choice((30, 300, 1500)),
        crash=random.choice((0.0, 0.001, 0.005)),
        partition=random.choice((0.0, 0.2)),
        heal=random.choice((0.4, 0.1)),
        curtain=random.choice((0.0, 0.3)) if validators == 4 else 0.0,
    )
    return World(seed, validators, faults, byzantine, lying_disks)


def run_seed(seed: int, lying_disks: bool = False) -> Figures:
    """Raises Violation."""
    world = world_of(seed, lying_disks)
    end = world.now_ms + SAFETY_MS
    while world.now_ms < end:
        world.submit()
        if world.groups and world.random.random() < world.faults.heal:
            world.heal()
        elif world.random.random() < world.faults.partition:
            world.split()
        world.run(world.now_ms + 200 + world.random.randrange(1500))
    settle(world)
    return world.figures


def settle(world: World) -> None:
    """No more faults: every honest machine must reach two more heights within the bound."""
    world.heal()
    world.curtain = None
    world.faults = CALM
    world.run(world.now_ms + 4_000)
    honest = [m for m in world.machines if m.index not in world.byzantine]
    goal = world.figures.heights + 2
    end = world.now_ms + LIVENESS_MS
    while world.now_ms < end:
        world.submit()
        world.run(world.now_ms + 1_000)
        if all(m.replica and m.replica.ledger.tip.height >= goal for m in honest):
            world.compare()
            return
    heights = [m.replica.ledger.tip.height if m.replica else None for m in world.machines]
    world.violate(f"no two blocks in {LIVENESS_MS} ms without faults; heights {heights}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--start", type=int, default=1)
    options = parser.parse_args()
    total, began = Figures(), time.monotonic()
    for seed in range(options.start, options.start + options.seeds):
        figures = run_seed(seed)
        total.heights += figures.heights
        total.events += figures.events
        total.faults.update(figures.faults)
    seconds = time.monotonic() - began
    faults = ", ".join(f"{count} {kind}" for kind, count in sorted(total.faults.items()))
    print(
        f"{options.seeds} seeds in {seconds:.1f} s ({options.seeds / seconds:.1f}/s): "
        f"{total.heights} heights, {total.events} events, faults: {faults or 'none'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
