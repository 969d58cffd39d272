"""What the desk attests and decides of an account: uniqueness, voters, minors, freezes, registrars.

Commands of the group `wallet registry` (commands_registry.py).
"""

from __future__ import annotations

import click

from genesis.console import N_, Exit, Settings, UserError, _
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN
from wallet_cli.commands.registry import group, make
from wallet_cli.desk import account_of, converse

BANDS = {"under-13": 1, "13-15": 2, "16-17": 3}

# One call about one account.


def about_one(name: str, method: str, help: str, text: str) -> None:
    """A command of the desk that takes an address and nothing else."""

    @group.command(name=name, help=help)
    @click.argument("address")
    @DRY_RUN
    @acting_command
    def command(settings: Settings, wallet: str | None, address: str, dry_run: bool) -> None:
        from wallet_cli.core.arguments import find_method

        session = converse(settings, wallet)
        args = find_method("registry", method).args(account_of(session.profile, address))
        make(session, method, args, {"account": address}, _(text).format(who=address), dry_run)


about_one(
    "unique", "attest_unique", N_("Begin the uniqueness check; another office confirms it."),
    N_("You attest that {who} is entered once; a registrar of another wijk confirms it."),
)  # fmt: skip
about_one(
    "withdraw-unique", "withdraw_unique", N_("Take a uniqueness check back."),
    N_("{who} no longer counts as checked."),
)  # fmt: skip
about_one(
    "voter", "attest_voter", N_("Attest that somebody may vote."), N_("{who} is a voter.")
)  # fmt: skip
about_one(
    "withdraw-voter", "withdraw_voter", N_("Take somebody off the voters."),
    N_("{who} is no voter any more."),
)  # fmt: skip
about_one(
    "adult", "lift_minority", N_("Somebody came of age; parents' mandates end."),
    N_("{who} has come of age."),
)  # fmt: skip
about_one(
    "renew-freeze", "renew_freeze", N_("Freeze for another 14 days; the board decides."),
    N_("{who} stays frozen."),
)  # fmt: skip
about_one("unfreeze", "unfreeze", N_("End a freeze."), N_("{who} pays again."))
about_one("close", "close", N_("Close an account."), N_("{who} is closed."))


@group.command(name="confirm-unique", help=N_("Confirm another office's uniqueness check."))
@click.argument("address")
@click.option("--wijk", required=True, metavar="CODE", help=N_("The wijk of your own office."))
@DRY_RUN
@acting_command
def confirm_unique(
    settings: Settings, wallet: str | None, address: str, wijk: str, dry_run: bool
) -> None:
    from governance_contracts.people.attestations import ConfirmUnique

    session = converse(settings, wallet)
    args = ConfirmUnique(wijk, account_of(session.profile, address))
    text = _("{who} is checked unique.").format(who=address)
    make(session, "confirm_unique", args, {"account": address, "wijk": wijk}, text, dry_run)


@group.command(name="minor", help=N_("Enter a minor's age band and parents; a parent signs too."))
@click.argument("address")
@click.option("--age", type=click.Choice(tuple(BANDS)), required=True)
@click.option("--parent", "parents", metavar="ADDRESS", multiple=True, required=True)
@DRY_RUN
@acting_command
def minor(
    settings: Settings,
    wallet: str | None,
    address: str,
    age: str,
    parents: tuple[str, ...],
    dry_run: bool,
) -> None:
    from governance_contracts.people.minority import AttestMinor

    session = converse(settings, wallet)
    of_age = tuple(sorted({account_of(session.profile, one) for one in parents}))
    args = AttestMinor(account_of(session.profile, address), BANDS[age], of_age)
    told: Answer = {"account": address, "age": age, "parents": list(parents)}
    text = _("{who} is entered as a minor, {age}.").format(who=address, age=age)
    make(session, "attest_minor", args, told, text, dry_run)


@group.command(name="chores", help=N_("Say for which activities 13 to 15-year-olds may be paid."))
@click.argument("wijk")
@click.argument("activities", nargs=-1, metavar="CODE...")
@DRY_RUN
@acting_command
def chores(
    settings: Settings, wallet: str | None, wijk: str, activities: tuple[str, ...], dry_run: bool
) -> None:
    """The board decides: use it with --as-board."""
    from governance_contracts.people.minority import SetChores

    session = converse(settings, wallet)
    listed = tuple(sorted(set(activities)))
    told: Answer = {"wijk": wijk, "activities": list(listed)}
    text = _("Chores for young people in {wijk}: {listed}.").format(
        wijk=wijk, listed=", ".join(listed) or "-"
    )
    make(session, "set_chores", SetChores(wijk, listed), told, text, dry_run)


@group.command(name="freeze", help=N_("Stop what an account pays out, for 14 days."))
@click.argument("address")
@click.option("--reason", required=True, metavar="CODE", help=N_("Why: a code from the list."))
@DRY_RUN
@acting_command
def freeze(
    settings: Settings, wallet: str | None, address: str, reason: str, dry_run: bool
) -> None:
    from governance_contracts.people.lifecycle import FREEZE_REASONS, FreezeAccount

    if reason not in FREEZE_REASONS:
        raise UserError(
            _("{reason} is no reason for a freeze; there are {listed}.").format(
                reason=reason, listed=", ".join(FREEZE_REASONS)
            ),
            Exit.USAGE,
        )
    session = converse(settings, wallet)
    args = FreezeAccount(account_of(session.profile, address), reason)
    text = _("{who} is frozen for 14 days.").format(who=address)
    make(session, "freeze", args, {"account": address, "reason": reason}, text, dry_run)


# Who serves at the desk.


def about_the_desk(name: str, method: str, help: str, text: str) -> None:
    @group.command(name=name, help=help)
    @click.argument("wijk")
    @click.argument("address")
    @DRY_RUN
    @acting_command
    def command(
        settings: Settings, wallet: str | None, wijk: str, address: str, dry_run: bool
    ) -> None:
        from wallet_cli.core.arguments import find_method

        session = converse(settings, wallet)
        args = find_method("registry", method).args(wijk, account_of(session.profile, address))
        told: Answer = {"wijk": wijk, "account": address}
        make(session, method, args, told, _(text).format(who=address, wijk=wijk), dry_run)


about_the_desk(
    "delegate", "delegate_registrar", N_("Name a registrar; the board decides (--as-board)."),
    N_("{who} is a registrar of {wijk}."),
)  # fmt: skip
about_the_desk(
    "end-registrar", "end_registrar", N_("End a registrar's task; the board decides."),
    N_("{who} is no registrar of {wijk} any more."),
)  # fmt: skip


COMMANDS = (group,)
