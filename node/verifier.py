"""Transactions as they come in: read here, their signatures judged beside, once each.

Judging happens in a worker process (`node.verify_worker`). Threads would do, since libsodium
releases the interpreter's lock, but each of thousands of short calls must then win that lock back
from a busy replica, which made a node three times slower (docs/adr has the figures). A handful of
signatures is judged on the spot.

The keys come from committed state, straight from the store. What was found good is remembered
(`Signatures.remember`) under the public keys that were used; execution asks under which key a
witness must hold *then*, and judges anew if it is another.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar, cast

from chain import crypto
from chain.account import ACCOUNTS
from chain.admission import BadSignature, witness_keys
from chain.codec import Record, encode
from chain.errors import Inadmissible, Malformed
from chain.ledger import SALT_BYTES, record_key
from chain.state import Draft, Table
from chain.transaction import Transaction, parse
from node.effects import Refused

ON_THE_SPOT = 8
"""So few signatures are not worth a message to the worker."""
HEAD_BYTES = 4
ACCOUNTS_REMEMBERED = 20_000

K = TypeVar("K")
V = TypeVar("V", bound=Record)
Get = Callable[[bytes], bytes | None]
Check = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One submission: `malformed` says why it is no transaction; `refused` why it is not good;
    with neither, all its witnesses are good under `keys`."""

    transaction: Transaction | None
    malformed: str = ""
    refused: Refused | None = None
    keys: tuple[bytes, ...] = ()


class Committed:
    """Committed records, read from the store beside the replica.

    Accounts lately asked for are remembered, so what it says may be a moment old: what is
    refused under it is looked at again under what the store says now (`forget`).
    """

    def __init__(self, get: Get) -> None:
        self._get = get
        self._lately: dict[bytes, Record] = {}

    def get(self, table: Table[K, V], key: K) -> V | None:
        return self.find(table, table.key(key))

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        place = record_key(table.number, key)
        known = self._lately.get(place)
        if known is None:
            stored = self._get(place)
            if stored is None:
                return None
            known = table.load(stored[SALT_BYTES:])
            if len(self._lately) >= ACCOUNTS_REMEMBERED:
                self._lately.clear()
            self._lately[place] = known
        return cast(V, known)

    def forget(self, transaction: Transaction) -> None:
        """Ask the store again about everybody who signed this."""
        for witness in transaction.witnesses:
            self._lately.pop(record_key(ACCOUNTS.number, witness.signer), None)

    def scan(self, table: Table[K, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        raise AssertionError("keys are looked up, never searched for")


class Verifier:
    """Call `start` before the first `judge`, `close` at the end."""

    def __init__(self, get: Get) -> None:
        """`get` reads the store."""
        self._view = Committed(get)
        self._worker: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[tuple[Sequence[Check], asyncio.Future[bytes]]] = deque()

    async def start(self) -> None:
        self._worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "node.verify_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read(self._worker))

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._worker is not None and self._worker.returncode is None:
            self._worker.kill()
            await self._worker.wait()
        self._answer_here()

    async def judge(self, wire: Sequence[bytes]) -> list[Judged]:
        """In the order given."""
        judged = [read_one(self._view, data) for data in wire]
        checks: list[Check] = []
        for each in judged:
            if each.transaction is not None and each.refused is None:
                message = each.transaction.sign_bytes()
                for key, witness in zip(each.keys, each.transaction.witnesses, strict=True):
                    checks.append((key, message, witness.signature))
        verdicts = iter(await self._check(checks))
        return [self._with_verdict(each, verdicts) for each in judged]

    def _with_verdict(self, judged: Judged, verdicts: Iterator[int]) -> Judged:
        """Takes one verdict for each witness of what could be judged at all."""
        if judged.transaction is None or judged.refused is not None:
            return judged
        mine = tuple(islice(verdicts, len(judged.keys)))
        if all(mine):
            return judged
        return judge_again(self._view, judged.transaction)

    async def _check(self, checks: Sequence[Check]) -> bytes:
        """One byte per check, 1 for a good signature."""
        worker = self._worker
        if len(checks) <= ON_THE_SPOT or worker is None or worker.returncode is not None:
            return verdicts_of(checks)
        assert worker.stdin is not None, "opened as a pipe"
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((checks, answer))
        data = encode(checks)
        try:
            worker.stdin.write(len(data).to_bytes(HEAD_BYTES, "big") + data)
            await worker.stdin.drain()
        except OSError:  # the worker is gone; its reader answers
            pass
        return await answer

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout is not None, "opened as a pipe"
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                size = int.from_bytes(await worker.stdout.readexactly(HEAD_BYTES), "big")
                verdicts = await worker.stdout.readexactly(size)
                _, answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result(verdicts)
        await worker.wait()
        self._answer_here()

    def _answer_here(self) -> None:
        """The worker is gone: what it left is judged on the spot, as is all that follows."""
        while self._waiting:
            checks, answer = self._waiting.popleft()
            if not answer.done():
                answer.set_result(verdicts_of(checks))


def verdicts_of(checks: Sequence[Check]) -> bytes:
    return bytes(crypto.verify(key, message, signature) for key, message, signature in checks)


def read_one(view: Committed, data: bytes) -> Judged:
    """Read a transaction and find its keys; its signatures are not judged yet."""
    try:
        transaction = parse(data)
    except Malformed as error:
        return Judged(None, str(error))
    found = _keys_of(view, transaction)
    if found.refused is not None:
        view.forget(transaction)
        found = _keys_of(view, transaction)
    return found


def _keys_of(view: Committed, transaction: Transaction) -> Judged:
    try:
        return Judged(transaction, keys=tuple(witness_keys(Draft(view), transaction)))
    except Inadmissible as refusal:
        return Judged(transaction, refused=Refused(refusal.code, refusal.values))


def judge_again(view: Committed, transaction: Transaction) -> Judged:
    """Under the keys that the store names now."""
    view.forget(transaction)
    found = _keys_of(view, transaction)
    message = transaction.sign_bytes()
    for key, witness in zip(found.keys, transaction.witnesses, strict=False):
        if not crypto.verify(key, message, witness.signature):
            refused = Refused(BadSignature.code, (witness.signer, witness.key))
            return Judged(transaction, refused=refused)
    return found
