"""Handing transactions in, asking what became of one, and trying one out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiohttp import web
from msgspec.structs import replace

from chain.contract import ReleaseTooOld
from chain.errors import Malformed
from chain.transaction import TRANSACTION_BYTES_MAX, parse
from node.api import shapes
from node.api.dry_run import COST_MAX, TooMuchToTry, dry_run
from node.api.endpoint import (
    Api,
    ApiMistake,
    Query,
    Route,
    json_response,
    path_id,
    read_body,
    read_hex,
    whole_number,
)
from node.api.outcomes import FINAL, Seen, decided, outcome
from node.api.shapes import Outcome, Shape, Submitted
from node.replica import Replica
from node.seam import Submission

WAIT_MS_MAX = 30_000
WAIT = Query("wait_ms", "wait so long for a final outcome", 0, WAIT_MS_MAX, 0)

_SUBMIT = msgspec.json.Decoder(shapes.SubmitRequest)
_TRY = msgspec.json.Decoder(shapes.DryRunRequest)

NOT_HEX = "a transaction is written as hexadecimal digits in small letters"


async def submit(api: Api, request: web.Request) -> web.Response:
    """Hand in a batch. One that cannot be read spoils only its own place in the list."""
    asked = await read_body(request, _SUBMIT)
    wire: list[bytes] = []
    places: list[int] = []
    results: list[Submitted | None] = [None] * len(asked.transactions)
    for place, text in enumerate(asked.transactions):
        data = read_hex(text)
        if data is None:
            results[place] = _malformed(NOT_HEX)
        else:
            wire.append(data)
            places.append(place)
    submissions = await api.node.submit(wire) if wire else []
    refused: list[tuple[int, bytes, Seen]] = []
    for place, data, said in zip(places, wire, submissions, strict=True):
        if said.id is None or said.malformed:
            results[place] = _malformed(said.malformed)
            continue
        seen = Seen(data, said.refused)
        if said.refused is None:
            api.memory.keep(said.id, seen)
            results[place] = _pending(said)
        else:
            refused.append((place, said.id, seen))
    if refused:
        await _explain(api, refused, results)
    _count(api, results)
    return json_response(shapes.SubmitAnswer(results=[r for r in results if r is not None]), 202)


def _pending(said: Submission) -> Submitted:
    assert said.id is not None, "only a malformed transaction has no id"
    return Submitted(id=said.id.hex(), status="pending", refusal=None, until_ms=None)


def _malformed(message: str) -> Submitted:
    return Submitted(id=None, status="malformed", refusal=None, until_ms=None, message=message)


async def _explain(
    api: Api, refused: Sequence[tuple[int, bytes, Seen]], results: list[Submitted | None]
) -> None:
    """A refusal by the pool is an opinion; a transaction sent again may be decided long since."""

    def ask(replica: Replica) -> list[Outcome]:
        return [outcome(replica, transaction_id, seen) for _, transaction_id, seen in refused]

    for (place, transaction_id, seen), found in zip(refused, await api.read(ask), strict=True):
        if found.status == "not_accepted" and api.memory.find(transaction_id) is None:
            api.memory.keep(transaction_id, seen)
        results[place] = Submitted(
            id=found.id,
            status=found.status,
            refusal=found.refusal,
            until_ms=found.until_ms,
            height=found.height,
        )


def _count(api: Api, results: Sequence[Submitted | None]) -> None:
    outcomes = {"pooled": 0, "not_accepted": 0, "malformed": 0}
    for result in results:
        if result is None:
            continue
        match result.status:
            case "pending":
                outcomes["pooled"] += 1
            case "malformed":
                outcomes["malformed"] += 1
            case _:
                outcomes["not_accepted"] += 1
    for name, count in outcomes.items():
        if count:
            api.metrics.submissions.labels(name).inc(count)


async def status(api: Api, request: web.Request) -> Shape:
    """The outcome; with `wait_ms`, as soon as a block decides, or what it is by then."""
    transaction_id = path_id(request)
    wait_ms = whole_number(request, WAIT)
    assert wait_ms is not None
    final = api.feed.final(transaction_id)
    if final is not None:
        return _public(decided(transaction_id, final))
    found = await _outcome(api, transaction_id)
    if found.status in FINAL or not wait_ms:
        return _public(found)
    final = await api.feed.wait_for(transaction_id, wait_ms / 1000)
    if final is not None:
        return _public(decided(transaction_id, final))
    return _public(await _outcome(api, transaction_id))


def _public(found: Outcome) -> Outcome:
    """Without the reason of a refusal: it can say what a payer holds, or which discount was asked.

    Who has the transaction hands it in again and is told; who has a part in it reads the receipt.
    """
    return replace(found, refusal=None) if found.status == "refused" else found


async def _outcome(api: Api, transaction_id: bytes) -> Outcome:
    seen = api.memory.find(transaction_id)
    return await api.read(lambda replica: outcome(replica, transaction_id, seen))


async def try_out(api: Api, request: web.Request) -> Shape:
    """Execute on the latest state and keep nothing."""
    asked = await read_body(request, _TRY)
    data = read_hex(asked.transaction)
    if data is None:
        raise ApiMistake(400, "BadHex", f"This cannot be read: {NOT_HEX}.")
    try:
        transaction = parse(data, TRANSACTION_BYTES_MAX)
    except Malformed as error:
        raise ApiMistake(400, "Malformed", f"This is not a transaction: {error}.") from None
    now_ms, prefix, release = api.clock(), api.prefix, api.node.release
    try:
        async with api.trying:
            return await api.read(
                lambda replica: dry_run(replica, release, transaction, now_ms, prefix)
            )
    except TooMuchToTry as error:
        raise ApiMistake(
            413,
            "TooMuchToTry",
            f"A dry run takes {error.cost} units of work where {COST_MAX} are allowed. Try a part "
            "of it.",
            {"cost": error.cost, "cost_max": COST_MAX},
        ) from None
    except ReleaseTooOld as error:
        raise ApiMistake(503, "ReleaseTooOld", f"{error}.") from None


ROUTES = (
    Route(
        "POST", "/v1/transactions", submit, "Hand transactions in.", shapes.SubmitAnswer,
        shapes.SubmitRequest, status=202,
    ),
    Route(
        "GET", "/v1/transactions/{id}", status, "What became of a transaction.", shapes.Outcome,
        query=(WAIT,),
    ),
    Route(
        "POST", "/v1/dry-run", try_out, "What a transaction would do now.", shapes.DryRunAnswer,
        shapes.DryRunRequest, mistakes=(503,),
    ),
)  # fmt: skip
