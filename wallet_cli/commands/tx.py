"""Transactions step by step, through pipes: `tx build ... | tx sign - | tx send -`.

The step that signs needs no network, the steps that build and send need no key. Between steps a
transaction is a *sheet* of JSON (`core.builder`); `-` is stdin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli import profile as profiles
from wallet_cli.client import Answer
from wallet_cli.desk import (
    client_of,
    converse,
    home_of,
    profile_of,
    status_for,
    unlock,
    wallet_command,
)

if TYPE_CHECKING:
    from chain.transaction import Call
    from wallet_cli.core.builder import Sheet

SHEET_BYTES_MAX = 2 * 1024 * 1024


def transaction_id_of(text: str) -> bytes:
    """Raises UserError (usage)."""
    try:
        id = bytes.fromhex(text)
    except ValueError:
        id = b""
    if len(id) != 32:
        raise UserError(
            _("{text!r} is not a transaction's id: 64 hexadecimal digits.").format(text=text),
            Exit.USAGE,
        )
    return id


def read_sheet(path: str) -> Sheet:
    """Raises UserError (usage): unreadable, or not a sheet."""
    from wallet_cli.core.builder import sheet_from_json

    try:
        if path == "-":
            text = sys.stdin.read(SHEET_BYTES_MAX)
        else:
            with Path(path).open(encoding="utf-8") as file:
                text = file.read(SHEET_BYTES_MAX)
        return sheet_from_json(json.loads(text))
    except OSError as error:
        raise UserError(
            _("The transaction cannot be read: {reason}").format(
                reason=console.of_the_system(error)
            ),
            Exit.USAGE,
        ) from None
    except Malformed as error:
        raise UserError(
            _("The transaction cannot be used: {reason}.").format(reason=error), Exit.USAGE
        ) from None
    except (ValueError, RecursionError):
        raise UserError(
            _("What was read is not a transaction as `tx build` makes one."), Exit.USAGE
        ) from None


def write_sheet(sheet: Sheet) -> None:
    """Sheets are JSON whatever the output option says: the next step reads them."""
    from wallet_cli.core.builder import sheet_as_json

    click.echo(json.dumps(sheet_as_json(sheet)))


@console.group(name="tx", help=N_("Transactions step by step, offline, through pipes."))
def group() -> None:
    pass


@group.group(name="build", help=N_("Make a transaction without signing it."))
def build() -> None:
    pass


def _build(settings: Settings, wallet: str | None, make: Any, valid_hours: int | None) -> None:
    """`make(session, account)` gives the call. The wallet's key reads the replay number."""
    from wallet_cli import sending
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    account = session.account()
    call: Call = make(session, account)
    body = sending.make_body(session, account, (call,))
    if valid_hours is not None:
        from msgspec.structs import replace

        later = body.valid_until_ms - builder.VALID_MS + valid_hours * 3_600_000
        body = replace(body, valid_until_ms=later)
    write_sheet(builder.Sheet(body, ()))


VALID = click.option(
    "--valid-hours",
    type=click.IntRange(1, 30 * 24),
    help=N_("How long it may be sent; default: ten minutes."),
)


def _pay_command() -> click.Command:
    from wallet_cli.commands.pay import pay_options, payment_call

    @click.command(name="pay", cls=console.Command, help=N_("A payment."))
    @click.argument("address")
    @click.argument("amount", type=console.AMOUNT)
    @pay_options
    @VALID
    @wallet_command
    def pay(
        settings: Settings,
        wallet: str | None,
        address: str,
        amount: int,
        valid_hours: int | None,
        **options: Any,
    ) -> None:
        def make(session: Any, account: Answer) -> Call:
            return payment_call(session, account, address, amount, **options)[0]

        _build(settings, wallet, make, valid_hours)

    return pay


build.add_command(_pay_command())


@build.command(name="call", help=N_("Any call of a contract, its arguments as JSON."))
@click.argument("contract")
@click.argument("method")
@click.argument("arguments", metavar="JSON")
@VALID
@wallet_command
def build_call(
    settings: Settings,
    wallet: str | None,
    contract: str,
    method: str,
    arguments: str,
    valid_hours: int | None,
) -> None:
    def make(session: Any, _account: Answer) -> Call:
        return named_call(session.profile.prefix, contract, method, arguments)

    _build(settings, wallet, make, valid_hours)


def named_call(prefix: str, contract: str, method: str, arguments: str) -> Call:
    """Raises UserError (usage): an unknown contract or method, arguments that do not fit it."""
    from wallet_cli.core.arguments import find_method, read_call

    text = sys.stdin.read() if arguments == "-" else arguments
    try:
        found = find_method(contract, method)
        return read_call(prefix, contract, method, found, json.loads(text))
    except (Malformed, ValueError) as error:
        raise UserError(
            _("This call cannot be made: {reason}.").format(reason=error), Exit.USAGE
        ) from None


@group.command(name="sign", help=N_("Add this wallet's signature. Needs no node."))
@click.argument("file", metavar="FILE|-")
@wallet_command
def sign(settings: Settings, wallet: str | None, file: str) -> None:
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    sheet = read_sheet(file)
    if profile.chain and sheet.body.chain != profile.chain:
        raise UserError(
            _("This transaction is for another chain than wallet {name}.").format(
                name=profile.name
            ),
            Exit.KEY,
        )
    opened = unlock(settings, profile)
    write_sheet(builder.sign(sheet, profile.account, profile.key_number, opened.seed))


@group.command(name="combine", help=N_("Put the signatures of several files together."))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@console.common_options
def combine(_settings: Settings, files: tuple[str, ...]) -> None:
    from wallet_cli.core import builder

    try:
        write_sheet(builder.combine([read_sheet(file) for file in files]))
    except Malformed as error:
        raise UserError(
            _("They cannot be combined: {reason}.").format(reason=error), Exit.USAGE
        ) from None


@group.command(name="send", help=N_("Send it and wait until it is final."))
@click.argument("file", metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help=N_("Only say whether it would succeed."))
@wallet_command
def send(settings: Settings, wallet: str | None, file: str, dry_run: bool) -> None:
    from wallet_cli import sending

    sheet = read_sheet(file)
    if not sheet.witnesses:
        raise UserError(_("Nobody has signed this transaction; use `tx sign`."), Exit.KEY)
    if settings.node:
        client = client_of(settings)
    else:
        profile = profile_of(settings, wallet)
        client = client_of(settings, profile)
        status_for(client, profile)
    if dry_run:
        answer = sending.dry_run(client, sheet)
        missing = int(answer.get("missing_signatures", 0))
        data = {"status": "ok", "dry_run": True, "events": answer.get("events", [])}
        text = _("It would succeed; nothing was sent.")
        if missing:
            data["missing_signatures"] = missing
            text = _("It would succeed with {count} more signatures; nothing was sent.").format(
                count=missing
            )
        out(settings, data, text)
        return
    final = sending.send(client, sheet)
    out(
        settings,
        final.as_json(),
        _("Final in block {height}, transaction {id}.").format(
            height=final.height, id=final.id.hex()
        ),
    )


@group.command(name="show", help=N_("Say in words what a transaction would do."))
@click.argument("file", metavar="FILE|-")
@console.common_options
def show(settings: Settings, file: str) -> None:
    from wallet_cli.core.arguments import call_as_json
    from wallet_cli.core.showing import plain_fields, plain_value
    from wallet_cli.happenings import call_lines, value_text
    from wallet_cli.sending import clock

    sheet = read_sheet(file)
    body = sheet.body
    prefix = _prefix_of(settings, body.chain)  # addresses for people, ids for programs
    actor = plain_fields(body.actor, prefix)
    data = {
        "id": sheet.id.hex(),
        "chain_id": body.chain.hex(),
        "epoch": body.epoch,
        "actor": plain_fields(body.actor),
        "number": body.number,
        "valid_until_ms": body.valid_until_ms,
        "calls": [call_as_json(call) for call in body.calls],
        "signed_by": [{"signer": w.signer.hex(), "key": w.key} for w in sheet.witnesses],
    }
    lines = [
        _("Transaction {id}").format(id=data["id"]),
        _("  of {actor}, number {number}").format(
            actor=actor.get("account") or value_text(actor), number=body.number
        ),
        _("  can happen until {moment}").format(moment=clock(body.valid_until_ms)),
        *(line for call in body.calls for line in call_lines(call_as_json(call, prefix))),
        *(
            _("  signed by {signer}, key {key}").format(
                signer=plain_value(w.signer, prefix), key=w.key
            )
            for w in sheet.witnesses
        ),
    ]
    out(settings, data, "\n".join(lines))


def _prefix_of(settings: Settings, chain: bytes) -> str:
    """How addresses of this chain begin, from the wallets of this home; empty: unknown."""
    home = home_of(settings)
    for name in profiles.names(home):
        try:
            profile = profiles.read(home, name).profile
        except UserError:
            continue
        if profile.chain == chain:
            return profile.prefix
    return ""
