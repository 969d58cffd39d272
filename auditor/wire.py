"""Records as they stand on the wire: arrays whose first element is the record's number.

The books read these arrays by the positions that docs/protocol.md prints, and not by the classes
of the contracts: a mistake in a class must not be shared with who checks it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chain.execution import Applied
from chain.ledger import Ledger

Fields = list[Any]
SALT = 16

_DECODE = msgspec.msgpack.Decoder().decode
encode = msgspec.msgpack.Encoder().encode


def fields(data: bytes) -> Fields:
    """Raises ValueError for what is no array."""
    try:
        found = _DECODE(data)
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None
    if not isinstance(found, list) or not found:
        raise ValueError("no record")
    return found


def stored(ledger: Ledger, table: int, key: bytes) -> Fields | None:
    """A record in committed state."""
    data = ledger.stored(table, key)
    return None if data is None else fields(data[SALT:])


def written(applied: Applied, ledger: Ledger, table: int, key: bytes) -> Fields | None:
    """A record as a block leaves it; `ledger` still stands before that block."""
    if (table, key) in applied.draft.changes:
        record = applied.draft.changes[(table, key)]
        return None if record is None else fields(encode(record))
    return stored(ledger, table, key)
