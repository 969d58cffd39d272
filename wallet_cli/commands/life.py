"""Life events at the desk: a move, a shop that leaves, a bankruptcy, a frozen account.

A bankruptcy takes two signatures of the office: `--with-wallet` takes the second one from a wallet
on this device, `--as-board` proposes the act to the board instead. Papers stay in the office's
cabinet; a salted hash of what --ref says goes on the chain. Deaths are in `commands_estate.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from genesis.iban import checked_iban
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer, ApiError
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import Session, account_of, converse, home_of, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record


@console.group(name="life", help=N_("The desk: a death, a move, a shop leaving, a bankruptcy."))
def group() -> None:
    pass


REF = click.option(
    "--ref", required=True, metavar="TEXT",
    help=N_("Which paper shows it; only its salted hash goes on the chain."),
)  # fmt: skip


def make(session: Session, method: str, args: Record, told: Answer, text: str, dry: bool) -> None:
    from wallet_cli.core import builder

    call = checked_call(builder.call("life", method, args), args)
    carry(session, session.account(), (call,), told, text, dry)


def committed(session: Session, subject: str, text: str) -> tuple[bytes, Answer]:
    """A commitment to a paper or a bank account, and what the cabinet keeps of it."""
    from wallet_cli.openings import commit

    made, salt = commit(home_of(session.settings), session.profile.name, subject, text)
    return made, {subject: made.hex(), f"{subject}_salt": salt.hex()}


# Moving.


@group.command(name="move", help=N_("Enter a move; it counts from the first of a month."))
@click.argument("address")
@click.argument("to", metavar="WIJK")
@click.option("--from", "month", metavar="YYYY-MM", help=N_("From which month; default: the next."))
@DRY_RUN
@acting_command
def move(
    settings: Settings,
    wallet: str | None,
    address: str,
    to: str,
    month: str | None,
    dry_run: bool,
) -> None:
    from governance_contracts.life.moving import Move, months_after

    chosen = None if month is None else read_month(month)
    session = converse(settings, wallet)
    months = months_after(session.status.time_ms)
    from_ms = months[0] if chosen is None else chosen
    if from_ms not in months:
        raise UserError(
            _("A move counts from one of the next 12 months, {first} to {last}.").format(
                first=month_text(months[0]), last=month_text(months[-1])
            ),
            Exit.USAGE,
        )
    args = Move(account_of(session.profile, address), to, from_ms)
    told: Answer = {"account": address, "home": to, "from_ms": from_ms}
    text = _("{who} lives in {home} from {date} on.").format(
        who=address, home=to, date=month_text(from_ms) + "-01"
    )
    make(session, "move", args, told, text, dry_run)


def read_month(text: str) -> int:
    """`2026-12`, as its first instant in UTC. Raises UserError (usage)."""
    try:
        return int(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        raise UserError(
            _("{text!r} is not a month; write it as 2026-12.").format(text=text), Exit.USAGE
        ) from None


def month_text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m")


# A shop leaves.


@group.command(name="leaving", help=N_("A shop gives 30 days' notice before it closes."))
@click.option("--of", metavar="ADDRESS", help=N_("Which shop; default: this wallet's own."))
@click.option("--lot", "lots", multiple=True, type=click.IntRange(1),
              help=N_("A lot that only this shop takes; default: all there are."))  # fmt: skip
@DRY_RUN
@acting_command
def leaving(
    settings: Settings, wallet: str | None, of: str | None, lots: tuple[int, ...], dry_run: bool
) -> None:
    from chain.address import encode_address
    from governance_contracts.life.leaving import AnnounceLeaving

    session = converse(settings, wallet)
    account = account_of(session.profile, of) if of else session.acts_for
    shop = of or encode_address(session.profile.prefix, account)
    served = lots or tuple(life_of(session, shop)["served_alone"])
    args = AnnounceLeaving(account, tuple(sorted(set(served))))
    told: Answer = {"account": shop, "lots": list(args.lots)}
    text = _("Notice is given; the shop can close in 30 days.")
    make(session, "announce_leaving", args, told, text, dry_run)


@group.command(name="staying", help=N_("A shop takes its notice back."))
@click.option("--of", metavar="ADDRESS", help=N_("Which shop; default: this wallet's own."))
@DRY_RUN
@acting_command
def staying(settings: Settings, wallet: str | None, of: str | None, dry_run: bool) -> None:
    from governance_contracts.life.leaving import StayAfterAll

    session = converse(settings, wallet)
    account = account_of(session.profile, of) if of else session.acts_for
    text = _("The notice is taken back; the shop stays.")
    make(session, "stay_after_all", StayAfterAll(account), {"account": of}, text, dry_run)


# Bankruptcy.


@group.command(name="bankruptcy", help=N_("Enter a judgment: a curator, one bank account."))
@click.argument("address")
@click.option("--curator", required=True, metavar="ADDRESS", help=N_("Whom the court named."))
@click.option("--iban", required=True, metavar="IBAN", help=N_("The estate's bank account."))
@REF
@DRY_RUN
@acting_command
def bankruptcy(
    settings: Settings,
    wallet: str | None,
    address: str,
    curator: str,
    iban: str,
    ref: str,
    dry_run: bool,
) -> None:
    from governance_contracts.life.insolvency import EnterBankruptcy

    number = checked_iban(iban)
    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    acts = account_of(session.profile, curator)
    court, kept = committed(session, "court", ref)
    destination, kept_too = committed(session, "estate", number)
    told: Answer = {"account": address, "curator": curator, "iban": number, **kept, **kept_too}
    text = _("{who} is entered as bankrupt; {curator} acts for the estate.").format(
        who=address, curator=curator
    )
    args = EnterBankruptcy(account, acts, court, destination)
    make(session, "enter_bankruptcy", args, told, text, dry_run)


@group.command(name="end-bankruptcy", help=N_("The court ended a bankruptcy."))
@click.argument("address")
@DRY_RUN
@acting_command
def end_bankruptcy(settings: Settings, wallet: str | None, address: str, dry_run: bool) -> None:
    from governance_contracts.life.insolvency import EndBankruptcy

    session = converse(settings, wallet)
    args = EndBankruptcy(account_of(session.profile, address))
    text = _("The bankruptcy of {who} has ended.").format(who=address)
    make(session, "end_bankruptcy", args, {"account": address}, text, dry_run)


@group.command(name="cash", help=N_("A curator: coin of the bankrupt to the estate's account."))
@click.argument("address")
@click.argument("amount", type=console.AMOUNT)
@click.option("--coin", required=True, metavar="CODE", help=N_("Which coin."))
@DRY_RUN
@acting_command
def cash(
    settings: Settings, wallet: str | None, address: str, amount: int, coin: str, dry_run: bool
) -> None:
    """Use it with `--mandate NUMBER`: the bank account is the one the office entered."""
    from chain.money import Cents
    from governance_contracts.bank.redemption import Redeem
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    insolvency = life_of(session, address)["insolvency"]
    if insolvency is None:
        raise UserError(_("{who} is not bankrupt.").format(who=address), Exit.USAGE)
    destination = bytes.fromhex(insolvency["estate"])
    args = Redeem(account, coin, Cents(amount), (), destination)
    call = checked_call(builder.call("reserve", "redeem", args), args)
    told: Answer = {"account": address, "coin": coin, "amount_cents": amount}
    text = _("{amount} {coin} will be paid to the estate's bank account.").format(
        amount=format_cents(amount), coin=coin
    )
    carry(session, session.account(), (call,), told, text, dry_run)


# A freeze, and how things stand.


@group.command(name="ask-review", help=N_("Your account is frozen: ask another wijk's board."))
@click.option("--reasons", required=True, metavar="TEXT", help=N_("Why it should end."))
@DRY_RUN
@acting_command
def ask_review(settings: Settings, wallet: str | None, reasons: str, dry_run: bool) -> None:
    from governance_contracts.life.reviews import AskReview

    session = converse(settings, wallet)
    made, kept = committed(session, "reasons", reasons)
    text = _("You asked for a review. Give the text and its salt to a board of another wijk.")
    make(session, "ask_review", AskReview(session.acts_for, made), kept, text, dry_run)


@group.command(name="review", help=N_("Rule on another wijk's freeze; the board decides."))
@click.argument("address")
@click.option("--wijk", required=True, metavar="CODE", help=N_("The wijk of your own board."))
@click.option("--lift/--uphold", required=True, help=N_("Does the freeze end?"))
@click.option("--reasons", required=True, metavar="TEXT", help=N_("Why."))
@DRY_RUN
@acting_command
def review(
    settings: Settings,
    wallet: str | None,
    address: str,
    wijk: str,
    lift: bool,
    reasons: str,
    dry_run: bool,
) -> None:
    from governance_contracts.life.reviews import RuleOnFreeze

    session = converse(settings, wallet)
    made, kept = committed(session, "reasons", reasons)
    args = RuleOnFreeze(account_of(session.profile, address), wijk, lift, made)
    told: Answer = {"account": address, "wijk": wijk, "lift": lift, **kept}
    text = _("The freeze of {who} ends.") if lift else _("The freeze of {who} stays.")
    make(session, "rule_on_freeze", args, told, text.format(who=address), dry_run)


@group.command(name="show", help=N_("Freeze, move, notice, bankruptcy and estate of an account."))
@click.argument("address", required=False)
@wallet_command
def show(settings: Settings, wallet: str | None, address: str | None) -> None:
    session = converse(settings, wallet)
    found = life_of(session, address or session.profile.address)
    out(settings, found, "\n".join(_lines(found)))


def life_of(session: Session, address: str) -> Answer:
    """Raises UserError (usage): an account of which this wallet may not know it."""
    try:
        return session.client.get(f"/v1/accounts/{session.profile.address}/life/{address}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise UserError(
            _("{who} is not entered at an office whose desk you serve.").format(who=address),
            Exit.USAGE,
        ) from None


def _lines(found: Answer) -> list[str]:
    from wallet_cli.sending import clock

    lines = [_("status: {status}").format(status=found["status"])]
    if found["freeze"]:
        freeze = found["freeze"]
        lines.append(
            _("frozen ({reason}) until {when}").format(
                reason=freeze["reason"], when=clock(freeze["until_ms"])
            )
        )
    causes = (found["freeze"], found["insolvency"], found["estate"])
    if found["status"] == "frozen" and not any(causes):
        lines.append(_("a recovery is under way: `wallet recovery status` says more"))
    if found["moving"]:
        moving = found["moving"]
        lines.append(
            _("moves to {home} on {when}").format(
                home=moving["home"], when=clock(moving["from_ms"])
            )
        )
    if found["leaving_ms"]:
        lines.append(_("may close from {when} on").format(when=clock(found["leaving_ms"])))
    if found["insolvency"]:
        lines.append(_("bankrupt; curator: {who}").format(who=found["insolvency"]["curator"]))
    if found["estate"]:
        known = found["estate"]["heirs"]
        lines.append(_("estate; heirs known") if known else _("estate; heirs not known yet"))
        for one in found["estate"]["coins"]:
            held = one["free_cents"] + sum(lot["amount_cents"] for lot in one["lots"])
            lines.append(
                _("  holds {amount} {coin}").format(amount=format_cents(held), coin=one["coin"])
            )
    return lines


COMMANDS = (group,)
