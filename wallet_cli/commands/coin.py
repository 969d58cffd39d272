"""What else a holder does with coin: refund, redeem, accept."""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents
from genesis.iban import checked_iban
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import coin_of, converse, home_of


@click.command(name="refund", cls=console.Command, help=N_("Give a payment you received back."))
@click.argument("id", metavar="ID")
@click.option("--number", type=click.IntRange(0, 255), default=0, help=N_("Payment in it, from 0."))
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="LINE=AMOUNT",
    help=N_("Only this line (from 0) and amount; may be given again. Default: all of it."),
)
@DRY_RUN
@acting_command
def refund(
    settings: Settings,
    wallet: str | None,
    id: str,
    number: int,
    lines: tuple[str, ...],
    dry_run: bool,
) -> None:
    from governance_contracts.payments.payments import Refund, RefundLine
    from wallet_cli.commands.tx import transaction_id_of
    from wallet_cli.core import builder

    payment = transaction_id_of(id)
    found = []
    for text in lines:
        line, _equals, amount = text.partition("=")
        try:
            if not (line.isascii() and line.isdecimal() and len(line) <= 3):
                raise ValueError(_("the line's number comes first, and the first line is 0"))
            found.append(RefundLine(int(line), console.parse_amount(amount)))
        except ValueError as error:
            raise UserError(
                _("{text!r} is not LINE=AMOUNT, such as 0=12,50: {reason}").format(
                    text=text, reason=error
                ),
                Exit.USAGE,
            ) from None
    args = Refund(payment, number, tuple(sorted(found, key=lambda entry: entry.line)))
    session = converse(settings, wallet)
    told = {
        "payment": payment.hex(),
        "number": number,
        "amount_cents": sum(int(entry.amount) for entry in found) or None,
    }
    call = checked_call(builder.call("pay", "refund", args), args)
    carry(session, session.account(), (call,), told, _("The payment is given back."), dry_run)


@click.command(name="redeem", cls=console.Command, help=N_("Ask for euros on a bank account."))
@click.argument("amount", type=console.AMOUNT)
@click.option("--iban", required=True, metavar="IBAN", help=N_("Where the euros go."))
@click.option(
    "--name", default="", metavar="NAME", help=N_("The bank account's holder, as at the bank.")
)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option("--lot", "lots", type=click.IntRange(1), multiple=True, help=N_("Take this lot."))
@DRY_RUN
@acting_command
def redeem(
    settings: Settings,
    wallet: str | None,
    amount: int,
    iban: str,
    name: str,
    coin: str | None,
    lots: tuple[int, ...],
    dry_run: bool,
) -> None:
    """The bank account itself stays off the chain: the reserve's desk gets it, sealed."""
    from chain.money import Cents
    from governance_contracts.bank.redemption import Redeem
    from wallet_cli import destinations
    from wallet_cli.core import builder
    from wallet_cli.openings import commit

    account_number = checked_iban(iban)
    session = converse(settings, wallet)
    account = session.account()
    code = coin_of(account, coin)
    profile = session.profile
    destination, salt = commit(home_of(settings), profile.name, "redemption", account_number)
    args = Redeem(session.acts_for, code, Cents(amount), tuple(sorted(set(lots))), destination)
    told = {
        "amount_cents": amount,
        "amount": format_cents(amount),
        "coin": code,
        "destination": destination.hex(),
        "iban": account_number,
        "salt": salt.hex(),
    }
    text = _("{amount} {coin} is out of your hands and will be paid to {iban}.").format(**told)

    def then(transaction: bytes) -> tuple[Answer, str]:
        number = destinations.number_of(session, transaction)
        sent = False
        if number is not None:
            destinations.note_number(home_of(settings), profile.name, number, code, destination)
            sent = destinations.send(session, code, number, account_number, salt, name)
        return destinations.told(sent, number, account_number, salt)

    call = checked_call(builder.call("reserve", "redeem", args), args)
    carry(session, account, (call,), told, text, dry_run, then)


@click.command(name="accept", cls=console.Command, help=N_("Say which coins you accept."))
@click.argument("coins", nargs=-1, required=True, metavar="COIN...")
@DRY_RUN
@acting_command
def accept(settings: Settings, wallet: str | None, coins: tuple[str, ...], dry_run: bool) -> None:
    from governance_contracts.coins.coin import Accept
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    args = Accept(session.acts_for, tuple(sorted(set(coins))))
    call = checked_call(builder.call("coin", "accept", args), args)
    told = {"coins": list(args.coins)}
    text = _("You accept {coins}.").format(coins=", ".join(args.coins))
    carry(session, session.account(), (call,), told, text, dry_run)


COMMANDS = (refund, redeem, accept)
