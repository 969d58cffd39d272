"""What opens a statement's commitments to an auditor, line by line, without the reserve's key.

JSON lines: the first names the account, then one for each statement on the chain, then one for
each of its lines.

    {"format": 1, "coin": ..., "iban": ..., "salt": ..., "from": ..., "until": ...}
    {"statement": 12, "digest": ..., "file_salt": ...}
    {"statement": 12, "entry": 1, "line": 1, "salt": ..., "account": ..., "account_salt": ...}

`line` is its number in the bank's statement; `account` with its salt is for whom a deposit was.
Who has this file and the bank's statements can tie people's bank accounts to accounts on the
chain: it is personal data, and sealed unless told otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.bank.sorting import Place
from genesis.mistakes import UserError
from genesis.texts import _

FORMAT = 1
BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one line. `account` empty unless it was a deposit with a reference."""

    line: int
    salt: bytes
    account: bytes = b""
    account_salt: bytes = b""


@dataclass(frozen=True, slots=True)
class FileOpening:
    """What opens the commitment to a statement's content."""

    digest: bytes
    salt: bytes


@dataclass(slots=True)
class Openings:
    """`iban` with `salt` opens the commitment to the account; `lines` and `files` the rest."""

    coin: str
    iban: str
    salt: bytes
    start: str = ""
    end: str = ""
    lines: dict[Place, Opening] = field(default_factory=dict)
    files: dict[int, FileOpening] = field(default_factory=dict)
    """By the statement's number on the chain."""

    def dump(self) -> bytes:
        return b"".join(_dumped(line) for line in self._rows())

    def _rows(self) -> Iterator[dict[str, object]]:
        yield {
            "format": FORMAT,
            "coin": self.coin,
            "iban": self.iban,
            "salt": self.salt.hex(),
            "from": self.start,
            "until": self.end,
        }
        for number, file in self.files.items():
            yield {"statement": number, "digest": file.digest.hex(), "file_salt": file.salt.hex()}
        for (statement, entry), one in self.lines.items():
            row: dict[str, object] = {
                "statement": statement, "entry": entry, "line": one.line, "salt": one.salt.hex()
            }  # fmt: skip
            if one.account:
                row |= {"account": one.account.hex(), "account_salt": one.account_salt.hex()}
            yield row


def _dumped(row: dict[str, object]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def parse_openings(data: bytes, name: str) -> Openings:
    """Raises UserError: not such a file, with the number of the line that is wrong."""
    number = 0
    try:
        found: Openings | None = None
        for text in data.split(b"\n"):
            number += 1
            if not text:
                continue
            row = json.loads(text)
            if found is None:
                if row["format"] != FORMAT:
                    raise ValueError("format")
                found = Openings(
                    str(row["coin"]), str(row["iban"]), bytes.fromhex(row["salt"]),
                    str(row["from"]), str(row["until"]),
                )  # fmt: skip
            elif "digest" in row:
                file = FileOpening(bytes.fromhex(row["digest"]), bytes.fromhex(row["file_salt"]))
                found.files[int(row["statement"])] = file
            else:
                found.lines[(int(row["statement"]), int(row["entry"]))] = Opening(
                    int(row["line"]),
                    bytes.fromhex(row["salt"]),
                    bytes.fromhex(row.get("account", "")),
                    bytes.fromhex(row.get("account_salt", "")),
                )
        if found is None:
            raise ValueError("empty")
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(
            _(
                "{file} holds no openings (line {number}). They are made with `socialcoin node "
                "reserve disclose`."
            ).format(file=name, number=number)
        ) from None
