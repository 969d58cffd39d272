"""One test for each line of Algorithm 1 (arXiv:1807.04938)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.certificate import NIL
from chain.kinds import Kind
from consensus.round import (
    Backed,
    CastVote,
    Committed,
    Event,
    Finish,
    OvertakenBy,
    Polka,
    PrecommitsFromAny,
    PrevotesFromAny,
    Propose,
    Proposed,
    Reproposed,
    RoundState,
    Stage,
    Started,
    StartTimer,
    TimedOut,
    Voted,
    step,
)

A, B = b"A" * 32, b"B" * 32
H = 4  # with four seats, seat 0 proposes in round 0
IDLE = RoundState(H, 4, 1)


def at(stage: Stage, round: int = 0, **fields: object) -> RoundState:
    return replace(IDLE, stage=stage, round=round, **fields)  # type: ignore[arg-type]


PROPOSE, PREVOTE, PRECOMMIT = (at(s) for s in (Stage.PROPOSE, Stage.PREVOTE, Stage.PRECOMMIT))


def prevoted(block: bytes) -> tuple[CastVote, ...]:
    return (CastVote(Kind.PREVOTE, block),)


def precommitted(block: bytes) -> tuple[CastVote, ...]:
    return (CastVote(Kind.PRECOMMIT, block),)


def test_l10_l21_a_height_starts_with_round_0_and_a_propose_timer() -> None:
    assert step(IDLE, Started()) == (PROPOSE, (StartTimer(Stage.PROPOSE),))


def test_l14_l18_the_proposer_asks_for_a_new_block() -> None:
    state, actions = step(replace(IDLE, me=0), Started())
    assert actions == (StartTimer(Stage.PROPOSE), Propose(None))
    assert state.stage is Stage.PROPOSE


def test_l15_l16_the_proposer_sends_its_valid_block_again() -> None:
    state = at(Stage.PRECOMMIT, valid=Backed(A, 0))
    after, actions = step(state, TimedOut(Stage.PRECOMMIT, H, 0))
    assert actions == (StartTimer(Stage.PROPOSE), Propose(Backed(A, 0)))
    assert (after.round, after.stage, after.valid) == (1, Stage.PROPOSE, Backed(A, 0))


def test_a_height_starts_once() -> None:
    assert step(PREVOTE, Started()) == (PREVOTE, ())


def test_l22_l24_an_acceptable_new_block_is_prevoted() -> None:
    assert step(PROPOSE, Proposed(A, True)) == (PREVOTE, prevoted(A))


def test_l26_a_block_that_is_not_acceptable_gets_nil() -> None:
    assert step(PROPOSE, Proposed(A, False)) == (PREVOTE, prevoted(NIL))


@pytest.mark.parametrize("locked, vote", [(Backed(A, 0), A), (Backed(B, 0), NIL)])
def test_l23_a_new_block_must_be_the_locked_one(locked: Backed, vote: bytes) -> None:
    state = at(Stage.PROPOSE, 1, locked=locked)
    after, actions = step(state, Proposed(A, True))
    assert actions == prevoted(vote)
    assert after.locked == locked


@pytest.mark.parametrize(
    "locked, valid_round, vote",
    [
        (None, 1, A),
        (Backed(B, 0), 1, A),  # lockedRound < vr
        (Backed(B, 1), 1, A),  # lockedRound = vr
        (Backed(B, 2), 1, NIL),  # lockedRound > vr
        (Backed(A, 2), 1, A),  # lockedValue = v
    ],
)
def test_l29_a_lock_gives_way_to_a_polka_no_older(
    locked: Backed | None, valid_round: int, vote: bytes
) -> None:
    state = at(Stage.PROPOSE, 3, locked=locked)
    after, actions = step(state, Reproposed(A, valid_round, True))
    assert actions == prevoted(vote)
    assert after.stage is Stage.PREVOTE and after.locked == locked


def test_l32_an_invalid_block_proposed_again_gets_nil() -> None:
    assert step(at(Stage.PROPOSE, 1), Reproposed(A, 0, False))[1] == prevoted(NIL)


@pytest.mark.parametrize("valid_round", [3, 4])
def test_l28_a_valid_round_must_be_an_earlier_one(valid_round: int) -> None:
    state = at(Stage.PROPOSE, 3)
    assert step(state, Reproposed(A, valid_round, True)) == (state, ())


def test_l34_the_prevote_timer_starts_once() -> None:
    after, actions = step(PREVOTE, PrevotesFromAny(0))
    assert actions == (StartTimer(Stage.PREVOTE),)
    assert step(after, PrevotesFromAny(0)) == (after, ())


def test_l36_l43_a_polka_in_the_prevote_stage_locks_and_precommits() -> None:
    after, actions = step(PREVOTE, Polka(A, 0))
    assert actions == precommitted(A)
    assert after.stage is Stage.PRECOMMIT
    assert after.locked == after.valid == Backed(A, 0)


def test_l42_a_late_polka_sets_valid_and_does_not_lock() -> None:
    after, actions = step(PRECOMMIT, Polka(A, 0))
    assert actions == ()
    assert (after.locked, after.valid) == (None, Backed(A, 0))


def test_l36_only_for_the_first_time() -> None:
    after, _ = step(PREVOTE, Polka(A, 0))
    assert step(after, Polka(A, 0)) == (after, ())


def test_l36_only_in_the_current_round() -> None:
    for stage in (Stage.PREVOTE, Stage.PRECOMMIT):
        assert step(at(stage, 1), Polka(A, 0)) == (at(stage, 1), ())


def test_l44_a_polka_for_nil_precommits_nil_and_never_unlocks() -> None:
    state = at(Stage.PREVOTE, 2, locked=Backed(A, 0), valid=Backed(A, 0))
    after, actions = step(state, Polka(NIL, 2))
    assert actions == precommitted(NIL)
    assert (after.locked, after.valid) == (Backed(A, 0), Backed(A, 0))


def test_l47_the_precommit_timer_starts_once_at_any_stage() -> None:
    for state in (PROPOSE, PREVOTE, PRECOMMIT):
        after, actions = step(state, PrecommitsFromAny(0))
        assert actions == (StartTimer(Stage.PRECOMMIT),)
        assert step(after, PrecommitsFromAny(0)) == (after, ())


def test_l49_a_block_is_decided_in_any_round_at_any_stage() -> None:
    for stage in (Stage.PROPOSE, Stage.PREVOTE, Stage.PRECOMMIT):
        after, actions = step(at(stage, 5), Committed(A, 2))
        assert actions == (Finish(A, 2),)
        assert after.stage is Stage.DECIDED


def test_l55_a_later_round_is_entered_an_earlier_one_never() -> None:
    after, actions = step(at(Stage.PRECOMMIT, 2, locked=Backed(A, 1)), OvertakenBy(6))
    assert (after.round, after.stage, after.locked) == (6, Stage.PROPOSE, Backed(A, 1))
    assert actions == (StartTimer(Stage.PROPOSE),)
    assert step(after, OvertakenBy(6)) == (after, ())


def test_l57_l61_l65_timers_move_on() -> None:
    assert step(PROPOSE, TimedOut(Stage.PROPOSE, H, 0)) == (PREVOTE, prevoted(NIL))
    assert step(PREVOTE, TimedOut(Stage.PREVOTE, H, 0)) == (PRECOMMIT, precommitted(NIL))
    for state in (PROPOSE, PREVOTE, PRECOMMIT):  # L66: height and round only
        after, _ = step(state, TimedOut(Stage.PRECOMMIT, H, 0))
        assert (after.round, after.stage) == (1, Stage.PROPOSE)


@pytest.mark.parametrize(
    "state, timer",
    [
        (PREVOTE, TimedOut(Stage.PROPOSE, H, 0)),
        (PRECOMMIT, TimedOut(Stage.PREVOTE, H, 0)),
        (PROPOSE, TimedOut(Stage.PREVOTE, H, 0)),
        (PROPOSE, TimedOut(Stage.PROPOSE, H, 1)),
        (PROPOSE, TimedOut(Stage.PROPOSE, H + 1, 0)),
        (PRECOMMIT, TimedOut(Stage.PRECOMMIT, H, 1)),
        (PRECOMMIT, TimedOut(Stage.PRECOMMIT, H - 1, 0)),
    ],
)
def test_l58_l62_l66_a_stale_timer_counts_for_nothing(state: RoundState, timer: Event) -> None:
    assert step(state, timer) == (state, ())


@pytest.mark.parametrize("stage", [Stage.PREVOTE, Stage.PRECOMMIT, Stage.DECIDED])
def test_one_prevotes_once_in_a_round(stage: Stage) -> None:
    """L22 and L28 cannot both fire: the second finds another stage (tendermint/spec#37)."""
    state = at(stage, 1)
    assert step(state, Proposed(A, True)) == (state, ())
    assert step(state, Reproposed(A, 0, True)) == (state, ())


@pytest.mark.parametrize(
    "event",
    [
        Started(),
        Proposed(A, True),
        Polka(A, 0),
        PrecommitsFromAny(0),
        Committed(B, 0),
        OvertakenBy(3),
        TimedOut(Stage.PRECOMMIT, H, 0),
        Voted(Kind.PRECOMMIT, 7, A),
    ],
)
def test_a_decision_is_final(event: Event) -> None:
    decided = at(Stage.DECIDED)
    assert step(decided, event) == (decided, ())


def test_our_own_precommit_is_a_lock() -> None:
    after, actions = step(PROPOSE, Voted(Kind.PRECOMMIT, 0, A))
    assert actions == ()
    assert (after.stage, after.locked) == (Stage.PRECOMMIT, Backed(A, 0))


def test_our_own_vote_of_a_later_round_takes_us_there() -> None:
    after, _ = step(PRECOMMIT, Voted(Kind.PREVOTE, 3, A))
    assert (after.round, after.stage, after.locked) == (3, Stage.PREVOTE, None)


def test_an_old_vote_of_ours_never_moves_us_back_nor_weakens_a_lock() -> None:
    state = at(Stage.PROPOSE, 5, locked=Backed(B, 4), valid=Backed(B, 4))
    assert step(state, Voted(Kind.PRECOMMIT, 2, A)) == (state, ())
