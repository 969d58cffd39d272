"""A wallet's words and keys; `genesis.words` has them, for the founding needs the same."""

from genesis.words import (
    ENTROPY_BYTES,
    PATH,
    SALT_PATH,
    WORD_COUNTS,
    derive,
    entropy_from_mnemonic,
    mnemonic_from_entropy,
    salt_from_entropy,
    seed_from_entropy,
    seed_from_mnemonic,
    stretch,
)

__all__ = [
    "ENTROPY_BYTES",
    "PATH",
    "SALT_PATH",
    "WORD_COUNTS",
    "derive",
    "entropy_from_mnemonic",
    "mnemonic_from_entropy",
    "salt_from_entropy",
    "seed_from_entropy",
    "seed_from_mnemonic",
    "stretch",
]
