"""Records about people, sealed on disk: a key per subject, under a master key, under passphrases.

    FOLDER/store.json         how the master key is sealed, by one passphrase or by two
    FOLDER/keys/ID            a subject's own random key, sealed by the master key
    FOLDER/records/ID         what is kept of the subject, sealed by that key

Plain text is never written. To erase a subject is to destroy its key; what copies of the record
are left say nothing to anybody. With two passphrases the master key is the exclusive or of two
halves, each under its own: neither person opens the store alone. The words of a half, written down
when the store is made, bring a forgotten passphrase back.

Names of files are random. A record carries its own id inside the seal, so that files cannot be
swapped.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from unicodedata import normalize

from chain.errors import Malformed
from genesis.console import Exit, UserError, _, of_the_system
from genesis.files import destroy, write_private
from genesis.words import entropy_from_mnemonic, mnemonic_from_entropy

FORMAT = "socialcoin sealed store"
VERSION = 1
OPERATIONS = 2
MEMORY_BYTES = 64 * 1024 * 1024
"""Argon2id at libsodium's strength for interactive use, as the wallet's."""
KEY_BYTES = 32
ID_BYTES = 16
RECORD_BYTES_MAX = 16 * 1024 * 1024

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A new store, and the words of each person's half of its master key."""

    store: SealedStore
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SealedStore:
    """An open store. Records are JSON objects."""

    folder: Path
    master: bytes

    def add(self, document: Document) -> str:
        """A new subject; returns its id."""
        id, key = os.urandom(ID_BYTES).hex(), os.urandom(KEY_BYTES)
        self._write(self.folder / "keys" / id, seal(self.master, id, key))
        self._write(self.folder / "records" / id, seal(key, id, to_bytes(document)))
        return id

    def key(self, id: str) -> bytes:
        """The subject's key. Raises UserError: unknown, or damaged."""
        return unseal(self.master, id, self._read(self.folder / "keys" / id, id))

    def get(self, id: str) -> Document:
        """Raises UserError: unknown, or damaged."""
        data = unseal(self.key(id), id, self._read(self.folder / "records" / id, id))
        document: Document = json.loads(data)
        return document

    def put(self, id: str, document: Document) -> None:
        """In place of what is kept; what it was is destroyed."""
        path = self.folder / "records" / id
        sealed = seal(self.key(id), id, to_bytes(document))
        write_private(path.with_suffix(".new"), sealed, replace=True)
        destroy(path)
        path.with_suffix(".new").rename(path)

    def ids(self) -> list[str]:
        return ids_in(self.folder)

    def all(self) -> Iterator[tuple[str, Document]]:
        for id in self.ids():
            yield id, self.get(id)

    def commitment(self, id: str, data: bytes, salt: bytes) -> bytes:
        """HMAC(subject's key, data and salt): what the chain may hold, and nobody can guess."""
        return hmac.new(self.key(id), data + salt, sha256).digest()

    def erase(self, id: str) -> None:
        erase(self.folder, id)

    def _read(self, path: Path, id: str) -> bytes:
        try:
            with path.open("rb") as file:
                return file.read(RECORD_BYTES_MAX)
        except FileNotFoundError:
            raise UserError(_("The store has no record {id}.").format(id=id), Exit.USAGE) from None
        except OSError as error:
            raise _unusable(path, error) from None

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_private(path, data, replace=False)
        except OSError as error:
            raise _unusable(path, error) from None


def ids_in(folder: Path) -> list[str]:
    """Needs no passphrase: ids say nothing."""
    try:
        return sorted(file.name for file in (folder / "keys").iterdir() if len(file.name) == 32)
    except FileNotFoundError:
        return []


def erase(folder: Path, id: str) -> None:
    """Destroy a subject's key, then its record. Needs no passphrase."""
    destroy(folder / "keys" / id)
    destroy(folder / "records" / id)
    destroy(folder / "records" / f"{id}.new")


def create(folder: Path, passphrases: Sequence[str]) -> Made:
    """One passphrase, or one each of two persons. Raises UserError (key): it exists, unwritable."""
    halves = [os.urandom(KEY_BYTES) for _one in passphrases]
    document = {
        "format": FORMAT,
        "version": VERSION,
        "halves": [seal_half(h, p) for h, p in zip(halves, passphrases, strict=True)],
        "check": seal(joined(halves), "check", b"check").hex(),
    }
    for name in ("keys", "records"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    _save(folder, document, replace=False)
    words = tuple(mnemonic_from_entropy(half) for half in halves)
    return Made(SealedStore(folder, joined(halves)), words)


def open_store(folder: Path, passphrases: Sequence[str]) -> SealedStore:
    """Raises UserError (key): no store, damaged, another number of persons, wrong passphrase."""
    document = load(folder)
    sealed = document["halves"]
    if len(passphrases) != len(sealed):
        raise UserError(
            _("This store is opened by {count} persons, each with a passphrase.").format(
                count=len(sealed)
            ),
            Exit.KEY,
        )
    master = joined([open_half(h, p) for h, p in zip(sealed, passphrases, strict=True)])
    unseal(master, "check", bytes.fromhex(document["check"]))
    finish_writes(folder)
    return SealedStore(folder, master)


def finish_writes(folder: Path) -> None:
    """A crash between destroying an old record and naming the new one leaves the new one."""
    for new in (folder / "records").glob("*.new"):
        destroy(new.with_suffix(""))
        new.rename(new.with_suffix(""))


def recover(folder: Path, person: int, words: str, passphrase: str) -> None:
    """A new passphrase for a person's half (0 or 1), from its words. The other half stays.

    Raises UserError (key): words that are not of a half. Whether they are of this half shows when
    the store is opened next, since one half alone opens nothing; with one person it is checked.
    """
    document = load(folder)
    try:
        half = entropy_from_mnemonic(words)
    except (Malformed, ValueError) as error:
        raise UserError(
            _("These are not the words of a store: {reason}.").format(reason=error), Exit.KEY
        ) from None
    if len(half) != KEY_BYTES:
        raise UserError(_("The words of a store are 24."), Exit.KEY)
    if len(document["halves"]) == 1:
        unseal(half, "check", bytes.fromhex(document["check"]))
    document["halves"][person] = seal_half(half, passphrase)
    _save(folder, document, replace=True)


def change_passphrase(folder: Path, person: int, old: str, new: str) -> None:
    """A person's half under a new passphrase. Raises UserError (key): the old one is wrong."""
    document = load(folder)
    half = open_half(document["halves"][person], old)
    document["halves"][person] = seal_half(half, new)
    _save(folder, document, replace=True)


def persons(folder: Path) -> int:
    return len(load(folder)["halves"])


def load(folder: Path) -> Document:
    """Raises UserError (key)."""
    path = folder / "store.json"
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise ValueError
        if not 1 <= len(document["halves"]) <= 2:
            raise ValueError
    except FileNotFoundError:
        raise UserError(
            _("There is no store in {folder}; make one with `socialcoin office init`.").format(
                folder=folder
            ),
            Exit.KEY,
        ) from None
    except OSError as error:
        raise _unusable(path, error) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            _("{path} is damaged, or not of this release; put a copy back.").format(path=path),
            Exit.KEY,
        ) from None
    found: Document = document
    return found


def _save(folder: Path, document: Document, *, replace: bool) -> None:
    try:
        write_private(folder / "store.json", to_bytes(document), replace=replace)
    except FileExistsError:
        raise UserError(
            _("There is a store in {folder} already, and nothing is written over it.").format(
                folder=folder
            ),
            Exit.KEY,
        ) from None
    except OSError as error:
        raise _unusable(folder, error) from None


# Keys and seals.


def joined(halves: Sequence[bytes]) -> bytes:
    master = bytes(KEY_BYTES)
    for half in halves:
        master = bytes(a ^ b for a, b in zip(master, half, strict=True))
    return master


def seal_half(half: bytes, passphrase: str) -> Document:
    salt = os.urandom(16)
    return {
        "kdf": "argon2id",
        "operations": OPERATIONS,
        "memory_bytes": MEMORY_BYTES,
        "salt": salt.hex(),
        "sealed": seal(stretch(passphrase, OPERATIONS, MEMORY_BYTES, salt), "half", half).hex(),
    }


def open_half(sealed: Document, passphrase: str) -> bytes:
    try:
        salt = bytes.fromhex(sealed["salt"])
        data = bytes.fromhex(sealed["sealed"])
        operations, memory = int(sealed["operations"]), int(sealed["memory_bytes"])
    except (KeyError, TypeError, ValueError):
        raise UserError(_("The store is damaged; put a copy back."), Exit.KEY) from None
    if not (0 < operations <= 16 and 0 < memory <= 1 << 30):
        raise UserError(_("The store is damaged; put a copy back."), Exit.KEY)
    return unseal(stretch(passphrase, operations, memory, salt), "half", data, wrong_key=True)


def stretch(passphrase: str, operations: int, memory: int, salt: bytes) -> bytes:
    from nacl import pwhash

    words = normalize("NFKD", passphrase).encode()
    return bytes(pwhash.argon2id.kdf(KEY_BYTES, words, salt, operations, memory))


def seal(key: bytes, name: str, data: bytes) -> bytes:
    from nacl.secret import SecretBox

    return bytes(SecretBox(key).encrypt(name.encode() + b"\0" + data))


def unseal(key: bytes, name: str, sealed: bytes, *, wrong_key: bool = False) -> bytes:
    """Raises UserError (key)."""
    from nacl.exceptions import CryptoError
    from nacl.exceptions import ValueError as NaclValueError
    from nacl.secret import SecretBox

    try:
        inside, _mark, data = SecretBox(key).decrypt(sealed).partition(b"\0")
    except (CryptoError, NaclValueError, ValueError):
        inside, data = b"", b""
    if inside == name.encode():
        return bytes(data)
    if wrong_key:
        raise UserError(_("The passphrase of this store is wrong. Try again."), Exit.KEY)
    raise UserError(
        _("Record {id} cannot be opened: it is damaged, or of another store.").format(id=name),
        Exit.KEY,
    )


def to_bytes(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode()


def _unusable(path: Path, error: OSError) -> UserError:
    return UserError(
        _("{path} cannot be used: {reason}").format(path=path, reason=of_the_system(error)),
        Exit.KEY,
    )
