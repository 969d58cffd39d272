"""Frames of a journal: length, CRC-32, kind, payload. Shared by the write-ahead log and the guard.

A bad frame at the tail is what a crash leaves: it is cut off and reported. A bad frame with good
ones behind it is damage: the reader refuses and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

HEAD_BYTES = 9
FRAME_BYTES_MAX = 16 * 1024 * 1024


class DamagedJournal(Exception):
    """Frames in the middle of a journal cannot be read."""


@dataclass(frozen=True, slots=True)
class Frame:
    kind: int
    payload: bytes


def frame(kind: int, payload: bytes) -> bytes:
    body = bytes([kind]) + payload
    return len(body).to_bytes(4, "big") + crc32(body).to_bytes(4, "big") + body


def read_frames(data: bytes) -> tuple[list[Frame], int]:
    """All good frames, and how many bytes they take; what lies behind is a torn tail.

    A preallocated journal ends in zeros. Raises DamagedJournal if a good frame can be found
    behind a bad one.
    """
    frames: list[Frame] = []
    at = 0
    while True:
        good = _frame_at(data, at)
        if good is None:
            break
        frames.append(Frame(good[0], good[1:]))
        at += 8 + len(good)
    rest = data[at:]
    if rest.strip(b"\x00") and _good_frame_behind(data, at):
        raise DamagedJournal(f"byte {at} begins a frame that is damaged, with good ones behind it")
    return frames, at


def _frame_at(data: bytes, at: int) -> bytes | None:
    length = int.from_bytes(data[at : at + 4], "big")
    if not 0 < length <= FRAME_BYTES_MAX or at + 8 + length > len(data):
        return None
    body = data[at + 8 : at + 8 + length]
    return body if crc32(body) == int.from_bytes(data[at + 4 : at + 8], "big") else None


def _good_frame_behind(data: bytes, at: int) -> bool:
    """Does the frame that follows the bad one, by the bad one's length, read well?"""
    length = int.from_bytes(data[at : at + 4], "big")
    following = at + 8 + length
    return 0 < length <= FRAME_BYTES_MAX and _frame_at(data, following) is not None


def hides_frames(data: bytes, at: int) -> bool:
    """Does a good frame begin anywhere behind `at`, whatever the bytes before it say?

    Finds those behind a frame whose length is damaged, which `read_frames` takes for a torn tail.
    Only for journals that hold nothing others may have written: a frame inside a frame is found
    as well.
    """
    end = len(data.rstrip(b"\x00"))
    return any(_frame_at(data, start) is not None for start in range(at + 1, end - 8))
