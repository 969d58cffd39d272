"""A disk for one simulated node: durable after each effect, torn when a crash falls inside one."""

from __future__ import annotations

from random import Random

from chain.ledger import MemoryStore
from node.effects import Effect, Persist, Replace, WriteBatch
from node.journal import read_frames

WRITE_BACK = 0.02


class SimulatedDisk:
    """Two journals and a store.

    `lying`: it says that a journal was synced when the bytes are only in its cache, which it
    writes back now and then and loses in a crash. That is what skipping the sync does.
    """

    def __init__(self, store: MemoryStore, guard: bytes, random: Random, lying: bool) -> None:
        self.store = store
        self.files: dict[str, bytes] = {"wal": b"", "guard": guard}
        self._durable = dict(self.files)
        self._random = random
        self._lying = lying

    def perform(self, effect: Effect) -> None:
        match effect:
            case Persist(file, data):
                self.files[file] += data
            case Replace(file, data):
                self.files[file] = data
            case WriteBatch(writes):
                self.store.write(writes)
            case _:
                return
        if not self._lying or self._random.random() < WRITE_BACK:
            self._durable = dict(self.files)

    def crash_in(self, effect: Effect) -> None:
        """A crash while this effect is under way: an append may be cut anywhere, a batch and a
        replacement happen whole or not at all."""
        if isinstance(effect, Persist):
            cut = self._random.randrange(len(effect.data) + 1)
            self.perform(Persist(effect.file, effect.data[:cut]))
        elif isinstance(effect, Replace | WriteBatch) and self._random.random() < 0.5:
            self.perform(effect)
        self.files = {name: without_zeros(data) for name, data in self._durable.items()}


def without_zeros(data: bytes) -> bytes:
    """A journal may end in zeros; its writer goes on behind the last good frame."""
    _, size = read_frames(data)
    return data if data[size:].strip(b"\x00") else data[:size]
