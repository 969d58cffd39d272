"""One canonical spelling, held against `msgpack`, the reference library."""

from __future__ import annotations

from typing import Annotated, Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from chain.account import Purse, Window
from chain.certificate import Seat, SeatSignature, Vote
from chain.codec import U63, Code, Record, decode, encode
from chain.errors import Malformed
from chain.events import read_event
from chain.money import Cents
from chain.rules import Due
from chain.transaction import AccountActor, Body, Call, Envelope, KeyActor, parse
from tests.chain.toy import CHAIN, Town, Write, call, holding, public


class Number(Record, tag=7):
    value: U63


class Signed(Record, tag=8):
    value: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class Bytes(Record, tag=9):
    data: bytes


class Text(Record, tag=10):
    text: str


class Several(Record, tag=11):
    items: tuple[U63, ...]


class Named(Record, tag=12):
    name: Code


BOUNDARIES = [
    edge + step
    for edge in (0, 2**5, 2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63)
    for step in (-1, 0, 1)
    if 0 <= edge + step < 2**63
]


@pytest.mark.parametrize("value", BOUNDARIES)
def test_integers_have_their_shortest_form(value: int) -> None:
    data = encode(Number(value))
    assert data == msgpack.packb([7, value])
    assert decode(Number, data) == Number(value)


@pytest.mark.parametrize("value", [-v for v in BOUNDARIES] + [-(2**63)])
def test_negative_integers_too(value: int) -> None:
    data = encode(Signed(value))
    assert data == msgpack.packb([8, value]) and decode(Signed, data) == Signed(value)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536])
def test_lengths_have_their_shortest_form(length: int) -> None:
    rows: list[tuple[Any, int, Any]] = [
        (Bytes, 9, bytes(length)),
        (Text, 10, "x" * length),
        (Several, 11, (1,) * length),
    ]
    for kind, tag, value in rows:
        data = encode(kind(value))
        assert data == msgpack.packb([tag, value])
        assert decode(kind, data) == kind(value)


def plain(value: Any) -> Any:
    """A record as `msgpack` would be given it: a list that begins with the tag."""
    if isinstance(value, Record):
        return [
            value.__struct_config__.tag,
            *(plain(getattr(value, name)) for name in value.__struct_fields__),
        ]
    return [plain(one) for one in value] if isinstance(value, tuple) else value


SAMPLES: list[Record] = [
    Body(
        CHAIN,
        3,
        AccountActor(bytes(20), 1),
        2**33,
        1_800_000_000_000,
        (call("write", Write("a", 1)),),
    ),
    Body(CHAIN, 0, KeyActor(public("k")), 1, 0, (Call("c", 1, "m", bytes(300)),) * 16),
    Vote(2**40, 0, b"", 199),
    Purse((Window(1, 2**53 - 1, 2**64 - 1),), holding(2**53 - 1), ()),
    Seat("WK0363AA", public("s")),
    SeatSignature(199, bytes(64)),
    Due(1, "coin", "expire", b""),
    Town().build().block,
]


@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
def test_records_are_arrays_with_their_tag_in_front(record: Record) -> None:
    data = encode(record)
    assert data == msgpack.packb(plain(record))
    assert decode(type(record), data) == record


NOT_CANONICAL: dict[str, tuple[type[Record], bytes]] = {
    "uint8 for 7": (Number, b"\x92\x07\xcc\x07"),
    "uint16 for 7": (Number, b"\x92\x07\xcd\x00\x07"),
    "uint32 for 7": (Number, b"\x92\x07\xce\x00\x00\x00\x07"),
    "uint64 for 7": (Number, b"\x92\x07\xcf" + bytes(7) + b"\x07"),
    "int8 for 7": (Number, b"\x92\x07\xd0\x07"),
    "int64 for 7": (Number, b"\x92\x07\xd3" + bytes(7) + b"\x07"),
    "int16 for -1": (Signed, b"\x92\x08\xd1\xff\xff"),
    "a long tag": (Number, b"\x92\xcc\x07\x07"),
    "float for 7": (Number, msgpack.packb([7, 7.0])),
    "float32 for 7": (Number, b"\x92\x07\xca\x40\xe0\x00\x00"),
    "a fraction": (Number, msgpack.packb([7, 7.5])),
    "bool for int": (Number, b"\x92\x07\xc3"),
    "bool for tag": (Window, b"\x94\xc3\x01\x01\x01"),
    "text for int": (Number, b"\x92\x07\xa17"),
    "nil": (Number, b"\x92\x07\xc0"),
    "nil for empty bytes": (Bytes, b"\x92\x09\xc0"),
    "a map for the record": (Number, b"\x81\xa5value\x07"),
    "a map for a list": (Several, b"\x92\x0b\x80"),
    "str8 for a short text": (Text, b"\x92\x0a\xd9\x01x"),
    "str32 for a short text": (Text, b"\x92\x0a\xdb\x00\x00\x00\x01x"),
    "bin16 for short bytes": (Bytes, b"\x92\x09\xc5\x00\x01x"),
    "bin32 for short bytes": (Bytes, b"\x92\x09\xc6\x00\x00\x00\x01x"),
    "text for bytes": (Bytes, b"\x92\x09\xa1x"),
    "bytes for text": (Text, b"\x92\x0a\xc4\x01x"),
    "not UTF-8": (Text, b"\x92\x0a\xa1\xff"),
    "a surrogate": (Text, b"\x92\x0a\xa3\xed\xa0\x80"),
    "ext for bytes": (Bytes, b"\x92\x09\xd4\x01x"),
    "timestamp for int": (Number, b"\x92\x07\xd6\xff\x00\x00\x00\x07"),
    "array16 for the record": (Number, b"\xdc\x00\x02\x07\x07"),
    "array32 for a short list": (Several, b"\x92\x0b\xdd\x00\x00\x00\x01\x01"),
    "a missing field": (Number, b"\x91\x07"),
    "an extra field": (Number, b"\x93\x07\x07\x00"),
    "an extra nil": (Number, b"\x93\x07\x07\xc0"),
    "another tag": (Number, b"\x92\x08\x07"),
    "no tag": (Number, b"\x91\x07"),
    "bytes behind the end": (Number, b"\x92\x07\x07\x00"),
    "two records": (Number, b"\x92\x07\x07" * 2),
    "cut short": (Number, b"\x92\x07"),
    "nothing": (Number, b""),
    "a reserved byte": (Number, b"\x92\x07\xc1"),
    "an array that promises too much": (Several, b"\x92\x0b\xdd\xff\xff\xff\xff"),
    "bytes that promise too much": (Bytes, b"\x92\x09\xc6\xff\xff\xff\xff"),
    "a nesting bomb": (Several, b"\x91" * 200_000),
    "a nesting bomb in place of a number": (Number, b"\x92\x07" + b"\x91" * 200_000 + b"\x01"),
    "above the bound": (Number, b"\x92\x07" + msgpack.packb(2**63)),
    "below the bound": (Number, b"\x92\x07\xff"),
    "an empty code": (Named, b"\x92\x0c\xa0"),
    "a code with a line end": (Named, b"\x92\x0c\xa2x\n"),
    "a code in other letters": (Named, msgpack.packb([12, "é"])),
    "a code of 33 letters": (Named, msgpack.packb([12, "x" * 33])),
}


@pytest.mark.parametrize("what", NOT_CANONICAL)
def test_any_other_spelling_is_malformed(what: str) -> None:
    kind, data = NOT_CANONICAL[what]
    with pytest.raises(Malformed):
        decode(kind, data)


def test_size_is_judged_before_anything_is_read() -> None:
    with pytest.raises(Malformed, match="at most 10"):
        decode(Bytes, b"\xc1" * 11, 10)


def test_every_truncation_and_every_extension_of_a_transaction_is_malformed() -> None:
    data = Town().by("anna", call("write", Write("a", 1))).data
    for cut in range(len(data)):
        with pytest.raises(Malformed):
            parse(data[:cut])
    for more in (b"\x00", b"\xc0", data):
        with pytest.raises(Malformed):
            parse(data + more)


@given(st.binary(max_size=80))
def test_whatever_decodes_is_canonical(data: bytes) -> None:
    for kind in (Number, Several, Vote, Envelope, Call):
        try:
            record = decode(kind, data)
        except Malformed:
            continue
        assert encode(record) == data


@given(
    st.recursive(
        st.one_of(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40), st.text(max_size=40)),
        lambda inner: st.lists(inner, max_size=20),
        max_leaves=30,
    )
)
def test_both_libraries_write_the_same_bytes(value: Any) -> None:
    assert encode(value) == msgpack.packb(value)


def test_no_record_of_ours_has_a_default() -> None:
    """A default would let a shorter array in."""

    def check(cls: type[Record]) -> None:
        for one in cls.__subclasses__():
            config = one.__struct_config__
            assert one.__struct_defaults__ == (), one
            assert config.array_like and config.forbid_unknown_fields and config.frozen, one
            assert isinstance(config.tag, int), one
            check(one)

    check(Record)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x07", b"\x90", b"\x91\x00", b"\x91\xa1x", b"\x91" * 100_000, b"\x92\xcd\xfd\xe9\xc0"],
)
def test_an_unknown_event_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_event(data)


def test_money_has_bounds_in_the_codec() -> None:
    from chain.account import Holding

    for amount in (-1, 2**53):
        with pytest.raises(Malformed):
            decode(Holding, msgpack.packb([1, "eur", amount]))
    assert decode(Holding, msgpack.packb([1, "eur", 2**53 - 1])).amount == Cents(2**53 - 1)
    assert msgspec.msgpack.encode(0) == b"\x00"
