"""Texts for people in their language: `_` looks a text up when it is shown, not at import.

English is the source language; the Dutch catalogue is `locale/nl/LC_MESSAGES/socialcoin.po`,
compiled beside it and committed, so that a fresh clone needs no build step. The language is that
of `--lang`, else of LANGUAGE, LC_ALL, LC_MESSAGES or LANG (the first that is set), else English.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

DOMAIN = "socialcoin"
LOCALES = Path(__file__).parent / "locale"
LANGUAGES = ("en", "nl")

_chosen: list[str] = []


def choose_language(language: str | None) -> None:
    """What `--lang` says, for the rest of this process; None: back to the environment."""
    _chosen[:] = [] if language is None else [language]
    if language is not None:
        os.environ["LANGUAGE"] = language  # click looks its own texts up by the environment


def language() -> str:
    if _chosen:
        return _chosen[0]
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return value[:2] if value[:2] in LANGUAGES else "en"
    return "en"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALES, [language], fallback=True)


def _(message: str) -> str:
    """The text in the language in use. Fill in values afterwards: `_("{n} keys").format(n=n)`."""
    return _catalogue(language()).gettext(message) if message else ""


def ngettext(one: str, many: str, n: int) -> str:
    return _catalogue(language()).ngettext(one, many, n)


def N_(message: str) -> str:
    """Mark a text for the catalogue that is looked up later, such as the `help` of an option."""
    return message


def translate_click() -> None:
    """Let click find the texts of its own ("Usage", "No such option") in the same catalogue."""
    gettext.bindtextdomain(DOMAIN, str(LOCALES))
    gettext.textdomain(DOMAIN)
