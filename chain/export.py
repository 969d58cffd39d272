"""The portable export: one file that holds a whole chain, for an auditor to take away.

    socialcoin export 1\\n      the magic line
    G  genesis document         as the founders wrote it
    B  block, C  certificate    of height 1, then of height 2, and so on
    E  end                      how many heights (8 bytes), hash of every byte before this frame

Each frame is its letter, the length of its payload (4 bytes), a CRC-32 over letter and payload
(4 bytes), and the payload; numbers are big endian. The checksums find damage, not forgery:
whether a block is true is for who reads it to judge, so blocks and certificates are handed on as
bytes. Neither side holds more than one frame in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Protocol
from zlib import crc32

from chain.block import BLOCK_BYTES_MAX
from chain.certificate import Certificate
from chain.codec import encode
from chain.errors import Malformed
from chain.kinds import Tag

MAGIC = b"socialcoin export 1\n"
GENESIS, BLOCK, CERTIFICATE, END = b"G", b"B", b"C", b"E"

GENESIS_BYTES_MAX = 512 * 1024 * 1024
CERTIFICATE_BYTES_MAX = 64 * 1024
SIZES_MAX = {
    GENESIS: GENESIS_BYTES_MAX,
    BLOCK: BLOCK_BYTES_MAX,
    CERTIFICATE: CERTIFICATE_BYTES_MAX,
    END: 40,
}
FRAME_HEAD = 9


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Reader(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class NotAnExport(Malformed):
    """The file does not begin as an export does."""


class DamagedExport(Malformed):
    """An export that was cut off or changed; `height` is the first that cannot be read."""

    def __init__(self, height: int, what: str) -> None:
        super().__init__(
            f"{what} at height {height}: the file was cut off or damaged on its way; "
            "make the export again, or copy it again, and compare the sizes"
        )
        self.height = height


def write_export(out: Writer, genesis: bytes, blocks: Iterable[tuple[bytes, Certificate]]) -> int:
    """Write a chain from height 1 on, in order; returns how many heights it has."""
    digest = sha256(bytes([Tag.CHECKSUM]))

    def put(data: bytes) -> None:
        digest.update(data)
        out.write(data)

    put(MAGIC)
    put(_frame(GENESIS, genesis))
    count = 0
    for block, certificate in blocks:
        put(_frame(BLOCK, block))
        put(_frame(CERTIFICATE, encode(certificate)))
        count += 1
    out.write(_frame(END, count.to_bytes(8, "big") + digest.digest()))
    return count


def _frame(letter: bytes, payload: bytes) -> bytes:
    assert len(payload) <= SIZES_MAX[letter], f"frame {letter!r} of {len(payload)} bytes"
    checksum = crc32(payload, crc32(letter))
    return letter + len(payload).to_bytes(4, "big") + checksum.to_bytes(4, "big") + payload


def read_export(reader: Reader) -> tuple[bytes, Iterator[tuple[bytes, bytes]]]:
    """The genesis document, and block and certificate of each height as they are asked for.

    Raises NotAnExport or DamagedExport (height 0) at once; while iterating DamagedExport, at the
    first frame that is cut off or changed, or when the end does not fit what came before it.
    """
    source = _Source(reader)
    if source.take(len(MAGIC)) != MAGIC:
        raise NotAnExport("this is not an export of a chain, or one of a newer version")
    letter, genesis = source.frame(0)
    if letter != GENESIS:
        raise DamagedExport(0, "the genesis document is missing")
    return genesis, _blocks(source)


def _blocks(source: _Source) -> Iterator[tuple[bytes, bytes]]:
    height = 0
    while True:
        so_far = source.digest.digest()
        letter, payload = source.frame(height + 1)
        if letter == END:
            break
        height += 1
        if letter != BLOCK:
            raise DamagedExport(height, "a block was expected")
        letter, certificate = source.frame(height)
        if letter != CERTIFICATE:
            raise DamagedExport(height, "a certificate was expected")
        yield payload, certificate
    if payload != height.to_bytes(8, "big") + so_far:
        raise DamagedExport(height, "the end names another number of blocks or another content")
    if source.take(1):
        raise DamagedExport(height, "something stands behind the end")


class _Source:
    """Reads frames, and hashes what it reads."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.digest = sha256(bytes([Tag.CHECKSUM]))

    def take(self, size: int) -> bytes:
        """`size` bytes, or fewer at the end of the file."""
        data = self.reader.read(size)
        while len(data) < size:
            more = self.reader.read(size - len(data))
            if not more:
                break
            data += more
        self.digest.update(data)
        return data

    def frame(self, height: int) -> tuple[bytes, bytes]:
        head = self.take(FRAME_HEAD)
        if len(head) < FRAME_HEAD:
            raise DamagedExport(height, "the file ends")
        letter, size = head[:1], int.from_bytes(head[1:5], "big")
        if letter not in SIZES_MAX or size > SIZES_MAX[letter]:
            raise DamagedExport(height, "there is no readable frame")
        payload = self.take(size)
        if len(payload) < size:
            raise DamagedExport(height, "the file ends")
        if crc32(payload, crc32(letter)) != int.from_bytes(head[5:], "big"):
            raise DamagedExport(height, "a checksum does not fit")
        return letter, payload
