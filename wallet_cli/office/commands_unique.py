"""Two registrars make sure that nobody is registered twice, without showing who it is."""

from __future__ import annotations

import hmac
import json
import os
from pathlib import Path

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.commands.registry import read_json
from wallet_cli.core.uniqueness import code, joined, split
from wallet_cli.files import write_private
from wallet_cli.office.root import group, today


@group.command(name="unique-key", help=N_("Make the key of the uniqueness check, in three shares."))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@console.common_options
def unique_key(settings: Settings, folder: Path) -> None:
    """Once per chain. Each share goes to a registrar of another wijk, and leaves this computer."""
    files = []
    try:
        for share in split(os.urandom(96)):
            path = folder / f"share-{share['share']}.json"
            write_private(path, json.dumps(share, indent=1).encode() + b"\n", replace=False)
            files.append(str(path))
    except OSError as error:
        raise UserError(
            _("{path} cannot be used: {reason}").format(
                path=folder, reason=console.of_the_system(error)
            ),
            Exit.KEY,
        ) from None
    text = _("Shares: {files}. Give each to a registrar of another wijk, then destroy them here.")
    out(settings, {"files": files}, text.format(files=", ".join(files)))


@group.command(name="unique", help=N_("The code of a person, to compare with another registrar's."))
@click.option(
    "--share", "shares", multiple=True, required=True, metavar="FILE",
    help=N_("A registrar's share of the key; give two."),
)  # fmt: skip
@click.option("--birth-name", metavar="TEXT", help=N_("As on the passport."))
@click.option("--born", metavar="YYYY-MM-DD", help=N_("Date of birth."))
@click.option("--place", metavar="TEXT", help=N_("Place of birth."))
@click.option("--compare", metavar="CODE", help=N_("What the other registrar has."))
@console.common_options
def unique(
    settings: Settings,
    shares: tuple[str, ...],
    birth_name: str | None,
    born: str | None,
    place: str | None,
    compare: str | None,
) -> None:
    """Nothing of it is stored. Exit 6 if the codes differ."""
    birth_name = _asked(birth_name, "--birth-name", _("Birth name, as on the passport"))
    born = _asked(born, "--born", _("Date of birth, as 1980-12-31"))
    place = _asked(place, "--place", _("Place of birth"))
    try:
        key = joined([read_json(file, _("a share of the key")) for file in shares])
        found = code(key, birth_name, born, place)
    except Malformed as error:
        raise UserError(_("No code: {reason}.").format(reason=error), Exit.USAGE) from None
    if born.strip() > today().isoformat():
        raise UserError(
            _("No code: nobody was born on {born} yet.").format(born=born.strip()), Exit.USAGE
        )
    if compare is not None and not hmac.compare_digest(found, compare.strip().upper()):
        raise UserError(
            _("The codes differ: another person, or something is spelled otherwise."),
            Exit.FINDINGS,
        )
    same = _("The same person: {code}") if compare else "{code}"
    out(settings, {"code": found, "same": compare is not None}, same.format(code=found))


def _asked(given: str | None, option: str, text: str) -> str:
    """What was given, or what a person types now. Raises UserError (usage) off a terminal."""
    if given is not None:
        return given
    if not console.on_terminal():
        raise UserError(
            _("There is no terminal to ask on: give {option}.").format(option=option), Exit.USAGE
        )
    asked: str = click.prompt(text, err=True)
    return asked
