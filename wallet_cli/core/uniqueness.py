"""Is somebody registered twice? Two registrars compare a code, never what it is made of.

The code is an HMAC of birth name, date and place under a key that no registrar holds alone: three
registrars of different wijken hold a share each, and any two of them make the key (replicated
shares: the key is a xor b xor c, and each holds two of the three). Nothing of it is on the chain.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from base64 import b32encode
from collections.abc import Sequence
from datetime import date
from typing import Any

from chain.errors import Malformed

FORMAT = "socialcoin uniqueness share"
PARTS = ("a", "b", "c")
HELD = ("ab", "bc", "ca")
PART_BYTES = 32
CODE_BYTES = 15
"""120 bits, 24 letters: long enough that two persons never share a code."""

LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"}
)
"""Letters of their own to Unicode, which papers also write without stroke or bow."""

PLACES = {"denhaag": "sgravenhage", "denbosch": "shertogenbosch"}
"""Places with two names in use, each to the one on birth certificates."""

BORN = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")


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
    """What two clerks write of one name: letters and digits, small, without accents, spaces and
    signs. Zoë de Vries-Ång is zoedevriesang, Ĳsbrand is ijsbrand, Großmann is grossmann."""
    spelled = unicodedata.normalize("NFKD", text.casefold())
    spelled = unicodedata.normalize("NFKD", spelled.casefold()).translate(LETTERS)
    return "".join(letter for letter in spelled if unicodedata.category(letter)[0] in "LN")


def checked_born(text: str) -> str:
    """A date of birth as 1980-12-31; an unknown day or month is 00, as in the population register.

    Raises Malformed.
    """
    found = BORN.match(text.strip())
    if found is None:
        raise Malformed(f"{text!r} is not a date of birth; write it as 1980-12-31")
    year, month, day = (int(part) for part in found.groups())
    if day and not month:
        raise Malformed("a date of birth without its month has no day: write 00-00")
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise Malformed(f"{text!r} is not in the calendar") from None
    return found.group(0)


def code(key: bytes, birth_name: str, born: str, place: str) -> str:
    """Four letters at a time, to be read over the telephone. `born`: see `checked_born`.

    Raises Malformed: an empty field, no date.
    """
    name, where = plain(birth_name), plain(place)
    if not name or not where:
        raise Malformed("birth name and place are needed, as on the passport")
    fields = (name, checked_born(born), PLACES.get(where, where))
    digest = hmac.digest(key, "\x1f".join(fields).encode(), "sha256")
    letters = b32encode(digest[:CODE_BYTES]).decode()
    return "-".join(letters[i : i + 4] for i in range(0, len(letters), 4))
