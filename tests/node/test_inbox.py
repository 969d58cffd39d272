"""The one queue: order of service, bounds per peer, timers, and its end."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from node.effects import Alarm, PeerJoined, PeerLeft, Timer
from node.inbox import PER_PEER_MAX, Asked, Class, Closed, Inbox, Told


def told(name: str, source: str = "") -> Told:
    return Told(PeerLeft(name), 0, source)


def taken(inbox: Inbox, count: int) -> list[str]:
    names = []
    for _ in range(count):
        item = inbox.take()
        assert isinstance(item, Told) and isinstance(item.given, PeerLeft)
        names.append(item.given.peer)
    return names


def test_vital_before_sync_before_questions_before_transactions_else_in_order() -> None:
    inbox = Inbox()
    for kind in reversed(Class):
        inbox.put(told(f"{kind.name} 1"), kind)
        inbox.put(told(f"{kind.name} 2"), kind)
    assert taken(inbox, 8) == [f"{kind.name} {n}" for kind in Class for n in (1, 2)]


def test_a_flood_of_one_peer_is_cut_and_delays_nobodys_vote() -> None:
    inbox = Inbox()
    took = [inbox.put(told("flood", "mallory"), Class.TRANSACTIONS) for _ in range(5_000)]
    assert took == [True] * PER_PEER_MAX + [False] * (5_000 - PER_PEER_MAX)
    assert inbox.dropped == 5_000 - PER_PEER_MAX
    assert inbox.put(told("vote", "ada"), Class.VITAL)
    assert inbox.put(told("payment", "ada"), Class.TRANSACTIONS)
    assert taken(inbox, 1) == ["vote"]


def test_a_flood_of_votes_leaves_room_for_the_votes_of_others() -> None:
    inbox = Inbox()
    while inbox.put(told("flood", "mallory"), Class.VITAL):
        pass
    assert inbox.put(told("vote", "ada"), Class.VITAL)
    assert taken(inbox, PER_PEER_MAX + 1)[-1] == "vote"


def test_a_full_class_of_a_peer_leaves_its_others_and_empties_again() -> None:
    inbox = Inbox()
    while inbox.put(told("flood", "ada"), Class.TRANSACTIONS):
        pass
    assert inbox.put(told("vote", "ada"), Class.VITAL)
    assert taken(inbox, 2) == ["vote", "flood"]
    assert inbox.put(told("again", "ada"), Class.TRANSACTIONS)
    assert not inbox.put(told("too many", "ada"), Class.TRANSACTIONS)


def test_what_has_no_source_is_not_counted() -> None:
    inbox = Inbox()
    assert all(inbox.put(told("mine"), Class.VITAL) for _ in range(PER_PEER_MAX + 10))


def test_a_timer_that_has_run_out_comes_before_everything() -> None:
    inbox = Inbox()
    inbox.put(told("vote"), Class.VITAL)
    late, soon = Timer("gossip", 2), Timer("round", 1)
    inbox.arm(late, 1)
    inbox.arm(soon, 0)
    first = inbox.take()
    assert isinstance(first, Told) and first.given == Alarm(soon)


def test_a_timer_is_waited_for() -> None:
    inbox = Inbox()
    timer = Timer("gap", 1)
    inbox.arm(timer, 5)
    found = inbox.take()
    assert isinstance(found, Told) and found.given == Alarm(timer)


def test_what_comes_while_waiting_is_taken() -> None:
    inbox = Inbox()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(inbox.take()))
    thread.start()
    item = Told(PeerJoined("ada", None), 0)
    inbox.put(item, Class.VITAL)
    thread.join(5)
    assert found == [item]


def test_a_closed_inbox_takes_nothing_and_cancels_who_waits() -> None:
    inbox = Inbox()
    answer: Future[object] = Future()
    done: Future[object] = Future()
    inbox.put(Asked(lambda: None, answer), Class.QUESTION)
    inbox.put(Told(PeerLeft("ada"), 0, done=done), Class.TRANSACTIONS)
    inbox.close()
    assert answer.cancelled() and done.cancelled()
    assert not inbox.put(told("late"), Class.VITAL)
    with pytest.raises(Closed):
        inbox.take()


def test_closing_wakes_who_waits() -> None:
    inbox = Inbox()
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(Closed):
            inbox.take()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    inbox.close()
    assert ended.wait(5)
