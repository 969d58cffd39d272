"""Letters with a code: write them and set the coin aside, claim one, take lost ones back."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chain.errors import Malformed
from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, format_cents, ngettext, out
from wallet_cli.acting import acting, acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.commands.runs import terms_options
from wallet_cli.desk import Session, account_of, coin_of, converse, now_ms, profile_of

if TYPE_CHECKING:
    from governance_contracts.earmarks.lots import Terms
    from governance_contracts.payments.claim import Issue
    from wallet_cli.core.builder import Sheet
    from wallet_cli.letters import Addressee, Journal
    from wallet_cli.sending import Final

FOLDER = click.Path(path_type=Path, file_okay=False)


@console.group(name="claim", help=N_("Coin in letters, for people without an account."))
def group() -> None:
    pass


@group.command(name="letters", help=N_("Write a letter per line, and set the coin aside."))
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", "folder", required=True, metavar="DIR", type=FOLDER, help=N_("Where the letters go.")
)
@click.option("--sender", required=True, metavar="TEXT", help=N_("Who writes, as letters say it."))
@click.option(
    "--office", required=True, metavar="TEXT", help=N_("Name and address of the wijk's office.")
)
@click.option("--coin", metavar="CODE", help=N_("Which coin; default: the only one."))
@click.option("--purpose", metavar="CODE", help=N_("What for; default: GRANT, or EARM if bound."))
@terms_options
@click.option("--again", is_flag=True, help=N_("Write letters for the same file once more."))
@acting_command
def letters(
    settings: Settings,
    wallet: str | None,
    file: Path,
    folder: Path,
    sender: str,
    office: str,
    coin: str | None,
    purpose: str | None,
    regions: tuple[str, ...],
    categories: tuple[str, ...],
    expires: str | None,
    online_ok: bool,
    class_number: int | None,
    payees: tuple[str, ...],
    after: str | None,
    again: bool,
) -> None:
    from chain.money import Cents
    from governance_contracts.payments.claim import ClaimLine, Issue
    from wallet_cli import sending
    from wallet_cli.letters import digest_of, open_folder, read_addressees, read_journal
    from wallet_cli.runs import terms_of

    people = read_addressees(file)
    profile = profile_of(settings, wallet)
    group = tuple(account_of(profile, one) for one in payees)
    terms = terms_of(regions, categories, expires, online_ok, class_number, group, after)
    session = converse(settings, wallet)
    account = session.account()
    sending.require_one_signature(account)
    code = coin_of(account, coin)
    what = purpose or ("EARM" if terms and terms[0].kind == 2 else "GRANT")
    digest = digest_of(
        people,
        coin=code,
        purpose=what,
        issuer=session.acts_for.hex(),
        bound=[regions, categories, expires, online_ok, class_number],
    )
    open_folder(folder)
    journal = read_journal(folder)
    if journal is not None and journal.digest != digest:
        raise UserError(
            _("{folder} holds other letters; name a folder of its own for this file.").format(
                folder=folder
            ),
            Exit.USAGE,
        )
    if journal is not None and journal.done:
        text = _("These letters were written and paid for before; nothing was done.")
        out(settings, journal.told | {"done_before": True}, text)
        return
    begun = journal is not None
    if journal is None:
        journal = _new_journal(session, digest, people, terms)
    lines = tuple(
        ClaimLine(bytes.fromhex(key), Cents(one.amount))
        for key, one in zip(journal.keys, people, strict=True)
    )
    args = Issue(session.acts_for, code, lines, terms, what)
    _write_all(session, account, file, folder, journal, people, args, sender, office, again, begun)
    _issue(session, account, folder, journal, args)


def _new_journal(
    session: Session, digest: str, people: list[Addressee], terms: tuple[Terms, ...]
) -> Journal:
    from governance_contracts.payments.claims import CLAIM_MS, CODE_BYTES
    from wallet_cli.core.codes import claim_key
    from wallet_cli.letters import Journal

    codes = [os.urandom(CODE_BYTES) for _one in people]
    ends = max(now_ms(), session.status.time_ms) + CLAIM_MS
    for one in terms:
        ends = min((ends, *one.expires_ms))
    return Journal(
        digest,
        [code.hex() for code in codes],
        [claim_key(code).hex() for code in codes],
        [one.number for one in people],
        _day_of(ends).isoformat(),
    )


def _day_of(time_ms: int) -> date:
    """The last whole day before a moment, in the time of the Netherlands."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    moment = datetime.fromtimestamp((time_ms + 1) / 1000, ZoneInfo("Europe/Amsterdam"))
    return moment.date() - timedelta(days=1)


def _write_all(
    session: Session,
    account: Answer,
    file: Path,
    folder: Path,
    journal: Journal,
    people: list[Addressee],
    args: Issue,
    sender: str,
    office: str,
    again: bool,
    begun: bool,
) -> None:
    """Try the call, note the codes, then write the letters; all of it may be done twice."""
    from wallet_cli import sending
    from wallet_cli.acting import wrapped
    from wallet_cli.core import builder
    from wallet_cli.core.codes import write_code
    from wallet_cli.letter import Letter, draw_letter
    from wallet_cli.letters import keep_journal, letter_file, write
    from wallet_cli.runs import claim_run

    total = sum(one.amount for one in people)
    if not begun:
        call = checked_call(builder.call("claim", "issue", args), args)
        trial = sending.make_sheet(session, account, wrapped((call,)), trying=True)
        sending.dry_run(session.client, trial)
        keep_journal(folder, journal)
        told: Answer = {
            "lines": len(people),
            "amount": format_cents(total),
            "coin": args.coin,
            "tx_id": "?",
        }
        try:
            claim_run(session, journal.digest, file, told, again=again)
        except UserError:
            (folder / ".letters.json").unlink()
            raise
    bound = [code for one in args.terms for code in (*one.categories, *one.regions)]
    for one, code in zip(people, journal.codes, strict=True):
        page = draw_letter(
            Letter(
                one.to,
                sender,
                office,
                one.amount,
                args.coin,
                date.fromisoformat(journal.until),
                write_code(session.profile.prefix, bytes.fromhex(code)),
                ", ".join(bound),
            )
        )
        write(letter_file(folder, one.number), page.encode())


def _issue(session: Session, account: Answer, folder: Path, journal: Journal, args: Issue) -> None:
    """Send, or go on with what was sent; then forget the codes."""
    from wallet_cli.acting import told_of_proposal
    from wallet_cli.letters import keep_journal

    total = sum(int(line.amount) for line in args.lines)
    told: Answer = {
        "letters": len(args.lines),
        "amount_cents": total,
        "amount": format_cents(total),
        "coin": args.coin,
        "folder": str(folder),
        "until": journal.until,
    }
    text = _(
        "{letters} letters with {amount} {coin} are in {folder}. Print them and delete the files: "
        "who reads a code has the coin. What nobody claims comes back after {until}."
    ).format(**told)
    try:
        final = _sent(session, account, folder, journal, args)
        told |= final.as_json()
        if acting().board:
            fields, said = told_of_proposal(session, final.id.hex())
            told, text = told | fields, f"{text}\n{said}"
    except UserError as error:
        if error.name != "BadClaimKey" or error.fields.get("why") != "used":
            raise  # else: an earlier attempt set the coin aside under these very codes
    journal.done, journal.codes, journal.told = True, [], told
    keep_journal(folder, journal)
    out(session.settings, told, text)


def _sent(session: Session, account: Answer, folder: Path, journal: Journal, args: Issue) -> Final:
    from wallet_cli import sending
    from wallet_cli.acting import wrapped
    from wallet_cli.core import builder
    from wallet_cli.letters import keep_journal

    if journal.sheet is not None:
        sheet: Sheet = builder.sheet_from_json(journal.sheet)
        try:
            return sending.send(session.client, sheet)
        except UserError as error:
            if error.exit_code != Exit.REFUSED:
                raise
            if error.name not in ("Expired", "Replayed", "NumberTooOld", "Duplicate"):
                journal.sheet = None
                keep_journal(folder, journal)
                raise
    call = checked_call(builder.call("claim", "issue", args), args)
    sheet = sending.make_sheet(session, account, wrapped((call,)))
    journal.sheet = builder.sheet_as_json(sheet)
    keep_journal(folder, journal)
    return sending.send(session.client, sheet)


@group.command(name="take", help=N_("Claim what a letter holds, with its code."))
@click.argument("code", nargs=-1, required=True)
@DRY_RUN
@acting_command
def take(settings: Settings, wallet: str | None, code: tuple[str, ...], dry_run: bool) -> None:
    from chain import crypto
    from governance_contracts.payments.claim import Take
    from governance_contracts.payments.claims import claim_seed, claim_sign_bytes
    from wallet_cli.core import builder
    from wallet_cli.core.codes import claim_key, read_code

    profile = profile_of(settings, wallet)
    _address = profile.address
    try:
        read = read_code(profile.prefix, " ".join(code))
    except Malformed as error:
        raise UserError(
            _("This is not the code of a letter: {reason}.").format(reason=error), Exit.USAGE
        ) from None
    session = converse(settings, wallet)
    account = session.acts_for
    message = claim_sign_bytes(session.status.chain, session.status.epoch, account)
    args = Take(account, claim_key(read), crypto.sign(claim_seed(read), message))
    call = checked_call(builder.call("claim", "take", args), args)
    carry(session, session.account(), (call,), {}, _("What the letter held is yours."), dry_run)


@group.command(name="withdraw", help=N_("Take lost letters back before they are used."))
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option(
    "--line",
    "numbers",
    type=click.IntRange(1),
    multiple=True,
    required=True,
    help=N_("The letter of this line of the file; may be given again."),
)
@DRY_RUN
@acting_command
def withdraw(
    settings: Settings, wallet: str | None, folder: Path, numbers: tuple[int, ...], dry_run: bool
) -> None:
    from governance_contracts.payments.claim import Withdraw
    from wallet_cli.core import builder
    from wallet_cli.letters import read_journal

    journal = read_journal(folder)
    if journal is None:
        raise UserError(
            _("{folder} holds no letters that this wallet wrote.").format(folder=folder), Exit.USAGE
        )
    by_number = dict(zip(journal.numbers, journal.keys, strict=True))
    missing = [number for number in numbers if number not in by_number]
    if missing:
        raise UserError(
            _("There is no letter of line {number} in {folder}.").format(
                number=missing[0], folder=folder
            ),
            Exit.USAGE,
        )
    chosen = tuple(bytes.fromhex(by_number[number]) for number in sorted(set(numbers)))
    args = Withdraw(chosen)
    session = converse(settings, wallet)
    call = checked_call(builder.call("claim", "withdraw", args), args)
    told = {"letters": len(chosen)}
    text = ngettext(
        "The coin of {letters} letter is back.", "The coin of {letters} letters is back.",
        len(chosen),
    ).format(**told)  # fmt: skip
    carry(session, session.account(), (call,), told, text, dry_run)
