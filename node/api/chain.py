"""Public reads: the node, headers and their proofs, seats, coins, rules, payees."""

from __future__ import annotations

import asyncio
import re
from functools import partial

from aiohttp import web

from node.api import queries, shapes
from node.api.endpoint import (
    HEIGHT_MAX,
    Api,
    ApiMistake,
    Query,
    Route,
    json_response,
    path_address,
    read_number,
    whole_number,
)
from node.api.shapes import Shape
from node.metrics import CONTENT_TYPE

HEALTH_S = 2.0
HEADERS_MAX = 200
REGIONS_MAX = 1_000
INDEX_WAIT_S = 2.0
CODE = re.compile(r"[A-Za-z0-9_.-]{1,32}", re.ASCII)

FROM = Query("from", "first height", 1, HEIGHT_MAX, 1)
LIMIT = Query("limit", "at most so many headers", 1, HEADERS_MAX, 50)
SEAT_CHANGES = Query("seat_changes", "1: only headers that change the seats", 0, 1, 0)
REGION_FROM = Query("from", "first code")
REGION_LIMIT = Query("limit", "at most so many regions", 1, REGIONS_MAX, 500)


async def healthz(api: Api, request: web.Request) -> web.Response:
    """200 if this node takes part, 503 and the reason if it does not (yet, or any more)."""
    try:
        async with asyncio.timeout(HEALTH_S):
            health = queries.health(await api.node.read(lambda replica: replica.status()))
    except TimeoutError:
        health = shapes.Health(status="unresponsive", reason="the replica does not answer")
    return json_response(health, 200 if health.status == "ok" else 503)


async def metrics(api: Api, request: web.Request) -> web.Response:
    status = await api.read(lambda replica: replica.status())
    api.metrics.sessions.set(len(api.sessions))
    api.metrics.index_height.set(api.index.height)
    text = api.metrics.exposition(status)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


async def status(api: Api, request: web.Request) -> Shape:
    found, chain, epoch = await api.read(
        lambda replica: (replica.status(), replica.ledger.tip.chain, replica.ledger.tip.epoch)
    )
    return shapes.Status(
        chain_id=chain.hex(),
        chain_name=api.node.genesis.name,
        epoch=epoch,
        height=found.height,
        time_ms=found.time_ms,
        state_root=found.state_root.hex(),
        validators=found.validators,
        quorum=found.quorum,
        tolerated_faults=found.tolerated_faults,
        peers=found.peers,
        syncing=found.syncing,
        consensus=shapes.Consensus(height=found.height + 1, round=found.round, step=found.stage),
        version=api.node.version,
        prefix=api.prefix,
        node_key=api.node.node_key.hex(),
    )


async def genesis(api: Api, request: web.Request) -> web.Response:
    """The founding document as it is; its hash is the chain's id."""
    document = await asyncio.to_thread(api.node.genesis.document)
    return web.Response(body=document, content_type="application/json")


async def header(api: Api, request: web.Request) -> Shape:
    given = request.match_info["height"]
    if given == "latest":
        found = await api.read(
            lambda replica: queries.certified_header(replica, replica.ledger.tip.height)
        )
    else:
        height = _height(given)
        found = await api.read(lambda replica: queries.certified_header(replica, height))
    if found is None:
        raise _no_block(given)
    return found


async def headers(api: Api, request: web.Request) -> Shape:
    """Headers in order, one question each, so that a long list holds nothing up."""
    start, limit = whole_number(request, FROM), whole_number(request, LIMIT)
    assert start is not None and limit is not None
    if whole_number(request, SEAT_CHANGES):
        return await _seat_changes(api, start, limit)
    tip = await api.read(lambda replica: replica.ledger.tip.height)
    listed = []
    for height in range(start, min(start + limit, tip + 1)):
        found = await api.read(partial(queries.certified_header, height=height))
        if found is not None:
            listed.append(found)
    return shapes.Headers(headers=listed)


async def _seat_changes(api: Api, start: int, limit: int) -> Shape:
    if not await api.index.reached(api.feed.height, INDEX_WAIT_S):
        raise index_behind(api)
    listed = []
    for height, seats in await api.index.seat_changes(start, limit):
        found = await api.read(partial(queries.certified_header, height=height))
        if found is not None:
            listed.append(
                shapes.HeaderAnswer(
                    height=height,
                    header=found.header,
                    certificate=found.certificate,
                    next_seats=None if seats is None else queries.seat_list(seats),
                )
            )
    return shapes.Headers(headers=listed)


def index_behind(api: Api) -> ApiMistake:
    return ApiMistake(
        503,
        "IndexBehind",
        f"This node is putting its index together and has reached block {api.index.height} of "
        f"{api.feed.height}. Try again in a minute, or ask another node.",
        {"height": api.index.height, "of": api.feed.height},
        {"Retry-After": "60"},
    )


async def history_proof(api: Api, request: web.Request) -> Shape:
    height = _height(request.match_info["height"])
    found = await api.read(lambda replica: queries.history_proof(replica, height))
    if found is None:
        raise ApiMistake(
            404,
            "NoSuchBlock",
            f"Block {height} is in no history yet, or does not exist: a proof is for blocks from "
            "1 to the one before the newest.",
        )
    return found


async def seats(api: Api, request: web.Request) -> Shape:
    return await api.read(lambda replica: queries.seats(replica.ledger))


async def coins(api: Api, request: web.Request) -> Shape:
    return await api.read(lambda replica: queries.coins(replica.ledger, None, api.prefix))


async def coin(api: Api, request: web.Request) -> Shape:
    code = request.match_info["code"]
    if CODE.fullmatch(code) is not None:
        found = await api.read(lambda replica: queries.coins(replica.ledger, code, api.prefix))
        if found.coins:
            return found
    raise ApiMistake(
        404, "UnknownCoin", "There is no coin of this code. /v1/coins lists all of them."
    )


async def parameters(api: Api, request: web.Request) -> Shape:
    return await api.read(lambda replica: queries.parameters(replica.ledger))


async def regions(api: Api, request: web.Request) -> Shape:
    start, limit = request.query.get("from", ""), whole_number(request, REGION_LIMIT)
    assert limit is not None
    if start and CODE.fullmatch(start) is None:
        raise ApiMistake(400, "BadParameter", "from must be the code of a region.")
    return await api.read(lambda replica: queries.regions(replica.ledger, start, limit))


async def payee(api: Api, request: web.Request) -> Shape:
    account, prefix = path_address(api, request), api.prefix
    return await api.read(lambda replica: queries.payee(replica.ledger, account, prefix))


def _height(given: str) -> int:
    height = read_number(given, 0, HEIGHT_MAX)
    if height is None:
        raise ApiMistake(400, "BadHeight", "A height is a whole number, or `latest`.")
    return height


def _no_block(height: str) -> ApiMistake:
    return ApiMistake(
        404,
        "NoSuchBlock",
        f"This node has no block {height}: the first is 1, and the newest is in /v1/status.",
    )


ROUTES = (
    Route("GET", "/healthz", healthz, "Does this node take part?", shapes.Health, mistakes=(503,)),
    Route("GET", "/metrics", metrics, "Figures for Prometheus.", content="text/plain"),
    Route("GET", "/v1/status", status, "The node and its chain.", shapes.Status),
    Route("GET", "/v1/genesis", genesis, "The founding document."),
    Route(
        "GET", "/v1/headers", headers, "Certified headers in order.", shapes.Headers,
        query=(FROM, LIMIT, SEAT_CHANGES), mistakes=(503,),
    ),
    Route(
        "GET", "/v1/headers/{height}", header,
        "A certified header, by height or `latest`.", shapes.HeaderAnswer, mistakes=(404,),
    ),
    Route(
        "GET", "/v1/history-proof/{height}", history_proof,
        "That an old header is in the history of a newer one.", shapes.HistoryProof,
        mistakes=(404,),
    ),
    Route("GET", "/v1/seats", seats, "The seats that decide.", shapes.SeatsAnswer),
    Route("GET", "/v1/coins", coins, "All coins, their supply and reserve.", shapes.Coins),
    Route("GET", "/v1/coins/{code}", coin, "One coin.", shapes.Coins, mistakes=(404,)),
    Route("GET", "/v1/parameters", parameters, "The rules in force.", shapes.Parameters),
    Route(
        "GET", "/v1/regions", regions, "Regions by code.", shapes.Regions,
        query=(REGION_FROM, REGION_LIMIT),
    ),
    Route("GET", "/v1/payees/{address}", payee, "What a payer may know.", shapes.Payee),
)  # fmt: skip
