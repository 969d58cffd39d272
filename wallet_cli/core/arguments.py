"""Calls of any contract from JSON and back: field names, hexadecimal or addresses for bytes.

The contracts' own argument records say what is expected, so a wallet can make every call of its
release without knowing it in particular. An optional value is a list of none or one, as on the
chain; a leaf `call` inside a proposal is an object with contract, method and args; of several
records that may stand in a place, the one with exactly the fields that are written is meant.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from msgspec import inspect

from chain.address import decode_address
from chain.codec import Record, decode, encode
from chain.contract import Method
from chain.errors import Malformed
from chain.transaction import Call
from governance_contracts.versions import RELEASE
from wallet_cli.core.builder import VERSION


def find_method(contract: str, method: str) -> Method:
    """Raises Malformed, naming what there is."""
    found = RELEASE.contracts.get((contract, VERSION))
    if found is None:
        known = ", ".join(sorted(name for name, _version in RELEASE.contracts))
        raise Malformed(f"there is no contract {contract!r}; there are {known}")
    if method not in found.methods:
        known = ", ".join(sorted(found.methods))
        raise Malformed(f"{contract} has no call {method!r}; it has {known}")
    return found.methods[method]


def read_call(prefix: str, contract: str, method: str, found: Method, value: Any) -> Call:
    """Raises Malformed: a field missing, unknown, of the wrong type or out of bounds."""
    args = _read(prefix, _shape(found.args), value, "the arguments")
    data = encode(args)
    decode(found.args, data)
    return Call(contract, VERSION, method, data)


def call_as_json(call: Call, prefix: str = "") -> dict[str, Any]:
    """What a call says, accounts as addresses if their prefix is given; the bare bytes of a call
    that this release does not know."""
    from wallet_cli.core.showing import plain_fields

    try:
        found = find_method(call.contract, call.method)
        args: Any = plain_fields(decode(found.args, call.args, len(call.args)), prefix)
    except Malformed:
        args = call.args.hex()
    return {
        "contract": call.contract,
        "version": call.version,
        "method": call.method,
        "args": args,
    }


def work_of(calls: tuple[Call, ...]) -> int:
    """What a decision or a mandate sets aside to carry these calls out: what they cost together
    (governance_contracts/boards/proposals.py)."""
    total = 0
    for call in calls:
        method = find_method(call.contract, call.method)
        cost = method.cost
        total += cost if isinstance(cost, int) else cost(decode(method.args, call.args))
    return total


@cache
def _shape(record: type[Record]) -> inspect.StructType:
    return cast(inspect.StructType, inspect.type_info(record))


def _read(prefix: str, shape: inspect.Type, value: Any, where: str) -> Any:
    match shape:
        case inspect.StructType():
            if shape.cls is Call and isinstance(value, dict) and "args" in value:
                return _inner_call(prefix, value, where)
            return _record(prefix, shape, value, where)
        case inspect.BytesType():
            return _bytes(prefix, shape, value, where)
        case inspect.VarTupleType():
            if not isinstance(value, list):
                raise Malformed(f"{where}: a list was expected")
            item = shape.item_type
            return tuple(_read(prefix, item, v, f"{where}, entry {i}") for i, v in enumerate(value))
        case inspect.UnionType():
            return _one_of(prefix, shape, value, where)
        case inspect.BoolType():
            wanted: type = bool
        case inspect.IntType():
            wanted = int
        case inspect.StrType():
            wanted = str
        case _:
            raise Malformed(f"{where}: this cannot be written as JSON")
    if type(value) is not wanted:
        raise Malformed(f"{where}: {wanted.__name__} was expected")
    return value


def _record(prefix: str, shape: inspect.StructType, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise Malformed(f"{where}: an object was expected")
    names = [field.name for field in shape.fields]
    unknown = sorted(set(value) - set(names))
    missing = [name for name in names if name not in value]
    if unknown or missing:
        said = [f"{name!r} is not known" for name in unknown]
        said += [f"{name!r} is missing" for name in missing]
        raise Malformed(f"{where}: {', '.join(said)}")
    parts = {f.name: _read(prefix, f.type, value[f.name], f.name) for f in shape.fields}
    return shape.cls(**parts)


def _one_of(prefix: str, shape: inspect.UnionType, value: Any, where: str) -> Any:
    """The record that has exactly these fields, as a motivation is a `text` or a `commitment`."""
    records = [member for member in shape.types if isinstance(member, inspect.StructType)]
    for record in records:
        if isinstance(value, dict) and {field.name for field in record.fields} == set(value):
            return _record(prefix, record, value, where)
    known = " or ".join("{" + ", ".join(f.name for f in r.fields) + "}" for r in records)
    raise Malformed(f"{where}: {known} was expected")


def _inner_call(prefix: str, value: dict[str, Any], where: str) -> Call:
    contract, method = value.get("contract"), value.get("method")
    if not isinstance(contract, str) or not isinstance(method, str):
        raise Malformed(f"{where}: a call names its contract and method")
    return read_call(prefix, contract, method, find_method(contract, method), value["args"])


def _bytes(prefix: str, shape: inspect.BytesType, value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise Malformed(f"{where}: hexadecimal digits were expected")
    if shape.min_length == shape.max_length == 20 and value.startswith(prefix + "1"):
        return decode_address(prefix, value)
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise Malformed(f"{where}: {value!r} is not hexadecimal") from None
