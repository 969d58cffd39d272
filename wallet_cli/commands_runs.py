"""Payout runs: one file, up to 1,000 payees, all or nothing.

The file is CSV with a heading: `address` and `amount`, and if wanted `purpose` and `reference`.
Comma, semicolon or tab separates; with commas, an amount such as 12,50 stands in quotes.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.client import Answer
from wallet_cli.desk import Session, account_of, coin_of, converse, profile_of, wallet_command

if TYPE_CHECKING:
    from governance_contracts.lots import Terms
    from governance_contracts.payments import Payout, PayoutLine
    from wallet_cli.profile import Profile

LINES_MAX = 1_000
FILE_CHARACTERS_MAX = 1_000_000
COLUMNS = ("address", "amount", "purpose", "reference")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file: where it stands there, and what it asks."""

    number: int
    address: str
    line: PayoutLine


def read_rows(profile: Profile, path: Path, purpose: str) -> list[Row]:
    """Raises UserError (usage) with every mistake of the file at once."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(FILE_CHARACTERS_MAX + 1)
    except OSError as error:
        raise UserError(
            _("The file cannot be read: {reason}").format(reason=console.of_the_system(error)),
            Exit.USAGE,
        ) from None
    except UnicodeDecodeError:
        raise UserError(_("{path} is not text (UTF-8).").format(path=path), Exit.USAGE) from None
    lines = text.splitlines()
    heading = lines[0] if lines else ""
    separator = next((mark for mark in (";", "\t") if mark in heading), ",")
    table = csv.DictReader(lines, delimiter=separator, strict=True)
    names = [name.strip().lower() for name in table.fieldnames or ()]
    table.fieldnames = names
    unknown = sorted(set(names) - set(COLUMNS))
    if not {"address", "amount"} <= set(names) or unknown:
        raise UserError(
            _(
                "The first line of {path} must name its columns: address and amount, and if "
                "wanted purpose and reference."
            ).format(path=path),
            Exit.USAGE,
        )
    rows, mistakes = [], []
    try:
        for cells in table:
            if not any(cells.values()):
                continue
            try:
                rows.append(_row(profile, table.line_num, cells, purpose))
            except (UserError, ValueError, Malformed) as error:
                mistakes.append(
                    _("line {number}: {reason}").format(number=table.line_num, reason=error)
                )
    except csv.Error as error:
        mistakes.append(_("line {number}: {reason}").format(number=table.line_num, reason=error))
    if not rows and not mistakes:
        mistakes.append(_("there is no line to pay"))
    if len(rows) > LINES_MAX:
        mistakes.append(_("{count} lines where at most 1,000 fit a run").format(count=len(rows)))
    if mistakes:
        listed = "\n  ".join(mistakes)
        raise UserError(
            _("Nothing was paid; the file has mistakes:\n  {mistakes}").format(mistakes=listed),
            Exit.USAGE,
        )
    return rows


def _row(profile: Profile, number: int, cells: dict[str, str], purpose: str) -> Row:
    from chain.codec import decode, encode
    from governance_contracts.payments import PayoutLine

    if None in cells or None in cells.values():
        raise ValueError(
            _(
                "more or fewer fields than the first line names; where commas separate, write "
                'an amount in quotes: "12,50"'
            )
        )
    address = cells["address"].strip()
    reference = (cells.get("reference") or "").strip()
    line = PayoutLine(
        account_of(profile, address),
        console.parse_amount(cells["amount"]),
        (cells.get("purpose") or "").strip() or purpose,
        (bytes.fromhex(reference),) if reference else (),
    )
    return Row(number, address, decode(PayoutLine, encode(line)))


def terms_of(
    regions: tuple[str, ...],
    categories: tuple[str, ...],
    expires: str | None,
    online_ok: bool,
    class_number: int | None,
) -> tuple[Terms, ...]:
    """What the run binds the coin to; nothing if no option says so.

    Regions alone make region-bound coin; categories, an expiry or a class make an earmark.
    """
    from governance_contracts.lots import earmark, region_bound

    regions, categories = tuple(sorted(set(regions))), tuple(sorted(set(categories)))
    if categories or expires is not None or class_number is not None:
        return (
            earmark(
                regions,
                categories=categories,
                class_number=class_number or 0,
                expires_ms=None if expires is None else _end_of(expires),
                online_ok=online_ok,
            ),
        )
    return (region_bound(regions, online_ok=online_ok),) if regions else ()


def _end_of(day: str) -> int:
    """The last millisecond of a day (YYYY-MM-DD) in the time of the Netherlands."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    try:
        start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    except ValueError:
        raise UserError(
            _("{day!r} is not a day; write it as 2026-12-31.").format(day=day), Exit.USAGE
        ) from None
    return int((start + timedelta(days=1)).timestamp()) * 1000 - 1


@click.command(name="payout", cls=console.Command, help=N_("Pay everybody in a file, or nobody."))
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option("--purpose", metavar="CODE", default="INCOME", show_default=True)
@click.option("--region", "regions", multiple=True, metavar="CODE", help=N_("Spendable here only."))
@click.option("--category", "categories", multiple=True, metavar="CODE", help=N_("For this only."))
@click.option("--expires", metavar="YYYY-MM-DD", help=N_("Last day to spend it."))
@click.option("--online-ok", is_flag=True, help=N_("Online shops may take it too."))
@click.option("--class-number", type=click.IntRange(0, 2**53 - 1), help=N_("The fund's class."))
@click.option("--dry-run", is_flag=True, help=N_("Only give a verdict per line."))
@wallet_command
def payout(
    settings: Settings,
    wallet: str | None,
    file: Path,
    coin: str | None,
    purpose: str,
    regions: tuple[str, ...],
    categories: tuple[str, ...],
    expires: str | None,
    online_ok: bool,
    class_number: int | None,
    dry_run: bool,
) -> None:
    from governance_contracts.payments import Payout
    from wallet_cli import sending
    from wallet_cli.commands_pay import carry, checked_call
    from wallet_cli.core import builder

    rows = read_rows(profile_of(settings, wallet), file, purpose)
    terms = terms_of(regions, categories, expires, online_ok, class_number)
    total = sum(int(row.line.amount) for row in rows)
    session = converse(settings, wallet)
    account = session.account()
    code = coin_of(account, coin)
    args = Payout(session.profile.account, code, tuple(row.line for row in rows), terms)
    call = checked_call(builder.call("pay", "payout", args), args)
    told: Answer = {
        "lines": len(rows),
        "amount_cents": total,
        "amount": format_cents(total),
        "coin": code,
    }
    if dry_run:
        sending.require_one_signature(account)
        verdicts = _verdicts(session, account, args, rows)
        refused = [verdict for verdict in verdicts if verdict["verdict"] != "ok"]
        told |= {"dry_run": True, "refused": len(refused), "verdicts": verdicts}
        text = "\n".join(
            f"{v['line']:>5}  {v['address']}  {v['amount']:>12}  {v['verdict']}" for v in verdicts
        )
        if not refused or not settings.json:
            out(settings, told, text)
        if refused:
            raise UserError(
                _("{count} of {lines} lines would be refused; nothing was sent.").format(
                    count=len(refused), lines=len(rows)
                ),
                Exit.REFUSED,
                refused[0]["verdict"],
                refused[0]["code"],
                details=told,
            )
        return
    text = _("Paid {amount} {coin} to {lines} accounts.").format(**told)
    carry(session, account, (call,), told, text, dry=False)


def _verdicts(session: Session, account: Answer, args: Payout, rows: list[Row]) -> list[Answer]:
    """Try the run whole; if it is refused, every line alone, so that all mistakes are seen."""
    from msgspec.structs import replace

    whole = _try(session, account, args)
    verdicts = []
    for row in rows:
        found = whole
        if whole is not None:
            found = _try(session, account, replace(args, lines=(row.line,)))
        verdicts.append(
            {
                "line": row.number,
                "address": row.address,
                "amount_cents": int(row.line.amount),
                "amount": format_cents(row.line.amount),
                "verdict": "ok" if found is None else found.name or "refused",
                "code": None if found is None else found.code,
            }
        )
    if whole is not None and all(v["verdict"] == "ok" for v in verdicts):
        raise whole  # together they are refused, for instance for want of coin
    return verdicts


def _try(session: Session, account: Answer, args: Payout) -> UserError | None:
    from wallet_cli import sending
    from wallet_cli.core import builder

    sheet = sending.make_sheet(
        session, account, (builder.call("pay", "payout", args),), trying=True
    )
    try:
        sending.dry_run(session.client, sheet)
    except UserError as error:
        if error.exit_code != Exit.REFUSED:
            raise
        return error
    return None


COMMANDS = (payout,)
