"""The sealed part of a wallet file: the entropy behind the words, under a passphrase.

Argon2id makes a key of the passphrase, libsodium's secretbox seals with it. What is sealed is the
entropy and the public key, so that an opened file proves its own open part. Files are written
whole, synced, with mode 0600, and never over another wallet.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from chain import crypto
from genesis.console import Exit, UserError, _, of_the_system
from genesis.words import mnemonic_from_entropy, seed_from_entropy
from wallet_cli import profile as profiles
from wallet_cli.files import write_private
from wallet_cli.profile import Kdf, Profile, WalletFile

OPERATIONS = 2
MEMORY_BYTES = 64 * 1024 * 1024
"""libsodium's strength for interactive use (RFC 9106 speaks of the same order): about 0.1 s."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A wallet with its secret. `seed` signs."""

    profile: Profile
    entropy: bytes
    seed: bytes

    @property
    def words(self) -> str:
        return mnemonic_from_entropy(self.entropy)


def create(
    home: Path,
    profile: Profile,
    entropy: bytes,
    passphrase: str,
) -> Profile:
    """Seal a new wallet into `home`. `profile.key` must be the key of the entropy.

    Raises UserError (key): a wallet of that name exists, the file cannot be written.
    """
    assert crypto.public_key(seed_from_entropy(entropy)) == profile.key
    _write(home, seal(profile, entropy, passphrase), replacing=False)
    return profile


def seal(profile: Profile, entropy: bytes, passphrase: str) -> WalletFile:
    from nacl.secret import SecretBox

    kdf = Kdf(OPERATIONS, MEMORY_BYTES, os.urandom(16))
    box = SecretBox(_stretch(passphrase, kdf))
    return WalletFile(profile, kdf, bytes(box.encrypt(profile.key + entropy)))


def open_wallet(home: Path, name: str, passphrase: str) -> Opened:
    """Raises UserError (key): as `profile.read`; a wrong passphrase; an open part that lies."""
    return unseal(profiles.read(home, name), passphrase)


def unseal(wallet: WalletFile, passphrase: str) -> Opened:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    profile = wallet.profile
    try:
        plain = SecretBox(_stretch(passphrase, wallet.kdf)).decrypt(wallet.sealed)
    except CryptoError:
        raise UserError(
            _(
                "The passphrase of wallet {name} is wrong. Try again; if it is lost, the wallet "
                "can be restored from its words with `socialcoin wallet restore`."
            ).format(name=profile.name),
            Exit.KEY,
        ) from None
    key, entropy = plain[:32], plain[32:]
    if key != profile.key or profile.key not in profile.keys:
        raise UserError(
            _(
                "The wallet file of {name} was changed: its key is not that of its words. Restore "
                "the wallet from its words with `socialcoin wallet restore`."
            ).format(name=profile.name),
            Exit.KEY,
        )
    return Opened(profile, entropy, seed_from_entropy(entropy))


def change_passphrase(home: Path, opened: Opened, passphrase: str) -> None:
    _write(home, seal(opened.profile, opened.entropy, passphrase), replacing=True)


def update_profile(home: Path, profile: Profile) -> None:
    """Change the open part (the chain joined, the node asked) and keep the sealed one."""
    wallet = profiles.read(home, profile.name)
    if profile != wallet.profile:
        _write(home, wallet.with_profile(profile), replacing=True)


def _write(home: Path, wallet: WalletFile, *, replacing: bool) -> None:
    path = profiles.path_of(home, wallet.profile.name)
    try:
        write_private(path, profiles.dump(wallet), replace=replacing)
    except FileExistsError:
        raise UserError(
            _(
                "A wallet {name} exists in {home} already, and nothing is written over it. Choose "
                "another name."
            ).format(name=wallet.profile.name, home=home),
            Exit.KEY,
        ) from None
    except OSError as error:
        raise UserError(
            _("The wallet file {path} cannot be written: {reason}").format(
                path=path, reason=of_the_system(error)
            ),
            Exit.KEY,
        ) from None


def _stretch(passphrase: str, kdf: Kdf) -> bytes:
    from unicodedata import normalize

    from nacl import pwhash
    from nacl.exceptions import CryptoError
    from nacl.exceptions import ValueError as NaclValueError

    words = normalize("NFKD", passphrase).encode()
    try:
        return bytes(pwhash.argon2id.kdf(32, words, kdf.salt, kdf.operations, kdf.memory))
    except (CryptoError, NaclValueError, ValueError):
        raise UserError(
            _("The wallet file asks for a key derivation that this computer cannot do."), Exit.KEY
        ) from None
