"""How a coin ends: decided, redeemed by everybody, claimed, closed. Commands of `wallet coin`."""

from __future__ import annotations

from collections.abc import Iterable

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.coins import coin_shown, group, make
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import Session, account_of, client_of, converse, profile_of, wallet_command

CALLS_MAX = 4
HOLDERS_MAX = 100
"""Per call. What does not fit in one transaction is for the next run."""


@group.command(name="winddown", help=N_("Decide the end of a coin; by all boards."))
@click.argument("code")
@click.option("--to", "destination", metavar="ADDRESS", help=N_("Whose the unclaimed rest is."))
@click.option("--call-off", is_flag=True, help=N_("Call it off, until redeeming begins."))
@DRY_RUN
@acting_command
def winddown(
    settings: Settings,
    wallet: str | None,
    code: str,
    destination: str | None,
    call_off: bool,
    dry_run: bool,
) -> None:
    from governance_contracts.coins.winddown import Announce, CallOff

    if bool(destination) == call_off:
        raise UserError(
            _("Say whose the unclaimed rest is (--to ADDRESS), or give --call-off."), Exit.USAGE
        )
    if destination is None:
        session = converse(settings, wallet)
        text = _("{coin} does not end.").format(coin=code)
        make(session, "winddown", "call_off", CallOff(code), {"coin": code}, text, dry_run)
        return
    account = account_of(profile_of(settings, wallet), destination)
    coin_shown(client_of(settings, profile_of(settings, wallet)), code)
    told = {"coin": code, "destination": destination}
    if not dry_run:
        console.confirm(settings, _("Decide that {coin} ends?").format(coin=code))
    text = _("The end of {coin} is decided. See `wallet coin show {coin}`.").format(coin=code)
    session = converse(settings, wallet)
    make(session, "winddown", "announce", Announce(code, account), told, text, dry_run)


@group.command(name="claims", help=N_("Who still holds a coin that ends; for its wijk's office."))
@click.argument("code")
@wallet_command
def claims(settings: Settings, wallet: str | None, code: str) -> None:
    found = _all_claims(converse(settings, wallet), code)
    lines = []
    for claim in found["claims"]:
        total = claim["free_cents"] + sum(lot["amount_cents"] for lot in claim["lots"])
        lines.append(f"{claim['address']}  {format_cents(total)}")
    out(settings, found, "\n".join(lines) or _("Nobody holds any."))


def _all_claims(session: Session, code: str) -> Answer:
    """Every page of the list, as one."""
    path = f"/v1/accounts/{session.profile.address}/claims/{code}"
    page = session.client.get(path)
    found: Answer = {"coin": code, "phase": page["phase"], "claims": list(page["claims"])}
    while page["next"]:
        page = session.client.get(f"{path}?from={page['next']}")
        found["claims"] += page["claims"]
    return found


@group.command(name="return-earmarks", help=N_("Send earmarks of a coin that ends to their funds."))
@click.argument("code")
@DRY_RUN
@acting_command
def return_earmarks(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.coins.winddown import ReturnEarmarks
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    by_lot: dict[int, list[bytes]] = {}
    for claim in _all_claims(session, code)["claims"]:
        for lot in (one for one in claim["lots"] if one["earmark"]):
            holder = account_of(session.profile, claim["address"])
            by_lot.setdefault(lot["lot"], []).append(holder)
    calls = []
    count = 0
    for lot, holders in sorted(by_lot.items())[:CALLS_MAX]:
        args = ReturnEarmarks(lot, tuple(holders[:HOLDERS_MAX]))
        calls.append(checked_call(builder.call("winddown", "return_earmarks", args), args))
        count += len(args.holders)
    left = sum(map(len, by_lot.values())) - count
    if not calls:
        out(settings, {"coin": code, "count": 0, "left": 0}, _("There is nothing to return."))
        return
    told = {"coin": code, "count": count, "left": left}
    carry(session, session.account(), tuple(calls), told, _said(told), dry_run)


@group.command(name="move-rest", help=N_("After the claims: the rest to its destination."))
@click.argument("code")
@DRY_RUN
@acting_command
def move_rest(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.coins.winddown import PLACES_MAX, MoveRest

    session = converse(settings, wallet)
    destination = coin_shown(session.client, code)["wind_down"]
    holders = []
    for claim in _all_claims(session, code)["claims"]:
        own = destination is not None and claim["address"] == destination["destination"]
        places = len(claim["lots"]) + bool(claim["free_cents"] and not own)
        holders += [claim["address"]] * -(-places // PLACES_MAX)  # named again for every four
    if not holders:
        out(settings, {"coin": code, "count": 0, "left": 0}, _("There is no rest to move."))
        return
    first = holders[:HOLDERS_MAX]
    told = {
        "coin": code,
        "count": len(set(first)),
        "left": len(set(holders[HOLDERS_MAX:])),
    }
    args = MoveRest(code, _accounts(session, first))
    make(session, "winddown", "move_rest", args, told, _said(told), dry_run)


@group.command(name="close", help=N_("Close a coin of which nothing is left; by its board."))
@click.argument("code")
@DRY_RUN
@acting_command
def close(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.coins.winddown import Close

    session = converse(settings, wallet)
    text = _("{coin} is closed.").format(coin=code)
    make(session, "winddown", "close", Close(code), {"coin": code}, text, dry_run)


def _accounts(session: Session, addresses: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(account_of(session.profile, address) for address in addresses)


def _said(told: Answer) -> str:
    text = _("Done for {count} holders of {coin}.").format(**told)
    if told["left"]:
        text += " " + _("{left} are left: run this again.").format(**told)
    return text


COMMANDS = (group,)
