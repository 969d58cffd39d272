"""Before its first signature a restarted seat hears what the others hold of its key."""

from __future__ import annotations

import pytest

from chain import crypto
from chain.certificate import NIL
from chain.kinds import Kind
from node.messages import Signed
from node.rejoin import PATIENCE_TICKS, KeyUsedElsewhere, Rejoin
from node.signer import Signer, first_record
from tests.chain import toy
from tests.node.lone import WIJKEN, vote

KEY = crypto.public_key(toy.seed("seat W0"))
SEATS = tuple(toy.seat(wijk) for wijk in WIJKEN)
NOTHING = Signed(1, 0, (), ())


def signer() -> Signer:
    return Signer(toy.CHAIN, 0, KEY, first_record(toy.CHAIN, 0, KEY))


def begun() -> Rejoin:
    rejoin = Rejoin()
    rejoin.begin(SEATS, 0, signer())
    return rejoin


def hear(rejoin: Rejoin, wijk: str, answer: Signed = NOTHING) -> bool:
    rejoin.answer(wijk, answer, 1, SEATS, 0, signer())
    return rejoin.done


def test_q_minus_1_others_are_enough() -> None:
    rejoin = begun()
    assert not hear(rejoin, "W1") and hear(rejoin, "W2")


COUNT_FOR_NOTHING = [
    ("the same again", "W1", NOTHING),
    ("ourselves", "W0", NOTHING),
    ("a stranger", "W9", NOTHING),
    ("of a lower height", "W2", Signed(0, 0, (), ())),
    ("of a higher height", "W2", Signed(2, 0, (), ())),
    ("of another seat", "W2", Signed(1, 3, (), ())),
]


@pytest.mark.parametrize(
    ("wijk", "answer"),
    [c[1:] for c in COUNT_FOR_NOTHING],
    ids=[c[0] for c in COUNT_FOR_NOTHING],
)
def test_what_counts_for_nothing(wijk: str, answer: Signed) -> None:
    rejoin = begun()
    hear(rejoin, "W1")
    assert not hear(rejoin, wijk, answer)


def test_a_new_height_begins_to_count_anew() -> None:
    rejoin = begun()
    hear(rejoin, "W1")
    rejoin.begin(SEATS, 0, signer())
    assert not hear(rejoin, "W2") and hear(rejoin, "W3")


def test_having_joined_lasts() -> None:
    rejoin = begun()
    hear(rejoin, "W1"), hear(rejoin, "W2")
    rejoin.begin(SEATS, 0, signer())
    assert rejoin.done


def test_without_a_seat_or_alone_nothing_is_waited_for_and_that_does_not_last() -> None:
    for seats, me in ((SEATS, None), (SEATS[:1], 0)):
        rejoin = Rejoin()
        rejoin.begin(seats, me, signer())
        assert rejoin.done
        rejoin.begin(SEATS, 0, signer())
        assert not rejoin.done, "a height that was synced had other seats"


def test_our_key_elsewhere_is_said_in_words() -> None:
    foreign = Signed(1, 0, (), (vote(Kind.PREVOTE, 0, NIL),))
    with pytest.raises(KeyUsedElsewhere, match="height 1, round 0, but not on this machine"):
        hear(begun(), "W1", foreign)


def test_a_bad_signature_accuses_nobody() -> None:
    assert not hear(begun(), "W1", Signed(1, 0, (), (vote(Kind.PREVOTE, 0, NIL, by="W1"),)))


TICKS = [
    ("the only neighbour was heard and knows the rest", ("W1",), ("W1", "W2"), True),
    ("the neighbour knows nobody", ("W1",), ("W1",), False),
    ("a neighbour was not heard", ("W1", "W3"), ("W1", "W2", "W3"), False),
    ("nobody is connected", (), (), False),
]


@pytest.mark.parametrize(
    ("connected", "reached", "joined"), [t[1:] for t in TICKS], ids=[t[0] for t in TICKS]
)
def test_at_the_end_of_a_line_the_neighbours_speak_for_those_behind_them(
    connected: tuple[str, ...], reached: tuple[str, ...], joined: bool
) -> None:
    rejoin = begun()
    hear(rejoin, "W1")
    for _ in range(PATIENCE_TICKS):
        rejoin.tick(SEATS, 0, connected, reached)
        assert not rejoin.done
    rejoin.tick(SEATS, 0, connected, reached)
    assert rejoin.done is joined
