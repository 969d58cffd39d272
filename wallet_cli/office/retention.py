"""What the law makes an office keep: sealed for two persons, destroyed by date.

    FOLDER/store.json   the two persons' halves, and the public key that seals
    FOLDER/keys/ID      a record's own key, sealed to that public key
    FOLDER/records/ID   the record, sealed by its key
    FOLDER/terms/ID     in clear, since it says nothing about anybody: ground, destroy-by date

Anybody at the office adds a record; two persons together read one; the sweep needs nobody's
passphrase. Grounds (law.md, rulings): books seven years from the end of the year (AWR art. 52),
due diligence five years from the end of the relation (Wwft art. 33), so until then it has no date.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from genesis import sealed
from genesis.console import Exit, UserError, _
from genesis.files import destroy, write_private
from genesis.sealed import ID_BYTES, KEY_BYTES, Document

if TYPE_CHECKING:
    from nacl.public import PublicKey

GROUNDS = {"books": 7, "due-diligence": 5}
"""Years."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`destroy_by`: the first day on which it is destroyed; None while the relation lasts."""

    id: str
    ground: str
    since: date
    destroy_by: date | None


def create(folder: Path, passphrases: Sequence[str]) -> tuple[str, ...]:
    """A new store for two persons; returns the words of each half."""
    from nacl.public import PrivateKey

    made = sealed.create(folder, passphrases)
    (folder / "terms").mkdir(mode=0o700, exist_ok=True)
    public = bytes(PrivateKey(made.store.master).public_key)
    write_private(folder / "public", public.hex().encode(), replace=False)
    return made.words


def add(folder: Path, ground: str, document: Document, since: date) -> Terms:
    """Seal a record. Raises UserError (key): no store."""
    from nacl.public import SealedBox

    sealed.load(folder)
    public = public_key(folder)
    id, key = os.urandom(ID_BYTES).hex(), os.urandom(KEY_BYTES)
    terms = Terms(id, ground, since, date_of(ground, since) if ground == "books" else None)
    _write_terms(folder, terms)
    data = sealed.to_bytes(document)
    write_private(folder / "keys" / id, bytes(SealedBox(public).encrypt(key)), replace=False)
    write_private(folder / "records" / id, sealed.seal(key, id, data), replace=False)
    return terms


def public_key(folder: Path) -> PublicKey:
    """What new records are sealed to. Raises UserError (key)."""
    from nacl.public import PublicKey

    try:
        return PublicKey(bytes.fromhex((folder / "public").read_text()))
    except (OSError, ValueError):
        raise UserError(_("The retention store is damaged; put a copy back."), Exit.KEY) from None


def read(folder: Path, id: str, passphrases: Sequence[str]) -> Document:
    """By both persons. Raises UserError: key, usage, or findings (another sealing key)."""
    from nacl.exceptions import CryptoError
    from nacl.public import PrivateKey, SealedBox

    store = sealed.open_store(folder, passphrases)
    private = PrivateKey(store.master)
    if bytes(private.public_key) != bytes(public_key(folder)):
        raise UserError(
            _(
                "The key that seals this store was replaced: what was added since can be read by "
                "somebody else. Find out who could write in {folder}."
            ).format(folder=folder),
            Exit.FINDINGS,
        )
    try:
        key = SealedBox(private).decrypt((folder / "keys" / id).read_bytes())
        data = sealed.unseal(bytes(key), id, (folder / "records" / id).read_bytes())
    except FileNotFoundError:
        raise UserError(_("The store has no record {id}.").format(id=id), Exit.USAGE) from None
    except CryptoError:
        raise UserError(
            _("Record {id} cannot be opened: it is damaged, or of another store.").format(id=id),
            Exit.KEY,
        ) from None
    document: Document = json.loads(data)
    return document


def date_of(ground: str, since: date) -> date:
    """The day on which a record of this ground is destroyed, if its term begins on `since`."""
    years = GROUNDS[ground]
    if ground == "books":
        return date(since.year + years + 1, 1, 1)
    try:
        return since.replace(year=since.year + years)
    except ValueError:  # the 29th of February
        return date(since.year + years, 3, 1)


def terms_of(folder: Path, id: str) -> Terms | None:
    try:
        found = json.loads((folder / "terms" / id).read_bytes())
        until = found["destroy_by"]
        return Terms(
            id,
            str(found["ground"]),
            date.fromisoformat(found["since"]),
            None if until is None else date.fromisoformat(until),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(_("The retention store is damaged; put a copy back."), Exit.KEY) from None


def all_terms(folder: Path) -> list[Terms]:
    try:
        ids = sorted(file.name for file in (folder / "terms").iterdir() if len(file.name) == 32)
    except FileNotFoundError:
        return []
    return [terms for id in ids if (terms := terms_of(folder, id))]


def end_relation(folder: Path, id: str, on: date) -> Terms | None:
    """From now on the term of a due-diligence file runs. None: it is destroyed already."""
    terms = terms_of(folder, id)
    if terms is not None and terms.destroy_by is None:
        terms = Terms(id, terms.ground, terms.since, date_of(terms.ground, on))
        _write_terms(folder, terms)
    return terms


def sweep(folder: Path, today: date) -> list[Terms]:
    """Destroy what is past its date: the key first."""
    gone = [t for t in all_terms(folder) if t.destroy_by is not None and t.destroy_by <= today]
    for terms in gone:
        sealed.erase(folder, terms.id)
        destroy(folder / "terms" / terms.id)
    return gone


def _write_terms(folder: Path, terms: Terms) -> None:
    document = {
        "ground": terms.ground,
        "since": terms.since.isoformat(),
        "destroy_by": None if terms.destroy_by is None else terms.destroy_by.isoformat(),
    }
    write_private(folder / "terms" / terms.id, sealed.to_bytes(document), replace=True)
