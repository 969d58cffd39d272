"""Tables as spreadsheets save them: CSV in UTF-8, UTF-16 or Windows-1252, with any separator.

Excel in the Netherlands separates by semicolons and writes 1.234,56; its "Unicode text" is UTF-16
with tabs. A table is read whole, and what is wrong with it is told for all lines at once.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genesis import console
from genesis.console import Exit, UserError, _

if TYPE_CHECKING:
    from chain.money import Cents

FILE_BYTES_MAX = 2_000_000
SEPARATORS = (";", "\t", ",")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]{1,2}", re.ASCII)
_ONE_DECIMAL = re.compile(r"[0-9]+,[0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: the line in the file where it ends, from 1."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class TableFile:
    """`names` are the columns as the heading has them, in order, small letters. `mistakes`: lines
    that are no rows, for `mistakes_in` together with what the reader finds in the rows."""

    names: tuple[str, ...]
    separator: str
    rows: tuple[Row, ...]
    mistakes: tuple[tuple[int, str], ...] = ()


def read_text(path: Path) -> str:
    """Raises UserError (usage): unreadable, too long, or no text."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise UserError(
            _("The file cannot be read: {reason}").format(reason=console.of_the_system(error)),
            Exit.USAGE,
        ) from None
    if len(data) > FILE_BYTES_MAX:
        raise UserError(
            _("{path} is longer than 2 MB; a run has at most 1,000 lines.").format(path=path),
            Exit.USAGE,
        )
    text = decoded(data)
    if text is None or _CONTROL.search(text):
        raise UserError(
            _(
                "{path} is not a text file. Save the table as CSV, not as a workbook, and try "
                "again."
            ).format(path=path),
            Exit.USAGE,
        )
    return text


def decoded(data: bytes) -> str | None:
    """By its byte order mark; else UTF-8 if it is, else Windows-1252."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read_table(path: Path, needed: tuple[str, ...], wanted: tuple[str, ...]) -> TableFile:
    """Raises UserError (usage): what `read_text` does, columns that lack or are not known, quotes
    that do not close. A line with more or fewer fields than the heading is one of `mistakes`."""
    text = read_text(path)
    first, _newline, rest = text.partition("\n")
    named = re.fullmatch(r"sep=(.)\r?", first)
    if named:  # Excel's own hint
        separator, body, skipped = named[1], rest, 1
    else:
        separator, body, skipped = _separator_of(first), text, 0
    lines = csv.reader(io.StringIO(body, newline=""), delimiter=separator, strict=True)
    mistakes, rows = [], []
    names: tuple[str, ...] = ()
    try:
        names = tuple(name.strip().lower() for name in next(lines, []))
        while names and not names[-1]:  # a sheet that was wider once
            names = names[:-1]
        unknown = set(names) - set(needed) - set(wanted)
        if not set(needed) <= set(names) or unknown or len(set(names)) != len(names):
            raise UserError(
                _("The first line of {path} must name its columns: {needed}; {wanted} if wanted.")
                .format(path=path, needed=", ".join(needed), wanted=", ".join(wanted)),
                Exit.USAGE,
            )  # fmt: skip
        for cells in lines:
            number = lines.line_num + skipped
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) < len(names) or any(cells[len(names) :]):
                mistakes.append((number, _fields_differ()))
                continue
            rows.append(Row(number, dict(zip(names, map(str.strip, cells), strict=False))))
    except csv.Error as error:
        mistakes.append((lines.line_num + skipped, str(error)))
        raise mistakes_in(path, mistakes) from None  # nothing after it can be told apart
    return TableFile(names, separator, tuple(rows), tuple(mistakes))


def _separator_of(heading: str) -> str:
    return next((mark for mark in SEPARATORS if mark in heading), ",")


def _fields_differ() -> str:
    return _(
        "more or fewer fields than the first line names; where commas separate, write an amount "
        'in quotes: "12,50"'
    )


def mistakes_in(path: Path, mistakes: list[tuple[int, str]]) -> UserError:
    """Every mistake of a file at once, by line; 0 stands for the whole file and comes last."""
    listed = "\n  ".join(
        _("line {number}: {reason}").format(number=number, reason=reason) if number else reason
        for number, reason in sorted(mistakes, key=lambda mistake: (not mistake[0], mistake[0]))
    )
    return UserError(
        _("Nothing was done; {path} has mistakes:\n  {mistakes}").format(
            path=path, mistakes=listed
        ),
        Exit.USAGE,
    )


def cell_amount(text: str) -> Cents:
    """Cents of an amount as spreadsheets write it: 12,50, 12.50, 12,5, 12, 1.234,56, with a € or
    without. Raises ValueError with a sentence on anything else, as 1.234, which reads two ways."""
    plain = text.replace("€", "").replace("\u00a0", "").strip()
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(".", "")
    if _ONE_DECIMAL.fullmatch(plain):
        plain += "0"
    return console.parse_amount(plain)


def write_table(names: tuple[str, ...], separator: str, rows: list[list[str]]) -> bytes:
    """CSV that spreadsheets open by themselves, in UTF-8 with its mark."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")
