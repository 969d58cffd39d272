"""What is owed in a coin, put into a tree on demand: off the replica's thread, kept for a while.

The replica's thread only opens the tables at one height, which takes no longer than a balance;
they are read and hashed in a thread of the pool. One tree is built at a time, and an answer that
is fresh enough is given again, so that nobody can keep a node busy by asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from chain.codec import encode
from chain.ledger import KeyValue, Ledger
from chain.liabilities import PiecePath, SumTree
from governance_contracts.bank.books import REDEMPTIONS
from governance_contracts.coins.balances import SUPPLY, Supply
from governance_contracts.coins.liabilities import (
    TABLES,
    Form,
    Owed,
    Pairs,
    in_lots,
    in_purse,
    in_redemption,
    parts_of,
    supply_in,
    table_range,
)
from node.api.past import Overlay, TooLongAgo, ledger_at
from node.replica import Replica

FRESH_S = 60.0
"""So long a tree of the newest block answers who does not ask for a height."""
KEPT_MAX = 4
"""Trees kept, of all coins; 100,000 holders take some 70 MB."""


class NotYet(Exception):
    """There is no such block yet."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The tables of a coin at one height, not read yet. `tables` as in `TABLES`."""

    coin: str
    height: int
    supply: Supply
    tables: tuple[Pairs, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A coin's tree at a height. `redeeming`: each holder's redemptions under way."""

    coin: str
    height: int
    tree: SumTree
    redeeming: dict[bytes, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Mine:
    """One part of one holder, and where it stands in the tree. `record`: which of the holder's
    records it is in."""

    owed: Owed
    record: int
    paths: tuple[PiecePath, ...]


def open_tables(replica: Replica, coin: str, height: int | None) -> Opened:
    """In the replica's thread. Raises NotYet, TooLongAgo."""
    if height is not None and height > replica.ledger.tip.height:
        raise NotYet
    at = replica.ledger.tip.height if height is None else height
    ledger = ledger_at(replica.store, at)
    over = ledger.store.changes() if isinstance(ledger.store, Overlay) else {}
    tables = tuple(_opened(replica.store.pairs, number, over) for number in TABLES)
    supply = supply_in(ledger.stored(SUPPLY.number, SUPPLY.key(coin)))
    return Opened(coin, at, supply, tables)


def _opened(pairs: KeyValue, table: int, over: dict[bytes, bytes | None]) -> Pairs:
    """A table's records as they stand now, with changes in front of them. The store's iterator
    keeps what it saw when its first pair was taken, so that is taken here."""
    start, stop = table_range(table)
    found = pairs.scan(start, stop)
    first = next(found, None)
    changed = {key: value for key, value in over.items() if start <= key < stop}
    return _merged(found if first is None else chain((first,), found), changed)


def _merged(
    found: Iterator[tuple[bytes, bytes]], changed: dict[bytes, bytes | None]
) -> Iterator[tuple[bytes, bytes]]:
    for key, stored in found:
        value = changed.pop(key, stored)
        if value is not None:
            yield key[3:], value
    for key, value in changed.items():
        if value is not None:
            yield key[3:], value


def count(opened: Opened) -> Counted:
    """Read the tables and build the tree: seconds of work for 100,000 holders."""
    redeeming: dict[bytes, tuple[int, ...]] = {}

    def noted() -> Iterator[Owed]:
        purses, lots, redemptions = opened.tables
        for one in parts_of(opened.coin, purses, lots, redemptions, opened.supply):
            if one.form == Form.REDEEMING:
                redeeming[one.owner] = (*redeeming.get(one.owner, ()), one.number)
            yield one

    tree = SumTree(one.part for one in noted())
    return Counted(opened.coin, opened.height, tree, redeeming)


Records = list[tuple[int, bytes, bytes | None]]
"""Table, key and stored bytes; None: there is none."""


def records_of(ledger: Ledger, counted: Counted, owner: bytes) -> Records:
    """The records of all that this owner is owed; `ledger` at the tree's height."""
    purses, lots, redemptions = TABLES
    keys = [(purses, owner), (lots, owner)]
    keys += [(redemptions, REDEMPTIONS.key(n)) for n in counted.redeeming.get(owner, ())]
    return [(table, key, ledger.stored(table, key)) for table, key in keys]


def prove(counted: Counted, owner: bytes, records: Records) -> list[Mine]:
    """Every part of an owner with its place in the tree."""
    purses, lots, _redemptions = TABLES
    mine = []
    for number, (table, key, stored) in enumerate(records):
        one: Owed | None = None
        if stored is None:
            continue
        if table == purses:
            one = in_purse(counted.coin, owner, stored)
        elif table == lots:
            one = in_lots(counted.coin, owner, stored)
        else:
            one = in_redemption(counted.coin, int.from_bytes(key, "big"), stored)
        if one is not None and one.part.amount:
            mine.append(Mine(one, number, counted.tree.prove(one.part)))
    return mine


Read = Callable[[Callable[[Replica], Opened]], Awaitable[Opened]]


@dataclass(slots=True)
class Liabilities:
    """The trees of this node. `clock`: seconds, only for how long one is fresh."""

    clock: Callable[[], float]
    _kept: dict[tuple[str, int], Counted] = field(default_factory=dict)
    _newest: dict[str, tuple[float, int]] = field(default_factory=dict)
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    def kept(self, coin: str, height: int | None) -> Counted | None:
        """A tree that is there; without a height, one that is fresh."""
        if height is None:
            built_s, height = self._newest.get(coin, (0.0, -1))
            if height < 0 or self.clock() - built_s > FRESH_S:
                return None
        return self._kept.get((coin, height))

    async def at(self, coin: str, height: int | None, read: Read) -> Counted:
        """A coin's tree at a height, or a fresh one. `read` asks the replica.

        Raises NotYet, TooLongAgo.
        """
        async with self._building:
            found = self.kept(coin, height)
            if found is not None:
                return found
            opened = await read(lambda replica: open_tables(replica, coin, height))
            counted = await asyncio.to_thread(count, opened)
            self._kept.pop((coin, counted.height), None)
            self._kept[(coin, counted.height)] = counted
            while len(self._kept) > KEPT_MAX:
                del self._kept[next(iter(self._kept))]
            if height is None:
                self._newest[coin] = (self.clock(), counted.height)
            return counted

    def forget(self, counted: Counted) -> None:
        """Build this one again when it is asked for."""
        self._kept.pop((counted.coin, counted.height), None)


def path_hex(path: PiecePath) -> str:
    return encode(path).hex()


__all__ = [
    "Counted", "Liabilities", "Mine", "NotYet", "TooLongAgo", "count", "open_tables", "path_hex",
    "prove", "records_of",
]  # fmt: skip
