"""Is somebody registered twice? Two registrars compare a code, never what it is made of.

The code is an HMAC of birth name, date and place under a key that no registrar holds alone: three
registrars of different wijken hold a share each, and any two of them make the key (replicated
shares: the key is a xor b xor c, and each holds two of the three). Nothing of it is on the chain.
"""

from __future__ import annotations

import hmac
import unicodedata
from base64 import b32encode
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from chain.errors import Malformed

FORMAT = "socialcoin uniqueness share"
PARTS = ("a", "b", "c")
HELD = ("ab", "bc", "ca")
PART_BYTES = 32
CODE_BYTES = 15
"""120 bits, 24 letters: long enough that two persons never share a code."""


def split(entropy: bytes) -> list[dict[str, Any]]:
    """Three shares of a new key, out of 96 random bytes."""
    assert len(entropy) == PART_BYTES * len(PARTS)
    parts = {
        name: entropy[i * PART_BYTES : (i + 1) * PART_BYTES].hex() for i, name in enumerate(PARTS)
    }
    return [
        {"format": FORMAT, "share": n, "parts": {name: parts[name] for name in held}}
        for n, held in enumerate(HELD, 1)
    ]


def joined(shares: Sequence[Any]) -> bytes:
    """The key of two shares. Raises Malformed: no shares, twice the same, of different keys."""
    parts: dict[str, bytes] = {}
    try:
        for share in shares:
            if share["format"] != FORMAT:
                raise ValueError
            for name, value in share["parts"].items():
                part = bytes.fromhex(value)
                if name not in PARTS or len(part) != PART_BYTES:
                    raise ValueError
                if parts.setdefault(name, part) != part:
                    raise Malformed("these shares are of different keys")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("this is not a share as `office unique-key` writes it") from None
    if len(parts) < len(PARTS):
        raise Malformed("two different shares are needed")
    key = bytes(PART_BYTES)
    for name in PARTS:
        key = bytes(x ^ y for x, y in zip(key, parts[name], strict=True))
    return key


def plain(text: str) -> str:
    """Without case, accents, spaces and signs: Zoë de Vries-Ång is zoedevriesang."""
    spelled = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in spelled if letter.isalnum())


def code(key: bytes, birth_name: str, born: date, place: str) -> str:
    """Four letters at a time, to be read over the telephone. Raises Malformed: an empty field."""
    fields = (plain(birth_name), born.isoformat(), plain(place))
    if not all(fields):
        raise Malformed("birth name and place are needed")
    digest = hmac.new(key, "\x1f".join(fields).encode(), sha256).digest()
    letters = b32encode(digest[:CODE_BYTES]).decode()
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))
