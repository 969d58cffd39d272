"""Merkle lists: roots of transactions and receipts, and the history of headers.

The shape of the trees is that of RFC 9162 section 2.1 (the largest power of two to the left).
The root of a finite list also binds its count. The history is append-only: its root at height h
covers the hashes of headers 1 .. h, so that any old receipt is proved under the newest
certificate; it is kept as a frontier of full subtrees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U53, Hash, Record
from chain.kinds import Tag


class ListProof(Record, tag=1):
    """Leaf `index` of `count`, and the siblings from the leaf up."""

    index: U53
    count: U53
    siblings: Annotated[tuple[Hash, ...], Meta(max_length=64)]


def list_root(leaves: Sequence[bytes]) -> bytes:
    """Root of a finite list of byte strings; binds the count."""
    level = [crypto.tagged(Tag.LIST_LEAF, leaf) for leaf in leaves]
    top = _reduce(level, Tag.LIST_NODE) if level else bytes(32)
    return crypto.tagged(Tag.LIST_ROOT, len(leaves).to_bytes(8, "big"), top)


def _reduce(level: list[bytes], tag: Tag) -> bytes:
    """Pairing neighbours level by level, an odd last one moving up, gives the RFC's tree."""
    while len(level) > 1:
        odd = level[-1:] if len(level) & 1 else []
        pairs = range(0, len(level) - 1, 2)
        level = [crypto.tagged(tag, level[i], level[i + 1]) for i in pairs] + odd
    return level[0]


def _siblings(level: list[bytes], index: int, tag: Tag) -> tuple[bytes, ...]:
    found = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        odd = level[-1:] if len(level) & 1 else []
        level = [
            crypto.tagged(tag, level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)
        ] + odd
        index >>= 1
    return tuple(found)


def _climb(leaf: bytes, proof: ListProof, tag: Tag) -> bytes | None:
    index, last, current = proof.index, proof.count - 1, leaf
    if index > last:
        return None
    siblings = iter(proof.siblings)
    while last > 0:
        if index & 1 or index < last:
            sibling = next(siblings, None)
            if sibling is None:
                return None
            pair = (sibling, current) if index & 1 else (current, sibling)
            current = crypto.tagged(tag, *pair)
        index >>= 1
        last >>= 1
    return current if next(siblings, None) is None else None


def prove_in_list(leaves: Sequence[bytes], index: int) -> ListProof:
    level = [crypto.tagged(Tag.LIST_LEAF, leaf) for leaf in leaves]
    return ListProof(index, len(leaves), _siblings(level, index, Tag.LIST_NODE))


def check_in_list(root: bytes, leaf: bytes, proof: ListProof) -> bool:
    top = _climb(crypto.tagged(Tag.LIST_LEAF, leaf), proof, Tag.LIST_NODE)
    if top is None:
        return False
    return crypto.tagged(Tag.LIST_ROOT, proof.count.to_bytes(8, "big"), top) == root


class Frontier(Record, tag=1):
    """The full subtrees of an append-only list, largest first; sizes are the bits of `count`."""

    count: U53
    peaks: Annotated[tuple[Hash, ...], Meta(max_length=64)]


EMPTY_FRONTIER = Frontier(0, ())


def history_leaf(header_hash: bytes) -> bytes:
    return crypto.tagged(Tag.HISTORY_LEAF, header_hash)


def append(frontier: Frontier, header_hash: bytes) -> Frontier:
    peaks = list(frontier.peaks)
    current, size = history_leaf(header_hash), frontier.count
    while size & 1:
        current = crypto.tagged(Tag.HISTORY_NODE, peaks.pop(), current)
        size >>= 1
    return Frontier(frontier.count + 1, (*peaks, current))


def history_root(frontier: Frontier) -> bytes:
    """Root over all appended hashes; 32 zero bytes when there are none."""
    if not frontier.peaks:
        return bytes(32)
    current = frontier.peaks[-1]
    for peak in reversed(frontier.peaks[:-1]):
        current = crypto.tagged(Tag.HISTORY_NODE, peak, current)
    return current


Subtree = Callable[[int, int], bytes]
"""`subtree(level, index)`: the hash over leaves [index * 2**level, (index + 1) * 2**level)."""


def new_subtrees(frontier: Frontier, header_hash: bytes) -> list[tuple[int, int, bytes]]:
    """The full subtrees (level, index, hash) that appending `header_hash` completes."""
    current, index = history_leaf(header_hash), frontier.count
    found = [(0, index, current)]
    peaks = list(frontier.peaks)
    level = 0
    while index & 1:
        current = crypto.tagged(Tag.HISTORY_NODE, peaks.pop(), current)
        level += 1
        index >>= 1
        found.append((level, index, current))
    return found


def _range_hash(subtree: Subtree, start: int, count: int) -> bytes:
    """Hash of the RFC 9162 tree over leaves [start, start + count); start is aligned to it."""
    split = 1 << (count - 1).bit_length() - 1 if count > 1 else 1
    if count == 1 or count == 1 << count.bit_length() - 1:
        level = count.bit_length() - 1
        return subtree(level, start >> level)
    left = subtree(split.bit_length() - 1, start // split)
    return crypto.tagged(Tag.HISTORY_NODE, left, _range_hash(subtree, start + split, count - split))


def prove_history(subtree: Subtree, count: int, index: int) -> ListProof:
    """Inclusion of header `index` (height - 1) in the history of `count` headers."""
    siblings: list[bytes] = []
    start, size = 0, count
    while size > 1:
        split = 1 << (size - 1).bit_length() - 1
        if index - start < split:
            siblings.append(_range_hash(subtree, start + split, size - split))
            size = split
        else:
            siblings.append(_range_hash(subtree, start, split))
            start, size = start + split, size - split
    return ListProof(index, count, tuple(reversed(siblings)))


def check_history(root: bytes, header_hash: bytes, proof: ListProof) -> bool:
    return _climb(history_leaf(header_hash), proof, Tag.HISTORY_NODE) == root


def prove_consistency(subtree: Subtree, old: int, new: int) -> tuple[bytes, ...]:
    """That the history of `old` headers is a beginning of that of `new` (RFC 9162, 2.1.4.1)."""
    return () if old in (0, new) else tuple(_subproof(subtree, old, 0, new, True))


def _subproof(subtree: Subtree, m: int, start: int, n: int, whole: bool) -> list[bytes]:
    if m == n:
        return [] if whole else [_range_hash(subtree, start, n)]
    split = 1 << (n - 1).bit_length() - 1
    if m <= split:
        return [
            *_subproof(subtree, m, start, split, whole),
            _range_hash(subtree, start + split, n - split),
        ]
    return [
        *_subproof(subtree, m - split, start + split, n - split, False),
        _range_hash(subtree, start, split),
    ]


def check_consistency(
    old_root: bytes, old: int, new_root: bytes, new: int, proof: Sequence[bytes]
) -> bool:
    """RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old == 0 or old == new:
        return not proof and (old == 0 or old_root == new_root)
    path = list(proof)
    if old & old - 1 == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first = crypto.tagged(Tag.HISTORY_NODE, node, first)
            second = crypto.tagged(Tag.HISTORY_NODE, node, second)
            while fn and not fn & 1:
                fn >>= 1
                sn >>= 1
        else:
            second = crypto.tagged(Tag.HISTORY_NODE, second, node)
        fn >>= 1
        sn >>= 1
    return first == old_root and second == new_root and sn == 0
