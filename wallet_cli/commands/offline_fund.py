"""A fund's guarantee behind payments without a network, and what becomes of a device's debt."""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents
from wallet_cli.acting import acting_command
from wallet_cli.commands.offline import group
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import account_of, coin_of, converse, profile_of

__all__ = ["group"]


@group.command(name="guarantee", help=N_("Set a fund's coin behind devices that pay any seller."))
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@DRY_RUN
@acting_command
def guarantee(
    settings: Settings, wallet: str | None, amount: int, coin: str | None, dry_run: bool
) -> None:
    from chain.money import Cents
    from governance_contracts.offline.general import Guard
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    account = session.account()
    args = Guard(session.acts_for, coin_of(account, coin), Cents(amount))
    call = checked_call(builder.call("offline", "guard", args), args)
    told = {"amount_cents": amount, "amount": format_cents(amount), "coin": args.coin}
    text = _(
        "{amount} {coin} stands behind offline payments. Say for whom: `wallet offline cover`."
    )
    carry(session, account, (call,), told, text.format(**told), dry_run)


@group.command(name="cover", help=N_("Answer for the devices of these accounts."))
@click.argument("guarantee", type=click.IntRange(1))
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--stop", is_flag=True, help=N_("No longer, for what is opened from now on."))
@DRY_RUN
@acting_command
def cover(
    settings: Settings,
    wallet: str | None,
    guarantee: int,
    addresses: tuple[str, ...],
    stop: bool,
    dry_run: bool,
) -> None:
    from governance_contracts.offline.general import COVER_MAX, ChangeCover
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    accounts = tuple(sorted({account_of(profile, address) for address in addresses}))
    if len(accounts) > COVER_MAX:
        raise UserError(_("At most {count} at a time.").format(count=COVER_MAX), Exit.USAGE)
    session = converse(settings, wallet)
    args = ChangeCover(guarantee, accounts, not stop)
    call = checked_call(builder.call("offline", "change_cover", args), args)
    told = {"guarantee": guarantee, "accounts": list(addresses), "covered": not stop}
    text = _("Guarantee {guarantee} now covers them.")
    if stop:
        text = _("Guarantee {guarantee} covers no new allowances of theirs.")
    carry(session, session.account(), (call,), told, text.format(guarantee=guarantee), dry_run)


@group.command(name="end-guarantee", help=N_("Take a guarantee back once nothing stands on it."))
@click.argument("guarantee", type=click.IntRange(1))
@DRY_RUN
@acting_command
def end_guarantee(settings: Settings, wallet: str | None, guarantee: int, dry_run: bool) -> None:
    from governance_contracts.offline.general import EndGuarantee
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = EndGuarantee(guarantee)
    call = checked_call(builder.call("offline", "end_guarantee", args), args)
    text = _("Guarantee {guarantee} takes no new allowances; the coin returns after the last one.")
    told = {"guarantee": guarantee}
    carry(session, session.account(), (call,), told, text.format(**told), dry_run)


@group.command(name="repay", help=N_("Repay a fund what its guarantee paid for you."))
@click.argument("guarantee", type=click.IntRange(1))
@click.argument("amount", type=console.AMOUNT)
@DRY_RUN
@acting_command
def repay(
    settings: Settings, wallet: str | None, guarantee: int, amount: int, dry_run: bool
) -> None:
    from chain.money import Cents
    from governance_contracts.offline.general import Repay
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Repay(guarantee, session.acts_for, Cents(amount))
    call = checked_call(builder.call("offline", "repay", args), args)
    told = {"guarantee": guarantee, "amount_cents": amount, "amount": format_cents(amount)}
    text = _("{amount} is repaid.").format(**told)
    carry(session, session.account(), (call,), told, text, dry_run)


@group.command(name="report", help=N_("Show that a device spent twice: it is frozen."))
@click.argument("first")
@click.argument("second")
@DRY_RUN
@acting_command
def report(settings: Settings, wallet: str | None, first: str, second: str, dry_run: bool) -> None:
    """FIRST and SECOND are payments as the payer's device showed them."""
    from chain.errors import Malformed
    from governance_contracts.offline.general import ProveDouble
    from governance_contracts.offline.records import SignedGeneral
    from wallet_cli.core import builder
    from wallet_cli.core.offline import read_token

    found = []
    for text in (first, second):
        try:
            signed = read_token(text).signed
        except Malformed as error:
            raise UserError(
                _("This is not an offline payment: {reason}.").format(reason=error), Exit.USAGE
            ) from None
        if not isinstance(signed, SignedGeneral):
            raise UserError(
                _("A payment out of an allowance for one seller cannot be spent twice."), Exit.USAGE
            )
        found.append(signed)
    session = converse(settings, wallet)
    args = ProveDouble(found[0], found[1])
    call = checked_call(builder.call("offline", "prove_double", args), args)
    told = {"allowance": found[0].payment.allowance}
    text = _("The device of allowance {allowance} is frozen.").format(**told)
    carry(session, session.account(), (call,), told, text, dry_run)
