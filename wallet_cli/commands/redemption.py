"""Euros back: cancel a redemption, send its destination again; and the board's part."""

from __future__ import annotations

from pathlib import Path

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, ngettext, out
from wallet_cli.acting import acting_command
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import converse, home_of, wallet_command

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    name="cancel-redemption",
    cls=console.Command,
    help=N_("Take a redemption back that is not exported yet."),
)
@click.argument("number", type=click.IntRange(0))
@DRY_RUN
@acting_command
def cancel(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    from governance_contracts.bank.redemption import Cancel
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Cancel(number)
    call = checked_call(builder.call("reserve", "cancel", args), args)
    text = _("Redemption {number} is taken back; the coin is yours again.").format(number=number)
    carry(session, session.account(), (call,), {"redemption": number}, text, dry_run)


@click.command(
    name="destination",
    cls=console.Command,
    help=N_("Send the desk once more where the euros of a redemption go."),
)
@click.argument("number", type=click.IntRange(0))
@click.option("--name", default="", metavar="NAME", help=N_("The bank account's holder."))
@wallet_command
def destination(settings: Settings, wallet: str | None, number: int, name: str) -> None:
    from wallet_cli import destinations

    session = converse(settings, wallet)
    home, profile = home_of(settings), session.profile
    known = destinations.noted(home, profile.name, number)
    opening = destinations.kept_opening(home, profile.name, known[1]) if known else None
    if known is None or opening is None:
        raise UserError(
            _("This wallet does not know where redemption {number} goes.").format(number=number)
        )
    iban, salt = opening
    sent = destinations.send(session, known[0], number, iban, salt, name)
    fields, text = destinations.told(sent, number, iban, salt)
    if not sent:
        raise UserError(text, Exit.FAILURE, details=fields)
    out(settings, fields | {"coin": known[0], "iban": iban}, text)


# The board's part, in `wallet reserve`.


@click.command(
    name="export", cls=console.Command, help=N_("Decide which redemptions go to the bank.")
)
@click.argument("file", metavar="EXPORT.json", type=FILE)
@DRY_RUN
@acting_command
def export(settings: Settings, wallet: str | None, file: Path, dry_run: bool) -> None:
    """The file is what `node reserve export` prepared."""
    from governance_contracts.bank.redemption import Export
    from wallet_cli.commands.reserve import of_this_chain, prepared
    from wallet_cli.core import builder

    content = prepared(file, "reserve.export")
    try:
        args = Export(
            str(content["coin"]),
            tuple(int(number) for number in content["redemptions"]),
            bytes.fromhex(content["file"]),
        )
        total = int(content["total_cents"])
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is damaged: prepare it again with `node reserve export`.").format(file=file),
            Exit.USAGE,
        ) from None
    session = converse(settings, wallet)
    of_this_chain(session, content, file)
    call = checked_call(builder.call("reserve", "export", args), args)
    told = {
        "coin": args.coin,
        "redemptions": list(args.redemptions),
        "total_cents": total,
        "file": args.file.hex(),
    }
    text = ngettext(
        "{count} redemption of {coin} goes to the bank, {total} in all.",
        "{count} redemptions of {coin} go to the bank, {total} in all.",
        len(args.redemptions),
    ).format(count=len(args.redemptions), coin=args.coin, total=format_cents(total))
    carry(session, session.account(), (call,), told, text, dry_run)


@click.command(
    name="reject",
    cls=console.Command,
    help=N_("Give the coin of an exported redemption back that the bank did not pay."),
)
@click.argument("number", type=click.IntRange(0))
@DRY_RUN
@acting_command
def reject(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    from governance_contracts.bank.redemption import Reject
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Reject(number)
    call = checked_call(builder.call("reserve", "reject", args), args)
    text = _("The coin of redemption {number} goes back to its holder.").format(number=number)
    carry(session, session.account(), (call,), {"redemption": number}, text, dry_run)


@click.command(
    name="desk",
    cls=console.Command,
    help=N_("Name the key of the reserve's desk, to which people seal their IBAN."),
)
@click.argument("key", metavar="KEY")
@click.option("--coin", required=True, metavar="CODE", help=N_("Which coin."))
@DRY_RUN
@acting_command
def desk(settings: Settings, wallet: str | None, key: str, coin: str, dry_run: bool) -> None:
    from governance_contracts.bank.desk import SetDesk
    from wallet_cli.core import builder

    try:
        public = bytes.fromhex(key)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise UserError(_("A key is 64 hexadecimal digits."), Exit.USAGE)
    session = converse(settings, wallet)
    args = SetDesk(coin, public)
    call = checked_call(builder.call("reserve", "set_desk", args), args)
    text = _("People seal where their euros go to the desk {key}.").format(key=key)
    carry(session, session.account(), (call,), {"coin": coin, "key": key}, text, dry_run)


COMMANDS = (cancel, destination)
FOR_RESERVE = (export, reject, desk)
