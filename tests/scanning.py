"""Looking for a person in bytes: texts in the spellings that programs give them.

`traces` reads every byte of every file under folders, compressed files also unpacked, and every
key and value of the stores, which keep their blocks compressed. `people_in` looks for what nobody
named beforehand: e-mail addresses, bank accounts, citizens' numbers and given names.
"""

from __future__ import annotations

import gzip
import re
import shutil
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import plyvel

from wallet_cli.office.person import bsns_in, ibans_in

EMAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63})+")
WORDS = re.compile(rb"(?:[ -~]|\xc3[\x80-\xbf]){4,}")
"""Runs of printable characters, Latin letters with accents included."""


def spellings(text: str) -> list[bytes]:
    """A text as it may lie on a disk. Base64 at each of its three places in a longer text."""
    found = []
    for word in {text, text.lower(), text.upper()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            plain = word.encode(encoding)
            found += [plain, plain.hex().encode(), plain.hex().upper().encode()]
            for before in range(3):
                encoded = b64encode(bytes(before) + plain)
                # The characters that only these bytes decide.
                start = -(-before * 8 // 6)
                found.append(encoded[start : (before + len(plain)) * 8 // 6])
    return found


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents: files as they lie, unpacked if they can be, and stores by record."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        yield str(path), path.name.encode() + b"\0" + data
        for unpack in (gzip.decompress, zlib.decompress):
            with suppress(OSError, zlib.error, EOFError):
                yield f"{path} unpacked", unpack(data)
        if path.name == "CURRENT":
            with TemporaryDirectory() as scratch:  # opening a store writes to it
                copy = shutil.copytree(path.parent, Path(scratch) / "store")
                store = plyvel.DB(str(copy))
                yield f"{path.parent} by record", b"\0".join(k + b"\0" + v for k, v in store)
                store.close()


def traces(folders: list[Path], texts: dict[str, str]) -> list[str]:
    """Where which text was found."""
    wanted = [(name, spelling) for name, text in texts.items() for spelling in spellings(text)]
    return sorted(
        {
            f"{name} in {place}"
            for folder in folders
            for place, data in contents(folder)
            for name, spelling in wanted
            if spelling in data
        }
    )


def people_in(data: bytes, names: list[str]) -> list[str]:
    """E-mail addresses, bank accounts, citizens' numbers and these names in printable text.

    One number of nine digits in eleven passes the eleven-test, and random bytes hold runs of
    digits; so a number counts only if it stands by itself in a text of four characters or more,
    and hexadecimal digits around it make it part of a hash. A bank account must also have the
    length of a Dutch one or spaces, since two letters and check digits occur in hashes too.
    """
    found = [match.decode() for match in EMAIL.findall(data)]
    for run in WORDS.findall(data):
        text = run.decode("utf-8", "replace")
        found += bsns_in(text)
        found += [number for number in ibans_in(text) if number[:2].isupper()]
        folded = text.casefold()
        found += [name for name in names if re.search(rf"\b{re.escape(name.casefold())}\b", folded)]
    return found
