"""Paying and asking to be paid: pay, request, pay-request."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer, ApiError, Client
from wallet_cli.desk import (
    Session,
    account_of,
    coin_of,
    converse,
    home_of,
    now_ms,
    profile_of,
    unlock,
    wallet_command,
)
from wallet_cli.paying import WAYS, arrange, basket_of, paid_text, way_of, ways_options

if TYPE_CHECKING:
    from chain.transaction import Call

REQUEST_DAYS = 30


def pay_options(command: Any) -> Any:
    """How a payment is made; shared by `pay` and `tx build pay`."""
    for option in reversed(
        (
            click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one.")),
            click.option(
                "--lot",
                "lots",
                type=click.IntRange(1),
                multiple=True,
                help=N_("Draw on this lot; may be given again. Default: the chain chooses."),
            ),
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
            click.option(
                "--line",
                "lines",
                multiple=True,
                metavar="CATEGORY=AMOUNT",
                help=N_("A line of a basket; up to eight, which add up to the amount."),
            ),
            *WAYS,
        )
    ):
        command = option(command)
    return command


def payee_of(client: Client, address: str) -> Answer:
    """What the node says publicly of a payee; nothing of one it does not know."""
    try:
        return client.get(f"/v1/payees/{address}")
    except ApiError as error:
        if error.status != 404:
            raise
        return {}


def choose_place(payee: Answer, place: int | None) -> int | None:
    """The place that is meant: the one named, or the only one of a shop.

    Raises UserError (usage) if there are several.
    """
    places = payee.get("places") or []
    if place is not None or not places:
        return place
    if len(places) == 1:
        return int(places[0]["number"])
    listed = ", ".join(f"{p['number']} ({p['wijk']})" for p in places)
    raise UserError(
        _("This payee has several places: {places}. Say where you pay with --place.").format(
            places=listed
        ),
        Exit.USAGE,
    )


def payment_call(
    session: Session,
    account: Answer,
    address: str,
    amount: int,
    *,
    coin: str | None,
    lots: tuple[int, ...],
    place: int | None,
    purpose: str | None,
    category: str,
    ref: str | None,
    lines: tuple[str, ...],
    **ways: Any,
) -> tuple[Call, Answer]:
    """The call of a payment, and what to tell about it."""
    from msgspec.structs import replace

    from governance_contracts.payments.payments import plain
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of

    basket, way = basket_of(lines, amount), way_of(**ways)
    profile = session.profile
    payee = account_of(profile, address)
    found = payee_of(session.client, address)
    place = choose_place(found, place)
    code = coin_of(account, coin)
    home = home_of(session.settings)
    reference, salt = reference_of(home, profile.name, ref)
    args = plain(
        session.acts_for,
        payee,
        code,
        amount,
        purpose or ("SALE" if found.get("places") else "GIFT"),
        place=place,
        category=category,
        lots=tuple(sorted(set(lots))),
        reference=reference,
    )
    if basket:
        args = replace(args, lines=basket)
    args, arranged = arrange(session, account, args, address, found, way)
    told: Answer = {
        "payee": address,
        "amount_cents": amount,
        "amount": format_cents(amount),
        "coin": code,
        "place": place,
        "purpose": args.purpose,
    }
    told |= arranged
    if reference is not None:
        told |= {"reference": reference.hex(), "reference_salt": salt}
    return checked_call(builder.call("pay", "pay", args), args), told


def checked_call(call: Call, args: Any) -> Call:
    """Raises UserError (usage) when a value lies outside the bounds of its field."""
    from chain.codec import decode

    try:
        decode(type(args), call.args, len(call.args))
    except Malformed as error:
        raise UserError(
            _("This cannot be asked of the chain: {reason}.").format(reason=error), Exit.USAGE
        ) from None
    return call


def carry(
    session: Session,
    account: Answer,
    calls: tuple[Call, ...],
    told: Answer,
    text: str,
    dry: bool,
    then: Callable[[bytes], tuple[Answer, str]] | None = None,
) -> None:
    """Sign, send and wait, or only try; then say what happened. `then` does what follows once the
    transaction of this id is final, and says it too.

    As the options of the command say, the calls are made by the account itself, put before a
    board, or made under a mandate (acting.py).
    """
    from wallet_cli import sending
    from wallet_cli.acting import acting, told_of_proposal, wrapped

    how = acting()
    if not how.sheet and not how.along:
        sending.require_one_signature(account)
    sheet = sending.make_sheet(session, account, wrapped(calls), trying=dry, travels=how.sheet)
    for name in how.along:
        sheet = sending.sign_along(session.settings, sheet, name)
    if how.sheet:
        from wallet_cli.commands.tx import write_sheet

        write_sheet(sheet)
        return
    if dry:
        answer = sending.dry_run(session.client, sheet)
        data = {"status": "ok", "dry_run": True, **told, "events": answer.get("events", [])}
        out(session.settings, data, _("It would succeed; nothing was sent."))
        return
    final = sending.send(session.client, sheet)
    if acting().board:
        fields, text = told_of_proposal(session, final.id.hex())
        told = told | fields
    footer = _("final in block {height}, transaction {id}").format(
        height=final.height, id=final.id.hex()
    )
    if then is not None:
        fields, more = then(final.id)
        told, text = told | fields, f"{text}\n{more}"
    out(session.settings, {**final.as_json(), **told}, f"{text}\n({footer})")


DRY_RUN = click.option("--dry-run", is_flag=True, help=N_("Only say whether it would succeed."))


@click.command(name="pay", cls=console.Command, help=N_("Pay; returns when it is final."))
@click.argument("address")
@click.argument("amount", type=console.AMOUNT)
@pay_options
@DRY_RUN
@acting_command
def pay(
    settings: Settings,
    wallet: str | None,
    address: str,
    amount: int,
    dry_run: bool,
    **options: Any,
) -> None:
    account_of(profile_of(settings, wallet), address)  # before anything is asked or sent
    session = converse(settings, wallet)
    account = session.account()
    call, told = payment_call(session, account, address, amount, **options)
    carry(session, account, (call,), told, paid_text(told), dry_run)


@click.command(name="request", cls=console.Command, help=N_("Ask for a payment: text and QR."))
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: any you accept."))
@click.option("--place", type=click.IntRange(0, 65_535), help=N_("At which of your places."))
@click.option("--home-wijk", metavar="CODE", help=N_("Your home wijk, for bound coin."))
@click.option("--ref", metavar="TEXT", help=N_("A remark; only its salted hash goes along."))
@click.option("--days", type=click.IntRange(1, 365), default=REQUEST_DAYS, show_default=True)
@click.option("--no-qr", is_flag=True, help=N_("Text only."))
@wallet_command
def request(
    settings: Settings,
    wallet: str | None,
    amount: int,
    coin: str | None,
    place: int | None,
    home_wijk: str | None,
    ref: str | None,
    days: int,
    no_qr: bool,
) -> None:
    """Needs no node: a shop's device may be offline."""
    from chain.money import Cents
    from chain.rules import DAY_MS
    from governance_contracts.payments.payments import Request, request_id
    from wallet_cli.core.requests import sign_request, write_request
    from wallet_cli.openings import reference_of

    profile = profile_of(settings, wallet)
    shown = profile.address
    opened = unlock(settings, profile)
    reference, salt = reference_of(home_of(settings), profile.name, ref)
    asked = Request(
        payee=profile.account,
        coin=() if coin is None else (coin,),
        amount=Cents(amount),
        place=() if place is None else (place,),
        home=() if home_wijk is None else (home_wijk,),
        name=(),
        reference=() if reference is None else (reference,),
        expires_ms=now_ms() + days * DAY_MS,
        nonce=os.urandom(16),
    )
    try:
        signed = sign_request(profile.chain, profile.epoch, asked, profile.key_number, opened.seed)
    except Malformed as error:
        raise UserError(
            _("This cannot be asked: {reason}.").format(reason=error), Exit.USAGE
        ) from None
    text = write_request(profile.prefix, signed)
    data: Answer = {
        "request": text,
        "request_id": request_id(asked).hex(),
        "payee": shown,
        "amount_cents": amount,
        "amount": format_cents(amount),
        "coin": coin,
        "place": place,
        "expires_ms": asked.expires_ms,
    }
    if salt is not None:
        data["reference_salt"] = salt
    shown_text = text
    if not no_qr and not settings.json and sys.stdout.isatty():
        from wallet_cli.qr import draw

        shown_text = f"{draw(text)}\n{text}"
    out(settings, data, shown_text)


@click.command(name="pay-request", cls=console.Command, help=N_("Pay what a request asks."))
@click.argument("text")
@click.option("--coin", metavar="CODE", help=N_("Which coin, if the request leaves it open."))
@click.option("--lot", "lots", type=click.IntRange(1), multiple=True, help=N_("Draw on this lot."))
@click.option("--purpose", metavar="CODE", help=N_("What for."))
@click.option("--category", metavar="CODE", default="other", show_default=True)
@ways_options
@DRY_RUN
@acting_command
def pay_request(
    settings: Settings,
    wallet: str | None,
    text: str,
    coin: str | None,
    lots: tuple[int, ...],
    purpose: str | None,
    category: str,
    dry_run: bool,
    **ways: Any,
) -> None:
    from governance_contracts.payments.payments import plain
    from wallet_cli.core import builder
    from wallet_cli.core.requests import read_request

    way = way_of(**ways)
    profile = profile_of(settings, wallet)
    _address = profile.address
    try:
        signed = read_request(profile.prefix, sys.stdin.read() if text == "-" else text)
    except Malformed as error:
        raise UserError(
            _("This is not a payment request: {reason}.").format(reason=error), Exit.USAGE
        ) from None
    asked = signed.request
    if asked.expires_ms < now_ms():
        raise UserError(_("The request has expired; ask for a new one."), Exit.USAGE)
    from chain.address import encode_address

    address = encode_address(profile.prefix, asked.payee)
    if coin and asked.coin and coin != asked.coin[0]:
        raise UserError(_("The request asks for {coin}.").format(coin=asked.coin[0]), Exit.USAGE)
    if console.on_terminal():
        console.confirm(
            settings,
            _("Pay {amount} to {payee}?").format(amount=format_cents(asked.amount), payee=address),
        )
    session = converse(settings, wallet)
    account = session.account()
    code = coin_of(account, asked.coin[0] if asked.coin else coin)
    found = payee_of(session.client, address)
    to_shop = bool(asked.place or found.get("places"))
    args = plain(
        session.acts_for,
        asked.payee,
        code,
        asked.amount,
        purpose or ("SALE" if to_shop else "GIFT"),
        place=asked.place[0] if asked.place else None,
        category=category,
        lots=tuple(sorted(set(lots))),
        request=signed,
        reference=asked.reference[0] if asked.reference else None,
    )
    args, arranged = arrange(session, account, args, address, found, way)
    told = {
        "payee": address,
        "amount_cents": int(asked.amount),
        "amount": format_cents(asked.amount),
        "coin": code,
        "place": asked.place[0] if asked.place else None,
        "purpose": args.purpose,
    }
    told |= arranged
    call = checked_call(builder.call("pay", "pay", args), args)
    carry(session, account, (call,), told, paid_text(told), dry_run)


COMMANDS = (pay, request, pay_request)
