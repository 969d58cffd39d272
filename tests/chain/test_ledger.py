"""The ledger over a store: commit, reopen, go back, prove."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import merkle, tree
from chain.account import PURSES
from chain.block import header_hash
from chain.codec import encode
from chain.errors import Malformed
from chain.ledger import SALT_BYTES, Cache, Ledger, MemoryStore
from chain.money import Cents
from chain.state import Draft
from tests.chain.toy import (
    ENTRIES,
    Entry,
    Entry2,
    Give,
    Nothing,
    Town,
    Write,
    account_of,
    call,
    person,
)


def busy_town() -> Town:
    town = Town()
    for i in range(5):
        town.block(
            town.by("anna", call("write", Write(f"a{i}", i)), call("write", Write("same", 1))),
            town.by("ben", call("give", Give(account_of("cem"), Cents(i + 1)))),
            town.by("cem", call("erase", Write(f"a{i - 1}", 0))),
        )
    return town


def everything(town: Town) -> dict[bytes, bytes]:
    return {key: value for key, value in town.store.pairs.items() if key[:1] != b"h"}


def test_a_ledger_reopened_from_its_store_is_the_same() -> None:
    town = busy_town()
    again = Ledger.open(town.store)
    assert again is not None and again.tip == town.ledger.tip
    assert again.get(ENTRIES, "a4") == town.entry("a4") == Entry2(4, "v1")
    assert list(again.scan(PURSES)) == list(town.ledger.scan(PURSES))
    next_block = town.build(town.by("anna", call("write", Write("z", 1))))
    town.ledger = again
    assert town.judge(next_block).hash == next_block.hash
    assert Ledger.open(MemoryStore()) is None


def test_the_root_is_that_of_the_records_in_the_store() -> None:
    town = busy_town()
    leaves = []
    for key, stored in town.store.pairs.items():
        if key[:1] == b"r":
            path = tree.tree_path(int.from_bytes(key[1:3], "big"), key[3:])
            leaves.append((path, tree.leaf_hash(path, stored)))
            assert town.store.pairs[b"p" + path] == key
    root, _ = tree.update(lambda prefix: None, leaves)  # type: ignore[arg-type]
    assert root == town.ledger.tip.state_root == town.ledger.parent().state.tip.state_root  # type: ignore[attr-defined]
    assert sum(key[:1] == b"p" for key in town.store.pairs) == len(leaves)


def test_going_back_gives_every_earlier_state() -> None:
    town = Town()
    states = [everything(town)]
    for i in range(4):
        town.block(
            town.by("anna", call("write", Write(f"a{i}", i)), call("write", Write("same", i))),
            town.by("ben", call("erase", Write(f"a{i - 1}", 0))),
        )
        states.append(everything(town))
    last = town.ledger.tip
    states.pop()
    while town.undo:
        undo, before = town.undo.pop()
        town.store.write(town.ledger.revert(undo, before))
        assert town.ledger.tip == before and everything(town) == states.pop()
        assert town.entry("a3") is None
    town.latest, town.numbers, town.time_ms = (), {}, before.time_ms
    for i in range(4):  # and the same way on again
        town.block(
            town.by("anna", call("write", Write(f"a{i}", i)), call("write", Write("same", i))),
            town.by("ben", call("erase", Write(f"a{i - 1}", 0))),
        )
    assert town.ledger.tip == last


def test_a_wrong_undo_is_refused() -> None:
    town = busy_town()
    undo, before = town.undo[-1]
    with pytest.raises(Malformed, match="does not give the earlier state"):
        town.ledger.revert(undo[1:], before)
    assert town.ledger.tip.height == 5


def test_records_and_their_absence_are_proved_under_the_state_root() -> None:
    town = busy_town()
    root = town.ledger.tip.state_root
    for name in ("a4", "same", *(f"no-{i}" for i in range(40))):
        key = ENTRIES.key(name)
        path = tree.tree_path(ENTRIES.number, key)
        stored, proof = town.ledger.prove(ENTRIES.number, key)
        if stored is None:
            assert tree.check_absent(root, path, proof)
        else:
            assert ENTRIES.load(stored[SALT_BYTES:]) == town.entry(name)
            assert tree.check_present(root, path, stored, proof)
    by_another_leaf = [
        bool(town.ledger.prove(ENTRIES.number, ENTRIES.key(f"no-{i}"))[1].other) for i in range(40)
    ]
    assert any(by_another_leaf) and not all(by_another_leaf)


def test_headers_are_proved_under_the_history_root() -> None:
    town = Town()
    hashes = [header_hash(town.block().block.header) for _ in range(6)]
    root = merkle.history_root(town.ledger.tip.frontier)
    for height, one in enumerate(hashes, 1):
        assert merkle.check_history(root, one, town.ledger.prove_height(height))
    assert town.build().block.header.history == root


def test_equal_records_have_different_leaves() -> None:
    """Salted by the transaction that wrote them, and by their place."""
    town = Town()
    town.block(town.by("anna", call("write", Write("a", 1)), call("write", Write("b", 1))))
    first = {name: town.ledger.stored(ENTRIES.number, ENTRIES.key(name)) for name in "ab"}
    town.block(town.by("anna", call("write", Write("a", 1))))
    again = town.ledger.stored(ENTRIES.number, ENTRIES.key("a"))
    stored = [first["a"], first["b"], again]
    assert len({s[SALT_BYTES:] for s in stored if s}) == 1
    assert len({s[:SALT_BYTES] for s in stored if s}) == 3


def test_an_old_schema_is_read_and_the_new_one_written() -> None:
    town = Town()
    assert ENTRIES.load(encode(Entry(5))) == Entry2(5, "nobody")
    assert ENTRIES.load(encode(Entry2(5, "x"))) == Entry2(5, "x")
    with pytest.raises(AssertionError):
        Draft(town.ledger).put(ENTRIES, "a", Entry(5))  # type: ignore[misc]
    with pytest.raises(Malformed):
        ENTRIES.load(encode(person("x")))


def test_a_cache_forgets_what_was_kept_longest_ago() -> None:
    cache = Cache(2)
    for key in ("a", "b", "a", "c"):
        cache.keep(key, key)
    assert list(cache) == ["a", "c"]


def test_reading_goes_on_right_when_the_caches_are_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    root = busy_town().ledger.tip.state_root
    monkeypatch.setattr("chain.ledger.RECORD_CACHE", 2)
    monkeypatch.setattr("chain.ledger.NODE_CACHE", 1)
    assert busy_town().ledger.tip.state_root == root


class Reference(Nothing):
    """A view of a plain dict."""

    def __init__(self, records: dict[bytes, Entry2]) -> None:
        self.records = records

    def find(self, table: Any, key: bytes) -> Any:
        return self.records.get(key)

    def scan(self, table: Any, start: bytes = b"") -> Any:
        return iter([(k, self.records[k]) for k in sorted(self.records) if k >= start])


names = st.sampled_from(["a", "aa", "b", "c", "d"])


@given(
    st.dictionaries(names, st.integers(0, 9)),
    st.lists(st.tuples(names, st.none() | st.integers(0, 9), st.booleans())),
    names,
)
def test_drafts_read_like_the_state_they_would_become(
    base: dict[str, int], steps: list[tuple[str, int | None, bool]], start: str
) -> None:
    """Two drafts on top of each other against a dict; a scan in order, from anywhere."""
    model = {name.encode(): Entry2(value, "x") for name, value in base.items()}
    lower = Draft(Reference(dict(model)))
    upper = Draft(lower)
    for name, value, below in steps:
        if below and (ENTRIES.number, name.encode()) in upper.changes:
            continue
        draft = lower if below else upper
        if value is None:
            draft.delete(ENTRIES, name)
            model.pop(name.encode(), None)
        else:
            draft.put(ENTRIES, name, Entry2(value, "y"))
            model[name.encode()] = Entry2(value, "y")
    for name in ("a", "aa", "b", "c", "d", "e"):
        assert upper.get(ENTRIES, name) == model.get(name.encode())
    expected = [(key, model[key]) for key in sorted(model) if key >= start.encode()]
    assert list(upper.scan(ENTRIES, start.encode())) == expected
    lower.absorb(upper)
    assert list(lower.scan(ENTRIES, start.encode())) == expected


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=5), st.none() | st.binary(max_size=3))),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_the_memory_store_scans_any_range(
    writes: list[tuple[bytes, bytes | None]], start: bytes, stop: bytes
) -> None:
    store, model = MemoryStore(), dict[bytes, bytes]()
    writes = [(b"r\x00" + key if len(key) > 2 else key, value) for key, value in writes]
    store.write(writes)
    for key, value in writes:
        if value is None:
            model.pop(key, None)
        else:
            model[key] = value
    for first, last in (
        (start, stop),
        (b"r\x00" + start, b"r\x00" + stop),
        (b"r\x00\x01", b"r\x00\x02"),
    ):
        assert list(store.scan(first, last)) == [
            (key, model[key]) for key in sorted(model) if first <= key < last
        ]
