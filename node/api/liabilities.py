"""Is everybody's coin counted in what the reserve owes? The tree's root, and one's own place."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from chain.codec import encode
from governance_contracts.coins.balances import SUPPLY
from governance_contracts.coins.coin import COINS
from node.api.accounts import read_own, reader
from node.api.chain import CODE
from node.api.endpoint import HEIGHT_MAX, Api, ApiMistake, Query, Route, whole_number
from node.api.heights import header_at
from node.api.past import ledger_at
from node.api.shapes import ProvedRecord, Shape
from node.api.shapes_liabilities import LiabilitiesAnswer, LiabilityProof, OwedPart
from node.liabilities import Counted, Mine, NotYet, Records, TooLongAgo, path_hex, prove, records_of
from node.replica import Replica

AT = Query("height", "as it was after this block; else a recent one", 1, HEIGHT_MAX)
COIN = Query("coin", "the code of a coin")


async def liabilities(api: Api, request: web.Request) -> Shape:
    """Root and total of what is owed in a coin."""
    counted = await _counted(api, request.match_info["code"], whole_number(request, AT))
    return LiabilitiesAnswer(
        coin=counted.coin,
        height=counted.height,
        root=counted.tree.root.hex(),
        total_cents=counted.tree.total,
        count=counted.tree.count,
    )


async def own_place(api: Api, request: web.Request) -> Shape:
    """Where the reader's own amounts stand in the tree."""
    session = reader(api, request)
    height = whole_number(request, AT)
    await read_own(api, session, lambda replica: None)
    for last in (False, True):
        counted = await _counted(api, request.query.get("coin", ""), height)
        question = partial(_read, counted=counted, account=session.account)
        try:
            records, proved, header, certificate = await read_own(api, session, question)
            break
        except TooLongAgo:
            # The tree is from before so many payments that its records cannot be shown any more.
            api.liabilities.forget(counted)
            if last or height is not None:
                raise _too_long_ago(counted.height) from None
    mine = await asyncio.to_thread(prove, counted, session.account, records)
    return LiabilityProof(
        coin=counted.coin,
        height=counted.height,
        root=counted.tree.root.hex(),
        total_cents=counted.tree.total,
        count=counted.tree.count,
        header=header.hex(),
        certificate=certificate.hex(),
        records=proved,
        parts=[_part(one) for one in mine],
    )


def _part(mine: Mine) -> OwedPart:
    return OwedPart(
        form=mine.owed.form.name.lower(),
        number=mine.owed.number,
        amount_cents=mine.owed.part.amount,
        record=mine.record,
        paths=[path_hex(path) for path in mine.paths],
    )


def _read(
    replica: Replica, counted: Counted, account: bytes
) -> tuple[Records, list[ProvedRecord], bytes, bytes]:
    """The account's records at the tree's height, with proofs under its header, and the supply's.

    Raises TooLongAgo.
    """
    header = header_at(replica, counted.height)
    certificate = replica.store.certificate(counted.height)
    if header is None or certificate is None:
        raise TooLongAgo
    ledger = ledger_at(replica.store, counted.height)
    records = records_of(ledger, counted, account)
    places = [(table, key) for table, key, _ in records]
    places.append((SUPPLY.number, SUPPLY.key(counted.coin)))
    proved = []
    for table, key in places:
        stored, proof = ledger.prove(table, key)
        proved.append(
            ProvedRecord(
                table=table,
                key=key.hex(),
                stored=None if stored is None else stored.hex(),
                proof=encode(proof).hex(),
            )
        )
    return records, proved, encode(header), encode(certificate)


async def _counted(api: Api, coin: str, height: int | None) -> Counted:
    """Raises ApiMistake 404, 503."""
    known = CODE.fullmatch(coin) is not None
    tip = await api.read(
        lambda replica: (
            replica.ledger.tip.height
            if known and replica.ledger.get(COINS, coin) is not None
            else None
        )
    )
    if tip is None:
        raise ApiMistake(
            404, "UnknownCoin", "There is no coin of this code. /v1/coins lists all of them."
        )
    if not tip:
        raise ApiMistake(
            503,
            "NoBlockYet",
            "There is no block yet, so nothing can be proved. Try again after the first one.",
            headers={"Retry-After": "1"},
        )
    try:
        return await api.liabilities.at(coin, height, api.read)
    except NotYet:
        raise ApiMistake(404, "NotThere", f"There is no block {height} yet.") from None
    except TooLongAgo:
        raise _too_long_ago(height or 0) from None


def _too_long_ago(height: int) -> ApiMistake:
    return ApiMistake(
        404,
        "TooLongAgo",
        f"Block {height} lies further back than this node can go for one question. Ask for a "
        "later one, or replay an export with `socialcoin audit replay`.",
    )


ROUTES = (
    Route(
        "GET", "/v1/coins/{code}/liabilities", liabilities,
        "Root and total of the tree over all that is owed in a coin.", LiabilitiesAnswer,
        query=(AT,), mistakes=(404, 503),
    ),
    Route(
        "GET", "/v1/accounts/{address}/liability-proof", own_place,
        "Where one's own coin stands in that tree.", LiabilityProof, query=(COIN, AT),
        reader=True, mistakes=(404, 503),
    ),
)  # fmt: skip
