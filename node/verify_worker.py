"""The process that judges signatures for a node (`node.verifier`).

Reads frames from standard input (length in 4 bytes, then an encoded list of public key, message
and signature) and writes one frame each to standard output: one byte per signature, 1 for good.
Ends when its input ends, so it never outlives its node.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import BinaryIO

import msgspec

from chain import crypto

HEAD_BYTES = 4
_READ = msgspec.msgpack.Decoder(list[tuple[bytes, bytes, bytes]])


def serve(given: BinaryIO, told: BinaryIO) -> None:
    while len(head := given.read(HEAD_BYTES)) == HEAD_BYTES:
        size = int.from_bytes(head, "big")
        checks = _READ.decode(given.read(size))
        verdicts = bytes(crypto.verify(key, message, sig) for key, message, sig in checks)
        told.write(len(verdicts).to_bytes(HEAD_BYTES, "big") + verdicts)
        told.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the node decides when to end
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
