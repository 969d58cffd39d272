"""The index: which receipts concern an account, and which headers change the seats.

A fold over committed blocks in a key-value store of its own beside the node's (LevelDB or LMDB, see
`node.keyvalue`). It can be deleted at any time and is built again from the chain; nothing that
decides anything reads it. It holds places only (height and position): what happened is read from
the receipts themselves.

Keys: `a` account place -> nothing; `s` height -> the seats that follow, where they change; `r` ->
how far it is. Numbers are eight bytes, big end first, so that keys are in the order of the chain.

All reading and writing happens in one thread of the index's own, several heights to a batch. A
batch is not waited for until it is on disk: what a power cut takes back is read from the chain.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from chain.block import header_hash
from chain.certificate import Seat
from chain.codec import Hash, Height, Record, decode, encode
from chain.errors import Malformed
from chain.ledger import Writes
from node.api.feed import Feed, hear
from node.api.heights import Heard, first_kept, header_at, recall, seats_named
from node.keyvalue import Engine, StoreBroken, open_engine
from node.seam import NodeSeam
from node.store import height_key

T = TypeVar("T")

SCHEMA = 2
"""Of the keys and of what stands behind them. An index of another schema is built anew."""
POSITION_BITS = 15
"""A place is height << 15 | position; a height has at most 20,000 receipts."""
PLACE_BYTES = 8
PLACE_MAX = (1 << PLACE_BYTES * 8) - 1
BATCH_HEIGHTS = 64
BATCH_ROWS = 5_000
SKIP_HEIGHTS = 1_000
AGAIN_S = 1.0

REACHED_KEY = b"r"


class Reached(Record, tag=SCHEMA):
    """Up to which block everything is in, and of which chain."""

    chain: Hash
    height: Height
    hash: Hash


class SeatsListed(Record, tag=1):
    """Empty: who the seats are was not kept any more."""

    seats: tuple[Seat, ...]


NewSeats = dict[int, tuple[Seat, ...] | None]
"""Of heights whose header changes the seats, the list it names; None if that is not kept."""

log = logging.getLogger("socialcoin.index")


class IndexDamaged(Exception):
    """What the index has on disk cannot be read. It is built anew with the next block."""


class Index:
    """`height`: up to which block everything is in."""

    def __init__(self, path: Path, kind: str = "") -> None:
        """Nothing is opened yet. `kind`: as in `node.keyvalue.open_engine`."""
        self.path = path
        self.height = 0
        self._kind = kind
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._settled = False
        self._damaged = False
        self._chain = b""
        self._grown = asyncio.Event()

    @classmethod
    def open(cls, path: Path, kind: str = "") -> Index:
        """Open the folder or make it; a damaged one is made anew. Raises StoreLocked, OSError,
        and StoreBroken if this kind of store cannot be had at all."""
        index = cls(path, kind)
        if path.exists() and not path.is_dir():
            index._remove("not a folder")
        try:
            index._opened()
        except StoreBroken as error:
            index._remove(str(error))
            index._opened()
        return index

    def close(self) -> None:
        """Waits for the write that is under way."""
        self._thread.shutdown(wait=True)
        self._let_go()

    async def follow(self, node: NodeSeam, feed: Feed) -> None:
        """Keep up with the chain until cancelled."""
        await feed.started.wait()
        while True:
            try:
                await self.catch_up(node, feed)
            except IndexDamaged:
                await asyncio.sleep(AGAIN_S)
                continue
            await feed.beyond(self.height)

    async def catch_up(self, node: NodeSeam, feed: Feed) -> None:
        """Take in every height up to the feed's, from its ring or from the store. Raises
        IndexDamaged; OSError if the disk refuses. After both, the next call begins afresh."""
        if not self._settled:
            await self._settle(node)
        while self.height < feed.height:
            batch: list[Heard] = []
            rows, height = 0, self.height + 1
            while height <= feed.height and len(batch) < BATCH_HEIGHTS and rows < BATCH_ROWS:
                heard = feed.recent(height) or await self._recall(node, height)
                if heard is None:
                    stop = min(height + SKIP_HEIGHTS, feed.height + 1)
                    height = await node.read(partial(first_kept, start=height, stop=stop))
                    if not batch and height > feed.height:
                        return
                    continue
                batch.append(heard)
                rows += sum(map(len, heard.concerned.values()))
                height += 1
            if batch:
                await self.absorb(batch, await self._new_seats(node, batch))

    async def absorb(self, batch: Sequence[Heard], seats: NewSeats) -> None:
        """Write heights, in order, in one batch. `seats`: of those that change them."""
        await self._do(lambda engine: engine.write_soon(self._writes(batch, seats)))
        self.height = batch[-1].news.height
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
        """Heights and positions of an account's receipts, newest first, below `before`. Raises
        IndexDamaged, OSError."""
        start = place_key(account, 0)
        bound = PLACE_MAX if before is None else min(_place(*before), PLACE_MAX)
        stop = place_key(account, bound)
        return await self._do(lambda engine: _places(engine.scan_back(start, stop), limit))

    async def places_after(self, account: bytes, height: int, limit: int) -> list[tuple[int, int]]:
        """The same from the block after `height` on, oldest first."""
        start = place_key(account, _place(height + 1, 0))
        stop = place_key(account, PLACE_MAX)
        return await self._do(lambda engine: _places(engine.scan(start, stop), limit))

    async def seat_changes(
        self, start: int, limit: int
    ) -> list[tuple[int, tuple[Seat, ...] | None]]:
        """Heights from `start` on whose header changes the seats, with the list it names. Raises
        IndexDamaged, OSError."""
        first, stop = height_key(b"s", start), height_key(b"s", PLACE_MAX)
        found = await self._do(lambda engine: list(islice(engine.scan(first, stop), limit)))
        return [
            (int.from_bytes(key[1:], "big"), decode(SeatsListed, data).seats or None)
            for key, data in found
        ]

    async def _do(self, work: Callable[[Engine], T]) -> T:
        """Work in the thread. What goes wrong there makes `catch_up` begin afresh."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._try, work)
        except StoreBroken as error:
            self._settled, self._damaged, self.height = False, True, 0
            raise IndexDamaged(str(error)) from None
        except OSError:
            self._settled = False
            raise

    async def _recall(self, node: NodeSeam, height: int) -> Heard | None:
        found = await node.read(lambda r: recall(r, height))
        return None if found is None else await hear(*found)

    async def _new_seats(self, node: NodeSeam, batch: Sequence[Heard]) -> NewSeats:
        found: NewSeats = {}
        for heard in batch:
            height, digest = heard.news.height, heard.next_seats
            if digest is not None:
                found[height] = await node.read(partial(seats_named, height=height, digest=digest))
        return found

    async def _settle(self, node: NodeSeam) -> None:
        """Find out how far the index is; begin again if it cannot be used."""
        self.height = 0
        self._chain = await node.read(lambda r: r.ledger.tip.chain)
        reason = "damaged" if self._damaged else await self._unfit(node)
        if reason:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._remove, reason)
            self._damaged = False
        self._settled = True

    async def _unfit(self, node: NodeSeam) -> str:
        """Why this index is not of the chain as it stands now; empty if it is."""
        data = await self._do(lambda engine: engine.get(REACHED_KEY))
        if data is None:
            return ""
        try:
            known = decode(Reached, data)
        except Malformed:
            return "of another schema"
        header = await node.read(lambda r: header_at(r, known.height))
        if known.chain != self._chain or header is None or header_hash(header) != known.hash:
            return "of another chain, or of one that went back"
        self.height = known.height
        return ""

    # In the thread.

    def _try(self, work: Callable[[Engine], T]) -> T:
        """An engine that failed is closed (LevelDB takes no more writes then); the next work
        opens it again."""
        try:
            return work(self._opened())
        except (StoreBroken, OSError):
            self._let_go()
            raise

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = open_engine(self.path, self._kind)
        return self._engine

    def _let_go(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _remove(self, reason: str) -> None:
        log.warning("index_made_anew", extra={"reason": reason})
        self._let_go()
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def _writes(self, batch: Sequence[Heard], seats: NewSeats) -> Writes:
        writes: Writes = []
        for heard in batch:
            first = _place(heard.news.height, 0)
            for account, positions in heard.concerned.items():
                for position in positions:
                    writes.append((place_key(account, first | position), b""))
        for height, listed in seats.items():
            writes.append((height_key(b"s", height), encode(SeatsListed(listed or ()))))
        last = batch[-1].news
        reached = Reached(self._chain, last.height, last.block_hash)
        writes.append((REACHED_KEY, encode(reached)))
        return writes


def place_key(account: bytes, place: int) -> bytes:
    return b"a" + account + place.to_bytes(PLACE_BYTES, "big")


def _place(height: int, position: int) -> int:
    return height << POSITION_BITS | position


def _places(pairs: Iterator[tuple[bytes, bytes]], limit: int) -> list[tuple[int, int]]:
    places = [int.from_bytes(key[-PLACE_BYTES:], "big") for key, _ in islice(pairs, limit)]
    return [(place >> POSITION_BITS, place & (1 << POSITION_BITS) - 1) for place in places]
