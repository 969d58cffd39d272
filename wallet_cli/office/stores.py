"""Where an office's stores are, who opens them, and finding a person in one."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from genesis import console, sealed
from genesis.console import N_, Exit, Settings, UserError, _
from genesis.sealed import Document, SealedStore

PASSPHRASES = (
    "SOCIALCOIN_OFFICE_PASSPHRASE",
    "SOCIALCOIN_OFFICE_FIRST",
    "SOCIALCOIN_OFFICE_SECOND",
)


@dataclass(frozen=True, slots=True)
class Office:
    """The folder of an office. The service store is opened by the office's passphrase, the
    retention store by those of two persons, from the environment or asked for."""

    folder: Path

    @property
    def service(self) -> Path:
        return self.folder / "service"

    @property
    def retention(self) -> Path:
        return self.folder / "retention"

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    def open_service(self) -> SealedStore:
        sealed.load(self.service)  # a missing store is said before a passphrase is asked
        return sealed.open_store(self.service, (self.passphrase(),))

    def passphrase(self, *, twice: bool = False) -> str:
        return asked(PASSPHRASES[0], _("Passphrase of the office"), twice=twice)

    def two(self, *, twice: bool = False) -> tuple[str, str]:
        first = asked(PASSPHRASES[1], _("Passphrase of the first person"), twice=twice)
        second = asked(PASSPHRASES[2], _("Passphrase of the second person"), twice=twice)
        return first, second


def asked(variable: str, prompt: str, *, twice: bool = False) -> str:
    """From the environment, else from the terminal. Raises UserError (key)."""
    if found := os.environ.get(variable, ""):
        return found
    if not console.on_terminal():
        raise UserError(
            _("{prompt}: there is no terminal to ask on; set {variable}.").format(
                prompt=prompt, variable=variable
            ),
            Exit.KEY,
        )
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    return typed


def office_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--office DIR`; called with (settings, office, ...)."""

    @wraps(command)
    def run(settings: Settings, *args: Any, office: Path | None, **values: Any) -> Any:
        folder = office or Path.home() / ".socialcoin" / "office"
        return command(settings, *args, office=Office(folder), **values)

    named = click.option(
        "--office",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="SOCIALCOIN_OFFICE",
        help=N_("Folder of the office's stores; default: ~/.socialcoin/office."),
    )
    return named(run)


def office_command(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command of the office that needs no wallet."""
    return console.common_options(office_option(command))


def find(store: SealedStore, who: str) -> tuple[str, Document]:
    """By account address, by record id, or by name, whole or in part.

    Raises UserError (usage): nobody, or several.
    """
    found = [
        (id, document)
        for id, document in store.all()
        if who in (id, document.get("account"))
        or who.casefold() in document["fields"].get("name", "").casefold()
    ]
    exact = [one for one in found if who in (one[0], one[1].get("account"))]
    found = exact or found
    if len(found) == 1 and who:
        return found[0]
    if not found or not who:
        raise UserError(
            _("The office has nobody like {who!r}. `socialcoin office list` shows all.").format(
                who=who
            ),
            Exit.USAGE,
        )
    raise UserError(_("Several people fit {who!r}; name the account.").format(who=who), Exit.USAGE)
