"""Signatures, judged once, in threads beside the event loop.

libsodium releases the interpreter's lock while it works, so verification runs beside consensus.
What was found good is remembered (`Signatures.remember`) under the public key that was used;
execution asks under which key a witness must hold *then*, and judges anew if it is another.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from chain import crypto
from chain.transaction import Transaction

CHUNK = 64
"""Transactions judged in one go by one thread."""


class Verifier:
    def __init__(self, threads: int = 0) -> None:
        """`threads`: 0 for one per processor, at most 4."""
        count = threads or min(4, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="verify")

    async def judge(self, batch: Sequence[tuple[Transaction, Sequence[bytes]]]) -> list[bool]:
        """For each transaction and the keys of its witnesses: are all signatures good?"""
        loop = asyncio.get_running_loop()
        chunks = [batch[i : i + CHUNK] for i in range(0, len(batch), CHUNK)]
        done = await asyncio.gather(
            *(loop.run_in_executor(self._pool, judge_chunk, chunk) for chunk in chunks)
        )
        return [good for chunk in done for good in chunk]

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def judge_chunk(batch: Sequence[tuple[Transaction, Sequence[bytes]]]) -> list[bool]:
    verify = crypto.verify
    results = []
    for transaction, keys in batch:
        message = transaction.sign_bytes()
        results.append(
            len(keys) == len(transaction.witnesses)
            and all(
                verify(key, message, witness.signature)
                for key, witness in zip(keys, transaction.witnesses, strict=True)
            )
        )
    return results
