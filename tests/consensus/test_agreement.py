"""Properties: order of arrival does not matter, honest seats agree, and gossip heals the rest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.certificate import quorum, tolerated
from chain.kinds import Kind
from consensus import machine as m
from consensus.messages import SignedMessage
from tests.consensus.town import (
    NIL,
    A,
    B,
    Town,
    event,
    machine,
    precommit,
    prevote,
    proposal,
    vote,
)

MESSAGES: list[SignedMessage] = [
    proposal(A),
    proposal(A, 1, (0,)),
    *(prevote(A, seat) for seat in range(3)),
    prevote(NIL, 3),
    precommit(A, 0),
    precommit(NIL, 3),
    *(prevote(A, seat, 1) for seat in (0, 2, 3)),
    *(precommit(A, seat, 1) for seat in (0, 2, 3)),
]


@given(st.permutations(MESSAGES))
@settings(max_examples=200, deadline=None)
def test_the_same_messages_in_any_order_give_the_same_decision(order: list[SignedMessage]) -> None:
    observer = machine(None)
    decisions = []
    for message in order:
        for action in observer.handle(event(message)):
            if isinstance(action, m.Judge):
                more = observer.handle(m.BlockJudged(action.block, action.round, True, True))
                decisions += [a for a in more if isinstance(a, m.Decide)]
            elif isinstance(action, m.Decide):
                decisions.append(action)
    assert [d.block for d in decisions] == [A]
    assert observer.decided == (A, 1)
    certificate = observer.certificate_for(A)
    assert certificate is not None
    assert [s.seat for s in certificate.signatures] == [0, 2, 3]


@given(st.permutations(MESSAGES), st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_a_restart_anywhere_changes_no_decision(order: list[SignedMessage], cut: int) -> None:
    observer = machine(None)
    for number, message in enumerate(order):
        if number == cut:
            restored = machine(None)
            restored.restore(observer.snapshot())
            observer = restored
            judge_all(observer, observer.start())
        judge_all(observer, observer.handle(event(message)))
    assert observer.decided == (A, 1)


def judge_all(one: m.Machine, actions: tuple[m.Action, ...]) -> None:
    for action in actions:
        if isinstance(action, m.Judge):
            judge_all(one, one.handle(m.BlockJudged(action.block, action.round, True, True)))


def lies(data: st.DataObject, town: Town, liar: int) -> SignedMessage:
    """Anything a seat may sign: for a known block, an unknown one or nil, in any near round."""
    known = [s.proposal.block for s in town.sent if not hasattr(s, "vote")]
    kind = data.draw(st.sampled_from([Kind.PREVOTE, Kind.PRECOMMIT]))
    block = data.draw(st.sampled_from([NIL, B, *known]))
    return vote(kind, block, liar, data.draw(st.integers(0, 3)))


def disorder(data: st.DataObject, town: Town, liars: tuple[int, ...], moves: int) -> None:
    """Deliver, delay, lose, let timers run out and lie, in an order that Hypothesis chooses."""
    honest = [seat for seat in range(town.n) if seat not in liars]
    for _ in range(moves):
        move = data.draw(
            st.sampled_from(["deliver"] * 6 + ["all", "time out"] + ["lie"] * len(liars))
        )
        seat = data.draw(st.sampled_from(honest))
        if move == "deliver" and town.sent:
            town.hand(seat, data.draw(st.sampled_from(town.sent)))
        elif move == "all":
            for message in list(town.sent):
                town.hand(seat, message)
        elif move == "time out" and town.timers[seat]:
            town.time_out(seat, town.timers[seat].pop(0))
        elif move == "lie":
            town.hand(seat, lies(data, town, data.draw(st.sampled_from(liars))))
        town.agree()


def settle(town: Town, honest: list[int], rounds: int) -> None:
    """Good weather: summaries go round until nobody lacks anything, then timers run out."""
    for _ in range(rounds):
        if all(seat in town.decisions for seat in honest):
            return
        while True:
            before = [town.machines[seat].summary() for seat in honest]
            for giver in honest:
                for taker in honest:
                    town.gossip(giver, taker)
            if before == [town.machines[seat].summary() for seat in honest]:
                break
        due = [(seat, arm) for seat in honest for arm in town.timers[seat]]
        town.timers = [[] for _ in range(town.n)]
        for seat, arm in due:
            town.time_out(seat, arm)
        town.agree()


@given(st.data(), st.sampled_from([1, 4, 5, 7]))
@settings(max_examples=60, deadline=None)
def test_whatever_the_net_does_honest_seats_agree_and_then_decide(
    data: st.DataObject, n: int
) -> None:
    town = Town(n)
    for seat in range(n):
        town.start(seat)
    disorder(data, town, (), 40)
    settle(town, list(range(n)), 30)
    town.agree()
    assert len(town.decisions) == n


@given(st.data(), st.sampled_from([4, 7]))
@settings(max_examples=120, deadline=None)
def test_up_to_f_liars_that_then_fall_silent_stop_nobody(data: st.DataObject, n: int) -> None:
    """Two faces, votes for unknown blocks, and silence for ever after. A seat whose first sight
    of a liar's precommit was another one may miss the quorum; it gets block and certificate from
    any that decided, as every seat behind by a height does."""
    liars = tuple(range(n - tolerated(n), n))
    honest = [seat for seat in range(n) if seat not in liars]
    town = Town(n)
    for seat in honest:
        town.start(seat)
    disorder(data, town, liars, 60)
    settle(town, honest, 60)
    town.agree()
    assert town.decisions
    for certificate in town.decisions.values():
        assert len(certificate.signatures) >= quorum(n)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_nothing_is_decided_without_a_quorum(data: st.DataObject) -> None:
    town = Town(4)
    for seat in (0, 1):
        town.start(seat)
    for _ in range(20):
        seat = data.draw(st.sampled_from([0, 1]))
        for message in list(town.sent):
            town.hand(seat, message)
        if town.timers[seat]:
            town.time_out(seat, town.timers[seat].pop(0))
    assert not town.decisions
