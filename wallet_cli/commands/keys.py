"""What is in a wallet home: list, show, address, registration, export, passphrase."""

from __future__ import annotations

import json
from pathlib import Path

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli import profile as profiles
from wallet_cli.desk import home_of, profile_of, unlock, wallet_command
from wallet_cli.making import NO_CHAIN, as_json, as_text


@click.command(name="list", cls=console.Command, help=N_("List the wallets of this home."))
@console.common_options
def list_wallets(settings: Settings) -> Exit:
    """One damaged file does not hide the other wallets; it gives exit code 4."""
    home, found, code = home_of(settings), [], Exit.DONE
    for name in profiles.names(home):
        try:
            found.append(profiles.read(home, name).profile)
        except UserError as error:
            console.note(error.message)
            code = error.exit_code
    text = "\n".join(f"{p.name}  {as_json(p)['address'] or '-'}" for p in found)
    out(settings, [as_json(p) for p in found], text or _("There is no wallet yet."))
    return code


@click.command(name="show", cls=console.Command, help=N_("Show what a wallet file says openly."))
@wallet_command
def show(settings: Settings, wallet: str | None) -> None:
    profile = profile_of(settings, wallet)
    out(settings, as_json(profile), as_text(profile))


@click.command(name="address", cls=console.Command, help=N_("Print the wallet's address."))
@click.option("--qr", is_flag=True, help=N_("Also as a QR code."))
@wallet_command
def address(settings: Settings, wallet: str | None, qr: bool) -> None:
    profile = profile_of(settings, wallet)
    text = profile.address
    if qr:
        from wallet_cli.qr import draw

        text = f"{draw('socialcoin:' + text)}\n{text}"
    out(
        settings,
        {
            "name": profile.name,
            "address": profile.address,
            "account": profile.account.hex(),
            "chain_id": profile.chain.hex() or None,
        },
        text,
    )


@click.command(
    name="registration",
    cls=console.Command,
    help=N_("What the office of your wijk needs to register this wallet's account."),
)
@click.option(
    "--in-genesis",
    is_flag=True,
    help=N_("For a founding document: it takes the place of the chain."),
)
@wallet_command
def registration(settings: Settings, wallet: str | None, in_genesis: bool) -> None:
    from chain.account import KeyRole
    from governance_contracts.people.keys import prove_possession

    profile = profile_of(settings, wallet)
    shown = profile.address if not in_genesis or profile.prefix else None
    opened = unlock(settings, profile)
    chain, epoch = (NO_CHAIN, 0) if in_genesis else (profile.chain, profile.epoch)
    proof = prove_possession(opened.seed, chain, epoch, profile.account)
    data = {
        "account": profile.account.hex(),
        "address": shown,
        "chain_id": chain.hex(),
        "epoch": epoch,
        "keys": [
            {
                "key": profile.key.hex(),
                "role": int(KeyRole.FULL),
                "place": [],
                "proof": proof.hex(),
            }
        ],
        "threshold": profile.threshold,
        "salt": profile.salt.hex(),
    }
    out(settings, data, json.dumps(data, indent=2))


@click.command(name="export", cls=console.Command, help=N_("Show the words of a wallet again."))
@wallet_command
def export(settings: Settings, wallet: str | None) -> None:
    profile = profile_of(settings, wallet)
    console.confirm(settings, _("Who sees these words can take everything. Show them?"))
    words = unlock(settings, profile).words
    out(settings, {"name": profile.name, "mnemonic": words}, words)


@click.command(name="passphrase", cls=console.Command, help=N_("Change the passphrase."))
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=N_("File that holds the new passphrase."),
)
@wallet_command
def passphrase(settings: Settings, wallet: str | None, new_passphrase_file: Path | None) -> None:
    from wallet_cli import keystore

    opened = unlock(settings, profile_of(settings, wallet))
    if new_passphrase_file is not None:
        fresh = console.secret(Settings(passphrase_file=new_passphrase_file), "")
    elif console.on_terminal():
        fresh = str(
            click.prompt(_("New passphrase"), hide_input=True, confirmation_prompt=True, err=True)
        )
    else:
        raise UserError(_("Give the new passphrase with --new-passphrase-file FILE."), Exit.USAGE)
    keystore.change_passphrase(home_of(settings), opened, fresh)
    out(settings, {"name": opened.profile.name, "changed": True}, _("The passphrase is changed."))


COMMANDS = (list_wallets, show, address, registration, export, passphrase)
