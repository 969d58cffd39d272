"""Events and refusals as JSON for people: names, amounts in cents, addresses.

A field that is declared as an AccountId becomes an address; all other bytes, and the values of
refusals (which carry no declaration), are written in hexadecimal.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from chain.address import encode_address
from chain.block import RefusalRecord
from chain.codec import AccountId, Record
from chain.errors import REFUSALS, Malformed, refusal_name
from chain.events import EVENTS, read_event
from node import mempool
from node.api.shapes import EventShape, Fields, Refusal
from node.effects import Refused

Write = Callable[[Any, str], Any]
"""A value and the prefix of addresses, as JSON."""

POOL_REFUSALS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    mempool.POOL_FULL: ("PoolFull", ()),
    mempool.ACTOR_FULL: ("ActorFull", ("most",)),
    mempool.KNOWN_BY_OTHER_SIGNATURES: ("KnownByOtherSignatures", ()),
}
"""What the pool itself says; not refusals of the chain."""


def event_shape(data: bytes, prefix: str) -> EventShape:
    """An event of a receipt. One that this release does not know is shown by its bytes."""
    try:
        record = read_event(data)
    except Malformed:
        return EventShape(number=0, name="UnknownEvent", fields={"data": data.hex()})
    kind = type(record)
    number = next(number for number, known in EVENTS.items() if known is kind)
    return EventShape(number=number, name=kind.__name__, fields=_fields(record, prefix))


def refusal_of(record: RefusalRecord) -> Refusal:
    return _refusal(record.code, record.values, record.call)


def opinion_of(refused: Refused) -> Refusal:
    """Why this node does not take a transaction now."""
    return _refusal(refused.code, refused.values, None)


def _refusal(code: int, values: Sequence[int | str | bytes], call: int | None) -> Refusal:
    known = REFUSALS.get(code)
    if known is not None:
        name, fields = known.__name__, known.fields
    else:
        name, fields = POOL_REFUSALS.get(code, (refusal_name(code), ()))
    if len(fields) != len(values):
        fields = tuple(str(position) for position in range(len(values)))
    named: Fields = {
        field: value.hex() if isinstance(value, bytes) else value
        for field, value in zip(fields, values, strict=True)
    }
    return Refusal(name=name, code=code, call=call, fields=named)


def _fields(record: Record, prefix: str) -> Fields:
    return {
        name: write(getattr(record, name), prefix) for name, write in _writers(type(record)).items()
    }


@cache
def _writers(kind: type[Record]) -> dict[str, Write]:
    """How each field of a record is written; found once per class, from its annotations."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: _writer(hints[name]) for name in kind.__struct_fields__}


def _writer(hint: Any) -> Write:
    if hint == AccountId:
        return _address
    origin = get_origin(hint)
    if origin is Annotated:
        return _writer(get_args(hint)[0])
    if origin is tuple:
        items = [_writer(item) for item in get_args(hint) if item is not Ellipsis]
        if len(items) == 1:
            return _list_of(items[0])
    if origin in (Union, types.UnionType) or origin is tuple:
        return _by_value
    if isinstance(hint, type) and issubclass(hint, Record):
        return _fields
    return _by_value


def _list_of(item: Write) -> Write:
    return lambda values, prefix: [item(value, prefix) for value in values]


def _address(value: bytes, prefix: str) -> str:
    return encode_address(prefix, value)


def _by_value(value: Any, prefix: str) -> Any:
    match value:
        case bytes():
            return value.hex()
        case Record():
            return _fields(value, prefix)
        case tuple():
            return [_by_value(entry, prefix) for entry in value]
        case _:
            return value
