"""Lists and history against RFC 9162 read word by word: 2.1.1, 2.1.3.1 and 2.1.4.1."""

from __future__ import annotations

from hashlib import sha256

import pytest

from chain import merkle
from chain.merkle import (
    EMPTY_FRONTIER,
    ListProof,
    append,
    check_consistency,
    check_history,
    check_in_list,
    history_root,
    list_root,
    new_subtrees,
    prove_consistency,
    prove_history,
    prove_in_list,
)

SIZES = range(34)
ITEMS = [sha256(bytes([i])).digest() for i in range(max(SIZES) + 1)]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes], leaf: bytes, node: bytes) -> bytes:
    """2.1.1, with tags in place of 00 and 01."""
    if len(leaves) == 1:
        return sha256(leaf + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(node + mth(leaves[:k], leaf, node) + mth(leaves[k:], leaf, node)).digest()


def path(m: int, leaves: list[bytes], leaf: bytes, node: bytes) -> list[bytes]:
    """2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k], leaf, node), mth(leaves[k:], leaf, node)]
    return [*path(m - k, leaves[k:], leaf, node), mth(leaves[:k], leaf, node)]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """2.1.4.1."""
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves, b"\x11", b"\x12")]
    k = split(n)
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:], b"\x11", b"\x12")]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k], b"\x11", b"\x12")]


@pytest.mark.parametrize("n", SIZES)
def test_list_root_and_proofs(n: int) -> None:
    items = ITEMS[:n]
    top = mth(items, b"\x0b", b"\x0c") if n else bytes(32)
    root = list_root(items)
    assert root == sha256(b"\x0d" + n.to_bytes(8, "big") + top).digest()
    for i in range(n):
        proof = prove_in_list(items, i)
        assert list(proof.siblings) == path(i, items, b"\x0b", b"\x0c")
        assert check_in_list(root, items[i], proof)
        assert not check_in_list(root, ITEMS[n], proof)
        assert not check_in_list(bytes(32), items[i], proof)
        for wrong in (
            ListProof(i ^ 1, n, proof.siblings),
            ListProof(i, n + 1, proof.siblings),
            ListProof(n, n, proof.siblings),
            ListProof(i, n, (*proof.siblings, bytes(32))),
            ListProof(i, n, proof.siblings[:-1]),
        ):
            assert wrong == proof or not check_in_list(root, items[i], wrong)


def test_nothing_is_in_an_empty_list() -> None:
    assert not check_in_list(list_root([]), b"", ListProof(0, 0, ()))


def test_a_list_cannot_pass_for_another_of_its_own_nodes() -> None:
    """The count and the tags keep an inner node from being read as a leaf."""
    a, b = ITEMS[:2]
    inner = sha256(b"\x0b" + a).digest() + sha256(b"\x0b" + b).digest()
    assert list_root([a, b]) != list_root([inner])


class History:
    def __init__(self, n: int) -> None:
        self.frontier = EMPTY_FRONTIER
        self.subtrees: dict[tuple[int, int], bytes] = {}
        for item in ITEMS[:n]:
            for level, index, value in new_subtrees(self.frontier, item):
                self.subtrees[(level, index)] = value
            self.frontier = append(self.frontier, item)

    def subtree(self, level: int, index: int) -> bytes:
        return self.subtrees[(level, index)]


ROOTS = [mth(ITEMS[:n], b"\x11", b"\x12") if n else bytes(32) for n in SIZES]
FULL = History(max(SIZES))
"""Also proves about every earlier count, as a store that has gone on does."""


@pytest.mark.parametrize("n", SIZES)
def test_history_root_and_inclusion(n: int) -> None:
    history = History(n)
    assert history_root(history.frontier) == ROOTS[n]
    assert history.frontier.count == n and len(history.frontier.peaks) == n.bit_count()
    for i in range(n):
        proof = prove_history(history.subtree, n, i)
        assert list(proof.siblings) == path(i, ITEMS[:n], b"\x11", b"\x12")
        assert check_history(ROOTS[n], ITEMS[i], proof)
        assert not check_history(ROOTS[n], ITEMS[n], proof)
        assert not check_history(bytes(32), ITEMS[i], proof)
        assert prove_history(FULL.subtree, n, i) == proof


@pytest.mark.parametrize("new", SIZES)
def test_history_consistency(new: int) -> None:
    for old in range(new + 1):
        proof = prove_consistency(FULL.subtree, old, new)
        assert list(proof) == (subproof(old, ITEMS[:new], True) if old > 0 else [])
        assert check_consistency(ROOTS[old], old, ROOTS[new], new, proof)
        if 0 < old < new:
            assert not check_consistency(bytes(32), old, ROOTS[new], new, proof)
            assert not check_consistency(ROOTS[old], old, bytes(32), new, proof)
            assert not check_consistency(ROOTS[old], old, ROOTS[new], new, (*proof, bytes(32)))
            assert not check_consistency(ROOTS[old], old, ROOTS[new], new, proof[:-1])
            assert not check_consistency(ROOTS[new], new, ROOTS[old], old, proof)


def test_no_proof_is_needed_or_allowed_for_what_is_the_same() -> None:
    assert check_consistency(ROOTS[5], 5, ROOTS[5], 5, ())
    assert not check_consistency(ROOTS[5], 5, ROOTS[6], 5, ())
    assert not check_consistency(ROOTS[5], 5, ROOTS[5], 5, (bytes(32),))
    assert merkle.history_root(EMPTY_FRONTIER) == bytes(32)
