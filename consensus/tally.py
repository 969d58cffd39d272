"""The messages of one height, counted.

The first vote of a seat for a (round, kind) counts. A second, different one is evidence and has
no weight, with one exception that liveness needs: a proposal that names a valid round *claims* q
prevotes for its block in that round, and a seat may have shown us another prevote first. Were
its prevote for the claimed block refused for ever, one seat that prevotes twice and then falls
silent could stop a chain of four. So such a prevote is kept beside the first and counts in the
proof of that claim (L28), nowhere else. The paper counts it everywhere; quorums meet in a
correct seat either way.

Memory per seat: the rounds up to the current one plus one, and above that only its highest
round. A seat that is in a round has passed the earlier ones, so f + 1 seats "in a later round"
(L55) are counted at the highest round that f + 1 of them have reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chain.certificate import Certificate, SeatSignature, quorum, tolerated
from chain.kinds import Kind
from consensus.evidence import Evidence, conflict
from consensus.messages import SignedProposal, SignedVote
from consensus.round import Backed


class VoteSet:
    """One vote per seat, of one kind, in one round."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._counts: dict[bytes, int] = {}
        self.by_seat: dict[int, SignedVote] = {}
        self.majority: bytes | None = None
        """What q seats voted for: a block, or NIL; None while there is no such quorum."""

    def add(self, signed: SignedVote) -> None:
        block = signed.vote.block
        self.by_seat[signed.vote.seat] = signed
        self._counts[block] = self._counts.get(block, 0) + 1
        if self._counts[block] >= self._needed:
            self.majority = block

    def drop(self, seat: int) -> None:
        signed = self.by_seat.pop(seat, None)
        if signed is not None:
            self._counts[signed.vote.block] -= 1
            if self.majority == signed.vote.block:
                self.majority = None

    def count(self, block: bytes) -> int:
        return self._counts.get(block, 0)

    @property
    def from_any(self) -> bool:
        """Did q seats vote, whatever for?"""
        return len(self.by_seat) >= self._needed

    def sorted(self) -> tuple[SignedVote, ...]:
        return tuple(self.by_seat[seat] for seat in sorted(self.by_seat))


@dataclass(slots=True)
class RoundMessages:
    """What is held of one round."""

    prevotes: VoteSet
    precommits: VoteSet
    proposal: SignedProposal | None = None
    claimed: dict[bytes, dict[int, SignedVote]] = field(default_factory=dict)
    """Per block that a later proposal claims a polka for: second prevotes for it, by seat."""
    accused: set[tuple[int, int]] = field(default_factory=set)
    """(kind, seat) for which evidence was given out."""

    def votes(self, kind: int) -> VoteSet:
        return self.prevotes if kind == Kind.PREVOTE else self.precommits


class Tally:
    """Proposals and votes of one height for n seats. Signatures were checked by the caller."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.needed = quorum(n)
        self._rounds: dict[int, RoundMessages] = {}
        self._highest = [-1] * n
        self._committed: dict[bytes, int] = {}

    def add_vote(self, signed: SignedVote, current: int) -> Evidence | None:
        """Count a vote; the evidence if its seat voted otherwise before, once per place."""
        vote = signed.vote
        if not self._admit(vote.seat, vote.round, current):
            return None
        held = self._at(vote.round)
        votes = held.votes(signed.kind)
        first = votes.by_seat.get(vote.seat)
        if first is None:
            votes.add(signed)
            if signed.kind == Kind.PRECOMMIT and votes.majority:
                self._committed.setdefault(votes.majority, vote.round)
            return None
        if first.vote == vote:
            return None
        if signed.kind == Kind.PREVOTE and self._is_claimed(vote.round, vote.block):
            held.claimed.setdefault(vote.block, {}).setdefault(vote.seat, signed)
        return self._accuse(held, signed.kind, vote.seat, conflict(first, signed))

    def add_proposal(self, signed: SignedProposal, current: int) -> Evidence | None:
        """Keep the first proposal of a round; the evidence if its seat sends another."""
        proposal = signed.proposal
        if any(valid_round >= proposal.round for valid_round in proposal.valid_round):
            return None
        if not self._admit(proposal.seat, proposal.round, current):
            return None
        held = self._at(proposal.round)
        if held.proposal is not None:
            evidence = conflict(held.proposal, signed)
            return self._accuse(held, Kind.BLOCK_PROPOSAL, proposal.seat, evidence)
        held.proposal = signed
        return None

    def rounds(self) -> list[int]:
        """The rounds of which something is held, in order."""
        return sorted(
            round
            for round, held in self._rounds.items()
            if held.proposal or held.prevotes.by_seat or held.precommits.by_seat
        )

    def of(self, round: int) -> RoundMessages:
        """What is held of a round; empty if nothing is."""
        held = self._rounds.get(round)
        return held if held is not None else self._empty()

    def proposal(self, round: int) -> SignedProposal | None:
        return self.of(round).proposal

    def proves(self, round: int, block: bytes) -> bool:
        """Are q prevotes for this block in this round here (L28)? Counts claimed second votes."""
        held = self.of(round)
        return held.prevotes.count(block) + len(held.claimed.get(block, {})) >= self.needed

    def prevotes_for(self, block: bytes, round: int) -> tuple[SignedVote, ...]:
        """Those that `proves` counts, sorted by seat."""
        held = self.of(round)
        found = dict(held.claimed.get(block, {}))
        found.update((s, v) for s, v in held.prevotes.by_seat.items() if v.vote.block == block)
        return tuple(found[seat] for seat in sorted(found))

    def committed(self) -> list[tuple[bytes, int]]:
        """Blocks with q precommits in one round, with the first such round to be complete here.

        More than one block would mean that more than f seats lie.
        """
        return sorted(self._committed.items())

    def certificate(self, height: int, decided: Backed) -> Certificate:
        """Every precommit held for this block in this round, sorted by seat."""
        votes = self.of(decided.round).precommits.sorted()
        signatures = tuple(
            SeatSignature(signed.vote.seat, signed.signature)
            for signed in votes
            if signed.vote.block == decided.block
        )
        return Certificate(height, decided.round, decided.block, signatures)

    def reached(self) -> int:
        """The highest round that f + 1 seats are in or past; -1 if fewer were heard (L55)."""
        return sorted(self._highest, reverse=True)[tolerated(self.n)]

    def highest(self, seat: int) -> int:
        """The highest round in which this seat was heard, -1 if never."""
        return self._highest[seat]

    def names(self, block: bytes) -> bool:
        """Does a proposal that is held name this block?"""
        return any(
            held.proposal is not None and held.proposal.proposal.block == block
            for held in self._rounds.values()
        )

    def _is_claimed(self, round: int, block: bytes) -> bool:
        """Does a held proposal name this block with this valid round?"""
        return any(
            held.proposal is not None
            and held.proposal.proposal.block == block
            and held.proposal.proposal.valid_round == (round,)
            for held in self._rounds.values()
        )

    def _admit(self, seat: int, round: int, current: int) -> bool:
        """Keep the bound: above current + 1 only the highest round of each seat."""
        if not 0 <= seat < self.n:
            return False
        known = self._highest[seat]
        if round > current + 1:
            if round < known:
                return False
            if current + 1 < known < round:
                self._drop(seat, known)
        self._highest[seat] = max(known, round)
        return True

    def _drop(self, seat: int, round: int) -> None:
        held = self._rounds.get(round)
        if held is None:
            return
        held.prevotes.drop(seat)
        held.precommits.drop(seat)
        if held.proposal is not None and held.proposal.proposal.seat == seat:
            held.proposal = None
        if not (held.proposal or held.prevotes.by_seat or held.precommits.by_seat):
            del self._rounds[round]

    def _accuse(
        self, held: RoundMessages, kind: int, seat: int, evidence: Evidence | None
    ) -> Evidence | None:
        if evidence is None or (kind, seat) in held.accused:
            return None
        held.accused.add((kind, seat))
        return evidence

    def _at(self, round: int) -> RoundMessages:
        held = self._rounds.get(round)
        if held is None:
            held = self._rounds[round] = self._empty()
        return held

    def _empty(self) -> RoundMessages:
        return RoundMessages(VoteSet(self.needed), VoteSet(self.needed))
