"""Money, as whole cents. One coin is 100 cents; a fraction of a cent does not exist.

The upper bound, 2**53 - 1, keeps every amount exact in a browser's numbers. `Cents` costs
nothing at run time: the type checker keeps bare integers away from balances, the codec checks
the bounds on the way in, and the functions here check them on every sum.
"""

from __future__ import annotations

from typing import Annotated, NewType

from msgspec import Meta

CENTS_MAX = 2**53 - 1

Cents = NewType("Cents", int)
"""A balance or total: 0 .. 2**53 - 1."""

CentsField = Annotated[Cents, Meta(ge=0, le=CENTS_MAX)]
AmountField = Annotated[Cents, Meta(ge=1, le=CENTS_MAX)]

ZERO = Cents(0)


def cents(value: int) -> Cents:
    """Make an amount of a checked integer. Raises TypeError, then ValueError."""
    if type(value) is not int:
        raise TypeError(f"cents must be an int, not {value!r}")
    if not 0 <= value <= CENTS_MAX:
        raise ValueError(f"cents must be 0 .. {CENTS_MAX}, not {value}")
    return Cents(value)


def plus(a: Cents, b: Cents) -> Cents:
    total = a + b
    if total > CENTS_MAX:
        raise OverflowError("a sum of money above 2**53 - 1 cents")
    return Cents(total)


def minus(a: Cents, b: Cents) -> Cents:
    """`a - b`. Callers check before they take: less than nothing is a bug, so ValueError."""
    if b > a:
        raise ValueError(f"cannot take {b} from {a} cents")
    return Cents(a - b)


def total(amounts: list[Cents] | tuple[Cents, ...]) -> Cents:
    result = sum(amounts)
    if result > CENTS_MAX:
        raise OverflowError("a sum of money above 2**53 - 1 cents")
    return Cents(result)
