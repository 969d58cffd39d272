"""A run of letters, step by step, so that a crash neither loses nor doubles one.

In the folder of the letters a journal is kept (`.letters.json`, mode 0600): first the codes, then
the letters are written, then the signed transaction is noted, then it is sent. Whoever starts the
same run again goes on where it stopped: with the same codes, and with the same transaction while
that can still happen. The chain itself takes a code only once. When the coin is set aside, the
codes leave the journal; the letters alone hold them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from genesis import console
from genesis.console import Exit, UserError, _
from wallet_cli.files import write_private

JOURNAL = ".letters.json"
NEEDED = ("name", "amount")
WANTED = ("street", "town", "country", "reason")
LINES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Addressee:
    """`to`: the lines of the address, the name first."""

    number: int
    to: tuple[str, ...]
    amount: int


@dataclass(slots=True)
class Journal:
    """`codes` are empty once the coin is set aside; `keys` stay, to withdraw a lost letter.
    `sheet`: the transaction that was made last, as `tx build` writes it."""

    digest: str
    codes: list[str]
    keys: list[str]
    numbers: list[int]
    until: str
    sheet: dict[str, Any] | None = None
    done: bool = False
    told: dict[str, Any] = field(default_factory=dict)


def read_addressees(path: Path) -> list[Addressee]:
    """Raises UserError (usage) with every mistake of the file at once."""
    from wallet_cli.tables import cell_amount, mistakes_in, read_table

    table = read_table(path, NEEDED, WANTED)
    found, mistakes = [], list(table.mistakes)
    for row in table.rows:
        try:
            amount = int(cell_amount(row.cells["amount"]))
            if not row.cells["name"]:
                raise ValueError(_("there is no name"))
        except ValueError as error:
            mistakes.append((row.number, str(error)))
            continue
        lines = (row.cells["name"], *(row.cells.get(name, "") for name in WANTED[:3]))
        found.append(Addressee(row.number, tuple(filter(None, lines)), amount))
    if not table.rows and not mistakes:
        mistakes.append((0, _("there is no letter to write")))
    if len(table.rows) > LINES_MAX:
        count = len(table.rows)
        mistakes.append((0, _("{count} lines where at most 1,000 fit a run").format(count=count)))
    if mistakes:
        raise mistakes_in(path, mistakes)
    return found


def digest_of(people: list[Addressee], **terms: Any) -> str:
    """The same people, amounts and terms have the same digest, however the file is written."""
    said = [[one.number, list(one.to), one.amount] for one in people]
    return sha256(json.dumps([said, terms], sort_keys=True).encode()).hexdigest()


def open_folder(folder: Path) -> None:
    """Raises UserError (usage)."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(folder, 0o700)
    except OSError as error:
        raise _not_written(folder, error) from None


def read_journal(folder: Path) -> Journal | None:
    """Raises UserError (usage): damaged, or unreadable."""
    try:
        data = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
        return Journal(**data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise UserError(
            _(
                "{path} cannot be read. It holds codes of letters: restore it from a copy, or take "
                "another folder and withdraw the old letters."
            ).format(path=folder / JOURNAL),
            Exit.USAGE,
        ) from None


def keep_journal(folder: Path, journal: Journal) -> None:
    data = {name: getattr(journal, name) for name in Journal.__slots__}
    write(folder / JOURNAL, json.dumps(data).encode())


def write(path: Path, data: bytes) -> None:
    """Whole, safe after a power cut, mode 0600. Raises UserError (usage)."""
    try:
        write_private(path, data, replace=True)
    except OSError as error:
        raise _not_written(path, error) from None


def _not_written(path: Path, error: OSError) -> UserError:
    return UserError(
        _("{path} cannot be written: {reason}").format(
            path=path, reason=console.of_the_system(error)
        ),
        Exit.USAGE,
    )


def letter_file(folder: Path, number: int) -> Path:
    return folder / f"letter-{number:04d}.svg"
