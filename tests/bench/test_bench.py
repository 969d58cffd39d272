"""What the bench says it measures, on a small scale."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from auditor.bank.camt import read_statements
from auditor.bank.checks import require_sum
from auditor.bank.writer import Account
from bench.basket import PRICE_CENTS, basket
from bench.growth import grown_ledger, id_of, signed
from bench.report import Row, as_text, with_rows
from bench.statements import mixed, payer_ibans
from bench.stocked import stock
from bench.year import LINES_A_DAY, measure_year
from chain.admission import Signatures
from chain.events import read_event
from chain.execution import Execution
from chain.state import TABLES, BlockDraft
from chain.transaction import parse
from genesis.city import demo_city
from governance_contracts.payments.benefits import Discounted
from governance_contracts.payments.outcomes import Paid
from governance_contracts.versions import RELEASE
from node.keyvalue import open_engine


def test_a_basket_draws_on_three_lots_and_a_discount_and_changes_nine_records(
    tmp_path: Path,
) -> None:
    city = demo_city(1, b"bench", 1)
    shops: list[bytes] = []

    def further(draft: BlockDraft) -> None:
        shops.extend(stock(draft, city, 2))

    engine = open_engine(tmp_path / "chain")
    ledger = grown_ledger(engine, city, 2, further)
    coin = city.genesis.wijken[0].coins[0].code
    seed = city.of("resident")[0].seed
    parent = ledger.parent()
    execution = Execution(parent, parent.time_ms + 1_000, RELEASE, Signatures())
    before: dict[tuple[int, bytes], object] = {}
    for number in (1, 2):
        args = basket(id_of(0), shops[0], coin, Random(number))
        receipt = execution.run(parse(signed(ledger, seed, number, args)))
        assert not receipt.refusal
        events = [read_event(event.data) for event in receipt.events]
        (paid,) = [event for event in events if isinstance(event, Paid)]
        (discounted,) = [event for event in events if isinstance(event, Discounted)]
        assert len({part.lot for part in paid.parts} - {0}) == 3
        assert discounted.amount == 3 * PRICE_CENTS // 10
        assert discounted.pot == discounted.amount // 2
        changed = [
            TABLES[table].name
            for (table, key), record in execution.draft.changes.items()
            if before.get((table, key)) is not record
        ]
        before = dict(execution.draft.changes)
    engine.close()
    assert sorted(changed) == [
        "benefit_holder", "benefit_pot", "held_lots", "held_lots", "meter", "payment",
        "purse", "purse", "purse",
    ]  # fmt: skip


def test_the_statements_add_up_and_are_the_same_for_the_same_seed() -> None:
    references = ["RF18539007547034"]
    out = BytesIO()
    Account(payer_ibans()[0]).write(out, mixed(Random(1), references, 300), "2026-01-05")
    (statement,) = read_statements(BytesIO(out.getvalue()))
    require_sum(statement)
    assert len(statement.entries) == 300
    assert mixed(Random(1), references, 300) == mixed(Random(1), references, 300)


def test_a_short_year_is_tied_line_by_line(tmp_path: Path) -> None:
    found = measure_year(tmp_path, 2)
    assert (found["statements"], found["entries"]) == (2, 2 * LINES_A_DAY)


@pytest.mark.parametrize(("value", "reached"), [(20.0, True), (20.1, False)])
def test_a_ceiling_that_is_passed_is_said_to_be_short(value: float, reached: bool) -> None:
    rows = (Row("import (s)", ("import", "seconds"), "{:.1f}", 20, most=True),)
    report = {"import": {"seconds": value}}
    (listed,) = with_rows(report, rows)["rows"]
    assert (listed["wanted"], listed["at_most"], listed["reached"]) == (20, True, reached)
    assert ("SHORT" in as_text(report, rows)) is not reached
