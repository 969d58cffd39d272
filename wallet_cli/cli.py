"""`socialcoin wallet`: the group; its commands live by topic in `wallet_cli/commands/`.

A command is imported when it is called, so that one starts fast however many there are; the help
imports all.
"""

from __future__ import annotations

from importlib import import_module

import click

from genesis import console
from genesis.console import N_

COMMANDS = {
    "accept": "coin:accept",
    "address": "keys:address",
    "alias": "alias:group",
    "balance": "read:balance",
    "benefit": "benefit:group",
    "board": "board:group",
    "boards": "board:together",
    "cancel-redemption": "redemption:cancel",
    "change-keys": "rotation:change_keys",
    "claim": "claim:group",
    "coin": "endings:group",
    "counted": "counted:counted",
    "destination": "redemption:destination",
    "earmark": "earmark:group",
    "exchange": "coins:exchange",
    "export": "keys:export",
    "guardian": "recovery:guardian",
    "history": "read:history",
    "import-many": "new:import_many",
    "join": "new:join",
    "life": "estate:group",
    "list": "keys:list_wallets",
    "mandate": "mandates:group",
    "mistake": "undo:mistake",
    "new": "new:new",
    "offline": "offline_fund:group",
    "passphrase": "keys:passphrase",
    "pay": "pay:pay",
    "pay-request": "pay:pay_request",
    "payout": "runs:payout",
    "receipt": "read:receipt",
    "recovery": "recovery:recovery",
    "recurring": "recurring:group",
    "redeem": "coin:redeem",
    "refund": "coin:refund",
    "registration": "keys:registration",
    "registry": "desk:group",
    "request": "pay:request",
    "reserve": "reserve:group",
    "restore": "new:restore",
    "reverse": "undo:reverse",
    "show": "keys:show",
    "tx": "tx:group",
}
"""Name: its module in `wallet_cli.commands` and what it is called there. A group that several
modules add to is named where the last of them is."""


class LazyCommands(console.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        module, _colon, name = where.partition(":")
        found = getattr(import_module(f"wallet_cli.commands.{module}"), name)
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=N_("Keys, payments and receipts of a resident or a shop."),
)
def group() -> None:
    pass
