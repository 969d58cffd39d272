"""The replica: one validator or observer, whole, without I/O.

Consensus, mempool, catching up, signer and log meet here. `handle` takes one input and yields
effects, which the driver performs in order: persist before sign, sign before send, one batch per
block before anyone hears of it. The shell drives it with sockets and disks, the simulator with a
virtual clock and a seed; it is the same code.

Life of a height: idle until there is a reason (a transaction, due work, the heartbeat, a message
of this height) and the gap since the last block has passed; then the machine runs until it
decides; the block is committed in one batch; the next height opens.
"""

from __future__ import annotations

from collections.abc import Iterable

from chain.admission import Signatures
from chain.certificate import Certificate, Seats
from chain.errors import Malformed
from chain.execution import Release, ReleaseTooOld, missing_versions
from chain.ledger import Ledger
from chain.rules import HEARTBEAT_MS, due_at, seat_sets
from consensus.machine import Machine
from consensus.round import Stage, TimedOut
from node import gossip, restart, wal
from node.common import Common, Identity
from node.early import Early
from node.effects import (
    EXIT_FAILURE,
    EXIT_GUARD,
    Admitted,
    Alarm,
    Arm,
    Committed,
    Effects,
    Input,
    Log,
    MessageReceived,
    Misbehaved,
    PeerId,
    PeerJoined,
    PeerLeft,
    Refused,
    Replace,
    Send,
    Started,
    Stop,
    Submitted,
    Timer,
    WriteBatch,
)
from node.height import Decision, OpenHeight
from node.journal import DamagedJournal
from node.mempool import Mempool
from node.messages import (
    CertifiedBlock,
    CertifiedBlocks,
    PeerMessage,
    Signed,
    Standing,
    Transactions,
    WantBlocks,
    WantSigned,
    in_batches,
)
from node.pace import Pace
from node.rejoin import KeyUsedElsewhere, Rejoin
from node.status import ReplicaStatus, status_of
from node.store import Store
from node.sync import CatchUp, Peers, blocks_from
from node.tip import TipCertificate

__all__ = ["Identity", "Replica", "ReplicaStatus"]

GOSSIP_MS = 2_000
OFFER_TICKS = 15
"""So many gossip ticks apart, what waits longest in the pool is offered to all peers again."""


class Replica:
    def __init__(
        self,
        store: Store,
        release: Release,
        identity: Identity | None,
        log: bytes,
        signatures: Signatures,
    ) -> None:
        """`log`: the bytes of the write-ahead log as found on disk."""
        self.mempool = Mempool(signatures, release)
        self.peers = Peers()
        self._common = Common(store, release, identity, signatures, self.mempool, self.peers)
        self._log = log
        self._catch_up = CatchUp(self.peers)
        self._rejoin = Rejoin()
        self._pace = Pace()
        self._early = Early()
        self._heartbeat_over = False
        self._ticks = 0
        self._stopped = False
        self._open = self._open_height(store.tip_certificate())

    # What others may ask.

    @property
    def store(self) -> Store:
        return self._common.store

    @property
    def ledger(self) -> Ledger:
        return self._common.ledger

    @property
    def identity(self) -> Identity | None:
        return self._common.identity

    @property
    def diverged(self) -> bool:
        return self._common.diverged

    @property
    def height(self) -> int:
        """The open height: one above the last committed."""
        return self._open.number

    @property
    def seats(self) -> Seats:
        """The seats that decide the open height."""
        return self._open.seats

    @property
    def machine(self) -> Machine:
        """The machine of the open height."""
        return self._open.machine

    def status(self) -> ReplicaStatus:
        return status_of(self._open, self._catch_up.waiting(self.height), self._rejoin.done)

    # Inputs.

    def handle(self, given: Input, now_ms: int) -> Effects:
        """Take one input in. After a Stop the replica takes nothing more."""
        if self._stopped:
            return
        self._common.now_ms = now_ms
        try:
            yield from self._take(given)
            yield from self._settle()
        except (ReleaseTooOld, DamagedJournal) as error:
            yield from self._stop(EXIT_FAILURE, str(error))
        except KeyUsedElsewhere as error:
            yield from self._stop(EXIT_GUARD, str(error))

    def _take(self, given: Input) -> Effects:
        match given:
            case Started():
                yield from self._start()
            case PeerJoined(peer, wijk):
                self.peers.join(peer, wijk)
                yield from self._introduce((peer,))
                yield from self._offer((peer,), self.mempool.oldest())
            case PeerLeft(peer):
                self.peers.leave(peer)
                self._catch_up.left(peer)
            case Submitted():
                yield from self._submitted(given)
            case MessageReceived(peer, message):
                self._early.keep(peer, message, self.height)
                yield from self._received(peer, message)
            case Alarm(timer):
                yield from self._alarm(timer)

    def _received(self, peer: PeerId, message: PeerMessage) -> Effects:
        try:
            yield from self._message(peer, message)
        except Malformed as error:
            yield Misbehaved(peer, str(error))

    def _message(self, peer: PeerId, message: PeerMessage) -> Effects:
        match message:
            case Standing():
                yield from self._stood(peer, message)
            case Transactions():
                raise AssertionError("the shell parses transactions and hands them in as Submitted")
            case WantBlocks(start):
                yield from blocks_from(self.store, peer, start)
            case CertifiedBlocks(blocks):
                yield from self._take_blocks(peer, blocks)
            case Signed():
                self._heard(peer, message)
            case _:
                yield from gossip.take(self._open, peer, message)

    def _settle(self) -> Effects:
        """After each input: commit what was decided, speak if the seat may, begin if there is a
        reason; again, as long as that decides something."""
        while True:
            decision = self._open.decision
            if decision is not None:
                yield from self._commit(decision)
                yield from self._introduce(self.peers.all())
                for peer, message in self._early.take():
                    yield from self._received(peer, message)
            if self.machine.started:
                yield from self._pace.begin(self.height, self.ledger)
            yield from self._speak()
            yield from self._consider_start()
            if self._open.decision is None:
                return

    def _stop(self, exit_code: int, reason: str) -> Effects:
        self._stopped = True
        yield Stop(exit_code, reason)

    # Life of a height.

    def _open_height(self, certificate: Certificate | None) -> OpenHeight:
        """`certificate`: the tip's."""
        ledger = self._common.ledger
        tip: TipCertificate | None = None
        if certificate is not None:
            decided_by = seat_sets(ledger).current
            tip = TipCertificate(decided_by, ledger.tip.chain, ledger.tip.epoch, certificate)
        open_ = OpenHeight(self._common, tip)
        signer = None if self.identity is None else self.identity.signer
        self._rejoin.begin(open_.seats, open_.machine.me, signer)
        open_.machine.silent = not self._may_sign(open_.number)
        self._heartbeat_over = False
        return open_

    def _reopen(self) -> OpenHeight:
        """The open height, from its beginning."""
        tip = self._open.tip
        return self._open_height(None if tip is None else tip.certificate)

    def _start(self) -> Effects:
        """Take up where the log and the guard say this height stood."""
        self._require_release()
        if self.identity is not None and self.identity.signer.torn:
            yield Log("guard_tail_dropped")
            yield Replace("guard", self.identity.signer.repaired())
        self._open = yield from restart.take_up(self._open, self._log, self._reopen)
        self._log = b""
        yield Arm(Timer("gossip", 0), GOSSIP_MS)
        yield from self._arm_heartbeat()
        if self.machine.started:
            yield from self._open.start()

    def _consider_start(self) -> Effects:
        """Leave idleness if the gap is over and there is a reason."""
        if self.machine.started or self._catch_up.waiting(self.height):
            return
        if not self._pace.may_begin(self.height):
            return
        now_ms = self._common.now_ms
        if (
            self._heartbeat_over
            or due_at(self.ledger, now_ms)
            or (
                self._pace.block_is_worth_it(len(self.mempool))
                and self.mempool.ready(self.ledger, now_ms)
            )
        ):
            yield from self._pace.begin(self.height, self.ledger)
            yield from self._open.start()

    def _commit(self, decision: Decision) -> Effects:
        """One synced batch, then the log of the next height, then the news."""
        applied, certificate = decision.applied, decision.certificate
        yield WriteBatch(self.store.commit(applied, certificate))
        self._open = self._open_height(certificate)
        self.mempool.committed(applied.transactions, self.ledger)
        yield Replace("wal", wal.begin(self.height, self.ledger.tip.hash))
        yield Committed(applied, certificate, applied.receipts)
        self._require_release()
        yield from self._arm_heartbeat()

    def _require_release(self) -> None:
        """Raises ReleaseTooOld if this software lacks the rules of the open height."""
        missing = missing_versions(self.ledger, self._common.release, self.height)
        if missing:
            raise ReleaseTooOld(self.height, missing)

    def _arm_heartbeat(self) -> Effects:
        """The first block of a chain waits for nothing: it shows that the founders are there."""
        wait_ms = HEARTBEAT_MS.of(self.ledger) if self.ledger.tip.height else 0
        yield Arm(Timer("heartbeat", self.height), wait_ms)

    # Silence: until the seat has rejoined, while it waits for blocks, and when it has diverged.

    def _may_sign(self, height: int) -> bool:
        return self._rejoin.done and not self.diverged and not self._catch_up.waiting(height)

    def _speak(self) -> Effects:
        """Sign from now on at this height if the seat may, or be silent."""
        was_silent, machine = self.machine.silent, self.machine
        machine.silent = machine.diverged or not self._may_sign(self.height)
        if was_silent and not machine.silent and machine.started:
            yield from self._open.start()

    def _introduce(self, peers: tuple[PeerId, ...]) -> Effects:
        """Tell where we stand, and ask what our key signed, if that is not known yet."""
        if not peers:
            return
        yield Send(peers, self._open.standing())
        if not self._rejoin.done and self.machine.me is not None:
            yield Send(peers, WantSigned(self.height, self.machine.me))

    def _heard(self, peer: PeerId, answer: Signed) -> None:
        """A seat says what our key signed. Raises KeyUsedElsewhere."""
        me, found = self.machine.me, self.peers.find(peer)
        if self.identity is None or me is None or found is None or found.wijk is None:
            return
        signer = self.identity.signer
        self._rejoin.answer(found.wijk, answer, self.height, self.seats, me, signer)

    # Transactions.

    def _submitted(self, given: Submitted) -> Effects:
        self._pace.more = given.more
        outcomes: list[Refused | None] = []
        taken = []
        for transaction in given.transactions:
            known = transaction.wire_hash in self.mempool
            refused = self.mempool.add(transaction, self.ledger, self._common.now_ms)
            outcomes.append(refused)
            if refused is None and not known:
                taken.append(transaction.data)
        if given.peer is None:
            yield Admitted(tuple(outcomes))
        peers = self.peers.beyond(given.peer)
        if peers:
            yield from self._offer(peers, taken)

    def _offer(self, peers: tuple[PeerId, ...], transactions: Iterable[bytes]) -> Effects:
        for message in in_batches(transactions):
            yield Send(peers, message)

    # Timers.

    def _alarm(self, timer: Timer) -> Effects:
        match timer.kind:
            case "gossip":
                yield Arm(timer, GOSSIP_MS)
                yield from self._tick()
            case "round" if timer.height == self.height:
                yield from self._open.drive(TimedOut(Stage(timer.stage), timer.height, timer.round))
            case "gap":
                self._pace.gap_over(timer)
            case "heartbeat" if timer.height == self.height:
                self._heartbeat_over = True
            case "catch_up" if timer.height == self.height:
                yield from self._catch_up.alarm(timer)
            case _:
                pass

    def _tick(self) -> Effects:
        """Every two seconds: repeat what may have been lost."""
        self._rejoin.tick(self.seats, self.machine.me, self.peers.wijken(), self.peers.reached())
        yield from self._introduce(self.peers.all())
        yield from gossip.ask_again(self._open)
        yield from self._catch_up.ask_aside(self.height)
        self._ticks = (self._ticks + 1) % OFFER_TICKS
        if not self._ticks and len(self.peers):
            yield from self._offer(self.peers.all(), self.mempool.oldest())

    # Catching up.

    def _stood(self, peer: PeerId, standing: Standing) -> Effects:
        if self.peers.stand(peer, standing) is None:
            return
        theirs = standing.summary.height
        if theirs == self.height:
            yield from gossip.answer_standing(self._open, peer, standing)
        elif theirs == self.height + 1:
            yield from self._catch_up.near(self.height)
        elif theirs > self.height:
            yield from self._catch_up.ask(self.height)

    def _take_blocks(self, peer: PeerId, blocks: tuple[CertifiedBlock, ...]) -> Effects:
        """Apply whatever follows our tip with a full certificate; the rest is ignored."""
        start = self.height
        fault = ""
        for each in blocks:
            try:
                yield from self._open.take_certified(each)
            except Malformed as error:
                fault = str(error)
                break
            if self._open.decision is not None:
                yield from self._commit(self._open.decision)
        moved = self.height > start
        yield from self._catch_up.answered(peer, moved, self.height)
        if fault:
            yield Misbehaved(peer, fault)
        if moved:
            yield from self._introduce(self.peers.all())
        yield from self._catch_up.ask(self.height)
