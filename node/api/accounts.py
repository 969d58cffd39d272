"""Sessions, and the reads that need one: an account's balance, history and receipts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from node.api import queries_account, shapes
from node.api.chain import INDEX_WAIT_S, index_behind
from node.api.endpoint import (
    HEIGHT_MAX,
    Api,
    ApiMistake,
    Query,
    Route,
    path_address,
    path_id,
    read_body,
    read_hex,
    read_number,
    whole_number,
)
from node.api.index import POSITION_BITS
from node.api.past import TooLongAgo
from node.api.queries_account import KeyRevoked, under
from node.api.sessions import Session, SessionRefused, reading_key
from node.api.shapes import Shape
from node.replica import Replica

T = TypeVar("T")

HISTORY_MAX = 100
LIMIT = Query("limit", "at most so many entries", 1, HISTORY_MAX, 20)
BEFORE = Query("before", "the `next` of the page before")
PROOF = Query("proof", "1: with a proof under the header of that block", 0, 1, 0)
AT = Query("height", "as it was after this block; else after the newest", 1, HEIGHT_MAX)

_OPEN = msgspec.json.Decoder(shapes.SessionRequestShape)
_CHALLENGE = {"WWW-Authenticate": "Bearer"}

log = logging.getLogger("socialcoin.api")


async def nonce(api: Api, request: web.Request) -> Shape:
    value, expires_ms = api.sessions.nonce()
    return shapes.NonceAnswer(
        nonce=value.hex(), node_key=api.node.node_key.hex(), expires_ms=expires_ms
    )


async def open_session(api: Api, request: web.Request) -> Shape:
    """A token for a signed request. What is wrong with one is said in the order of sessions.py."""
    asked = await read_body(request, _OPEN)
    data, signature = read_hex(asked.request), read_hex(asked.signature, 64)
    if data is None or signature is None:
        raise ApiMistake(
            400,
            "BadHex",
            "request and signature are written in small hexadecimal digits; a signature has 128.",
        )
    try:
        wanted = api.sessions.read(data)
    except SessionRefused as refused:
        raise ApiMistake(400, refused.name, str(refused)) from None
    key, message = await api.read(lambda replica: reading_key(replica.ledger, wanted))
    try:
        token = api.sessions.grant(wanted, key, message, signature)
    except SessionRefused as refused:
        status = 503 if refused.name == "Busy" else 401
        raise ApiMistake(status, refused.name, str(refused), headers=_CHALLENGE) from None
    return shapes.SessionAnswer(token=token, expires_ms=wanted.expires_ms)


def reader(api: Api, request: web.Request) -> Session:
    """The session, if it is of the account in the path.

    Raises ApiMistake, in this order: 401 without a good token, 400 for a bad address, 403 for
    another's account, which is logged without saying whose.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ApiMistake(
            401,
            "NoToken",
            "Reading an account needs its holder's token. Open a session at /v1/sessions.",
            headers=_CHALLENGE,
        )
    session = api.sessions.find(token.strip())
    if session is None:
        raise _no_session()
    if path_address(api, request) != session.account:
        api.metrics.foreign_reads.inc()
        log.warning("foreign_read_refused", extra={"route": request.match_info.route.name})
        raise ApiMistake(
            403, "NotYourAccount", "This token reads its own account only, not another's."
        )
    return session


def _no_session() -> ApiMistake:
    return ApiMistake(
        401,
        "BadToken",
        "The token is not known here, has run out, or its key was revoked. Open a new session.",
        headers=_CHALLENGE,
    )


async def read_own(api: Api, session: Session, question: Callable[[Replica], T]) -> T:
    """Ask under a session. Raises ApiMistake 401 if its key is no longer the account's."""
    try:
        return await api.read(under(session, question))
    except KeyRevoked:
        api.sessions.drop(session.digest)
        raise _no_session() from None


async def account(api: Api, request: web.Request) -> Shape:
    session, prefix = reader(api, request), api.prefix
    proof, height = bool(whole_number(request, PROOF)), whole_number(request, AT)

    def ask(replica: Replica) -> shapes.AccountAnswer | None:
        return queries_account.account(replica, session.account, prefix, proof=proof, height=height)

    try:
        found = await read_own(api, session, ask)
    except queries_account.NotThere:
        raise ApiMistake(
            404,
            "NotThere",
            f"There is no block {height} yet, or this account was not registered by then.",
        ) from None
    except TooLongAgo:
        raise ApiMistake(
            404,
            "TooLongAgo",
            f"Block {height} lies further back than this node can go for one question. Ask for a "
            "later one, or replay an export with `socialcoin audit replay`.",
        ) from None
    if found is None:
        raise ApiMistake(
            503,
            "NoBlockYet",
            "There is no block yet, so nothing can be proved. Try again after the first one.",
            headers={"Retry-After": "1"},
        )
    return found


async def history(api: Api, request: web.Request) -> Shape:
    session = reader(api, request)
    limit = whole_number(request, LIMIT)
    assert limit is not None
    before = _cursor(request.query.get("before"))
    await read_own(api, session, lambda replica: None)
    if not await api.index.reached(api.feed.height, INDEX_WAIT_S):
        raise index_behind(api)
    height = api.index.height
    places = await api.index.places(session.account, before, limit + 1)
    more, places = len(places) > limit, places[:limit]
    entries: list[shapes.HistoryEntry] = []
    by_height: dict[int, list[int]] = {}
    for at, position in places:
        by_height.setdefault(at, []).append(position)
    for at, positions in by_height.items():
        entries += await entries_at(api, session, at, positions)
    following = f"{places[-1][0]}.{places[-1][1]}" if more else None
    return shapes.History(height=height, entries=entries, next=following)


async def entries_at(
    api: Api, session: Session, height: int, positions: list[int]
) -> list[shapes.HistoryEntry]:
    """What one height did with the session's account, in the order of `positions`."""
    account, prefix = session.account, api.prefix
    heard = api.feed.recent(height)
    if heard is None:
        return await read_own(
            api,
            session,
            lambda replica: queries_account.entries_at(replica, height, positions, account, prefix),
        )
    return [
        queries_account.history_entry(
            heard.news.receipts[position],
            height,
            heard.news.time_ms,
            account,
            heard.actors.get(position) == account,
            prefix,
        )
        for position in positions
    ]


def _cursor(given: str | None) -> tuple[int, int] | None:
    """Height and position. Raises ApiMistake 400."""
    if given is None:
        return None
    height, dot, position = given.partition(".")
    at = read_number(height, 0, HEIGHT_MAX >> POSITION_BITS)
    place = read_number(position, 0, (1 << POSITION_BITS) - 1)
    if not dot or at is None or place is None:
        raise ApiMistake(400, "BadCursor", "before must be the `next` that an earlier page gave.")
    return at, place


async def receipt(api: Api, request: web.Request) -> Shape:
    """A receipt's leaves with their proofs; 404 also for a receipt that is not the reader's."""
    session = reader(api, request)
    transaction_id = path_id(request)
    found = await read_own(
        api, session, lambda replica: queries_account.receipt_of(replica, transaction_id)
    )
    proved = None
    if found is not None:
        proved = await asyncio.to_thread(queries_account.prove_receipt, found, session.account)
    if proved is None:
        raise ApiMistake(
            404,
            "NoSuchReceipt",
            "No block of this node holds a transaction of this id in which the account has a "
            "part. /v1/transactions/{id} says whether it is still pending.",
        )
    return proved


ROUTES = (
    Route(
        "GET", "/v1/sessions/nonce", nonce, "A number to be used once, for a session request.",
        shapes.NonceAnswer,
    ),
    Route(
        "POST", "/v1/sessions", open_session, "Open a session for one account.",
        shapes.SessionAnswer, shapes.SessionRequestShape, mistakes=(401, 503),
    ),
    Route(
        "GET", "/v1/accounts/{address}", account, "Balance and entry of one's own account.",
        shapes.AccountAnswer, query=(PROOF, AT), reader=True, mistakes=(404, 503),
    ),
    Route(
        "GET", "/v1/accounts/{address}/history", history, "What happened, newest first.",
        shapes.History, query=(BEFORE, LIMIT), reader=True, mistakes=(503,),
    ),
    Route(
        "GET", "/v1/accounts/{address}/receipts/{id}", receipt,
        "One's own part of a receipt, with proofs.", shapes.ReceiptAnswer, reader=True,
        mistakes=(404,),
    ),
)  # fmt: skip
