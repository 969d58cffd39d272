from __future__ import annotations

import pytest

from chain.certificate import Certificate, quorum
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.kinds import Kind
from consensus import machine as m
from consensus.messages import RoundSummary, SignedMessage, SignedVote, Summary
from tests.consensus.town import (
    HEIGHT,
    NIL,
    TIMERS,
    A,
    B,
    C,
    event,
    machine,
    precommit,
    prevote,
    proposal,
    vote,
)


def feed(to: m.Machine, *messages: SignedMessage) -> list[m.Action]:
    return [action for message in messages for action in to.handle(event(message))]


def judged(block: bytes, round: int = 0, valid: bool = True, fresh: bool = True) -> m.BlockJudged:
    return m.BlockJudged(block, round, valid, fresh)


def votes(actions: list[m.Action] | tuple[m.Action, ...]) -> list[tuple[Kind, bytes, int]]:
    return [(a.kind, a.vote.block, a.vote.round) for a in actions if isinstance(a, m.SignVote)]


def of(kind: type[m.Action], actions: list[m.Action] | tuple[m.Action, ...]) -> list[m.Action]:
    return [action for action in actions if isinstance(action, kind)]


@pytest.mark.parametrize(
    "stage, round, expected",
    [
        (m.Stage.PROPOSE, 0, 2_000),
        (m.Stage.PROPOSE, 3, 3_500),
        (m.Stage.PREVOTE, 0, 1_000),
        (m.Stage.PRECOMMIT, 4, 3_000),
        (m.Stage.PROPOSE, 16, 10_000),
        (m.Stage.PRECOMMIT, 2**32 - 1, 10_000),
    ],
)
def test_timers_are_linear_and_capped(stage: m.Stage, round: int, expected: int) -> None:
    assert TIMERS.duration_ms(stage, round) == expected


def test_an_idle_machine_is_woken_by_a_message_of_its_height_only() -> None:
    idle = machine()
    assert idle.handle(event(vote(Kind.PREVOTE, A, 2, height=HEIGHT + 1))) == ()
    assert idle.handle(m.TimedOut(m.Stage.PROPOSE, HEIGHT, 0)) == ()
    assert not idle.started
    assert idle.handle(event(prevote(A, 2))) == (m.Arm(m.Stage.PROPOSE, HEIGHT, 0, 2_000),)
    assert idle.started


def test_a_verdict_is_asked_once() -> None:
    one = machine()
    assert of(m.Judge, feed(one, proposal(A))) == [m.Judge(A, HEIGHT, 0)]
    more = feed(one, proposal(A), prevote(A, 0), prevote(A, 2), prevote(A, 3), precommit(A, 0))
    assert of(m.Judge, more) == of(m.Fetch, more) == []


def test_a_vote_waits_for_the_verdict() -> None:
    one = machine()
    assert votes(feed(one, proposal(A))) == []
    assert votes(one.handle(judged(A))) == [(Kind.PREVOTE, A, 0)]


@pytest.mark.parametrize("valid, fresh", [(False, True), (False, False), (True, False)])
def test_invalid_or_not_fresh_gets_nil_at_once(valid: bool, fresh: bool) -> None:
    one = machine()
    feed(one, proposal(A))
    assert votes(one.handle(judged(A, 0, valid, fresh))) == [(Kind.PREVOTE, NIL, 0)]


def test_freshness_is_asked_again_in_a_later_round_validity_is_not() -> None:
    one = machine()
    feed(one, proposal(A))
    one.handle(judged(A))
    feed(one, prevote(A, 1), prevote(A, 0), prevote(A, 2), precommit(A, 1))
    assert one.locked == (A, 0)
    feed(one, prevote(NIL, 2, 2), prevote(NIL, 3, 2))
    assert one.round == 2
    again = feed(one, proposal(A, 2))  # as if it were new: vr = -1
    assert of(m.Judge, again) == [m.Judge(A, HEIGHT, 2)]
    assert votes(one.handle(judged(A, 2, fresh=False))) == [(Kind.PREVOTE, NIL, 2)]


def test_a_proposal_with_its_polka_needs_no_freshness() -> None:
    one = machine()
    feed(one, prevote(A, 0), prevote(A, 2), prevote(A, 3))
    feed(one, precommit(NIL, 0, 2), prevote(NIL, 3, 2))
    assert votes(feed(one, proposal(A, 2, (0,)))) == []
    assert votes(one.handle(judged(A, 2, fresh=False))) == [(Kind.PREVOTE, A, 2)]


def test_no_vote_without_the_polka_that_a_proposal_claims() -> None:
    one = machine()
    feed(one, prevote(A, 0), prevote(A, 2), precommit(NIL, 0, 2), prevote(NIL, 3, 2))
    feed(one, proposal(A, 2, (0,)))
    assert votes(one.handle(judged(A, 2))) == []
    assert votes(feed(one, prevote(A, 3))) == [(Kind.PREVOTE, A, 2)]


def test_the_proposer_prevotes_nil_when_its_signer_refuses() -> None:
    """A proposer that waits for its own proposal would halt a chain of one, two or three."""
    alone = machine(0, 1)
    asked = alone.start() + alone.handle(m.BlockBuilt(A, 0))
    assert len(of(m.SignProposal, asked)) == 1
    assert votes(alone.handle(m.TimedOut(m.Stage.PROPOSE, HEIGHT, 0))) == [(Kind.PREVOTE, NIL, 0)]
    feed(alone, prevote(NIL, 0), precommit(NIL, 0))
    after = alone.handle(m.TimedOut(m.Stage.PRECOMMIT, HEIGHT, 0))
    assert of(m.Build, after) == [m.Build(HEIGHT, 1)]


def test_a_block_built_for_a_round_that_has_passed_is_not_proposed() -> None:
    proposing = machine(0)
    proposing.start()
    feed(proposing, prevote(NIL, 2, 1), prevote(NIL, 3, 1))
    assert proposing.handle(m.BlockBuilt(A, 0)) == ()


def test_an_observer_decides_and_signs_nothing() -> None:
    observer = machine(None)
    seen = list(observer.start()) + feed(observer, proposal(A))
    seen += observer.handle(judged(A))
    seen += feed(observer, *(prevote(A, s) for s in range(3)), *(precommit(A, s) for s in range(3)))
    assert votes(seen) == [] and of(m.Decide, seen)


def test_a_certificate_grows_after_the_decision() -> None:
    one = machine(None)
    feed(one, proposal(A))
    one.handle(judged(A))
    assert one.certificate_for(A) is None
    (decide,) = of(m.Decide, feed(one, *(precommit(A, s) for s in (3, 0, 2))))
    assert isinstance(decide, m.Decide)
    assert [s.seat for s in decide.certificate.signatures] == [0, 2, 3]
    assert one.decided == (A, 0)
    assert feed(one, precommit(A, 1)) == []
    grown = one.certificate_for(A)
    assert isinstance(grown, Certificate) and len(grown.signatures) == 4
    assert one.certificate_for(B) is None


def test_precommits_of_two_rounds_do_not_add_up() -> None:
    one = machine(None)
    feed(one, proposal(A))
    one.handle(judged(A))
    assert not of(m.Decide, feed(one, precommit(A, 0), precommit(A, 2), precommit(A, 3, 1)))


def test_a_quorum_for_a_block_nobody_proposed_to_us_is_fetched_judged_and_decided() -> None:
    one = machine()
    seen = feed(one, *(precommit(A, s) for s in (0, 2, 3)))
    assert of(m.Fetch, seen) == [m.Fetch(A, HEIGHT, 0)]
    assert of(m.Judge, seen) == [m.Judge(A, HEIGHT, 0)]
    assert one.backed(A)
    assert of(m.Decide, one.handle(judged(A, 0, fresh=False)))


def test_diverged_once_and_silent_for_good() -> None:
    one = machine()
    feed(one, proposal(A))
    one.handle(judged(A, valid=False))
    seen = feed(one, prevote(NIL, 1), *(precommit(A, s) for s in (0, 2, 3)))
    assert of(m.Diverged, seen) == [m.Diverged(A)]
    assert one.silent and one.diverged and one.decided is None
    later = feed(one, proposal(B, 1), prevote(B, 0, 1), prevote(B, 2, 1), prevote(B, 3, 1))
    later += one.handle(judged(B, 1))
    later += one.handle(m.TimedOut(m.Stage.PRECOMMIT, HEIGHT, 0))
    assert not votes(later) and not of(m.Diverged, later) and not of(m.SignProposal, later)
    restored = machine()
    restored.restore(one.snapshot())
    again = restored.start()
    assert of(m.Diverged, again) == [m.Diverged(A)] and not votes(again)


def test_what_must_be_kept() -> None:
    one = machine()
    feed(one, proposal(A), proposal(C, 1))
    assert one.backed(A) and one.backed(C) and not one.backed(B)
    one.handle(judged(A))
    feed(one, prevote(NIL, 2, 1), prevote(NIL, 3, 1))
    assert one.round == 1 and not one.backed(A)
    assert one.handle(judged(A)) == ()  # forgotten; asked again if it comes back
    feed(one, prevote(NIL, 2, 3), prevote(NIL, 3, 3))
    assert of(m.Judge, feed(one, proposal(A, 3, (0,)))) == [m.Judge(A, HEIGHT, 3)]


def test_evidence_once_and_no_weight_for_the_second_vote() -> None:
    one = machine()
    feed(one, proposal(A))
    one.handle(judged(A))
    feed(one, prevote(A, 1), prevote(A, 0), prevote(NIL, 2))
    seen = feed(one, prevote(A, 2), prevote(A, 2), prevote(B, 2))
    assert len(of(m.Report, seen)) == 1
    assert one.locked is None
    assert len(of(m.Report, feed(one, proposal(B), proposal(C)))) == 1
    held = one.proposal_for(0)
    assert held is not None and held.proposal.block == A


def test_a_seat_far_ahead_holds_one_round_only() -> None:
    one = machine()
    one.start()
    for round in range(2, 500):
        feed(one, prevote(NIL, 3, round), precommit(NIL, 3, round))
    assert [r.round for r in one.summary().rounds] == [499]
    assert one.round == 0


def test_missing_is_what_the_summary_lacks() -> None:
    one, other = machine(None), machine(None)
    held = [proposal(A), prevote(A, 0), prevote(A, 2), precommit(NIL, 3), prevote(B, 1, 1)]
    feed(one, *held)
    feed(other, held[1], held[4])
    missing = one.missing(other.summary())
    assert sorted(map(encode, missing)) == sorted(encode(held[i]) for i in (0, 2, 3))
    feed(other, *missing)
    assert one.missing(other.summary()) == other.missing(one.summary()) == ()


def test_missing_refuses_a_bitmap_of_another_length() -> None:
    one = machine(None)
    with pytest.raises(Malformed):
        one.missing(Summary(HEIGHT, 0, 1, (RoundSummary(0, b"", b"", False),)))
    assert one.missing(Summary(HEIGHT + 1, 0, 1, ())) == ()


def test_an_answer_is_bounded_and_the_next_summary_brings_the_rest() -> None:
    n = 200
    one, other = machine(None, n), machine(None, n)
    for round in range(3):
        for seat in range(n):
            feed(one, prevote(NIL, seat, round), precommit(NIL, seat, round))
    counts = []
    for _ in range(5):
        messages = one.missing(other.summary())
        counts.append(len(messages))
        feed(other, *messages)
    assert max(counts) <= 512 and counts[-1] == 0
    assert other.summary() == one.summary()


def test_a_summary_stays_small_after_very_many_rounds() -> None:
    one = machine(None)
    for round in range(300):
        feed(one, *(vote(k, NIL, s, round) for k in (2, 3) for s in range(4)))  # type: ignore[arg-type]
        one.handle(m.TimedOut(m.Stage.PRECOMMIT, HEIGHT, round))
    summary = one.summary()
    assert len(summary.rounds) <= 64 and summary.rounds[-1].round == 299
    assert len(one.snapshot().votes) <= 8 * 8
    assert one.missing(summary) == ()


def test_a_snapshot_round_trips_and_is_bounded() -> None:
    one = machine()
    feed(one, proposal(A))
    one.handle(judged(A))
    feed(one, prevote(A, 1), prevote(A, 0), prevote(A, 2))
    snapshot = decode(m.MachineSnapshot, encode(one.snapshot()))
    assert snapshot.locked == snapshot.valid == ((A, 0),)
    other = machine()
    other.restore(snapshot)
    asked = other.start()
    assert votes(asked) == [(Kind.PRECOMMIT, A, 0)]  # asked for, and not seen back
    assert other.snapshot() == snapshot
    assert votes(feed(other, precommit(A, 1)) + list(other.start())) == []


def test_a_replayed_block_of_ours_is_proposed_again_and_only_once() -> None:
    """The write-ahead log holds BlockBuilt; the snapshot before it does not."""
    first = machine(0)
    first.start()
    snapshot = first.snapshot()
    second = machine(0)
    second.restore(snapshot)
    replayed = of(m.SignProposal, second.handle(m.BlockBuilt(A, 0)))
    assert len(replayed) == 1
    resumed = second.start()
    assert not of(m.Build, resumed) and of(m.SignProposal, resumed) == replayed
    assert second.handle(m.BlockBuilt(B, 0)) == () and second.backed(A)


def test_a_restart_asks_again_for_what_was_not_answered() -> None:
    first = machine()
    feed(first, proposal(A))
    second = machine()
    second.restore(first.snapshot())
    assert second.start() == (m.Arm(m.Stage.PROPOSE, HEIGHT, 0, 2_000), m.Judge(A, HEIGHT, 0))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 10, 50])
def test_a_quorum_decides_and_one_less_does_not(n: int) -> None:
    one = machine(None, n)
    feed(one, proposal(A, n=n))
    one.handle(judged(A))
    q = quorum(n)
    assert not of(m.Decide, feed(one, *(precommit(A, s) for s in range(q - 1))))
    assert of(m.Decide, feed(one, precommit(A, q - 1)))


def test_the_polka_of_a_round_goes_along_with_a_proposal() -> None:
    one = machine(None)
    feed(one, prevote(A, 2), prevote(NIL, 1), prevote(A, 0))
    assert [s.vote.seat for s in one.polka(0, A) if isinstance(s, SignedVote)] == [0, 2]
