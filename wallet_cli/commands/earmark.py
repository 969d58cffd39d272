"""Earmarks that are over: back to their fund, or to who takes over a closed fund's coin."""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _
from wallet_cli.acting import acting_command
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import account_of, converse, profile_of


@console.group(name="earmark", help=N_("Coin of a fund whose time is over."))
def group() -> None:
    pass


@group.command(
    name="reclaim", help=N_("Send an expired lot of these accounts to its fund; anybody may.")
)
@click.argument("lot", type=click.IntRange(1, 2**53 - 1))
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@DRY_RUN
@acting_command
def reclaim(
    settings: Settings, wallet: str | None, lot: int, addresses: tuple[str, ...], dry_run: bool
) -> None:
    from governance_contracts.earmarks.earmark import RECLAIM_MAX, Reclaim
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    accounts = tuple(sorted({account_of(profile, address) for address in addresses}))
    if len(accounts) > RECLAIM_MAX:
        raise UserError(_("At most {count} at a time.").format(count=RECLAIM_MAX), Exit.USAGE)
    session = converse(settings, wallet)
    args = Reclaim(lot, accounts)
    call = checked_call(builder.call("earmark", "reclaim", args), args)
    text = _("What they had of lot {lot} is the fund's again.").format(lot=lot)
    carry(session, session.account(), (call,), {"lot": lot}, text, dry_run)


@group.command(
    name="successor", help=N_("Name who takes over a fund's coin, as the board of its wijk.")
)
@click.argument("fund", metavar="FUND")
@click.argument("address")
@DRY_RUN
@acting_command
def successor(
    settings: Settings, wallet: str | None, fund: str, address: str, dry_run: bool
) -> None:
    from governance_contracts.earmarks.earmark import NameSuccessor
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    args = NameSuccessor(account_of(profile, fund), account_of(profile, address))
    session = converse(settings, wallet)
    call = checked_call(builder.call("earmark", "name_successor", args), args)
    told = {"fund": fund, "successor": address}
    text = _("{successor} takes over the coin of {fund}.").format(**told)
    carry(session, session.account(), (call,), told, text, dry_run)
