"""Summaries: which messages of a height a node holds, and what its peer then sends.

The paper assumes that what one correct process receives, all do. A node passes on any message it
takes in, and repeats its summary on each step and every 2 s; the peer answers with what is
missing. A connected graph is then enough, and a vote shown to one node only reaches all.
"""

from __future__ import annotations

from chain.kinds import Kind
from consensus.messages import (
    ROUNDS_MAX,
    RoundSummary,
    SignedMessage,
    SignedVote,
    Summary,
    bitmap,
    check_summary,
    has,
)
from consensus.round import Stage
from consensus.tally import RoundMessages, Tally

MISSING_MAX = 512
"""Messages in one answer. The next summary brings the next."""


def summary(tally: Tally, height: int, round: int, stage: Stage) -> Summary:
    """The newest ROUNDS_MAX rounds, of those up to `round` + 1 or with a far message, and the
    round that the current proposal claims a polka in.

    While that claim is unproven only prevotes for the claimed block are shown there, so that
    peers send the others again: a seat may have shown us another prevote first.
    """
    claim = _open_claim(tally, round)
    listed = tally.rounds()[1 - ROUNDS_MAX :]
    if claim is not None and claim[0] not in listed:
        listed = sorted([claim[0], *listed])
    rounds = []
    for r in listed:
        held = tally.of(r)
        prevotes = sorted(held.prevotes.by_seat)
        if claim is not None and r == claim[0]:
            second = held.claimed.get(claim[1], {})
            prevotes = [
                seat
                for seat in prevotes
                if held.prevotes.by_seat[seat].vote.block == claim[1] or seat in second
            ]
        precommits = bitmap(sorted(held.precommits.by_seat), tally.n)
        proposed = held.proposal is not None
        rounds.append(RoundSummary(r, bitmap(prevotes, tally.n), precommits, proposed))
    return Summary(height, round, stage, tuple(rounds))


def missing(tally: Tally, summary: Summary) -> tuple[SignedMessage, ...]:
    """What the peer would keep and does not hold: the round of a decision first, then the
    newest rounds down. Raises Malformed if the summary is not one for n seats."""
    check_summary(summary, tally.n)
    listed = {r.round: r for r in summary.rounds}
    nothing = bitmap((), tally.n)
    deciding = [r for _, r in tally.committed()]
    older_untold = len(summary.rounds) >= ROUNDS_MAX - 1
    floor = summary.rounds[1 - ROUNDS_MAX].round if older_untold else 0
    order = deciding + [r for r in reversed(tally.rounds()) if r not in deciding]
    found: list[SignedMessage] = []
    for r in order:
        told = listed.get(r)
        if told is None:
            if r < floor and r not in deciding:
                continue
            told = RoundSummary(r, nothing, nothing, False)
        found.extend(_lacking(tally, tally.of(r), told, far=r > summary.round + 1))
        if len(found) >= MISSING_MAX:
            break
    return tuple(found[:MISSING_MAX])


def _lacking(
    tally: Tally, held: RoundMessages, told: RoundSummary, far: bool
) -> list[SignedMessage]:
    """Of one round. Far above its own, a peer keeps only the highest round of each seat."""

    def useful(seat: int) -> bool:
        return not far or tally.highest(seat) == told.round

    found: list[SignedMessage] = []
    proposal = held.proposal
    if proposal is not None and not told.proposal and useful(proposal.proposal.seat):
        found.append(proposal)
    votes: list[SignedVote] = [*held.prevotes.sorted(), *held.precommits.sorted()]
    for block in sorted(held.claimed):
        votes.extend(held.claimed[block][seat] for seat in sorted(held.claimed[block]))
    for signed in votes:
        bits = told.prevotes if signed.kind == Kind.PREVOTE else told.precommits
        if not has(bits, signed.vote.seat) and useful(signed.vote.seat):
            found.append(signed)
    return found


def _open_claim(tally: Tally, round: int) -> tuple[int, bytes] | None:
    """The (valid round, block) that the current proposal claims a polka for, if unproven."""
    signed = tally.proposal(round)
    if signed is None or not signed.proposal.valid_round:
        return None
    claim = signed.proposal.valid_round[0], signed.proposal.block
    return None if tally.proves(*claim) else claim
