"""Is all that this account holds counted in what the reserve owes? Judged from a node's answer.

Believed is only the header, which the light client has judged. Under it stand the account's
records and the coin's supply; from the records follow the parts that must be in the tree, and the
supply is what the tree must add up to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chain.account import PURSES
from chain.block import Header
from chain.codec import decode
from chain.errors import Malformed
from chain.liabilities import PiecePath, check
from chain.light import read_record
from chain.state import TABLES
from chain.tree import Proof
from governance_contracts.bank.books import REDEMPTIONS
from governance_contracts.coins.balances import HELD_LOTS, SUPPLY, total_of
from governance_contracts.coins.liabilities import (
    Form,
    Owed,
    in_lots,
    in_purse,
    in_redemption,
    supply_in,
)
from wallet_cli.core.verify import hex_of


@dataclass(frozen=True, slots=True)
class Counted:
    """What was proved. Cents. `redeeming`: redemptions under way, by number."""

    coin: str
    root: bytes
    total: int
    count: int
    free: int
    bound: int
    redeeming: dict[int, int]

    @property
    def mine(self) -> int:
        return self.free + self.bound + sum(self.redeeming.values())


def check_counted(header: Header, account: bytes, coin: str, answer: Any) -> Counted:
    """Raises Malformed: another coin or height, a record missing or not proved, a total that is
    not the supply, a part that is not in the tree."""
    if not isinstance(answer, dict) or answer.get("coin") != coin:
        raise Malformed("the proof is of another coin")
    if answer.get("height") != header.height:
        raise Malformed("the proof is of another height")
    root, total, count = (
        hex_of(answer, "root"),
        _number(answer, "total_cents"),
        _number(answer, "count"),
    )
    records = _proved_records(header, answer.get("records"))
    supply = supply_in(_record(records, SUPPLY.number, SUPPLY.key(coin)))
    if total_of(supply) != total:
        raise Malformed("the tree does not add up to the coin's supply")
    expected = _expected(records, account, coin)
    shown = answer.get("parts")
    if not isinstance(shown, list):
        raise Malformed("a list of parts was expected")
    for owed in expected:
        if not check(root, total, count, owed.part, _paths(shown, owed)):
            raise Malformed(f"{owed.form.name.lower()} coin of this account is not in the tree")
    return Counted(
        coin,
        root,
        total,
        count,
        sum(o.part.amount for o in expected if o.form == Form.FREE),
        sum(o.part.amount for o in expected if o.form == Form.BOUND),
        {o.number: o.part.amount for o in expected if o.form == Form.REDEEMING},
    )


Records = dict[tuple[int, bytes], bytes | None]


def _proved_records(header: Header, listed: Any) -> Records:
    if not isinstance(listed, list):
        raise Malformed("a list of records was expected")
    found: Records = {}
    for entry in listed:
        number = entry.get("table") if isinstance(entry, dict) else None
        if number not in (PURSES.number, HELD_LOTS.number, REDEMPTIONS.number, SUPPLY.number):
            raise Malformed("a record of another table")
        key = hex_of(entry, "key")
        stored = None if entry.get("stored") is None else hex_of(entry, "stored")
        proof = decode(Proof, hex_of(entry, "proof"))
        read_record(header, TABLES[number], key, stored, proof)
        found[(number, key)] = stored
    return found


def _record(records: Records, table: int, key: bytes) -> bytes | None:
    """Raises Malformed if the node left it out; None if it proved that there is none."""
    if (table, key) not in records:
        raise Malformed(f"the node gave no proof for table {TABLES[table].name!r}")
    return records[(table, key)]


def _expected(records: Records, account: bytes, coin: str) -> list[Owed]:
    """The parts that the account's own records make."""
    found = []
    purse = _record(records, PURSES.number, account)
    if purse is not None:
        found.append(in_purse(coin, account, purse))
    lots = _record(records, HELD_LOTS.number, account)
    if lots is not None:
        found.append(in_lots(coin, account, lots))
    for (table, key), stored in records.items():
        if table == REDEMPTIONS.number and stored is not None:
            one = in_redemption(coin, int.from_bytes(key, "big"), stored)
            if one is not None and one.owner == account:
                found.append(one)
    return found


def _paths(shown: list[Any], owed: Owed) -> list[PiecePath]:
    for entry in shown:
        if not isinstance(entry, dict):
            continue
        if (entry.get("form"), entry.get("number")) == (owed.form.name.lower(), owed.number):
            listed = entry.get("paths")
            if isinstance(listed, list) and all(isinstance(path, str) for path in listed):
                try:
                    return [decode(PiecePath, bytes.fromhex(path)) for path in listed]
                except ValueError:
                    break
    return []


def _number(answer: Any, name: str) -> int:
    value = answer.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"the node's answer has no good {name!r}")
    return value
