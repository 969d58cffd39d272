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

from chain.certificate import NIL, Certificate, Seats, SeatSignature, Vote
from chain.codec import U53, Record
from chain.kinds import Kind
from consensus import gossip
from consensus import round as rules
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
from consensus.snapshot import MachineSnapshot, UnsignedVote, Verdict, shown_rounds
from consensus.tally import Tally

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


class Timers(Record, tag=1):
    """Durations in milliseconds: `x_ms + x_step_ms * round`, never above `cap_ms`.

    Linear and capped, so that an outage of a week ends in seconds.
    """

    propose_ms: U53
    propose_step_ms: U53
    vote_ms: U53
    vote_step_ms: U53
    cap_ms: U53

    def duration_ms(self, stage: Stage, round: int) -> int:
        if stage is Stage.PROPOSE:
            return min(self.propose_ms + self.propose_step_ms * round, self.cap_ms)
        return min(self.vote_ms + self.vote_step_ms * round, self.cap_ms)


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
        self._valid: dict[bytes, bool] = {}
        self._fresh: dict[bytes, bool] = {}  # in the current round
        self._asked: list[bytes] = []  # in the current round
        self._building: int | None = None
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
        not been answered (signatures, a block to build, verdicts) is asked for again.
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
                    self._valid.setdefault(block, valid)
                    if round_ == self.round:
                        self._fresh.setdefault(block, fresh)
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
        for committed, deciding in self._tally.committed():
            if committed == block:
                if self.decided is not None and self.decided.block == block:
                    deciding = self.decided.round
                signatures = tuple(
                    SeatSignature(signed.vote.seat, signed.signature)
                    for signed in self._tally.precommits_for(block, deciding)
                )
                return Certificate(self.height, deciding, block, signatures)
        return None

    def backed(self, block: bytes) -> bool:
        """Must the bytes of this block be kept? True for what is proposed in this round or the
        next, valid, locked, precommitted by q seats, or asked about in this round."""
        return block in self._asked or block in self._kept()

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
        shown = shown_rounds(self._tally, self._state)
        held = [self._tally.of(r) for r in shown]
        votes = [v for h in held for votes in (h.prevotes, h.precommits) for v in votes.sorted()]
        decided = self.stage is Stage.DECIDED
        return MachineSnapshot(
            self.height,
            self.round,
            Stage.PRECOMMIT if decided else self.stage,
            () if self.locked is None else (self.locked,),
            () if self.valid is None else (self.valid,),
            tuple(h.proposal for h in held if h.proposal is not None),
            tuple(votes),
            tuple(
                Verdict(block, valid, (self._fresh[block],) if block in self._fresh else ())
                for block, valid in sorted(self._valid.items())
            ),
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
        for verdict in snapshot.verdicts:
            self._valid[verdict.block] = verdict.valid
            for fresh in verdict.fresh:
                self._fresh[verdict.block] = fresh
        for unsigned in snapshot.unsigned_votes:
            self._unsigned.append(SignVote(Kind(unsigned.kind), unsigned.vote))
        for unsigned_proposal in snapshot.unsigned_proposals:
            self._unsigned.append(SignProposal(unsigned_proposal))

    # The rules

    def _begin(self) -> None:
        if not self.started:
            self._step(rules.Started())

    def _settle(self) -> None:
        """Apply what is due until nothing is, then ask for what is not known."""
        while (due := self._due()) is not None:
            self._step(due)
        if self.stage is not Stage.DECIDED:
            self._ask()

    def _due(self) -> rules.Event | None:
        """The next rule of the paper whose condition holds and that would change something."""
        state = self._state
        if state.stage in (Stage.IDLE, Stage.DECIDED):
            return None
        for block, deciding in self._tally.committed():  # L49
            match self._valid.get(block):
                case True:
                    return rules.Committed(block, deciding)
                case False if not self.diverged:
                    self.diverged = self.silent = True
                    self._out.append(Diverged(block))
        if (reached := self._tally.reached()) > state.round:  # L55
            return rules.OvertakenBy(reached)
        held = self._tally.of(state.round)
        if state.stage is Stage.PROPOSE and (due := self._judged(held.proposal)) is not None:
            return due
        polka = held.prevotes.majority
        if polka is not None and (polka == NIL or self._valid.get(polka) is True):
            first = state.stage is Stage.PREVOTE  # L36, L44
            late = state.stage is Stage.PRECOMMIT and polka != NIL  # L36
            if (first or late) and not state.polka_seen:
                return rules.Polka(polka, state.round)
        in_prevote = state.stage is Stage.PREVOTE
        if in_prevote and held.prevotes.from_any and not state.prevotes_seen:  # L34
            return rules.PrevotesFromAny(state.round)
        if held.precommits.from_any and not state.precommits_seen:  # L47
            return rules.PrecommitsFromAny(state.round)
        return None

    def _judged(self, signed: SignedProposal | None) -> rules.Event | None:
        """L22 or L28, never both: a new block needs a fresh verdict, an old one its polka."""
        if signed is None:
            return None
        proposal = signed.proposal
        block, valid = proposal.block, self._valid.get(proposal.block)
        if not proposal.valid_round:
            fresh = self._fresh.get(block)
            if valid is False or (valid is not None and fresh is not None):
                return rules.Proposed(block, valid and fresh is True)
        elif valid is not None and self._tally.proves(proposal.valid_round[0], block):
            return rules.Reproposed(block, proposal.valid_round[0], valid)
        return None

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
                    certificate = self.certificate_for(block)
                    assert certificate is not None, "a decision has q precommits"
                    self._out.append(Decide(block, certificate))

    def _resume(self) -> None:
        """Take the round up again; see `start`."""
        self._state = rules.resumed(self._state)
        self._asked.clear()
        self._building = None
        if self.stage is Stage.PROPOSE:
            self._arm(Stage.PROPOSE)
            waiting = any(isinstance(u, SignProposal) for u in self._unsigned)
            if self._my_turn() and self.proposal_for(self.round) is None and not waiting:
                self._propose(self.valid)
                return
        if not self.silent:
            self._out.extend(self._unsigned)

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
            self._building = self.round
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
        if self._building != built_for or built_for != self.round or self.stage != Stage.PROPOSE:
            return
        self._building = None
        if self.me is None or self.silent:
            return
        self._valid[block] = self._fresh[block] = True
        self._asked.append(block)
        self._sign(SignProposal(BlockProposal(self.height, built_for, (), block, self.me)))

    def _sign(self, action: SignVote | SignProposal) -> None:
        self._unsigned.append(action)
        self._out.append(action)

    def _recall(self, kind: int, vote: Vote) -> None:
        self._unsigned = [u for u in self._unsigned if u != SignVote(Kind(kind), vote)]
        self._step(rules.Voted(kind, vote.round, vote.block))

    def _my_turn(self) -> bool:
        return proposer(len(self.seats), self.height, self.round) == self.me

    # Blocks and verdicts

    def _ask(self) -> None:
        """Ask for the verdicts that a rule waits for: once for each block and round."""
        current = self._tally.of(self.round)
        if current.proposal is not None:
            proposal = current.proposal.proposal
            known = proposal.block in self._valid
            stale = not proposal.valid_round and proposal.block not in self._fresh
            if not known or (stale and self.stage is Stage.PROPOSE):
                self._judge(proposal.block)
        wanted = [block for block, _ in self._tally.committed()]
        if current.prevotes.majority:
            wanted.append(current.prevotes.majority)
        for block in wanted:
            if block not in self._valid:
                self._judge(block)

    def _judge(self, block: bytes) -> None:
        if block not in self._asked:
            if not self._tally.names(block):
                self._out.append(Fetch(block, self.height, self.round))
            self._asked.append(block)
            self._out.append(Judge(block, self.height, self.round))

    def _kept(self) -> list[bytes]:
        kept = [block for block, _ in self._tally.committed()]
        for backed in (self.locked, self.valid, self.decided):
            if backed is not None:
                kept.append(backed.block)
        for near in (self.round, self.round + 1):
            if (signed := self._tally.proposal(near)) is not None:
                kept.append(signed.proposal.block)
        return kept

    def _forget(self) -> None:
        """A new round: drop requests of the old one and verdicts on blocks no longer kept."""
        kept = self._kept()
        self._valid = {block: valid for block, valid in self._valid.items() if block in kept}
        self._fresh = {}
        self._asked = []
        self._building = None
        self._unsigned = []

    def _actions(self) -> tuple[Action, ...]:
        actions = tuple(self._out)
        self._out = []
        return actions
