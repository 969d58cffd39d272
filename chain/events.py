"""Events: what happened, as numbered records that receipts carry and wallets read.

A contract declares its events with `@event`; the number is the record's tag and never reused.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from chain.codec import Record, decode
from chain.errors import Malformed

EVENTS: dict[int, type[Record]] = {}

R = TypeVar("R", bound=type[Record])


def event(record: R) -> R:
    """Enter a record class in the table of events, by its tag."""
    number = record.__struct_config__.tag
    assert isinstance(number, int), f"{record.__name__} needs a numeric tag"
    known = EVENTS.setdefault(number, record)
    assert known.__name__ == record.__name__, f"event {number} is taken by {known.__name__}"
    return record


def read_event(data: bytes) -> Record:
    """Raises Malformed for an event this release does not know."""
    try:
        head: Any = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None
    number = head[0] if isinstance(head, list) and head else None
    record = EVENTS.get(number) if isinstance(number, int) else None
    if record is None:
        raise Malformed(f"event {number!r} is not known to this release")
    return decode(record, data)
