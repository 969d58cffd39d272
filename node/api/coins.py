"""A coin beside its supply: what a switch of its issuer would do, and who can still claim."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from chain.errors import Rejected
from governance_contracts.coins.coin import ISSUERS
from governance_contracts.coins.switching import Switch
from node.api import queries_coins
from node.api.accounts import read_own, reader
from node.api.chain import CODE
from node.api.endpoint import Api, ApiMistake, Query, Route, read_hex
from node.api.queries_coins import NothingToClaim, NotTheOffice
from node.api.shapes import Shape
from node.api.shapes_coins import ClaimsAnswer, SwitchAnswer
from node.api.switch_effects import Effects
from node.replica import Replica

ISSUER = Query("issuer", "the code of the issuer to be")
FROM = Query("from", "the `next` of the page before")
ACCOUNT_BYTES = 20


async def switch(api: Api, request: web.Request) -> Shape:
    """The difference that another issuer would make, before anybody decides it."""
    code, issuer = _code(request), request.query.get("issuer", "")
    known = await api.read(
        lambda replica: (
            CODE.fullmatch(issuer) is not None and replica.ledger.get(ISSUERS, issuer) is not None
        )
    )
    if not known:
        raise ApiMistake(
            404,
            "UnknownIssuer",
            "No issuer of this code is entered. Name one with ?issuer=CODE.",
        )
    effects = Effects(Switch(code, issuer))
    start: bytes | None = b""
    try:
        while start is not None:
            start = await api.read(partial(_stretch, effects, start))
    except Rejected:
        raise _no_coin() from None
    return await api.read(lambda replica: effects.answer(replica.ledger))


def _stretch(effects: Effects, start: bytes, replica: Replica) -> bytes | None:
    return effects.stretch(replica.ledger, start)


async def claims(api: Api, request: web.Request) -> Shape:
    """Who holds what of a coin that ends: for the board and the registrars of its wijk."""
    session, code = reader(api, request), _code(request)
    given = request.query.get("from", "")
    start = read_hex(given, ACCOUNT_BYTES) if given else b""
    if start is None:
        raise ApiMistake(400, "BadParameter", "from is the `next` of the page before, unchanged.")
    prefix = api.prefix
    try:
        return await read_own(
            api,
            session,
            lambda replica: queries_coins.claims(
                replica.ledger, code, session.account, start, prefix
            ),
        )
    except NothingToClaim:
        raise ApiMistake(
            404, "NothingToClaim", "No coin of this code is being redeemed or claimed at its end."
        ) from None
    except NotTheOffice:
        raise ApiMistake(
            403,
            "NotTheOffice",
            "Only the board and the registrars of the coin's wijk see who can claim.",
        ) from None


def _code(request: web.Request) -> str:
    code = request.match_info["code"]
    if CODE.fullmatch(code) is None:
        raise _no_coin()
    return code


def _no_coin() -> ApiMistake:
    return ApiMistake(404, "UnknownCoin", "No coin of this code is on this chain.")


ROUTES = (
    Route(
        "GET", "/v1/coins/{code}/switch", switch, "What another issuer would change for people.",
        SwitchAnswer, query=(ISSUER,), mistakes=(404,),
    ),
    Route(
        "GET", "/v1/accounts/{address}/claims/{code}", claims,
        "Who can still claim a coin that ends, for its wijk's office.", ClaimsAnswer,
        query=(FROM,), reader=True, mistakes=(404,),
    ),
)  # fmt: skip
