"""The ledger as it stood at an earlier height, for balances and proofs of the past.

The undo records of the blocks since, merged so that each record goes back once, are put over the
store in memory; nothing is written. The root that results is that of the header of that height.
"""

from __future__ import annotations

from collections.abc import Iterator

from chain.errors import Malformed
from chain.ledger import KeyValue, Ledger, UndoEntry
from node.store import DamagedStore, Store

RECORDS_MAX = 5_000
"""Records put back at the most: some 50 ms of the thread that also takes part in consensus."""


class TooLongAgo(Exception):
    """The way back is longer than a node goes for one question."""


class Overlay:
    """A store with changes in front of it, kept in memory."""

    def __init__(self, below: KeyValue) -> None:
        self._below = below
        self._changed: dict[bytes, bytes | None] = {}

    def put(self, key: bytes, value: bytes | None) -> None:
        self._changed[key] = value

    def changes(self) -> dict[bytes, bytes | None]:
        """What stands in front of the store; None: nothing is there."""
        return dict(self._changed)

    def get(self, key: bytes) -> bytes | None:
        return self._changed[key] if key in self._changed else self._below.get(key)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        found: dict[bytes, bytes | None] = dict(self._below.scan(start, stop))
        found |= {key: value for key, value in self._changed.items() if start <= key < stop}
        for key in sorted(found):
            value = found[key]
            if value is not None:
                yield key, value


def ledger_at(store: Store, height: int) -> Ledger:
    """The ledger at a height from 0 to the tip's; at the tip, the store's own.

    Raises TooLongAgo: more than RECORDS_MAX records have changed since, or their undo records are
    no longer kept. Raises DamagedStore.
    """
    assert 0 <= height <= store.height, "a height that was committed"
    before = store.ledger.tip
    oldest: dict[tuple[int, bytes], UndoEntry] = {}
    for later in range(store.height, height, -1):
        undo = store.undo(later)
        if undo is None:
            raise TooLongAgo
        before = undo.before
        for entry in undo.entries:
            oldest[(entry.table, entry.key)] = entry
        if len(oldest) > RECORDS_MAX:
            raise TooLongAgo
    if height == store.height:
        return store.ledger
    overlay = Overlay(store.pairs)
    ledger = Ledger(overlay, store.ledger.tip)
    try:
        for key, value in ledger.revert(tuple(oldest.values()), before):
            overlay.put(key, value)
    except Malformed as error:
        raise DamagedStore(str(error)) from None
    return ledger
