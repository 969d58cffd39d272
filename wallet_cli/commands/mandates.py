"""Mandates: letting somebody act for you, acting for somebody, cards for who has no phone.

Acting under a mandate is an option of every command: `wallet pay ... --mandate 7`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out, parse_amount
from wallet_cli.acting import acting, acting_command
from wallet_cli.client import Answer, ApiError
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call, choose_place, payee_of
from wallet_cli.commands.registry import read_json
from wallet_cli.desk import (
    Session,
    account_of,
    client_of,
    converse,
    home_of,
    now_ms,
    profile_of,
    status_for,
    unlock,
    wallet_command,
)

if TYPE_CHECKING:
    from governance_contracts.mandates.mandates import Ceiling

KINDS = (
    "guardian", "parent", "household", "employee", "curator", "representative", "card", "office",
)  # fmt: skip
PERIODS = {"day": 1, "week": 7, "month": 30, "year": 365}
DAYS_MAX = 20 * 365


@console.group(name="mandate", help=N_("Let somebody act for you, or act for somebody."))
def group() -> None:
    pass


@group.command(
    name="grant", help=N_("Give a mandate; the office gives those of courts and parents.")
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("holder", required=False)
@click.option("--for", "granter", metavar="ADDRESS", help=N_("Whose mandate; default: your own."))
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="COIN=ONCE[/PERIOD]",
    help=N_("The most that may leave, at once and in a period, such as LIN=20,00/50,00."),
)
@click.option("--per", type=click.Choice(tuple(PERIODS)), default="day", show_default=True)
@click.option(
    "--allow",
    "methods",
    multiple=True,
    metavar="CALL",
    help=N_("Only this call, such as pay.refund; default: all that the kind covers."),
)
@click.option("--days", type=click.IntRange(1, DAYS_MAX), default=365, show_default=True)
@click.option(
    "--ref",
    metavar="TEXT",
    help=N_("The court's decision or the signed form; only its salted hash goes on the chain."),
)
@click.option("--card", metavar="FILE|-", help=N_("What `mandate card` printed of the card."))
@DRY_RUN
@acting_command
def grant(
    settings: Settings,
    wallet: str | None,
    kind: str,
    holder: str | None,
    granter: str | None,
    limits: tuple[str, ...],
    per: str,
    methods: tuple[str, ...],
    days: int,
    ref: str | None,
    card: str | None,
    dry_run: bool,
) -> None:
    from chain.rules import DAY_MS
    from governance_contracts.mandates.granting import Grant
    from governance_contracts.mandates.mandates import LASTING, RULES, Kind
    from wallet_cli.core import builder
    from wallet_cli.openings import reference_of

    what = Kind[kind.upper()]
    ceilings = tuple(sorted((read_limit(text) for text in limits), key=lambda one: one.coin))
    keys = () if card is None else (card_key(card),)
    if (holder is None) != (kind in ("card", "office")):
        raise UserError(
            _("A mandate of kind {kind} names whoever acts; a card and the office name nobody.")
            .format(kind=kind),
            Exit.USAGE,
        )  # fmt: skip
    session = converse(settings, wallet)
    reference, salt = reference_of(home_of(settings), session.profile.name, ref)
    args = Grant(
        account_of(session.profile, granter) if granter else session.acts_for,
        what,
        () if holder is None else (account_of(session.profile, holder),),
        keys,
        tuple(sorted(set(methods) or RULES[what].covers - (LASTING if ceilings else set()))),
        ceilings,
        PERIODS[per],
        session.status.time_ms + days * DAY_MS,
        () if reference is None else (reference,),
    )
    told: Answer = {"kind": kind, "granter": granter, "holder": holder, "until_ms": args.until_ms}
    if salt is not None:
        told |= {"reference": args.reference[0].hex(), "reference_salt": salt}
    call = checked_call(builder.call("mandate", "grant", args), args)
    text = _("The mandate is given.")
    if acting().board:
        carry(session, session.account(), (call,), told, text, dry_run)
        return

    def then(_id: bytes) -> tuple[Answer, str]:
        number = _newest(session, granter)
        if number is None:
            return {}, _("`wallet mandate list` shows its number to both of them.")
        said = _("It has number {number}; `wallet mandate show {number}` says what it covers.")
        return {"mandate": number}, said.format(number=number)

    carry(session, session.account(), (call,), told, text, dry_run, then)


def _newest(session: Session, granter: str | None) -> int | None:
    """The number of the newest mandate that this account gave, or that of whom the office entered
    it for; None if this wallet may not know."""
    own = f"/v1/accounts/{session.profile.address}"
    try:
        if granter is None:
            given = session.client.get(f"{own}/mandates")["given"]
        else:
            given = session.client.get(f"{own}/entries/{granter}")["mandates"]
    except ApiError:
        return None
    return max((int(one["number"]) for one in given), default=None)


def read_limit(text: str) -> Ceiling:
    """`LIN=20,00` or `LIN=20,00/50,00`. Raises UserError (usage)."""
    from governance_contracts.mandates.mandates import Ceiling

    coin, _equals, amounts = text.partition("=")
    once, _slash, in_period = amounts.partition("/")
    try:
        least = parse_amount(once)
        return Ceiling(coin, least, parse_amount(in_period) if in_period else least)
    except ValueError as error:
        raise UserError(
            _("{text!r} is not COIN=ONCE/PERIOD, such as LIN=20,00/50,00: {reason}").format(
                text=text, reason=error
            ),
            Exit.USAGE,
        ) from None


def card_key(file: str) -> Any:
    from governance_contracts.mandates.granting import CardKey

    data = read_json(file, _("what `wallet mandate card` prints"))
    try:
        return CardKey(bytes.fromhex(data["key"]), bytes.fromhex(data["proof"]))
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is not a card as `wallet mandate card` prints it.").format(file=file),
            Exit.USAGE,
        ) from None


@group.command(name="revoke", help=N_("End a mandate."))
@click.argument("number", type=click.IntRange(1))
@DRY_RUN
@acting_command
def revoke(settings: Settings, wallet: str | None, number: int, dry_run: bool) -> None:
    from governance_contracts.mandates.mandate import Revoke
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Revoke(number)
    call = checked_call(builder.call("mandate", "revoke", args), args)
    text = _("Mandate {number} has ended.").format(number=number)
    carry(session, session.account(), (call,), {"mandate": number}, text, dry_run)


@group.command(name="list", help=N_("Mandates that you gave, and that you hold."))
@wallet_command
def listed(settings: Settings, wallet: str | None) -> None:
    session = converse(settings, wallet)
    found = session.client.get(f"/v1/accounts/{session.profile.address}/mandates")
    lines = []
    for part, heading in (("given", _("You gave:")), ("mandates", _("You act for:"))):
        if found[part]:
            lines += [heading, *(line_of(one) for one in found[part])]
    out(settings, found, "\n".join(lines) or _("There are no mandates of yours."))


@group.command(name="show", help=N_("What a mandate covers, and what it still allows."))
@click.argument("number", type=click.IntRange(1))
@wallet_command
def show(settings: Settings, wallet: str | None, number: int) -> None:
    session = converse(settings, wallet)
    found = mandate_of(session, number)
    lines = [
        line_of(found),
        _("  status: {status}").format(status=found["status"]),
        _("  covers: {calls}").format(calls=", ".join(found["methods"])),
    ]
    for one in found["ceilings"]:
        lines.append(
            _("  {coin}: {once} at once, {left} of {whole} left in this period").format(
                coin=one["coin"],
                once=format_cents(one["once_cents"]),
                left=format_cents(one["left_cents"]),
                whole=format_cents(one["in_period_cents"]),
            )
        )
    for one in found["coins"] or ():
        lines.append(
            _("  holds {amount} {coin}").format(
                amount=format_cents(
                    one["free_cents"] + sum(lot["amount_cents"] for lot in one["lots"])
                ),
                coin=one["coin"],
            )
        )
    out(settings, found, "\n".join(lines))


def mandate_of(session: Session, number: int) -> Answer:
    """Raises UserError (usage): a mandate in which this wallet has no part."""
    try:
        return session.client.get(f"/v1/accounts/{session.profile.address}/mandates/{number}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise UserError(
            _("You have no mandate {number}; `wallet mandate list` shows yours.").format(
                number=number
            ),
            Exit.USAGE,
        ) from None


def line_of(one: Answer) -> str:
    from wallet_cli.sending import clock

    who = one["holder"] or (_("the card") if one["card"] else _("the office"))
    return _("  {number}: {kind}, {holder} for {granter}, until {when}").format(
        number=one["number"],
        kind=one["kind"],
        holder=who,
        granter=one["granter"],
        when=clock(one["until_ms"]),
    )


# Cards: a wallet whose key is written on a card and has no account of its own.


@group.command(name="card", help=N_("Make this wallet's key a card for somebody's account."))
@click.argument("address")
@wallet_command
def card(settings: Settings, wallet: str | None, address: str) -> None:
    """Prints what `mandate grant card --card` needs. Needs no node."""
    import json

    from governance_contracts.mandates.granting import card_holder
    from governance_contracts.people.keys import prove_possession

    profile = profile_of(settings, wallet)
    account = account_of(profile, address)
    opened = unlock(settings, profile)
    proof = prove_possession(opened.seed, profile.chain, profile.epoch, card_holder(account))
    data = {"for": address, "key": profile.key.hex(), "proof": proof.hex()}
    out(settings, data, json.dumps(data, indent=2))


@group.command(name="card-pay", help=N_("At a terminal: pay with a card."))
@click.argument("number", type=click.IntRange(1))
@click.argument("payer", metavar="ADDRESS-OF-THE-CARD")
@click.argument("payee", metavar="ADDRESS")
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", metavar="CODE", required=True, help=N_("Which coin."))
@click.option("--place", type=click.IntRange(0, 65_535), help=N_("At which of the payee's places."))
@click.option("--category", metavar="CODE", default="other", show_default=True)
@DRY_RUN
@wallet_command
def card_pay(
    settings: Settings,
    wallet: str | None,
    number: int,
    payer: str,
    payee: str,
    amount: int,
    coin: str,
    place: int | None,
    category: str,
    dry_run: bool,
) -> None:
    """`--wallet` is the card; its passphrase is asked as the card's PIN."""
    from governance_contracts.payments.payments import plain
    from wallet_cli import sending
    from wallet_cli.core import builder
    from wallet_cli.core.mandates import card_sheet, wrap

    profile = profile_of(settings, wallet)
    whose, to = account_of(profile, payer), account_of(profile, payee)
    client = client_of(settings, profile)
    status = status_for(client, profile)
    found = payee_of(client, payee)
    args = plain(
        whose, to, coin, amount, "SALE" if found.get("places") else "GIFT",
        place=choose_place(found, place), category=category,
    )  # fmt: skip
    call = checked_call(builder.call("pay", "pay", args), args)
    opened = unlock(settings, profile)
    seconds = now_ms() // 1000
    replay = seconds if dry_run else sending.take_number(home_of(settings), profile, seconds)
    sheet = card_sheet(
        status.chain, status.epoch, opened.seed, replay, sending.until_ms(status),
        wrap(number, (call,)),
    )  # fmt: skip
    told: Answer = {
        "mandate": number, "payee": payee, "amount_cents": amount,
        "amount": format_cents(amount), "coin": coin,
    }  # fmt: skip
    if dry_run:
        sending.dry_run(client, sheet)
        data = {"status": "ok", "dry_run": True, **told}
        out(settings, data, _("It would succeed; nothing was sent."))
        return
    final = sending.send(client, sheet)
    text = _("Paid {amount} {coin} to {payee}.").format(**told)
    out(settings, {**final.as_json(), **told}, text)


COMMANDS = (group,)
