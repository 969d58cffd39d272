"""Addresses: an account id as people type it, bech32m with the chain's own prefix (BIP-350).

A mistyped address is caught by its checksum, an address of another chain by its prefix.
"""

from __future__ import annotations

from chain.errors import Malformed

LENGTH_MAX = 90
"""Up to here the checksum finds any four wrong letters (BIP-173)."""
CHECKSUM_LENGTH = 6

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CONSTANT = 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode_address(prefix: str, account: bytes) -> str:
    return write_bech32m(prefix, _regroup(account, 8, 5, pad=True))


def decode_address(prefix: str, address: str) -> bytes:
    """The account id (20 bytes) of an address.

    Raises Malformed with a sentence for people: whatever `read_bech32m` refuses, another prefix,
    spare bits that are not zero, a wrong length.
    """
    found, values = read_bech32m(address)
    if found != prefix:
        raise Malformed(f"this address begins with {found!r}; addresses here begin with {prefix!r}")
    account = _whole_bytes(values)
    if len(account) != 20:
        raise Malformed(f"an address holds 20 bytes, this one {len(account)}")
    return account


def write_bech32m(prefix: str, values: list[int]) -> str:
    """A prefix and values of five bits, with the checksum behind them."""
    check = _polymod(_expand(prefix) + values + [0] * CHECKSUM_LENGTH) ^ _CONSTANT
    checksum = [(check >> 5 * (5 - i)) & 31 for i in range(CHECKSUM_LENGTH)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in values + checksum)


def read_bech32m(string: str) -> tuple[str, list[int]]:
    """The prefix and the values (five bits each) of a bech32m string.

    Raises Malformed: a character that is not printable ASCII, mixed case, too long, no prefix or
    separator, no room for a checksum, a letter outside the alphabet, a wrong checksum.
    """
    if any(not 33 <= ord(letter) <= 126 for letter in string):
        raise Malformed("an address has letters and digits only, without spaces or accents")
    if string != string.lower() and string != string.upper():
        raise Malformed("an address is all small or all capital letters")
    if len(string) > LENGTH_MAX:
        raise Malformed(f"an address has at most {LENGTH_MAX} letters")
    prefix, _, rest = string.lower().rpartition("1")
    if not prefix or len(rest) < CHECKSUM_LENGTH:
        raise Malformed("an address is a prefix, the digit 1 and at least six letters")
    if any(letter not in _ALPHABET for letter in rest):
        raise Malformed("the address holds a letter that addresses do not use; check it")
    values = [_ALPHABET.index(letter) for letter in rest]
    if _polymod(_expand(prefix) + values) != _CONSTANT:
        raise Malformed("the address has a typing mistake: its checksum does not fit")
    return prefix, values[:-CHECKSUM_LENGTH]


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATORS):
            if top >> i & 1:
                check ^= generator
    return check


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _regroup(data: bytes | list[int], width: int, into: int, pad: bool) -> list[int]:
    held, bits, result = 0, 0, []
    for value in data:
        held = (held << width | value) & 0xFFFF
        bits += width
        while bits >= into:
            bits -= into
            result.append(held >> bits & (1 << into) - 1)
    if pad and bits:
        result.append(held << into - bits & (1 << into) - 1)
    return result


def _whole_bytes(values: list[int]) -> bytes:
    spare = len(values) * 5 % 8
    if spare >= 5 or (values and values[-1] & (1 << spare) - 1):
        raise Malformed("the address has spare bits that are not zero")
    return bytes(_regroup(values, 5, 8, pad=False))
