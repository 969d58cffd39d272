"""Statements of real programs, kept outside this tree: each is refused for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.bank.camt import read_statements
from auditor.bank.checks import require_proof
from auditor.bank.lines import BadStatement

SHARED = Path(__file__).parents[3] / "shared" / "data" / "camt"
IBAN = "NL77ABNA0574908765"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the files of other programs are not here")
@pytest.mark.parametrize(
    ("name", "currency", "why"),
    [
        ("oca-test-camt053.xml", "EUR", "sum"),
        ("oca-test-camt053-no-ntry.xml", "EUR", "currency"),
        ("oca-test-camt053-no-ntry.xml", "CHF", None),
        ("oca-test-camt054.xml", "EUR", "message"),
        ("libeufin_gls_camt053.xml", "EUR", "balance"),
    ],
)
def test_each_is_judged_for_what_it_is(name: str, currency: str, why: str | None) -> None:
    found = None
    try:
        with (SHARED / name).open("rb") as source:
            for statement in read_statements(source):
                require_proof(statement, IBAN, currency)
    except BadStatement as error:
        found = error.why
        if why == "sum":
            assert "15555,28" in str(error) and "15121,12" in str(error), "both numbers are said"
    assert found == why
