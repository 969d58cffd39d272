"""Change of rules at a height: contract versions, the protocol, and the seats."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.admission import Signatures
from chain.certificate import Seat, seats_hash, tolerated
from chain.contract import ContractMoved, ReleaseTooOld
from chain.errors import Malformed
from chain.execution import apply_block
from chain.rules import (
    ACTIVATIONS,
    HERE,
    SEAT_CHANGES,
    SEAT_SETS,
    SeatChange,
    SeatSets,
    move_seats,
    queue_seat_change,
    version_of,
)
from chain.state import Draft
from tests.chain.toy import (
    RELEASE,
    RELEASE_2,
    SMALL_BYTES,
    Carry,
    Move,
    Nothing,
    Town,
    Upgrade,
    Write,
    call,
    change,
    seat,
)


def test_a_contract_version_holds_from_its_height_on() -> None:
    town = Town(release=RELEASE_2)
    town.block(town.by("anna", call("upgrade", Upgrade(3, "toy", 2))))
    old, new = call("write", Write("a", 1)), call("write", Write("a", 1), version=2)
    early = town.block(town.by("anna", new), town.by("anna", old))
    assert [r.refusal[0].code if r.refusal else 0 for r in early.receipts] == [
        ContractMoved.code,
        0,
    ]
    late = town.block(town.by("anna", old), town.by("anna", new))
    (refusal,) = late.receipts[0].refusal
    assert (refusal.code, refusal.values) == (ContractMoved.code, ("toy", 1, 2))
    assert late.receipts[1].refusal == ()
    entry = town.entry("a")
    assert entry is not None and entry.by == "v2"
    assert list(town.ledger.scan(ACTIVATIONS)) == [] and version_of(town.ledger, "toy") == 2


def test_the_protocol_selects_what_parses_from_its_height_on() -> None:
    town = Town(release=RELEASE_2)
    town.block(town.by("anna", call("upgrade", Upgrade(3, "protocol", 2))))
    long = (call("carry", Carry((call("write", Write("n" * 32, 1)),) * 6)),)
    assert len(town.by("anna", *long).data) > SMALL_BYTES
    second = town.block(town.by("anna", *long))
    assert second.block.header.protocol == 1
    good = town.build(town.by("anna", call("write", Write("a", 1))))
    assert good.block.header.protocol == 2
    too_long = change(good.block, transactions=(town.by("anna", *long).data,))
    with pytest.raises(Malformed, match="at most"):
        town.judge(replace(good, block=too_long))
    town.commit(town.judge(good))
    assert town.block().block.header.protocol == 2


@pytest.mark.parametrize("name", ["toy", "protocol"])
def test_a_release_that_lacks_a_version_stops_before_its_height(name: str) -> None:
    town = Town(release=RELEASE_2)
    town.block(town.by("anna", call("upgrade", Upgrade(3, name, 2))))
    second = town.build()
    judged = apply_block(town.ledger.parent(), second.block, RELEASE, town.ledger, Signatures())
    town.commit(judged)
    third = town.build()
    with pytest.raises(ReleaseTooOld, match=f"{name} version 2") as stopped:
        town.judge(third, RELEASE)
    assert stopped.value.height == 3 and stopped.value.missing == (f"{name} version 2",)
    town.commit(town.judge(third))
    with pytest.raises(ReleaseTooOld):
        town.judge(town.build(), RELEASE)


# Seats.


def test_a_new_seat_decides_two_heights_after_the_decision() -> None:
    town = Town(wijken=("W1", "W2"))
    new = seat("W3")
    town.block(town.by("anna", call("move", Move("W3", (new,)))))  # height 1
    two = (seat("W1"), seat("W2"))
    three = (*two, new)
    assert town.seats() == SeatSets(two, two, three)
    second = town.block().block.header
    assert (second.seats, second.next_seats) == (seats_hash(two), seats_hash(three))
    third = town.block().block.header
    assert (third.seats, third.next_seats) == (seats_hash(three), seats_hash(three))
    assert town.seats() == SeatSets(three, three, three)
    town.block()  # its parent certificate needs the new quorum


def seats_of(*wijken: str) -> tuple[Seat, ...]:
    return tuple(Seat(wijk, bytes(32)) for wijk in sorted(wijken))


def drafted(*wijken: str) -> Draft:
    draft = Draft(Nothing())
    seats = seats_of(*wijken)
    draft.put(SEAT_SETS, HERE, SeatSets(seats, seats, seats))
    return draft


def step(draft: Draft) -> str:
    return " ".join(seat.wijk for seat in move_seats(draft).after)


def add(draft: Draft, *wijken: str) -> None:
    for wijk in wijken:
        queue_seat_change(draft, SeatChange(wijk, (Seat(wijk, bytes(32)),)))


def drop(draft: Draft, *wijken: str) -> None:
    for wijk in wijken:
        queue_seat_change(draft, SeatChange(wijk, ()))


def test_seats_change_one_by_one_while_few_may_fail() -> None:
    draft = drafted("a")
    add(draft, "d", "c", "b")
    assert [step(draft) for _ in range(4)] == ["a d", "a c d", "a b c d", "a b c d"]


def test_with_seven_seats_two_may_change_at_once() -> None:
    draft = drafted(*"abcdefg")
    drop(draft, "a", "b", "c")
    assert [step(draft) for _ in range(2)] == ["c d e f g", "d e f g"]


def test_a_change_that_changes_nothing_uses_no_place() -> None:
    draft = drafted(*"abcd")
    add(draft, "a")
    drop(draft, "z")
    drop(draft, "b")
    assert step(draft) == "a c d"
    assert list(draft.scan(SEAT_CHANGES)) == []


def test_a_new_key_keeps_its_place_in_the_order() -> None:
    draft = drafted(*"abc")
    queue_seat_change(draft, SeatChange("b", (Seat("b", bytes([1]) * 32),)))
    assert move_seats(draft).after == (
        Seat("a", bytes(32)),
        Seat("b", bytes([1]) * 32),
        Seat("c", bytes(32)),
    )


def test_the_last_seat_leaves_only_when_another_has_come() -> None:
    draft = drafted("a")
    drop(draft, "a")
    assert [step(draft) for _ in range(3)] == ["a", "a", "a"]
    add(draft, "a")  # decided after the removal, so it waits with it
    add(draft, "b")
    assert [step(draft) for _ in range(4)] == ["a b", "b", "a b", "a b"]


@given(
    st.sets(st.sampled_from("abcdefghij"), min_size=1),
    st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefghij")), max_size=25),
)
def test_seats_never_vanish_nor_change_too_fast(
    start: set[str], changes: list[tuple[bool, str]]
) -> None:
    draft = drafted(*start)
    for adds, wijk in changes:
        (add if adds else drop)(draft, wijk)
    sets = draft.find(SEAT_SETS, HERE)
    assert sets is not None
    for _ in range(len(changes) + 1):
        before, sets = sets, move_seats(draft)
        assert (sets.current, sets.following) == (before.following, before.after)
        old = {s.wijk for s in before.after}
        new = {s.wijk for s in sets.after}
        assert new and len(old ^ new) <= max(1, tolerated(len(old)))
        assert list(sets.after) == sorted(sets.after, key=lambda s: s.wijk)
    waiting = {change.wijk for _, change in draft.scan(SEAT_CHANGES)}
    assert waiting in (set(), new)  # only the removal of the last seat still waits
