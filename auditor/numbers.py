"""Replay numbers: each used once per account and key, by exact count.

The chain remembers 64 numbers below the highest. These books remember all, as stretches of
consecutive numbers, and so do not depend on that rule.
"""

from __future__ import annotations

from bisect import bisect_right

from chain.transaction import AccountActor, Actor


class Numbers:
    """Per actor and key: where stretches of used numbers begin, and their ends, in order."""

    def __init__(self) -> None:
        self._used: dict[tuple[bytes, int], tuple[list[int], list[int]]] = {}

    def use(self, actor: Actor, number: int) -> bool:
        """Mark a number as used; False if it was before."""
        match actor:
            case AccountActor():
                place = (actor.account, actor.key)
            case _:
                place = (actor.key, 0)
        known = self._used.get(place)
        if known is None:
            self._used[place] = ([number], [number])
            return True
        starts, ends = known
        if number == ends[-1] + 1:
            ends[-1] = number
            return True
        at = bisect_right(starts, number) - 1
        if at >= 0 and number <= ends[at]:
            return False
        joins_left = at >= 0 and ends[at] == number - 1
        joins_right = at + 1 < len(starts) and starts[at + 1] == number + 1
        if joins_left and joins_right:
            ends[at] = ends[at + 1]
            del starts[at + 1], ends[at + 1]
        elif joins_left:
            ends[at] = number
        elif joins_right:
            starts[at + 1] = number
        else:
            starts.insert(at + 1, number)
            ends.insert(at + 1, number)
        return True
