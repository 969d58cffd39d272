"""The retention store: add to it, list it, open a record with two persons, destroy by date."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TextIO

import click

from genesis import console, sealed
from genesis.console import N_, Exit, Settings, UserError, _, out
from genesis.iban import checked_iban
from wallet_cli.commands.registry import read_json
from wallet_cli.office import retention
from wallet_cli.office.commands_people import pairs
from wallet_cli.office.person import checked
from wallet_cli.office.root import group, today
from wallet_cli.office.stores import PASSPHRASES, Office, asked, find, office_command

STORES = ("service", "first", "second")
"""Whose passphrase: the office's for the service store, a person's for the retention store."""


@group.command(name="retain", help=N_("Seal what the law makes you keep; two persons open it."))
@click.argument("texts", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--ground", type=click.Choice(sorted(retention.GROUNDS)), required=True)
@click.option("--about", metavar="WHO", help=N_("The person, so that an erasure names it."))
@click.option("--file", "data_file", metavar="FILE", help=N_("A JSON object of texts."))
@office_command
def retain(
    settings: Settings,
    office: Office,
    texts: tuple[str, ...],
    ground: str,
    about: str | None,
    data_file: str | None,
) -> None:
    """The payee side of an invoice, a due-diligence file, the opening of a bank commitment."""
    read = {} if data_file is None else read_json(data_file, _("a JSON object of texts"))
    fields = checked({**checked(read, bank=True), **pairs(texts)}, bank=True)
    if not fields:
        raise UserError(_("What is to be kept? Give FIELD=VALUE or --file FILE."), Exit.USAGE)
    if "iban" in fields:  # a wrong one would be found when it is needed, years later
        fields["iban"] = checked_iban(fields["iban"])
    if ground == "due-diligence" and about is None:
        raise UserError(_("A due-diligence file is about somebody: --about WHO."), Exit.USAGE)
    terms = None
    if about is not None:
        store = office.open_service()
        id, document = find(store, about)
        content = {"account": document["account"], "fields": fields}
        terms = retention.add(office.retention, ground, content, today())
        store.put(id, {**document, "retained": [*document["retained"], terms.id]})
    else:
        content = {"account": None, "fields": fields}
        terms = retention.add(office.retention, ground, content, today())
    until = terms.destroy_by.isoformat() if terms.destroy_by else None
    data = {"record": terms.id, "ground": ground, "destroy_on": until}
    text = _("Sealed as {record}; kept until {until}.").format(
        record=terms.id, until=until or _("five years after the end of the relation")
    )
    out(settings, data, text)


@group.command(name="retained", help=N_("What is kept by law, and until when; opens nothing."))
@office_command
def retained(settings: Settings, office: Office) -> None:
    rows = [row_of(terms) for terms in retention.all_terms(office.retention)]
    lines = [
        f"{row['record']}  {row['ground']}  {row['since']}  {row['destroy_on'] or '-'}"
        for row in rows
    ]
    out(settings, rows, "\n".join(lines) or _("Nothing is kept."))


@group.command(name="open", help=N_("Open a retained record; both persons give a passphrase."))
@click.argument("record")
@office_command
def open_record(settings: Settings, office: Office, record: str) -> None:
    terms = retention.terms_of(office.retention, record) if len(record) == 32 else None
    if terms is None:
        raise UserError(_("The store has no record {id}.").format(id=record), Exit.USAGE)
    content = retention.read(office.retention, record, office.two())
    lines = [f"{name}: {value}" for name, value in sorted(content["fields"].items())]
    if content["account"]:
        lines.insert(0, _("Account {account}").format(account=content["account"]))
    out(settings, {**row_of(terms), **content}, "\n".join(lines))


@group.command(name="sweep", help=N_("Destroy what is past its date; run it every day."))
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help=N_("As of this day; default: today. Not later than today."),
)
@office_command
def sweep(settings: Settings, office: Office, on: date | None) -> None:
    """No passphrase is asked: dates stand in clear."""
    sealed.load(office.retention)
    day = today() if on is None else date(on.year, on.month, on.day)
    if day > today():
        raise UserError(_("Nothing is destroyed before its date."), Exit.USAGE)
    gone = retention.sweep(office.retention, day)
    rows = [row_of(terms) for terms in gone]
    out(settings, rows, _("Destroyed: {count} records.").format(count=len(rows)))


@group.command(name="passphrase", help=N_("Change a passphrase: of the office, or of a person."))
@click.argument("store", type=click.Choice(STORES))
@click.option("--new-file", type=click.File(), help=N_("File with the new one; else asked for."))
@office_command
def passphrase(settings: Settings, office: Office, store: str, new_file: TextIO | None) -> None:
    folder, person, variable = half_of(office, store)
    old = asked(variable, _("Passphrase now"))
    if new_file is not None:
        new = new_file.readline().rstrip("\r\n")
    elif console.on_terminal():
        prompt = _("New passphrase")
        new = str(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise UserError(_("Give the new passphrase with --new-file FILE."), Exit.KEY)
    if not new:
        raise UserError(_("The passphrase file is empty."), Exit.KEY)
    sealed.change_passphrase(folder, person, old, new)
    out(settings, {"store": store}, _("The new passphrase holds from now on."))


def half_of(office: Office, store: str) -> tuple[Path, int, str]:
    """Folder, person, and the environment variable of the passphrase."""
    number = STORES.index(store)
    if store == "service":
        return office.service, 0, PASSPHRASES[number]
    return office.retention, number - 1, PASSPHRASES[number]


@group.command(name="recover", help=N_("A new passphrase, from the words written down."))
@click.argument("store", type=click.Choice(STORES))
@office_command
def recover(settings: Settings, office: Office, store: str) -> None:
    """The words are asked for, or the first line of stdin; the passphrase as the others are."""
    folder, person, variable = half_of(office, store)
    if console.on_terminal():
        words = str(click.prompt(_("Words"), hide_input=True, err=True))
    else:
        words = sys.stdin.readline()
    new = asked(variable, _("New passphrase"), twice=True)
    sealed.recover(folder, person, words.strip(), new)
    out(settings, {"store": store}, _("The new passphrase holds from now on."))


def row_of(terms: retention.Terms) -> dict[str, str | None]:
    return {
        "record": terms.id,
        "ground": terms.ground,
        "since": terms.since.isoformat(),
        "destroy_on": terms.destroy_by.isoformat() if terms.destroy_by else None,
    }
