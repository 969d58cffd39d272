"""Target-group discounts: what is offered is public, the rest is each account's own."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_benefits
from node.api.accounts import read_own, reader
from node.api.chain import CODE
from node.api.endpoint import Api, ApiMistake, Query, Route, path_address, whole_number
from node.api.shapes import Shape
from node.api.shapes_benefits import Benefits, OwnBenefits, PayeeBenefits

LISTED_MAX = 200
START = Query("from", "the `next` of the page before")
LIMIT = Query("limit", "at most so many benefits", 1, LISTED_MAX, 50)


async def benefits(api: Api, request: web.Request) -> Shape:
    start, limit, prefix = request.query.get("from", ""), whole_number(request, LIMIT), api.prefix
    assert limit is not None
    if start and CODE.fullmatch(start) is None:
        raise ApiMistake(400, "BadParameter", "from must be the code of a benefit.")
    return await api.read(
        lambda replica: queries_benefits.benefits(replica.ledger, prefix, start, limit)
    )


async def of_payee(api: Api, request: web.Request) -> Shape:
    shop, prefix = path_address(api, request), api.prefix
    return await api.read(lambda replica: queries_benefits.of_payee(replica.ledger, shop, prefix))


async def own(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    return await read_own(
        api,
        session,
        lambda replica: queries_benefits.own(replica.ledger, session.account, prefix),
    )


ROUTES = (
    Route("GET", "/v1/benefits", benefits, "What funds offer.", Benefits, query=(START, LIMIT)),
    Route(
        "GET", "/v1/payees/{address}/benefits", of_payee, "Discounts that a shop gives.",
        PayeeBenefits,
    ),
    Route(
        "GET", "/v1/accounts/{address}/benefits", own, "One's own benefits, offers and pots.",
        OwnBenefits, reader=True,
    ),
)  # fmt: skip
