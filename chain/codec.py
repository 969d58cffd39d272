"""One canonical spelling for everything that is hashed, signed or stored.

Canonical MessagePack: arrays with fixed field order, the shortest form of every integer and
length, no maps, no nil, no floats, no unknown fields, nothing behind the end. An optional value
is a tuple of none or one. The first element of each record is a number: its schema or format.

`decode` proves canonicity by encoding again and comparing. msgspec does not validate when it
encodes, so records made by our own code go through constructors or tests that do.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, dataclass_transform

import msgspec
from msgspec import Meta

from chain.errors import Malformed


@dataclass_transform(frozen_default=True)
class Record(
    msgspec.Struct,
    frozen=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,
    kw_only=False,
):
    """Base of every encoded record. Subclasses give `tag=<number>` and no field a default."""


T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder()
_DECODERS: dict[Any, msgspec.msgpack.Decoder[Any]] = {}

U8 = Annotated[int, Meta(ge=0, le=2**8 - 1)]
U16 = Annotated[int, Meta(ge=0, le=2**16 - 1)]
U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
U53 = Annotated[int, Meta(ge=0, le=2**53 - 1)]
U63 = Annotated[int, Meta(ge=0, le=2**63 - 1)]
I32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Key = Annotated[bytes, Meta(min_length=32, max_length=32)]
Sig = Annotated[bytes, Meta(min_length=64, max_length=64)]
AccountId = Annotated[bytes, Meta(min_length=20, max_length=20)]
Salt = Annotated[bytes, Meta(min_length=16, max_length=16)]
Height = U53
Millis = U53
"""Milliseconds since 1970-01-01 UTC."""
Code = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_.-]+\Z")]
"""A short identifier in ASCII: a coin, a wijk, a contract, a method, a category."""


def encode(record: Any) -> bytes:
    return _ENCODER.encode(record)


def decode(kind: type[T], data: bytes, size_max: int = 1 << 20) -> T:
    """Read exactly one `kind` from `data`.

    Raises Malformed for anything but the canonical bytes: too long, wrong type or bounds, an
    unknown field, a longer spelling of an integer or length, bytes behind the end.
    """
    if len(data) > size_max:
        raise Malformed(f"{len(data)} bytes where at most {size_max} are allowed")
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.msgpack.Decoder(kind)
    try:
        record: T = decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError) as error:
        raise Malformed(str(error)) from None
    if _ENCODER.encode(record) != data:
        raise Malformed("not the canonical encoding")
    return record
