"""Keep the catalogues in step with the texts in the code: `python -m genesis.locale`.

Collects every `_("...")`, `N_("...")` and `ngettext("...", "...", n)` of the command groups, and
the texts of click that people meet, into LANGUAGE/LC_MESSAGES/socialcoin.po, keeping what is
translated, and compiles each to the .mo beside it. With `--check` nothing is written: it says what
is not in step or not translated, and exits 1. Needs Babel, which users do not.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FOLDERS = ("auditor", "genesis", "node", "wallet_cli")
LANGUAGES = ("nl",)

CLICK_TEXTS: tuple[str | tuple[str, str], ...] = (
    "Usage:", "Options", "Commands", "Positional arguments", "Show this message and exit.",
    "Show the version and exit.", "default: {default}", "env var: {var}", "Missing command.",
    "Missing argument", "Missing option", "Missing parameter", "Choose from:\n\t{choices}",
    "No such command {name!r}.", "No such option {name!r}.",
    "Invalid value for {param_hint}: {message}", "Invalid value: {message}",
    "Option {name!r} does not take a value.", "{value} is not in the range {range}.",
    "{value!r} is not a valid {number_type}.", "file", "directory", "path",
    "{name} {filename!r} does not exist.", "{name} {filename!r} is a directory.",
    "{name} {filename!r} is a file.", "{name} {filename!r} is not readable.",
    "Repeat for confirmation", "Error: The two entered values do not match.",
    "Error: invalid input", "Error: {message}",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
)  # fmt: skip


def texts(path: Path) -> Iterator[tuple[int, str | tuple[str, str]]]:
    """Line and text of everything marked for translation in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        words = [a.value for a in node.args if isinstance(a, ast.Constant)]
        strings = [word for word in words if isinstance(word, str)]
        if name in ("_", "N_") and len(strings) == 1:
            yield node.lineno, strings[0]
        elif name == "ngettext" and len(strings) == 2:
            yield node.lineno, (strings[0], strings[1])


def sources() -> Catalog:
    """The texts of the code as it is. Places are files without lines, so that a catalogue only
    changes when a text does."""
    catalogue = Catalog(project="socialcoin", charset="utf-8")
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            for _line, text in texts(path):
                catalogue.add(text, locations=[(where, None)])  # type: ignore[list-item]
    for text in CLICK_TEXTS:
        catalogue.add(text, locations=[("click", None)])  # type: ignore[list-item]
    return catalogue


def po_of(language: str) -> Path:
    return HERE / language / "LC_MESSAGES" / "socialcoin.po"


def updated(language: str) -> Catalog:
    """The catalogue of a language with the texts of today; texts gone are dropped."""
    path = po_of(language)
    known = read_po(io.BytesIO(path.read_bytes()), language) if path.exists() else Catalog(language)
    fresh = Catalog(language, project="socialcoin", charset="utf-8", header_comment="")
    for message in sources():
        if not message.id:
            continue
        before = known.get(message.id)
        kept = before.string if before is not None and not before.fuzzy else None
        fresh.add(message.id, kept, locations=message.locations, flags=set(message.flags))
    return fresh


def as_po(catalogue: Catalog) -> bytes:
    text = io.BytesIO()
    write_po(text, catalogue, width=96, sort_output=True, omit_header=True)
    plural = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    header = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    )
    return header.encode() + text.getvalue()


def as_mo(po: bytes, language: str) -> bytes:
    """Without a date, so that the same catalogue always compiles to the same bytes."""
    data = io.BytesIO()
    write_mo(data, _undated(read_po(io.BytesIO(po), language)))
    return data.getvalue()


class _Undated(Catalog):
    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Language", self.locale_identifier or ""),
            ("Plural-Forms", self.plural_forms),
        ]


def _undated(catalogue: Catalog) -> Catalog:
    plain = _Undated(catalogue.locale_identifier, charset="utf-8")
    for message in catalogue:
        if message.id:
            plain.add(message.id, message.string, flags=set(message.flags))
    return plain


def untranslated(catalogue: Catalog) -> list[str]:
    return [
        str(message.id)
        for message in catalogue
        if message.id and not (message.string and all(_forms(message.string)))
    ]


def _forms(string: str | tuple[str, ...] | list[str]) -> list[str]:
    return [string] if isinstance(string, str) else list(string)


def problems() -> list[str]:
    """What `--check` says; empty if all is in step."""
    found = []
    for language in LANGUAGES:
        catalogue = updated(language)
        po = as_po(catalogue)
        path = po_of(language)
        if path.read_bytes() != po:
            found.append(f"{language}: the catalogue is not in step with the code: `make messages`")
        if path.with_suffix(".mo").read_bytes() != as_mo(path.read_bytes(), language):
            found.append(f"{language}: the compiled catalogue is not in step: `make messages`")
        found += [f"{language}: not translated: {text}" for text in untranslated(catalogue)]
    return found


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        found = problems()
        for problem in found:
            print(problem)
        return 1 if found else 0
    for language in LANGUAGES:
        catalogue = updated(language)
        po = as_po(catalogue)
        path = po_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po)
        path.with_suffix(".mo").write_bytes(as_mo(po, language))
        missing = untranslated(catalogue)
        print(f"{path.relative_to(ROOT)}: {len(catalogue)} texts, {len(missing)} not translated")
    return 0
