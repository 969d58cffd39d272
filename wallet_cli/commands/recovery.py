"""Guardians and recovery: a lost or stolen phone, and the account on a new one.

The new phone makes a wallet of the same account (`wallet new`, `wallet join --account ADDRESS`)
and prints its keys (`wallet registration`). A guardian, or a registrar, opens the recovery with
that file; others approve. The holder, if a key is left, can veto. When it is done, the new phone
learns its key's number with `wallet join --key-number`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _, out
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer, ApiError
from wallet_cli.commands.pay import DRY_RUN, carry, checked_call
from wallet_cli.commands.registry import read_json
from wallet_cli.desk import Session, account_of, converse, wallet_command

if TYPE_CHECKING:
    from chain.codec import Record
    from governance_contracts.people.keys import NewKey


@console.group(name="guardian", help=N_("Who may give your account new keys, if you lose yours."))
def guardian() -> None:
    pass


@console.group(name="recovery", help=N_("Give an account new keys: its phone is lost or stolen."))
def recovery() -> None:
    pass


OFFICE = click.option(
    "--office", metavar="WIJK", help=N_("As registrar of this wijk; default: as a guardian.")
)


def make(session: Session, method: str, args: Record, told: Answer, text: str, dry: bool) -> None:
    from wallet_cli.core import builder

    call = checked_call(builder.call("recovery", method, args), args)
    carry(session, session.account(), (call,), told, text, dry)


def recovery_of(session: Session, address: str) -> Answer:
    """Raises UserError (usage): an account of which this wallet may not know it."""
    try:
        return session.client.get(f"/v1/accounts/{session.profile.address}/recoveries/{address}")
    except ApiError as error:
        if error.status != 404:
            raise
        raise UserError(
            _("You are no guardian of {who}, nor does your office answer for it.").format(
                who=address
            ),
            Exit.USAGE,
        ) from None


# Guardians.


@guardian.command(name="set", help=N_("Name guardians: people, or offices of wijken."))
@click.argument("people", nargs=-1, metavar="ADDRESS...")
@click.option("--office", "offices", multiple=True, metavar="WIJK", help=N_("A wijk's office."))
@click.option("--needed", type=click.IntRange(2, 7), default=2, show_default=True,
              help=N_("How many of them must agree."))  # fmt: skip
@click.option("--none", "nobody", is_flag=True, help=N_("No guardians; two registrars do it."))
@DRY_RUN
@acting_command
def set_guardians(
    settings: Settings,
    wallet: str | None,
    people: tuple[str, ...],
    offices: tuple[str, ...],
    needed: int,
    nobody: bool,
    dry_run: bool,
) -> None:
    from governance_contracts.recovery.guardians import SetGuardians
    from governance_contracts.recovery.recoveries import NAMING_MS

    if nobody == bool(people or offices):
        raise UserError(_("Name guardians, or say --none."), Exit.USAGE)
    session = converse(settings, wallet)
    args = SetGuardians(
        session.acts_for,
        tuple(sorted({account_of(session.profile, one) for one in people})),
        tuple(sorted(set(offices))),
        0 if nobody else needed,
    )
    told: Answer = {"people": list(people), "offices": list(args.offices), "k": args.k}
    text = _(
        "Noted; it counts {days} days from now. `wallet guardian show` says the moment."
    ).format(days=NAMING_MS // 86_400_000)
    make(session, "set_guardians", args, told, text, dry_run)


@guardian.command(name="show", help=N_("Your guardians."))
@wallet_command
def show_guardians(settings: Settings, wallet: str | None) -> None:
    session = converse(settings, wallet)
    found = recovery_of(session, session.profile.address)
    lines = _guardian_lines(found)
    out(settings, found, "\n".join(lines))


def _guardian_lines(found: Answer) -> list[str]:
    from wallet_cli.sending import clock

    lines = []
    now, later = found["guardians"], found["to_come"]
    if now is None:
        lines.append(_("No guardians: two registrars of different wijken, and 14 days."))
    else:
        lines.append(_line_of(now))
    if later is not None:
        when = clock(later["from_ms"])
        lines.append(_("From {when} on:").format(when=when) + " " + _line_of(later))
    return lines


def _line_of(one: Answer) -> str:
    if not one["k"]:
        return _("no guardians")
    offices = [_("office of {wijk}").format(wijk=wijk) for wijk in one["offices"]]
    return _("{k} of: {who}").format(k=one["k"], who=", ".join([*one["people"], *offices]))


# A recovery.


@recovery.command(name="open", help=N_("Open a recovery, with what the new phone prints."))
@click.argument("address")
@click.argument("file", metavar="FILE|-")
@click.option("--threshold", type=click.IntRange(1, 16), default=1, show_default=True)
@OFFICE
@DRY_RUN
@acting_command
def open_(
    settings: Settings,
    wallet: str | None,
    address: str,
    file: str,
    threshold: int,
    office: str | None,
    dry_run: bool,
) -> None:
    """FILE: what `wallet registration` prints on the new phone, in a wallet of that account."""
    from governance_contracts.recovery.recovery import Open

    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    keys = keys_of(file, account)
    args = Open(account, _wijk(office), keys, threshold)
    told: Answer = {"account": address, "keys": [key.key.hex() for key in keys]}
    text = _(
        "The recovery of {who} is open; others approve it, and `wallet recovery status` shows how "
        "it stands. The holder was told."
    ).format(who=address)
    make(session, "open", args, told, text, dry_run)


def keys_of(file: str, account: bytes) -> tuple[NewKey, ...]:
    """The keys that a registration prints. Raises UserError (usage)."""
    from chain.account import KeyRole
    from governance_contracts.people.keys import NewKey

    data = read_json(file, _("what `wallet registration` prints"))
    try:
        theirs = bytes.fromhex(data["account"])
        keys = tuple(
            NewKey(bytes.fromhex(one["key"]), KeyRole.FULL, (), bytes.fromhex(one["proof"]))
            for one in data["keys"]
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(
            _("{file} is not a registration as `wallet registration` prints it.").format(file=file),
            Exit.USAGE,
        ) from None
    if theirs != account:
        raise UserError(
            _(
                "{file} is for another account. On the new phone, let the wallet join this one: "
                "`wallet join --account ADDRESS`."
            ).format(file=file),
            Exit.USAGE,
        )
    return keys


def _wijk(office: str | None) -> tuple[str, ...]:
    return () if office is None else (office,)


@recovery.command(name="approve", help=N_("Approve a recovery, as guardian or registrar."))
@click.argument("address")
@OFFICE
@DRY_RUN
@acting_command
def approve(
    settings: Settings, wallet: str | None, address: str, office: str | None, dry_run: bool
) -> None:
    from governance_contracts.recovery.recovery import Approve

    session = converse(settings, wallet)
    args = Approve(account_of(session.profile, address), _wijk(office))
    text = _("You approved the recovery of {who}.").format(who=address)
    make(session, "approve", args, {"account": address}, text, dry_run)


@recovery.command(name="confirm", help=N_("A registrar saw the holder; for a second attempt."))
@click.argument("address")
@click.option("--office", required=True, metavar="WIJK", help=N_("The wijk of your own office."))
@DRY_RUN
@acting_command
def confirm(
    settings: Settings, wallet: str | None, address: str, office: str, dry_run: bool
) -> None:
    from governance_contracts.recovery.recovery import Confirm

    session = converse(settings, wallet)
    args = Confirm(account_of(session.profile, address), office)
    text = _("You confirmed that you saw the holder of {who}.").format(who=address)
    make(session, "confirm", args, {"account": address}, text, dry_run)


@recovery.command(name="veto", help=N_("End a recovery that you did not ask for."))
@click.option("--of", metavar="ADDRESS", help=N_("Whose; default: your own. For administrators."))
@DRY_RUN
@acting_command
def veto(settings: Settings, wallet: str | None, of: str | None, dry_run: bool) -> None:
    from governance_contracts.recovery.recovery import Veto

    session = converse(settings, wallet)
    account = account_of(session.profile, of) if of else session.profile.account
    text = _(
        "The recovery has ended. If your phone was in other hands, ask your office to freeze the "
        "account: the next attempt needs two registrars who see you."
    )
    told: Answer = {"account": of or session.profile.address}
    make(session, "veto", Veto(account), told, text, dry_run)


@recovery.command(name="status", help=N_("How a recovery stands."))
@click.argument("address", required=False)
@wallet_command
def status(settings: Settings, wallet: str | None, address: str | None) -> None:
    session = converse(settings, wallet)
    found = recovery_of(session, address or session.profile.address)
    out(settings, found, "\n".join(_status_lines(found)))


def _status_lines(found: dict[str, Any]) -> list[str]:
    from wallet_cli.sending import clock

    lines = _guardian_lines(found)
    attempt = found["attempt"]
    if attempt is None:
        lines.append(_("No recovery is under way."))
        if found["second"]:
            lines.append(_("The next attempt needs two registrars who see the holder."))
        elif found["next_opening_ms"]:
            when = clock(found["next_opening_ms"])
            lines.append(_("One can be opened from {when} on.").format(when=when))
        return lines
    lines.append(
        _("Attempt {attempt}: {count} of {needed} approvals.").format(
            attempt=attempt["attempt"], count=len(attempt["approvals"]), needed=attempt["needed"]
        )
    )
    when = clock(attempt["until_ms"])
    if attempt["blocks"] and len(attempt["approvals"]) < attempt["needed"]:
        said = _(
            "Payments are stopped; if {needed} approve before {when}, the new keys count then."
        )
        lines.append(said.format(needed=attempt["needed"], when=when))
    elif attempt["blocks"]:
        lines.append(_("Payments are stopped; the new keys count from {when}.").format(when=when))
    else:
        lines.append(
            _("{count} of 2 registrars saw the holder; until {when} it blocks nothing.").format(
                count=len(attempt["confirmed"]), when=when
            )
        )
    lines += [_("New key: {key}").format(key=key) for key in attempt["keys"]]
    return lines


@recovery.command(name="card", help=N_("Issue an emergency card: 25 a day, 100 in all."))
@click.argument("address")
@click.argument("file", metavar="FILE|-")
@DRY_RUN
@acting_command
def card(settings: Settings, wallet: str | None, address: str, file: str, dry_run: bool) -> None:
    """FILE: what `wallet registration` prints in the card's own wallet of that account."""
    from governance_contracts.recovery.locking import IssueCard

    session = converse(settings, wallet)
    account = account_of(session.profile, address)
    keys = keys_of(file, account)
    if len(keys) != 1:
        raise UserError(_("A card has one key; {file} has more.").format(file=file), Exit.USAGE)
    args = IssueCard(account, keys[0].key, keys[0].proof)
    text = _(
        "The card is issued. Its wallet learns its number with `wallet join --key-number`; "
        "`wallet recovery status` shows it."
    )
    make(session, "issue_card", args, {"account": address, "key": args.key.hex()}, text, dry_run)


COMMANDS = (guardian, recovery)
