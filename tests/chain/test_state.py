"""A block's draft reads like any other, however it keeps its keys in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chain.codec import U8, Record
from chain.state import BlockDraft, Draft, Table, View, raw


class Box(Record, tag=1):
    value: U8


ONE: Table[bytes, Box] = Table(250, "box_one", Box, raw)
TWO: Table[bytes, Box] = Table(251, "box_two", Box, raw)
WRITER = bytes(32)


class Floor:
    """Committed records of table one."""

    def __init__(self, kept: dict[bytes, Box]) -> None:
        self.kept = kept

    def get(self, table: Table[Any, Any], key: Any) -> Any:
        return self.find(table, table.key(key))

    def find(self, table: Table[Any, Any], key: bytes) -> Any:
        return self.kept.get(key) if table is ONE else None

    def scan(self, table: Table[Any, Any], start: bytes = b"") -> Iterator[tuple[bytes, Any]]:
        for key in sorted(self.kept) if table is ONE else ():
            if key >= start:
                yield key, self.kept[key]


keys = st.sampled_from([bytes([n]) for n in range(12)])
steps = st.tuples(
    st.sampled_from(["put", "delete", "keep", "absorb", "scan"]),
    st.sampled_from([ONE, TWO]),
    keys,
    st.integers(0, 255),
)


@given(kept=st.sets(keys), done=st.lists(steps, max_size=40))
def test_a_block_scans_what_a_plain_draft_scans(kept: set[bytes], done: list[Any]) -> None:
    floor: View = Floor({key: Box(0) for key in kept})
    block, plain = BlockDraft(floor), Draft(floor)
    for step, table, key, value in done:
        if step == "scan":
            assert list(block.scan(table, key)) == list(plain.scan(table, key))
            continue
        drafts = (block, plain) if step in ("put", "delete") else (Draft(block), Draft(plain))
        for draft in drafts:
            if step == "delete" or value % 3 == 0:
                draft.delete(table, key)
            else:
                draft.put(table, key, Box(value))
        if step in ("keep", "absorb"):
            plain.absorb(drafts[1])
            if step == "keep":
                block.keep(drafts[0], WRITER)
            else:
                block.absorb(drafts[0])
    for table in (ONE, TWO):
        assert list(block.scan(table)) == list(plain.scan(table))
        assert list(Draft(block).scan(table, b"\x05")) == list(plain.scan(table, b"\x05"))
