"""Structured creditor references (ISO 11649): which account a deposit is for.

    RF kk XXXXXXXXXXXXXXXXXXXXX     check digits, then up to 21 letters and digits

The office gives each depositor one reference, which they write on every transfer. It is made from
the account and the reserve's key, so that it says nothing to anybody else and can be made again
from the key; which account it means is looked up in the reserve's own book, never on the chain.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from hashlib import sha256

from stdnum import iso11649
from stdnum.exceptions import ValidationError

BODY = 16
"""Letters of a reference of ours: 80 bits, so that two accounts never share one."""

COVER = b"cover"
"""In place of an account: money paid in to cure a deficit."""

_CANDIDATE = re.compile(r"(?=\b(RF[0-9]{2}(?: ?[A-Z0-9]){1,21}))")


def reference_for(key: bytes, account: bytes) -> str:
    """The reference of an account id (20 bytes), or of `COVER`. `key`: the reserve's, 32 bytes."""
    digest = hmac.new(key, b"deposit reference\x00" + account, sha256).digest()
    body = b32encode(digest[:10]).decode("ascii")[:BODY]
    return "RF" + iso_check(body) + body


def iso_check(body: str) -> str:
    """The two check digits (ISO 7064 mod 97-10 over body and RF00)."""
    digits = "".join(str(int(letter, 36)) for letter in body + "RF00")
    return f"{98 - int(digits) % 97:02d}"


def checked(text: str) -> str:
    """The reference without spaces and in upper case; empty if its check digits do not fit."""
    try:
        return str(iso11649.validate(text.strip().upper()))
    except ValidationError:
        return ""


def spaced(reference: str) -> str:
    """As people write it: in groups of four."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def found_in(text: str) -> str:
    """The one valid reference in a free text; empty if there is none, or more than one.

    People write it with spaces and with words before and behind, so from each `RF` on, every
    length is tried whose words end there, and the longest whose check digits fit is taken.
    """
    found = set()
    for match in _CANDIDATE.finditer(text.upper()):
        words = match[1].split(" ")
        for count in range(len(words), 0, -1):
            if valid := checked("".join(words[:count])):
                found.add(valid)
                break
    return found.pop() if len(found) == 1 else ""
