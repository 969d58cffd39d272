"""Addresses: an account id as people type it, bech32m with the chain's own prefix (BIP-350).

A mistyped address is caught by its checksum, an address of another chain by its prefix.
"""

from __future__ import annotations

from chain.errors import Malformed

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CONSTANT = 0x2BC830A3
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode_address(prefix: str, account: bytes) -> str:
    data = _regroup(account, 8, 5, pad=True)
    check = _polymod(_expand(prefix) + data + [0] * 6) ^ _CONSTANT
    checksum = [(check >> 5 * (5 - i)) & 31 for i in range(6)]
    return prefix + "1" + "".join(_ALPHABET[value] for value in data + checksum)


def decode_address(prefix: str, address: str) -> bytes:
    """The account id (20 bytes) of an address.

    Raises Malformed with a sentence for people: mixed case, no separator, another prefix, a
    character outside the alphabet, a wrong checksum, a wrong length.
    """
    if address != address.lower() and address != address.upper():
        raise Malformed("an address is all small or all capital letters")
    address = address.lower()
    found, separator, rest = address.rpartition("1")
    if not separator or len(rest) < 6:
        raise Malformed(f"an address looks like {prefix}1... and has a checksum at its end")
    if found != prefix:
        raise Malformed(f"this address begins with {found!r}; addresses here begin with {prefix!r}")
    if any(letter not in _ALPHABET for letter in rest):
        raise Malformed("the address holds a letter that addresses do not use; check it")
    values = [_ALPHABET.index(letter) for letter in rest]
    if _polymod(_expand(prefix) + values) != _CONSTANT:
        raise Malformed("the address has a typing mistake: its checksum does not fit")
    account = bytes(_regroup_strict(values[:-6]))
    if len(account) != 20:
        raise Malformed(f"an address holds 20 bytes, this one {len(account)}")
    return account


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


def _regroup_strict(values: list[int]) -> list[int]:
    spare = len(values) * 5 % 8
    if spare >= 5 or (values and values[-1] & (1 << spare) - 1):
        raise Malformed("the address has spare bits that are not zero")
    return _regroup(values, 5, 8, pad=False)
