"""How fast blocks follow each other, when there is a reason for the next one."""

from __future__ import annotations

from chain.rules import BLOCK_GAP_MS
from chain.state import View
from node.effects import Arm, Effects, Timer

FULL_BLOCK = 2_000
"""Transactions that about fill a block; beyond them nothing is waited for."""


class Pace:
    """From the beginning of one height to that of the next, at least the gap; and no block while
    transactions that would fit it are known to be on their way."""

    def __init__(self) -> None:
        self.more = False
        """More transactions wait behind the last ones taken in (`Submitted.more`)."""
        self._begun = self._over = 0

    def begin(self, height: int, state: View) -> Effects:
        """A height begins: the next may not before the gap is over."""
        if self._begun <= height:
            self._begun = height + 1
            yield Arm(Timer("gap", height + 1), BLOCK_GAP_MS.of(state))

    def gap_over(self, timer: Timer) -> None:
        self._over = max(self._over, timer.height)

    def may_begin(self, height: int) -> bool:
        """There is no gap before a block that we catch up with: its parent never began here."""
        return not self._over < height <= self._begun

    def block_is_worth_it(self, waiting: int) -> bool:
        """Few large blocks cost less than many small ones."""
        return not self.more or waiting >= FULL_BLOCK
