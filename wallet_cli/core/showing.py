"""Records as JSON for people and scripts: bytes in hexadecimal, records as objects."""

from __future__ import annotations

from typing import Any

from chain.address import encode_address
from chain.codec import Record

ACCOUNT_BYTES = 20


def plain_value(value: Any, prefix: str = "") -> Any:
    """With the prefix of addresses, the 20 bytes of an account are its address."""
    match value:
        case bytes() if prefix and len(value) == ACCOUNT_BYTES:
            return encode_address(prefix, value)
        case bytes():
            return value.hex()
        case Record():
            return plain_fields(value, prefix)
        case tuple() | list():
            return [plain_value(entry, prefix) for entry in value]
        case _:
            return value


def plain_fields(record: Record, prefix: str = "") -> dict[str, Any]:
    return {name: plain_value(getattr(record, name), prefix) for name in record.__struct_fields__}
