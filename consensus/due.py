"""Which rule of the paper holds now, given the counted messages and the verdicts on blocks.

The paper lets several `upon` clauses hold at once and any of them go first. Here the order is
fixed: a decision, a later round, the prevote, a polka, the timers. Each rule that is returned
changes the state when it is applied, so that applying what is due ends.
"""

from __future__ import annotations

from chain.certificate import NIL
from consensus.messages import SignedProposal
from consensus.round import (
    Backed,
    Committed,
    Event,
    OvertakenBy,
    Polka,
    PrecommitsFromAny,
    PrevotesFromAny,
    Proposed,
    Reproposed,
    RoundState,
    Stage,
)
from consensus.tally import Tally
from consensus.verdicts import Verdicts


def due(state: RoundState, tally: Tally, verdicts: Verdicts) -> Event | None:
    """The next rule to apply, None if no rule holds that would change something."""
    if state.stage in (Stage.IDLE, Stage.DECIDED):
        return None
    for block, deciding in tally.committed():
        if verdicts.valid(block):
            return Committed(block, deciding)  # L49
    if (reached := tally.reached()) > state.round:
        return OvertakenBy(reached)  # L55
    held = tally.of(state.round)
    if state.stage is Stage.PROPOSE and held.proposal is not None:
        judged = _judged(held.proposal, tally, verdicts)
        if judged is not None:
            return judged  # L22, L28
    polka = held.prevotes.majority
    if polka is not None and (polka == NIL or verdicts.valid(polka)):
        first = state.stage is Stage.PREVOTE
        late = state.stage is Stage.PRECOMMIT and polka != NIL
        if (first or late) and not state.polka_seen:
            return Polka(polka, state.round)  # L36, L44
    in_prevote = state.stage is Stage.PREVOTE
    if in_prevote and held.prevotes.from_any and not state.prevotes_seen:
        return PrevotesFromAny(state.round)  # L34
    if held.precommits.from_any and not state.precommits_seen:
        return PrecommitsFromAny(state.round)  # L47
    return None


def _judged(signed: SignedProposal, tally: Tally, verdicts: Verdicts) -> Event | None:
    """L22 or L28, never both: a new block needs a fresh verdict, an old one its polka."""
    proposal = signed.proposal
    block, valid = proposal.block, verdicts.valid(proposal.block)
    if not proposal.valid_round:
        fresh = verdicts.fresh(block)
        if valid is False or (valid is not None and fresh is not None):
            return Proposed(block, valid and fresh is True)
    elif valid is not None and tally.proves(proposal.valid_round[0], block):
        return Reproposed(block, proposal.valid_round[0], valid)
    return None


def unjudged(state: RoundState, tally: Tally, verdicts: Verdicts) -> list[bytes]:
    """The blocks on whose verdict a rule waits: the proposal of this round (for a new block:
    also whether it is fresh), a polka of this round, q precommits of any round."""
    blocks = []
    if (signed := tally.proposal(state.round)) is not None:
        block = signed.proposal.block
        valid, fresh = verdicts.valid(block), verdicts.fresh(block)
        new_block = state.stage is Stage.PROPOSE and not signed.proposal.valid_round
        if valid is None or (valid and new_block and fresh is None):
            blocks.append(block)
    quorums = [block for block, _ in tally.committed()]
    if polka := tally.of(state.round).prevotes.majority:
        quorums.append(polka)
    return blocks + [block for block in quorums if verdicts.valid(block) is None]


def kept(state: RoundState, tally: Tally, decided: Backed | None) -> list[bytes]:
    """The blocks that may still be decided or proposed: precommitted by q seats, prevoted by q in
    this round, decided, locked, valid, proposed in this round or the next."""
    blocks = [block for block, _ in tally.committed()]
    if polka := tally.of(state.round).prevotes.majority:
        blocks.append(polka)
    blocks.extend(b.block for b in (state.locked, state.valid, decided) if b is not None)
    for near in (state.round, state.round + 1):
        if (signed := tally.proposal(near)) is not None:
            blocks.append(signed.proposal.block)
    return blocks
