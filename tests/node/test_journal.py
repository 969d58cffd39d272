"""Frames of a journal: what a crash leaves is cut off, damage is refused."""

from __future__ import annotations

import pytest

from node.journal import DamagedJournal, Frame, frame, read_frames

ONE, TWO, THREE = frame(1, b"one"), frame(2, b""), frame(3, b"three" * 9)


def test_frames_are_read_back_in_order() -> None:
    frames, size = read_frames(ONE + TWO + THREE)
    assert frames == [Frame(1, b"one"), Frame(2, b""), Frame(3, b"three" * 9)]
    assert size == len(ONE + TWO + THREE)


@pytest.mark.parametrize("cut", range(len(THREE)))
def test_a_tail_torn_at_any_byte_is_cut_off(cut: int) -> None:
    assert read_frames(ONE + TWO + THREE[:cut]) == ([Frame(1, b"one"), Frame(2, b"")], 21)


def test_a_preallocated_journal_ends_in_zeros() -> None:
    assert read_frames(ONE + bytes(4096)) == ([Frame(1, b"one")], len(ONE))


@pytest.mark.parametrize("at", range(4, len(ONE)))
def test_a_bad_frame_before_a_good_one_is_refused(at: int) -> None:
    data = bytearray(ONE + TWO)
    data[at] ^= 1
    with pytest.raises(DamagedJournal, match="byte 0 begins a frame that is damaged"):
        read_frames(bytes(data))


@pytest.mark.parametrize("at", range(len(TWO)))
def test_a_bad_last_frame_is_a_torn_tail(at: int) -> None:
    data = bytearray(ONE + TWO)
    data[len(ONE) + at] ^= 1
    assert read_frames(bytes(data)) == ([Frame(1, b"one")], len(ONE))
