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

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from chain import crypto
from chain.admission import Signatures
from chain.block import Block, check_body, header_hash
from chain.certificate import Certificate, Seats, Vote, check_certificate, quorum, tolerated
from chain.codec import decode
from chain.errors import Inadmissible, InvalidBlock, Malformed
from chain.execution import Applied, Release, ReleaseTooOld, apply_block, missing_versions
from chain.kinds import Kind, Tag
from chain.rules import (
    BLOCK_GAP_MS,
    HEARTBEAT_MS,
    PROPOSE_MS,
    PROPOSE_STEP_MS,
    TIMEOUT_MAX_MS,
    VOTE_MS,
    VOTE_STEP_MS,
    due_at,
    seat_sets,
)
from consensus import events as wish
from consensus.events import (
    BlockBuilt,
    BlockJudged,
    Event,
    ProposalReceived,
    VoteReceived,
)
from consensus.machine import Machine, Timers
from consensus.messages import (
    BlockProposal,
    SignedProposal,
    SignedVote,
    check_proposal,
    check_vote,
)
from consensus.round import Backed, Stage, TimedOut
from consensus.snapshot import MachineSnapshot
from node import wal
from node.candidates import Candidates
from node.effects import (
    EXIT_FAILURE,
    EXIT_GUARD,
    Admitted,
    Alarm,
    Arm,
    Committed,
    Effect,
    Effects,
    Equivocation,
    Input,
    Log,
    MessageReceived,
    Misbehaved,
    PeerId,
    PeerJoined,
    PeerLeft,
    Persist,
    Refused,
    Replace,
    Send,
    Started,
    Stop,
    Submitted,
    Timer,
    WriteBatch,
)
from node.mempool import Mempool
from node.messages import (
    SYNC_BLOCKS_MAX,
    SYNC_BYTES_MAX,
    BlockTransactions,
    CandidateBlock,
    CertifiedBlock,
    CertifiedBlocks,
    Proposal,
    Signed,
    Standing,
    Transactions,
    Votes,
    WantBlock,
    WantBlocks,
    WantSigned,
    WantTransactions,
)
from node.rejoin import KeyUsedElsewhere, Rejoin, refuse_foreign
from node.signer import GuardRefusal, Signer
from node.store import Store
from node.sync import DELIVERY_WAIT_MS, NEAR_WAIT_MS, CatchUp, Peers

GOSSIP_MS = 2_000

S = TypeVar("S")
SignEffects = Generator[Effect, bytes | None, S | None]


@dataclass(frozen=True, slots=True)
class Identity:
    """The seat this node may hold: its wijk, and the signer with its guard."""

    wijk: str
    signer: Signer


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """What `status` shows of the replica; a copy, safe to hand out."""

    height: int
    time_ms: int
    state_root: bytes
    validators: int
    quorum: int
    tolerated_faults: int
    peers: int
    seats_connected: tuple[str, ...]
    syncing: bool
    joined: bool
    diverged: bool
    round: int
    stage: str
    mempool: int


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
        self.store = store
        self.ledger = store.ledger
        self.release = release
        self.identity = identity
        self.signatures = signatures
        self.mempool = Mempool(signatures)
        self.peers = Peers()
        self.diverged = False
        self._log = log
        self._unwritten = bytearray()
        self._candidates = Candidates(self.ledger, release, signatures)
        self._catch_up = CatchUp()
        self._rejoin = Rejoin()
        self._previous: Machine | None = None
        self._gap_over = True
        self._heartbeat_over = False
        self._judging: dict[tuple[bytes, int], None] = {}
        self._held: dict[tuple[int, int, int], bytes] = {}
        self._now_ms = 0
        self._stopped = False
        self.machine = self._open_height()

    # What others may ask.

    @property
    def height(self) -> int:
        """The open height: one above the last committed."""
        return self.ledger.tip.height + 1

    @property
    def seats(self) -> Seats:
        return seat_sets(self.ledger).following

    def status(self) -> ReplicaStatus:
        tip, n = self.ledger.tip, len(self.seats)
        return ReplicaStatus(
            height=tip.height,
            time_ms=tip.time_ms,
            state_root=tip.state_root,
            validators=n,
            quorum=quorum(n),
            tolerated_faults=tolerated(n),
            peers=len(self.peers),
            seats_connected=self.peers.wijken(),
            syncing=self._catch_up.waiting(self.height),
            joined=self._rejoin.done,
            diverged=self.diverged,
            round=self.machine.round,
            stage=self.machine.stage.name.lower(),
            mempool=len(self.mempool),
        )

    # Inputs.

    def handle(self, given: Input, now_ms: int) -> Effects:
        """Take one input in. After a Stop the replica takes nothing more."""
        if self._stopped:
            return
        self._now_ms = now_ms
        try:
            yield from self._take(given)
            yield from self._consider_start()
        except ReleaseTooOld as error:
            yield from self._stop(EXIT_FAILURE, str(error))
        except KeyUsedElsewhere as error:
            yield from self._stop(EXIT_GUARD, str(error))

    def _take(self, given: Input) -> Effects:
        match given:
            case Started():
                yield from self._start()
            case PeerJoined(peer, wijk):
                self.peers.join(peer, wijk)
                yield Send((peer,), self._standing())
                if not self._rejoin.done and self.machine.me is not None:
                    yield Send((peer,), WantSigned(self.height, self.machine.me))
            case PeerLeft(peer):
                self.peers.leave(peer)
                if self._catch_up.asked == peer:
                    self._catch_up.done()
            case Submitted():
                yield from self._submitted(given)
            case MessageReceived(peer, _):
                try:
                    yield from self._message(peer, given)
                except Malformed as error:
                    yield Misbehaved(peer, str(error))
            case Alarm(timer):
                yield from self._alarm(timer)

    def _message(self, peer: PeerId, given: MessageReceived) -> Effects:
        match given.message:
            case Standing():
                yield from self._stood(peer, given.message)
            case Proposal():
                yield from self._proposed(peer, given.message)
            case Votes(votes):
                yield from self._voted(peer, votes)
            case Transactions():
                raise AssertionError("the shell parses transactions and hands them in as Submitted")
            case WantBlock(height, block):
                found = self._candidates.compact(block)
                if height == self.height and found is not None:
                    yield Send((peer,), CandidateBlock(found))
            case WantTransactions(height, block, positions):
                yield from self._give_transactions(peer, height, block, positions)
            case BlockTransactions(height, block, transactions):
                if height == self.height:
                    self._candidates.fill(block, transactions)
                    yield from self._judge_waiting()
            case CandidateBlock(found):
                if found.header.height == self.height:
                    block_hash = header_hash(found.header)
                    if self.machine.backed(block_hash):
                        yield from self._collect(peer, given.message)
            case WantBlocks(start):
                yield from self._give_blocks(peer, start)
            case CertifiedBlocks(blocks):
                yield from self._take_blocks(peer, blocks)
            case WantSigned(height, seat):
                yield Send((peer,), self._signed_by(height, seat))
            case Signed():
                yield from self._rejoined(peer, given.message)

    # Start and restart.

    def _open_height(self) -> Machine:
        """The machine of the open height; signs only once the seat has rejoined."""
        seats = self.seats
        timers = Timers(
            PROPOSE_MS.of(self.ledger),
            PROPOSE_STEP_MS.of(self.ledger),
            VOTE_MS.of(self.ledger),
            VOTE_STEP_MS.of(self.ledger),
            TIMEOUT_MAX_MS.of(self.ledger),
        )
        machine = Machine(seats, self._my_seat(seats), self.height, timers)
        self._rejoin.begin(seats, machine.me)
        machine.silent = self.diverged or not self._rejoin.done
        self._candidates.clear()
        self._judging.clear()
        self._held.clear()
        self._heartbeat_over = False
        return machine

    def _my_seat(self, seats: Seats) -> int | None:
        if self.identity is None:
            return None
        for index, seat in enumerate(seats):
            if seat.wijk == self.identity.wijk and seat.key == self.identity.signer.key:
                return index
        return None

    def _start(self) -> Effects:
        """Take up where the log and the guard say this height stood."""
        missing = missing_versions(self.ledger, self.release, self.height)
        if missing:
            raise ReleaseTooOld(self.height, missing)
        if self.identity is not None and self.identity.signer.torn:
            yield Log("guard_tail_dropped")
            yield Replace("guard", self.identity.signer.repaired())
        found = wal.recover(self._log)
        decided: wish.Decide | None = None
        if found is not None and (found.height, found.parent) == (self.height, self._tip_hash()):
            if found.torn_bytes:
                yield Log("wal_tail_dropped", (("bytes", found.torn_bytes),))
                yield Replace("wal", self._log[: found.good_bytes])
            decided = self._replay(found)
        else:
            yield Replace("wal", wal.begin(self.height, self._tip_hash()))
            self._stand_at_guard()
        self._log = b""
        yield Log(
            "started",
            (
                ("height", self.height),
                ("round", self.machine.round),
                ("seat", -1 if self.machine.me is None else self.machine.me),
                ("replayed", 0 if found is None else len(found.events)),
            ),
        )
        yield Arm(Timer("gossip", 0), GOSSIP_MS)
        yield from self._arm_heartbeat()
        if decided is not None:
            yield from self._decide(decided.block, decided.certificate)
        elif self.machine.started:
            yield from self._perform(deque(self.machine.start()))

    def _tip_hash(self) -> bytes:
        return self.ledger.tip.hash

    def _replay(self, found: wal.Recovered) -> wish.Decide | None:
        """Feed the log to the machine. Nothing is signed, sent or asked: the answers are in it."""
        for block in found.blocks:
            self._candidates.add_block(block)
        silent, self.machine.silent = self.machine.silent, False
        if found.snapshot is not None:
            self.machine.restore(found.snapshot)
        decided = None
        for event in found.events:
            for action in self.machine.handle(event):
                if isinstance(action, wish.Decide):
                    decided = action
        self.machine.silent = silent or self.machine.diverged
        return decided

    def _stand_at_guard(self) -> None:
        """Without a log the guard still knows the place and the lock: no amnesia."""
        signer = None if self.identity is None else self.identity.signer
        if signer is None or self.machine.me is None or signer.last.height != self.height:
            return
        last = signer.last
        stage = (Stage.PROPOSE, Stage.PREVOTE, Stage.PRECOMMIT)[last.step]
        locked: tuple[Backed, ...] = last.locked
        self.machine.restore(
            MachineSnapshot(self.height, last.round, stage, locked, locked, (), (), (), (), ())
        )

    def _rejoined(self, peer: PeerId, answer: Signed) -> Effects:
        me, found = self.machine.me, self.peers.find(peer)
        if self.identity is None or me is None or found is None or found.wijk is None:
            return
        signer = self.identity.signer
        if not self._rejoin.answer(found.wijk, answer, self.height, self.seats, me, signer):
            return
        yield Log("rejoined", (("height", self.height),))
        yield from self._take_part()

    def _take_part(self) -> Effects:
        """Sign from now on at this height, if the seat may."""
        if not self._rejoin.done or self.diverged or self._catch_up.waiting(self.height):
            return
        self.machine.silent = False
        if self.machine.started:
            yield from self._perform(deque(self.machine.start()))

    def _signed_by(self, height: int, seat: int) -> Signed:
        """What we hold that a seat signed for the open height."""
        if height != self.height:
            return Signed(self.height, seat, (), ())
        held = self.machine.snapshot() if self.machine.started else None
        proposals = () if held is None else held.proposals
        votes = () if held is None else held.votes
        return Signed(
            height,
            seat,
            tuple(p for p in proposals if p.proposal.seat == seat),
            tuple(v for v in votes if v.vote.seat == seat),
        )

    def _stop(self, exit_code: int, reason: str) -> Effects:
        self._stopped = True
        yield Stop(exit_code, reason)

    # Transactions.

    def _submitted(self, given: Submitted) -> Effects:
        outcomes: list[Refused | None] = []
        taken = []
        for transaction in given.transactions:
            known = transaction.wire_hash in self.mempool
            refused = self.mempool.add(transaction, self.ledger, self._now_ms)
            outcomes.append(refused)
            if refused is None and not known:
                taken.append(transaction.data)
        if given.peer is None:
            yield Admitted(tuple(outcomes))
        peers = self.peers.beyond(given.peer)
        if taken and peers:
            yield Send(peers, Transactions(tuple(taken)))

    # Gossip.

    def _standing(self) -> Standing:
        return Standing(self.machine.summary(), self.peers.wijken())

    def _stood(self, peer: PeerId, standing: Standing) -> Effects:
        found = self.peers.stand(peer, standing)
        if found is None:
            return
        theirs = standing.summary.height
        if theirs == self.height:
            votes = []
            for message in self.machine.missing(standing.summary):
                if isinstance(message, SignedVote):
                    votes.append(message)
                else:
                    yield from self._send_proposal((peer,), message)
            if votes:
                yield Send((peer,), Votes(tuple(votes)))
        elif theirs == self.height + 1:
            yield Arm(Timer("catch_up", self.height), NEAR_WAIT_MS)
        elif theirs > self.height:
            yield from self._ask_for_blocks()

    def _send_proposal(self, peers: tuple[PeerId, ...], signed: SignedProposal) -> Effects:
        """With the block in compact form, and the polka it leans on."""
        proposal = signed.proposal
        found = self._candidates.compact(proposal.block)
        if found is None or not peers:
            return
        if proposal.valid_round:
            polka = self.machine.polka(proposal.valid_round[0], proposal.block)
            if polka:
                yield Send(peers, Votes(polka))
        yield Send(peers, Proposal(signed, found))

    def _proposed(self, peer: PeerId, message: Proposal) -> Effects:
        signed = message.signed
        if signed.proposal.height != self.height:
            return
        key = (0, signed.proposal.round, signed.proposal.seat)
        if self._held.get(key) == signed.signature and signed.proposal.block in self._candidates:
            return
        tip = self.ledger.tip
        if not check_proposal(signed, self.seats, tip.chain, tip.epoch):
            raise Malformed("a proposal with a bad signature, or out of turn")
        if header_hash(message.block.header) != signed.proposal.block:
            raise Malformed("a proposal whose block is another")
        self._refuse_foreign(signed)
        new = key not in self._held
        self._held[key] = signed.signature
        yield from self._collect(peer, CandidateBlock(message.block))
        self._candidates.received(signed.proposal.block, signed.proposal.round, self._now_ms)
        if new:
            beyond = self.peers.beyond(peer)
            if beyond:
                yield Send(beyond, message)
        yield from self._drive(ProposalReceived(signed))

    def _collect(self, peer: PeerId, found: CandidateBlock) -> Effects:
        self._candidates.prune(self.machine.backed)
        block_hash, missing = self._candidates.add(found.block, self.mempool.find)
        if missing:
            yield Send((peer,), WantTransactions(self.height, block_hash, missing))
        else:
            yield from self._judge_waiting()

    def _give_transactions(
        self, peer: PeerId, height: int, block_hash: bytes, positions: tuple[int, ...]
    ) -> Effects:
        block = self._candidates.block(block_hash)
        if height != self.height or block is None:
            return
        wanted = tuple(block.transactions[i] for i in positions if i < len(block.transactions))
        yield Send((peer,), BlockTransactions(height, block_hash, wanted))

    def _voted(self, peer: PeerId, votes: tuple[SignedVote, ...]) -> Effects:
        fresh = []
        tip = self.ledger.tip
        for signed in votes:
            vote = signed.vote
            if vote.height == tip.height and self._previous is not None:
                self._late_precommit(signed)
            key = (signed.kind, vote.round, vote.seat)
            if vote.height != self.height or self._held.get(key) == signed.signature:
                continue
            if not check_vote(signed, self.seats, tip.chain, tip.epoch):
                raise Malformed("a vote with a bad signature")
            self._refuse_foreign(signed)
            self._held.setdefault(key, signed.signature)
            fresh.append(signed)
        beyond = self.peers.beyond(peer)
        if fresh and beyond:
            yield Send(beyond, Votes(tuple(fresh)))
        for signed in fresh:
            if signed.vote.height == self.height:
                yield from self._drive(VoteReceived(signed))

    def _late_precommit(self, signed: SignedVote) -> None:
        """A precommit for the tip: our next block's parent certificate may list it."""
        previous = self._previous
        assert previous is not None, "the caller has looked"
        tip = self.ledger.tip
        if check_vote(signed, previous.seats, tip.chain, tip.epoch):
            previous.handle(VoteReceived(signed))

    def _refuse_foreign(self, signed: SignedVote | SignedProposal) -> None:
        if self.identity is not None and self.machine.me is not None:
            refuse_foreign(signed, self.seats, self.machine.me, self.identity.signer)

    # The machine.

    def _drive(self, event: Event) -> Effects:
        yield from self._perform(deque(self._fed(event)))

    def _fed(self, event: Event) -> tuple[wish.Action, ...]:
        """Hand an event to the machine, noting it in the log."""
        machine = self.machine
        before = (machine.started, machine.round)
        self._unwritten += wal.event_frame(event)
        actions = machine.handle(event)
        if (machine.started, machine.round) != before:
            self._unwritten += wal.snapshot_frame(machine.snapshot())
        return actions

    def _perform(self, actions: deque[wish.Action]) -> Effects:
        """Do what the machine wants, in order; its answers come behind what it wanted before."""
        machine = self.machine
        while actions:
            match actions.popleft():
                case wish.SignVote(kind, vote):
                    signed = yield from self._sign_vote(kind, vote)
                    if signed is not None:
                        actions.extend(self._fed(VoteReceived(signed)))
                case wish.SignProposal(proposal):
                    signed_proposal = yield from self._sign_proposal(proposal)
                    if signed_proposal is not None:
                        actions.extend(self._fed(ProposalReceived(signed_proposal)))
                case wish.Arm(stage, height, round_, duration_ms):
                    yield Arm(Timer("round", height, round_, int(stage)), duration_ms)
                case wish.Build(_, round_):
                    block_hash = self._build()
                    actions.extend(self._fed(BlockBuilt(block_hash, round_)))
                case wish.Judge(block_hash, _, round_):
                    self._judging[(block_hash, round_)] = None
                    for judged in self._judge_ready():
                        actions.extend(self._fed(judged))
                case wish.Fetch(block_hash, height, _):
                    if block_hash not in self._candidates:
                        yield Send(self.peers.all(), WantBlock(height, block_hash))
                case wish.Decide(block_hash, certificate):
                    yield from self._decide(block_hash, certificate)
                case wish.Report(evidence):
                    yield Equivocation(evidence)
                case wish.Diverged(block_hash):
                    yield from self._diverge(block_hash)
            if self.machine is not machine:
                return

    def _flush(self) -> Effects:
        if self._unwritten:
            data, self._unwritten = bytes(self._unwritten), bytearray()
            yield Persist("wal", data)

    def _sign_vote(self, kind: Kind, vote: Vote) -> SignEffects[SignedVote]:
        assert self.identity is not None, "a machine with a seat has a signer"
        yield from self._flush()
        try:
            signed = yield from self.identity.signer.sign_vote(kind, vote, self.machine.locked)
        except GuardRefusal as refusal:
            yield Log("guard_refused", (("reason", str(refusal)),))
            return None
        self._held[(signed.kind, vote.round, vote.seat)] = signed.signature
        if len(self.peers):
            yield Send(self.peers.all(), Votes((signed,)))
        return signed

    def _sign_proposal(self, proposal: BlockProposal) -> SignEffects[SignedProposal]:
        assert self.identity is not None, "a machine with a seat has a signer"
        yield from self._flush()
        try:
            signed = yield from self.identity.signer.sign_proposal(proposal, self.machine.locked)
        except GuardRefusal as refusal:
            yield Log("guard_refused", (("reason", str(refusal)),))
            return None
        self._held[(0, proposal.round, proposal.seat)] = signed.signature
        yield from self._send_proposal(self.peers.all(), signed)
        return signed

    def _build(self) -> bytes:
        assert self.identity is not None, "only a seat builds"
        block_hash, dropped = self._candidates.build(
            self.identity.wijk, self._now_ms, self.mempool, self._tip_certificate()
        )
        for transaction, reason in dropped:
            self.mempool.drop(transaction, Refused(reason.code, reason.values))
        block = self._candidates.block(block_hash)
        assert block is not None, "we built it"
        self._unwritten += wal.block_frame(block)
        return block_hash

    def _tip_certificate(self) -> tuple[Certificate, ...]:
        """The parent's certificate, with the precommits that came in late."""
        tip = self.ledger.tip
        if tip.height == 0:
            return ()
        grown = None if self._previous is None else self._previous.certificate_for(tip.hash)
        seen = grown or self.store.certificate(tip.height)
        assert seen is not None, "a committed block has its certificate"
        return (seen,)

    def _judge_ready(self) -> list[BlockJudged]:
        """Execute the candidates that were asked about and are complete."""
        found = []
        for block_hash, round_ in list(self._judging):
            block = self._candidates.block(block_hash)
            if block is None:
                continue
            del self._judging[(block_hash, round_)]
            valid = self._candidates.applied(block_hash) is not None
            fresh = self._candidates.fresh(block_hash, round_, self.seats, self._now_ms)
            self._unwritten += wal.block_frame(block)
            found.append(BlockJudged(block_hash, round_, valid, fresh))
        return found

    def _judge_waiting(self) -> Effects:
        machine = self.machine
        for judged in self._judge_ready():
            if not judged.valid:
                reason = self._candidates.why_invalid(judged.block)
                yield Log("block_refused", (("height", self.height), ("reason", reason)))
            if self.machine is machine:
                yield from self._drive(judged)

    def _diverge(self, block_hash: bytes) -> Effects:
        """The others committed what our own execution refuses: sign nothing, keep everything."""
        self.diverged = True
        yield from self._flush()
        reason = ""
        if block_hash in self._candidates:
            reason = self._candidates.why_invalid(block_hash)
        yield Log("diverged", (("height", self.height), ("reason", reason)))

    # Commit.

    def _decide(self, block_hash: bytes, certificate: Certificate) -> Effects:
        applied = self._candidates.applied(block_hash)
        assert applied is not None, "the machine decides only what was found valid"
        yield from self._commit(applied, certificate)

    def _commit(self, applied: Applied, certificate: Certificate) -> Effects:
        """One synced batch, then the log of the next height, then the news."""
        writes = self.store.commit(applied, certificate)
        yield WriteBatch(writes)
        self._previous = self.machine if self.machine.decided else None
        self._unwritten.clear()
        self._catch_up.done()
        self.machine = self._open_height()
        self.mempool.committed(applied.transactions, self.ledger)
        yield Replace("wal", wal.begin(self.height, self._tip_hash()))
        yield Committed(applied, certificate, applied.receipts)
        missing = missing_versions(self.ledger, self.release, self.height)
        if missing:
            raise ReleaseTooOld(self.height, missing)
        gap_ms = BLOCK_GAP_MS.of(self.ledger)
        self._gap_over = gap_ms == 0
        if gap_ms:
            yield Arm(Timer("gap", self.height), gap_ms)
        yield from self._arm_heartbeat()
        if len(self.peers):
            yield Send(self.peers.all(), self._standing())
            if not self._rejoin.done and self.machine.me is not None:
                yield Send(self.peers.all(), WantSigned(self.height, self.machine.me))

    def _arm_heartbeat(self) -> Effects:
        yield Arm(Timer("heartbeat", self.height), HEARTBEAT_MS.of(self.ledger))

    def _consider_start(self) -> Effects:
        """Leave idleness if the gap is over and there is a reason."""
        if self.machine.started or not self._gap_over or self._stopped:
            return
        due = due_at(self.ledger, self._now_ms)
        if not (len(self.mempool) or self._heartbeat_over or due):
            return
        if self._catch_up.waiting(self.height):
            return
        actions = deque(self.machine.start())
        self._unwritten += wal.snapshot_frame(self.machine.snapshot())
        yield from self._perform(actions)

    # Timers.

    def _alarm(self, timer: Timer) -> Effects:
        match timer.kind:
            case "gossip":
                yield Arm(timer, GOSSIP_MS)
                if len(self.peers):
                    yield Send(self.peers.all(), self._standing())
                    if not self._rejoin.done and self.machine.me is not None:
                        yield Send(self.peers.all(), WantSigned(self.height, self.machine.me))
                yield from self._ask_again()
                claiming = self.peers.claiming(self.height)
                if claiming and not self._catch_up.waiting(self.height):
                    yield Send(claiming[:1], WantBlocks(self.height))
                    self.peers.rotate()
            case "round" if timer.height == self.height:
                stage = Stage(timer.stage)
                yield from self._drive(TimedOut(stage, timer.height, timer.round))
            case "gap" if timer.height == self.height:
                self._gap_over = True
            case "heartbeat" if timer.height == self.height:
                self._heartbeat_over = True
            case "catch_up" if timer.height == self.height:
                yield from self._delivery_failed()
                yield from self._ask_for_blocks()
            case _:
                pass

    def _ask_again(self) -> Effects:
        """What a candidate lacks is asked of everyone, in case who sent it is gone."""
        for block_hash, _ in list(self._judging):
            missing = self._candidates.missing(block_hash)
            if block_hash not in self._candidates:
                yield Send(self.peers.all(), WantBlock(self.height, block_hash))
            elif missing:
                wanted = WantTransactions(self.height, block_hash, missing)
                yield Send(self.peers.all(), wanted)

    # Catching up.

    def _ask_for_blocks(self) -> Effects:
        """Ask a peer that is ahead, and sign nothing while its answer is due."""
        if self._catch_up.waiting(self.height):
            return
        peer = self.peers.ahead(self.height)
        if peer is None:
            yield from self._take_part()
            return
        self._catch_up.ask(peer.id, self.height)
        self.machine.silent = True
        yield Send((peer.id,), WantBlocks(self.height))
        yield Arm(Timer("catch_up", self.height), DELIVERY_WAIT_MS)

    def _delivery_failed(self) -> Effects:
        """The peer we asked did not move us on; it is not asked again at this height."""
        if not self._catch_up.waiting(self.height):
            return
        assert self._catch_up.asked is not None, "waiting names whom"
        peer = self.peers.find(self._catch_up.asked)
        if peer is not None:
            peer.failed_height = self.height
            yield Log("peer_delivered_nothing", (("peer", peer.id), ("height", self.height)))
        self._catch_up.done()

    def _give_blocks(self, peer: PeerId, start: int) -> Effects:
        blocks: list[CertifiedBlock] = []
        size = 0
        for data, certificate in self.store.blocks(start):
            size += len(data)
            if len(blocks) == SYNC_BLOCKS_MAX or (blocks and size > SYNC_BYTES_MAX):
                break
            blocks.append(CertifiedBlock(data, certificate))
        yield Send((peer,), CertifiedBlocks(tuple(blocks)))

    def _take_blocks(self, peer: PeerId, blocks: tuple[CertifiedBlock, ...]) -> Effects:
        """Apply whatever follows our tip with a full certificate; the rest is ignored."""
        start = self.height
        for each in blocks:
            if each.certificate.height != self.height or self.diverged:
                continue
            block = decode(Block, each.block, len(each.block))
            if header_hash(block.header) != each.certificate.block:
                raise Malformed("a certificate for another block")
            wires = [crypto.tagged(Tag.WIRE, data) for data in block.transactions]
            check_body(block.header, wires, block.evidence, block.parent_certificate)
            tip = self.ledger.tip
            check_certificate(each.certificate, self.seats, tip.chain, tip.epoch)
            self._refuse_foreign_certificate(each.certificate)
            try:
                applied = apply_block(
                    self.ledger.parent(), block, self.release, self.ledger, self.signatures
                )
            except (InvalidBlock, Inadmissible, Malformed) as error:
                self.diverged = True
                self.machine.silent = True
                reason = f"{type(error).__name__}: {error}"
                yield Log("diverged", (("height", self.height), ("reason", reason)))
                return
            yield from self._commit(applied, each.certificate)
        if self._catch_up.asked == peer:
            if self.height == start:
                yield from self._delivery_failed()
            else:
                self._catch_up.done()
        yield from self._ask_for_blocks()

    def _refuse_foreign_certificate(self, certificate: Certificate) -> None:
        """Raises KeyUsedElsewhere for our own precommit in it that our guard never made."""
        if self.identity is None or self.machine.me is None:
            return
        for entry in certificate.signatures:
            if entry.seat == self.machine.me:
                vote = Vote(certificate.height, certificate.round, certificate.block, entry.seat)
                signed = SignedVote(Kind.PRECOMMIT, vote, entry.signature)
                refuse_foreign(signed, self.seats, self.machine.me, self.identity.signer)
