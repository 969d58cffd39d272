"""A node in one process for tests of its HTTP side: a real replica with one validator.

The town with money (tests/contracts/bank.py) is the state it starts from. Blocks are made when a
test says so; the clock is the test's own. `client_of` puts the whole application around it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from chain import crypto
from chain.address import encode_address
from chain.admission import Signatures
from chain.certificate import Seat
from chain.codec import Record, encode
from chain.errors import Malformed
from chain.ledger import Ledger, MemoryStore
from chain.money import Cents
from chain.rules import HERE, SEAT_SETS, SeatSets
from chain.session import READ, SessionRequest, session_bytes
from chain.state import BlockDraft
from chain.transaction import AccountActor, Body, parse, seal, witness
from genesis.document import FORMAT, Genesis, dump
from governance_contracts.payments.payments import plain
from governance_contracts.versions import RELEASE
from node import signer as signers
from node.api.app import API, make_app
from node.api.index import Index
from node.effects import (
    Admitted,
    Alarm,
    Arm,
    Committed,
    Effect,
    Input,
    Refused,
    Sign,
    Started,
    Submitted,
    Timer,
    WriteBatch,
)
from node.replica import Identity, Replica
from node.seam import News, Submission
from node.signer import Signer
from node.store import Store
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, START_MS, W1, Nothing, seed

T = TypeVar("T")

PREFIX = "test"
QUEUE_MAX = 16
NODE_KEY = crypto.public_key(seed("tls"))
GENESIS = Genesis(
    format=FORMAT, name="Teststad", prefix=PREFIX, epoch=EPOCH, time_ms=START_MS, protocol=1,
    contracts=(), parameters=(), regions=(), issuers=(), wijken=(), accounts=(), places=(),
)  # fmt: skip


class InMemory:
    """A founding document that lies in no file."""

    name = GENESIS.name
    prefix = GENESIS.prefix

    def document(self) -> bytes:
        return dump(GENESIS)


class InProcess:
    """A NodeSeam. One validator, W1; its timers run when `block` is called."""

    genesis = InMemory()
    release = RELEASE
    version = "0.0.test"
    node_key = NODE_KEY

    def __init__(self, town: MoneyTown | None = None) -> None:
        self.town = town or MoneyTown()
        self.now_ms = self.town.time_ms + 1_000
        self.store = MemoryStore()
        draft = BlockDraft(Nothing())
        draft.changes.update(self.town.state.changes)
        seats = (Seat(W1, crypto.public_key(seed("seat " + W1))),)
        draft.put(SEAT_SETS, HERE, SeatSets(seats, seats, seats))
        _, writes = Ledger.found(self.store, CHAIN, EPOCH, self.town.time_ms, draft)
        self.store.write(writes)
        store = Store.open(self.store)
        assert store is not None
        guard = signers.first_record(CHAIN, EPOCH, seats[0].key)
        identity = Identity(W1, Signer(CHAIN, EPOCH, seats[0].key, guard))
        self.replica = Replica(store, RELEASE, identity, b"", Signatures())
        self.subscribers: list[asyncio.Queue[News | None]] = []
        self.numbers: dict[str, int] = {}
        self._timers: list[tuple[int, Timer]] = []
        self._admitted: tuple[Refused | None, ...] = ()
        self.drive(Started())

    # The seam.

    async def read(self, question: Callable[[Replica], T]) -> T:
        await asyncio.sleep(0)
        return question(self.replica)

    async def submit(self, wire: Sequence[bytes]) -> list[Submission]:
        results: list[Submission] = []
        for data in wire:
            try:
                transaction = parse(data)
            except Malformed as error:
                results.append(Submission(None, str(error), None))
                continue
            self.drive(Submitted((transaction,)))
            results.append(Submission(transaction.id, "", self._admitted[0]))
        return results

    async def news(self) -> AsyncIterator[News]:
        queue: asyncio.Queue[News | None] = asyncio.Queue(QUEUE_MAX)
        self.subscribers.append(queue)
        while (found := await queue.get()) is not None:
            yield found

    # The world.

    def drive(self, given: Input) -> None:
        effects = self.replica.handle(given, self.now_ms)
        answer: bytes | None = None
        try:
            while True:
                answer = self._perform(effects.send(answer))
        except StopIteration:
            return

    def _perform(self, effect: Effect) -> bytes | None:
        match effect:
            case Sign(message):
                return crypto.sign(seed("seat " + W1), message)
            case WriteBatch(writes):
                self.store.write(writes)
            case Arm(timer, delay_ms):
                self._timers.append((self.now_ms + delay_ms, timer))
            case Admitted(outcomes):
                self._admitted = outcomes
            case Committed():
                self._tell(effect)
            case _:
                pass
        return None

    def _tell(self, effect: Committed) -> None:
        header, done = effect.applied.block.header, effect.applied.transactions
        ids = tuple(t.id for t in done)
        digest = effect.applied.hash
        news = News(header.height, digest, header.time_ms, len(done), effect.receipts, ids)
        for queue in list(self.subscribers):
            try:
                queue.put_nowait(news)
            except asyncio.QueueFull:
                self.subscribers.remove(queue)
                queue.get_nowait()
                queue.put_nowait(None)

    def block(self, wait_ms: int = 0) -> int:
        """Let time go on until one more block is committed; returns its height."""
        height = self.replica.ledger.tip.height + 1
        self.now_ms += wait_ms
        while self.replica.ledger.tip.height < height:
            self._timers.sort(key=lambda entry: entry[0])
            due_ms, timer = self._timers.pop(0)
            self.now_ms = max(self.now_ms, due_ms)
            self.drive(Alarm(timer))
        return height

    def settle(self) -> None:
        """Make blocks until nothing waits. (The first transaction after a silence needs none: its
        block is made at once.)"""
        while len(self.replica.mempool):
            self.block()

    # People.

    def address(self, name: str) -> str:
        return encode_address(PREFIX, self.town.id(name))

    def transaction(self, name: str, *calls: Record, valid_ms: int = 60_000, **more: Any) -> bytes:
        """The wire bytes of calls by a person, signed with key 0."""
        number = more.get("number")
        if number is None:
            number = self.numbers[name] = self.numbers.get(name, 0) + 1
        account = self.town.id(name)
        made = tuple(self.town.call(call) for call in calls)
        valid_until_ms = self.now_ms + valid_ms
        body = Body(CHAIN, EPOCH, AccountActor(account, 0), number, valid_until_ms, made)
        return seal(body, [witness(body, account, 0, more.get("seed") or seed(name))])

    def pay(self, payer: str, payee: str, amount: int, **more: Any) -> bytes:
        call = plain(self.town.id(payer), self.town.id(payee), "J1", Cents(amount))
        return self.transaction(payer, call, **more)

    def session_request(self, name: str, nonce: bytes, **changed: Any) -> dict[str, str]:
        """A signed request for a session, as the API takes it."""
        fields: dict[str, Any] = {
            "account": self.town.id(name),
            "key": 0,
            "node_key": NODE_KEY,
            "nonce": nonce,
            "scope": READ,
            "expires_ms": self.now_ms + 600_000,
        }
        signed_by = changed.pop("signed_by", name)
        request = SessionRequest(**(fields | changed))
        signature = crypto.sign(seed(signed_by), session_bytes(CHAIN, EPOCH, request))
        return {"request": encode(request).hex(), "signature": signature.hex()}


Client = TestClient[Any, Any]


@asynccontextmanager
async def client_of(node: InProcess, path: Path) -> AsyncIterator[Client]:
    """The whole application around a node, on a port of its own; its index at `path`."""
    app = make_app(node, Index.open(path / "index"), clock=lambda: node.now_ms)
    async with TestClient(TestServer(app)) as client:
        await app[API].feed.started.wait()
        yield client


async def token_of(client: Client, node: InProcess, name: str) -> dict[str, str]:
    """The header that reads somebody's account."""
    nonce = await (await client.get("/v1/sessions/nonce")).json()
    request = node.session_request(name, bytes.fromhex(nonce["nonce"]))
    answer = await client.post("/v1/sessions", json=request)
    assert answer.status == 200, await answer.text()
    return {"Authorization": f"Bearer {(await answer.json())['token']}"}


def app_of(client: Client) -> web.Application:
    assert isinstance(client.server, TestServer)
    return client.server.app


async def heard(client: Client, node: InProcess) -> None:
    """Wait until the application has heard of the newest block."""
    height = node.replica.ledger.tip.height
    feed = app_of(client)[API].feed
    if height:
        await feed.beyond(height - 1)


__all__ = ["CHAIN", "Client", "InProcess", "app_of", "client_of", "heard", "token_of"]
