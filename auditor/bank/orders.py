"""The name that a redemption has at the bank: on the payment order, and back on the statement.

    SC-<coin>-<number>-<check>      as in SC-JOR-1207-K3WQX5AM

The check is 8 letters or digits (RFC 4648 base32, 40 bits) of a hash over chain, coin and number:
a mistyped name, or one of another chain, names nothing. The name of one redemption is always the
same, so a bank that refuses an order id it has seen pays it once, and so does the reserve's desk.

At most 35 characters, the length of an ISO 20022 `EndToEndId`; a coin's code that would be too
long is cut, since the check binds the whole of it.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

LENGTH_MAX = 35
CHECK_LENGTH = 8
_DOMAIN = b"socialcoin payment order\x00"
_NAME = re.compile(r"SC-([A-Z0-9_.]{1,32})-([0-9]{1,16})-([A-Z2-7]{8})", re.ASCII)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class OrderName:
    """What a name says of itself; `order_id` says whether it is true."""

    coin: str
    redemption: int
    check: str


def order_id(chain: bytes, coin: str, redemption: int) -> str:
    """The name of redemption number `redemption` of `coin` on this chain, in upper case.

    `chain`: the chain's id, 32 bytes.
    """
    if len(chain) != 32 or not 0 <= redemption < 2**53:
        raise ValueError("a chain id of 32 bytes and a number below 2**53")
    parts = _DOMAIN + chain + redemption.to_bytes(8, "big") + coin.encode("ascii")
    check = b32encode(sha256(parts).digest()).decode("ascii")[:CHECK_LENGTH]
    return f"SC-{_short(coin, redemption)}-{redemption}-{check}"


def _short(coin: str, redemption: int) -> str:
    """The coin's code as far as there is room, in characters that every bank passes on."""
    room = LENGTH_MAX - len("SC---") - CHECK_LENGTH - len(str(redemption))
    return coin.upper().replace("-", ".").replace("_", ".")[:room]


def names_in(text: str) -> list[OrderName]:
    """All names in a text of the bank, whatever its case and wherever it was broken by spaces."""
    packed = _SPACES.sub("", text).upper()
    return [OrderName(m[1], int(m[2]), m[3]) for m in _NAME.finditer(packed)]


def parse(chain: bytes, coin: str, text: str) -> int | None:
    """The number of the redemption of `coin` that a text of the bank names.

    None if it names none of this chain and coin, or more than one: two names prove nothing.
    """
    found = {
        name.redemption
        for name in names_in(text)
        if name.redemption < 2**53
        and order_id(chain, coin, name.redemption)
        == f"SC-{name.coin}-{name.redemption}-{name.check}"
    }
    return found.pop() if len(found) == 1 else None


def message_id(chain: bytes, coin: str, redemptions: Sequence[int]) -> str:
    """The name of a payment file: the same redemptions always make the same file.

    28 letters or digits; a bank refuses a file whose name it has seen.
    """
    digest = sha256(b"socialcoin payment file\x00" + chain + coin.encode("ascii"))
    for number in sorted(redemptions):
        digest.update(b"\x00" + number.to_bytes(8, "big"))
    return "SC" + b32encode(digest.digest()).decode("ascii")[:26]
