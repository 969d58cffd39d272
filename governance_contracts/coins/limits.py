"""Limits by kind of account: how much free coin it may hold, how much it may pay on one day.

Each is a parameter that the federation can change within its bounds. Limits bind payments, not
rights: a mint, a refund and a redemption are never stopped by the day's limit, and coin bound to
a region or purpose does not count as held.
"""

from __future__ import annotations

from chain.account import AccountKind
from chain.money import CENTS_MAX
from chain.rules import DAY_MS, Parameter
from chain.state import View


def _limits(prefix: str, meaning: str, euros: dict[AccountKind, int]) -> tuple[Parameter, ...]:
    """One parameter per kind, at the kind's own number; place 0 is never used."""
    kinds = sorted(AccountKind)
    first = kinds[0]
    return tuple(
        Parameter(
            f"{prefix}_{(kind or first).name.lower()}",
            euros[kind or first] * 100,
            100,
            CENTS_MAX,
            f"{meaning} of kind {(kind or first).name.lower()}, in cents",
        )
        for kind in (first, *kinds)
    )


HOLDING_MAX = _limits(
    "holding_max",
    "free coin of one currency in an account",
    {
        AccountKind.PERSON: 20_000,
        AccountKind.HOUSEHOLD: 20_000,
        AccountKind.BUSINESS: 1_000_000,
        AccountKind.INSTITUTION: 100_000_000,
        AccountKind.ASSOCIATION: 1_000_000,
        AccountKind.FUND: 100_000_000,
        AccountKind.BOARD: 100_000_000,
        AccountKind.TILL: 100_000,
        AccountKind.OPERATOR: 1_000_000,
    },
)
DAY_MAX = _limits(
    "day_max",
    "payments in one coin on one day by an account",
    {
        AccountKind.PERSON: 5_000,
        AccountKind.HOUSEHOLD: 5_000,
        AccountKind.BUSINESS: 250_000,
        AccountKind.INSTITUTION: 10_000_000,
        AccountKind.ASSOCIATION: 250_000,
        AccountKind.FUND: 10_000_000,
        AccountKind.BOARD: 10_000_000,
        AccountKind.TILL: 10_000,
        AccountKind.OPERATOR: 250_000,
    },
)


def holding_max(view: View, kind: int) -> int:
    return HOLDING_MAX[kind].of(view)


def day_max(view: View, kind: int) -> int:
    return DAY_MAX[kind].of(view)


def day_of(time_ms: int) -> int:
    """Days since 1970-01-01 UTC of a block time."""
    return time_ms // DAY_MS
