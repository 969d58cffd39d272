"""Signatures verified ahead of the replay, in other processes.

The replay reads some thousand transactions ahead, looks up the keys that are in force now, and
sends (key, message, signature) away in batches, each one string of bytes so that nothing is
pickled piece by piece. What was found good is remembered with its key; execution asks whether
that is still the key in state, and otherwise judges the signature itself.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context

from chain import crypto

BATCH = 512
"""Signatures per batch: some 30 ms of work."""

Item = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""


def pack(items: Iterable[Item]) -> bytes:
    """Key (32 bytes), length of the message (4), signature (64), message; one after another."""
    parts: list[bytes] = []
    for key, message, signature in items:
        parts += (key, len(message).to_bytes(4, "big"), signature, message)
    return b"".join(parts)


def verify_batch(blob: bytes) -> bytes:
    """For each item of a packed batch 1 if its signature is good, else 0."""
    results = bytearray()
    at, end = 0, len(blob)
    while at < end:
        start = at + 100
        stop = start + int.from_bytes(blob[at + 32 : at + 36], "big")
        good = crypto.verify(blob[at : at + 32], blob[start:stop], blob[at + 36 : start])
        results.append(good)
        at = stop
    return bytes(results)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Verifiers:
    """The processes that verify. A context manager: leaving it ends them."""

    def __init__(self, processes: int) -> None:
        self._pool = ProcessPoolExecutor(
            processes, mp_context=get_context("spawn"), initializer=_ignore_interrupts
        )

    def __enter__(self) -> Verifiers:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, items: Iterable[Item]) -> Future[bytes]:
        return self._pool.submit(verify_batch, pack(items))
