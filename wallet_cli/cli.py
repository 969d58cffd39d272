"""`socialcoin wallet`: the group; its commands live by topic in the `commands_*` modules."""

from __future__ import annotations

from genesis import console
from genesis.console import N_
from wallet_cli import (
    commands_alias,
    commands_benefit,
    commands_board,
    commands_claim,
    commands_coin,
    commands_coins,
    commands_counted,
    commands_desk,
    commands_earmark,
    commands_endings,
    commands_estate,
    commands_keys,
    commands_mandates,
    commands_new,
    commands_offline_fund,
    commands_pay,
    commands_read,
    commands_recovery,
    commands_recurring,
    commands_redemption,
    commands_reserve,
    commands_rotation,
    commands_runs,
    commands_tx,
    commands_undo,
)


@console.group(help=N_("Keys, payments and receipts of a resident or a shop."))
def group() -> None:
    pass


for _command in (
    *commands_new.COMMANDS,
    *commands_keys.COMMANDS,
    *commands_read.COMMANDS,
    *commands_redemption.COMMANDS,
    *commands_counted.COMMANDS,
    *commands_pay.COMMANDS,
    *commands_coin.COMMANDS,
    *commands_coins.COMMANDS,
    *commands_endings.COMMANDS,
    *commands_runs.COMMANDS,
    *commands_board.COMMANDS,
    *commands_mandates.COMMANDS,
    *commands_rotation.COMMANDS,
    *commands_desk.COMMANDS,
    *commands_recovery.COMMANDS,
    *commands_estate.COMMANDS,
    commands_offline_fund.group,
    commands_reserve.group,
    *commands_undo.COMMANDS,
    commands_undo.mistake,
    commands_recurring.group,
    commands_claim.group,
    commands_alias.group,
    commands_benefit.group,
    commands_earmark.group,
    commands_tx.group,
):
    group.add_command(_command)

for _command in commands_redemption.FOR_RESERVE:
    commands_reserve.group.add_command(_command)
