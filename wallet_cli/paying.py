"""How a payment is made: under an alias or openly, with which discount, as how many lines.

A wallet does not show a shop who pays. It makes an alias for each payment, notes the secret behind
it, and can show later that the payment was its own (`wallet alias`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, UserError, _, format_cents
from wallet_cli.client import Answer
from wallet_cli.desk import Session, home_of

if TYPE_CHECKING:
    from governance_contracts.payments.payments import Line, Pay

WAYS = (
    click.option("--named", is_flag=True, help=N_("Show the payee which account pays.")),
    click.option(
        "--alias", "hidden", is_flag=True, help=N_("Do not show it; with a shop the default.")
    ),
    click.option("--benefit", metavar="CODE", help=N_("Use this discount; default: the best one.")),
    click.option("--no-benefit", is_flag=True, help=N_("Use no discount.")),
)


def ways_options(command: Any) -> Any:
    for option in reversed(WAYS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Way:
    """What the options say. `named`, `hidden`: show the payer or not, whoever is paid."""

    named: bool
    hidden: bool
    benefit: str | None
    no_benefit: bool


def way_of(*, named: bool, hidden: bool, benefit: str | None, no_benefit: bool) -> Way:
    """Raises UserError (usage) for options that contradict each other."""
    if named and hidden:
        raise UserError(_("Either --named or --alias, not both."), Exit.USAGE)
    if benefit and (no_benefit or named):
        raise UserError(
            _("A discounted payment is made under an alias: leave --named and --no-benefit out."),
            Exit.USAGE,
        )
    return Way(named, hidden, benefit, no_benefit)


def arrange(
    session: Session, account: Answer, args: Pay, address: str, found: Answer, way: Way
) -> tuple[Pay, Answer]:
    """The payment with alias and discount, and what to tell of them. `found`: what the node says
    of the payee. Raises UserError (refused) if a dry run of the discount is refused."""
    from msgspec.structs import replace

    from governance_contracts.payments.payments import alias_of
    from wallet_cli.acting import acting
    from wallet_cli.discounting import best_benefit, tried
    from wallet_cli.openings import alias_secret

    person = not found.get("places") and found.get("kind") in (None, "person", "household")
    if way.benefit or way.hidden or not (way.named or person):
        home, name = home_of(session.settings), session.profile.name
        args = replace(args, alias=(alias_secret(home, name, args.payer, args.payee),))
    chosen = not (way.benefit or way.no_benefit or person) and bool(args.alias) and acting().own
    benefit = way.benefit
    if chosen:
        benefit = best_benefit(session, address, args.coin, args.lines)
    told: Answer = {}
    if benefit is not None:
        args = replace(args, benefit=(benefit,))
        if acting().own and not acting().sheet:
            args, told = tried(session, account, args, chosen=chosen)
    for secret in args.alias:
        alias = alias_of(args.payer, args.payee, secret)
        told["alias"] = shown_alias(session.profile.prefix, alias)
    return args, told


def shown_alias(prefix: str, alias: bytes) -> str:
    """An alias as the payee sees it: in the form of an address."""
    from chain.address import encode_address

    return encode_address(prefix, alias)


def basket_of(lines: tuple[str, ...], amount: int) -> tuple[Line, ...]:
    """The lines of a basket, if there are any. Raises UserError (usage)."""
    from chain.money import Cents
    from governance_contracts.payments.payments import Line, Use

    found = []
    for text in lines:
        category, _equals, cents = text.rpartition("=")
        try:
            found.append(Line(Cents(console.parse_amount(cents)), category, Use.UNSTATED, ()))
        except ValueError as error:
            raise UserError(
                _("{text!r} is not CATEGORY=AMOUNT, such as food=12,50: {reason}").format(
                    text=text, reason=error
                ),
                Exit.USAGE,
            ) from None
    total = sum(line.amount for line in found)
    if found and total != amount:
        raise UserError(
            _("The lines add up to {total}, not to {amount}.").format(
                total=format_cents(total), amount=format_cents(amount)
            ),
            Exit.USAGE,
        )
    return tuple(found)


def paid_text(told: Answer) -> str:
    """What was paid; of a discount, what the payer's own part is."""
    text = _("Paid {amount} {coin} to {payee}.").format(**told)
    if "discount_cents" not in told:
        return text
    return " ".join(
        [
            text,
            _("Your own part is {own}; {discount} is the discount of {benefit}.").format(**told),
        ]
    )
