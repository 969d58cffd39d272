"""What the desk of a reserve is told of redemptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chain.state import View
from governance_contracts.bank.books import (
    REDEMPTIONS,
    WAITING,
    Redemption,
    RedemptionState,
    statement_key,
)
from node.api.shapes_desk import DeskRedemption

WAITING_MAX = 2_000
UNDER_WAY = (RedemptionState.REQUESTED, RedemptionState.EXPORTED)


def asked_about(view: View, coin: str, numbers: Sequence[int]) -> dict[int, Redemption]:
    """What waits, oldest first, and what else was asked about."""
    first = statement_key((coin, 0))
    wanted: list[int] = []
    for key, _waiting in view.scan(WAITING, first):
        if key[:-8] != first[:-8] or len(wanted) == WAITING_MAX:
            break
        wanted.append(int.from_bytes(key[-8:], "big"))
    found = {}
    for number in (*wanted, *numbers):
        redemption = view.get(REDEMPTIONS, number) if 0 <= number < 2**53 else None
        if redemption is not None and redemption.coin == coin:
            found[number] = redemption
    return found


def over(view: View, numbers: Iterable[int]) -> list[int]:
    """Those that are neither waiting nor at the bank."""
    found = ((number, view.get(REDEMPTIONS, number)) for number in numbers)
    return [number for number, one in found if one is None or one.state not in UNDER_WAY]


def with_boxes(
    box_of: Callable[[int], bytes | None], found: dict[int, Redemption]
) -> list[DeskRedemption]:
    """As the desk is told. A box goes along while the redemption is under way."""
    listed = []
    for number, one in found.items():
        box = box_of(number) if one.state in UNDER_WAY else None
        listed.append(
            DeskRedemption(
                redemption=number,
                amount_cents=one.amount,
                destination=one.destination.hex(),
                state=RedemptionState(one.state).name.lower(),
                requested_ms=one.requested_ms,
                exported_ms=one.exported_ms[0] if one.exported_ms else None,
                file=one.file[0].hex() if one.file else None,
                box=None if box is None else box.hex(),
            )
        )
    return listed
