"""What recurs, and what was paid by mistake: reads of a holder's own."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_payments, shapes_payments
from node.api.accounts import read_own, reader
from node.api.endpoint import Api, Route
from node.api.shapes import Shape


async def recurring(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    return await read_own(
        api,
        session,
        lambda replica: queries_payments.recurring(replica.ledger, session.account, prefix),
    )


async def mistakes(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    return await read_own(
        api,
        session,
        lambda replica: queries_payments.mistakes(replica.ledger, session.account, prefix),
    )


ROUTES = (
    Route(
        "GET", "/v1/accounts/{address}/recurring", recurring,
        "Running orders and permissions to collect, as payer or payee.",
        shapes_payments.RecurringAnswer, reader=True,
    ),
    Route(
        "GET", "/v1/accounts/{address}/mistakes", mistakes,
        "Payments said to be mistakes: one's own, and those an office has to settle.",
        shapes_payments.CasesAnswer, reader=True,
    ),
)  # fmt: skip
