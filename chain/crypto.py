"""Hashes and signatures: SHA-256 and Ed25519, one verifier everywhere.

libsodium through PyNaCl judges every signature. Other libraries accept points of small order,
under which a signature holds for any message; a public key is therefore checked with
`is_public_key` wherever one enters: registration, genesis, rotation, seats.
"""

from __future__ import annotations

from hashlib import sha256

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.exceptions import TypeError as NaclTypeError
from nacl.exceptions import ValueError as NaclValueError

from chain.kinds import PREAMBLE, Kind, Tag

_TAGS = [bytes([n]) for n in range(256)]
_VERIFY = bindings.crypto_sign_open


def tagged(tag: Tag, *parts: bytes) -> bytes:
    """SHA-256 over the tag's byte and the parts. Parts of variable length come last, or encoded."""
    return sha256(_TAGS[tag] + b"".join(parts)).digest()


def sign_bytes(kind: Kind, chain: bytes, epoch: int, body: bytes) -> bytes:
    return PREAMBLE + _TAGS[kind] + chain + epoch.to_bytes(4, "big") + body


def is_public_key(key: bytes) -> bool:
    """True for the canonical encoding of a point of prime order."""
    return len(key) == 32 and bool(bindings.crypto_core_ed25519_is_valid_point(key))


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Is this Ed25519 signature good? Wrong lengths are an answer, not an exception."""
    try:
        _VERIFY(signature + message, key)
    except (CryptoError, NaclValueError, NaclTypeError):
        return False
    return len(signature) == 64


def public_key(seed: bytes) -> bytes:
    return bytes(bindings.crypto_sign_seed_keypair(seed)[0])


def sign(seed: bytes, message: bytes) -> bytes:
    """Ed25519 signature with a 32-byte private seed."""
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    return bytes(bindings.crypto_sign(message, secret)[:64])
