"""Coins themselves: show one, enter and change them, exchange one for another, settle.

What boards decide is proposed with `--as-board WIJK`, what all boards decide with
`--as-boards WIJK` (acting.py). The end of a coin is in commands_endings.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, note, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer, Client
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import Session, client_of, converse, home_of, profile_of, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record

REGIMES = {"emt": 1, "limited-network": 2}
REGIME_WORDS = {"emt": N_("e-money"), "limited-network": N_("limited network")}
PHASES = {
    "in-use": N_("in use"),
    "announced": N_("its end is announced"),
    "redeeming": N_("being redeemed: it ends"),
    "claims": N_("ended; what is left can be claimed"),
    "closed": N_("closed"),
}


@console.group(name="coin", help=N_("Coins: issuers, regimes, exchange, and how one ends."))
def group() -> None:
    pass


def make(
    session: Session,
    contract: str,
    method: str,
    args: Record,
    told: Answer,
    text: str,
    dry: bool,
) -> None:
    from wallet_cli.core import builder

    call = checked_call(builder.call(contract, method, args), args)
    carry(session, session.account(), (call,), told, text, dry)


def coin_shown(client: Client, code: str) -> Answer:
    """The coin as the node shows it. Raises UserError (usage) if there is none."""
    for coin in client.get("/v1/coins")["coins"]:
        if coin["code"] == code:
            found: Answer = coin
            return found
    raise UserError(
        _("There is no coin {code!r} on this chain. See `wallet coin show`.").format(code=code),
        Exit.USAGE,
    )


@group.command(name="show", help=N_("Every coin, or one: issuer, regime, meter, reserve, phase."))
@click.argument("code", required=False)
@wallet_command
def show(settings: Settings, wallet: str | None, code: str | None) -> None:
    client = client_of(settings, profile_of(settings, wallet) if not settings.node else None)
    coins = [coin_shown(client, code)] if code else client.get("/v1/coins")["coins"]
    text = "\n".join(_coin_text(coin) for coin in coins) or _("No coin.")
    out(settings, {"coins": coins}, text)


def _coin_text(coin: Answer) -> str:
    from wallet_cli.sending import clock

    supply = sum(coin["supply_cents"].values())
    lines = [
        _("{code}  {name}, of {wijk}: {phase}").format(
            code=coin["code"],
            name=coin["name"],
            wijk=coin["wijk"],
            phase=_(PHASES[coin["phase"]]),
        ),
        _("  in being {amount} {currency}").format(
            amount=format_cents(supply), currency=coin["currency"]
        ),
    ]
    issuer = coin["issuer"]
    if issuer:
        lines.append(
            _("  issuer {name} ({regime}); paid in twelve months {volume}").format(
                name=issuer["name"],
                regime=_(REGIME_WORDS[issuer["regime"]]),
                volume=format_cents(issuer["volume_cents"]),
            )
        )
        if issuer["limit_cents"]:
            lines.append(
                _("  that is {percent} % of the limit for notification, {limit}").format(
                    percent=issuer["volume_cents"] * 100 // issuer["limit_cents"],
                    limit=format_cents(issuer["limit_cents"]),
                )
            )
    else:
        lines.append(_("  no issuer: nothing can be minted"))
    if coin["switch"]:
        lines.append(
            _("  from {when} on, issuer {issuer}").format(
                when=clock(coin["switch"]["at_ms"]), issuer=coin["switch"]["issuer"]
            )
        )
    plan = coin["wind_down"]
    if plan:
        lines.append(
            _("  redeem it from {start} until {end}; claims until {rest}").format(
                start=clock(plan["redeem_ms"]),
                end=clock(plan["claims_ms"]),
                rest=clock(plan["rest_ms"]),
            )
        )
        if plan["numerator"] != plan["denominator"]:
            lines.append(
                _("  {paid} euro is paid for every {coin} of coin, the same for everybody").format(
                    paid=format_cents(plan["numerator"]), coin=format_cents(plan["denominator"])
                )
            )
    return "\n".join(lines)


@group.command(name="add", help=N_("A new coin of a wijk; by its board."))
@click.argument("code")
@click.option("--name", required=True, metavar="NAME", help=N_("Its own name: Jordaner."))
@click.option("--wijk", required=True, metavar="CODE", help=N_("Whose coin it is."))
@click.option("--currency", default="EUR", show_default=True, help=N_("What it is pegged to."))
@click.option("--issuer", metavar="CODE", help=N_("Who stands for it; without, no minting."))
@DRY_RUN
@acting_command
def add(
    settings: Settings,
    wallet: str | None,
    code: str,
    name: str,
    wijk: str,
    currency: str,
    issuer: str | None,
    dry_run: bool,
) -> None:
    from governance_contracts.coins.coin import Add

    args = Add(code, name, currency, wijk, () if issuer is None else (issuer,))
    told = {"coin": code, "name": name, "wijk": wijk, "currency": currency, "issuer": issuer}
    text = _("{coin} ({name}) is a coin of {wijk}.").format(**told)
    make(converse(settings, wallet), "coin", "add", args, told, text, dry_run)


@group.command(name="issuer", help=N_("Enter or correct an issuer; by all boards."))
@click.argument("code")
@click.option("--name", required=True, metavar="NAME", help=N_("Its legal name."))
@click.option("--licence", required=True, metavar="TEXT", help=N_("Licence or notification."))
@click.option("--regime", required=True, type=click.Choice(sorted(REGIMES)))
@click.option("--custodian", metavar="TEXT", help=N_("The agreement; only its salted hash goes."))
@click.option("--white-paper", metavar="TEXT", help=N_("Its title; only its salted hash goes."))
@DRY_RUN
@acting_command
def issuer(
    settings: Settings,
    wallet: str | None,
    code: str,
    name: str,
    licence: str,
    regime: str,
    custodian: str | None,
    white_paper: str | None,
    dry_run: bool,
) -> None:
    from governance_contracts.coins.coin import Issuer, SetIssuer
    from wallet_cli.openings import commit

    session = converse(settings, wallet)
    salts: Answer = {}
    hashes: dict[str, tuple[bytes, ...]] = {"custodian": (), "white_paper": ()}
    for subject, words in (("custodian", custodian), ("white_paper", white_paper)):
        if words:
            made, salt = commit(home_of(settings), session.profile.name, subject, words)
            hashes[subject] = (made,)
            salts |= {subject: made.hex(), f"{subject}_salt": salt.hex()}
    made_issuer = Issuer(name, licence, REGIMES[regime], hashes["custodian"], hashes["white_paper"])
    told = {"issuer": code, "name": name, "regime": regime, **salts}
    text = _("Issuer {issuer}: {name}, {regime}.").format(
        issuer=code, name=name, regime=_(REGIME_WORDS[regime])
    )
    make(session, "coin", "set_issuer", SetIssuer(code, made_issuer), told, text, dry_run)


@group.command(name="network", help=N_("Where a limited network's coin is taken; by all boards."))
@click.argument("issuer")
@click.argument("regions", nargs=-1, metavar="[REGION]...")
@DRY_RUN
@acting_command
def network(
    settings: Settings, wallet: str | None, issuer: str, regions: tuple[str, ...], dry_run: bool
) -> None:
    from governance_contracts.coins.switching import SetNetwork

    args = SetNetwork(issuer, tuple(sorted(set(regions))))
    told = {"issuer": issuer, "regions": list(args.regions)}
    text = (
        _("Coin of {issuer} is taken in {regions}.").format(
            issuer=issuer, regions=", ".join(args.regions)
        )
        if regions
        else _("Coin of {issuer} is taken in the whole country.").format(issuer=issuer)
    )
    make(converse(settings, wallet), "issuer", "set_network", args, told, text, dry_run)


@group.command(name="stop", help=N_("Stop all minting of a coin; by its board."))
@click.argument("code")
@click.option("--resume", is_flag=True, help=N_("Mint again."))
@DRY_RUN
@acting_command
def stop(settings: Settings, wallet: str | None, code: str, resume: bool, dry_run: bool) -> None:
    from governance_contracts.coins.coin import StopMinting

    told = {"coin": code, "stopped": not resume}
    text = _("{coin} is minted again.") if resume else _("No more {coin} is minted.")
    session = converse(settings, wallet)
    args = StopMinting(code, not resume)
    make(session, "coin", "stop_minting", args, told, text.format(coin=code), dry_run)


@group.command(name="switch", help=N_("Another issuer for a coin: shows first what it changes."))
@click.argument("code")
@click.argument("issuer", required=False)
@click.option("--call-off", is_flag=True, help=N_("Call off a switch that is decided."))
@DRY_RUN
@acting_command
def switch(
    settings: Settings,
    wallet: str | None,
    code: str,
    issuer: str | None,
    call_off: bool,
    dry_run: bool,
) -> None:
    """The difference is told before anything is signed; with --dry-run, that is all."""
    from governance_contracts.coins.switching import CallOffSwitch, Switch

    if bool(issuer) == call_off:
        raise UserError(
            _("Name the issuer to be (wallet coin switch CODE ISSUER), or give --call-off."),
            Exit.USAGE,
        )
    told: Answer = {"coin": code, "issuer": issuer}
    if issuer is None:
        text = _("{coin} keeps its issuer.").format(coin=code)
        session = converse(settings, wallet)
        make(session, "issuer", "call_off", CallOffSwitch(code), told, text, dry_run)
        return
    client = client_of(settings, profile_of(settings, wallet))
    effects = client.get(f"/v1/coins/{code}/switch?issuer={issuer}")
    difference = difference_text(effects)
    told["effects"] = effects
    if dry_run:
        out(settings, {"status": "ok", "dry_run": True, **told}, difference)
        return
    note(difference)
    console.confirm(settings, _("Propose this?"))
    session = converse(settings, wallet)
    text = _("After {days} days {issuer} stands for {coin}.").format(
        days=effects["notice_days"], issuer=issuer, coin=code
    )
    make(session, "issuer", "switch", Switch(code, issuer), told, text, False)


def difference_text(effects: Answer) -> str:
    """What a switch changes, in sentences; a count of one to nine is said to be that."""

    def count(value: int | None) -> str:
        return _("fewer than 10") if value is None else str(value)

    lines = [
        _("{coin}: from {now} ({regime_now}) to {then} ({regime_then}), after {days} days:").format(
            coin=effects["coin"],
            now=effects["issuer_now"] or _("no issuer"),
            regime_now=_(REGIME_WORDS[effects["regime_now"]]),
            then=effects["issuer_then"],
            regime_then=_(REGIME_WORDS[effects["regime_then"]]),
            days=effects["notice_days"],
        )
    ]
    for key, words in (
        ("holders", N_("hold it now")),
        ("people_no_longer_paid", N_("people are no longer paid in it until they accept it")),
        ("organisations_no_longer_paid", N_("shops and others are no longer paid in it")),
        ("payees_gained", N_("accounts can be paid in it that could not")),
        ("gain_redemption", N_("people can redeem that could not")),
        ("lose_redemption", N_("people can no longer redeem")),
    ):
        lines.append(f"  {count(effects[key])} " + _(words))
    for lot in effects["lots_that_stop"]:
        amount = lot["amount_cents"]
        lines.append(
            _("  lot {lot} can no longer be spent: {holders} hold it, {amount} in all").format(
                lot=lot["lot"],
                holders=count(lot["holders"]),
                amount=_("a sum not told") if amount is None else format_cents(amount),
            )
        )
    if effects["exchange_stops"]:
        lines.append(_("  it can no longer be exchanged"))
    if effects["refusal"]:
        lines.append(_("The chain would refuse it now: {why}.").format(why=effects["refusal"]))
    return "\n".join(lines)


@group.command(name="settle", help=N_("Settle what your treasury took in; by its board."))
@click.argument("coin")
@click.argument("into", metavar="OWN")
@DRY_RUN
@acting_command
def settle(settings: Settings, wallet: str | None, coin: str, into: str, dry_run: bool) -> None:
    from governance_contracts.coins.exchange import Settle

    told = {"coin": coin, "into": into}
    text = _("What {into}'s treasury took in of {coin} is settled.").format(**told)
    make(converse(settings, wallet), "exchange", "settle", Settle(coin, into), told, text, dry_run)


@click.command(
    name="exchange", cls=console.Command, help=N_("Exchange coin through a wijk's treasury.")
)
@click.argument("amount", type=console.AMOUNT)
@click.option("--from", "give", required=True, metavar="COIN", help=N_("The coin you give."))
@click.option("--to", "take", required=True, metavar="COIN", help=N_("The coin you get."))
@DRY_RUN
@acting_command
def exchange(
    settings: Settings, wallet: str | None, amount: int, give: str, take: str, dry_run: bool
) -> None:
    from chain.money import Cents
    from governance_contracts.coins.exchange import Exchange

    session = converse(settings, wallet)
    args = Exchange(session.acts_for, give, take, Cents(amount))
    told = {
        "amount_cents": amount, "amount": format_cents(amount), "from": give, "to": take,
    }  # fmt: skip
    text = _("{amount} {give} became {amount} {take}.").format(
        amount=told["amount"], give=give, take=take
    )
    make(session, "exchange", "exchange", args, told, text, dry_run)


COMMANDS = (exchange,)
