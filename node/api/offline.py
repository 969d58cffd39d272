"""One's own allowances for payments without a network."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_offline
from node.api.accounts import read_own, reader
from node.api.endpoint import Api, ApiMistake, Route
from node.api.shapes import Shape


async def allowances(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    found = await read_own(
        api, session, lambda replica: queries_offline.allowances(replica, session.account, prefix)
    )
    if found is None:
        raise ApiMistake(
            503,
            "NoBlockYet",
            "There is no block yet, so nothing can be proved. Try again after the first one.",
            headers={"Retry-After": "1"},
        )
    return found


ROUTES = (
    Route(
        "GET", "/v1/accounts/{address}/allowances", allowances,
        "One's own open offline allowances, with proofs to carry along.",
        queries_offline.AllowancesAnswer, reader=True, mistakes=(503,),
    ),
)  # fmt: skip
