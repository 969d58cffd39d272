"""The state tree: its root is a function of the set of records; proofs prove only what is so."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import tree
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.tree import Change, Node, Proof

Leaves = dict[bytes, bytes]


def naive(leaves: Leaves, depth: int = 0) -> bytes:
    """The hash of a node over all these leaves, from the definition alone."""
    slots = []
    for digit in range(16):
        below = {p: h for p, h in leaves.items() if int(p.hex()[depth], 16) == digit}
        if not below:
            slots.append(bytes(32))
        elif len(below) == 1:
            slots.append(next(iter(below.values())))
        else:
            slots.append(naive(below, depth + 1))
    return sha256(b"\x08" + b"".join(slots)).digest()


class Stored:
    """A tree whose nodes live as bytes, as in a store."""

    def __init__(self) -> None:
        self.nodes: dict[str, bytes] = {}
        self.root = tree.EMPTY_ROOT

    def load(self, prefix: str) -> Node | None:
        data = self.nodes.get(prefix)
        return None if data is None else Node.unpack(data)

    def update(self, changes: list[Change]) -> bytes:
        self.root, written = tree.update(self.load, changes)
        for prefix, node in written.items():
            if node is None:
                self.nodes.pop(prefix, None)
            else:
                self.nodes[prefix] = node.pack()
        return self.root


def crowded(start: bytes) -> bytes:
    """A path; few distinct first bytes make long shared prefixes."""
    return start + bytes(32 - len(start))


paths = st.one_of(
    st.lists(st.sampled_from([0, 1, 16, 255]), min_size=3, max_size=3).map(
        lambda numbers: crowded(bytes(numbers))
    ),
    st.lists(st.sampled_from([0, 1]), min_size=3, max_size=3).map(
        lambda numbers: bytes(29) + bytes(numbers)
    ),
    st.binary(min_size=32, max_size=32),
)
leaf_hashes = st.binary(min_size=32, max_size=32).filter(lambda h: h != bytes(32))
batches = st.lists(st.dictionaries(paths, st.none() | leaf_hashes, max_size=12), max_size=6)


@given(batches)
def test_any_history_gives_the_root_of_the_set(history: list[dict[bytes, bytes | None]]) -> None:
    stored, leaves = Stored(), Leaves()
    for batch in history:
        stored.update(list(batch.items()))
        for path, leaf in batch.items():
            if leaf is None:
                leaves.pop(path, None)
            else:
                leaves[path] = leaf
        assert stored.root == naive(leaves)
    fresh = Stored()
    for path in leaves:  # one at a time, in another order
        fresh.update([(path, leaves[path])])
    assert fresh.root == stored.root
    assert {p: d for p, d in fresh.nodes.items() if p} == {
        p: d for p, d in stored.nodes.items() if p
    }
    stored.update([(path, None) for path in leaves])
    assert stored.root == tree.EMPTY_ROOT == naive({}) and set(stored.nodes) <= {""}


def value_of(path: bytes) -> bytes:
    return bytes(16) + path[:3]


@given(st.sets(paths, max_size=15), st.sets(paths, max_size=5))
def test_presence_and_absence_are_proved_and_nothing_else(
    present: set[bytes], others: set[bytes]
) -> None:
    stored = Stored()
    root = stored.update([(path, tree.leaf_hash(path, value_of(path))) for path in present])
    for path in sorted(present | others):
        levels, found, _ = tree.walk(stored.load, path)
        if path in present:
            proof = Proof(levels, ())
            assert found == path
            assert tree.check_present(root, path, value_of(path), proof)
            assert not tree.check_present(root, path, value_of(path) + b"x", proof)
            assert not tree.check_present(bytes(32), path, value_of(path), proof)
            assert not tree.check_absent(root, path, proof)
            own = tree.OtherLeaf(path, sha256(b"\x09" + value_of(path)).digest())
            assert not tree.check_absent(root, path, Proof(levels, (own,)))
            assert not tree.check_present(root, path, value_of(path), Proof(levels[:-1], ()))
        else:
            other = (
                (tree.OtherLeaf(found, sha256(b"\x09" + value_of(found)).digest()),)
                if found
                else ()
            )
            proof = Proof(levels, other)
            assert tree.check_absent(root, path, proof)
            assert not tree.check_absent(bytes(32), path, proof)
            assert not tree.check_present(root, path, value_of(path), proof)
        assert decode(Proof, encode(proof)) == proof
        for elsewhere in sorted((present | others) - {path}):
            assert not tree.check_present(root, elsewhere, value_of(path), proof)


def test_a_leaf_cannot_stand_in_for_another_on_its_way() -> None:
    """Absence by another leaf holds only where that leaf shares the whole way."""
    a, b, c = crowded(b"\x00\x00"), crowded(b"\x00\x01"), crowded(b"\x10")
    stored = Stored()
    root = stored.update([(p, tree.leaf_hash(p, value_of(p))) for p in (a, b, c)])
    levels, found, _ = tree.walk(stored.load, crowded(b"\x11"))
    assert found == c
    other = tree.OtherLeaf(c, sha256(b"\x09" + value_of(c)).digest())
    assert tree.check_absent(root, crowded(b"\x11"), Proof(levels, (other,)))
    assert not tree.check_absent(root, a, Proof(levels, (other,)))


def test_a_level_that_does_not_fit_proves_nothing() -> None:
    path = crowded(b"\x10")
    stored = Stored()
    root = stored.update([(p, tree.leaf_hash(p, b"")) for p in (path, crowded(b"\x20"))])
    (level,), _, _ = tree.walk(stored.load, path)
    assert level.used == 1 << 2 and len(level.slots) == 1
    good = Proof((level,), ())
    assert tree.check_present(root, path, b"", good)
    for bad in (
        tree.Level(level.used | 1 << 1, level.slots),
        tree.Level(level.used | 1 << 1, (bytes(32), *level.slots)),
        tree.Level(level.used, ()),
        tree.Level(level.used, (*level.slots, bytes(32))),
        tree.Level(0, ()),
    ):
        assert not tree.check_present(root, path, b"", Proof((bad,), ()))


def test_a_node_left_with_one_leaf_is_folded_away() -> None:
    a, b = crowded(b"\x00\x00\x00"), crowded(b"\x00\x00\x01")
    stored = Stored()
    stored.update([(a, b"a" * 32)])
    assert set(stored.nodes) == {""}
    stored.update([(b, b"b" * 32)])
    assert set(stored.nodes) == {"", "0", "00", "000", "0000", "00000"}
    stored.update([(b, None)])
    assert set(stored.nodes) == {""} and stored.root == naive({a: b"a" * 32})


@given(st.dictionaries(st.integers(0, 15), st.tuples(leaf_hashes, st.booleans())))
def test_nodes_are_stored_and_read_back(slots: dict[int, tuple[bytes, bool]]) -> None:
    nothing = (b"", False)
    given = [slots.get(i, nothing) for i in range(16)]
    node = Node(
        tuple(slot for slot, _ in given),
        tuple(bytes([i]) * 32 if is_leaf else b"" for i, (_, is_leaf) in enumerate(given)),
    )
    again = Node.unpack(node.pack())
    assert (again.slots, again.paths, again.hash()) == (node.slots, node.paths, node.hash())
    with pytest.raises(Malformed, match="damaged"):
        Node.unpack(node.pack() + b"\x00")


def test_a_missing_node_is_named() -> None:
    stored = Stored()
    stored.update([(crowded(b"\x00"), b"a" * 32), (crowded(b"\x01"), b"b" * 32)])
    del stored.nodes["0"]
    with pytest.raises(Malformed, match="lacks node '0'"):
        stored.update([(crowded(b"\x02"), b"c" * 32)])
    with pytest.raises(Malformed, match="lacks node '0'"):
        tree.walk(stored.load, crowded(b"\x02"))
