"""Enrolling: the person's record into the service store, a commitment to it onto the chain."""

from __future__ import annotations

import os
from typing import Any

import click
from msgspec.structs import replace

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _
from genesis.sealed import SealedStore
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN
from wallet_cli.commands.registry import KINDS, SECTORS, make, new_account, read_json
from wallet_cli.desk import account_of, converse
from wallet_cli.office.commands_people import digest_of
from wallet_cli.office.person import NAMES, checked
from wallet_cli.office.root import group, today
from wallet_cli.office.stores import Office, office_option

LABELS = {
    "name": N_("Name"),
    "email": N_("E-mail"),
    "phone": N_("Telephone"),
    "address": N_("Address"),
    "text": N_("Remark"),
    "plan": N_("Plan"),
}


@group.command(name="enrol", help=N_("Enter a person and register the account of their wallet."))
@click.argument("card", metavar="CARD|-")
@click.option("--wijk", required=True, metavar="CODE", help=N_("The wijk of this office."))
@click.option("--kind", type=click.Choice(KINDS), default="person", show_default=True)
@click.option("--sector", metavar="CODE", help=N_("Default: the usual one of this kind."))
@click.option(
    "--home-wijk", metavar="CODE", help=N_("Where they live; default: the office's wijk.")
)
@click.option("--owner", metavar="ADDRESS", help=N_("The household, or whose shop it is."))
@click.option("--file", "data_file", metavar="FILE", help=N_("Their data: a JSON object of texts."))
@DRY_RUN
@acting_command
@office_option
def enrol(
    settings: Settings,
    wallet: str | None,
    card: str,
    wijk: str,
    kind: str,
    sector: str | None,
    home_wijk: str | None,
    owner: str | None,
    data_file: str | None,
    dry_run: bool,
    office: Office,
) -> None:
    """CARD is what the resident's `wallet registration` prints."""
    from chain.address import encode_address
    from governance_contracts.people.registration import Register

    stated = sector or SECTORS.get(kind)
    if stated is None:
        raise UserError(
            _("Which sector? An account of kind {kind} states it with --sector.").format(kind=kind),
            Exit.USAGE,
        )
    shown = read_json(card, _("what `wallet registration` prints"))
    fields = checked(asked_for(data_file))
    if "name" not in fields:
        raise UserError(_("A record has a name at least."), Exit.USAGE)
    store = office.open_service()
    session = converse(settings, wallet)
    whose = () if owner is None else (account_of(session.profile, owner),)
    number = KINDS.index(kind) + 1
    new = new_account(session, card, shown, number, stated, home_wijk or wijk, whose)
    address = encode_address(session.profile.prefix, new.id)
    if any(document["account"] == address for _id, document in store.all()):
        raise UserError(
            _("{address} is enrolled here already.").format(address=address), Exit.USAGE
        )
    id, identity = entered(store, address, wijk, fields)
    register = Register(wijk, (replace(new, identity=(identity,)),))
    told: Answer = {"wijk": wijk, "kind": kind, "account": address, "record": id}
    text = _("{address} is registered, and the record is kept.").format(address=address)
    try:
        make(session, "register", register, told, text, dry_run)
    except UserError as error:
        if error.exit_code != Exit.UNREACHABLE:  # else it can still happen
            store.erase(id)
        raise
    if dry_run:
        store.erase(id)


def entered(
    store: SealedStore, address: str, wijk: str, fields: dict[str, str]
) -> tuple[str, bytes]:
    """A new record; its id, and the commitment for the chain."""
    salt, digest = os.urandom(16), digest_of(fields)
    document: dict[str, Any] = {
        "account": address,
        "wijk": wijk,
        "enrolled_on": today().isoformat(),
        "fields": fields,
        "digest": digest.hex(),
        "salt": salt.hex(),
        "identity": "",
        "retained": [],
    }
    id = store.add(document)
    identity = store.commitment(id, digest, salt)
    store.put(id, {**document, "identity": identity.hex()})
    return id, identity


def asked_for(file: str | None) -> Any:
    """From a file, or asked for on the terminal. Raises UserError (usage)."""
    if file is not None:
        return read_json(file, _("a JSON object of texts, such as name and phone"))
    if not console.on_terminal():
        raise UserError(
            _("There is no terminal to ask on: give the person's data with --file FILE."),
            Exit.USAGE,
        )
    return {name: typed(name) for name in NAMES}


def typed(name: str) -> str:
    """One field from the terminal, asked for again while it cannot be kept."""
    while True:
        value = str(click.prompt(_(LABELS[name]), default="", show_default=False, err=True))
        try:
            checked({name: value})
        except UserError as error:
            console.note(error.message)
        else:
            return value
