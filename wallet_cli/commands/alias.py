"""Aliases: which payments this wallet made without showing itself, and proving that it did."""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.desk import account_of, home_of, profile_of, wallet_command
from wallet_cli.paying import shown_alias


@console.group(name="alias", help=N_("The names that shops know your payments by."))
def group() -> None:
    pass


@group.command(name="list", help=N_("Aliases of this wallet, or where one of them was used."))
@click.argument("alias", required=False)
@wallet_command
def listed(settings: Settings, wallet: str | None, alias: str | None) -> None:
    from wallet_cli.openings import aliases

    profile = profile_of(settings, wallet)
    wanted = None if alias is None else account_of(profile, alias).hex()
    found = [
        {
            "alias": shown_alias(profile.prefix, bytes.fromhex(one["alias"])),
            "payer": shown_alias(profile.prefix, bytes.fromhex(one["payer"])),
            "payee": shown_alias(profile.prefix, bytes.fromhex(one["payee"])),
            "secret": one["secret"],
        }
        for one in aliases(home_of(settings), profile.name)
        if wanted is None or one["alias"] == wanted
    ]
    if wanted is not None and not found:
        raise UserError(_("This wallet has not used {alias}.").format(alias=alias))
    lines = [
        _("{alias} to {payee}, secret {secret}").format(**one) if wanted
        else _("{alias} to {payee}").format(**one)
        for one in found
    ]  # fmt: skip
    out(settings, {"aliases": found}, "\n".join(lines) or _("No aliases yet."))


@group.command(name="check", help=N_("Is this alias that of a payer? They tell you the secret."))
@click.argument("alias")
@click.argument("payer")
@click.argument("payee")
@click.argument("secret")
@wallet_command
def check(
    settings: Settings, wallet: str | None, alias: str, payer: str, payee: str, secret: str
) -> None:
    from governance_contracts.payments.payments import alias_of

    profile = profile_of(settings, wallet)
    shown, of, to = (account_of(profile, address) for address in (alias, payer, payee))
    try:
        known = bytes.fromhex(secret)
    except ValueError:
        known = b""
    if len(known) != 16:
        raise UserError(_("A secret has 32 hexadecimal digits."), Exit.USAGE)
    if alias_of(of, to, known) != shown:
        raise UserError(
            _("No: with this secret, {payer} did not pay as {alias}.").format(
                payer=payer, alias=alias
            )
        )
    out(
        settings,
        {"alias": alias, "payer": payer, "payee": payee, "verified": True},
        _("Yes: {payer} paid as {alias}.").format(payer=payer, alias=alias),
    )
