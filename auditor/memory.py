"""The ledger of a replay: it only goes forward, and lives in memory.

A node keeps what it needs to go back, to prove and to start again. An audit needs none of that:
tree nodes stay as they are instead of being packed into a store, and nothing is kept for undoing.
"""

from __future__ import annotations

from chain.ledger import Changed, Ledger, MemoryStore, UndoEntry, Writes, record_key
from chain.tree import Node
from genesis.build import found_ledger
from genesis.document import Genesis


class ForwardLedger(Ledger):
    """As `Ledger`, without proofs of records and without a way back."""

    def __init__(self, founded: Ledger) -> None:
        super().__init__(founded.store, founded.tip)
        self._kept: dict[str, Node | None] = {}

    def _load_node(self, prefix: str) -> Node | None:
        if prefix in self._kept:
            return self._kept[prefix]
        node = self._kept[prefix] = super()._load_node(prefix)
        return node

    def _state_writes(self, changed: Changed) -> tuple[Writes, list[UndoEntry]]:
        writes: Writes = [
            (record_key(table, key), stored) for table, key, _path, stored in changed.records
        ]
        for place, record in changed.draft.changes.items():
            self._records.keep(place, record)
        self._kept.update(changed.nodes)
        return writes, []


def found(genesis: Genesis) -> tuple[ForwardLedger, MemoryStore]:
    """The ledger at height 0. Raises ValueError if the document cannot found a chain."""
    store = MemoryStore()
    ledger, writes = found_ledger(genesis, store)
    store.write(writes)
    return ForwardLedger(ledger), store
