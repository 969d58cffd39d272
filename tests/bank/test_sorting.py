"""Which line is what: by what the bank says, in a fixed order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.bank.commitments import Payment
from auditor.bank.lines import BankEntry, Transaction
from auditor.bank.orders import order_id
from auditor.bank.references import COVER, checked, found_in, reference_for, spaced
from auditor.bank.sorting import Credit, Sorter
from governance_contracts.bank.books import EntryKind as K

KEY, CHAIN, ANN = bytes(32), bytes(range(32)), b"a" * 20
FOR_ANN, FOR_COVER = reference_for(KEY, ANN), reference_for(KEY, COVER)
ORDER = order_id(CHAIN, "JOR", 12)


def payment(credit: bool, amount: int = 100, *, reversal: bool = False, **more: str) -> Payment:
    one = Transaction(amount, credit, **more)
    return Payment(1, BankEntry(amount, credit, reversal, "2026-01-01", "", "", (one,)), one)


def sorter() -> Sorter:
    return Sorter(CHAIN, "JOR", {FOR_ANN: ANN, FOR_COVER: COVER})


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (payment(True, reference=FOR_ANN), K.DEPOSIT),
        (payment(True, reference=FOR_COVER), K.COVER),
        (payment(True, reference=reference_for(KEY, b"b" * 20)), K.UNATTRIBUTED),
        (payment(True), K.UNATTRIBUTED),
        (payment(True, bank_code="PMNT/MCOP/INTR"), K.INTEREST),
        (payment(True, end_to_end=ORDER), K.BOUNCE),
        (payment(True, text=f"retour {ORDER}", reference=FOR_ANN), K.BOUNCE),
        (payment(False, end_to_end=ORDER), K.REDEMPTION),
        (payment(False, end_to_end=order_id(CHAIN, "ZUID", 12)), K.REDEMPTION),
        (payment(False, bank_code="PMNT/MCOP/CHRG"), K.CHARGE),
        (payment(False, bank_code="PMNT/MCOP/INTR"), K.CHARGE),
        (payment(False, returned="AC04"), K.RETURN),
        (payment(False, reversal=True), K.RETURN),
        (payment(False), K.REDEMPTION),
    ],
)
def test_the_first_that_fits_counts(line: Payment, kind: K) -> None:
    assert sorter().sort(line, (1, 1)).kind == kind


def test_only_a_name_of_this_chain_and_coin_names_a_redemption() -> None:
    assert sorter().sort(payment(False, end_to_end=ORDER), (1, 1)).redemption == 12
    for other in (order_id(CHAIN, "ZUID", 12), order_id(bytes(32), "JOR", 12), ORDER[:-1] + "A"):
        assert sorter().sort(payment(False, end_to_end=other), (1, 1)).redemption is None


def test_a_return_is_of_the_oldest_credit_that_fits_and_each_goes_back_once() -> None:
    known = sorter()
    known.remember(Credit((1, n), 100, K.DEPOSIT, "E7", "", "") for n in (1, 2))
    back = payment(False, returned="AC04", end_to_end="E7")
    assert [known.sort(back, (2, n)).returns for n in (1, 2, 3)] == [(1, 1), (1, 2), None]
    assert known.sort(payment(False, 99, returned="AC04", end_to_end="E7"), (2, 4)).returns is None


def test_only_what_nobody_claimed_is_taken_for_sent_back() -> None:
    known = sorter()
    known.remember([Credit((1, 1), 100, K.DEPOSIT, "", "", "NL1"),
                    Credit((1, 2), 100, K.UNATTRIBUTED, "", "", "NL1")])  # fmt: skip
    assert known.sort(payment(False, iban="NL1"), (2, 1)).returns == (1, 2)
    assert known.sort(payment(False, iban="NL1"), (2, 2)).kind == K.REDEMPTION


def test_people_may_say_what_a_line_is_but_not_turn_its_sign() -> None:
    known = sorter()
    known.told = {1: K.CHARGE}
    assert known.sort(payment(False), (1, 1)).kind == K.CHARGE
    with pytest.raises(ValueError):
        known.sort(payment(True), (1, 1))


@given(st.binary(min_size=20, max_size=20), st.binary(min_size=32, max_size=32))
def test_a_reference_is_valid_stable_and_found_however_it_is_written(
    account: bytes, key: bytes
) -> None:
    made = reference_for(key, account)
    assert made == reference_for(key, account) and len(made) == 20
    assert checked(spaced(made).lower()) == made
    assert found_in(f"storting, {spaced(made)}; dank") == made
    assert found_in(made) == made


@given(st.integers(0, 19), st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"))
def test_one_wrong_letter_never_pays_somebody_else(at: int, letter: str) -> None:
    """Check digits find letters for letters; a letter for a digit may pass, and names nobody."""
    wrong = FOR_ANN[:at] + letter + FOR_ANN[at + 1 :]
    if wrong == FOR_ANN:
        return
    valid = checked(wrong)
    assert not valid or FOR_ANN[at].isdigit() != letter.isdigit()
    assert sorter().sort(payment(True, reference=valid), (1, 1)).kind == K.UNATTRIBUTED
