"""What one machine knows of blocks: which are valid, which came in time, which it asked about.

Validity is a fact about the block; the first answer stands. Freshness and requests belong to the
current round and end with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from consensus.snapshot import Verdict


class Verdicts:
    def __init__(self) -> None:
        self._valid: dict[bytes, bool] = {}
        self._fresh: dict[bytes, bool] = {}
        self._asked: list[bytes] = []

    def valid(self, block: bytes) -> bool | None:
        """None while it is not judged."""
        return self._valid.get(block)

    def fresh(self, block: bytes) -> bool | None:
        """None while it is not judged in this round."""
        return self._fresh.get(block)

    def asked(self, block: bytes) -> bool:
        return block in self._asked

    def ask(self, block: bytes) -> None:
        self._asked.append(block)

    def judged(self, block: bytes, valid: bool, fresh: bool | None) -> None:
        """`fresh` is None if it was asked for another round than the current one."""
        self._valid.setdefault(block, valid)
        if fresh is not None:
            self._fresh.setdefault(block, fresh)

    def ask_anew(self) -> None:
        self._asked = []

    def next_round(self, kept: Sequence[bytes]) -> None:
        """Remember the validity of the blocks that are kept, and nothing else."""
        self._valid = {block: valid for block, valid in self._valid.items() if block in kept}
        self._fresh = {}
        self._asked = []

    def snapshot(self) -> tuple[Verdict, ...]:
        return tuple(
            Verdict(block, valid, (self._fresh[block],) if block in self._fresh else ())
            for block, valid in sorted(self._valid.items())
        )

    def restore(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            self.judged(verdict.block, verdict.valid, verdict.fresh[0] if verdict.fresh else None)
