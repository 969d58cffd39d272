"""From a holder's wallet to the reserve's desk: where the euros of a redemption go."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from auditor.bank.desk import ASK_MS_MAX, BOX_BYTES_MAX, ask_bytes
from chain import crypto
from governance_contracts.bank.books import REDEMPTIONS
from governance_contracts.bank.desk import DESKS
from governance_contracts.coins.coin import COINS
from node.api import shapes_desk
from node.api.accounts import read_own, reader
from node.api.chain import CODE
from node.api.endpoint import Api, ApiMistake, Route, read_body, read_hex
from node.api.queries_desk import UNDER_WAY, asked_about, over, with_boxes
from node.api.shapes import Shape
from node.replica import Replica
from node.reserve.boxes import Boxes

SWEEP_MAX = 200
"""So many boxes, of the oldest redemptions, are looked at when one more comes in."""
_BOX = msgspec.json.Decoder(shapes_desk.BoxShape)
_ASK = msgspec.json.Decoder(shapes_desk.DeskAsk)


def boxes_of(api: Api) -> Boxes:
    """Raises ApiMistake 503: this node keeps no files."""
    if api.boxes is None:
        raise ApiMistake(503, "NoDesk", "This node passes no destinations on. Ask another one.")
    return api.boxes


async def desk(api: Api, request: web.Request) -> Shape:
    """The key to which wallets seal where euros go."""
    coin = _coin(request)

    def ask(replica: Replica) -> shapes_desk.DeskAnswer | None:
        if replica.ledger.get(COINS, coin) is None:
            return None
        found = replica.ledger.get(DESKS, coin)
        key = None if found is None else found.key.hex()
        return shapes_desk.DeskAnswer(height=replica.ledger.tip.height, coin=coin, key=key)

    found = await api.read(ask)
    if found is None:
        raise _no_coin()
    return found


async def send_box(api: Api, request: web.Request) -> Shape:
    """Take a sealed destination for a redemption of the reader's own that waits."""
    session = reader(api, request)
    given = await read_body(request, _BOX)
    boxes, box = boxes_of(api), read_hex(given.box)
    if box is None or not 0 < len(box) <= BOX_BYTES_MAX:
        raise ApiMistake(
            400, "BadBox", f"A box is at most {BOX_BYTES_MAX} bytes in small hexadecimal digits."
        )
    found = await read_own(
        api, session, lambda replica: replica.ledger.get(REDEMPTIONS, given.redemption)
    )
    waits = found is not None and found.state in UNDER_WAY
    if found is None or (found.holder, found.coin) != (session.account, given.coin) or not waits:
        raise ApiMistake(
            404,
            "NoSuchRedemption",
            "No redemption of this number and coin waits for this account.",
        )
    kept = await asyncio.to_thread(boxes.numbers, given.coin)
    await _sweep(api, boxes, given.coin, kept[:SWEEP_MAX])
    await asyncio.to_thread(boxes.put, given.coin, given.redemption, box)
    return shapes_desk.BoxTaken(redemption=given.redemption)


async def collect(api: Api, request: web.Request) -> Shape:
    """For the desk: what waits, with the boxes that holders sent."""
    coin, boxes = _coin(request), boxes_of(api)
    given = await read_body(request, _ASK)
    signature, now = read_hex(given.signature, 64), api.clock()
    key, chain, epoch = await api.read(
        lambda replica: (
            replica.ledger.get(DESKS, coin),
            replica.ledger.tip.chain,
            replica.ledger.tip.epoch,
        )
    )
    message = ask_bytes(chain, epoch, coin, api.node.node_key, given.expires_ms, given.redemptions)
    good = key is not None and signature is not None and crypto.verify(key.key, message, signature)
    if not good or not now < given.expires_ms <= now + ASK_MS_MAX:
        raise ApiMistake(
            403,
            "NotTheDesk",
            "This is for the desk whose key stands on the chain, just signed with it.",
        )
    await _sweep(api, boxes, coin, await asyncio.to_thread(boxes.numbers, coin))
    found, height, time_ms = await api.read(
        lambda replica: (
            asked_about(replica.ledger, coin, given.redemptions),
            replica.ledger.tip.height,
            replica.ledger.tip.time_ms,
        )
    )
    return shapes_desk.DeskRedemptions(
        height=height,
        time_ms=time_ms,
        redemptions=await asyncio.to_thread(
            with_boxes, lambda number: boxes.get(coin, number), found
        ),
    )


async def _sweep(api: Api, boxes: Boxes, coin: str, numbers: list[int]) -> None:
    """Let go of boxes of redemptions that are over: nobody has to ask for that."""

    def gone(replica: Replica) -> list[int]:
        return over(replica.ledger, numbers)

    for number in await api.read(gone) if numbers else ():
        await asyncio.to_thread(boxes.drop, coin, number)


def _coin(request: web.Request) -> str:
    code = request.match_info["code"]
    if CODE.fullmatch(code) is None or not code.strip("."):
        raise _no_coin()
    return code


def _no_coin() -> ApiMistake:
    return ApiMistake(
        404, "UnknownCoin", "There is no coin of this code. /v1/coins lists all of them."
    )


ROUTES = (
    Route(
        "GET", "/v1/coins/{code}/desk", desk, "The key of a reserve's desk.",
        shapes_desk.DeskAnswer, mistakes=(404,),
    ),
    Route(
        "POST", "/v1/coins/{code}/desk", collect,
        "For the desk itself: redemptions that wait, with sealed destinations.",
        shapes_desk.DeskRedemptions, shapes_desk.DeskAsk, mistakes=(400, 403, 404, 503),
    ),
    Route(
        "POST", "/v1/accounts/{address}/destinations", send_box,
        "Hand in where the euros of a redemption go, sealed to the desk.", shapes_desk.BoxTaken,
        shapes_desk.BoxShape, reader=True, mistakes=(400, 404, 503),
    ),
)  # fmt: skip
