"""The committed ledger over a key-value store: reads, roots, and what a commit must write.

The same class serves a node, the auditor and the tests; they differ in the store they hand in.
Everything a block changes comes back from `commit` as one list of writes, so that the caller can
put it, with the block and its certificate, into a single atomic synced batch: there are never
two stores that can disagree.

Keys: `r` table (2 bytes) key -> salt and record; `n` prefix -> tree node; `h` level index ->
history subtree; `p` path -> the key of the record there (for absence proofs); `tip` -> where the
chain stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, Protocol, TypeVar, cast

from chain import crypto, tree
from chain.codec import U32, Hash, Height, Millis, Record, decode, encode
from chain.errors import Malformed
from chain.execution import Applied, Parent
from chain.kinds import Tag
from chain.merkle import EMPTY_FRONTIER, Frontier, ListProof, append, new_subtrees, prove_history
from chain.state import BlockDraft, Table

K = TypeVar("K")
V = TypeVar("V", bound=Record)

Writes = list[tuple[bytes, bytes | None]]
"""Keys and their new values; None deletes. In the order of the keys."""

StoredRecord = tuple[int, bytes, bytes, bytes | None]
"""Table, key, path in the tree, and the bytes to store (None: deleted)."""

_NOT_READ = object()

SALT_BYTES = 16
RECORD_CACHE = 120_000
STORED_CACHE = 20_000
"""Bytes of records lately read or written: what a change replaces is mostly among them."""
NODE_CACHE = 60_000


class KeyValue(Protocol):
    """The store as the ledger sees it."""

    def get(self, key: bytes) -> bytes | None: ...

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, in order."""
        ...


class MemoryStore:
    """A key-value store in memory, for the auditor, the simulator and tests.

    Keys of records are also kept by table, so that scanning a short table (versions, due work) in
    every block does not walk through all accounts.
    """

    def __init__(self) -> None:
        self.pairs: dict[bytes, bytes] = {}
        self._tables: dict[bytes, dict[bytes, None]] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.pairs.get(key)

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        table = start[:3]
        within_table = len(table) == 3 and table[:1] == b"r" and stop <= _after(table)
        keys = self._tables.get(table, {}) if within_table else self.pairs
        for key in sorted(k for k in keys if start <= k < stop):
            yield key, self.pairs[key]

    def write(self, writes: Sequence[tuple[bytes, bytes | None]]) -> None:
        for key, value in writes:
            if value is None:
                if self.pairs.pop(key, None) is not None:
                    self._tables.get(key[:3], {}).pop(key, None)
                continue
            if key not in self.pairs and key[:1] == b"r":
                self._tables.setdefault(key[:3], {})[key] = None
            self.pairs[key] = value


def _after(prefix: bytes) -> bytes:
    """The first key behind all keys that begin with `prefix` (three bytes, below ff ff ff)."""
    return (int.from_bytes(prefix, "big") + 1).to_bytes(3, "big")


class Tip(Record, tag=1):
    """Where the chain stands: the last block, and what the next one needs to know of the past."""

    chain: Hash
    epoch: U32
    height: Height
    hash: Hash
    time_ms: Millis
    state_root: Hash
    frontier: Frontier


class UndoEntry(Record, tag=1):
    """What stood at a record's key before a block: its stored bytes, or nothing."""

    table: U32
    key: bytes
    stored: tuple[bytes, ...]


TIP_KEY = b"tip"


def record_key(table: int, key: bytes) -> bytes:
    return b"r" + table.to_bytes(2, "big") + key


def node_key(prefix: str) -> bytes:
    return b"n" + prefix.encode("ascii")


def path_key(path: bytes) -> bytes:
    return b"p" + path


def history_key(level: int, index: int) -> bytes:
    return b"h" + bytes([level]) + index.to_bytes(8, "big")


class Cache(dict[Any, Any]):
    """A mapping that forgets what was kept longest ago, past a named limit; an eighth at a time."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def keep(self, key: Any, value: Any) -> None:
        self.pop(key, None)
        self[key] = value
        if len(self) > self.limit:
            for old in list(islice(self, len(self) - self.limit + self.limit // 8)):
                del self[old]


class Ledger:
    """Committed state as a `View`, and the `Roots` of what would follow."""

    def __init__(self, store: KeyValue, tip: Tip) -> None:
        self.store = store
        self.tip = tip
        self._records: Cache = Cache(RECORD_CACHE)
        self._stored: Cache = Cache(STORED_CACHE)
        self._nodes: Cache = Cache(NODE_CACHE)
        self._top: dict[str, tree.Node] = {}

    @classmethod
    def open(cls, store: KeyValue) -> Ledger | None:
        """The ledger in a store; None if the store is empty. Raises Malformed if damaged."""
        data = store.get(TIP_KEY)
        return None if data is None else cls(store, decode(Tip, data))

    @classmethod
    def found(
        cls, store: KeyValue, chain: bytes, epoch: int, time_ms: int, draft: BlockDraft
    ) -> tuple[Ledger, Writes]:
        """The ledger at genesis (height 0), and what to write for it."""
        tip = Tip(chain, epoch, 0, chain, time_ms, tree.EMPTY_ROOT, EMPTY_FRONTIER)
        ledger = cls(store, tip)
        root, changed = ledger.state_root(draft, chain)
        ledger.tip = Tip(chain, epoch, 0, chain, time_ms, root, EMPTY_FRONTIER)
        writes, _ = ledger._state_writes(changed)
        writes.append((TIP_KEY, encode(ledger.tip)))
        return ledger, writes

    def parent(self) -> Parent:
        """What the next block builds on."""
        tip = self.tip
        return Parent(tip.chain, tip.epoch, tip.height, tip.hash, tip.time_ms, tip.frontier, self)

    # Reading (View).

    def get(self, table: Table[K, V], key: K) -> V | None:
        return self.find(table, table.key(key))

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        place = (table.number, key)
        known = self._records.get(place, _NOT_READ)
        if known is not _NOT_READ:
            return cast("V | None", known)
        stored = self.store.get(record_key(table.number, key))
        record = None if stored is None else table.load(stored[SALT_BYTES:])
        self._records.keep(place, record)
        self._stored.keep(place, stored)
        return record

    def scan(self, table: Table[K, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        first = record_key(table.number, start)
        stop = record_key(table.number + 1, b"")
        for key, stored in self.store.scan(first, stop):
            yield key[3:], table.load(stored[SALT_BYTES:])

    def stored(self, table: int, key: bytes) -> bytes | None:
        """Salt and record, as hashed into the tree."""
        return self.store.get(record_key(table, key))

    # Roots.

    def state_root(self, draft: BlockDraft, parent_hash: bytes) -> tuple[bytes, Any]:
        """The root after a draft. The second value is for `commit`."""
        records: list[StoredRecord] = []
        changes: list[tree.Change] = []
        for (table, key), record in draft.changes.items():
            path = tree.tree_path(table, key)
            if record is None:
                changes.append((path, None))
                records.append((table, key, path, None))
                continue
            writer = draft.writers.get((table, key), parent_hash)
            salt = crypto.tagged(Tag.RECORD_SALT, writer, path)[:SALT_BYTES]
            stored = salt + encode(record)
            changes.append((path, tree.leaf_hash(path, stored)))
            records.append((table, key, path, stored))
        root, nodes = tree.update(self._load_node, changes)
        return root, Changed(root, records, nodes, draft)

    def _load_node(self, prefix: str) -> tree.Node | None:
        if len(prefix) < 4:
            node = self._top.get(prefix)
        else:
            node = self._nodes.get(prefix)
        if node is None:
            data = self.store.get(node_key(prefix))
            if data is None:
                return None
            node = tree.Node.unpack(data)
            if len(prefix) < 4:
                self._top[prefix] = node
            else:
                self._nodes.keep(prefix, node)
        return node

    # Changing.

    def commit(self, applied: Applied) -> tuple[Writes, list[UndoEntry]]:
        """Move to an applied block; returns what to write, and what would undo it.

        The ledger's caches are ahead of the store until the writes are done: a failed write
        must stop the process.
        """
        changed = applied.tree
        assert isinstance(changed, Changed)
        header = applied.block.header
        assert header.height == self.tip.height + 1, "a block is committed on its parent"
        writes, undo = self._state_writes(changed)
        subtrees = new_subtrees(self.tip.frontier, applied.hash)
        writes += [(history_key(level, index), value) for level, index, value in subtrees]
        self.tip = Tip(
            self.tip.chain,
            self.tip.epoch,
            header.height,
            applied.hash,
            header.time_ms,
            changed.root,
            append(self.tip.frontier, applied.hash),
        )
        writes.append((TIP_KEY, encode(self.tip)))
        return writes, undo

    def _state_writes(self, changed: Changed) -> tuple[Writes, list[UndoEntry]]:
        writes: Writes = []
        undo = []
        for table, key, path, stored in changed.records:
            place = record_key(table, key)
            before = self._stored.get((table, key), _NOT_READ)
            if before is _NOT_READ:
                before = self.store.get(place)
            self._stored.keep((table, key), stored)
            undo.append(UndoEntry(table, key, () if before is None else (before,)))
            writes.append((place, stored))
            if before is None or stored is None:
                writes.append((path_key(path), None if stored is None else place))
        for change, record in changed.draft.changes.items():
            self._records.keep(change, record)
        for prefix, node in changed.nodes.items():
            writes.append((node_key(prefix), None if node is None else node.pack()))
            if len(prefix) < 4:
                if node is None:
                    self._top.pop(prefix, None)
                else:
                    self._top[prefix] = node
            elif node is None:
                self._nodes.pop(prefix, None)
            else:
                self._nodes.keep(prefix, node)
        writes.sort(key=itemgetter(0))
        return writes, undo

    # The past.

    def revert(self, undo: Sequence[UndoEntry], before: Tip) -> Writes:
        """Go back one block: put `undo` back and stand at `before`.

        Raises Malformed if the state that results does not have the root of `before`.
        """
        changed = self._undone(undo)
        if changed.root != before.state_root:
            raise Malformed(f"undoing block {self.tip.height} does not give the earlier state")
        writes, _ = self._state_writes(changed)
        self._records.clear()
        self._stored.clear()
        self.tip = before
        return [*writes, (TIP_KEY, encode(before))]

    def _undone(self, undo: Sequence[UndoEntry]) -> Changed:
        records: list[StoredRecord] = []
        for entry in undo:
            path = tree.tree_path(entry.table, entry.key)
            records.append(
                (entry.table, entry.key, path, entry.stored[0] if entry.stored else None)
            )
        leaves = [(p, None if s is None else tree.leaf_hash(p, s)) for _, _, p, s in records]
        root, nodes = tree.update(self._load_node, leaves)
        return Changed(root, records, nodes, BlockDraft(self))

    # Proofs under the tip's state root and history.

    def prove(self, table: int, key: bytes) -> tuple[bytes | None, tree.Proof]:
        """The stored bytes (None: absent) of a record and the proof for it."""
        path = tree.tree_path(table, key)
        levels, found, _ = tree.walk(self._load_node, path)
        stored = self.stored(table, key)
        if stored is not None:
            if found != path:
                raise Malformed("the state tree does not hold a record of the store")
            return stored, tree.Proof(levels, ())
        if found is None:
            return None, tree.Proof(levels, ())
        return None, tree.Proof(levels, (tree.OtherLeaf(found, self._leaf_value(found)),))

    def _leaf_value(self, path: bytes) -> bytes:
        """The value hash of the leaf at a path. A search by path needs an index of its own."""
        place = self.store.get(path_key(path))
        stored = None if place is None else self.store.get(place)
        if stored is None:
            raise Malformed("the path index does not know a leaf of the tree")
        return crypto.tagged(Tag.RECORD_VALUE, stored)

    def prove_height(self, height: int, count: int | None = None) -> ListProof:
        """That header `height` is in the history of the first `count` headers (None: of all, up
        to the tip's). Header count + 1 carries the root of that history."""
        return prove_history(self._subtree, count or self.tip.height, height - 1)

    def _subtree(self, level: int, index: int) -> bytes:
        value = self.store.get(history_key(level, index))
        if value is None:
            raise Malformed("the history index is damaged")
        return value


class Changed:
    """The work of `state_root`, kept for `commit`."""

    __slots__ = ("draft", "nodes", "records", "root")

    def __init__(
        self,
        root: bytes,
        records: list[StoredRecord],
        nodes: dict[str, tree.Node | None],
        draft: BlockDraft,
    ) -> None:
        self.root = root
        self.records = records
        self.nodes = nodes
        self.draft = draft
