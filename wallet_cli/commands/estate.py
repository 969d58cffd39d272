"""A death at the desk, and what becomes of the estate.

Every act takes two signatures of the office (`--with-wallet`), or a decision of its board
(`--as-board`). The certificate of death and the notary's certificate stay in the office's cabinet.
"""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents
from genesis.iban import checked_iban
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.life import REF, committed, group, make
from wallet_cli.commands.pay import DRY_RUN
from wallet_cli.desk import account_of, converse


@console.group(name="estate", help=N_("What a dead resident leaves, for the heirs."))
def estate() -> None:
    pass


group.add_command(estate)


@group.command(name="death", help=N_("Attest a death: the account closes, earmarks go back."))
@click.argument("address")
@REF
@DRY_RUN
@acting_command
def death(settings: Settings, wallet: str | None, address: str, ref: str, dry_run: bool) -> None:
    from governance_contracts.life.estates import AttestDeath

    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    evidence, kept = committed(session, "evidence", ref)
    text = _("{who} is closed. What was the holder's own waits for the heirs.").format(who=address)
    make(
        session, "attest_death", AttestDeath(account, evidence), {"account": address, **kept},
        text, dry_run,
    )  # fmt: skip


@group.command(name="withdraw-death", help=N_("A death was attested by mistake."))
@click.argument("address")
@DRY_RUN
@acting_command
def withdraw_death(settings: Settings, wallet: str | None, address: str, dry_run: bool) -> None:
    from governance_contracts.life.estates import WithdrawDeath

    session = converse(settings, wallet)
    args = WithdrawDeath(account_of(session.profile, address))
    text = _("{who} is open again.").format(who=address)
    make(session, "withdraw_death", args, {"account": address}, text, dry_run)


@estate.command(name="heirs", help=N_("Note a notary's certificate of who inherits."))
@click.argument("address")
@REF
@DRY_RUN
@acting_command
def heirs(settings: Settings, wallet: str | None, address: str, ref: str, dry_run: bool) -> None:
    from governance_contracts.life.estates import NameHeirs

    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    certificate, kept = committed(session, "certificate", ref)
    text = _("The heirs' certificate is noted; the estate of {who} can be paid.").format(
        who=address
    )
    told: Answer = {"account": address, **kept}
    make(session, "name_heirs", NameHeirs(account, certificate), told, text, dry_run)


@estate.command(name="pay", help=N_("Pay a share to an heir: an account, or a bank account."))
@click.argument("address")
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", required=True, metavar="CODE", help=N_("Which coin."))
@click.option("--to", "heir", metavar="ADDRESS", help=N_("To this account."))
@click.option("--iban", metavar="IBAN", help=N_("Or as euros, to this bank account."))
@DRY_RUN
@acting_command
def pay_estate(
    settings: Settings,
    wallet: str | None,
    address: str,
    amount: int,
    coin: str,
    heir: str | None,
    iban: str | None,
    dry_run: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.life.estates import PayEstate, RedeemEstate

    if (heir is None) == (iban is None):
        raise UserError(_("Where to? Give --to ADDRESS or --iban IBAN, one of them."), Exit.USAGE)
    number = None if iban is None else checked_iban(iban)
    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    told: Answer = {"account": address, "coin": coin, "amount_cents": amount}
    shown = format_cents(amount)
    if heir is not None:
        args = PayEstate(account, account_of(session.profile, heir), coin, Cents(amount))
        text = _("Paid {amount} {coin} of the estate to {heir}.").format(
            amount=shown, coin=coin, heir=heir
        )
        make(session, "pay_estate", args, told | {"heir": heir}, text, dry_run)
        return
    assert number is not None, "one of the two is given"
    destination, kept = committed(session, "destination", number)
    text = _("{amount} {coin} of the estate will be paid to {iban}.").format(
        amount=shown, coin=coin, iban=number
    )
    redeem = RedeemEstate(account, coin, Cents(amount), (), destination)
    make(session, "redeem_estate", redeem, told | {"iban": number, **kept}, text, dry_run)


@estate.command(name="settle", help=N_("The estate is empty: nothing more is kept of it."))
@click.argument("address")
@DRY_RUN
@acting_command
def settle(settings: Settings, wallet: str | None, address: str, dry_run: bool) -> None:
    from governance_contracts.life.estates import SettleEstate

    session = converse(settings, wallet)
    args = SettleEstate(account_of(session.profile, address))
    text = _("The estate of {who} is settled.").format(who=address)
    make(session, "settle_estate", args, {"account": address}, text, dry_run)


COMMANDS = (group,)
