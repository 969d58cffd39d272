"""The open height: machine, candidates, signing and log, until a block is decided.

The machine says what it wants (`consensus.events`); here it is done, in order, and each answer
goes back into the machine and into the log. What the seat signs is recorded before it is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from chain.certificate import Certificate, Vote
from chain.execution import Applied
from chain.kinds import Kind
from chain.rules import (
    PROPOSE_MS,
    PROPOSE_STEP_MS,
    TIMEOUT_MAX_MS,
    VOTE_MS,
    VOTE_STEP_MS,
    seat_sets,
)
from consensus import events as wish
from consensus.events import BlockBuilt, BlockJudged, Event, ProposalReceived, VoteReceived
from consensus.machine import Machine
from consensus.messages import BlockProposal, SignedMessage, SignedProposal, SignedVote
from consensus.timers import Timers
from node.candidates import Candidates
from node.common import Common
from node.effects import (
    Arm,
    Effect,
    Effects,
    Equivocation,
    Log,
    PeerId,
    Refused,
    Send,
    Timer,
)
from node.messages import CertifiedBlock, Proposal, Standing, Votes, WantBlock
from node.rejoin import refuse_foreign
from node.seen import Seen
from node.signer import GuardRefusal
from node.sync import check_certified
from node.tip import TipCertificate
from node.wal import LogWriter

S = TypeVar("S")
SignEffects = Generator[Effect, bytes | None, S | None]


@dataclass(frozen=True, slots=True)
class Decision:
    applied: Applied
    certificate: Certificate


class OpenHeight:
    """One height above the tip. Made anew for each; `decision` is set once, and ends it."""

    def __init__(self, common: Common, tip: TipCertificate | None) -> None:
        """`tip`: the certificate of the tip, None at height 1."""
        ledger = common.ledger
        self.common = common
        self.tip = tip
        self.number = ledger.tip.height + 1
        self.seats = seat_sets(ledger).following
        timers = Timers(
            PROPOSE_MS.of(ledger),
            PROPOSE_STEP_MS.of(ledger),
            VOTE_MS.of(ledger),
            VOTE_STEP_MS.of(ledger),
            TIMEOUT_MAX_MS.of(ledger),
        )
        self.machine = Machine(self.seats, common.seat_of(self.seats), self.number, timers)
        self.candidates = Candidates(ledger, common.release, common.signatures)
        self.seen = Seen()
        self.log = LogWriter(self.number, ledger.tip.hash, kept=self.machine.me is not None)
        self.decision: Decision | None = None
        self._judging: dict[tuple[bytes, int], None] = {}
        self._announced = (self.machine.round, self.machine.stage)

    # Driving the machine.

    def start(self) -> Effects:
        """Begin the height, or take it up again after a restart or a silence."""
        actions = deque(self.machine.start())
        self._log_snapshot()
        yield from self._perform(actions)

    def drive(self, event: Event) -> Effects:
        """Hand the machine an event, and do what it wants. After a decision, nothing."""
        if self.decision is None:
            yield from self._perform(deque(self._fed(event)))

    def _fed(self, event: Event) -> tuple[wish.Action, ...]:
        """Hand an event to the machine, noting it in the log."""
        machine = self.machine
        before = (machine.started, machine.round)
        self.log.event(event)
        actions = machine.handle(event)
        if (machine.started, machine.round) != before:
            self._log_snapshot()
        return actions

    def _log_snapshot(self) -> None:
        self.log.snapshot(self.machine.snapshot(), self.candidates.blocks(self.machine.backed))

    def _perform(self, actions: deque[wish.Action]) -> Effects:
        """Do what the machine wants, in order; its answers come behind what it wanted before.

        In round 0 the votes themselves tell the peers each step; later rounds mean that messages
        were lost, so each step is told with a summary.
        """
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
                    actions.extend(self._fed(BlockBuilt(self._build(), round_)))
                case wish.Judge(block_hash, height, round_):
                    self._judging[(block_hash, round_)] = None
                    if block_hash not in self.candidates:
                        yield from self._tell(WantBlock(height, block_hash))
                    for judged in self._judge_ready():
                        yield from self._log_refusal(judged)
                        actions.extend(self._fed(judged))
                case wish.Decide(block_hash, certificate):
                    applied = self.candidates.applied(block_hash)
                    assert applied is not None, "the machine decides only what was found valid"
                    self.decision = Decision(applied, certificate)
                    return
                case wish.Report(evidence):
                    yield Equivocation(evidence)
                case wish.Diverged(block_hash):
                    yield from self._diverge(block_hash)
                case wish.Fetch():
                    pass  # a Judge for the same block follows, and asks for what is not here
        place = (self.machine.round, self.machine.stage)
        if place != self._announced and self.machine.round:
            yield from self._tell(self.standing())
        self._announced = place

    def _tell(self, message: Standing | WantBlock | Votes) -> Effects:
        peers = self.common.peers.all()
        if peers:
            yield Send(peers, message)

    def standing(self) -> Standing:
        return Standing(self.machine.summary(), self.common.peers.wijken())

    # Signing.

    def _sign_vote(self, kind: Kind, vote: Vote) -> SignEffects[SignedVote]:
        identity = self.common.identity
        assert identity is not None, "a machine with a seat has a signer"
        yield from self.log.flush()
        try:
            signed = yield from identity.signer.sign_vote(kind, vote, self.machine.locked)
        except GuardRefusal as refusal:
            yield Log("guard_refused", (("reason", str(refusal)),))
            return None
        self.seen.note(signed, self.machine.round)
        yield from self._tell(Votes((signed,)))
        return signed

    def _sign_proposal(self, proposal: BlockProposal) -> SignEffects[SignedProposal]:
        identity = self.common.identity
        assert identity is not None, "a machine with a seat has a signer"
        yield from self.log.flush()
        try:
            signed = yield from identity.signer.sign_proposal(proposal, self.machine.locked)
        except GuardRefusal as refusal:
            yield Log("guard_refused", (("reason", str(refusal)),))
            return None
        self.seen.note(signed, self.machine.round)
        yield from self.send_proposal(self.common.peers.all(), signed)
        return signed

    def send_proposal(self, peers: tuple[PeerId, ...], signed: SignedProposal) -> Effects:
        """With the block in compact form, and before it the polka it leans on."""
        proposal = signed.proposal
        found = self.candidates.compact(proposal.block)
        if found is None or not peers:
            return
        if proposal.valid_round:
            polka = self.machine.polka(proposal.valid_round[0], proposal.block)
            if polka:
                yield Send(peers, Votes(polka))
        yield Send(peers, Proposal(signed, found))

    def refuse_foreign(self, message: SignedMessage) -> None:
        """Raises KeyUsedElsewhere if our key made this, and not through our guard."""
        if self.common.identity is not None and self.machine.me is not None:
            refuse_foreign(message, self.seats, self.machine.me, self.common.identity.signer)

    # Blocks.

    def _build(self) -> bytes:
        common = self.common
        assert common.identity is not None, "only a seat builds"
        parent_certificate = () if self.tip is None else (self.tip.certificate,)
        block_hash, dropped = self.candidates.build(
            common.identity.wijk, common.now_ms, common.mempool, parent_certificate
        )
        for transaction, reason in dropped:
            common.mempool.drop(transaction, Refused(reason.code, reason.values))
        block = self.candidates.block(block_hash)
        assert block is not None, "we built it"
        self.log.block(block_hash, block)
        return block_hash

    def judge_waiting(self) -> Effects:
        """Candidates have come in: judge those that the machine waits for."""
        for judged in self._judge_ready():
            yield from self._log_refusal(judged)
            yield from self.drive(judged)

    def _judge_ready(self) -> list[BlockJudged]:
        """Execute the candidates that were asked about and are complete."""
        found = []
        for block_hash, round_ in list(self._judging):
            block = self.candidates.block(block_hash)
            if block is None:
                continue
            del self._judging[(block_hash, round_)]
            valid = self.candidates.applied(block_hash) is not None
            fresh = self.candidates.fresh(block_hash, round_, self.seats, self.common.now_ms)
            self.log.block(block_hash, block)
            found.append(BlockJudged(block_hash, round_, valid, fresh))
        return found

    def take_certified(self, found: CertifiedBlock) -> Effects:
        """A block with its certificate decides its height; one of another height is ignored.

        Raises Malformed (`node.sync.check_certified`), and KeyUsedElsewhere for a precommit of
        ours in the certificate that our guard never made. A block that our own rules refuse
        though q seats committed it ends all signing.
        """
        certificate = found.certificate
        if certificate.height != self.number or self.common.diverged or self.decision is not None:
            return
        block = check_certified(found, self.seats, self.common.ledger.tip)
        for entry in certificate.signatures:
            vote = Vote(certificate.height, certificate.round, certificate.block, entry.seat)
            self.refuse_foreign(SignedVote(Kind.PRECOMMIT, vote, entry.signature))
        self.candidates.keep(certificate.block, block)
        applied = self.candidates.applied(certificate.block)
        if applied is None:
            yield from self._diverge(certificate.block)
        else:
            self.decision = Decision(applied, certificate)

    def unjudged(self) -> tuple[bytes, ...]:
        """The blocks that are still waited for; those no longer backed are given up."""
        for place in [p for p in self._judging if not self.machine.backed(p[0])]:
            del self._judging[place]
        return tuple(dict.fromkeys(block_hash for block_hash, _ in self._judging))

    def _log_refusal(self, judged: BlockJudged) -> Effects:
        if not judged.valid:
            reason = self.candidates.why_invalid(judged.block)
            yield Log("block_refused", (("height", self.number), ("reason", reason)))

    def _diverge(self, block_hash: bytes) -> Effects:
        """The others committed what our own execution refuses: sign nothing, keep everything."""
        self.common.diverged = True
        yield from self.log.flush()
        reason = self.candidates.why_invalid(block_hash) if block_hash in self.candidates else ""
        yield Log("diverged", (("height", self.number), ("reason", reason)))
