"""Replay numbers: each used once, whatever the order, counted exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.numbers import Numbers
from chain.transaction import AccountActor, Actor, KeyActor

ADA = AccountActor(bytes(20), 0)


@given(st.lists(st.integers(1, 40), max_size=120))
def test_a_number_is_new_exactly_once(numbers: list[int]) -> None:
    books, used = Numbers(), set[int]()
    for number in numbers:
        assert books.use(ADA, number) == (number not in used)
        used.add(number)


def test_keys_and_accounts_count_for_themselves() -> None:
    books = Numbers()
    others: list[Actor] = [
        AccountActor(bytes(20), 1),
        AccountActor(b"\1" * 20, 0),
        KeyActor(bytes(32)),
    ]
    assert all(books.use(actor, 7) for actor in (ADA, *others))
    assert not any(books.use(actor, 7) for actor in (ADA, *others))
