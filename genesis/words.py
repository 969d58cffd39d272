"""From words to keys: BIP-39 words, SLIP-0010 derivation, Ed25519.

A wallet is its words. 12 words carry 128 bits of entropy, 24 carry 256. Words become 64 bytes by
PBKDF2 (BIP-39, without its optional passphrase), those become the private seed at the path
m/44'/1789'/0'/0' by SLIP-0010, whose Ed25519 branch knows hardened steps only. Another wallet that
follows the two published rules finds the same keys.
"""

from __future__ import annotations

import hmac
from hashlib import pbkdf2_hmac, sha512
from unicodedata import normalize

from chain.errors import Malformed

PATH = (44, 1789, 0, 0)
"""Purpose (BIP-43), our coin type, account, key; every step hardened."""

SALT_PATH = (44, 1789, 0, 1)
"""Where the salt of the account's id comes from, so that words alone give the account back."""

ENTROPY_BYTES = (16, 32)
WORD_COUNTS = (12, 24)
_HARDENED = 1 << 31


def mnemonic_from_entropy(entropy: bytes) -> str:
    """12 words for 16 bytes, 24 for 32. Raises Malformed for another length."""
    if len(entropy) not in ENTROPY_BYTES:
        raise Malformed(f"words are made of 16 or 32 bytes, not of {len(entropy)}")
    from mnemonic import Mnemonic

    return str(Mnemonic("english").to_mnemonic(entropy))


def entropy_from_mnemonic(words: str) -> bytes:
    """Read words as a person writes them: any case, any space between.

    Raises Malformed, in this order: not 12 or 24 words, a word that is not in the list, a wrong
    checksum.
    """
    from mnemonic import Mnemonic

    listed = normalize("NFKD", words).lower().split()
    if len(listed) not in WORD_COUNTS:
        raise Malformed(f"{len(listed)} words where 12 or 24 are expected")
    book = Mnemonic("english")
    for position, word in enumerate(listed, 1):
        if word not in book.wordlist:
            raise Malformed(f"word {position} is not in the list of words; check its spelling")
    if not book.check(" ".join(listed)):
        raise Malformed("these words do not belong together: one is wrong, or their order is")
    return bytes(book.to_entropy(listed))


def stretch(mnemonic: str, passphrase: str = "") -> bytes:
    """The 64-byte BIP-39 seed of words that were checked."""
    words = normalize("NFKD", mnemonic).encode()
    salt = normalize("NFKD", "mnemonic" + passphrase).encode()
    return pbkdf2_hmac("sha512", words, salt, 2048)


def derive(seed: bytes, path: tuple[int, ...]) -> tuple[bytes, bytes]:
    """SLIP-0010 for Ed25519: the private seed (32 bytes) and chain code at a hardened path."""
    node = hmac.digest(b"ed25519 seed", seed, sha512)
    for step in path:
        data = b"\0" + node[:32] + (step + _HARDENED).to_bytes(4, "big")
        node = hmac.digest(node[32:], data, sha512)
    return node[:32], node[32:]


def seed_from_mnemonic(mnemonic: str) -> bytes:
    """The private Ed25519 seed (32 bytes) of a wallet's words."""
    return derive(stretch(mnemonic), PATH)[0]


def seed_from_entropy(entropy: bytes) -> bytes:
    """The private Ed25519 seed (32 bytes) of a wallet's entropy (16 or 32 bytes)."""
    return seed_from_mnemonic(mnemonic_from_entropy(entropy))


def salt_from_entropy(entropy: bytes) -> bytes:
    """The salt (16 bytes) of the id of the account that a wallet opens for itself."""
    return derive(stretch(mnemonic_from_entropy(entropy)), SALT_PATH)[0][:16]
