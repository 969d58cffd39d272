"""Payout runs: one file, up to 1,000 payees, all or nothing.

The file is CSV with a heading: `address` and `amount`, and if wanted `purpose` and `reference`.
Comma, semicolon or tab separates; with commas, an amount such as 12,50 stands in quotes.
"""

from __future__ import annotations

import json
from dataclasses import replace as with_changes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, out
from wallet_cli.acting import acting, acting_command
from wallet_cli.client import Answer
from wallet_cli.desk import Session, account_of, coin_of, converse, profile_of

if TYPE_CHECKING:
    from governance_contracts.payments.payments import Payout
    from wallet_cli.runs import RunLine, Verdict
    from wallet_cli.tables import TableFile

SIGN_HOURS = 24
"""So long several people have to sign a run."""


def terms_options(command: Any) -> Any:
    """What a run binds the coin to; shared by payouts and letters."""
    for option in reversed(
        (
            click.option(
                "--region",
                "regions",
                multiple=True,
                metavar="CODE",
                help=N_("Spendable here only."),
            ),
            click.option(
                "--category", "categories", multiple=True, metavar="CODE", help=N_("For this only.")
            ),
            click.option("--expires", metavar="YYYY-MM-DD", help=N_("Last day to spend it.")),
            click.option("--online-ok", is_flag=True, help=N_("Online shops may take it too.")),
            click.option(
                "--class-number", type=click.IntRange(0, 2**53 - 1), help=N_("The fund's class.")
            ),
            click.option(
                "--payee",
                "payees",
                multiple=True,
                metavar="ADDRESS",
                help=N_("To be spent with these only."),
            ),
            click.option(
                "--after",
                metavar="free|LOT",
                help=N_("What it is once spent; default: bound to the same regions."),
            ),
        )
    ):
        command = option(command)
    return command


@click.command(name="payout", cls=console.Command, help=N_("Pay everybody in a file, or nobody."))
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option("--purpose", metavar="CODE", help=N_("What for; default: INCOME, or EARM if bound."))
@terms_options
@click.option("--dry-run", is_flag=True, help=N_("Only give a verdict per line."))
@click.option(
    "--skip-refused",
    is_flag=True,
    help=N_("Pay the lines that can be paid; the others go into a file of their own."),
)
@click.option(
    "--out",
    "out_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=N_("Where the transaction goes that others must sign too."),
)
@click.option("--again", is_flag=True, help=N_("Pay a file that was paid before once more."))
@acting_command
def payout(
    settings: Settings,
    wallet: str | None,
    file: Path,
    coin: str | None,
    purpose: str | None,
    regions: tuple[str, ...],
    categories: tuple[str, ...],
    expires: str | None,
    online_ok: bool,
    class_number: int | None,
    payees: tuple[str, ...],
    after: str | None,
    dry_run: bool,
    skip_refused: bool,
    out_file: Path | None,
    again: bool,
) -> None:
    from governance_contracts.payments.payments import Payout
    from wallet_cli.runs import read_run, terms_of

    profile = profile_of(settings, wallet)
    group = tuple(account_of(profile, one) for one in payees)
    terms = terms_of(regions, categories, expires, online_ok, class_number, group, after)
    earmarked = bool(terms) and terms[0].kind == 2
    table, lines = read_run(profile, file, purpose or ("EARM" if earmarked else "INCOME"))
    session = converse(settings, wallet)
    account = session.account()
    code = coin_of(account, coin)
    args = Payout(session.acts_for, code, tuple(at.line for at in lines), terms)
    if dry_run or skip_refused:
        if not acting().own:
            raise UserError(
                _(
                    "A verdict per line is given for your own account only: leave --dry-run and "
                    "--skip-refused out, or the options to act for another."
                ),
                Exit.USAGE,
            )
        found = _judge(session, account, args, lines)
        if dry_run:
            _show(settings, found, code)
            return
        lines = _set_aside(file, table, found)
        args = Payout(args.payer, code, tuple(at.line for at in lines), terms)
    _make(session, account, file, args, out_file, again=again, refused=len(table.rows) - len(lines))


def _signatures(account: Answer) -> int:
    return int(account.get("account", {}).get("threshold", 1))


def _judge(session: Session, account: Answer, args: Payout, lines: list[RunLine]) -> list[Verdict]:
    from wallet_cli.commands.pay import checked_call
    from wallet_cli.core import builder
    from wallet_cli.runs import verdicts

    checked_call(builder.call("pay", "payout", args), args)
    return verdicts(session, account, args, lines)


def _show(settings: Settings, found: list[Verdict], coin: str) -> None:
    """Exit 3 if a line would be refused."""
    total = sum(int(one.at.line.amount) for one in found)
    refused = [one for one in found if one.name]
    shown = [one.as_json() for one in found]
    told: Answer = {
        "lines": len(found),
        "amount_cents": total,
        "amount": format_cents(total),
        "coin": coin,
        "dry_run": True,
        "refused": len(refused),
        "verdicts": shown,
    }
    if not refused or not settings.json:
        text = "\n".join(
            f"{v['line']:>5}  {v['address']}  {v['amount']:>12}  {v['verdict']}" for v in shown
        )
        out(settings, told, text)
    if refused:
        raise UserError(
            _(
                "{count} of {lines} lines would be refused; nothing was sent. --skip-refused pays "
                "the others."
            ).format(count=len(refused), lines=len(found)),
            Exit.REFUSED,
            refused[0].name,
            refused[0].code,
            details=told,
        )


def _set_aside(file: Path, table: TableFile, found: list[Verdict]) -> list[RunLine]:
    """The lines that can be paid; the others are written to a file of their own first.

    Raises UserError: (refused) none can be; (usage) that file exists.
    """
    from wallet_cli.files import write_private
    from wallet_cli.tables import write_table

    refused = [one for one in found if one.name]
    if not refused:
        return [one.at for one in found]
    if len(refused) == len(found):
        raise UserError(
            _("Every line would be refused ({name}); nothing was sent.").format(
                name=refused[0].name
            ),
            Exit.REFUSED,
            refused[0].name,
            refused[0].code,
        )
    names = tuple(name for name in table.names if name != "reason")
    rows = [[*(one.at.row.cells[name] for name in names), one.name] for one in refused]
    path = file.with_name(f"{file.stem}.refused.csv")
    try:
        write_private(path, write_table((*names, "reason"), table.separator, rows), replace=False)
    except FileExistsError:
        raise UserError(
            _(
                "{path} is there already, from an earlier run. Move it away, so that no refused "
                "line is lost, and try again."
            ).format(path=path),
            Exit.USAGE,
        ) from None
    except OSError as error:
        raise UserError(
            _("{path} cannot be written: {reason}").format(
                path=path, reason=console.of_the_system(error)
            ),
            Exit.USAGE,
        ) from None
    console.note(
        _("{count} refused lines, each with its reason, are in {path}.").format(
            count=len(refused), path=path
        )
    )
    return [one.at for one in found if not one.name]


def _make(
    session: Session,
    account: Answer,
    file: Path,
    args: Payout,
    out_file: Path | None,
    *,
    again: bool,
    refused: int,
) -> None:
    """Sign the run, note it, and send it; or hand it to who must sign too."""
    from wallet_cli import sending
    from wallet_cli.acting import told_of_proposal, wrapped
    from wallet_cli.commands.pay import checked_call
    from wallet_cli.core import builder
    from wallet_cli.runs import claim_run, forget_run, run_digest

    total = sum(int(line.amount) for line in args.lines)
    told: Answer = {
        "lines": len(args.lines),
        "amount_cents": total,
        "amount": format_cents(total),
        "coin": args.coin,
        "refused": refused,
    }
    calls = wrapped((checked_call(builder.call("pay", "payout", args), args),))
    signatures = _signatures(account)
    sheet = sending.make_sheet(session, account, calls)
    if signatures > 1:
        later = sheet.body.valid_until_ms - builder.VALID_MS + SIGN_HOURS * 3_600_000
        from msgspec.structs import replace

        body = replace(sheet.body, valid_until_ms=later)
        profile = session.profile
        unsigned = with_changes(sheet, body=body, witnesses=())
        sheet = builder.sign(unsigned, profile.account, profile.key_number, session.opened.seed)
    told["tx_id"] = sheet.id.hex()
    digest = run_digest(args)
    claim_run(session, digest, file, told, again=again)
    if signatures > 1:
        path = out_file or file.with_name(f"{file.stem}.tx.json")
        _hand_over(session, sheet, path, told, signatures)
        return
    try:
        final = sending.send(session.client, sheet)
    except UserError as error:
        if error.exit_code == Exit.REFUSED:
            forget_run(session, digest)
        raise
    text = _("Paid {amount} {coin} to {lines} accounts.").format(**told)
    if acting().board:
        fields, text = told_of_proposal(session, final.id.hex())
        told |= fields
    footer = _("final in block {height}, transaction {id}").format(
        height=final.height, id=final.id.hex()
    )
    out(session.settings, {**final.as_json(), **told}, f"{text}\n({footer})")


def _hand_over(session: Session, sheet: Any, path: Path, told: Answer, signatures: int) -> None:
    from wallet_cli.core.builder import sheet_as_json
    from wallet_cli.files import write_private

    try:
        write_private(path, json.dumps(sheet_as_json(sheet)).encode(), replace=False)
    except OSError as error:
        reason = console.of_the_system(error)
        raise UserError(
            _("{path} cannot be written: {reason}").format(path=path, reason=reason), Exit.USAGE
        ) from None
    text = _(
        "{amount} {coin} to {lines} accounts is signed by you, and needs {signatures} signatures. "
        "Nothing is paid yet. Next:\n"
        "  the other looks:  socialcoin wallet tx show {path}\n"
        "  and signs:        socialcoin wallet tx sign {path} > signed.json\n"
        "  then send it:     socialcoin wallet tx send signed.json\n"
        "within {hours} hours."
    ).format(**told, signatures=signatures, path=path, hours=SIGN_HOURS)
    more = {"status": "to_be_signed", "file": str(path), "signatures": signatures}
    out(session.settings, {**told, **more}, text)


COMMANDS = (payout,)
