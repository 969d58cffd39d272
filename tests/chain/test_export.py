"""The portable export: what was written is read; every damage is found, at its height."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.certificate import Certificate
from chain.codec import encode
from chain.errors import Malformed
from chain.export import DamagedExport, NotAnExport, read_export, write_export

GENESIS = b'{"name": "a city"}'


def certificate(height: int) -> Certificate:
    return Certificate(height, 0, bytes([height]) * 32, ())


BLOCKS = [(b"block %d" % height * height, certificate(height)) for height in range(1, 6)]


def written(blocks: list[tuple[bytes, Certificate]]) -> bytes:
    out = BytesIO()
    assert write_export(out, GENESIS, iter(blocks)) == len(blocks)
    return out.getvalue()


FILE = written(BLOCKS)


class Dribble:
    """A reader that gives less than it is asked for, as pipes do."""

    def __init__(self, data: bytes) -> None:
        self.inner = BytesIO(data)
        self.largest = 0

    def read(self, size: int, /) -> bytes:
        self.largest = max(self.largest, size)
        return self.inner.read(min(size, 7))


def all_of(data: bytes) -> list[tuple[bytes, bytes]]:
    genesis, blocks = read_export(BytesIO(data))
    assert genesis == GENESIS
    return list(blocks)


def test_what_was_written_is_read() -> None:
    assert all_of(FILE) == [(block, encode(c)) for block, c in BLOCKS]
    assert all_of(written([])) == []


def test_a_reader_may_give_less_than_it_is_asked_for_and_is_never_asked_for_much() -> None:
    source = Dribble(FILE)
    genesis, blocks = read_export(source)
    assert genesis == GENESIS
    assert len(list(blocks)) == len(BLOCKS)
    assert source.largest < 200


def test_blocks_are_read_as_they_are_asked_for() -> None:
    reader = BytesIO(FILE)
    _, blocks = read_export(reader)
    next(blocks)
    assert reader.tell() < len(FILE) // 2


@pytest.mark.parametrize("data", [b"", b"hello", b'{"format": 1}', b"socialcoin export 2\n" + FILE])
def test_another_file_is_not_an_export(data: bytes) -> None:
    with pytest.raises(NotAnExport):
        read_export(BytesIO(data))


@given(st.integers(0, len(FILE) - 1))
def test_a_file_cut_off_anywhere_is_noticed(size: int) -> None:
    with pytest.raises(Malformed):
        all_of(FILE[:size])


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, change: int) -> None:
    data = bytearray(FILE)
    data[place] ^= change
    with pytest.raises(Malformed):
        all_of(bytes(data))


def test_damage_names_its_height_and_what_to_do() -> None:
    at = FILE.index(b"block 3")
    with pytest.raises(DamagedExport, match=r"at height 3: .*make the export again") as caught:
        all_of(FILE[: at + 4])
    assert caught.value.height == 3


def test_heights_taken_out_whole_are_noticed_at_the_end() -> None:
    start = FILE.index(b"block 2") - 9
    stop = FILE.index(b"block 3") - 9
    with pytest.raises(DamagedExport, match="another number of blocks"):
        all_of(FILE[:start] + FILE[stop:])


def test_nothing_stands_behind_the_end() -> None:
    with pytest.raises(DamagedExport, match="behind the end"):
        all_of(FILE + b"x")
