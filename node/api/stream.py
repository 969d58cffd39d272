"""Event streams (Server-Sent Events) that resume from a height.

A stream pulls heights from the feed, or from the store when it is far behind, at the speed of its
reader. So nothing is queued for it, a commit never waits for it, and a phone that was away misses
nothing: the id of every event is its height, and the browser's `Last-Event-ID`, or `cursor`, says
after which height to go on. A reader that takes nothing for WRITE_S is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from aiohttp import web

from node.api import shapes
from node.api.accounts import entries_at, read_own, reader
from node.api.chain import INDEX_WAIT_S, index_behind
from node.api.endpoint import HEIGHT_MAX, Api, ApiMistake, Query, Route, json_bytes, read_number
from node.api.heights import header_at, recall
from node.api.sessions import Session

STREAMS_MAX = 1_000
STREAMS_PER_ADDRESS_MAX = 50
KEEP_ALIVE_S = 15.0
WRITE_S = 20.0
PLACES_MAX = 200

CURSOR = Query("cursor", "go on after this height; without it, from now on", 0, HEIGHT_MAX)


class Streams:
    """How many streams are open, in all and per peer."""

    def __init__(self) -> None:
        self.count = 0
        self._by_peer: dict[str, int] = {}
        self._tasks: set[asyncio.Task[object]] = set()

    def enter(self, peer: str) -> None:
        """Raises ApiMistake 503."""
        if self.count >= STREAMS_MAX or self._by_peer.get(peer, 0) >= STREAMS_PER_ADDRESS_MAX:
            raise ApiMistake(
                503,
                "TooManyStreams",
                "Too many event streams are open. Close one, or ask another node.",
                headers={"Retry-After": "30"},
            )
        self.count += 1
        task = asyncio.current_task()
        assert task is not None, "a request has a task"
        self._tasks.add(task)
        self._by_peer[peer] = self._by_peer.get(peer, 0) + 1

    def leave(self, peer: str) -> None:
        self.count -= 1
        self._tasks.discard(cast("asyncio.Task[object]", asyncio.current_task()))
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]

    def end(self) -> None:
        """The node stops: end all streams, so that they do not hold it up."""
        for task in self._tasks:
            task.cancel()


STREAMS = web.AppKey("streams", Streams)


async def blocks(api: Api, request: web.Request) -> web.StreamResponse:
    """Every committed height, for everybody."""
    cursor = _cursor(api, request)
    return await _stream(api, request, _blocks(api, cursor))


async def _blocks(api: Api, cursor: int) -> AsyncIterator[bytes]:
    height = cursor
    while True:
        if not await _beyond(api, height):
            yield b": alive\n\n"
            continue
        height += 1
        event = await _block_event(api, height)
        if event is not None:
            yield _event("block", height, event)


async def _block_event(api: Api, height: int) -> shapes.BlockEvent | None:
    heard = api.feed.recent(height)
    news = heard.news if heard is not None else None
    if news is None:
        found = await api.read(
            lambda replica: recall(replica, height) if header_at(replica, height) else None
        )
        if found is None:
            return None  # a block that is no longer kept
        news = found[0]
    return shapes.BlockEvent(
        height=height,
        hash=news.block_hash.hex(),
        time_ms=news.time_ms,
        transactions=news.transactions,
    )


async def own(api: Api, request: web.Request) -> web.StreamResponse:
    """What happens to one's own account. Ends with the session, or when its key is revoked."""
    session = reader(api, request)
    cursor = _cursor(api, request)
    await read_own(api, session, lambda replica: None)
    if cursor < api.feed.height and not await api.index.reached(api.feed.height, INDEX_WAIT_S):
        raise index_behind(api)
    return await _stream(api, request, _own(api, session, cursor))


async def _own(api: Api, session: Session, cursor: int) -> AsyncIterator[bytes]:
    height = cursor
    while api.clock() < session.expires_ms:
        remaining_s = (session.expires_ms - api.clock()) / 1000
        if not await _beyond(api, height, min(KEEP_ALIVE_S, remaining_s)):
            yield b"id: %d\n: alive\n\n" % height
            continue
        try:
            await read_own(api, session, lambda replica: None)
        except ApiMistake:
            return
        heard = api.feed.recent(height + 1)
        if heard is not None:
            height += 1
            positions = list(heard.concerned.get(session.account, ()))
            found = {height: positions} if positions else {}
        else:
            found, height = await _from_index(api, session, height)
        for at, positions in found.items():
            entries = await entries_at(api, session, at, positions)
            if entries:
                told = shapes.AccountEvent(height=at, time_ms=entries[0].time_ms, entries=entries)
                yield _event("account", at, told)


async def _from_index(api: Api, session: Session, height: int) -> tuple[dict[int, list[int]], int]:
    """The account's places after `height`, and the height up to which these are all."""
    await api.index.reached(height + 1, KEEP_ALIVE_S)
    reached = api.index.height
    places = await api.index.places_after(session.account, height, PLACES_MAX)
    found: dict[int, list[int]] = {}
    for at, position in places:
        found.setdefault(at, []).append(position)
    if len(places) == PLACES_MAX:
        if len(found) > 1:  # the last height may go on behind the page
            del found[places[-1][0]]
        reached = max(found)
    return found, max(height, reached)


async def _beyond(api: Api, height: int, timeout_s: float = KEEP_ALIVE_S) -> bool:
    if api.feed.height > height:
        return True
    try:
        async with asyncio.timeout(timeout_s):
            await api.feed.beyond(height)
    except TimeoutError:
        return False
    return True


async def _stream(
    api: Api, request: web.Request, events: AsyncIterator[bytes]
) -> web.StreamResponse:
    streams, peer = request.app[STREAMS], request.remote or ""
    streams.enter(peer)
    api.metrics.streams.set(streams.count)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    try:
        await response.prepare(request)
        async for event in events:
            async with asyncio.timeout(WRITE_S):
                await response.write(event)
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()
    finally:
        streams.leave(peer)
        api.metrics.streams.set(streams.count)
    return response


def _event(name: str, height: int, shape: shapes.Shape) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (height, name.encode(), json_bytes(shape))


def _cursor(api: Api, request: web.Request) -> int:
    """The height after which to go on. Raises ApiMistake 400."""
    given = request.headers.get("Last-Event-ID") or request.query.get("cursor")
    if given is None:
        return api.feed.height
    height = read_number(given, 0, HEIGHT_MAX)
    if height is None or height > api.feed.height:
        raise ApiMistake(
            400,
            "BadCursor",
            f"cursor must be a height from 0 to the newest, {api.feed.height}.",
            {"height": api.feed.height},
        )
    return height


ROUTES = (
    Route(
        "GET", "/v1/events", blocks, "One event per committed height.", shapes.BlockEvent,
        query=(CURSOR,), content="text/event-stream", mistakes=(503,),
    ),
    Route(
        "GET", "/v1/accounts/{address}/events", own, "What happens to one's own account.",
        shapes.AccountEvent, query=(CURSOR,), reader=True, content="text/event-stream",
        mistakes=(503,),
    ),
)  # fmt: skip
