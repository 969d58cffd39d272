"""A running node: the composition root, the only module that knows everything.

Two threads. The event loop has the sockets: peers, HTTP. The replica's thread has the replica,
the store and the journals: it takes one input at a time from one inbox and performs the effects
in order. Signatures are judged in a process of their own. An unexpected exception in the
replica's thread ends the process: a dead task behind a live HTTP server is the classic silent
failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from importlib.metadata import version
from typing import TypeVar

from chain import crypto
from chain.admission import BadSignature, Signatures
from chain.codec import encode
from chain.contract import Release
from chain.rules import seat_sets
from chain.transaction import Transaction
from genesis.homes import NodeHome
from governance_contracts.boards.nodes import NODE_KEYS
from node.config import SUSPECT, Config, parse_address
from node.disk import HomeLock, Journal, disk_message
from node.effects import (
    Admitted,
    Arm,
    Committed,
    Effect,
    Equivocation,
    File,
    Log,
    MessageReceived,
    Misbehaved,
    PeerJoined,
    PeerLeft,
    Persist,
    Refused,
    Replace,
    Send,
    Sign,
    Started,
    Stop,
    Submitted,
    WriteBatch,
)
from node.founding import Founding
from node.inbox import Asked, Class, Closed, Inbox, Told, now_ms
from node.memory import settle
from node.messages import VITAL, PeerMessage, Transactions, class_of
from node.newsroom import Newsroom
from node.peers import PeerNetwork
from node.repair import Opened
from node.replica import Identity, Replica
from node.seam import News, Submission
from node.store import DamagedStore
from node.verifier import Judged, Verifier

T = TypeVar("T")

SWITCH_INTERVAL_S = 0.001
"""How long one Python thread may keep the others waiting."""


class Stopped(Exception):
    """The node must end, with this exit code and reason."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        self.reason = reason


class Node:
    """One node of one home. `run` returns when the node has stopped."""

    def __init__(
        self,
        home: NodeHome,
        config: Config,
        genesis: Founding,
        release: Release,
        opened: Opened,
        seeds: tuple[bytes | None, bytes],
        identity: Identity | None,
        journals: tuple[Journal, Journal | None],
        lock: HomeLock,
        log: logging.Logger,
    ) -> None:
        """`seeds`: of the consensus key (None for an observer) and of the node key. `journals`:
        the write-ahead log and the guard (None for an observer), opened."""
        self.home = home
        self.config = config
        self.genesis = genesis
        self.release = release
        self.version = version("socialcoin")
        self._consensus_seed, self._node_seed = seeds
        self.node_key = crypto.public_key(self._node_seed)
        self._engine = opened.engine
        self._wal, self._guard = journals
        self._lock = lock
        self._log = log
        self.signatures = Signatures()
        self.replica = Replica(opened.store, release, identity, self._wal.data, self.signatures)
        self._inbox = Inbox()
        self._verifier = Verifier(self._engine.get)
        self._known = self._known_keys()
        self._newsroom = Newsroom()
        self._ended: asyncio.Future[Stopped] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._own_replica, name="replica", daemon=True)
        self.peers: PeerNetwork | None = None
        self.wrote: Callable[[float], None] = lambda seconds: None
        """Told, in the replica's thread, how long it took to write a block to the store."""

    # Life.

    async def start(self) -> None:
        """Start the replica's thread and the peers. Raises OSError if a port is taken."""
        from node import tls

        sys.setswitchinterval(SWITCH_INTERVAL_S)
        settle()
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        identity = tls.write_identity(self.home.data, self._node_seed)
        tip = self.replica.ledger.tip
        self.peers = PeerNetwork(
            self, self.node_key, identity, tip.chain, tip.epoch, lambda: self._known
        )
        await self._verifier.start()
        dial = [parse_address(peer.address) for peer in self.config.p2p.peers if peer.address]
        await self.peers.start(parse_address(self.config.p2p.listen), dial)
        self._inbox.put(Told(Started(), now_ms()), Class.VITAL)
        self._thread.start()

    async def ended(self) -> Stopped:
        """Wait until something ends the node."""
        assert self._ended is not None, "started"
        return await asyncio.shield(self._ended)

    def end(self, exit_code: int, reason: str) -> None:
        """Ask the node to end; from any thread."""
        if self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._set_ended, Stopped(exit_code, reason))

    def _set_ended(self, stopped: Stopped) -> None:
        assert self._ended is not None, "started"
        if not self._ended.done():
            self._ended.set_result(stopped)

    async def close(self) -> None:
        """Stop everything, the store last."""
        self._newsroom.close()
        if self.peers is not None:
            await self.peers.close()
        self._inbox.close()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 10)
        await self._verifier.close()
        self._engine.close()
        self._wal.close()
        if self._guard is not None:
            self._guard.close()
        self._lock.release()

    # The replica's thread.

    def _own_replica(self) -> None:
        try:
            while True:
                match self._inbox.take():
                    case Asked(question, answer):
                        self._answer(question, answer)
                    case Told(given, received_ms, _, done):
                        if isinstance(given, Submitted) and self._inbox.waiting(Class.TRANSACTIONS):
                            given = replace(given, more=True)
                        self._drive(given, received_ms, done)
        except Closed:
            return
        except OSError as error:
            self.end(1, disk_message(error))
        except DamagedStore as error:
            self._suspect(str(error))
            self.end(
                1,
                f"the store is damaged: {error}. Start again: the node then checks everything and "
                "rebuilds the state from the intact blocks",
            )
        except Exception as error:
            self._log.critical("bug", exc_info=True)
            self.end(1, f"the node met an error it does not know and stops: {error!r}")

    def _answer(self, question: Callable[[], object], answer: Future[object]) -> None:
        """Damage that a reader meets (an old block, say) does not stop the node."""
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(question())
        except OSError:
            raise
        except Exception as error:
            if isinstance(error, DamagedStore):
                self._suspect(str(error))
            answer.set_exception(error)

    def _suspect(self, reason: str) -> None:
        """Say so, and let the next start check everything."""
        self._log.error("store_damaged", extra={"reason": reason})
        with contextlib.suppress(OSError):
            (self.home.data / SUSPECT).touch()

    def _drive(self, given: object, received_ms: int, done: Future[object] | None) -> None:
        effects = self.replica.handle(given, received_ms)  # type: ignore[arg-type]
        answer: bytes | None = None
        try:
            while True:
                effect = effects.send(answer)
                answer = self._perform(effect, done)
        except StopIteration:
            return

    def _perform(self, effect: Effect, done: Future[object] | None) -> bytes | None:
        match effect:
            case Persist(file, data):
                self._journal(file).append(data)
            case Replace(file, data):
                self._journal(file).replace(data)
            case WriteBatch(writes):
                begun = time.perf_counter()
                self._engine.write(writes)
                self.wrote(time.perf_counter() - begun)
            case Sign(message):
                assert self._consensus_seed is not None, "only a seat signs"
                return crypto.sign(self._consensus_seed, message)
            case Send(peers, message):
                self._on_loop(self._send, peers, encode(message), class_of(message))
            case Arm(timer, delay_ms):
                self._inbox.arm(timer, delay_ms)
            case Committed():
                self._committed(effect)
            case Admitted(outcomes):
                if done is not None and not done.cancelled():
                    done.set_result(outcomes)
            case Misbehaved(peer, reason):
                self._on_loop(self.peer_fault, peer, reason)
            case Log("store_damaged", fields):
                self._suspect(str(dict(fields).get("reason", "")))
            case Log(event, fields):
                self._log.info(event, extra=dict(fields))
            case Equivocation(evidence):
                self._log.error("equivocation", extra={"evidence": encode(evidence).hex()})
            case Stop(exit_code, reason):
                self.end(exit_code, reason)
        return None

    def _journal(self, file: File) -> Journal:
        found = self._wal if file == "wal" else self._guard
        assert found is not None, "only a seat has a guard"
        return found

    def _on_loop(self, work: Callable[..., None], *args: object) -> None:
        assert self._loop is not None, "started"
        try:
            self._loop.call_soon_threadsafe(work, *args)
        except RuntimeError:  # the loop is closed: the node is ending
            return

    def _committed(self, effect: Committed) -> None:
        header = effect.applied.block.header
        news = News(
            header.height,
            effect.applied.hash,
            header.time_ms,
            len(effect.applied.transactions),
            effect.receipts,
            tuple(t.id for t in effect.applied.transactions),
        )
        self._log.info(
            "committed",
            extra={
                "height": header.height,
                "transactions": news.transactions,
                "round": effect.certificate.round,
                "proposer": header.proposer,
            },
        )
        self._on_loop(self._newsroom.tell, news)
        known = self._known_keys()
        if known != self._known:
            self._known = known
            if self.peers is not None:
                self._on_loop(self.peers.refresh)

    def _known_keys(self) -> dict[bytes, str]:
        """Who may connect: the node keys of seats, now or soon, and the address book."""
        known = {bytes.fromhex(p.key): "" for p in self.config.p2p.peers if p.key}
        sets = seat_sets(self.replica.ledger)
        for seat in (*sets.current, *sets.following, *sets.after):
            keys = self.replica.ledger.get(NODE_KEYS, seat.wijk)
            for key in () if keys is None else keys.keys:
                known[key] = seat.wijk
        return known

    # Peers (called on the event loop).

    def _send(self, peers: Sequence[str], data: bytes, kind: int) -> None:
        if self.peers is not None:
            self.peers.send(peers, data, kind)

    def joined(self, peer: str, key: bytes) -> None:
        wijk = self._known.get(key) or None
        self._log.info("peer_joined", extra={"peer": peer, "wijk": wijk or ""})
        self._inbox.put(Told(PeerJoined(peer, wijk), now_ms()), Class.VITAL)

    def left(self, peer: str) -> None:
        self._log.info("peer_left", extra={"peer": peer})
        self._inbox.put(Told(PeerLeft(peer), now_ms()), Class.VITAL)

    def peer_fault(self, peer: str, reason: str) -> None:
        self._log.warning("peer_fault", extra={"peer": peer, "reason": reason})
        if self.peers is not None:
            self.peers.cut(peer)

    async def received(self, peer: str, message: PeerMessage) -> None:
        if isinstance(message, Transactions):
            await self._received_transactions(peer, message.transactions)
            return
        kind = Class.VITAL if isinstance(message, VITAL) else Class.SYNC
        self._inbox.put(Told(MessageReceived(peer, message), now_ms(), peer), kind)

    async def _received_transactions(self, peer: str, wire: Sequence[bytes]) -> None:
        """Waits for its own work, so that a peer can send no faster than it is taken in."""
        new = [data for data in wire if data not in self.signatures.parsed]
        good: list[Transaction] = []
        for judged in await self._judge(new):
            if judged.transaction is None:
                self.peer_fault(peer, judged.malformed)
                return
            if judged.refused is None:
                good.append(judged.transaction)
            elif judged.refused.code == BadSignature.code:
                self.peer_fault(peer, "a transaction with a bad signature")
                return
        if good:
            self._inbox.put(Told(Submitted(tuple(good), peer), now_ms(), peer), Class.TRANSACTIONS)

    # What the HTTP side asks (node.seam).

    async def read(self, question: Callable[[Replica], T]) -> T:
        answer: Future[T] = Future()
        asked = Asked(lambda: question(self.replica), answer)
        if not self._inbox.put(asked, Class.QUESTION):
            raise asyncio.CancelledError
        return await asyncio.wrap_future(answer)

    async def submit(self, wire: Sequence[bytes]) -> list[Submission]:
        judged = await self._judge(wire)
        good = [j.transaction for j in judged if j.transaction is not None and j.refused is None]
        outcomes: Iterator[Refused | None] = iter(())
        if good:
            done: Future[object] = Future()
            told = Told(Submitted(tuple(good)), now_ms(), done=done)
            if not self._inbox.put(told, Class.TRANSACTIONS):
                raise asyncio.CancelledError
            answer = await asyncio.wrap_future(done)
            assert isinstance(answer, tuple), "Submitted is answered by Admitted"
            outcomes = iter(answer)
        results = []
        for each in judged:
            if each.transaction is None:
                results.append(Submission(None, each.malformed, None))
            elif each.refused is not None:
                results.append(Submission(each.transaction.id, "", each.refused))
            else:
                results.append(Submission(each.transaction.id, "", next(outcomes)))
        return results

    async def _judge(self, wire: Sequence[bytes]) -> list[Judged]:
        """Read and judge beside the replica; what is good is remembered."""
        judged = await self._verifier.judge(wire)
        for each in judged:
            if each.transaction is not None and each.refused is None:
                self.signatures.remember(each.transaction, each.keys)
        return judged

    def news(self) -> AsyncIterator[News]:
        return self._newsroom.subscribe()
