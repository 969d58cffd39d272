"""What the bank holds behind a coin: public, line by line, with nobody's name."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_reserve, shapes_reserve
from node.api.chain import CODE
from node.api.endpoint import HEIGHT_MAX, Api, ApiMistake, Query, Route, read_number, whole_number
from node.api.shapes import Shape

STATEMENTS_MAX = 500
FROM = Query("from", "first statement number", 0, HEIGHT_MAX, 0)
LIMIT = Query("limit", "at most so many statements", 1, STATEMENTS_MAX, 100)


async def reserve(api: Api, request: web.Request) -> Shape:
    coin = _coin(request)
    found = await api.read(lambda replica: queries_reserve.reserve(replica.ledger, coin))
    if found is None:
        raise _no_reserve()
    return found


async def statements(api: Api, request: web.Request) -> Shape:
    coin = _coin(request)
    start, limit = whole_number(request, FROM), whole_number(request, LIMIT)
    assert start is not None and limit is not None, "both have defaults"
    return await api.read(
        lambda replica: queries_reserve.statements(replica.ledger, coin, start, limit)
    )


async def statement(api: Api, request: web.Request) -> Shape:
    coin = _coin(request)
    sequence = read_number(request.match_info["sequence"], 0, HEIGHT_MAX)
    found = None
    if sequence is not None:
        number = sequence
        found = await api.read(lambda replica: queries_reserve.lines(replica.ledger, coin, number))
    if found is None:
        raise ApiMistake(
            404, "UnknownStatement", "No statement of this number was taken for this coin."
        )
    return found


def _coin(request: web.Request) -> str:
    code = request.match_info["code"]
    if CODE.fullmatch(code) is None:
        raise _no_reserve()
    return code


def _no_reserve() -> ApiMistake:
    return ApiMistake(
        404, "UnknownReserve", "There is no reserve of this coin. /v1/coins lists all coins."
    )


ROUTES = (
    Route(
        "GET", "/v1/coins/{code}/reserve", reserve, "Where a reserve's books stand.",
        shapes_reserve.ReserveState, mistakes=(404,),
    ),
    Route(
        "GET", "/v1/coins/{code}/statements", statements, "Statements that were taken.",
        shapes_reserve.Statements, query=(FROM, LIMIT), mistakes=(404,),
    ),
    Route(
        "GET", "/v1/coins/{code}/statements/{sequence}", statement,
        "A statement with its lines.", shapes_reserve.StatementLines, mistakes=(404,),
    ),
)  # fmt: skip
