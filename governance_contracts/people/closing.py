"""What stands in the way of closing an account, asked of the contracts that know.

The registry closes accounts but lies below the contracts that hold their money and duties. Each
of those declares its objection here, with its place in the order that contracts.md gives: open
deals, a refund window, redemptions, balance.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeVar

from chain.account import purse_of
from chain.contract import Context
from chain.errors import Rejected
from chain.state import View


class Obstacle(IntEnum):
    """In the order in which closing is refused. NOTICE: a shop's holders are told first."""

    NOTICE = 0
    OPEN_DEALS = 1
    REFUND_WINDOW = 2
    REDEMPTIONS = 3
    OFFLINE = 4
    FREE_COIN = 5
    LOTS = 6
    LETTERS = 7  # coin set aside in letters that nobody claimed yet


Check = Callable[[View, Context, bytes], None]
"""Raises a Rejected if the account (its id) cannot be closed yet."""

C = TypeVar("C", bound=Check)

CHECKS: dict[Obstacle, Check] = {}


def before_closing(obstacle: Obstacle) -> Callable[[C], C]:
    """Declare a check: `@before_closing(Obstacle.REDEMPTIONS)`."""

    def declare(check: C) -> C:
        known = CHECKS.setdefault(obstacle, check)
        assert known.__qualname__ == check.__qualname__, f"{obstacle.name} is checked twice"
        return check

    return declare


class HoldsCoin(Rejected):
    """The account still holds free coin: spend it, give it away or redeem it first. How much is not
    for the office, which could ask this of anybody."""

    code = 243
    fields = ("account", "coin")


@before_closing(Obstacle.FREE_COIN)
def holds_no_free_coin(view: View, context: Context, account: bytes) -> None:
    for holding in purse_of(view, account).free:
        raise HoldsCoin(account, holding.coin)


def require_closable(view: View, context: Context, account: bytes) -> None:
    """Refuses what the first check in the order of `Obstacle` refuses."""
    for obstacle in sorted(CHECKS):
        CHECKS[obstacle](view, context, account)
