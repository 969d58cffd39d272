"""Drawing on bound coin: which of the payer's lots pay which lines of a payment, and why not.

The rule for one lot and one line is in `earmark.py`, the choice among those that fit in
`choice.py`; here the two meet a payment.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from chain.errors import Rejected
from chain.state import View
from governance_contracts.coins.balances import (
    FREE,
    HELD_LOTS,
    HeldLot,
    lots_of,
)
from governance_contracts.earmarks.choice import Draw, Offer, choose, preference
from governance_contracts.earmarks.earmark import Spending, misfit
from governance_contracts.earmarks.lots import Lot, require_lot
from governance_contracts.payments.outcomes import (
    BadLots,
    SplitDiffers,
    TooManyParts,
)
from governance_contracts.payments.payments import (
    PARTS_MAX,
    Pay,
)

REASONS_MAX = 16


def held_to_draw(view: View, args: Pay) -> tuple[HeldLot, ...]:
    """The bound coin that may be drawn on: all of the payer's, or the pinned lots.

    Pinning only lot 0 pays with free coin alone. Refuses BadLots.
    """
    if not args.lots:
        if view.find(HELD_LOTS, args.payer) is None:
            return ()
        return lots_of(view, args.payer, args.coin)
    for a, b in pairwise(args.lots):
        if a >= b:
            raise BadLots(b)
    held = {one.lot: one for one in lots_of(view, args.payer, args.coin)}
    for lot in args.lots:
        if lot != FREE and lot not in held:
            raise BadLots(lot)
    return tuple(held[lot] for lot in args.lots if lot != FREE)


def draw(
    view: View, args: Pay, spending: Spending, held: Sequence[HeldLot], due: Sequence[int]
) -> tuple[list[Draw], list[int], str]:
    """Choose lots for what is due of each line: the draws, what each line lacks, and why lots
    did not fit.

    Refuses what `misfit` says of a pinned lot that fits no line; TooManyParts.
    """
    lots: list[tuple[HeldLot, Lot]] = [(one, require_lot(view, one.lot)) for one in held]
    lots.sort(key=lambda pair: preference(pair[0].lot, pair[1]))
    offers: list[Offer] = []
    misfits: list[tuple[HeldLot, dict[str, Rejected]]] = []
    categories = sorted({line.category for line in args.lines})
    for one, lot in lots:
        refusals: dict[str, Rejected] = {}
        for category in categories:
            refusal = misfit(one.lot, lot, spending, category)
            if refusal is not None:
                refusals[category] = refusal
        fitting = tuple(
            index for index, line in enumerate(args.lines) if line.category not in refusals
        )
        if fitting:
            offers.append(Offer(one.lot, one.amount, fitting))
        elif args.lots:
            raise refusals[args.lines[0].category]
        if refusals:
            misfits.append((one, refusals))
    draws, lacking = choose(due, offers)
    count = len(draws) + sum(1 for amount in lacking if amount)
    if count > PARTS_MAX:
        raise TooManyParts(count)
    return draws, lacking, reasons_of(args, misfits, draws, lacking)


def reasons_of(
    args: Pay,
    misfits: Sequence[tuple[HeldLot, dict[str, Rejected]]],
    draws: Sequence[Draw],
    lacking: Sequence[int],
) -> str:
    """Why lots with coin left do not pay the first line that lacks some: `lot:code`, commas
    between, at most 16; for what a payer is told who has not enough free coin either."""
    short = [line.category for line, amount in zip(args.lines, lacking, strict=True) if amount]
    if not short or not misfits:
        return ""
    drawn: dict[int, int] = {}
    for one in draws:
        drawn[one.lot] = drawn.get(one.lot, 0) + one.amount
    reasons: list[str] = []
    for held, refusals in misfits:
        known = [refusals[category].code for category in short if category in refusals]
        if known and held.amount > drawn.get(held.lot, 0) and len(reasons) < REASONS_MAX:
            reasons.append(f"{held.lot}:{known[0]}")
    return ",".join(reasons)


def check_split(view: View, args: Pay, draws: Sequence[Draw]) -> None:
    """Is what funds are said to give what their earmarks give? Refuses SplitDiffers."""
    drawn: dict[bytes, int] = {}
    for one in draws:
        for fund in require_lot(view, one.lot).fund:
            drawn[fund] = drawn.get(fund, 0) + one.amount
    for share in args.split:
        given = drawn.pop(share.fund, 0)
        if given != share.amount:
            raise SplitDiffers(share.fund, share.amount, given)
    for fund in sorted(drawn):
        raise SplitDiffers(fund, 0, drawn[fund])
