"""Candidates: whose fault a bad one is, what is timely, and that nothing is executed twice."""

from __future__ import annotations

import pytest

from chain.admission import Signatures
from chain.errors import Malformed
from chain.execution import Applied
from chain.money import Cents
from chain.transaction import Transaction
from node.candidates import Candidates, compact, timely
from node.messages import CompactBlock
from tests.chain import toy

NOW, PARENT = 1_000_000, 500_000
TIMELY = [
    ("at once", NOW, 0, True),
    ("3 s ahead", NOW + 3_000, 0, True),
    ("more than 3 s ahead", NOW + 3_001, 0, False),
    ("more than 3 s ahead in a late round: this side never widens", NOW + 3_001, 9, False),
    ("13 s behind", NOW - 13_000, 0, True),
    ("more than 13 s behind", NOW - 13_001, 0, False),
    ("23 s behind in round 1", NOW - 23_000, 1, True),
    ("more than 23 s behind in round 1", NOW - 23_001, 1, False),
    ("an hour behind in round 9: the slowest clock carries the chain", NOW - 3_600_000, 9, True),
]


@pytest.mark.parametrize(
    ("time_ms", "round", "good"), [t[1:] for t in TIMELY], ids=[t[0] for t in TIMELY]
)
def test_what_is_timely(time_ms: int, round: int, good: bool) -> None:
    assert timely(time_ms, NOW, PARENT, round) is good


def test_a_parent_ahead_of_our_clock_may_be_followed_by_one_millisecond() -> None:
    ahead = NOW + 3_600_000
    assert timely(ahead + 1, NOW, ahead, 0) and not timely(ahead + 2, NOW, ahead, 0)


def test_two_of_four_clocks_an_hour_off_and_the_slow_ones_find_a_quorum() -> None:
    clocks = [NOW, NOW, NOW + 3_600_000, NOW + 3_600_000]
    for round in range(12):
        judged = [timely(clocks[0], clock, PARENT, round) for clock in clocks]
        assert sum(judged) == (2 if round < 9 else 4)


class Proposed:
    """A block of two transactions made in one town, and the candidates of another like it."""

    def __init__(self) -> None:
        self.town = toy.Town(wijken=("W1", "W2", "W3", "W4"))
        give = toy.Give(toy.account_of("cem"), Cents(5))
        self.sent = [self.town.by(name, toy.call("give", give)) for name in ("anna", "ben")]
        self.applied: Applied = self.town.build(*self.sent)
        self.block = compact(self.applied.block, [each.wire_hash for each in self.sent])
        self.hash = self.applied.hash
        self.mine = Candidates(self.town.ledger, toy.RELEASE, Signatures())

    def find(self, wire_hash: bytes) -> Transaction | None:
        return next((each for each in self.sent if each.wire_hash == wire_hash), None)

    def change(self, **changed: object) -> CompactBlock:
        found: CompactBlock = toy.change(self.block, **changed)
        return found


@pytest.fixture
def made() -> Proposed:
    return Proposed()


def nobody(wire_hash: bytes) -> None:
    return None


def test_a_candidate_is_filled_from_the_pool(made: Proposed) -> None:
    assert made.mine.add(made.block, made.find) == (made.hash, ())
    assert made.mine.block(made.hash) == made.applied.block


def test_what_is_missing_is_named_by_place_and_filled_by_hash(made: Proposed) -> None:
    assert made.mine.add(made.block, nobody) == (made.hash, (0, 1))
    made.mine.fill(made.hash, [b"junk", made.sent[1].data])
    assert made.mine.missing(made.hash) == (0,) and made.mine.block(made.hash) is None
    made.mine.fill(made.hash, [made.sent[0].data])
    assert made.mine.missing(made.hash) == () and made.mine.applied(made.hash) is not None


def test_a_changed_body_is_the_peers_fault_and_no_verdict_on_the_block(made: Proposed) -> None:
    twice = (made.sent[0].wire_hash, made.sent[0].wire_hash)
    for bad, why in (
        (made.change(transactions=twice), "names a transaction twice"),
        (made.change(transactions=made.block.transactions[:1]), "do not fit the header"),
        (made.change(transactions=made.block.transactions[::-1]), "do not fit the header"),
        (made.change(evidence=(b"x",)), "evidence does not fit"),
    ):
        with pytest.raises(Malformed, match=why):
            made.mine.add(bad, made.find)
        assert made.hash not in made.mine
    assert made.mine.add(made.block, made.find) == (made.hash, ())
    assert made.mine.applied(made.hash) is not None


def test_a_candidate_for_another_height_is_the_peers_fault(made: Proposed) -> None:
    header = toy.change(made.block.header, height=7)
    with pytest.raises(Malformed, match="another height"):
        made.mine.add(made.change(header=header), made.find)


def test_an_invalid_block_is_a_verdict_with_a_reason(made: Proposed) -> None:
    header = toy.change(made.block.header, state=b"\x07" * 32)
    block_hash, _ = made.mine.add(made.change(header=header), made.find)
    assert made.mine.applied(block_hash) is None
    assert "'state' differs" in made.mine.why_invalid(block_hash)


def test_a_candidate_is_executed_once(made: Proposed) -> None:
    made.mine.add(made.block, made.find)
    assert made.mine.applied(made.hash) is made.mine.applied(made.hash)


def test_fresh_is_whose_turn_it_is_by_the_clock_when_it_came(made: Proposed) -> None:
    made.mine.add(made.block, made.find)
    seats = made.town.seats().following
    time_ms = made.block.header.time_ms
    turn = next(r for r in range(4) if seats[(1 + r) % 4].wijk == made.block.header.proposer)
    made.mine.received(made.hash, turn, time_ms)
    made.mine.received(made.hash, turn, time_ms + 90_000_000)
    assert made.mine.fresh(made.hash, turn, seats, time_ms + 90_000_000), "the first time counts"
    assert not made.mine.fresh(made.hash, turn + 1, seats, time_ms), "out of turn"
    assert not made.mine.fresh(made.hash, turn + 4, seats, time_ms - 3_001), "from the future"


def test_what_is_no_longer_backed_is_forgotten(made: Proposed) -> None:
    made.mine.add(made.block, made.find)
    made.mine.prune(lambda block_hash: block_hash == made.hash)
    assert [block_hash for block_hash, _ in made.mine.blocks(lambda _: True)] == [made.hash]
    made.mine.prune(lambda _: False)
    assert made.hash not in made.mine
