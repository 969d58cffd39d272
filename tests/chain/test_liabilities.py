"""The sum tree: everybody finds their own amount in the total, nobody learns another's."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chain.liabilities import Part, PiecePath, SumTree, check, powers_of, sum_of
from chain.money import CENTS_MAX

AMOUNTS = st.lists(st.integers(0, 10**9), max_size=24)


def part(number: int, amount: int) -> Part:
    return Part(sha256(b"salt %d" % number).digest()[:16], b"person %d" % number, amount)


def parts_of(amounts: list[int]) -> list[Part]:
    return [part(number, amount) for number, amount in enumerate(amounts)]


@given(AMOUNTS)
def test_each_finds_the_own_amount_in_the_total(amounts: list[int]) -> None:
    parts = parts_of(amounts)
    tree = SumTree(parts)
    assert tree.total == sum(amounts)
    for one in parts:
        assert check(tree.root, tree.total, tree.count, one, tree.prove(one))


@given(AMOUNTS)
def test_the_order_in_which_parts_come_says_nothing(amounts: list[int]) -> None:
    parts = parts_of(amounts)
    assert SumTree(parts).root == SumTree(reversed(parts)).root


@settings(max_examples=50)
@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=12), st.data())
def test_nothing_else_is_proved(amounts: list[int], data: st.DataObject) -> None:
    parts = parts_of(amounts)
    tree = SumTree(parts)
    one = data.draw(st.sampled_from(parts))
    paths = tree.prove(one)

    def holds(
        *,
        root: bytes = tree.root,
        total: int = tree.total,
        count: int = tree.count,
        of: Part = one,
        by: tuple[PiecePath, ...] = paths,
    ) -> bool:
        return check(root, total, count, of, by)

    assert holds()
    assert not holds(root=bytes(32))
    assert not holds(total=tree.total - 1) and not holds(total=tree.total + 1)
    assert not holds(count=tree.count + 1)
    assert not holds(of=Part(one.salt, one.body, one.amount + 1))
    assert not holds(of=Part(bytes(16), one.body, one.amount))
    assert not holds(of=Part(one.salt, b"somebody else", one.amount))
    assert not holds(by=paths[1:]) and not holds(by=(*paths, paths[0]))
    first = paths[0]
    assert not holds(by=(replace(first, index=first.index ^ 1), *paths[1:]))
    for number, sibling in enumerate(first.siblings):
        for other in (bytes(40), sibling[:32] + bytes(8), sibling[:-1], b"\xff" * 40):
            changed = (*first.siblings[:number], other, *first.siblings[number + 1 :])
            assert not holds(by=(replace(first, siblings=changed), *paths[1:]))
    longer = (*first.siblings, first.siblings[0])
    assert not holds(by=(replace(first, siblings=longer), *paths[1:]))


def test_a_sum_below_nothing_cannot_hide_in_the_tree() -> None:
    """Whoever owes 100 cannot show 60 by adding a node of minus 40: sums are above nothing, and
    as 8 bytes without a sign a minus is more than any total."""
    one = part(0, 100)
    minus = bytes(32) + (2**64 - 40).to_bytes(8, "big")
    path = PiecePath(2, 0, (minus,))
    assert not check(bytes(32), 60, 2, Part(one.salt, one.body, 4), (path,))


@pytest.mark.parametrize("amount", [-1, CENTS_MAX + 1])
def test_an_amount_that_cannot_be_makes_no_tree_and_no_proof(amount: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        SumTree([part(0, amount)])
    tree = SumTree([part(0, 1)])
    assert not check(tree.root, 1, 1, part(0, amount), ())


def test_more_in_all_than_amounts_can_count() -> None:
    with pytest.raises(ValueError, match="more in all"):
        SumTree([part(0, CENTS_MAX), part(1, 1)])


def test_one_part_is_counted_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        SumTree([part(0, 5), part(0, 5)])


def test_who_is_not_in_the_tree_gets_no_proof() -> None:
    tree = SumTree(parts_of([5, 9]))
    with pytest.raises(ValueError, match="not in the tree"):
        tree.prove(part(2, 5))


def test_nobody_is_owed_nothing() -> None:
    tree = SumTree([])
    assert (tree.total, tree.count) == (0, 0)
    assert check(tree.root, 0, 0, part(0, 0), ())


@given(st.integers(0, CENTS_MAX))
def test_powers_make_the_amount(amount: int) -> None:
    assert sum(1 << power for power in powers_of(amount)) == amount


def test_what_stands_beside_ones_own_piece_is_a_power_of_two_of_a_stranger() -> None:
    amounts = [12_345, 67_890, 4_242, 99, 100_001]
    parts = parts_of(amounts)
    tree = SumTree(parts)
    for one in parts:
        for path in tree.prove(one):
            beside = path.siblings[0]
            if path.index ^ 1 < tree.count:
                assert sum_of(beside).bit_count() == 1
            assert sum_of(beside) not in amounts


def test_the_place_of_a_piece_does_not_follow_from_whose_it_is() -> None:
    """Another salt, another place: an index that one person sees names nobody."""
    others = parts_of([1] * 50)
    places = {
        SumTree([*others, Part(bytes([salt]) * 16, b"me", 1)])
        .prove(Part(bytes([salt]) * 16, b"me", 1))[0]
        .index
        for salt in range(20)
    }
    assert len(places) > 10
