"""What one replica does with good and bad peers, at its seams."""

from __future__ import annotations

import pytest

from chain.certificate import NIL
from chain.kinds import Kind
from consensus.messages import Summary
from node.effects import (
    EXIT_FAILURE,
    EXIT_GUARD,
    Alarm,
    Committed,
    Log,
    Misbehaved,
    PeerJoined,
    Send,
    Sign,
    Stop,
    Submitted,
    Timer,
)
from node.messages import CertifiedBlocks, Signed, Standing, Transactions, Votes, WantBlocks
from tests.chain import toy
from tests.node.lone import Lone, vote, votes

BLOCK, OTHER = b"\x01" * 32, b"\x02" * 32


def standing(height: int) -> Standing:
    return Standing(Summary(height, 0, 0, ()), ())


def pay(lone: Lone) -> Submitted:
    lone.town.time_ms = lone.now_ms
    return Submitted((lone.town.by("anna", toy.call("work", toy.Work(1))),))


def test_one_seat_alone_commits_at_once() -> None:
    lone = Lone(("W0",))
    lone.give(pay(lone))
    assert [c.applied.block.header.height for c in lone.of(Committed)] == [1]
    assert lone.replica.height == 2 and lone.replica.ledger is lone.replica.store.ledger


def test_between_two_blocks_there_is_a_gap() -> None:
    lone = Lone(("W0",))
    lone.give(pay(lone))
    gap = lone.armed("gap")
    lone.give(pay(lone))
    assert not lone.of(Committed)
    lone.give(Alarm(gap))
    assert lone.of(Committed)


def test_nothing_is_signed_before_q_minus_1_seats_were_heard() -> None:
    lone = Lone()
    for wijk in ("W1", "W2"):
        lone.give(PeerJoined(wijk, wijk))
    lone.hear("W1", votes(vote(Kind.PREVOTE, 1, NIL)))
    lone.give(Alarm(Timer("round", 1, 0, 1)))
    lone.hear("W1", Signed(1, 0, (), ()))
    assert not lone.of(Sign) and not lone.replica.status().joined
    lone.hear("W2", Signed(1, 0, (), ()))
    assert lone.of(Sign) and lone.replica.status().joined


def test_one_bad_vote_spoils_the_message_and_nothing_of_it_is_taken_in() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    good, bad = vote(Kind.PREVOTE, 1, NIL), vote(Kind.PREVOTE, 2, NIL, by="W3")
    lone.hear("W1", votes(good, bad))
    assert lone.of(Misbehaved) == [Misbehaved("W1", "a vote with a bad signature")]
    assert not lone.sent(Votes)
    lone.hear("W2", votes(good))
    assert good in [v for message in lone.sent(Votes) for v in message.votes], "not lost"


def test_an_equivocator_is_heard_twice_and_no_more() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    passed_on = []
    for block in (NIL, BLOCK, OTHER, NIL, BLOCK):
        lone.hear("W1", votes(vote(Kind.PREVOTE, 3, block)))
        heard = [v for message in lone.sent(Votes) for v in message.votes]
        passed_on += [v.vote.block for v in heard if v.vote.seat == 3]
    assert passed_on == [NIL, BLOCK]


def test_a_liar_about_its_height_silences_a_seat_for_two_seconds_and_only_once() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    lone.hear("W3", standing(90))
    lone.give(PeerJoined("W3", "W3"))
    lone.hear("W3", standing(90))
    assert lone.sent(WantBlocks) == [WantBlocks(1)] and lone.replica.machine.silent
    assert lone.armed("catch_up").height == 1
    lone.give(Alarm(lone.armed("catch_up")))
    assert Log("peer_delivered_nothing", (("peer", "W3"), ("height", 1))) in lone.effects
    assert not lone.replica.machine.silent
    lone.hear("W3", standing(95))
    assert not lone.replica.machine.silent, "it has to deliver first"


def test_an_empty_answer_ends_the_silence_at_once() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    lone.give(PeerJoined("W3", "W3"))
    lone.hear("W3", standing(90))
    lone.hear("W3", CertifiedBlocks(()))
    assert not lone.replica.machine.silent


def test_our_key_in_other_hands_stops_the_node() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    lone.hear("W1", votes(vote(Kind.PREVOTE, 0, BLOCK)))
    [stop] = lone.of(Stop)
    assert stop.exit_code == EXIT_GUARD and "runs, or ran, elsewhere" in stop.reason
    assert lone.hear("W1", standing(1)) == [], "after a stop nothing is taken in"


def test_our_key_in_other_hands_signed_badly_is_the_peers_fault() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    lone.hear("W1", votes(vote(Kind.PREVOTE, 0, BLOCK, by="W1")))
    assert not lone.of(Stop) and lone.of(Misbehaved)


def test_without_its_log_a_seat_sends_again_what_its_guard_holds() -> None:
    lone = Lone()
    lone.join("W1", "W2")
    lone.hear("W1", votes(vote(Kind.PREVOTE, 1, NIL)))
    lone.give(Alarm(Timer("round", 1, 0, 1)))
    [ours] = [v for message in lone.sent(Votes) for v in message.votes if v.vote.seat == 0]
    lone.files["wal"] = b""
    lone.restart()
    lone.give(PeerJoined("W3", "W3"))
    lone.hear("W3", standing(1))
    assert ours in [v for message in lone.sent(Votes) for v in message.votes]


def test_a_damaged_log_stops_the_node_and_says_what_to_do() -> None:
    lone = Lone(("W0",))
    lone.give(pay(lone))
    log = bytearray(lone.files["wal"] * 2)
    log[12] ^= 1
    lone.files["wal"] = bytes(log)
    lone.restart()
    [stop] = lone.of(Stop)
    assert stop.exit_code == EXIT_FAILURE and "Move the file away" in stop.reason


def test_a_release_without_the_coming_rules_stops_before_them() -> None:
    lone = Lone(("W0",), block_gap_ms=0)
    lone.town.time_ms = lone.now_ms
    upgrade = toy.call("upgrade", toy.Upgrade(2, "toy", 2))
    lone.give(Submitted((lone.town.by("anna", upgrade),)))
    assert lone.of(Committed), "the block before is committed"
    assert [stop.exit_code for stop in lone.of(Stop)] == [EXIT_FAILURE]
    lone.restart()
    assert [stop.exit_code for stop in lone.of(Stop)] == [EXIT_FAILURE]
    lone.release = toy.RELEASE_2
    lone.restart()
    assert not lone.of(Stop)


@pytest.mark.parametrize("stranger", [None, "W9"])
def test_who_has_no_seat_is_no_witness(stranger: str | None) -> None:
    lone = Lone()
    for peer in ("a", "b", "c"):
        lone.give(PeerJoined(peer, stranger))
        lone.hear(peer, Signed(1, 0, (), ()))
    assert not lone.replica.status().joined


def test_what_waits_is_offered_to_who_joins() -> None:
    lone = Lone()
    lone.give(pay(lone))
    lone.give(PeerJoined("W1", "W1"))
    [offered] = lone.sent(Transactions)
    assert offered.transactions == tuple(lone.replica.mempool.oldest())
    assert all(isinstance(effect, Send) for effect in lone.effects[:2])
