"""Proof of liabilities: a Merkle sum tree in which everybody finds their own amounts, not others'.

Whoever owes many people publishes the root and the total. Each person gets the path from their own
amounts to the root and checks that nothing was left out or counted below nothing on the way; who
is left out sees it, and what all find together cannot be more than the total.

A sibling on the path must not say what a neighbour has. So each amount is cut into powers of two,
each a leaf of its own, hashed with a salt that only its owner can ask for; leaves stand in order
of their hashes, so neighbours are strangers. A leaf beside one's own says that somebody, one of
all, has a piece of some power of two; a node further up is a sum over strangers.

    piece  = the hash of LIABILITY_LEAF, salt (16 bytes), body, power (1 byte); its sum is 2^power
    node   = the hash of LIABILITY_NODE, left, right, each as hash (32 bytes) and sum (8 bytes);
             its sum is the sum of both
    root   = the hash of LIABILITY_NODE, count of pieces (8 bytes), hash and sum of the top node

The shape is that of `merkle.list_root`: neighbours are paired, an odd last one moves up.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U8, U53, Record
from chain.kinds import Tag
from chain.money import CENTS_MAX

WIDTH = 40
"""Bytes of a node: its hash, and its sum in 8 bytes, big endian."""
POWERS = CENTS_MAX.bit_length()
LEVELS_MAX = 64

_LEAF = bytes([Tag.LIABILITY_LEAF])
_NODE = bytes([Tag.LIABILITY_NODE])

Node = Annotated[bytes, Meta(min_length=WIDTH, max_length=WIDTH)]


@dataclass(frozen=True, slots=True)
class Part:
    """One amount owed. `salt`: 16 bytes, kept between who owes and who is owed. `body`: whose it
    is and what it is, so that no two people can be shown one leaf."""

    salt: bytes
    body: bytes
    amount: int


class PiecePath(Record, tag=1):
    """Where the piece of 2^`power` stands, and the nodes beside its way up."""

    power: U8
    index: U53
    siblings: Annotated[tuple[Node, ...], Meta(max_length=LEVELS_MAX)]


def powers_of(amount: int) -> list[int]:
    """The powers of two that make an amount, the smallest first.

    Raises ValueError for an amount below nothing or above what amounts can count.
    """
    if not 0 <= amount <= CENTS_MAX:
        raise ValueError("an amount that cannot be")
    return [power for power in range(amount.bit_length()) if amount >> power & 1]


def leaf_of(part: Part, power: int) -> bytes:
    """The node of one piece."""
    digest = sha256(_LEAF + part.salt + part.body + bytes([power])).digest()
    return digest + (1 << power).to_bytes(8, "big")


def leaves_of(parts: Iterable[Part]) -> Iterator[bytes]:
    """All pieces of all parts. Raises ValueError."""
    sizes = [(bytes([power]), (1 << power).to_bytes(8, "big")) for power in range(POWERS)]
    for part in parts:
        start = _LEAF + part.salt + part.body
        for power in powers_of(part.amount):
            byte, size = sizes[power]
            yield sha256(start + byte).digest() + size


def sum_of(node: bytes) -> int:
    return int.from_bytes(node[32:], "big")


def root_of(count: int, top: bytes) -> bytes:
    return crypto.tagged(Tag.LIABILITY_NODE, count.to_bytes(8, "big"), top)


class SumTree:
    """The tree over all parts. `total` is the sum of all; `root` binds it and the `count`."""

    __slots__ = ("_levels", "count", "root", "total")

    def __init__(self, parts: Iterable[Part]) -> None:
        """Raises ValueError: an amount that cannot be, a part given twice, too much in all."""
        level = sorted(leaves_of(parts))
        if any(left == right for left, right in pairwise(level)):
            raise ValueError("a part is given twice")
        sums = [sum_of(leaf) for leaf in level]
        self.count = len(level)
        self.total = sum(sums)
        if self.total > CENTS_MAX:
            raise ValueError("more in all than amounts can count")
        self._levels = [b"".join(level)]
        while len(level) > 1:
            odd, odd_sum = (level[-1:], sums[-1:]) if len(level) & 1 else ([], [])
            sums = [a + b for a, b in zip(sums[::2], sums[1::2], strict=False)]
            level = [
                sha256(_NODE + left + right).digest() + total.to_bytes(8, "big")
                for left, right, total in zip(level[::2], level[1::2], sums, strict=False)
            ]
            level += odd
            sums += odd_sum
            self._levels.append(b"".join(level))
        self.root = root_of(self.count, level[0] if level else bytes(WIDTH))

    def prove(self, part: Part) -> tuple[PiecePath, ...]:
        """Where each piece of a part stands. Raises ValueError if it is not in this tree."""
        return tuple(self._path(part, power) for power in powers_of(part.amount))

    def _path(self, part: Part, power: int) -> PiecePath:
        leaf = leaf_of(part, power)
        index = bisect_left(_Nodes(self._levels[0]), leaf)
        if index == self.count or _Nodes(self._levels[0])[index] != leaf:
            raise ValueError("this part is not in the tree")
        siblings = []
        at = index
        for level in self._levels[:-1]:
            nodes = _Nodes(level)
            if at ^ 1 < len(nodes):
                siblings.append(nodes[at ^ 1])
            at >>= 1
        return PiecePath(power, index, tuple(siblings))


class _Nodes(Sequence[bytes]):
    """The nodes of a level, kept as one run of bytes."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data) // WIDTH

    def __getitem__(self, index: int) -> bytes:  # type: ignore[override]
        return self._data[index * WIDTH : (index + 1) * WIDTH]


def check(root: bytes, total: int, count: int, part: Part, paths: Sequence[PiecePath]) -> bool:
    """Is this part counted, in whole, in a tree of this root, total and count?

    Every sum on the way must be above nothing, and the top's must be the total.
    """
    try:
        powers = powers_of(part.amount)
    except ValueError:
        return False
    if [path.power for path in paths] != powers or not 0 <= total <= CENTS_MAX:
        return False
    return all(_climbs(root, total, count, leaf_of(part, path.power), path) for path in paths)


def _climbs(root: bytes, total: int, count: int, node: bytes, path: PiecePath) -> bool:
    index, last = path.index, count - 1
    if not 0 <= index <= last:
        return False
    siblings = iter(path.siblings)
    while last > 0:
        if index & 1 or index < last:
            sibling = next(siblings, None)
            if sibling is None or len(sibling) != WIDTH or not sum_of(sibling):
                return False
            summed = sum_of(node) + sum_of(sibling)
            if summed > total:
                return False
            left, right = (sibling, node) if index & 1 else (node, sibling)
            node = sha256(_NODE + left + right).digest() + summed.to_bytes(8, "big")
        index >>= 1
        last >>= 1
    if next(siblings, None) is not None or sum_of(node) != total:
        return False
    return root_of(count, node) == root
