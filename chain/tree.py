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

import msgspec
from msgspec import Meta

from chain import crypto
from chain.codec import Hash, Record, encode
from chain.errors import Malformed
from chain.kinds import Tag

EMPTY = bytes(32)
DEPTH_MAX = 64
_ALL = 2**16 - 1
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


class Node(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Sixteen slots, empty bytes for an empty one. `paths[i]` is the full path if slot i is a
    leaf, else empty.

    Tens of thousands of nodes stay in memory; `gc=False` and tuples keep them out of the garbage
    collector's sight. The stored form is for this store only: nothing hashes it.
    """

    slots: Annotated[tuple[bytes, ...], Meta(min_length=16, max_length=16)]
    paths: Annotated[tuple[bytes, ...], Meta(min_length=16, max_length=16)]

    def hash(self) -> bytes:
        return _sha256(_NODE_TAG + b"".join([slot or EMPTY for slot in self.slots])).digest()

    def pack(self) -> bytes:
        return encode(self)

    @staticmethod
    def unpack(data: bytes) -> Node:
        """Raises Malformed if these bytes are not a node's."""
        try:
            return _DECODER.decode(data)
        except (msgspec.DecodeError, ValueError):
            raise Malformed("a stored tree node is damaged") from None


_DECODER = msgspec.msgpack.Decoder(Node)
_NONE = b""

EMPTY_NODE = Node((_NONE,) * 16, (_NONE,) * 16)
EMPTY_ROOT = EMPTY_NODE.hash()


def nibble(path: bytes, depth: int) -> int:
    byte = path[depth >> 1]
    return byte & 15 if depth & 1 else byte >> 4


def update(load: Load, changes: list[Change]) -> tuple[bytes, dict[str, Node | None]]:
    """Apply changes (each path once); returns the root and the nodes to write (None: delete).

    Deleting what is not there is allowed.
    """
    written: dict[str, Node | None] = {}
    root = _apply(load, load("") or EMPTY_NODE, "", sorted(changes), written)
    written[""] = root
    return root.hash(), written


_DIGITS = "0123456789abcdef"


def _apply(
    load: Load, node: Node, prefix: str, changes: list[Change], written: dict[str, Node | None]
) -> Node:
    """The node at `prefix` after these changes, which all lie below it and are sorted."""
    slots, paths = list(node.slots), list(node.paths)
    start, count = 0, len(changes)
    byte, low = len(prefix) >> 1, len(prefix) & 1
    while start < count:
        path, leaf = changes[start]
        slot = path[byte] & 15 if low else path[byte] >> 4
        end = start + 1
        while end < count:
            other = changes[end][0]
            if (other[byte] & 15 if low else other[byte] >> 4) != slot:
                break
            end += 1
        occupant = paths[slot]
        if slots[slot] and not occupant:  # a node
            below = prefix + _DIGITS[slot]
            child = load(below)
            if child is None:
                raise Malformed(f"the state tree lacks node {below!r}")
            child = _apply(load, child, below, changes[start:end], written)
            slots[slot], paths[slot] = _place(child, below, written)
        elif end - start == 1 and (not occupant or occupant == path):
            slots[slot], paths[slot] = (_NONE, _NONE) if leaf is None else (leaf, path)
        else:
            leaves = _settle(occupant, slots[slot], changes[start:end])
            if len(leaves) > 1:
                below = prefix + _DIGITS[slot]
                child = _apply(load, EMPTY_NODE, below, leaves, written)
                slots[slot], paths[slot] = _place(child, below, written)
            else:
                slots[slot] = paths[slot] = _NONE
                for path, leaf in leaves:
                    assert leaf is not None, "only leaves remain"
                    slots[slot], paths[slot] = leaf, path
        start = end
    return Node(tuple(slots), tuple(paths))


def _settle(occupant: bytes, there: bytes, changes: list[Change]) -> list[Change]:
    """Several changes meet in a slot that has no node: the leaves that remain, sorted."""
    remaining: dict[bytes, bytes | None] = {occupant: there} if occupant else {}
    for path, leaf in changes:
        if leaf is None:
            remaining.pop(path, None)
        else:
            remaining[path] = leaf
    return sorted(remaining.items())


def _place(child: Node, prefix: str, written: dict[str, Node | None]) -> tuple[bytes, bytes]:
    """The slot of a changed child in its parent: its hash, or its leaf if it holds no more."""
    slots = child.slots
    if slots.count(_NONE) < 15:
        written[prefix] = child
        return child.hash(), _NONE
    for slot, path in zip(slots, child.paths, strict=True):
        if path:
            written[prefix] = None
            return slot, path
    if not any(slots):
        written[prefix] = None
        return _NONE, _NONE
    written[prefix] = child  # a lone node below
    return child.hash(), _NONE


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
            node = EMPTY_NODE
        slot = nibble(path, depth)
        others = [(i, h) for i, h in enumerate(node.slots) if i != slot and h]
        levels.append(Level(sum(1 << i for i, _ in others), tuple(h for _, h in others)))
        if not node.slots[slot] or node.paths[slot]:
            return tuple(levels), node.paths[slot] or None, node.slots[slot] or EMPTY
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
