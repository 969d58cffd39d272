"""The name a redemption has at the bank: one per redemption, and hard to get wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.bank.orders import LENGTH_MAX, order_id, parse

CHAIN = bytes(range(32))
CODES = st.from_regex(r"[A-Za-z0-9_.-]{1,32}", fullmatch=True)
NUMBERS = st.integers(0, 2**53 - 1)


@given(CODES, NUMBERS)
def test_a_name_fits_an_order_and_is_read_back(coin: str, number: int) -> None:
    name = order_id(CHAIN, coin, number)
    assert len(name) <= LENGTH_MAX
    assert parse(CHAIN, coin, name) == number


@given(CODES, NUMBERS, st.integers(0, 34))
def test_a_bank_may_break_it_and_change_its_case(coin: str, number: int, at: int) -> None:
    name = order_id(CHAIN, coin, number)
    assert parse(CHAIN, coin, f"/EREF/{name[:at].lower()} \n{name[at:]} /REMI/thanks") == number


def test_another_chain_or_coin_or_number_has_another_name() -> None:
    name = order_id(CHAIN, "JOR", 7)
    assert parse(bytes(32), "JOR", name) is None
    assert parse(CHAIN, "WEST", name) is None
    assert parse(CHAIN, "JOR", name.replace("-7-", "-8-")) is None


def test_two_codes_that_are_cut_alike_differ_by_their_check() -> None:
    first, second = "A" * 31 + "B", "A" * 31 + "C"
    name = order_id(CHAIN, first, 2**53 - 1)
    assert parse(CHAIN, second, name) is None


def test_two_names_in_one_text_prove_nothing() -> None:
    both = f"{order_id(CHAIN, 'JOR', 1)} {order_id(CHAIN, 'JOR', 2)}"
    assert parse(CHAIN, "JOR", both) is None
    assert parse(CHAIN, "JOR", "") is None
