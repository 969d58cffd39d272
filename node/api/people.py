"""Mandates and registry entries: what their parties and the office read, with a token."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_people
from node.api.accounts import read_own, reader
from node.api.endpoint import Api, ApiMistake, Route, path_address, read_number
from node.api.shapes import Shape
from node.api.shapes_people import EntryAnswer, MandatesAnswer, MandateShape

NUMBER_MAX = 2**53 - 1


async def mandates(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    return await read_own(
        api,
        session,
        lambda replica: queries_people.mandates(replica.ledger, session.account, prefix),
    )


async def mandate(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    number = read_number(request.match_info["number"], 1, NUMBER_MAX)
    found = None
    if number is not None:
        found = await read_own(
            api,
            session,
            lambda replica: queries_people.mandate(replica.ledger, number, session.account, prefix),
        )
    if found is None:
        raise ApiMistake(
            404,
            "UnknownMandate",
            "There is no mandate of this number in which your account has a part.",
        )
    return found


async def entry(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    account = path_address(api, request, "resident")
    found = await read_own(
        api,
        session,
        lambda replica: queries_people.entry(replica.ledger, account, session.account, prefix),
    )
    if found is None:
        raise ApiMistake(
            404,
            "NoSuchEntry",
            "No account of this address is entered at an office whose desk you serve.",
        )
    return found


ROUTES = (
    Route(
        "GET", "/v1/accounts/{address}/mandates", mandates,
        "Mandates in force: given by the account, and held by it.", MandatesAnswer, reader=True,
    ),
    Route(
        "GET", "/v1/accounts/{address}/mandates/{number}", mandate,
        "One mandate, for who gave it, holds it, or serves the office.", MandateShape,
        reader=True, mistakes=(404,),
    ),
    Route(
        "GET", "/v1/accounts/{address}/entries/{resident}", entry,
        "What the registry holds of an account, for its holder and its office.", EntryAnswer,
        reader=True, mistakes=(400, 404),
    ),
)  # fmt: skip
