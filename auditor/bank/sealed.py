"""Sealed files: personal data at rest, opened by a passphrase or by a key.

    socialcoin sealed 1\\n, salt (16 bytes), secretbox of the content

Argon2id makes a key of the passphrase (64 MB, 2 passes, as for wallets); libsodium's secretbox
seals and proves that nothing was changed.
"""

from __future__ import annotations

import os
from unicodedata import normalize

from genesis.mistakes import Exit, UserError
from genesis.texts import _

MAGIC = b"socialcoin sealed 1\n"
OPERATIONS = 2
MEMORY_BYTES = 64 * 1024 * 1024
_SALT = 16


def seal(passphrase: str, content: bytes) -> bytes:
    salt = os.urandom(_SALT)
    return MAGIC + salt + seal_under(_stretch(passphrase, salt), content)


def is_sealed(data: bytes) -> bool:
    return data.startswith(MAGIC)


def unseal(passphrase: str, data: bytes, name: str) -> bytes:
    """Raises UserError (key): not such a file, a wrong passphrase, or a changed file."""
    if not is_sealed(data):
        raise UserError(
            _("{file} is not a sealed file of this software.").format(file=name), Exit.KEY
        )
    salt = data[len(MAGIC) : len(MAGIC) + _SALT]
    return unseal_under(_stretch(passphrase, salt), data[len(MAGIC) + _SALT :], name)


def seal_under(key: bytes, content: bytes) -> bytes:
    from nacl.secret import SecretBox

    return bytes(SecretBox(key).encrypt(content))


def unseal_under(key: bytes, data: bytes, name: str) -> bytes:
    """Raises UserError (key)."""
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    try:
        return bytes(SecretBox(key).decrypt(data))
    except (CryptoError, ValueError):
        raise UserError(
            _("{file} cannot be opened: the passphrase is wrong, or the file was changed.").format(
                file=name
            ),
            Exit.KEY,
        ) from None


def _stretch(passphrase: str, salt: bytes) -> bytes:
    from nacl import pwhash

    words = normalize("NFKD", passphrase).encode()
    return bytes(pwhash.argon2id.kdf(32, words, salt, OPERATIONS, MEMORY_BYTES))
