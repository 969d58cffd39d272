"""Recoveries and life events: what holders, guardians and offices read, with a token."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from chain.ledger import Ledger
from node.api import queries_life
from node.api.accounts import read_own, reader
from node.api.endpoint import Api, ApiMistake, Route, path_address
from node.api.shapes import Shape
from node.api.shapes_life import LifeAnswer, RecoveryAnswer

Question = Callable[[Ledger, bytes, bytes, str], Shape | None]


async def recovery(api: Api, request: web.Request) -> Shape:
    return await _about(api, request, queries_life.recovery)


async def life(api: Api, request: web.Request) -> Shape:
    return await _about(api, request, queries_life.life)


async def _about(api: Api, request: web.Request, question: Question) -> Shape:
    session, prefix = reader(api, request), api.prefix
    account = path_address(api, request, "resident")
    found = await read_own(
        api,
        session,
        lambda replica: question(replica.ledger, account, session.account, prefix),
    )
    if found is None:
        raise ApiMistake(
            404,
            "NoSuchEntry",
            "There is no account of this address of which your account may know this.",
        )
    return found


ROUTES = (
    Route(
        "GET", "/v1/accounts/{address}/recoveries/{resident}", recovery,
        "Guardians and recovery of an account, for its holder, guardians and offices.",
        RecoveryAnswer, reader=True, mistakes=(400, 404),
    ),
    Route(
        "GET", "/v1/accounts/{address}/life/{resident}", life,
        "Freeze, move, notice, bankruptcy and estate, for the holder, the office, a curator.",
        LifeAnswer, reader=True, mistakes=(400, 404),
    ),
)  # fmt: skip
