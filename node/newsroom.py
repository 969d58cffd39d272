"""Telling subscribers of committed heights, without ever waiting for one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from node.seam import News

QUEUE_MAX = 256


class Newsroom:
    """Lives on the event loop. A subscriber that does not keep up is dropped: its iterator ends."""

    def __init__(self) -> None:
        self._queues: list[asyncio.Queue[News | None]] = []

    async def subscribe(self) -> AsyncIterator[News]:
        """Every height told of from now on."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(QUEUE_MAX)
        self._queues.append(queue)
        try:
            while (found := await queue.get()) is not None:
                yield found
        finally:
            if queue in self._queues:
                self._queues.remove(queue)

    def tell(self, news: News) -> None:
        for queue in list(self._queues):
            if queue.full():
                self._queues.remove(queue)
                _end(queue)
            else:
                queue.put_nowait(news)

    def close(self) -> None:
        for queue in self._queues:
            _end(queue)
        self._queues.clear()


def _end(queue: asyncio.Queue[News | None]) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(None)
