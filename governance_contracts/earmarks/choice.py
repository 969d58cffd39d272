"""Which lots pay which lines: the choice that is best for the payer.

Minimised, in this order: free coin spent; what is left in lots that expire, earliest first; the
size of the region set used, smallest first; the lot's number.

A lot can pay several lines and a line be paid by several lots, so this is a flow from lots to
lines. The amounts that lots can give together form a polymatroid; pushing as much as possible
through each lot in the order of preference, re-routing what earlier lots gave but never taking it
back, is therefore optimal in every term of the objective at once (the greedy theorem). Re-routing
is a search over at most eight lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance_contracts.earmarks.lots import Lot

NEVER = 2**63

Given = list[dict[int, int]]
"""Per line: what each offer, by index, gives to it; nothing of zero."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a lot could give: how much the payer has of it, and the lines (by index) it fits."""

    lot: int
    amount: int
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """So much of one lot for one line."""

    line: int
    lot: int
    amount: int


def preference(number: int, lot: Lot) -> tuple[int, int, int, int]:
    """Sorts lots into the order in which they are drawn: no expiry last, no regions last."""
    terms = lot.terms
    expiry = terms.expires_ms[0] if terms.expires_ms else NEVER
    return expiry, 0 if terms.regions else 1, len(terms.regions), number


def choose(due: Sequence[int], offers: Sequence[Offer]) -> tuple[list[Draw], list[int]]:
    """Draw on the offers, given in order of preference, for lines of these amounts.

    Returns the draws, by line and then in the order of the offers, and what each line still lacks
    (for free coin to pay).
    """
    given: Given = [{} for _ in due]
    lacking = list(due)
    for index, offer in enumerate(offers):
        left = offer.amount
        for line in offer.lines:  # the shortest paths; without re-routing they are all there is
            if left and lacking[line]:
                amount = min(left, lacking[line])
                given[line][index] = amount
                lacking[line] -= amount
                left -= amount
        while left and any(lacking):
            pushed = _push(offers, given, lacking, index, left)
            if not pushed:
                break
            left -= pushed
    draws = [
        Draw(line, offers[index].lot, paid[index])
        for line, paid in enumerate(given)
        for index in sorted(paid)
    ]
    return draws, lacking


def _push(offers: Sequence[Offer], given: Given, lacking: list[int], source: int, left: int) -> int:
    """Push up to `left` from one lot along the shortest path to a line that lacks something.

    A path goes lot -> line -> another lot that pays that line -> another line, and so on. Returns
    what was pushed; 0 if no path is left.
    """
    came_from: dict[int, tuple[int, int]] = {}  # line -> (lot, line before; -1 at the source)
    queue: list[tuple[int, int]] = [(source, -1)]
    position = 0
    while position < len(queue):
        lot, before = queue[position]
        position += 1
        for line in offers[lot].lines:
            if line in came_from:
                continue
            came_from[line] = (lot, before)
            if lacking[line]:
                return _along(given, lacking, came_from, line, left)
            queue += [(other, line) for other in sorted(given[line])]
    return 0


def _along(
    given: Given,
    lacking: list[int],
    came_from: dict[int, tuple[int, int]],
    end: int,
    left: int,
) -> int:
    path: list[tuple[int, int, int]] = []  # lot gives to line, taking it away from line before
    line = end
    while line >= 0:
        lot, before = came_from[line]
        path.append((lot, line, before))
        line = before
    amount = min(
        left, lacking[end], *(given[before][lot] for lot, _, before in path if before >= 0)
    )
    for lot, line, before in path:
        given[line][lot] = given[line].get(lot, 0) + amount
        if before >= 0:
            given[before][lot] -= amount
            if not given[before][lot]:
                del given[before][lot]
    lacking[end] -= amount
    return amount
