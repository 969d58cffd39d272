"""A person's record: named texts, and what an office must not write into them.

A citizen's number (BSN) has no place here at all: the law allows it to few, and no wijk is among
them. A bank account belongs into the retention store, where two persons open it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from genesis.console import Exit, UserError, _

NAMES = ("name", "email", "phone", "address", "text", "plan")
"""Asked for by `enrol`; a file may have other fields."""
FIELDS_MAX = 64
VALUE_MAX = 10_000

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NINE = re.compile(r"(?<![0-9A-Za-z])\d(?:[ .-]?\d){7,8}(?![0-9A-Za-z])")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?: ?[0-9A-Z]){11,30}", re.IGNORECASE)


def bsns_in(text: str) -> list[str]:
    """Numbers of eight or nine digits, standing by themselves, that pass the eleven-test."""
    from stdnum.nl import bsn

    found = (re.sub(r"\D", "", number) for number in _NINE.findall(text))
    return [number for number in found if bsn.is_valid(number)]


def ibans_in(text: str) -> list[str]:
    """Bank account numbers whose check digits fit; what follows one is not part of it."""
    from stdnum import iban

    found = []
    for match in _IBAN.finditer(text):
        digits = match.group().replace(" ", "").upper()
        found += [digits[:n] for n in range(15, len(digits) + 1) if iban.is_valid(digits[:n])][:1]
    return found


def checked(fields: Mapping[str, Any], *, bank: bool = False) -> dict[str, str]:
    """The fields, trimmed, empty ones left out. `bank`: may a bank account stand there?

    Raises UserError (usage): no object of texts; a field's name; too much; a BSN; a bank account.
    """
    if not isinstance(fields, dict) or len(fields) > FIELDS_MAX:
        raise UserError(
            _("A record is a JSON object of at most {most} texts.").format(most=FIELDS_MAX),
            Exit.USAGE,
        )
    clean = {}
    for name, value in fields.items():
        if not isinstance(name, str) or not _FIELD.fullmatch(name):
            raise UserError(
                _("{name!r} cannot name a field: use small letters, digits and _.").format(
                    name=name
                ),
                Exit.USAGE,
            )
        if not isinstance(value, str) or len(value) > VALUE_MAX:
            raise UserError(
                _("Field {name} must be a text of at most {most} characters.").format(
                    name=name, most=VALUE_MAX
                ),
                Exit.USAGE,
            )
        if bsns_in(value):
            raise UserError(
                _(
                    "Field {name} holds what looks like a citizen's number (BSN). An office of a "
                    "wijk never keeps one; leave it out."
                ).format(name=name),
                Exit.USAGE,
            )
        if not bank and ibans_in(value):
            raise UserError(
                _(
                    "Field {name} holds a bank account. It belongs into the retention store: "
                    "`socialcoin office retain`."
                ).format(name=name),
                Exit.USAGE,
            )
        if value.strip():
            clean[name] = value.strip()
    return clean
