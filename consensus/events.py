"""What goes into the machine of a height and what it wants done: frozen values, no behaviour.

Events. The caller has checked every signature before it hands in a proposal or a vote. A verdict
and a block that was built are inputs like messages: they are written down and replayed, for a
clock was read to make them.

Actions are to be performed in order. After `SignVote` and `SignProposal` the caller signs,
durably records, feeds the signed message back as an event, and only then sends it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.certificate import Certificate, Vote
from chain.kinds import Kind
from consensus.evidence import Evidence
from consensus.messages import BlockProposal, SignedProposal, SignedVote
from consensus.round import Stage, TimedOut


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    signed: SignedProposal


@dataclass(frozen=True, slots=True)
class VoteReceived:
    signed: SignedVote


@dataclass(frozen=True, slots=True)
class BlockJudged:
    """The answer to `Judge`.

    `valid` is a function of parent state and block bytes alone. `fresh` is for this round only:
    the block came in time and its header names proposer(height, round); it counts when the
    proposal is for a new block, never when it is proposed again.
    """

    block: bytes
    round: int
    valid: bool
    fresh: bool


@dataclass(frozen=True, slots=True)
class BlockBuilt:
    """The answer to `Build`: a block of ours, executed, hence valid and fresh."""

    block: bytes
    round: int


Event = ProposalReceived | VoteReceived | BlockJudged | BlockBuilt | TimedOut


@dataclass(frozen=True, slots=True)
class SignVote:
    kind: Kind
    vote: Vote


@dataclass(frozen=True, slots=True)
class SignProposal:
    """With `valid_round` set, the q prevotes of that round are to be sent along with it."""

    proposal: BlockProposal


@dataclass(frozen=True, slots=True)
class Arm:
    """Start a timer on the monotonic clock; when it runs out, hand in TimedOut. Timers are never
    stopped: one that lost its meaning is ignored."""

    stage: Stage
    height: int
    round: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Build:
    height: int
    round: int


@dataclass(frozen=True, slots=True)
class Judge:
    """Execute this block once its bytes are here and answer with BlockJudged."""

    block: bytes
    height: int
    round: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """q seats voted for a block that no proposal we hold names: ask peers for its bytes.
    A `Judge` for it follows."""

    block: bytes
    height: int
    round: int


@dataclass(frozen=True, slots=True)
class Decide:
    """Commit the block. `certificate` holds every precommit known for it in its round."""

    block: bytes
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Report:
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Diverged:
    """q seats precommitted a block that our own execution refuses. The machine signs no more."""

    block: bytes


Action = SignVote | SignProposal | Arm | Build | Judge | Fetch | Decide | Report | Diverged
