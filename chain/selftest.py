"""The self-test at node start: does this machine's crypto library judge as the chain expects?

Validators must agree on every signature, byte for byte. Libraries do not: RFC 8032 leaves the
edge cases open, and some libraries accept a key of small order, under which one signature holds
for any message ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko 2020). A node with such
a library would split from the others, or be robbed, so it must not start.

The cases are built on the torsion points of the curve, and on a key made for this purpose; all
bytes stand here. Each bad one satisfies some verification equation that is in use somewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from chain import crypto


class UnsafeCrypto(Exception):
    """The crypto library answers otherwise than the chain's rules; says where."""


@dataclass(frozen=True, slots=True)
class Case:
    """One signature; `sound_key`: is `key` a canonical point of prime order?"""

    name: str
    key: bytes
    message: bytes
    signature: bytes
    holds: bool
    sound_key: bool


def _case(name: str, key: str, message: bytes, r: str, s: str, *verdict: bool) -> Case:
    key_bytes = bytes.fromhex(key)
    return Case(name, key_bytes, message, bytes.fromhex(r) + bytes.fromhex(s), *verdict)


_ZERO = "00" * 32
_IDENTITY = "01" + "00" * 31
_IDENTITY_LONG = "ee" + "ff" * 30 + "7f"  # y = p + 1
_ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
_OWN = "5a467698da1ec7d32ccb83e41c65ba30417242f3bc14dbb313aa67ebdd720b24"
_OWN_R = "ef4f62f8479733ad879cfaced3c89a9c39dd4fc795ef2efa1c3eafe4d729a081"
_MIXED = "e14faebbe59abbeab6615064db65a3543156e841dc4764cffe17b2b9397e827a"

CASES = (
    _case(
        "RFC 8032, 7.1, test 2",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        True,
        True,
    ),
    _case(
        "the same, of another message",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x73",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        False,
        True,
    ),
    _case("the identity as key", _IDENTITY, b"any message", _IDENTITY, _ZERO, False, False),
    _case(
        "the identity as key, y not reduced",
        _IDENTITY_LONG,
        b"any message",
        _IDENTITY,
        _ZERO,
        False,
        False,
    ),
    _case(
        "the identity as key, with a sign",
        "01" + "00" * 30 + "80",
        b"any message",
        _IDENTITY,
        _ZERO,
        False,
        False,
    ),
    _case(
        "a key of order 2",
        "ec" + "ff" * 30 + "7f",
        b"message 1",
        "ec" + "ff" * 30 + "7f",
        _ZERO,
        False,
        False,
    ),
    _case("a key of order 4", "00" * 31 + "80", b"message 0", _IDENTITY, _ZERO, False, False),
    _case("a key of order 8", _ORDER_8, b"message 0", "00" * 31 + "80", _ZERO, False, False),
    _case(
        "the identity as R",
        _OWN,
        b"a small R",
        _IDENTITY,
        "7ab39aa9d319a10091fee50f03df94aaae5ec4d8c692837e7cb532ea63357b02",
        False,
        True,
    ),
    _case(
        "the identity as R, y not reduced",
        _OWN,
        b"a small R",
        _IDENTITY_LONG,
        "dfc7f388fdd046483c9e4f78fc00fbb639a23d126c27f009a278a6c13a5b4f05",
        False,
        True,
    ),
    _case(
        "R of order 8",
        _OWN,
        b"a small R",
        _ORDER_8,
        "0451a6a96beb667fd7ae8c18efdbef69e917eefbad3f331bf19aa615f96b2305",
        False,
        True,
    ),
    _case(
        "R of mixed order, good only under the cofactored equation",
        _OWN,
        b"a small R",
        "40a4cf5c611d737a2f1c6fcca84d9cabfed80987f186a5a6c57e629bff1af27f",
        "fcc62f6b7a9d9691fb6dcce5b0b9a4774afe3458e1d29f8193924c5c312be109",
        False,
        True,
    ),
    _case(
        "a good signature of the same key",
        _OWN,
        b"S above L",
        _OWN_R,
        "8d50c6dab8338fc5aa73a6b69bf7edaf6f369aa65a56b5e2891a6d41f8fb0605",
        True,
        True,
    ),
    _case(
        "S not reduced: the same with L added",
        _OWN,
        b"S above L",
        _OWN_R,
        "7a24bc37d396a11d81109e597af1ccc46f369aa65a56b5e2891a6d41f8fb0615",
        False,
        True,
    ),
    # libsodium accepts this one: only the check of the key itself keeps it out.
    _case(
        "a key of mixed order",
        _MIXED,
        b"mixed 7",
        _OWN_R,
        "f191d466854b6e0e42c4956d02c3d176c61b68886b90462591e807cc9f413603",
        True,
        False,
    ),
)

_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def self_test(
    verify: Callable[[bytes, bytes, bytes], bool] = crypto.verify,
    is_public_key: Callable[[bytes], bool] = crypto.is_public_key,
) -> None:
    """Takes a few milliseconds. Raises UnsafeCrypto at the first answer that is not ours."""
    if sha256(b"abc").hexdigest() != _ABC:
        raise UnsafeCrypto("SHA-256 of 'abc' is wrong on this machine")
    for case in CASES:
        if verify(case.key, case.message, case.signature) is not case.holds:
            raise UnsafeCrypto(
                f"the signature library {'refuses' if case.holds else 'accepts'}: {case.name}; "
                "this node would not agree with others. Install the libsodium that comes with "
                "PyNaCl"
            )
        if is_public_key(case.key) is not case.sound_key:
            raise UnsafeCrypto(
                f"the check of public keys {'refuses' if case.sound_key else 'accepts'}: "
                f"{case.name}; this node would not agree with others. Install the libsodium that "
                "comes with PyNaCl"
            )
