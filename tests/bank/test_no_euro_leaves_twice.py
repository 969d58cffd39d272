"""No euro leaves twice, whatever the desk, its backups, the board and the bank do, in any order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from auditor.bank import sealed
from governance_contracts.bank.books import RedemptionState, deficit_of
from node.reserve.orders import RELEASE_MS
from tests.bank.model import COIN
from tests.bank.redemptions import Redemptions


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "OPERATIONS", 1)
    monkeypatch.setattr(sealed, "MEMORY_BYTES", 8192)


@pytest.fixture
def run() -> Iterator[Redemptions]:
    """The same machine, step by step, with two redemptions that wait."""
    machine = Redemptions()
    machine.begin(True, [1_00, 2_50])
    yield machine
    machine.teardown()


def holds(run: Redemptions) -> None:
    run.never_two_files_with_one_redemption()
    run.paid_once()
    run.only_what_was_decided_is_paid()
    run.coin_adds_up()
    run.short_only_by_a_banks_fault()


def test_of_two_files_with_one_redemption_only_the_one_decided_leaves(run: Redemptions) -> None:
    run.prepare(0, "09")  # redemption 2 alone
    run.prepare(None, "09")  # 1 and 2
    run.decide(0)
    for pick in range(8):
        run.hand_out(pick, True)
    assert len(run.handed) == 1 and run.released.keys() == {1, 2}
    holds(run)


def test_a_file_made_again_after_it_was_lost_is_another_and_stays_here(run: Redemptions) -> None:
    run.prepare(None, "09")
    run.restore()  # to before it was made
    run.close_day(1)
    run.prepare(None, "09")
    run.decide(5)  # the first
    run.hand_out(0, True)
    assert run.handed == []
    run.close_day(6)
    run.catch_up()
    for pick in (0, 0):  # the coin is not lost with the file
        run.reject(pick)
    assert run.numbers(RedemptionState.BOUNCED) == [1, 2]
    holds(run)


@pytest.mark.parametrize(("refuses_twins", "missing"), [(True, 0), (False, 3_50)])
def test_a_backup_put_back_hands_out_the_same_bytes_once_more(
    run: Redemptions, refuses_twins: bool, missing: int
) -> None:
    """Which a bank refuses by its name; and if it does not, everybody can see it."""
    run.bank.refuses_twins = refuses_twins
    for stages in ("pdbhx", "h", "rhx"):
        run.as_on_most_days(stages)
    assert len(run.handed) == 2 and len(set(run.handed)) == 1
    run.close_day(1)
    run.catch_up()
    assert deficit_of(run.town.state, COIN) == missing
    holds(run)


def test_paid_after_all_when_the_coin_was_given_back(run: Redemptions) -> None:
    run.as_on_most_days("pdh")
    run.close_day(6)
    run.catch_up()
    run.reject(0)
    run.as_on_most_days("xsi")
    assert deficit_of(run.town.state, COIN) == 1_00
    assert run.numbers(RedemptionState.SETTLED) == [2]
    holds(run)


def test_handed_out_for_two_days_only(run: Redemptions) -> None:
    run.prepare(None, "09")
    run.decide(0)
    run.town.wait(RELEASE_MS + 1)
    run.hand_out(0, True)
    assert run.handed == []


def test_paid_twice_and_sent_back_twice_makes_the_coin_once(run: Redemptions) -> None:
    run.bank.refuses_twins = False
    run.as_on_most_days("pdh")
    run.hand_in(0)
    run.as_on_most_days("xsi")
    while run.bank.away:
        run.send_back(0)
    run.as_on_most_days("xsi")
    assert run.reserve.town.reserve(COIN).unattributed == 3_50
    assert run.numbers(RedemptionState.BOUNCED) == [1, 2]
    holds(run)


def test_paid_and_sent_back(run: Redemptions) -> None:
    run.as_on_most_days("pdhxs")
    run.send_back(0)
    run.as_on_most_days("si")
    assert run.numbers(RedemptionState.BOUNCED) == [1]
    run.as_on_most_days("pdhx")  # nothing waits: it needs a new request
    assert run.bank.out == {1: 0, 2: 1}
    holds(run)


def test_in_any_order() -> None:
    run_state_machine_as_test(
        Redemptions,
        settings=settings(
            max_examples=80,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        ),
    )
