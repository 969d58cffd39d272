"""Discounts for a target group: a fund opens and admits, shops join and fill, residents look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, ngettext, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.desk import (
    account_of,
    client_of,
    coin_of,
    converse,
    profile_of,
    wallet_command,
)

if TYPE_CHECKING:
    from chain.codec import Record

PER_CALL = 100
HUNDREDTHS = 100


class Percent(click.ParamType[int]):
    """20, 12,5 or 12.5 %, as hundredths of a percent."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        whole, _comma, part = (
            str(value).strip().rstrip("%").strip().replace(".", ",").partition(",")
        )
        if not (whole.isascii() and whole.isdigit() and len(whole) <= 3):
            self.fail(_("{text!r} is not a percentage, such as 20 or 12,5.").format(text=value))
        if part and not (part.isascii() and part.isdigit() and len(part) <= 2):
            self.fail(_("{text!r} is not a percentage, such as 20 or 12,5.").format(text=value))
        found = int(whole) * HUNDREDTHS + int(part.ljust(2, "0") or 0)
        if found > 100 * HUNDREDTHS:
            self.fail(_("{text!r} is more than 100 percent.").format(text=value))
        return found


class Day(click.ParamType[int]):
    """YYYY-MM-DD, as the first moment of that day (UTC) in milliseconds."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            day = datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.fail(_("{text!r} is not a date, such as 2027-01-31.").format(text=value))
        return int(day.timestamp()) * 1000


@console.group(name="benefit", help=N_("Discounts for a target group."))
def group() -> None:
    pass


def made(
    settings: Settings, wallet: str | None, method: str, make: Any, told: Answer, text: str,
    dry_run: bool,
) -> None:  # fmt: skip
    """One call of the contract: `make` gives its arguments for the session and account."""
    from wallet_cli.core import builder

    session = converse(settings, wallet)
    account = session.account()
    args: Record = make(session, account)
    call = checked_call(builder.call("benefit", method, args), args)
    carry(session, account, (call,), told, text, dry_run)


@group.command(name="open", help=N_("Offer a discount to a target group, as a fund."))
@click.argument("code")
@click.option("--off", type=Percent(), help=N_("So many percent off, such as 20 or 12,5."))
@click.option("--fixed", type=console.AMOUNT, help=N_("Or so much off each payment."))
@click.option("--coin", metavar="CODE", help=N_("In which coin; default: the only one."))
@click.option(
    "--shop-share", type=Percent(), default="0", help=N_("Percent of the discount that shops bear.")
)
@click.option(
    "--payment-max", type=console.AMOUNT, required=True, help=N_("At most so much off a payment.")
)
@click.option(
    "--month-max",
    type=console.AMOUNT,
    required=True,
    help=N_("At most so much off in a calendar month, per holder."),
)
@click.option("--category", "categories", multiple=True, metavar="CODE", help=N_("Only for these."))
@click.option("--region", "regions", multiple=True, metavar="CODE", help=N_("Only at places here."))
@click.option("--from", "begins", type=Day(), help=N_("First day (UTC); default: now."))
@click.option("--until", type=Day(), required=True, help=N_("The day it ends (UTC)."))
@DRY_RUN
@acting_command
def open_benefit(
    settings: Settings,
    wallet: str | None,
    code: str,
    off: int | None,
    fixed: int | None,
    coin: str | None,
    shop_share: int,
    payment_max: int,
    month_max: int,
    categories: tuple[str, ...],
    regions: tuple[str, ...],
    begins: int | None,
    until: int,
    dry_run: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.payments.benefit import OpenBenefit

    if (off is None) == (fixed is None):
        raise UserError(
            _("Say how much off: --off PERCENT or --fixed AMOUNT, one of them."), Exit.USAGE
        )

    def make(session: Any, account: Answer) -> Record:
        return OpenBenefit(
            session.acts_for,
            code,
            coin_of(account, coin),
            off or 0,
            Cents(fixed or 0),
            shop_share,
            Cents(payment_max),
            Cents(month_max),
            tuple(sorted(set(categories))),
            tuple(sorted(set(regions))),
            session.status.time_ms if begins is None else begins,
            until,
        )

    told = {"benefit": code, "rate": off or 0, "fixed_cents": fixed or 0, "until_ms": until}
    text = _("{code} is open. Admit holders with `wallet benefit admit`.").format(code=code)
    made(settings, wallet, "open", make, told, text, dry_run)


@group.command(name="close", help=N_("End an offer of your fund at once."))
@click.argument("code")
@DRY_RUN
@acting_command
def close(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.payments.benefit import CloseBenefit

    text = _("{code} is closed; refunds of old discounts still work.").format(code=code)
    made(
        settings, wallet, "close", lambda session, account: CloseBenefit(code),
        {"benefit": code}, text, dry_run,
    )  # fmt: skip


def addresses(given: tuple[str, ...], file: Path | None) -> tuple[str, ...]:
    """Addresses of the command line and of a file, one a line. Raises UserError (usage)."""
    found = list(given)
    if file is not None:
        try:
            text = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                _("{file} cannot be read: {reason}").format(file=file, reason=error), Exit.USAGE
            ) from None
        found += [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        raise UserError(_("Name at least one address, or a --file of them."), Exit.USAGE)
    return tuple(dict.fromkeys(found))


def of_holders(
    settings: Settings, wallet: str | None, method: str, code: str, holders: tuple[str, ...],
    make: Any, text: Callable[[int], str], dry_run: bool,
) -> None:  # fmt: skip
    """Calls about accounts, 100 in each; all in one transaction. `text`: for so many."""
    from wallet_cli.core import builder

    profile = profile_of(settings, wallet)
    accounts = sorted({account_of(profile, address) for address in holders})
    parts = [tuple(accounts[at : at + PER_CALL]) for at in range(0, len(accounts), PER_CALL)]
    session = converse(settings, wallet)
    calls = []
    for part in parts:
        args = make(part)
        calls.append(checked_call(builder.call("benefit", method, args), args))
    told = {"benefit": code, "holders": len(accounts)}
    said = text(len(accounts)).format(**told)
    carry(session, session.account(), tuple(calls), told, said, dry_run)


FILE = click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=N_("Addresses, one on a line."),
)


@group.command(name="admit", help=N_("Admit accounts to a discount, or renew them."))
@click.argument("code")
@click.argument("holders", metavar="ADDRESS...", nargs=-1)
@FILE
@click.option("--until", type=Day(), required=True, help=N_("The day their right ends (UTC)."))
@DRY_RUN
@acting_command
def admit(
    settings: Settings, wallet: str | None, code: str, holders: tuple[str, ...],
    file: Path | None, until: int, dry_run: bool,
) -> None:  # fmt: skip
    from governance_contracts.payments.benefit import Admit

    def text(n: int) -> str:
        return ngettext(
            "{holders} account can use {benefit}.", "{holders} accounts can use {benefit}.", n
        )

    of_holders(
        settings, wallet, "admit", code, addresses(holders, file),
        lambda part: Admit(code, part, until), text, dry_run,
    )  # fmt: skip


@group.command(name="remove", help=N_("End the right of accounts to a discount."))
@click.argument("code")
@click.argument("holders", metavar="ADDRESS...", nargs=-1)
@FILE
@DRY_RUN
@acting_command
def remove(
    settings: Settings, wallet: str | None, code: str, holders: tuple[str, ...],
    file: Path | None, dry_run: bool,
) -> None:  # fmt: skip
    from governance_contracts.payments.benefit import Remove

    def text(n: int) -> str:
        return ngettext(
            "{holders} account can use {benefit} no more.",
            "{holders} accounts can use {benefit} no more.",
            n,
        )

    of_holders(
        settings, wallet, "remove", code, addresses(holders, file),
        lambda part: Remove(code, part), text, dry_run,
    )  # fmt: skip


@group.command(name="join", help=N_("Take part in a discount with your shop."))
@click.argument("code")
@DRY_RUN
@acting_command
def join(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.payments.benefit import Join

    text = _("Your shop takes part in {code}.").format(code=code)
    made(
        settings, wallet, "join", lambda session, account: Join(code, session.acts_for),
        {"benefit": code}, text, dry_run,
    )  # fmt: skip


@group.command(name="leave", help=N_("Take part in a discount no more."))
@click.argument("code")
@DRY_RUN
@acting_command
def leave(settings: Settings, wallet: str | None, code: str, dry_run: bool) -> None:
    from governance_contracts.payments.benefit import Leave

    text = _("Your shop takes part in {code} no more.").format(code=code)
    made(
        settings, wallet, "leave", lambda session, account: Leave(code, session.acts_for),
        {"benefit": code}, text, dry_run,
    )  # fmt: skip


@group.command(name="fill", help=N_("Pay your shop's share of a discount in advance."))
@click.argument("code")
@click.argument("amount", type=console.AMOUNT)
@DRY_RUN
@acting_command
def fill(settings: Settings, wallet: str | None, code: str, amount: int, dry_run: bool) -> None:
    from chain.money import Cents
    from governance_contracts.payments.benefit import FillPot

    told = {"benefit": code, "amount_cents": amount, "amount": format_cents(amount)}
    text = _("{amount} is in the pot of {benefit}. It is the fund's coin from now on.")
    made(
        settings, wallet, "fill_pot",
        lambda session, account: FillPot(code, session.acts_for, Cents(amount)),
        told, text.format(**told), dry_run,
    )  # fmt: skip


@group.command(name="list", help=N_("What funds offer; with an address, in that shop."))
@click.argument("address", required=False)
@wallet_command
def listed(settings: Settings, wallet: str | None, address: str | None) -> None:
    client = client_of(settings, None if settings.node else profile_of(settings, wallet))
    if address is not None:
        found = client.get(f"/v1/payees/{address}/benefits")["benefits"]
    else:
        page = client.get("/v1/benefits")
        found = page["benefits"]
        while following := page.get("next"):
            page = client.get(f"/v1/benefits?from={following}")
            found += page["benefits"]
    lines = [offer_line(one) for one in found] or [_("No discounts.")]
    out(settings, {"benefits": found}, "\n".join(lines))


@group.command(name="show", help=N_("Your own discounts; of a fund, its offers and pots."))
@wallet_command
def show(settings: Settings, wallet: str | None) -> None:
    session = converse(settings, wallet)
    own = session.client.get(f"/v1/accounts/{session.profile.address}/benefits")
    lines = []
    for held in own["holds"]:
        lines.append(
            _("{offer}; yours until {until}, {left} left this month").format(
                offer=offer_line(held["benefit"]),
                until=day_of(held["expires_ms"]),
                left=format_cents(held["left_cents"]),
            )
        )
    lines += [_("You offer {offer}").format(offer=offer_line(one)) for one in own["offers"]]
    lines += [
        _("Pot of {shop} in {benefit}: {left}").format(
            shop=pot["shop"], benefit=pot["benefit"], left=format_cents(pot["left_cents"])
        )
        for pot in own["pots"]
    ]
    lines += [_("Your shop takes part in {code}.").format(code=code) for code in own["joined"]]
    out(settings, own, "\n".join(lines) or _("No discounts."))


def offer_line(offer: Answer) -> str:
    """One offer in a line."""
    if offer["rate"]:
        whole, part = divmod(int(offer["rate"]), HUNDREDTHS)
        off = f"{whole},{part:02d} %" if part else f"{whole} %"
    else:
        off = format_cents(offer["fixed_cents"])
    state = (
        _("closed") if offer["closed"] else _("until {day}").format(day=day_of(offer["until_ms"]))
    )
    return _("{code}: {off} off in {coin}, at most {most} a payment, {state}").format(
        code=offer["code"],
        off=off,
        coin=offer["coin"],
        most=format_cents(offer["payment_max_cents"]),
        state=state,
    )


def day_of(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).date().isoformat()
