"""The machine of a height as a record, written at the start of each round.

With it a replay of the write-ahead log is one round long, not a thousand. It is bounded: the
newest rounds and those that the lock, the valid block and the current proposal stand on; what is
left out comes again from peers. It holds what was asked of the signer and not seen back, so that
a crash between asking and signing costs nothing.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.certificate import Vote
from chain.codec import U32, Hash, Height, Record
from consensus.messages import SEATS_MAX, BlockProposal, SignedProposal, SignedVote, VoteKind
from consensus.round import Backed, RoundState, Stage
from consensus.tally import Tally

NEWEST_ROUNDS = 8
_ROUNDS = NEWEST_ROUNDS + 4

OptionalBacked = Annotated[tuple[Backed, ...], Meta(max_length=1)]
StageNumber = Annotated[int, Meta(ge=int(Stage.IDLE), le=int(Stage.PRECOMMIT))]


class Verdict(Record, tag=1):
    """`valid` holds for ever; `fresh` for the snapshot's round, empty if not asked there."""

    block: Hash
    valid: bool
    fresh: Annotated[tuple[bool, ...], Meta(max_length=1)]


class UnsignedVote(Record, tag=1):
    kind: VoteKind
    vote: Vote


class MachineSnapshot(Record, tag=1):
    """`stage` is never DECIDED: a restored machine decides again, from the same precommits."""

    height: Height
    round: U32
    stage: StageNumber
    locked: OptionalBacked
    valid: OptionalBacked
    proposals: Annotated[tuple[SignedProposal, ...], Meta(max_length=_ROUNDS)]
    votes: Annotated[tuple[SignedVote, ...], Meta(max_length=2 * _ROUNDS * SEATS_MAX)]
    verdicts: Annotated[tuple[Verdict, ...], Meta(max_length=64)]
    unsigned_votes: Annotated[tuple[UnsignedVote, ...], Meta(max_length=2)]
    unsigned_proposals: Annotated[tuple[BlockProposal, ...], Meta(max_length=1)]


def held_messages(
    tally: Tally, state: RoundState
) -> tuple[tuple[SignedProposal, ...], tuple[SignedVote, ...]]:
    """The proposals and votes that a snapshot holds, in order of round, kind and seat."""
    held = tally.rounds()
    needed = [backed.round for backed in (state.locked, state.valid) if backed is not None]
    needed.extend(deciding for _, deciding in tally.committed()[:1])
    if (signed := tally.proposal(state.round)) is not None:
        needed.extend(signed.proposal.valid_round)
    newest = [r for r in held if r <= state.round + 1][-NEWEST_ROUNDS:]
    shown = [tally.of(r) for r in held if r in newest or r in needed]
    return (
        tuple(messages.proposal for messages in shown if messages.proposal is not None),
        tuple(
            signed
            for messages in shown
            for votes in (messages.prevotes, messages.precommits)
            for signed in votes.sorted()
        ),
    )
