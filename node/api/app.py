"""The HTTP side of a node: the table of routes, what surrounds each, and the tasks behind it.

    shapes.py            the JSON that goes in and out
    endpoint.py          what a route is, and reading requests
    chain.py             public reads          queries.py
    transactions.py      handing in            outcomes.py, dry_run.py
    accounts.py          sessions, own reads   sessions.py, queries_account.py
    offline.py           own allowances        queries_offline.py
    boards.py            boards, proposals     queries_boards.py
    people.py            mandates, entries     queries_people.py
    life.py              recovery, life events queries_life.py
    benefits.py          discounts             queries_benefits.py
    liabilities.py       what is owed          liabilities.py
    desk.py              where euros go        boxes.py
    reserve.py           what the bank holds   queries_reserve.py
    payments.py          orders, mistakes      queries_payments.py
    coins.py             switch, claims        queries_coins.py, switch_effects.py
    stream.py            event streams         feed.py, heights.py
    index.py             who was concerned where
    openapi.py, metrics.py

`make_app` gives an aiohttp application. Requests are not to be logged with their paths, which
hold addresses: run it with `access_log=None`; what is worth knowing is in the metrics.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

import msgspec
from aiohttp import web

from node.api import accounts as api_accounts
from node.api import benefits as api_benefits
from node.api import boards as api_boards
from node.api import chain as api_chain
from node.api import coins as api_coins
from node.api import desk as api_desk
from node.api import liabilities as api_liabilities
from node.api import life as api_life
from node.api import offline as api_offline
from node.api import payments as api_payments
from node.api import people as api_people
from node.api import reserve as api_reserve
from node.api import stream
from node.api import transactions as api_transactions
from node.api.endpoint import BODY_BYTES_MAX, Api, ApiMistake, Route, check_query, json_response
from node.api.feed import Feed
from node.api.index import Index
from node.api.openapi import document
from node.api.outcomes import Memory
from node.api.sessions import Clock, Sessions
from node.api.shapes import Shape
from node.metrics import Metrics
from node.reserve.boxes import Boxes
from node.seam import NodeSeam

ROUTES: tuple[Route, ...] = (
    *api_chain.ROUTES,
    *api_transactions.ROUTES,
    *api_accounts.ROUTES,
    *api_boards.ROUTES,
    *api_people.ROUTES,
    *api_life.ROUTES,
    *api_payments.ROUTES,
    *api_benefits.ROUTES,
    *api_offline.ROUTES,
    *api_desk.ROUTES,
    *api_liabilities.ROUTES,
    *api_reserve.ROUTES,
    *api_coins.ROUTES,
    *stream.ROUTES,
)

API = web.AppKey("api", Api)
AGAIN_S = 1.0

log = logging.getLogger("socialcoin.api")

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def make_app(
    node: NodeSeam,
    index: Index,
    metrics: Metrics | None = None,
    clock: Clock = wall_clock_ms,
    boxes: Boxes | None = None,
) -> web.Application:
    """The application. It follows the chain from its start to its clean-up, and closes the index
    then."""
    metrics = metrics or Metrics()
    api = Api(
        node=node,
        index=index,
        feed=Feed(node, metrics.committed),
        sessions=Sessions(node.node_key, clock),
        metrics=metrics,
        memory=Memory(),
        clock=clock,
        trying=asyncio.Semaphore(1),
        boxes=boxes,
    )
    app = web.Application(middlewares=[_surround], client_max_size=BODY_BYTES_MAX)
    app[API] = api
    app[stream.STREAMS] = stream.Streams()
    for route in ROUTES:
        resource = app.router.add_resource(route.path, name=_name(route.path))
        resource.add_route(route.method, _handle(api, route))
    openapi = msgspec.json.encode(document(ROUTES, node.genesis.name, node.version))
    app.router.add_get("/openapi.json", _constant(openapi), name="openapi")
    app.on_shutdown.append(_end_streams)
    app.cleanup_ctx.append(_background)
    return app


def _name(path: str) -> str:
    """A route's name in logs and figures: its pattern, without what stands in for it."""
    return path.replace("/", ".").replace("{", "").replace("}", "").strip(".").replace("-", "_")


def _constant(body: bytes) -> WebHandler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return answer


def _handle(api: Api, route: Route) -> WebHandler:
    async def answer(request: web.Request) -> web.StreamResponse:
        check_query(request, route.query)
        found = await route.handler(api, request)
        if isinstance(found, Shape):
            return json_response(found, route.status, {"Cache-Control": "no-store"})
        return found

    return answer


@web.middleware
async def _surround(request: web.Request, handler: WebHandler) -> web.StreamResponse:
    """Count and time every request; whatever goes wrong becomes the one JSON error object."""
    started = time.perf_counter()
    route = request.match_info.route.name or "none"
    metrics = request.app[API].metrics
    try:
        response = await handler(request)
    except ApiMistake as mistake:
        response = mistake.response()
    except web.HTTPException as error:
        response = _of_http(error).response()
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("request_failed", extra={"route": route, "method": request.method})
        response = ApiMistake(
            500,
            "InternalError",
            "The node made a mistake, which is in its log. Try again, or ask another node.",
        ).response()
    metrics.requests.labels(route, request.method, str(response.status)).inc()
    if not isinstance(response, web.Response):
        return response  # a stream: how long it lasted says nothing
    metrics.request_seconds.labels(route).observe(time.perf_counter() - started)
    return response


def _of_http(error: web.HTTPException) -> ApiMistake:
    match error:
        case web.HTTPNotFound():
            return ApiMistake(
                404, "UnknownRoute", "There is no such route. /openapi.json lists all of them."
            )
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return ApiMistake(
                405,
                "WrongMethod",
                f"This route takes {allowed} requests only; /openapi.json says what for.",
                headers={"Allow": allowed},
            )
        case _:
            return ApiMistake(
                error.status, "BadRequest", f"The request was refused: {error.reason}."
            )


async def _end_streams(app: web.Application) -> None:
    app[stream.STREAMS].end()


async def _background(app: web.Application) -> AsyncIterator[None]:
    """Follow the chain and keep the index, while the application runs."""
    api = app[API]
    tasks = [
        asyncio.create_task(_again("feed", api.feed.run)),
        asyncio.create_task(_again("index", lambda: api.index.follow(api.node, api.feed))),
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.to_thread(api.index.close)


async def _again(name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Keep a task going: a failure is logged, and it begins again where it was."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_failed", extra={"task": name})
        await asyncio.sleep(AGAIN_S)
