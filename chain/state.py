"""State: typed tables, read through a view, changed through a draft.

A `Table` belongs to one module, which alone writes it. Records are frozen; a change puts a new
one. A `Draft` is an overlay: what a call did is kept by `absorb`, or dropped by forgetting it,
so a refused call leaves no trace. Stored bytes are `salt || record`; the salt makes the leaf of
a record unguessable to who holds only a neighbour's proof.

Every record carries its schema number (the tag of its class). A table reads the old schemas it
names and writes the newest; nothing is migrated in bulk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from chain.codec import Record, decode, encode

K = TypeVar("K")
V = TypeVar("V", bound=Record)

TABLES: dict[int, Table[Any, Any]] = {}


def raw(key: bytes) -> bytes:
    return key


def text(key: str) -> bytes:
    return key.encode("ascii")


def number(key: int) -> bytes:
    """Eight bytes, big endian, so that scans go in order."""
    return key.to_bytes(8, "big")


def packed(key: tuple[int | str | bytes, ...]) -> bytes:
    """Any small tuple; unique, not ordered."""
    return encode(key)


@dataclass(frozen=True, slots=True, eq=False)
class Table(Generic[K, V]):
    """`number` is part of every path in the tree and never reused; `name` is for people.

    `older` maps earlier record classes to the function that lifts one to the next.
    """

    number: int
    name: str
    record: type[V]
    key: Callable[[K], bytes]
    older: Mapping[type[Record], Callable[[Any], Record]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = TABLES.setdefault(self.number, self)
        assert known.name == self.name, f"table {self.number} is taken by {known.name}"

    def load(self, data: bytes) -> V:
        """Decode a stored record (without salt), lifting an old schema to the newest."""
        kinds: Any = self.record
        for kind in self.older:
            kinds = kinds | kind
        record: Any = decode(kinds, data)
        while type(record) is not self.record:
            record = self.older[type(record)](record)
        result: V = record
        return result


class View(Protocol):
    """What can be read: committed state, a draft, or a proof-checked remote."""

    def get(self, table: Table[K, V], key: K) -> V | None: ...

    def scan(self, table: Table[K, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        """Records whose key bytes are >= start, in order of their key bytes."""
        ...

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        """As `get`, by key bytes."""
        ...


Changes = dict[tuple[int, bytes], Record | None]


class Draft:
    """Changes on top of a view. `None` marks a deleted record."""

    __slots__ = ("_floor", "_layers", "base", "changes")

    def __init__(self, base: View) -> None:
        self.base = base
        self.changes: Changes = {}
        # All drafts below and what they stand on, so that a read is one loop.
        if isinstance(base, Draft):
            self._layers: tuple[Changes, ...] = (self.changes, *base._layers)
            self._floor: View = base._floor
        else:
            self._layers, self._floor = (self.changes,), base

    def get(self, table: Table[K, V], key: K) -> V | None:
        return self.find(table, table.key(key))

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        place = (table.number, key)
        for changes in self._layers:
            if place in changes:
                return cast("V | None", changes[place])
        return self._floor.find(table, key)

    def put(self, table: Table[K, V], key: K, record: V) -> None:
        assert type(record) is table.record, f"{table.name} holds {table.record.__name__}"
        self.changes[(table.number, table.key(key))] = record

    def delete(self, table: Table[K, V], key: K) -> None:
        self.changes[(table.number, table.key(key))] = None

    def scan(self, table: Table[K, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        mine = self._changed(table.number, start)
        position = 0
        for key, record in self.base.scan(table, start):
            while position < len(mine) and mine[position] < key:
                changed = self.changes[(table.number, mine[position])]
                if changed is not None:
                    yield mine[position], cast(V, changed)
                position += 1
            if position < len(mine) and mine[position] == key:
                changed = self.changes[(table.number, key)]
                position += 1
                if changed is not None:
                    yield key, cast(V, changed)
            else:
                yield key, record
        for key in mine[position:]:
            changed = self.changes[(table.number, key)]
            if changed is not None:
                yield key, cast(V, changed)

    def _changed(self, table: int, start: bytes) -> list[bytes]:
        """The keys from `start` on that this draft itself changed in a table, in order."""
        return sorted(key for number, key in self.changes if number == table and key >= start)

    def absorb(self, other: Draft) -> None:
        """Keep what a draft on top of this one changed."""
        self.changes.update(other.changes)


class BlockDraft(Draft):
    """The changes of a whole block, each with the hash of the transaction that wrote it last.

    A block changes tens of thousands of records. So that a call that scans does not go through all
    of them, the changed keys of a table are kept in order from its first scan on.
    """

    __slots__ = ("_ordered", "writers")

    def __init__(self, base: View) -> None:
        super().__init__(base)
        self.writers: dict[tuple[int, bytes], bytes] = {}
        self._ordered: dict[int, list[bytes]] = {}

    def put(self, table: Table[K, V], key: K, record: V) -> None:
        super().put(table, key, record)
        self._order(((table.number, table.key(key)),))

    def delete(self, table: Table[K, V], key: K) -> None:
        super().delete(table, key)
        self._order(((table.number, table.key(key)),))

    def absorb(self, other: Draft) -> None:
        super().absorb(other)
        self._order(other.changes)

    def _changed(self, table: int, start: bytes) -> list[bytes]:
        keys = self._ordered.get(table)
        if keys is None:
            keys = self._ordered[table] = super()._changed(table, b"")
        return keys[bisect_left(keys, start) :]

    def _order(self, places: Iterable[tuple[int, bytes]]) -> None:
        for number, key in places:
            keys = self._ordered.get(number)
            if keys is not None:
                at = bisect_left(keys, key)
                if at == len(keys) or keys[at] != key:
                    keys.insert(at, key)

    def keep(self, other: Draft, writer: bytes) -> None:
        """Absorb a transaction's draft; `writer` is its wire hash (due work: the parent's hash)."""
        changes = other.changes
        self.changes.update(changes)
        self._order(changes)
        self.writers.update(dict.fromkeys(changes, writer))
