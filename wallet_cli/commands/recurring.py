"""Recurring payments: what others may collect from you, and what is paid on its day."""

from __future__ import annotations

from typing import Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call, choose_place, payee_of
from wallet_cli.desk import account_of, coin_of, converse, home_of, wallet_command

EVERY = {"week": (1, 7), "month": (2, 1), "quarter": (2, 3), "year": (2, 12)}
"""Unit (periods.Unit) and how many of it."""
WORDS = {"week": N_("week"), "month": N_("month"), "quarter": N_("quarter"), "year": N_("year")}
COLLECT, ORDER = 1, 2
STATES = {1: N_("running"), 2: N_("paused"), 3: N_("ended")}


@console.group(name="recurring", help=N_("Payments that come again: collected, or on their day."))
def group() -> None:
    pass


def agreement_options(command: Any) -> Any:
    for option in reversed(
        (
            click.option(
                "--every",
                default="month",
                show_default=True,
                metavar="PERIOD",
                help=N_("week, month, quarter, year, or a number of days."),
            ),
            click.option(
                "--from", "first", metavar="YYYY-MM-DD", help=N_("First day; default: today.")
            ),
            click.option("--until", metavar="YYYY-MM-DD", help=N_("Last day.")),
            click.option("--times", type=click.IntRange(1, 1_200), help=N_("So many periods.")),
            click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one.")),
            click.option(
                "--place",
                type=click.IntRange(0, 65_535),
                help=N_("At which of the payee's places; default: the only one."),
            ),
            click.option(
                "--purpose",
                metavar="CODE",
                help=N_("What for; default: SALE to a shop, else GIFT."),
            ),
            click.option("--category", metavar="CODE", default="other", show_default=True),
            click.option(
                "--ref",
                metavar="TEXT",
                help=N_("A remark; only its salted hash goes on the chain."),
            ),
            DRY_RUN,
        )
    ):
        command = option(command)
    return command


def period_of(every: str) -> tuple[int, int]:
    """Raises UserError (usage)."""
    if every in EVERY:
        return EVERY[every]
    if every.isascii() and every.isdigit() and 1 <= int(every) <= 366:
        return 1, int(every)
    raise UserError(
        _("{every!r} is not a period: week, month, quarter, year, or 1 to 366 days.").format(
            every=every
        ),
        Exit.USAGE,
    )


def agree(
    settings: Settings,
    wallet: str | None,
    kind: int,
    address: str,
    amount: int,
    *,
    every: str,
    first: str | None,
    until: str | None,
    times: int | None,
    coin: str | None,
    place: int | None,
    purpose: str | None,
    category: str,
    ref: str | None,
    dry_run: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.payments.standing import Grant
    from governance_contracts.payments.standings import Agreed
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of
    from wallet_cli.runs import end_of, start_of

    unit, count = period_of(every)
    start_ms = None if first is None else start_of(first)
    end_ms = () if until is None else (end_of(until) + 1,)
    session = converse(settings, wallet)
    account = session.account()
    payee = account_of(session.profile, address)
    found = payee_of(session.client, address)
    place = choose_place(found, place)
    reference, _salt = reference_of(home_of(settings), session.profile.name, ref)
    args = Grant(
        Agreed(
            payer=session.acts_for,
            payee=payee,
            coin=coin_of(account, coin),
            kind=kind,
            ceiling=Cents(amount),
            unit=unit,
            every=count,
            start_ms=session.status.time_ms if start_ms is None else start_ms,
            periods=() if times is None else (times,),
            end_ms=end_ms,
            purpose=purpose or ("SALE" if found.get("places") else "GIFT"),
            category=category,
            place=() if place is None else (place,),
            reference=() if reference is None else (reference,),
        )
    )
    told: Answer = {
        "payee": address,
        "amount_cents": amount,
        "amount": format_cents(amount),
        "coin": args.agreed.coin,
        "every": every,
    }
    period = _days_or_months(unit, count)
    if kind == ORDER:
        text = _("{amount} {coin} goes to {payee} every {period}.").format(**told, period=period)
    else:
        text = _("{payee} may collect up to {amount} {coin} every {period}.").format(
            **told, period=period
        )
    stop = _("`socialcoin wallet recurring list` shows it; `recurring end` stops it at once.")
    call = checked_call(builder.call("standing", "grant", args), args)
    carry(session, account, (call,), told, f"{text} {stop}", dry_run)


@group.command(name="allow", help=N_("Let a payee collect, up to a ceiling per period."))
@click.argument("address")
@click.argument("ceiling", type=console.AMOUNT)
@agreement_options
@acting_command
def allow(settings: Settings, wallet: str | None, address: str, ceiling: int, **more: Any) -> None:
    agree(settings, wallet, COLLECT, address, ceiling, **more)


@group.command(name="order", help=N_("Pay the same amount at the beginning of each period."))
@click.argument("address")
@click.argument("amount", type=console.AMOUNT)
@agreement_options
@acting_command
def order(settings: Settings, wallet: str | None, address: str, amount: int, **more: Any) -> None:
    agree(settings, wallet, ORDER, address, amount, **more)


@group.command(name="collect", help=N_("Collect what a payer allowed you."))
@click.argument("number", type=click.IntRange(1))
@click.argument("amount", type=console.AMOUNT)
@click.option("--ref", metavar="TEXT", help=N_("A remark; only its salted hash goes on the chain."))
@DRY_RUN
@acting_command
def collect(
    settings: Settings,
    wallet: str | None,
    number: int,
    amount: int,
    ref: str | None,
    dry_run: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.payments.standing import Collect
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of

    session = converse(settings, wallet)
    reference, _salt = reference_of(home_of(settings), session.profile.name, ref)
    args = Collect(number, Cents(amount), () if reference is None else (reference,))
    call = checked_call(builder.call("standing", "collect", args), args)
    told = {"standing": number, "amount_cents": amount, "amount": format_cents(amount)}
    text = _("{amount} is collected.").format(**told)
    carry(session, session.account(), (call,), told, text, dry_run)


def _turn(settings: Settings, wallet: str | None, method: str, number: int, dry: bool) -> None:
    from governance_contracts.payments.standing import End, Pause, Resume
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args: Any
    match method:
        case "pause":
            args, text = Pause(number), _("Number {number} is paused: nothing is paid for now.")
        case "resume":
            args, text = Resume(number), _("Number {number} goes on.")
        case _:
            args, text = End(number, session.acts_for), _("Number {number} has ended.")
    call = checked_call(builder.call("standing", method, args), args)
    told = {"standing": number}
    carry(session, session.account(), (call,), told, text.format(number=number), dry)


@group.command(name="pause", help=N_("Stop one for a while."))
@click.argument("number", type=click.IntRange(1))
@DRY_RUN
@acting_command
def pause(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    _turn(settings, wallet, "pause", number, dry_run)


@group.command(name="resume", help=N_("Let a paused one go on."))
@click.argument("number", type=click.IntRange(1))
@DRY_RUN
@acting_command
def resume(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    _turn(settings, wallet, "resume", number, dry_run)


@group.command(name="end", help=N_("End one at once, as payer or as payee."))
@click.argument("number", type=click.IntRange(1))
@DRY_RUN
@acting_command
def end(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    _turn(settings, wallet, "end", number, dry_run)


@group.command(name="list", help=N_("The running ones of this account."))
@wallet_command
def listed(settings: Settings, wallet: str | None) -> None:
    session = converse(settings, wallet)
    found = session.client.get(f"/v1/accounts/{session.profile.address}/recurring")
    lines = [
        _("{number}  {payer} -> {payee}  {kind} {amount} {coin} every {period}: {state}").format(
            number=one["number"],
            payer=one["payer"],
            payee=one["payee"],
            kind=_("order of") if one["kind"] == ORDER else _("up to"),
            amount=format_cents(one["ceiling_cents"]),
            coin=one["coin"],
            period=_days_or_months(one["unit"], one["every"]),
            state=_(STATES[one["state"]]),
        )
        for one in found.get("recurring", [])
    ]
    out(settings, found, "\n".join(lines) or _("Nothing recurs."))


def _days_or_months(unit: int, every: int) -> str:
    word = next((word for word, span in EVERY.items() if span == (unit, every)), "")
    if word:
        return _(WORDS[word])
    if unit == 1:
        return _("{count} days").format(count=every)
    return _("{count} months").format(count=every)
