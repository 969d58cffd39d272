"""Two nodes on loopback: who is let in, what is carried, and what closes a connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain import crypto
from chain.codec import encode
from node import peers, tls
from node.config import Address
from node.messages import MESSAGE_BYTES_MAX, PeerMessage, Transactions, WantBlocks
from node.peers import WIRE_VERSION, Hello, PeerNetwork
from tests.node.test_tls import issued_by
from tests.process.net import free_ports

CHAIN = bytes(range(32))
SEEDS = [bytes([number]) * 32 for number in (1, 2, 3)]
KEYS = sorted(crypto.public_key(seed) for seed in SEEDS)
SEED_OF = {crypto.public_key(seed): seed for seed in SEEDS}
HELLO = encode(Hello(CHAIN, 0, WIRE_VERSION))


class Ears:
    """Who is told about connections; keeps everything."""

    def __init__(self) -> None:
        self.network: PeerNetwork | None = None
        self.here: dict[str, bytes] = {}
        self.joins = 0
        self.messages: list[PeerMessage] = []
        self.faults: list[str] = []
        self.changed = asyncio.Event()

    def joined(self, peer: str, key: bytes) -> None:
        self.here[peer] = key
        self.joins += 1
        self.changed.set()

    def left(self, peer: str) -> None:
        del self.here[peer]
        self.changed.set()

    async def received(self, peer: str, message: PeerMessage) -> None:
        assert peer in self.here
        self.messages.append(message)
        self.changed.set()

    def peer_fault(self, peer: str, reason: str) -> None:
        self.faults.append(reason)
        assert self.network is not None
        self.network.cut(peer)
        self.changed.set()

    async def until(self, held: Callable[[], object], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not held():
                self.changed.clear()
                await self.changed.wait()


class Town:
    """Networks by number, in the order of their keys; everybody knows everybody at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = free_ports(4)
        self.known = [dict.fromkeys(KEYS, "") for _ in KEYS]
        self.ears: dict[int, Ears] = {}
        self.networks: dict[int, PeerNetwork] = {}

    def address(self, number: int) -> Address:
        return Address("127.0.0.1", self.base + number)

    def identity(self, number: int) -> Path:
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        return tls.write_identity(folder, SEED_OF[KEYS[number]])

    async def start(self, number: int, *dial: int, chain: bytes = CHAIN) -> Ears:
        ears = Ears()
        network = PeerNetwork(
            ears, KEYS[number], self.identity(number), chain, 0, lambda: self.known[number]
        )
        ears.network = network
        await network.start(self.address(number), [self.address(other) for other in dial])
        self.ears[number], self.networks[number] = ears, network
        return ears

    @asynccontextmanager
    async def stranger(
        self, number: int, identity: Path | None = None
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A connection by hand to network 0, with the identity of another."""
        trust = tls.context(identity or self.identity(number), KEYS, server=False)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"https://{self.address(0)}/peer", ssl=trust, max_msg_size=0, autoping=False
            ) as socket,
        ):
            yield socket


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = Town(tmp_path)
    yield town
    await asyncio.gather(*(network.close() for network in town.networks.values()))


async def closed(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(10):
        while (await socket.receive()).type not in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSING,
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.ERROR,
        ):
            pass


def send(town: Town, number: int, *messages: PeerMessage, kind: int = 1) -> None:
    names = list(town.ears[number].here)
    for message in messages:
        town.networks[number].send(names, encode(message), kind)


async def test_two_connect_and_exchange_in_both_directions(town: Town) -> None:
    zero, one = await town.start(0), await town.start(1, 0)
    await one.until(lambda: one.here)
    await zero.until(lambda: zero.here)
    assert list(zero.here.values()) == [KEYS[1]]
    assert list(one.here.values()) == [KEYS[0]]
    send(town, 0, WantBlocks(1), WantBlocks(2))
    send(town, 1, WantBlocks(3))
    await one.until(lambda: len(one.messages) == 2)
    await zero.until(lambda: zero.messages)
    assert one.messages == [WantBlocks(1), WantBlocks(2)]
    assert zero.messages == [WantBlocks(3)]


async def test_vital_messages_overtake_what_waits(town: Town) -> None:
    zero, one = await town.start(0), await town.start(1, 0)
    await zero.until(lambda: zero.here)
    await one.until(lambda: one.here)
    names = list(zero.here)
    network = town.networks[0]
    for _ in range(3):
        network.send(names, encode(Transactions((b"t" * 10_000,))), 2)
    network.send(names, encode(WantBlocks(1)), 1)
    network.send(names, encode(WantBlocks(2)), 0)
    await one.until(lambda: len(one.messages) == 5)
    assert [m for m in one.messages if isinstance(m, WantBlocks)] == [WantBlocks(2), WantBlocks(1)]
    assert isinstance(one.messages[-1], Transactions)


async def test_two_that_dial_each_other_settle_on_one_connection(town: Town) -> None:
    zero = await town.start(0, 1)
    one = await town.start(1, 0)
    await zero.until(lambda: zero.here)
    await one.until(lambda: one.here)
    send(town, 0, WantBlocks(1))
    send(town, 1, WantBlocks(2))
    await one.until(lambda: one.messages)
    await zero.until(lambda: zero.messages)
    assert list(zero.here.values()) == [KEYS[1]]
    assert list(one.here.values()) == [KEYS[0]]


async def test_an_unknown_key_is_refused_in_the_handshake(town: Town) -> None:
    del town.known[0][KEYS[2]]
    zero = await town.start(0)
    with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
        async with town.stranger(2) as socket:
            await socket.receive()
            raise AssertionError("it was let in")
    assert zero.joins == 0


async def test_a_key_that_became_known_gets_in_and_one_that_no_longer_is_goes(
    town: Town,
) -> None:
    gone = town.known[0].pop(KEYS[1])
    zero, one = await town.start(0), await town.start(1, 0)
    assert zero.joins == 0
    town.known[0][KEYS[1]] = gone
    town.networks[0].refresh()
    await zero.until(lambda: zero.here)
    del town.known[0][KEYS[1]]
    town.networks[0].refresh()
    await zero.until(lambda: not zero.here)
    await one.until(lambda: not one.here)
    joins = zero.joins
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:  # the anchor is still there
        async with town.stranger(1):
            pass
    assert refused.value.status == 403
    assert zero.joins == joins


async def test_a_leaf_minted_by_a_known_peer_is_refused_by_the_handler(
    town: Town, tmp_path: Path
) -> None:
    zero = await town.start(0)
    from tests.node import test_tls

    keys, seeds = dict(test_tls.KEYS), dict(test_tls.SEEDS)
    try:
        test_tls.KEYS["ben"], test_tls.SEEDS["ben"] = KEYS[1], SEED_OF[KEYS[1]]
        minted = issued_by("ben", Ed25519PrivateKey.generate(), tmp_path)
    finally:
        test_tls.KEYS.update(keys)
        test_tls.SEEDS.update(seeds)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with town.stranger(1, minted):
            pass
    assert refused.value.status == 403
    assert zero.joins == 0


@pytest.mark.parametrize(
    "hello",
    [
        encode(Hello(bytes(32), 0, WIRE_VERSION)),
        encode(Hello(CHAIN, 1, WIRE_VERSION)),
        encode(Hello(CHAIN, 0, WIRE_VERSION + 1)),
        b"",
        b"\xc1" * 40,
        HELLO + b"\x00",
    ],
    ids=["another chain", "another epoch", "another version", "nothing", "garbage", "longer"],
)
async def test_a_wrong_hello_is_not_let_in(town: Town, hello: bytes) -> None:
    zero = await town.start(0)
    async with town.stranger(1) as socket:
        assert (await socket.receive()).data == HELLO
        await socket.send_bytes(hello)
        await closed(socket)
    assert zero.joins == 0


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\xc1garbage", ""),
        (b"", ""),
        (bytes(MESSAGE_BYTES_MAX + 1), "size"),
        ("text", "text"),
    ],
    ids=["garbage", "empty", "oversized", "text"],
)
async def test_what_is_no_message_is_a_fault_and_closes_the_connection(
    town: Town, frame: Any, reason: str
) -> None:
    zero = await town.start(0)
    async with town.stranger(1) as socket:
        await socket.send_bytes(HELLO)
        await zero.until(lambda: zero.here)
        if isinstance(frame, str):
            await socket.send_str(frame)
        else:
            await socket.send_bytes(frame)
        await closed(socket)
    await zero.until(lambda: not zero.here)
    assert len(zero.faults) == 1
    assert reason in zero.faults[0]
    assert zero.messages == []


async def test_who_comes_again_has_lost_the_older_connection(town: Town) -> None:
    zero = await town.start(0)
    async with town.stranger(1) as older, town.stranger(1) as newer:
        await older.send_bytes(HELLO)
        await zero.until(lambda: zero.here)
        await newer.send_bytes(HELLO)
        await zero.until(lambda: zero.joins == 2)
        await closed(older)
        await newer.send_bytes(encode(WantBlocks(1)))
        await zero.until(lambda: zero.messages)
        assert len(zero.here) == 1


async def test_a_peer_that_does_not_read_is_hung_up_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "QUEUE_BYTES_MAX", 2_000_000)
    monkeypatch.setattr(peers, "GOODBYE_S", 0.05)
    zero = await town.start(0)
    async with town.stranger(1) as socket:
        await socket.send_bytes(HELLO)
        await zero.until(lambda: zero.here)
        transport = socket._conn.transport  # type: ignore[union-attr]
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        message = encode(Transactions((b"t" * 100_000,)))
        names = list(zero.here)
        while zero.here:
            town.networks[0].send(names, message, 2)
            await asyncio.sleep(0)
        assert zero.faults == []
        transport.abort()


async def test_a_lost_peer_is_dialled_until_it_is_back(town: Town) -> None:
    one = await town.start(1, 0)
    assert not one.here
    zero = await town.start(0)
    await one.until(lambda: one.here)
    async with asyncio.timeout(5):  # also while the other end is still at its greeting
        await town.networks[0].close()
    await one.until(lambda: not one.here)
    zero = await town.start(0)
    await one.until(lambda: one.here)
    await zero.until(lambda: zero.here)


async def test_an_address_that_is_taken_is_an_error_of_the_system(town: Town) -> None:
    await town.start(0)
    other = PeerNetwork(Ears(), KEYS[1], town.identity(1), CHAIN, 0, lambda: town.known[1])
    with pytest.raises(OSError):
        await other.start(town.address(0), [])
    await other.close()
