"""Connections to other nodes: WebSockets over mutual TLS 1.3, redialled for ever.

Each pair keeps one connection: of two that crossed on their way, that which the lower key dialled;
else the newer, for who comes again has lost the older. Behind the handshake both say which
chain they are on. Three outgoing queues, vital before sync before transactions;
a peer that does not drain them is cut off, it comes back and catches up.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import WebSocketError, WSMsgType, web

from chain.codec import U16, U32, Hash, Record, decode, encode
from chain.errors import Malformed
from node import tls
from node.config import Address
from node.messages import MESSAGE_BYTES_MAX, PeerMessage, read_message

PATH = "/peer"
REDIAL_FIRST_S = 0.2
REDIAL_MAX_S = 5.0
HELLO_WAIT_S = 5.0
HEARTBEAT_S = 10.0
GOODBYE_S = 1.0
CROSSING_S = 5.0
"""Two connections of a pair that were made within this time of each other crossed on their way."""
QUEUE_BYTES_MAX = 32 * 1024 * 1024


class Hello(Record, tag=1):
    """The first message each way."""

    chain: Hash
    epoch: U32
    wire_version: U16


WIRE_VERSION = 1


class Listener(Protocol):
    """Who is told about connections; called on the event loop."""

    def joined(self, peer: str, key: bytes) -> None: ...
    def left(self, peer: str) -> None: ...
    async def received(self, peer: str, message: PeerMessage) -> None:
        """Returning late slows this peer's reading down."""
        ...

    def peer_fault(self, peer: str, reason: str) -> None: ...


@dataclass(slots=True)
class Connection:
    peer: str
    key: bytes
    dialled: bool
    socket: web.WebSocketResponse | aiohttp.ClientWebSocketResponse
    since_s: float
    heard: bool = False
    queues: tuple[deque[bytes], deque[bytes], deque[bytes]] = field(
        default_factory=lambda: (deque(), deque(), deque())
    )
    waiting_bytes: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class PeerNetwork:
    """All connections of one node. Everything here runs on the event loop."""

    def __init__(
        self,
        listener: Listener,
        own_key: bytes,
        identity: Path,
        chain: bytes,
        epoch: int,
        known: Callable[[], Mapping[bytes, str]],
    ) -> None:
        """`known()`: the public node keys that may connect now, and whose they are (a wijk, or
        empty for an observer)."""
        self._listener = listener
        self._own_key = own_key
        self._identity = identity
        self._hello = Hello(chain, epoch, WIRE_VERSION)
        self._known = known
        self._by_key: dict[bytes, Connection] = {}
        self._by_peer: dict[str, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._key_at: dict[Address, bytes] = {}
        self._count = 0
        self._runner: web.AppRunner | None = None
        self._trusted: set[bytes] = set()
        self._server_tls = tls.context(identity, (), server=True)
        self._client_tls = tls.context(identity, (), server=False)
        self._session: aiohttp.ClientSession | None = None
        self._closing = False
        self.refresh()

    def refresh(self) -> None:
        """Trust keys that became known; close connections of keys that no longer are."""
        known = self._known()
        for key in sorted(set(known) - self._trusted):
            tls.trust(self._server_tls, key)
            tls.trust(self._client_tls, key)
            self._trusted.add(key)
        for key, connection in list(self._by_key.items()):
            if key not in known:
                self._spawn(self._drop(connection))

    async def start(self, listen: Address, dial: Sequence[Address]) -> None:
        """Raises OSError if the address cannot be listened on."""
        app = web.Application()
        app.router.add_get(PATH, self._accept)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=GOODBYE_S
        )
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, listen.host, listen.port, ssl_context=self._server_tls, backlog=64
        )
        await site.start()
        self._session = aiohttp.ClientSession()
        for address in dial:
            self._spawn(self._keep_dialling(address))

    async def close(self) -> None:
        self._closing = True
        await asyncio.gather(*(self._drop(each) for each in list(self._by_peer.values())))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Sending.

    def send(self, peers: Sequence[str], data: bytes, kind: int) -> None:
        """Queue an encoded message: kind 0 vital, 1 sync, 2 transactions."""
        for peer in peers:
            connection = self._by_peer.get(peer)
            if connection is None:
                continue
            connection.waiting_bytes += len(data)
            if connection.waiting_bytes > QUEUE_BYTES_MAX:
                self._spawn(self._drop(connection))
                continue
            connection.queues[kind].append(data)
            connection.wake.set()

    async def _write(self, connection: Connection) -> None:
        while True:
            data = next((q.popleft() for q in connection.queues if q), None)
            if data is None:
                connection.wake.clear()
                await connection.wake.wait()
                continue
            connection.waiting_bytes -= len(data)
            await connection.socket.send_bytes(data)

    # Connecting.

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        tls_object = request.transport.get_extra_info("ssl_object") if request.transport else None
        key = tls.peer_key(tls_object)
        if key is None or key not in self._known():
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(
            max_msg_size=MESSAGE_BYTES_MAX, compress=False, heartbeat=HEARTBEAT_S
        )
        await socket.prepare(request)
        await self._serve(socket, key, dialled=False)
        return socket

    async def _keep_dialling(self, address: Address) -> None:
        delay_s = REDIAL_FIRST_S
        while not self._closing:
            if self._key_at.get(address) in self._by_key:
                await asyncio.sleep(REDIAL_FIRST_S)
                continue
            try:
                if await self._dial(address):
                    delay_s = REDIAL_FIRST_S
            except (aiohttp.ClientError, ssl.SSLError, OSError, TimeoutError):
                pass
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.5))
            delay_s = min(delay_s * 1.5, REDIAL_MAX_S)

    async def _dial(self, address: Address) -> bool:
        """Connect and serve until the connection ends. True if the peer said anything on it."""
        assert self._session is not None, "started"
        async with self._session.ws_connect(
            f"https://{address}{PATH}",
            ssl=self._client_tls,
            max_msg_size=MESSAGE_BYTES_MAX,
            compress=0,
            heartbeat=HEARTBEAT_S,
            autoclose=True,
        ) as socket:
            key = tls.peer_key(socket.get_extra_info("ssl_object"))
            if key is None or key not in self._known() or key == self._own_key:
                return False
            self._key_at[address] = key
            if key in self._by_key:
                return False
            return await self._serve(socket, key, dialled=True)

    async def _serve(
        self,
        socket: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        key: bytes,
        *,
        dialled: bool,
    ) -> bool:
        await socket.send_bytes(encode(self._hello))
        try:
            first = await asyncio.wait_for(socket.receive(), HELLO_WAIT_S)
            if first.type is not WSMsgType.BINARY:
                return False
            theirs = decode(Hello, first.data, 128)
        except (TimeoutError, Malformed):
            return False
        if self._closing:
            return False
        if theirs != self._hello:
            self._listener.peer_fault(key.hex()[:8], "another chain, epoch or wire version")
            return False
        older = self._by_key.get(key)
        if older is not None:
            crossed = older.dialled != dialled and time.monotonic() - older.since_s < CROSSING_S
            if crossed and not self._prefer(key, dialled):
                return False
            await self._drop(older)
        self._count += 1
        name = f"{key.hex()[:8]}-{self._count}"
        connection = Connection(name, key, dialled, socket, time.monotonic())
        self._by_key[key] = connection
        self._by_peer[connection.peer] = connection
        self._listener.joined(connection.peer, key)
        writer = asyncio.ensure_future(self._write(connection))
        try:
            await self._read(connection)
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await writer
            self._forget(connection)
        return connection.heard

    def _prefer(self, key: bytes, dialled: bool) -> bool:
        """Of two connections of a pair, is the one dialled by the lower key this one?"""
        return (self._own_key < key) == dialled

    async def _read(self, connection: Connection) -> None:
        async for received in connection.socket:
            if received.type is WSMsgType.ERROR and not isinstance(received.data, WebSocketError):
                break  # the line was cut
            if received.type is not WSMsgType.BINARY:
                reason = received.data if received.type is WSMsgType.ERROR else "a frame of text"
                self._listener.peer_fault(connection.peer, str(reason))
                break
            try:
                message = read_message(received.data)
            except Malformed as error:
                self._listener.peer_fault(connection.peer, str(error))
                break
            connection.heard = True
            await self._listener.received(connection.peer, message)

    async def _drop(self, connection: Connection) -> None:
        """Say goodbye for a moment, then hang up: who does not read does not hear it either."""
        self._forget(connection)
        line = connection.socket.get_extra_info("socket")
        with contextlib.suppress(Exception):
            await asyncio.wait_for(connection.socket.close(), GOODBYE_S)
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _forget(self, connection: Connection) -> None:
        if self._by_peer.pop(connection.peer, None) is None:
            return
        if self._by_key.get(connection.key) is connection:
            del self._by_key[connection.key]
        self._listener.left(connection.peer)

    def cut(self, peer: str) -> None:
        """Close the connection of a peer that broke the protocol; it may dial again."""
        connection = self._by_peer.get(peer)
        if connection is not None:
            self._spawn(self._drop(connection))

    def connected(self) -> dict[str, bytes]:
        """Peers and their keys."""
        return {peer: connection.key for peer, connection in self._by_peer.items()}
