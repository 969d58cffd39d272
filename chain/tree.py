"""The state tree: one hash for all records, with short proofs of presence and absence.

A record lives at path H(tag, table, key), 64 nibbles. A node at a prefix has 16 slots: empty
(32 zero bytes), the hash of the one leaf below it, or the hash of the node below it. A lone leaf
sits at the shallowest free slot, and a node left with a lone leaf is folded into its parent, so
the root is a function of the set of records alone, whatever the order they came in.

A leaf binds its full path. A node's hash is flat: H(tag, 16 slots). Absence is an empty slot, or
another leaf, where the leaf would be. Nodes are stored by prefix and overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import Hash, Record
from chain.errors import Malformed
from chain.kinds import Tag

EMPTY = bytes(32)
DEPTH_MAX = 64
_NODE_TAG = bytes([Tag.TREE_NODE])
_sha256 = sha256

Load = Callable[[str], "Node | None"]
"""Reads the node at a prefix of hexadecimal digits; the root's prefix is empty."""

Change = tuple[bytes, bytes | None]
"""A path and its new leaf hash; None deletes."""


def tree_path(table: int, key: bytes) -> bytes:
    return crypto.tagged(Tag.TREE_PATH, table.to_bytes(2, "big"), key)


def leaf_hash(path: bytes, stored: bytes) -> bytes:
    """Hash of a record; `stored` is its salt (16 bytes) and its encoding."""
    return crypto.tagged(Tag.TREE_LEAF, path, crypto.tagged(Tag.RECORD_VALUE, stored))


class Node:
    """Sixteen slots. `paths[i]` is the full path if slot i is a leaf, None otherwise."""

    __slots__ = ("paths", "slots")

    def __init__(self, slots: list[bytes], paths: list[bytes | None]) -> None:
        self.slots = slots
        self.paths = paths

    def copy(self) -> Node:
        return Node(self.slots.copy(), self.paths.copy())

    def hash(self) -> bytes:
        return _sha256(_NODE_TAG + b"".join(self.slots)).digest()

    def pack(self) -> bytes:
        """Mask of used slots, mask of leaves (2 bytes each), hashes, leaf paths."""
        used = leaves = 0
        parts = [b""]
        tail = []
        for i, slot in enumerate(self.slots):
            if slot is not EMPTY:
                used |= 1 << i
                parts.append(slot)
                path = self.paths[i]
                if path is not None:
                    leaves |= 1 << i
                    tail.append(path)
        parts[0] = used.to_bytes(2, "big") + leaves.to_bytes(2, "big")
        return b"".join(parts + tail)

    @staticmethod
    def unpack(data: bytes) -> Node:
        used = int.from_bytes(data[:2], "big")
        leaves = int.from_bytes(data[2:4], "big")
        at = 4
        leaf_at = 4 + 32 * used.bit_count()
        if len(data) != leaf_at + 32 * leaves.bit_count():
            raise Malformed("a stored tree node is damaged")
        slots, paths = [EMPTY] * 16, _NO_PATHS.copy()
        for i in range(16):
            if used >> i & 1:
                slots[i] = data[at : at + 32]
                at += 32
                if leaves >> i & 1:
                    paths[i] = data[leaf_at : leaf_at + 32]
                    leaf_at += 32
        return Node(slots, paths)


_NO_PATHS: list[bytes | None] = [None] * 16


def empty_node() -> Node:
    return Node([EMPTY] * 16, _NO_PATHS.copy())


EMPTY_ROOT = empty_node().hash()


def nibble(path: bytes, depth: int) -> int:
    byte = path[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def update(load: Load, changes: list[Change]) -> tuple[bytes, dict[str, Node | None]]:
    """Apply changes (each path once); returns the root and the nodes to write (None: delete).

    Loaded nodes are not modified. Deleting what is not there is allowed.
    """
    written: dict[str, Node | None] = {}
    root = load("")
    node = root.copy() if root else empty_node()
    _apply(load, node, "", 0, sorted(changes), written)
    written[""] = node
    return node.hash(), written


_DIGITS = "0123456789abcdef"


def _apply(
    load: Load,
    node: Node,
    prefix: str,
    depth: int,
    changes: list[Change],
    written: dict[str, Node | None],
) -> None:
    """Change `node` (a private copy) and everything below it."""
    slots, paths = node.slots, node.paths
    start, count = 0, len(changes)
    byte, low = depth >> 1, depth & 1
    while start < count:
        path = changes[start][0]
        slot = path[byte] & 15 if low else path[byte] >> 4
        end = start + 1
        while end < count:
            other = changes[end][0]
            if (other[byte] & 15 if low else other[byte] >> 4) != slot:
                break
            end += 1
        occupant = paths[slot]
        if slots[slot] is EMPTY or slots[slot] == EMPTY or occupant is not None:
            # An empty slot or a lone leaf.
            if end - start == 1 and (occupant is None or occupant == path):
                leaf = changes[start][1]
                slots[slot] = EMPTY if leaf is None else leaf
                paths[slot] = None if leaf is None else path
            else:
                _grow(load, node, slot, prefix, depth, changes[start:end], written)
        else:
            child_prefix = prefix + _DIGITS[slot]
            child = load(child_prefix)
            if child is None:
                raise Malformed(f"the state tree lacks node {child_prefix!r}")
            child = child.copy()
            _apply(load, child, child_prefix, depth + 1, changes[start:end], written)
            _place(node, slot, child, child_prefix, written)
        start = end


def _grow(
    load: Load,
    node: Node,
    slot: int,
    prefix: str,
    depth: int,
    changes: list[Change],
    written: dict[str, Node | None],
) -> None:
    """Several changes meet in a slot that has no node: settle which leaves remain."""
    remaining: dict[bytes, bytes] = {}
    occupant = node.paths[slot]
    if occupant is not None:
        remaining[occupant] = node.slots[slot]
    for path, leaf in changes:
        if leaf is None:
            remaining.pop(path, None)
        else:
            remaining[path] = leaf
    leaves: list[Change] = sorted(remaining.items())
    if len(leaves) < 2:
        node.slots[slot] = leaves[0][1] if leaves else EMPTY  # type: ignore[assignment]
        node.paths[slot] = leaves[0][0] if leaves else None
        return
    child = empty_node()
    child_prefix = prefix + _DIGITS[slot]
    _apply(load, child, child_prefix, depth + 1, leaves, written)
    _place(node, slot, child, child_prefix, written)


def _place(
    node: Node, slot: int, child: Node, child_prefix: str, written: dict[str, Node | None]
) -> None:
    """Hang a changed child into its parent; fold it away if it holds less than two leaves."""
    used = [i for i in range(16) if child.slots[i] is not EMPTY and child.slots[i] != EMPTY]
    if len(used) > 1 or (used and child.paths[used[0]] is None):
        written[child_prefix] = child
        node.slots[slot] = child.hash()
        node.paths[slot] = None
        return
    written[child_prefix] = None
    node.slots[slot] = child.slots[used[0]] if used else EMPTY
    node.paths[slot] = child.paths[used[0]] if used else None


class Level(Record, tag=1):
    """One node of a proof: the slots used (bit i: slot i) and their hashes, our own left out."""

    used: Annotated[int, Meta(ge=0, le=65535)]
    slots: Annotated[tuple[Hash, ...], Meta(max_length=15)]


class OtherLeaf(Record, tag=1):
    """The leaf found where ours would be: its path, and the hash of its salted value."""

    path: Hash
    value: Hash


class Proof(Record, tag=1):
    """Nodes from the root down; `other` only for absence by another leaf."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=DEPTH_MAX)]
    other: Annotated[tuple[OtherLeaf, ...], Meta(max_length=1)]


def walk(load: Load, path: bytes) -> tuple[tuple[Level, ...], bytes | None, bytes]:
    """The levels of the proof for `path`; the path and hash of the leaf at its end, if any."""
    levels = []
    prefix = ""
    for depth in range(DEPTH_MAX):
        node = load(prefix)
        if node is None:
            if depth:
                raise Malformed(f"the state tree lacks node {prefix!r}")
            node = empty_node()
        slot = nibble(path, depth)
        others = [(i, h) for i, h in enumerate(node.slots) if i != slot and h != EMPTY]
        levels.append(Level(sum(1 << i for i, _ in others), tuple(h for _, h in others)))
        if node.slots[slot] == EMPTY or node.paths[slot] is not None:
            return tuple(levels), node.paths[slot], node.slots[slot]
        prefix += _DIGITS[slot]
    raise Malformed("the state tree is deeper than a path")


def check_present(root: bytes, path: bytes, stored: bytes, proof: Proof) -> bool:
    """Does `stored` (salt and record) stand at `path` under `root`?"""
    return not proof.other and _fold(path, leaf_hash(path, stored), proof.levels) == root


def check_absent(root: bytes, path: bytes, proof: Proof) -> bool:
    """Does no record stand at `path` under `root`?"""
    if not proof.other:
        return _fold(path, EMPTY, proof.levels) == root
    other = proof.other[0]
    depth = len(proof.levels)
    if other.path == path or any(nibble(other.path, i) != nibble(path, i) for i in range(depth)):
        return False
    leaf = crypto.tagged(Tag.TREE_LEAF, other.path, other.value)
    return _fold(path, leaf, proof.levels) == root


def _fold(path: bytes, bottom: bytes, levels: tuple[Level, ...]) -> bytes | None:
    """The root that these levels give; None if a level does not fit the path."""
    current = bottom
    for depth in range(len(levels) - 1, -1, -1):
        level = levels[depth]
        own = nibble(path, depth)
        if level.used >> own & 1 or level.used.bit_count() != len(level.slots):
            return None
        slots = [EMPTY] * 16
        given = iter(level.slots)
        for i in range(16):
            if level.used >> i & 1:
                slots[i] = next(given)
        slots[own] = current
        current = _sha256(_NODE_TAG + b"".join(slots)).digest()
    return current
