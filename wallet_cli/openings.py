"""What is behind the commitments this wallet put on the chain: kept here, never there.

A memo and a bank account are personal; the chain holds a salted hash. Who must know more (the
payee, the office that pays euros out) gets text and salt from the wallet's owner.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from chain import crypto
from chain.kinds import Tag
from genesis import console
from genesis.console import Exit, UserError, _


def commitment(salt: bytes, text: str) -> bytes:
    """Hash of a text under a salt of 16 bytes."""
    return crypto.tagged(Tag.COMMITMENT, salt, text.encode())


def commit(home: Path, wallet: str, subject: str, text: str) -> tuple[bytes, bytes]:
    """A commitment to `text` and its salt, noted beside the wallet before it is used."""
    salt = os.urandom(16)
    made = commitment(salt, text)
    line = {"subject": subject, "commitment": made.hex(), "salt": salt.hex(), "text": text}
    note(home, wallet, line)
    return made, salt


def note(home: Path, wallet: str, line: dict[str, str]) -> None:
    """Write a line down beside the wallet, on disk before it is used. Raises UserError (key)."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(home / f".{wallet}.openings", flags, 0o600), "a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(
            _("The wallet cannot note what it commits to: {reason}").format(
                reason=console.of_the_system(error)
            ),
            Exit.KEY,
        ) from None


def alias_secret(home: Path, wallet: str, payer: bytes, payee: bytes) -> bytes:
    """A secret for one payment under an alias, noted so that the payer can show that it was
    theirs."""
    from governance_contracts.payments.payments import alias_of

    secret = os.urandom(16)
    line = {
        "subject": "alias",
        "alias": alias_of(payer, payee, secret).hex(),
        "payer": payer.hex(),
        "payee": payee.hex(),
        "secret": secret.hex(),
    }
    note(home, wallet, line)
    return secret


def aliases(home: Path, wallet: str) -> list[dict[str, str]]:
    """The aliases this wallet has used, oldest first. A damaged line is passed over."""
    try:
        lines = (home / f".{wallet}.openings").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("subject") == "alias":
            found.append(entry)
    return found


def reference_of(home: Path, wallet: str, text: str | None) -> tuple[bytes | None, str | None]:
    """A payment reference: 64 hexadecimal digits as they are, any other text committed to.

    The second value is the salt in hexadecimal, for the payee.
    """
    if text is None:
        return None, None
    if len(text) == 64:
        try:
            return bytes.fromhex(text), None
        except ValueError:
            pass
    made, salt = commit(home, wallet, "reference", text)
    return made, salt.hex()


def read_openings(home: Path, wallet: str) -> list[dict[str, str]]:
    """All that this wallet ever committed to; lines that cannot be read are passed over."""
    try:
        lines = (home / f".{wallet}.openings").read_text().splitlines()
    except OSError:
        return []
    found = []
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            found.append(line)
    return found
