"""Payment files: the same orders make the same bytes, and what a bank could not pay is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from auditor.bank.orders import message_id, order_id
from auditor.bank.pain import Order, Payer, write_payments
from auditor.bank.pain_check import (
    BadPayments,
    Checked,
    Payment,
    check_payments,
    require_orders,
)

CHAIN = bytes(range(32))
PAYER = Payer("Stichting Jordaner België & zo", "NL91ABNA0417164300")
OTHER = "DE87200500001234567890"
ORDERS = (Order(7, 12_50, PAYER.iban, "J. Çelik"), Order(3, 5, OTHER))
MADE_MS = 1_790_000_000_000
SHARED = Path(__file__).parents[3] / "shared" / "data" / "pain"


def written(version: str = "09", orders: tuple[Order, ...] = ORDERS) -> bytes:
    return write_payments(CHAIN, "JOR", "EUR", PAYER, orders, MADE_MS, version)


def faults(data: bytes) -> list[str]:
    with pytest.raises(BadPayments) as caught:
        check_payments(data)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("version", ["03", "09"])
def test_what_is_written_fits_the_banks_schema_and_pays_the_orders(version: str) -> None:
    first, second = order_id(CHAIN, "JOR", 3), order_id(CHAIN, "JOR", 7)
    assert check_payments(written(version)) == Checked(
        message_id(CHAIN, "JOR", (3, 7)),
        version,
        PAYER.iban,
        (Payment(first, 5, OTHER), Payment(second, 12_50, PAYER.iban)),
    )


def test_the_same_orders_make_the_same_bytes() -> None:
    assert written(orders=ORDERS) == written(orders=ORDERS[::-1])
    assert written() != written(orders=ORDERS[:1])


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(
        st.tuples(st.integers(0, 2**53 - 1), st.integers(1, 10**11), st.text(max_size=90)),
        min_size=1,
        max_size=5,
        unique_by=lambda one: one[0],
    )
)
def test_any_name_and_amount_make_a_file_that_can_be_paid(
    drawn: list[tuple[int, int, str]],
) -> None:
    orders = tuple(Order(number, amount, OTHER, name) for number, amount, name in drawn)
    checked = check_payments(written(orders=orders))
    assert checked.total == sum(order.amount for order in orders)


@pytest.mark.parametrize("orders", [(), (ORDERS[0], ORDERS[0])])
def test_each_redemption_once_and_one_at_least(orders: tuple[Order, ...]) -> None:
    with pytest.raises(ValueError, match="once"):
        written(orders=orders)


def spoilt(old: str, new: str) -> bytes:
    text = written().decode()
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<CtrlSum>12.55", "<CtrlSum>12.56", "the control sum is 12.56, the payments add up to"),
        ("<NbOfTxs>2", "<NbOfTxs>3", "3 payments are announced, 2 are there"),
        (OTHER, "DE87200500001234567891", "'DE87200500001234567891' is not a bank account number"),
        ('Ccy="EUR"', 'Ccy="CHF"', "the currency is CHF, not EUR"),
        (">0.05<", ">0.00<", "'0.00' is no amount"),
        ("SC-JOR-3-", "SC-JOR-{{n}}-", "placeholder"),
        ("pain.001.001.09", "pain.008.001.02", "This is no payment file"),
        ("<Document", '<!DOCTYPE x [<!ENTITY a "b">]><Document', "declares a DTD or entities"),
        ("</Document>", "", "The file is not XML"),
        ("<ChrgBr>SLEV", "<ChrgBr>MINE", "against the schema"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, said: str) -> None:
    found = faults(spoilt(old, new))
    assert any(said in one for one in found), found


def test_a_payment_that_stands_there_twice() -> None:
    first, second = (order_id(CHAIN, "JOR", n) for n in (3, 7))
    data = written().decode().replace(second, first).encode()
    assert f"EndToEndId: the payment {first} stands in the file twice" in faults(data)


@pytest.mark.parametrize("data", [b"", b"\x00" * 10, b"\xff\xfe<\x00", b"<a/>", b"x" * (9 << 20)])
def test_what_is_no_payment_file_at_all(data: bytes) -> None:
    assert len(faults(data)) == 1


def test_a_file_that_pays_something_else_than_was_decided() -> None:
    checked = check_payments(written())
    expected = [(order_id(CHAIN, "JOR", o.redemption), o) for o in ORDERS]
    require_orders(checked, expected)
    more = order_id(CHAIN, "JOR", 9), Order(9, 1, OTHER)
    other = expected[0][0], Order(7, 12_50, OTHER)
    for wrong in (expected[:1], [*expected, more], [other, expected[1]]):
        with pytest.raises(BadPayments, match="does not pay what was decided"):
            require_orders(checked, wrong)


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        (
            "NEGATIVE_libeufin_pain001_bad_ctrlsum_iban.xml",
            ("control sum 'TalerAmount", "'INVALID' is not a bank account", "currency is CHF"),
        ),
        ("pain.001.001.03_template_2tx.xml", ("placeholder that nobody filled in",)),
    ],
)
def test_files_of_others_are_refused_for_the_right_reason(
    name: str, reasons: tuple[str, ...]
) -> None:
    file = SHARED / name
    if not file.exists():
        pytest.skip("the collected payment files are not on this machine")
    found = faults(file.read_bytes())
    for reason in reasons:
        assert any(reason in one for one in found), found


def test_the_template_is_good_once_it_is_filled_in() -> None:
    file = SHARED / "pain.001.001.03_template_2tx.xml"
    if not file.exists():
        pytest.skip("the collected payment files are not on this machine")
    checked = check_payments(file.read_bytes().replace(b"{{id}}", b"4711"))
    assert (checked.total, len(checked.payments)) == (665_586, 2)
