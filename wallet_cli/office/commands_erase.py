"""Erasing a person: the key is destroyed, and a signed certificate says what is left by law."""

from __future__ import annotations

import json
from pathlib import Path

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.commands.registry import read_json
from wallet_cli.desk import profile_of, unlock, wallet_command
from wallet_cli.files import write_private
from wallet_cli.office import certificate as certificates
from wallet_cli.office import retention
from wallet_cli.office.root import group, today
from wallet_cli.office.stores import Office, find, office_command, office_option


@group.command(name="erase", help=N_("Erase a person; leaves a signed certificate."))
@click.argument("who")
@wallet_command
@office_option
def erase(settings: Settings, wallet: str | None, who: str, office: Office) -> None:
    """The account on the chain is closed apart, with `wallet registry close`."""
    store = office.open_service()
    id, document = find(store, who)
    profile = profile_of(settings, wallet)
    console.confirm(
        settings,
        _("Erase {name} ({account})? This cannot be undone.").format(
            name=document["fields"].get("name", ""), account=document["account"]
        ),
    )
    seed = unlock(settings, profile).seed
    on = today()
    kept = [retention.end_relation(office.retention, one, on) for one in document["retained"]]
    made = certificates.made(
        document["account"],
        document["wijk"],
        list(document["fields"]),
        [terms for terms in kept if terms is not None],
        on,
    )
    made = certificates.signed(made, seed, profile.chain, profile.epoch)
    files = written(office.certificates, made)
    store.erase(id)
    text = _("Erased. The certificate for the person: {files}").format(files=", ".join(files))
    out(settings, {**made, "files": files}, text)


def written(folder: Path, made: certificates.Certificate) -> list[str]:
    """As JSON and as a text in each language, before anything is destroyed."""
    name = f"{made['account']}-{made['erased_on']}"
    contents = {f"{name}.json": json.dumps(made, indent=1, ensure_ascii=False)}
    contents |= {f"{name}.{language}.txt": text for language, text in made["text"].items()}
    try:
        for file, content in contents.items():
            write_private(folder / file, content.encode() + b"\n", replace=True)
    except OSError as error:
        raise UserError(
            _("{path} cannot be used: {reason}").format(
                path=folder, reason=console.of_the_system(error)
            )
        ) from None
    return [str(folder / file) for file in contents]


@group.command(name="certificate", help=N_("Check a certificate of erasure, and show it."))
@click.argument("file", metavar="FILE|-")
@click.option("--key", metavar="HEX", help=N_("The office's key that it must be signed with."))
@office_command
def certificate(settings: Settings, office: Office, file: str, key: str | None) -> None:
    found = read_json(file, _("a certificate as `office erase` writes it"))
    try:
        signer = certificates.check(found).hex()
    except Malformed as error:
        raise UserError(_("Not good: {reason}.").format(reason=error), Exit.FINDINGS) from None
    if key is not None and signer != key.lower():
        raise UserError(
            _("It is signed by another key than the office's: {key}.").format(key=signer),
            Exit.FINDINGS,
        )
    language = "nl" if console.language() == "nl" else "en"
    text = found["text"][language] + "\n" + _("The signature holds.")
    out(settings, {"good": True, "key": signer, "certificate": found}, text)
