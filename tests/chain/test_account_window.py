"""The replay window, as RFC 4303 (3.4.3 and appendix A2) tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.account import (
    EMPTY_PURSE,
    NUMBER_STEP_MAX,
    WINDOW,
    NumberTooFar,
    NumberTooOld,
    Purse,
    Replayed,
    Window,
    use_number,
    window_of,
    with_window,
)
from chain.errors import Inadmissible

FRESH = Window(1, 0, 1)


def used(*numbers: int) -> Window:
    window = FRESH
    for number in numbers:
        window = use_number(window, number)
    return window


TABLE: list[tuple[str, tuple[int, ...], int, type[Inadmissible] | tuple[int, int]]] = [
    ("the first number", (), 1, (1, 0b11)),
    ("a first number with a gap", (), 5, (5, 0b100001)),
    ("the next", (1,), 2, (2, 0b111)),
    ("again", (1,), 1, Replayed),
    ("again, lower than the highest", (1, 9), 1, Replayed),
    ("a gap filled later", (1, 9), 4, (9, 0b1100100001)),
    ("number 0, which counts as used", (5,), 0, Replayed),
    ("the last place of the window", (64,), 1, (64, 1 | 1 << 63)),
    ("just behind the window", (65,), 1, NumberTooOld),
    ("far behind the window", (1000,), 1, NumberTooOld),
    ("the window moves one short of its width", (1, 64), 64, Replayed),
    ("a jump of the whole width forgets all", (1, 65), 66, (66, 0b11)),
    ("the greatest step", (), NUMBER_STEP_MAX, (NUMBER_STEP_MAX, 1)),
    ("one more than the greatest step", (), NUMBER_STEP_MAX + 1, NumberTooFar),
    ("the same, from elsewhere", (7,), NUMBER_STEP_MAX + 8, NumberTooFar),
    ("the greatest step, from elsewhere", (7,), NUMBER_STEP_MAX + 7, (NUMBER_STEP_MAX + 7, 1)),
]


@pytest.mark.parametrize(("what", "before", "value", "outcome"), TABLE, ids=[t[0] for t in TABLE])
def test_window(
    what: str,
    before: tuple[int, ...],
    value: int,
    outcome: type[Inadmissible] | tuple[int, int],
) -> None:
    window = used(*before)
    if isinstance(outcome, tuple):
        after = use_number(window, value)
        assert (after.highest, after.seen) == outcome and after.key == 1
    else:
        with pytest.raises(outcome):
            use_number(window, value)


@given(
    st.lists(
        st.one_of(st.integers(1, 200), st.integers(1, 2**34), st.just(NUMBER_STEP_MAX)),
        max_size=60,
    )
)
def test_against_a_set_of_all_numbers_used(numbers: list[int]) -> None:
    window, taken, highest = FRESH, {0}, 0
    for number in numbers:
        expected: type[Inadmissible] | None = None
        if number > highest + NUMBER_STEP_MAX:
            expected = NumberTooFar
        elif number <= highest - WINDOW:
            expected = NumberTooOld
        elif number in taken:
            expected = Replayed
        if expected:
            with pytest.raises(expected):
                use_number(window, number)
        else:
            window = use_number(window, number)
            taken.add(number)
            highest = max(highest, number)
        assert window.highest == highest and 0 < window.seen < 2**WINDOW


def test_keys_have_windows_of_their_own_in_order() -> None:
    purse = EMPTY_PURSE
    for key in (3, 1, 2, 3):
        purse = with_window(purse, use_number(window_of(purse, key), key + len(purse.windows)))
    assert [w.key for w in purse.windows] == [1, 2, 3]
    assert [w.highest for w in purse.windows] == [2, 4, 6]
    assert isinstance(purse, Purse) and purse.free == ()
