"""`wallet change-keys`: the keys of one's own account."""

from __future__ import annotations

import click

from genesis import console
from genesis.console import N_, Exit, Settings, UserError, _
from wallet_cli.acting import acting_command
from wallet_cli.client import Answer
from wallet_cli.commands.pay import DRY_RUN
from wallet_cli.commands.registry import make, read_json
from wallet_cli.desk import converse


@click.command(
    name="change-keys", cls=console.Command, help=N_("Add and remove keys of your account.")
)
@click.option(
    "--add", "files", metavar="FILE|-", multiple=True,
    help=N_("A new key: what `wallet registration` prints in a wallet of this account."),
)  # fmt: skip
@click.option("--remove", "removed", type=click.IntRange(0, 65_535), multiple=True)
@click.option("--threshold", type=click.IntRange(1, 16), help=N_("How many keys must sign."))
@click.option("--till-place", type=click.IntRange(1, 65_535), help=N_("The new keys are a till's."))
@DRY_RUN
@acting_command
def change_keys(
    settings: Settings,
    wallet: str | None,
    files: tuple[str, ...],
    removed: tuple[int, ...],
    threshold: int | None,
    till_place: int | None,
    dry_run: bool,
) -> None:
    from chain.account import KeyRole
    from governance_contracts.people.keys import ChangeKeys, NewKey

    if not (files or removed or threshold):
        raise UserError(_("What changes? Give --add, --remove or --threshold."), Exit.USAGE)
    place = () if till_place is None else (till_place,)
    role = KeyRole.TILL if place else KeyRole.FULL
    added = []
    for file in files:
        data = read_json(file, _("what `wallet registration` prints"))
        try:
            added += [
                NewKey(bytes.fromhex(one["key"]), role, place, bytes.fromhex(one["proof"]))
                for one in data["keys"]
            ]
        except (KeyError, TypeError, ValueError):
            raise UserError(
                _("{file} is not a registration as `wallet registration` prints it.").format(
                    file=file
                ),
                Exit.USAGE,
            ) from None
    session = converse(settings, wallet)
    account = session.account()
    args = ChangeKeys(
        session.acts_for,
        tuple(added),
        tuple(sorted(set(removed))),
        threshold or int(account["account"]["threshold"]),
    )
    told: Answer = {
        "added": [one.key.hex() for one in added],
        "removed": list(args.removed),
        "threshold": args.threshold,
    }
    make(session, "change_keys", args, told, _("The keys of your account have changed."), dry_run)


COMMANDS = (change_keys,)
