"""The feed: each committed height once, in order, for everybody who listens.

It pulls, nothing is pushed into it: a commit never waits for the feed, and the feed never waits
for a listener. Listeners ask for heights by number. The latest are at hand in a bounded ring; who
has fallen behind that reads from the store.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import msgspec

from chain.block import Receipt
from node.api.heights import Heard, listen, recall
from node.seam import News, NodeSeam

RING_HEIGHTS = 512
RING_TRANSACTIONS = 4_000
"""What the ring holds at most, so that big blocks do not fill the memory."""

WAITERS_MAX = 10_000
AT_ONCE_BYTES = 32_768
AT_ONCE_RECEIPTS = 128
"""A block up to both is read at once (about 0.2 ms): a thread would not be free either."""


class Final(msgspec.Struct, frozen=True):
    """Where a transaction was decided, and how."""

    height: int
    time_ms: int
    receipt: Receipt


async def hear(news: News, block: bytes) -> Heard:
    """Find whom a height concerns, beside the event loop if that takes long."""
    if len(block) <= AT_ONCE_BYTES and len(news.receipts) <= AT_ONCE_RECEIPTS:
        return listen(news, block)
    return await asyncio.to_thread(listen, news, block)


class Feed:
    """`height` is the latest that was heard. Everything here belongs to the event loop."""

    def __init__(self, node: NodeSeam, told: Callable[[News], None] = lambda news: None) -> None:
        """`told` is called with every height."""
        self._node = node
        self._told = told
        self.height = 0
        self.time_ms = 0
        self.started = asyncio.Event()
        self._ring: OrderedDict[int, Heard] = OrderedDict()
        self._finals: dict[bytes, Final] = {}
        self._transactions = 0
        self._waiters: dict[bytes, list[asyncio.Future[Final]]] = {}
        self._waiting = 0
        self._advanced = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; when the node drops us for being slow, begin again."""
        while True:
            news = self._node.news()
            first = asyncio.ensure_future(anext(news, None))
            await asyncio.sleep(0)  # the subscription stands before the tip is read
            try:
                tip = await self._node.read(lambda r: (r.ledger.tip.height, r.ledger.tip.time_ms))
                if not self.started.is_set():
                    self.height, self.time_ms = tip
                    self.started.set()
                await self._fill(tip[0])
                told = await first
                while told is not None:
                    await self._hear(told)
                    told = await anext(news, None)
            finally:
                first.cancel()

    async def _hear(self, news: News) -> None:
        if news.height <= self.height:
            return
        await self._fill(news.height - 1)
        self._settle(news)
        block = await self._node.read(lambda r: r.store.block_bytes(news.height))
        assert block is not None, "a committed block is in the store"
        self._append(await hear(news, block))

    async def _fill(self, height: int) -> None:
        """Read from the store what was missed, up to `height`."""
        while self.height < height:
            missed = self.height + 1
            found = await self._node.read(partial(recall, height=missed))
            assert found is not None, "a committed block is in the store"
            self._settle(found[0])
            self._append(await hear(*found))

    def _settle(self, news: News) -> None:
        """Tell those who wait for a transaction of this height."""
        self._told(news)
        first = len(news.receipts) - len(news.transaction_ids)
        for position, transaction_id in enumerate(news.transaction_ids, first):
            final = Final(news.height, news.time_ms, news.receipts[position])
            self._finals[transaction_id] = final
            for waiter in self._waiters.pop(transaction_id, ()):
                if not waiter.done():
                    waiter.set_result(final)

    def _append(self, heard: Heard) -> None:
        news = heard.news
        self._ring[news.height] = heard
        self._transactions += len(news.receipts)
        while len(self._ring) > 1 and (
            len(self._ring) > RING_HEIGHTS or self._transactions > RING_TRANSACTIONS
        ):
            _, old = self._ring.popitem(last=False)
            self._transactions -= len(old.news.receipts)
            for transaction_id in old.news.transaction_ids:
                self._finals.pop(transaction_id, None)
        self.height, self.time_ms = news.height, news.time_ms
        advanced, self._advanced = self._advanced, asyncio.Event()
        advanced.set()

    def recent(self, height: int) -> Heard | None:
        """A height that is still in the ring."""
        return self._ring.get(height)

    def final(self, transaction_id: bytes) -> Final | None:
        """The outcome of a transaction of a height in the ring."""
        return self._finals.get(transaction_id)

    async def beyond(self, height: int) -> None:
        """Wait for a height above this one."""
        while self.height <= height:
            await self._advanced.wait()

    async def wait_for(self, transaction_id: bytes, timeout_s: float) -> Final | None:
        """Wait until a block decides this transaction; None after `timeout_s`, and at once when
        too many wait already."""
        if self._waiting >= WAITERS_MAX or timeout_s <= 0:
            return self.final(transaction_id)
        waiter: asyncio.Future[Final] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(transaction_id, []).append(waiter)
        self._waiting += 1
        try:
            return self.final(transaction_id) or await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1
            mine = self._waiters.get(transaction_id)
            if mine is not None:
                if waiter in mine:
                    mine.remove(waiter)
                if not mine:
                    del self._waiters[transaction_id]
