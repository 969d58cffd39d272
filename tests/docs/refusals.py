"""The page of all refusals, made from the classes themselves."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module

import chain
import governance_contracts
from chain.errors import REFUSALS, Refusal

FOLDERS = (chain, governance_contracts)

HUNDREDS = (
    "regions", "registry", "board", "federation", "coin", "earmark", "reserve", "pay", "mandate",
    "recovery", "life", "benefit", "offline", "exchange", "winddown", "claim", "standing",
)  # fmt: skip
"""Whose refusals and events begin at 100, 200, ...; the contract `issuer` is in `coin`'s."""

HEAD = """# Refusals

What the chain refuses, each with a stable number and named values. Receipts, the wallet and the
API show them. This page is made from the code; after a change there, make it again:

    .venv/bin/python -m tests.docs.make_refusals

A number, once used, keeps its meaning. In each list the order is that of the numbers. The order in
which one call refuses is part of the protocol and stands in that method's docstring.
"""

ADMISSION = """
## Admission (1 to 39)

The transaction may not stand in a block now. It leaves no receipt, and its number is not used.

"""

DISPATCH = """
## Calls (40 to 99)

Refused before a contract sees the call. From here on: the block holds the transaction, its receipt
says why nothing happened, and its replay number is used.

"""


def page() -> str:
    """The whole text of docs/refusals.md."""
    known = refusals()
    parts = [HEAD, ADMISSION, table(known, 1, 39), DISPATCH, table(known, 40, 99)]
    for number, contract in enumerate(HUNDREDS, 1):
        first, last = 100 * number, 100 * number + 99
        parts += [f"\n## Contract `{contract}` ({first} to {last})\n\n"]
        parts += [table(known, first, last)]
    return "".join(parts)


def refusals() -> dict[int, type[Refusal]]:
    """Those of the release: every module is read, and what tests declare is left out."""
    for folder in FOLDERS:
        for module in pkgutil.walk_packages(folder.__path__, folder.__name__ + "."):
            import_module(module.name)
    ours = tuple(folder.__name__ + "." for folder in FOLDERS)
    return {c: kind for c, kind in sorted(REFUSALS.items()) if kind.__module__.startswith(ours)}


def table(known: dict[int, type[Refusal]], first: int, last: int) -> str:
    rows = [
        f"| {code} | `{kind.__name__}` | {fields_of(kind)} | {meaning(kind)} |\n"
        for code, kind in known.items()
        if first <= code <= last
    ]
    return "".join(["| code | name | values | meaning |\n", "|---|---|---|---|\n", *rows])


def fields_of(kind: type[Refusal]) -> str:
    return ", ".join(f"`{field}`" for field in kind.fields)


def meaning(kind: type[Refusal]) -> str:
    """Its docstring; without one, its name read as a sentence."""
    text = kind.__dict__.get("__doc__")
    if text:
        return " ".join(inspect.cleandoc(text).split()).replace("|", "\\|")
    words = re.findall(r"[A-Z][a-z]*", kind.__name__)
    return f"{' '.join([words[0], *(word.lower() for word in words[1:])])}."
