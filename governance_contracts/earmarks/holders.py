"""Who holds a lot that expires: kept so that its holders can be told, and its coin returns.

A record per lot and holder, written when a holding appears and deleted when it is gone; a holding
that only grows or shrinks costs nothing here, and neither does coin that does not expire.
"""

from __future__ import annotations

from chain.codec import U8, Millis, Record
from chain.state import Draft, Table, number

ID_BYTES = 8


class Expiring(Record, tag=1):
    """A lot that expires."""

    expires_ms: Millis


class LotHolder(Record, tag=1):
    """Says only that it is there; `kind` is 0."""

    kind: U8


def holder_key(key: tuple[int, bytes]) -> bytes:
    return number(key[0]) + key[1]


EXPIRING: Table[int, Expiring] = Table(73, "expiring_lot", Expiring, number)
LOT_HOLDERS: Table[tuple[int, bytes], LotHolder] = Table(74, "lot_holder", LotHolder, holder_key)

HELD = LotHolder(0)


def note_holding(draft: Draft, lot: int, account: bytes, *, holds: bool) -> None:
    """A holding of this lot has appeared or gone."""
    if draft.get(EXPIRING, lot) is None:
        return
    if holds:
        draft.put(LOT_HOLDERS, (lot, account), HELD)
    else:
        draft.delete(LOT_HOLDERS, (lot, account))


def holders_of(draft: Draft, lot: int, beyond: bytes, count: int) -> list[bytes]:
    """Up to `count` holders of a lot in order of their ids, behind `beyond` (empty: from the
    first)."""
    found: list[bytes] = []
    first = number(lot)
    for key, _ in draft.scan(LOT_HOLDERS, first + beyond):
        if key[:ID_BYTES] != first or len(found) == count:
            break
        if key[ID_BYTES:] != beyond:
            found.append(key[ID_BYTES:])
    return found
