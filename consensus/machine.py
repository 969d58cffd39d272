"""One validator at one height: messages, verdicts and timers in, signatures and a decision out.

The machine joins the pure rules (`consensus.round`) to the counted messages (`consensus.tally`)
and to what is known of blocks. It reads no clock, touches no disk and holds no key: whatever it
wants is an action (`consensus.events`), performed by the caller in order. After each event it
applies the rules that are due until none is, a decision first, so that the order in which the
same messages arrive does not matter.

A machine without a seat (`me` None), or with `silent` set, follows and decides but never signs.

Blocks are hashes here. The caller keeps the bytes of the blocks for which `backed` is true and
may forget all others; the machine forgets its verdicts on them at the next round, and asks again
if one comes back.
"""

from __future__ import annotations

from chain.certificate import NIL, Certificate, Seats, Vote
from chain.kinds import Kind
from consensus import gossip
from consensus import round as rules
from consensus.due import due, kept, unjudged
from consensus.events import (
    Action,
    Arm,
    BlockBuilt,
    BlockJudged,
    Build,
    Decide,
    Diverged,
    Event,
    Fetch,
    Judge,
    ProposalReceived,
    Report,
    SignProposal,
    SignVote,
    VoteReceived,
)
from consensus.messages import BlockProposal, SignedMessage, SignedProposal, SignedVote, Summary
from consensus.proposer import proposer
from consensus.round import Backed, RoundState, Stage, TimedOut
from consensus.snapshot import MachineSnapshot, UnsignedVote, held_messages
from consensus.tally import Tally
from consensus.timers import Timers
from consensus.verdicts import Verdicts

__all__ = [
    "Action",
    "Arm",
    "Backed",
    "BlockBuilt",
    "BlockJudged",
    "Build",
    "Decide",
    "Diverged",
    "Event",
    "Fetch",
    "Judge",
    "Machine",
    "MachineSnapshot",
    "ProposalReceived",
    "Report",
    "SignProposal",
    "SignVote",
    "Stage",
    "TimedOut",
    "Timers",
    "VoteReceived",
]


class Machine:
    """Drive it with `start` and `handle`; perform the actions they return in order."""

    def __init__(self, seats: Seats, me: int | None, height: int, timers: Timers) -> None:
        assert seats and (me is None or 0 <= me < len(seats)), "a seat of the set, or none"
        self.seats = seats
        self.me = me
        self.height = height
        self.timers = timers
        self.silent = False
        """Set by the caller while it syncs, by the machine when it has diverged."""
        self.diverged = False
        self.decided: Backed | None = None
        """The decision and its round."""
        self._state = RoundState(height, len(seats), me)
        self._tally = Tally(len(seats))
        self._verdicts = Verdicts()
        self._unsigned: list[SignVote | SignProposal] = []
        self._out: list[Action] = []

    @property
    def started(self) -> bool:
        return self._state.stage is not Stage.IDLE

    @property
    def round(self) -> int:
        return self._state.round

    @property
    def stage(self) -> Stage:
        return self._state.stage

    @property
    def locked(self) -> Backed | None:
        return self._state.locked

    @property
    def valid(self) -> Backed | None:
        return self._state.valid

    def start(self) -> tuple[Action, ...]:
        """Begin round 0. After `restore` (or when called again): take the current round up again.

        Taking up means: the timers of this round are armed anew, and what was asked for and has
        not been answered (signatures, a block to build, verdicts) is asked for again. Call it
        when silence ends, too: a stage that was passed in silence gets a nil vote.
        """
        if not self.started:
            self._begin()
        elif self.stage is not Stage.DECIDED:
            self._resume()
        self._settle()
        return self._actions()

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take one event in. A message of another height changes nothing; one of this height
        starts a machine that was idle."""
        match event:
            case ProposalReceived(signed) if signed.proposal.height == self.height:
                self._begin()
                evidence = self._tally.add_proposal(signed, self.round)
                self._unsigned = [u for u in self._unsigned if u != SignProposal(signed.proposal)]
                if evidence is not None:
                    self._out.append(Report(evidence))
            case VoteReceived(signed) if signed.vote.height == self.height:
                self._begin()
                evidence = self._tally.add_vote(signed, self.round)
                if evidence is not None:
                    self._out.append(Report(evidence))
                if signed.vote.seat == self.me:
                    self._recall(signed.kind, signed.vote)
            case BlockJudged(block, round_, valid, fresh):
                if self.backed(block):
                    this_round = round_ == self.round
                    self._verdicts.judged(block, valid, fresh if this_round else None)
            case BlockBuilt(block, round_):
                self._propose_built(block, round_)
            case TimedOut():
                self._step(event)
        if self.started:
            self._settle()
        return self._actions()

    def proposal_for(self, round: int) -> SignedProposal | None:
        return self._tally.proposal(round)

    def certificate_for(self, block: bytes) -> Certificate | None:
        """All precommits known for a block in its deciding round, sorted by seat; None without q.
        It grows while late precommits arrive."""
        if self.decided is not None and self.decided.block == block:
            return self._tally.certificate(self.height, self.decided)
        for committed, deciding in self._tally.committed():
            if committed == block:
                return self._tally.certificate(self.height, Backed(block, deciding))
        return None

    def backed(self, block: bytes) -> bool:
        """Must the bytes of this block be kept? True for what is proposed in this round or the
        next, valid, locked, voted for by q seats, or asked about in this round."""
        blocks = kept(self._state, self._tally, self.decided) + self._unsigned_blocks()
        return self._verdicts.asked(block) or block in blocks

    def polka(self, round: int, block: bytes) -> tuple[SignedVote, ...]:
        """The prevotes held for a block in a round, by seat: what goes along with a proposal that
        names this valid round."""
        return self._tally.prevotes_for(block, round)

    def summary(self) -> Summary:
        return gossip.summary(self._tally, self.height, self.round, self.stage)

    def missing(self, summary: Summary) -> tuple[SignedMessage, ...]:
        """What the peer with this summary lacks, at most `gossip.MISSING_MAX` messages, what
        it needs most first; nothing for another height. Raises Malformed (`check_summary`)."""
        if summary.height != self.height:
            return ()
        return gossip.missing(self._tally, summary)

    def snapshot(self) -> MachineSnapshot:
        """What a restart needs; bounded. Messages of older rounds come again from peers."""
        proposals, votes = held_messages(self._tally, self._state)
        return MachineSnapshot(
            self.height,
            self.round,
            Stage.PRECOMMIT if self.stage is Stage.DECIDED else self.stage,
            () if self.locked is None else (self.locked,),
            () if self.valid is None else (self.valid,),
            proposals,
            votes,
            self._verdicts.snapshot(),
            tuple(UnsignedVote(u.kind, u.vote) for u in self._unsigned if isinstance(u, SignVote)),
            tuple(u.proposal for u in self._unsigned if isinstance(u, SignProposal)),
        )

    def restore(self, snapshot: MachineSnapshot) -> None:
        """Stand where the snapshot stood; `start` then takes the round up again."""
        assert not self.started and snapshot.height == self.height, "restore comes first"
        self._state = RoundState(
            self.height,
            len(self.seats),
            self.me,
            snapshot.round,
            Stage(snapshot.stage),
            snapshot.locked[0] if snapshot.locked else None,
            snapshot.valid[0] if snapshot.valid else None,
        )
        for proposal in snapshot.proposals:
            self._tally.add_proposal(proposal, self.round)
        for vote in snapshot.votes:
            self._tally.add_vote(vote, self.round)
        self._verdicts.restore(snapshot.verdicts)
        for unsigned in snapshot.unsigned_votes:
            self._unsigned.append(SignVote(Kind(unsigned.kind), unsigned.vote))
        for unsigned_proposal in snapshot.unsigned_proposals:
            self._unsigned.append(SignProposal(unsigned_proposal))

    # The rules

    def _begin(self) -> None:
        if not self.started:
            self._step(rules.Started())

    def _settle(self) -> None:
        """Apply what is due until nothing is, then ask for the verdicts that are waited for."""
        self._look_for_divergence()
        while (event := due(self._state, self._tally, self._verdicts)) is not None:
            self._step(event)
        if self.stage is not Stage.DECIDED:
            for block in unjudged(self._state, self._tally, self._verdicts):
                self._judge(block)

    def _look_for_divergence(self) -> None:
        for block, _ in self._tally.committed():
            if self._verdicts.valid(block) is False and not self.diverged:
                self.diverged = self.silent = True
                self._out.append(Diverged(block))

    def _step(self, event: rules.Event) -> None:
        before = self._state.round
        self._state, actions = rules.step(self._state, event)
        if self._state.round != before:
            self._forget()
        for action in actions:
            match action:
                case rules.StartTimer(stage):
                    self._arm(stage)
                case rules.CastVote(kind, block):
                    self._cast(kind, block)
                case rules.Propose(backed):
                    self._propose(backed)
                case rules.Finish(block, deciding):
                    self.decided = Backed(block, deciding)
                    certificate = self._tally.certificate(self.height, self.decided)
                    self._out.append(Decide(block, certificate))

    def _resume(self) -> None:
        """Take the round up again; see `start`."""
        self._look_for_divergence()
        self._state = rules.resumed(self._state)
        self._verdicts.ask_anew()
        if self.stage is Stage.PROPOSE:
            self._arm(Stage.PROPOSE)
            if self._owes_a_proposal():
                self._propose(self.valid)
                return
        if not self.silent:
            self._out.extend(self._unsigned)
            self._vote_for_skipped_stages()

    def _vote_for_skipped_stages(self) -> None:
        """Nil for each stage of this round that was passed in silence: a seat that has voted
        for nothing would keep the others short of "q votes of any kind" (L34, L47) for ever."""
        held = self._tally.of(self.round)
        waiting = [u.kind for u in self._unsigned if isinstance(u, SignVote)]
        precommitted = self.me in held.precommits.by_seat or Kind.PRECOMMIT in waiting
        prevoted = self.me in held.prevotes.by_seat or Kind.PREVOTE in waiting
        if self.stage is Stage.PREVOTE and not prevoted and not precommitted:
            self._cast(Kind.PREVOTE, NIL)
        elif self.stage is Stage.PRECOMMIT and not precommitted:
            self._cast(Kind.PRECOMMIT, NIL)

    def _arm(self, stage: Stage) -> None:
        duration_ms = self.timers.duration_ms(stage, self.round)
        self._out.append(Arm(stage, self.height, self.round, duration_ms))

    def _cast(self, kind: Kind, block: bytes) -> None:
        if self.me is not None and not self.silent:
            self._sign(SignVote(kind, Vote(self.height, self.round, block, self.me)))

    def _propose(self, backed: Backed | None) -> None:
        if self.me is None or self.silent:
            return
        if backed is None:
            self._out.append(Build(self.height, self.round))
        else:
            valid_round = (backed.round,)
            self._sign(
                SignProposal(
                    BlockProposal(self.height, self.round, valid_round, backed.block, self.me)
                )
            )

    def _propose_built(self, block: bytes, built_for: int) -> None:
        """Propose the block that was built, if this is still the round it was built for."""
        if self.me is None or self.silent or built_for != self.round or self.valid is not None:
            return
        if self.stage is not Stage.PROPOSE or not self._owes_a_proposal():
            return
        self._verdicts.judged(block, valid=True, fresh=True)
        self._sign(SignProposal(BlockProposal(self.height, built_for, (), block, self.me)))

    def _sign(self, action: SignVote | SignProposal) -> None:
        self._unsigned.append(action)
        self._out.append(action)

    def _recall(self, kind: int, vote: Vote) -> None:
        self._unsigned = [u for u in self._unsigned if u != SignVote(Kind(kind), vote)]
        self._step(rules.Voted(kind, vote.round, vote.block))

    def _owes_a_proposal(self) -> bool:
        """Is it our turn, with nothing proposed yet?"""
        turn = proposer(len(self.seats), self.height, self.round) == self.me
        return turn and self.proposal_for(self.round) is None and not self._unsigned_blocks()

    def _unsigned_blocks(self) -> list[bytes]:
        return [u.proposal.block for u in self._unsigned if isinstance(u, SignProposal)]

    def _judge(self, block: bytes) -> None:
        if not self._verdicts.asked(block):
            if not self._tally.names(block):
                self._out.append(Fetch(block, self.height, self.round))
            self._verdicts.ask(block)
            self._out.append(Judge(block, self.height, self.round))

    def _forget(self) -> None:
        """A new round: drop requests of the old one and verdicts on blocks no longer kept."""
        self._verdicts.next_round(kept(self._state, self._tally, self.decided))
        self._unsigned = []

    def _actions(self) -> tuple[Action, ...]:
        actions = tuple(self._out)
        self._out = []
        return actions
