"""One person, one entry: what two registrars compare, off the chain.

For everybody whom they enter, offices keep HMAC-SHA-256 under a key K of birth name, date and
place of birth. Two registrars compare lists of those; equal marks are the same person, until a
look at the papers says otherwise (contracts.md, Places and people). The mark never enters the
chain, nor does a citizen service number anywhere.

K lies with three registrars of different wijken so that any two can rebuild it and one alone
knows nothing of it: for each pair there is a random half and its complement. That is replicated
secret sharing, and simple enough to check by eye; sharing 2 of 3 needs no more.
"""

from __future__ import annotations

import hmac
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from chain.codec import encode

KEY_BYTES = 32
HOLDERS = (1, 2, 3)

CONTEXT = b"socialcoin uniqueness/1\x00"
CHECK = b"socialcoin uniqueness key/1\x00"

LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"}
)
"""Letters that are of their own to Unicode, and that papers write without their stroke or bow."""

PLACES = {"denhaag": "sgravenhage", "denbosch": "shertogenbosch"}
"""Places with two names in use, each to the one on birth certificates."""

BIRTHDAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")


@dataclass(frozen=True, slots=True)
class Share:
    """What one registrar holds of K: a half towards each of the other two.

    `check` is a keyed mark of K itself, by which a wrong pair of halves is noticed.
    """

    holder: int
    halves: tuple[tuple[int, bytes], ...]
    check: bytes


def uniqueness_mark(key: bytes, birth_name: str, birth_date: str, birth_place: str) -> bytes:
    """The mark of a person, 32 bytes. `birth_date` as YYYY-MM-DD; 00 for an unknown month or day.

    Raises ValueError, with a sentence for the registrar.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key has {KEY_BYTES} bytes, not {len(key)}")
    name, place = normalised(birth_name), normalised(birth_place)
    if not name:
        raise ValueError("the birth name has no letters; write it as in the passport")
    if not place:
        raise ValueError("the place of birth has no letters; write it as in the passport")
    said = encode((name, checked_date(birth_date), PLACES.get(place, place)))
    return hmac.digest(key, CONTEXT + said, sha256)


def normalised(text: str) -> str:
    """Letters and digits only, small, without accents: what two clerks write of one name.

    Spaces, hyphens and apostrophes go, so "van der Berg" is "Van-der Berg" and "'t Hooft" is
    "`t Hooft"; the Dutch ij is i and j, and the German sharp s is ss.
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    small = unicodedata.normalize("NFKD", apart.casefold()).translate(LETTERS)
    return "".join(c for c in small if unicodedata.category(c)[0] in "LN")


def checked_date(text: str) -> str:
    """Raises ValueError."""
    found = BIRTHDAY.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a date of birth; write it as 1980-12-31")
    year, month, day = (int(part) for part in found.groups())
    if month == 0 and day:
        raise ValueError("a day of birth without its month is written 00-00")
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"{text!r} is not in the calendar") from None
    return found.group(0)


def split_key(key: bytes, random: Callable[[int], bytes] = os.urandom) -> tuple[Share, ...]:
    """Three shares of K, any two of which give it back. `random`: a source of random bytes."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key has {KEY_BYTES} bytes, not {len(key)}")
    halves: dict[int, dict[int, bytes]] = {holder: {} for holder in HOLDERS}
    for one, other in ((1, 2), (1, 3), (2, 3)):
        blind = random(KEY_BYTES)
        halves[one][other] = blind
        halves[other][one] = _xor(key, blind)
    mark = _check(key)
    return tuple(Share(holder, tuple(sorted(halves[holder].items())), mark) for holder in HOLDERS)


def join_key(a: Share, b: Share) -> bytes:
    """K, of two registrars' shares. Raises ValueError: twice the same, or not of one K."""
    if a.holder == b.holder:
        raise ValueError("two shares of one registrar do not give the key; ask another")
    theirs, ours = dict(a.halves).get(b.holder), dict(b.halves).get(a.holder)
    if theirs is None or ours is None or len(theirs) != len(ours):
        raise ValueError("these shares do not belong together")
    key = _xor(theirs, ours)
    good = hmac.compare_digest(_check(key), a.check) and hmac.compare_digest(a.check, b.check)
    if len(key) != KEY_BYTES or not good:
        raise ValueError("these shares are of different keys, or one is damaged")
    return key


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _check(key: bytes) -> bytes:
    return hmac.digest(key, CHECK, sha256)[:16]
