"""A disk for one simulated node: durable after each effect, torn when a crash falls inside one."""

from __future__ import annotations

from random import Random

from chain.ledger import MemoryStore
from node.effects import Effect, Persist, Replace, WriteBatch


class SimulatedDisk:
    """Two journals and a store. `lying`: says that it synced and did not (a mutation)."""

    def __init__(self, store: MemoryStore, guard: bytes, lying: bool = False) -> None:
        self.store = store
        self.files: dict[str, bytearray] = {"wal": bytearray(), "guard": bytearray(guard)}
        self.lying = lying
        self._synced: dict[str, int] = {name: len(data) for name, data in self.files.items()}

    def perform(self, effect: Effect) -> None:
        match effect:
            case Persist(file, data):
                self.files[file] += data
            case Replace(file, data):
                self.files[file] = bytearray(data)
            case WriteBatch(writes):
                self.store.write(writes)
        if not self.lying:
            self._synced = {name: len(data) for name, data in self.files.items()}

    def crash_in(self, effect: Effect, random: Random) -> None:
        """A crash while this effect is under way: an append may be cut anywhere, a batch and a
        replacement happen whole or not at all."""
        if isinstance(effect, Persist):
            cut = random.randrange(len(effect.data) + 1)
            self.files[effect.file] += effect.data[:cut]
        elif isinstance(effect, Replace | WriteBatch) and random.random() < 0.5:
            self.perform(effect)

    def lose_unsynced(self) -> None:
        """What a lying disk never wrote is gone after a crash."""
        if self.lying:
            for name, size in self._synced.items():
                del self.files[name][size:]
