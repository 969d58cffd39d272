"""The desk of a wijk: every entry that a registrar makes, and what is entered of an account.

A registrar uses their own wallet. Where a second signature is asked (a parent's, a colleague's)
`--with-wallet` takes it from a wallet on this device, and `--sheet` prints the transaction for
another device. With `--as-board` the same call is proposed to the board.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer, ApiError
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import Session, account_of, converse, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record

KINDS = (
    "person", "household", "business", "institution", "association", "fund", "board", "till",
    "operator",
)  # fmt: skip
SECTORS = {
    "person": "HH", "household": "HH", "business": "BUS", "association": "NPI", "board": "WB",
    "operator": "FIN",
}  # fmt: skip
"""The sector that goes without saying; other kinds state theirs."""
PLACE_KINDS = ("shop", "online")
FILE_BYTES_MAX = 64 * 1024


@console.group(name="registry", help=N_("The desk: register people and shops, and what follows."))
def group() -> None:
    pass


def make(session: Session, method: str, args: Record, told: Answer, text: str, dry: bool) -> None:
    from wallet_cli.core import builder

    call = checked_call(builder.call("registry", method, args), args)
    carry(session, session.account(), (call,), told, text, dry)


def read_json(path: str, what: str) -> Any:
    """A small JSON file, or stdin for `-`. Raises UserError (usage)."""
    try:
        if path == "-":
            return json.loads(sys.stdin.read(FILE_BYTES_MAX))
        with Path(path).open(encoding="utf-8-sig") as file:
            return json.loads(file.read(FILE_BYTES_MAX))
    except OSError as error:
        reason = console.of_the_system(error)
    except (ValueError, RecursionError):
        reason = _("it is not JSON")
    raise UserError(
        _("{path} cannot be used: {reason}. Expected: {what}.").format(
            path=path, reason=reason, what=what
        ),
        Exit.USAGE,
    )


# Opening accounts.


@group.command(name="register", help=N_("Open accounts, of `wallet registration` files."))
@click.argument("files", nargs=-1, required=True, metavar="FILE|-...")
@click.option("--wijk", required=True, metavar="CODE", help=N_("The wijk of this office."))
@click.option("--kind", type=click.Choice(KINDS), default="person", show_default=True)
@click.option("--sector", metavar="CODE", help=N_("Default: the usual one of this kind."))
@click.option("--home-wijk", metavar="CODE", help=N_("Where it is; default: the office's wijk."))
@click.option("--owner", metavar="ADDRESS", help=N_("Whose it is; of a person: the household."))
@DRY_RUN
@acting_command
def register(
    settings: Settings,
    wallet: str | None,
    files: tuple[str, ...],
    wijk: str,
    kind: str,
    sector: str | None,
    home_wijk: str | None,
    owner: str | None,
    dry_run: bool,
) -> None:
    from chain.address import encode_address
    from governance_contracts.people.registration import Register

    stated = sector or SECTORS.get(kind)
    if stated is None:
        raise UserError(
            _("Which sector? An account of kind {kind} states it with --sector.").format(kind=kind),
            Exit.USAGE,
        )
    read = [(file, read_json(file, _("what `wallet registration` prints"))) for file in files]
    session = converse(settings, wallet)
    whose = () if owner is None else (account_of(session.profile, owner),)
    accounts = tuple(
        new_account(session, file, data, KINDS.index(kind) + 1, stated, home_wijk or wijk, whose)
        for file, data in read
    )
    addresses = [encode_address(session.profile.prefix, new.id) for new in accounts]
    told: Answer = {"wijk": wijk, "kind": kind, "accounts": addresses}
    text = _("Registered at the office of {wijk}: {accounts}.").format(
        wijk=wijk, accounts=", ".join(addresses)
    )
    make(session, "register", Register(wijk, accounts), told, text, dry_run)


def new_account(
    session: Session,
    file: str,
    data: Any,
    kind: int,
    sector: str,
    home: str,
    owner: tuple[bytes, ...],
) -> Any:
    """Raises UserError (usage): not a registration, or one for another chain."""
    from governance_contracts.people.keys import NewKey
    from governance_contracts.people.registration import NewAccount

    try:
        chain = bytes.fromhex(data["chain_id"])
        keys = tuple(
            NewKey(
                bytes.fromhex(one["key"]),
                int(one["role"]),
                tuple(int(place) for place in one["place"]),
                bytes.fromhex(one["proof"]),
            )
            for one in data["keys"]
        )
        id, salt = bytes.fromhex(data["account"]), bytes.fromhex(data["salt"])
        threshold = int(data["threshold"])
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is not a registration as `wallet registration` prints it.").format(file=file),
            Exit.USAGE,
        ) from None
    if chain != session.status.chain:
        raise UserError(
            _("{file} is a registration for another chain.").format(file=file), Exit.USAGE
        )
    return NewAccount(id, kind, sector, home, owner, keys, threshold, salt, ())


@group.command(name="show", help=N_("What is entered of an account at your office; of your own."))
@click.argument("address", required=False)
@wallet_command
def show(settings: Settings, wallet: str | None, address: str | None) -> None:
    session = converse(settings, wallet)
    asked = address or session.profile.address
    account_of(session.profile, asked)
    try:
        found = session.client.get(f"/v1/accounts/{session.profile.address}/entries/{asked}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise UserError(
            _("{address} is not entered at an office whose desk you serve.").format(address=asked),
            Exit.USAGE,
        ) from None
    checked = {None: _("no"), "begun": _("begun, to be confirmed"), "checked": _("yes")}
    lines = [
        f"{found['address']}: {found['kind']}, {found['status']}",
        _("  home {home}, office {office}, sector {sector}").format(**found),
        _("  checked unique: {answer}").format(answer=checked[found["unique"]]),
        _("  voter: {answer}").format(answer=_("yes") if found["voter"] else _("no")),
    ]
    if found["band"]:
        parents = ", ".join(found["parents"])
        lines.append(_("  minor, {band}; parents {parents}").format(**found | {"parents": parents}))
    for one in found["mandates"]:
        holder = one["holder"] or one["card"] or one["office"] or ""
        lines.append(_("  mandate {number}: {kind} {holder}").format(**one | {"holder": holder}))
    out(settings, found, "\n".join(lines))


@group.command(name="change", help=N_("Change home, sector or owner from a later block on."))
@click.argument("address")
@click.option("--home-wijk", metavar="CODE", help=N_("The new home."))
@click.option("--sector", metavar="CODE", help=N_("The new sector."))
@click.option("--owner", metavar="ADDRESS", help=N_("The new owner or household."))
@click.option("--no-owner", is_flag=True, help=N_("It is nobody else's from then on."))
@click.option("--from-height", type=click.IntRange(1), help=N_("From this block; default: soon."))
@DRY_RUN
@acting_command
def change(
    settings: Settings,
    wallet: str | None,
    address: str,
    home_wijk: str | None,
    sector: str | None,
    owner: str | None,
    no_owner: bool,
    from_height: int | None,
    dry_run: bool,
) -> None:
    from governance_contracts.people.lifecycle import ChangeEntry

    if owner and no_owner:
        raise UserError(_("Give --owner or --no-owner, not both."), Exit.USAGE)
    if not (home_wijk or sector or owner or no_owner):
        raise UserError(
            _("What changes? Give --home-wijk, --sector, --owner or --no-owner."), Exit.USAGE
        )
    session = converse(settings, wallet)
    whose = ((account_of(session.profile, owner),),) if owner else ((),) if no_owner else ()
    height = from_height or session.status.height + SOON
    args = ChangeEntry(
        account_of(session.profile, address),
        height,
        (home_wijk,) if home_wijk else (),
        (sector,) if sector else (),
        whose,
    )
    told: Answer = {"account": address, "from_height": height}
    text = _("The entry of {who} changes from block {height} on.").format(
        who=address, height=height
    )
    make(session, "change_entry", args, told, text, dry_run)


SOON = 1_000
"""Blocks ahead, so that a change also fits when other blocks come first."""


# Places.


@group.command(name="add-place", help=N_("Enter a place of a shop."))
@click.argument("address")
@click.argument("number", type=click.IntRange(0, 65_535))
@click.option("--wijk", required=True, metavar="CODE", help=N_("Where it is."))
@click.option("--buurt", metavar="CODE", help=N_("The buurt, if it has over 100 inhabitants."))
@click.option("--kind", type=click.Choice(PLACE_KINDS), default="shop", show_default=True)
@DRY_RUN
@acting_command
def add_place(
    settings: Settings,
    wallet: str | None,
    address: str,
    number: int,
    wijk: str,
    buurt: str | None,
    kind: str,
    dry_run: bool,
) -> None:
    from governance_contracts.people.places import AddPlace, PlaceKind

    session = converse(settings, wallet)
    shop = account_of(session.profile, address)
    args = AddPlace(shop, number, wijk, (buurt,) if buurt else (), PlaceKind[kind.upper()])
    told: Answer = {"account": address, "number": number, "wijk": wijk}
    text = _("{who} has place {number} in {wijk}.").format(who=address, number=number, wijk=wijk)
    make(session, "add_place", args, told, text, dry_run)


@group.command(name="close-place", help=N_("Close a place of a shop."))
@click.argument("address")
@click.argument("number", type=click.IntRange(0, 65_535))
@DRY_RUN
@acting_command
def close_place(
    settings: Settings, wallet: str | None, address: str, number: int, dry_run: bool
) -> None:
    from governance_contracts.people.places import ClosePlace

    session = converse(settings, wallet)
    args = ClosePlace(account_of(session.profile, address), number)
    told: Answer = {"account": address, "number": number}
    text = _("Place {number} of {who} is closed.").format(who=address, number=number)
    make(session, "close_place", args, told, text, dry_run)
