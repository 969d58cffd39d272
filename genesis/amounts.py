"""Amounts as people write them, "12,50", and nothing that could be read in two ways."""

from __future__ import annotations

import re

from chain.money import CENTS_MAX, Cents, cents
from genesis.texts import _

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,15})(?:[,.]([0-9]{2}))?", re.ASCII)


def format_cents(amount: int) -> str:
    """ "12,50": a comma in every language, no separator of thousands; `parse_amount` reads it."""
    sign = "-" if amount < 0 else ""
    coins, rest = divmod(abs(amount), 100)
    return f"{sign}{coins},{rest:02d}"


def parse_amount(text: str) -> Cents:
    """Cents of "12,50", "12.50" or "12".

    Raises ValueError with a sentence for people on anything else: a separator of thousands, a
    sign, an exponent, one decimal, digits other than 0-9, nothing at all; then on zero, and on
    more than 2**53 - 1 cents.
    """
    found = _AMOUNT.fullmatch(text.strip(" "))
    if found is None:
        raise ValueError(
            _(
                "{text!r} is not an amount: write it as 12 or 12,50, with the digits 0-9, two "
                "decimals or none, no sign and no separator of thousands"
            ).format(text=text)
        )
    value = int(found[1]) * 100 + int(found[2] or 0)
    if value == 0:
        raise ValueError(_("an amount is at least 0,01"))
    if value > CENTS_MAX:
        raise ValueError(_("an amount is at most {most}").format(most=format_cents(CENTS_MAX)))
    return cents(value)
