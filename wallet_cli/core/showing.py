"""Records as JSON for people and scripts: bytes in hexadecimal, records as objects."""

from __future__ import annotations

from typing import Any

from chain.codec import Record


def plain_value(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case Record():
            return plain_fields(value)
        case tuple() | list():
            return [plain_value(entry) for entry in value]
        case _:
            return value


def plain_fields(record: Record) -> dict[str, Any]:
    return {name: plain_value(getattr(record, name)) for name in record.__struct_fields__}
