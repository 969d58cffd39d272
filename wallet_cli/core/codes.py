"""The code of a letter as people type it: 128 bits and a checksum, in eight groups of four.

    QPZR Y9X8 GF2T VDW0 S3JN 54KH CE6M UA7L

The letters and the checksum are those of addresses (bech32m), under a prefix of the chain that is
not printed: up to four wrong letters are always found, and so is the code of another chain.
"""

from __future__ import annotations

from chain import crypto
from chain.address import CHECKSUM_LENGTH, read_bech32m, write_bech32m
from chain.errors import Malformed
from genesis.texts import _
from governance_contracts.payments.claims import CODE_BYTES, claim_seed

SCHEME = "SOCIALCOIN:CLAIM:"
"""Before the code in a QR code, which holds capitals in less room."""
LETTERS = 26 + CHECKSUM_LENGTH
GROUP = 4
_LOOKALIKES = str.maketrans({"o": "0", "i": "l", "1": "l", "b": "8"})
"""Letters that codes do not use, and the one that was probably meant."""


def _prefix(chain_prefix: str) -> str:
    return f"{chain_prefix}claim"


def write_code(prefix: str, code: bytes) -> str:
    """32 capitals and digits, without spaces."""
    bits = int.from_bytes(code, "big") << 2
    values = [bits >> 5 * (25 - i) & 31 for i in range(26)]
    return write_bech32m(_prefix(prefix), values).rpartition("1")[2].upper()


def grouped(text: str) -> list[str]:
    return [text[i : i + GROUP] for i in range(0, len(text), GROUP)]


def read_code(prefix: str, text: str) -> bytes:
    """The code's 16 bytes. Spaces, hyphens and small letters are as good.

    Raises Malformed with a sentence: a wrong length, a letter that codes do not use, a typing
    mistake.
    """
    plain = text.strip()
    if plain.upper().startswith(SCHEME):
        plain = plain[len(SCHEME) :]
    plain = "".join(plain.split()).replace("-", "").lower().translate(_LOOKALIKES)
    if len(plain) != LETTERS:
        raise Malformed(
            _("a code has {letters} letters in eight groups of four, this one {found}").format(
                letters=LETTERS, found=len(plain)
            )
        )
    for place, letter in enumerate(plain):
        if not letter.isascii() or not letter.isalnum():
            raise Malformed(
                _("group {group} holds {letter!r}, which codes do not use").format(
                    group=place // GROUP + 1, letter=letter
                )
            )
    try:
        values = read_bech32m(f"{_prefix(prefix)}1{plain}")[1]
    except Malformed:
        raise Malformed(
            _(
                "there is a typing mistake in the code, or it is of another chain; compare it "
                "with the letter group by group"
            )
        ) from None
    bits = 0
    for value in values:
        bits = bits << 5 | value
    if bits & 3:
        raise Malformed(_("there is a typing mistake in the code"))
    return (bits >> 2).to_bytes(CODE_BYTES, "big")


def claim_key(code: bytes) -> bytes:
    """The public key under which the chain knows a code."""
    return crypto.public_key(claim_seed(code))
