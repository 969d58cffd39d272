"""The service store: made, listed, shown, corrected, handed to the person, checked."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import click

from genesis import console, sealed
from genesis.console import N_, Exit, Settings, UserError, _, out
from genesis.sealed import Document, SealedStore
from wallet_cli.files import write_private
from wallet_cli.office import retention
from wallet_cli.office.person import checked
from wallet_cli.office.root import group
from wallet_cli.office.stores import Office, find, office_command


@group.command(name="init", help=N_("Make the stores of an office."))
@office_command
def init(settings: Settings, office: Office) -> None:
    """One passphrase opens the service store; those of two persons the retention store."""
    for folder in (office.service, office.retention):
        if (folder / "store.json").exists():
            raise UserError(
                _("There is a store in {folder} already, and nothing is written over it.").format(
                    folder=folder
                ),
                Exit.KEY,
            )
    first, second = office.two(twice=True)
    if first == second:
        raise UserError(_("Two persons have two different passphrases."), Exit.USAGE)
    service = sealed.create(office.service, (office.passphrase(twice=True),)).words
    kept = retention.create(office.retention, (first, second))
    data = {
        "office": str(office.folder),
        "service_words": service[0],
        "first_words": kept[0],
        "second_words": kept[1],
    }
    lines = [
        _("The stores are in {office}. Write down, and keep apart from this computer:"),
        _("for the service store: {service_words}"),
        _("for the first person: {first_words}"),
        _("for the second person: {second_words}"),
        _("They are shown this once. `socialcoin office recover` takes them."),
    ]
    out(settings, data, "\n".join(lines).format(**data))


@group.command(name="list", help=N_("Everybody the office keeps a record of."))
@office_command
def list_people(settings: Settings, office: Office) -> None:
    rows = [
        {"record": id, "account": d["account"], "name": d["fields"].get("name", "")}
        for id, d in office.open_service().all()
    ]
    rows.sort(key=lambda row: str(row["name"]).casefold())
    text = "\n".join(f"{row['name']}  {row['account']}" for row in rows)
    out(settings, rows, text or _("Nobody yet."))


@group.command(name="show", help=N_("What the office keeps of a person."))
@click.argument("who")
@office_command
def show(settings: Settings, office: Office, who: str) -> None:
    id, document = find(office.open_service(), who)
    out(settings, {"record": id, **told(office, document)}, readable(office, document))


@group.command(name="change", help=N_("Correct or add what is kept: FIELD=VALUE, or FIELD= ."))
@click.argument("who")
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@office_command
def change(settings: Settings, office: Office, who: str, changes: tuple[str, ...]) -> None:
    store = office.open_service()
    id, document = find(store, who)
    fields = checked({**document["fields"], **pairs(changes)})
    store.put(id, {**document, "fields": fields})
    out(settings, {"record": id, "fields": fields}, _("Changed; what it said before is gone."))


@group.command(name="export", help=N_("All that is kept of a person, for that person."))
@click.argument("who")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help=N_("Write a JSON file and a text into this folder; default: show it."),
)
@office_command
def export(settings: Settings, office: Office, who: str, to: Path | None) -> None:
    _id, document = find(office.open_service(), who)
    data, text = told(office, document), readable(office, document)
    if to is None:
        out(settings, data, text)
        return
    written = []
    try:
        for suffix, content in (
            (".json", json.dumps(data, indent=1, ensure_ascii=False)),
            (".txt", text),
        ):
            path = to / f"{document['account']}{suffix}"
            write_private(path, content.encode() + b"\n", replace=True)
            written.append(str(path))
    except OSError as error:
        raise UserError(
            _("{path} cannot be used: {reason}").format(
                path=to, reason=console.of_the_system(error)
            )
        ) from None
    said = _("Written: {files}. Give them to the person, then destroy them here.")
    out(settings, {"files": written}, said.format(files=", ".join(written)))


@group.command(name="verify", help=N_("Open every record, and try what the chain was given."))
@office_command
def verify(settings: Settings, office: Office) -> None:
    """Exit 6 if a record cannot be opened, or does not open its commitment."""
    store = office.open_service()
    wrong = []
    for id in store.ids():
        try:
            if not opens(store, id, store.get(id)):
                wrong.append(id)
        except UserError:
            wrong.append(id)
    if wrong:
        raise UserError(
            _("Damaged records: {ids}. Put a copy back.").format(ids=", ".join(wrong)),
            Exit.FINDINGS,
        )
    count = len(store.ids())
    out(settings, {"records": count}, _("{count} records, all whole.").format(count=count))


def digest_of(fields: dict[str, str]) -> bytes:
    """What a commitment is made of: the record as it was at enrolment."""
    return sha256(sealed.to_bytes(fields)).digest()


def opens(store: SealedStore, id: str, document: Document) -> bool:
    """Does the record open the commitment that went to the chain?"""
    digest, salt = bytes.fromhex(document["digest"]), bytes.fromhex(document["salt"])
    return bool(store.commitment(id, digest, salt).hex() == document["identity"])


def told(office: Office, document: Document) -> Document:
    """What a person is told: everything, and what is retained elsewhere."""
    kept = [retention.terms_of(office.retention, id) for id in document["retained"]]
    return {
        "account": document["account"],
        "wijk": document["wijk"],
        "enrolled_on": document["enrolled_on"],
        "fields": document["fields"],
        "identity": document["identity"],
        "retained": [
            {
                "record": t.id,
                "ground": t.ground,
                "since": t.since.isoformat(),
                "destroy_on": t.destroy_by.isoformat() if t.destroy_by else None,
            }
            for t in kept
            if t is not None
        ],
    }


def readable(office: Office, document: Document) -> str:
    data = told(office, document)
    lines = [
        _("Account {account}, at the office of {wijk} since {enrolled_on}").format(**data),
        *(f"  {name}: {value}" for name, value in sorted(data["fields"].items())),
        _("  on the chain: commitment {identity}").format(**data),
    ]
    for one in data["retained"]:
        until = one["destroy_on"] or _("five years after the end of the relation")
        lines.append(
            _("  kept by law ({ground}): record {record}, until {until}").format(**one, until=until)
        )
    return "\n".join(lines)


def pairs(changes: tuple[str, ...]) -> dict[str, str]:
    """Raises UserError (usage)."""
    found = {}
    for text in changes:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(
                _("{text!r} is not FIELD=VALUE, such as phone=0201234567.").format(text=text),
                Exit.USAGE,
            )
        found[name] = value
    return found
