"""The index: which receipts concern an account, and which headers change the seats.

A fold over committed blocks in a SQLite file beside the store. It can be deleted at any time and
is built again from the chain; nothing that decides anything reads it. It holds places only
(height and position): what happened is read from the receipts themselves.

All of SQLite happens in one thread of the index's own, several heights to a transaction.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from chain.certificate import Seat
from chain.codec import Record, decode, encode
from node.feed import Feed
from node.heights import Heard, first_kept, header_at, listen, recall, seats_named
from node.seam import NodeSeam

T = TypeVar("T")

SCHEMA = 1
POSITION_BITS = 15
"""A place is height << 15 | position; a height has at most 20,000 receipts."""
BATCH_HEIGHTS = 64
BATCH_ROWS = 5_000
SKIP_HEIGHTS = 1_000

TABLES = """
CREATE TABLE concerned (account BLOB, place INTEGER, PRIMARY KEY (account, place)) WITHOUT ROWID;
CREATE TABLE seat_change (height INTEGER PRIMARY KEY, seats BLOB);
CREATE TABLE reached (one INTEGER PRIMARY KEY, chain BLOB, height INTEGER, hash BLOB);
"""


class SeatsListed(Record, tag=1):
    seats: tuple[Seat, ...]


Reached = tuple[bytes, int, bytes]
"""Chain, height, and hash of the block at that height."""

log = logging.getLogger("socialcoin.index")


class Index:
    """`height`: up to which block everything is in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.height = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._settled = False
        self._chain = b""
        self._grown = asyncio.Event()
        self._connection = _connect(path)

    @classmethod
    def open(cls, path: Path) -> Index:
        """Open the file or make it. A damaged one, or one of another schema, is made anew."""
        try:
            return cls(path)
        except sqlite3.DatabaseError as error:
            log.warning("index_made_anew", extra={"reason": str(error)})
            _remove(path)
            return cls(path)

    def close(self) -> None:
        """Waits for the write that is under way."""
        self._thread.shutdown(wait=True)
        self._connection.close()

    async def follow(self, node: NodeSeam, feed: Feed) -> None:
        """Keep up with the chain until cancelled."""
        await feed.started.wait()
        while True:
            try:
                await self.catch_up(node, feed)
            except sqlite3.DatabaseError as error:
                log.warning("index_made_anew", extra={"reason": str(error)})
                await self._do(self._begin_again)
                await asyncio.sleep(1)
                continue
            await feed.beyond(self.height)

    async def catch_up(self, node: NodeSeam, feed: Feed) -> None:
        """Take in every height up to the feed's, from its ring or from the store."""
        if not self._settled:
            await self._settle(node)
        while self.height < feed.height:
            batch: list[Heard] = []
            rows, height = 0, self.height + 1
            while height <= feed.height and len(batch) < BATCH_HEIGHTS and rows < BATCH_ROWS:
                heard = feed.recent(height) or await self._recall(node, height)
                if heard is None:
                    stop = min(height + SKIP_HEIGHTS, feed.height + 1)
                    height = await node.read(lambda r, a=height, b=stop: first_kept(r, a, b))  # type: ignore[misc]
                    if not batch and height > feed.height:
                        return
                    continue
                batch.append(heard)
                rows += sum(map(len, heard.concerned.values()))
                height += 1
            if batch:
                await self.absorb(batch, await self._new_seats(node, batch))

    async def absorb(
        self, batch: Sequence[Heard], seats: dict[int, tuple[Seat, ...] | None]
    ) -> None:
        """Write heights, in order, in one transaction. `seats`: of those that change them."""
        reached = await self._do(lambda: self._write(batch, seats))
        self.height = reached
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def reached(self, height: int, timeout_s: float) -> bool:
        """Wait until the index has this height."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.height < height:
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    async def places(
        self, account: bytes, before: tuple[int, int] | None, limit: int
    ) -> list[tuple[int, int]]:
        """Heights and positions of an account's receipts, newest first, below `before`."""
        bound = 1 << 62 if before is None else _place(*before)
        query = "SELECT place FROM concerned WHERE account = ? AND place < ? ORDER BY place DESC"
        return await self._places(f"{query} LIMIT ?", account, bound, limit)

    async def places_after(self, account: bytes, height: int, limit: int) -> list[tuple[int, int]]:
        """The same from the block after `height` on, oldest first."""
        query = "SELECT place FROM concerned WHERE account = ? AND place >= ? ORDER BY place"
        return await self._places(f"{query} LIMIT ?", account, _place(height + 1, 0), limit)

    async def _places(self, query: str, *values: bytes | int) -> list[tuple[int, int]]:
        rows = await self._do(lambda: self._connection.execute(query, values).fetchall())
        return [(place >> POSITION_BITS, place & (1 << POSITION_BITS) - 1) for (place,) in rows]

    async def seat_changes(
        self, start: int, limit: int
    ) -> list[tuple[int, tuple[Seat, ...] | None]]:
        """Heights from `start` on whose header changes the seats, with the list it names."""
        query = "SELECT height, seats FROM seat_change WHERE height >= ? ORDER BY height LIMIT ?"
        values = (start, limit)
        rows = await self._do(lambda: self._connection.execute(query, values).fetchall())
        return [
            (height, None if seats is None else decode(SeatsListed, seats).seats)
            for height, seats in rows
        ]

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _recall(self, node: NodeSeam, height: int) -> Heard | None:
        found = await node.read(lambda r: recall(r, height))
        return None if found is None else await asyncio.to_thread(listen, *found)

    async def _new_seats(
        self, node: NodeSeam, batch: Sequence[Heard]
    ) -> dict[int, tuple[Seat, ...] | None]:
        found: dict[int, tuple[Seat, ...] | None] = {}
        for heard in batch:
            height, digest = heard.news.height, heard.next_seats
            if digest is not None:
                found[height] = await node.read(lambda r, h=height, d=digest: seats_named(r, h, d))  # type: ignore[misc]
        return found

    async def _settle(self, node: NodeSeam) -> None:
        """Does the file belong to this chain, as it stands now? Else begin again."""
        known = await self._do(self._read_reached)
        chain = await node.read(lambda r: r.ledger.tip.chain)
        if known is not None:
            _, height, digest = known
            found = await node.read(lambda r: recall(r, height) if header_at(r, height) else None)
            if known[0] == chain and found is not None and found[0].block_hash == digest:
                self.height = height
            else:
                log.warning("index_made_anew", extra={"reason": "another chain, or it went back"})
                await self._do(self._begin_again)
        self._chain = chain
        self._settled = True

    # In the thread.

    def _read_reached(self) -> Reached | None:
        row: Reached | None = self._connection.execute(
            "SELECT chain, height, hash FROM reached"
        ).fetchone()
        return row

    def _write(self, batch: Sequence[Heard], seats: dict[int, tuple[Seat, ...] | None]) -> int:
        rows = sorted(
            (account, _place(heard.news.height, position))
            for heard in batch
            for account, positions in heard.concerned.items()
            for position in positions
        )
        changes = [
            (height, None if listed is None else encode(SeatsListed(listed)))
            for height, listed in seats.items()
        ]
        last = batch[-1].news
        with self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO concerned VALUES (?, ?)", rows)
            connection.executemany("INSERT OR REPLACE INTO seat_change VALUES (?, ?)", changes)
            connection.execute(
                "INSERT OR REPLACE INTO reached VALUES (1, ?, ?, ?)",
                (self._chain, last.height, last.block_hash),
            )
        return last.height

    def _begin_again(self) -> None:
        self._connection.close()
        _remove(self.path)
        self._connection = _connect(self.path)
        self.height = 0
        self._settled = False


def _place(height: int, position: int) -> int:
    return height << POSITION_BITS | position


def _connect(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.DatabaseError for a file that is damaged or of another schema."""
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"{TABLES} PRAGMA user_version = {SCHEMA};")
        elif version != SCHEMA:
            raise sqlite3.DatabaseError(f"schema {version} where {SCHEMA} is expected")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
