"""The auditor's balances against the state's tables: after each block, and in whole at the end."""

from __future__ import annotations

from auditor.authority import Note
from auditor.balances import FREE, Balances, Place
from auditor.wire import SALT, fields, stored
from chain.execution import Applied
from chain.ledger import KeyValue, Ledger, record_key
from genesis.texts import _

PURSES, SUPPLY, HELD_LOTS = 2, 61, 62


class Comparison:
    """Each difference is told when it arises or changes, not in every block after."""

    def __init__(self, balances: Balances, note: Note) -> None:
        self.balances = balances
        self.note = note
        self._off: dict[bytes, dict[Place, int]] = {}
        self._supply_off: dict[str, list[int]] = {}

    def block(self, applied: Applied, after: Ledger) -> None:
        """The accounts and coins that a block touched, here or in the state."""
        touched = self.balances.touched
        coins: dict[str, None] = {}
        for table, key in applied.draft.changes:
            if table in (PURSES, HELD_LOTS):
                touched[key] = None
            elif table == SUPPLY:
                coins[key.decode()] = None
        for account in touched:
            self._compare_account(after, account)
        touched.clear()
        for coin in coins:
            record = stored(after, SUPPLY, coin.encode())
            self._compare_supply(coin, record[1:8] if record else [0] * 7)

    def _compare_account(self, ledger: Ledger, account: bytes) -> None:
        state = in_state(ledger, account)
        mine = self.balances.held.get(account, {})
        if state == mine and account not in self._off:
            return
        off: dict[Place, int] = {}
        for coin, lot in sorted(mine.keys() | state.keys()):
            expected, found = mine.get((coin, lot), 0), state.get((coin, lot), 0)
            off[(coin, lot)] = found - expected
            if off[(coin, lot)] != self._off.get(account, {}).get((coin, lot), 0):
                message = _("Account {account}, {coin}, lot {lot}: not what receipts add up to.")
                self.note(
                    "balance",
                    message.format(account=account.hex(), coin=coin, lot=lot),
                    str(expected),
                    str(found),
                )
        self._off[account] = off

    def _compare_supply(self, coin: str, state: list[int]) -> None:
        mine = self.balances.form(coin)
        off = [a - b for a, b in zip(state, mine, strict=True)]
        if off != self._supply_off.get(coin, [0] * 7):
            message = _("The totals of {coin} are not what was made, unmade and moved.")
            self.note(
                "supply",
                message.format(coin=coin),
                " ".join(map(str, mine)),
                " ".join(map(str, state)),
            )
        self._supply_off[coin] = off
        held = self.balances.total(coin)
        made = self.balances.minted[coin] - self.balances.burned[coin]
        if held != made:
            message = _("{coin}: all accounts together do not hold what was made less unmade.")
            self.note("supply", message.format(coin=coin), str(made), str(held))

    def whole(self, ledger: Ledger, store: KeyValue) -> None:
        """Every account and every coin."""
        for account in sorted(accounts_in_state(store) | self.balances.held.keys()):
            self._compare_account(ledger, account)
        supplies = supplies_in_state(store)
        for coin in sorted(supplies.keys() | self.balances.minted.keys()):
            self._compare_supply(coin, supplies.get(coin, [0] * 7))


def in_state(ledger: Ledger, account: bytes) -> dict[Place, int]:
    """What the state says that an account holds."""
    found: dict[Place, int] = {}
    purse = stored(ledger, PURSES, account)
    for _tag, coin, amount in purse[2] if purse else ():
        found[(coin, FREE)] = amount
    held = stored(ledger, HELD_LOTS, account)
    for _tag, coin, lot, amount in held[1] if held else ():
        found[(coin, lot)] = amount
    return found


def accounts_in_state(store: KeyValue) -> set[bytes]:
    """Every account with a record of money."""
    return {
        key[3:]
        for table in (PURSES, HELD_LOTS)
        for key, _ in store.scan(record_key(table, b""), record_key(table + 1, b""))
    }


def supplies_in_state(store: KeyValue) -> dict[str, list[int]]:
    """By coin, in the order of `Balances.form`."""
    pairs = store.scan(record_key(SUPPLY, b""), record_key(SUPPLY + 1, b""))
    return {key[3:].decode(): fields(data[SALT:])[1:8] for key, data in pairs}
