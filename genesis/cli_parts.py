"""Commands that make the parts of a founding: areas, keys, accounts, seats."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import get_args

import click

from chain import crypto
from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _
from genesis.document import Kind, dump
from genesis.homes import new_seed, read_founder_seed, read_seed, write_seed
from genesis.mistakes import of_the_system

FILE = click.Path(path_type=Path, dir_okay=False)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _give(settings: Settings, part: object, out_file: Path | None, text: str) -> None:
    """A part goes to a file, or as JSON to stdout."""
    data = dump(part)
    if out_file is None:
        if settings.json:
            click.echo(data.decode(), nl=False)
        else:
            console.out(settings, None, text)
        return
    try:
        with out_file.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UserError(
            _("{path} exists already: give another name, or move it away.").format(path=out_file)
        ) from None
    console.out(settings, {"file": str(out_file)}, text)


@click.command(cls=console.Command, help=N_("Read wijken or buurten from a GeoJSON file of CBS."))
@click.argument("file", type=FILE)
@click.option("--out", "out_file", type=FILE, help=N_("File for the regions, for a spec."))
@click.option("--date", help=N_("Date of the counts, YYYY-MM-DD; else the file's own year."))
@click.option("--points", type=click.IntRange(3, 4096), default=640, show_default=True,
              help=N_("Most points in one boundary."))  # fmt: skip
@console.common_options
def regions(
    settings: Settings, file: Path, out_file: Path | None, date: str | None, points: int
) -> None:
    from genesis.region_rules import region_findings
    from genesis.regions import import_geojson

    if date is not None and not _DATE.fullmatch(date):
        raise UserError(_("--date is written as 2024-01-01."), Exit.USAGE)
    try:
        found = import_geojson(file.read_bytes(), date, points)
    except Malformed as error:
        raise UserError(f"{file}: {error}") from None
    if findings := list(region_findings(found)):
        raise UserError(f"{file}: " + "\n".join(str(finding) for finding in findings))
    lines = [
        f"{region.code:10} {region.name:32} "
        + _("{n} inhabitants, {points} points").format(
            n=region.inhabitants, points=sum(len(ring) for ring in region.rings)
        )
        for region in found
    ]
    _give(settings, found, out_file, "\n".join(lines))


@click.command(cls=console.Command, help=N_("Make a private key in a file only you can read."))
@click.argument("file", type=FILE)
@console.common_options
def key(settings: Settings, file: Path) -> None:
    seed = new_seed()
    try:
        write_seed(file, seed)
    except OSError as error:
        raise UserError(of_the_system(error), Exit.KEY) from None
    public = crypto.public_key(seed).hex()
    text = _("{path} is written. Public key: {key}").format(path=file, key=public)
    console.out(settings, {"file": str(file), "public_key": public}, text)


@click.command(
    cls=console.Command, help=N_("Make the account of a founder, from its private keys.")
)
@click.option("--key-file", "key_files", type=FILE, multiple=True, required=True,
              help=N_("Private key; give it again for each further key."))  # fmt: skip
@click.option("--kind", type=click.Choice(get_args(Kind)), default="person", show_default=True,
              help=N_("Kind of account."))  # fmt: skip
@click.option("--sector", default="HH", show_default=True, help=N_("Sector (HH, BUS, GOV, WB)."))
@click.option("--wijk", required=True, help=N_("The wijk whose office enters it."))
@click.option("--place-of-home", "home_area", help=N_("Its home, if that is not the wijk."))
@click.option("--threshold", type=click.IntRange(1, 16), default=1, show_default=True,
              help=N_("How many keys must sign."))  # fmt: skip
@click.option("--owner", help=N_("Account id (40 hexadecimal digits) of the owner."))
@click.option("--out", "out_file", type=FILE, help=N_("File for the account, for a spec."))
@console.common_options
def account(
    settings: Settings,
    key_files: tuple[Path, ...],
    kind: Kind,
    sector: str,
    wijk: str,
    home_area: str | None,
    threshold: int,
    owner: str | None,
    out_file: Path | None,
) -> None:
    from genesis.parts import account_part

    seeds = [read_founder_seed(path) for path in key_files]
    try:
        owners = () if owner is None else (bytes.fromhex(owner),)
    except ValueError:
        owners = (b"",)
    if any(len(id) != 20 for id in owners):
        raise UserError(_("--owner is an account id: 40 hexadecimal digits."), Exit.USAGE)
    salt = secrets.token_bytes(16)
    part = account_part(kind, sector, home_area or wijk, wijk, seeds, salt, threshold, owners)
    _give(settings, part, out_file, _("account {id}").format(id=part.id.hex()))


@click.command(
    cls=console.Command, help=N_("Make the seat of a wijk's validator, from its private keys.")
)
@click.option("--wijk", required=True, help=N_("The wijk."))
@click.option("--consensus-key", type=FILE, required=True, help=N_("Private key that votes."))
@click.option("--node-key", "node_keys", type=FILE, multiple=True, required=True,
              help=N_("Private key of the node's connections; up to four."))  # fmt: skip
@click.option("--out", "out_file", type=FILE, help=N_("File for the seat, for a spec."))
@console.common_options
def seat(
    settings: Settings,
    wijk: str,
    consensus_key: Path,
    node_keys: tuple[Path, ...],
    out_file: Path | None,
) -> None:
    from genesis.parts import seat_part

    part = seat_part(wijk, read_seed(consensus_key), [read_seed(path) for path in node_keys])
    text = _("seat of {wijk}: {key}").format(wijk=wijk, key=part.consensus.key.hex())
    _give(settings, part, out_file, text)
