"""A reserve's home: the key behind its commitments, its account, its references, its statements.

    HOME/reserve.sealed             key, account number, references; under the passphrase
    HOME/statements/NNNNNNNN.sealed a statement that was imported, under the key
    HOME/prepared/NNNNNNNN/         calls made ready: attestation-N.json, mints.json

The wijk's office has one, and so has each attestor: a copy of the folder. None of it is ever on a
chain. Who loses the key cannot open commitments to an auditor; who learns it can read them all.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from auditor.bank.commitments import account_commitment
from auditor.bank.references import COVER, reference_for
from auditor.bank.sealed import seal, seal_under, unseal, unseal_under
from auditor.bank.sorting import Sorter
from genesis.mistakes import Exit, UserError, of_the_system
from genesis.texts import _
from node.disk import replace_file
from node.reserve.records import Imported, imported_from, imported_to

SEALED = "reserve.sealed"
STATEMENTS = "statements"
PREPARED = "prepared"


@dataclass(slots=True)
class ReserveHome:
    """An opened home. `account`: what the chain holds for the IBAN. `references`: to account ids,
    or `COVER`."""

    root: Path
    coin: str
    iban: str
    key: bytes
    account: bytes
    references: dict[str, bytes] = field(default_factory=dict)
    sorted_to: tuple[int, Sorter] | None = None
    """What sorted the statement that begins at this number, ready for the next: so that a year in
    one file is not gone through again for each of its days."""
    _kept: list[Imported] | None = None

    def reference(self, account: bytes) -> str:
        """The account's reference, noted so that it is known when money comes with it."""
        made = reference_for(self.key, account)
        self.references[made] = account
        return made

    def save(self, passphrase: str) -> None:
        content = {
            "format": 1,
            "coin": self.coin,
            "iban": self.iban,
            "key": self.key.hex(),
            "account": self.account.hex(),
            "references": {name: value.hex() for name, value in self.references.items()},
        }
        write_sealed(self.root / SEALED, seal(passphrase, json.dumps(content).encode()))

    # Statements that were imported.

    def imported(self) -> list[Imported]:
        """All of them, by their first number on the chain. Read once. Raises UserError (key)."""
        if self._kept is None:
            self._kept = list(self._imported())
        return list(self._kept)

    def _imported(self) -> Iterator[Imported]:
        folder = self.root / STATEMENTS
        for path in sorted(folder.glob("*.sealed")) if folder.is_dir() else ():
            data = unseal_under(self.storage, path.read_bytes(), str(path))
            yield imported_from(data, str(path))

    def keep(self, statement: Imported) -> None:
        path = self.root / STATEMENTS / f"{statement.first:08d}.sealed"
        write_sealed(path, seal_under(self.storage, imported_to(statement)))
        self.sorted_to = None
        if self._kept is not None and (not self._kept or statement.first > self._kept[-1].first):
            self._kept.append(statement)
        else:
            self._kept = None

    def prepared(self, first: int) -> Path:
        """The folder for calls about the statement that begins at this number."""
        return self.root / PREPARED / f"{first:08d}"

    @property
    def storage(self) -> bytes:
        """The key under which files of this home are sealed."""
        return hmac.new(self.key, b"storage", sha256).digest()


def make_home(
    root: Path, coin: str, iban: str, passphrase: str, account: bytes | None = None
) -> ReserveHome:
    """A new home with a new key. Raises UserError if there is one."""
    if (root / SEALED).exists():
        raise UserError(
            _("There is a reserve in {home} already; nothing is written over it.").format(home=root)
        )
    key = secrets.token_bytes(32)
    made = ReserveHome(root, coin, iban, key, account or account_commitment(key, iban))
    made.reference(COVER)
    made.save(passphrase)
    return made


def open_home(root: Path, passphrase: str) -> ReserveHome:
    """Raises UserError: no reserve there; (key) a wrong passphrase, a changed file."""
    path = root / SEALED
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            _(
                "There is no reserve in {home}. Make one with `socialcoin node reserve init`, or "
                "name its folder with --home."
            ).format(home=root)
        ) from None
    except OSError as error:
        raise UserError(
            _("The reserve cannot be read: {reason}").format(reason=of_the_system(error)), Exit.KEY
        ) from None
    content = json.loads(unseal(passphrase, data, str(path)))
    return ReserveHome(
        root,
        content["coin"],
        content["iban"],
        bytes.fromhex(content["key"]),
        bytes.fromhex(content["account"]),
        {name: bytes.fromhex(value) for name, value in content["references"].items()},
    )


def write_json(path: Path, content: object) -> None:
    """A file that only its owner can read."""
    write_sealed(path, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n")


def write_sealed(path: Path, data: bytes) -> None:
    """Put sealed bytes in place. Raises UserError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, data)
    except OSError as error:
        raise UserError(
            _("{file} cannot be written: {reason}").format(file=path, reason=of_the_system(error))
        ) from None
