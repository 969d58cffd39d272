"""The HTTP API as a whole: public reads, handing in, outcomes, streams, and bad input."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gzip
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web

from chain import crypto
from chain.certificate import Seat, seats_hash
from chain.rules import SeatChange, queue_seat_change
from node.api import feed, stream
from node.api.app import ROUTES
from node.api.endpoint import BODY_BYTES_MAX
from node.api.queries import health
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, W1, seed
from tests.node.inprocess import Client, InProcess, app_of, client_of, heard, token_of
from wallet_cli.core.verify import read_certified


@pytest.fixture
def node() -> InProcess:
    town = MoneyTown()
    town.deposit("J1", "ada1", 100_00)
    town.deposit("J1", "bob1", 100_00)
    node = InProcess(town)
    node.block()
    return node


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def mistake(answer: Any, status: int, name: str) -> str:
    assert answer.status == status, await answer.text()
    assert answer.content_type == "application/json"
    error = (await answer.json())["error"]
    assert set(error) == {"name", "code", "message", "fields"}
    assert error["name"] == name
    assert len(error["message"].split()) > 4, "a sentence"
    return str(error["message"])


async def submit(client: Client, *transactions: bytes | str) -> list[dict[str, Any]]:
    texts = [t if isinstance(t, str) else t.hex() for t in transactions]
    answer = await client.post("/v1/transactions", json={"transactions": texts})
    assert answer.status == 202, await answer.text()
    results: list[dict[str, Any]] = (await answer.json())["results"]
    return results


async def outcome(client: Client, id: str, wait_ms: int = 0) -> dict[str, Any]:
    answer = await client.get(f"/v1/transactions/{id}?wait_ms={wait_ms}")
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


# Public reads.


async def test_status_and_health(client: Client, node: InProcess) -> None:
    status = await (await client.get("/v1/status")).json()
    assert status["chain_id"] == CHAIN.hex() and status["height"] == 1
    assert status["consensus"] == {"height": 2, "round": 0, "step": "idle"}
    assert (status["validators"], status["quorum"], status["tolerated_faults"]) == (1, 1, 0)
    assert (status["prefix"], status["chain_name"]) == ("test", "Teststad")
    answer = await client.get("/healthz")
    assert answer.status == 200 and (await answer.json())["status"] == "ok"


def test_health_says_what_is_wrong(node: InProcess) -> None:
    good = node.replica.status()
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"joined": False}, "starting"),
        ({"syncing": True, "joined": False}, "syncing"),
        ({"diverged": True, "syncing": True}, "diverged"),
    )
    for change, expected in changes:
        found = health(dataclasses.replace(good, **change))
        assert found.status == expected and found.reason


async def test_a_coin_shows_its_supply_and_its_reserve(client: Client, node: InProcess) -> None:
    (coin,) = (await (await client.get("/v1/coins/J1")).json())["coins"]
    assert coin["supply_cents"] == {
        "free": 200_00, "lots": 0, "escrow": 0, "offline": 0, "redeeming": 0,
    }  # fmt: skip
    assert (coin["minted_cents"], coin["burned_cents"]) == (200_00, 0)
    assert coin["reserve"] == {
        "balance_cents": 200_00, "cover_cents": 200_00, "liabilities_cents": 200_00,
        "deficit_cents": 0, "statement": 2, "closing_date": "2026-01-01",
    }  # fmt: skip
    for code in ("J9", "%E2%82%AC", "a%20b"):
        await mistake(await client.get(f"/v1/coins/{code}"), 404, "UnknownCoin")


async def test_a_payee_shows_places_and_never_a_home(client: Client, node: InProcess) -> None:
    shop = await (await client.get(f"/v1/payees/{node.address('shop1')}")).json()
    assert shop["registered"] and not shop["closed"] and shop["kind"] == "business"
    assert shop["places"][0] == {
        "number": 1, "wijk": "WK990001", "buurt": "BU99000101", "kind": "shop",
    }  # fmt: skip
    assert shop["accepts"] == ["J1", "J2"], "J3 is of a limited network"
    person = await (await client.get(f"/v1/payees/{node.address('bob1')}")).json()
    assert person["places"] == [] and "home" not in person
    node.town.names["nobody"] = bytes(20)
    nobody = await (await client.get(f"/v1/payees/{node.address('nobody')}")).json()
    assert not nobody["registered"] and nobody["kind"] is None


async def test_headers_come_in_order_and_bounded(client: Client, node: InProcess) -> None:
    for _ in range(4):
        node.block()
    found = (await (await client.get("/v1/headers?from=2&limit=2")).json())["headers"]
    assert [entry["height"] for entry in found] == [2, 3]
    await mistake(await client.get("/v1/headers/0"), 404, "NoSuchBlock")
    await mistake(await client.get("/v1/headers/9"), 404, "NoSuchBlock")
    for bad in ("-1", "1e3", "%D9%A1", "first", "9" * 40):
        await mistake(await client.get(f"/v1/headers/{bad}"), 400, "BadHeight")
    for query in ("limit=0", "limit=201", "limit=x", "from=0", "seat_changes=2", "limit=1&limit=2"):
        await mistake(await client.get(f"/v1/headers?{query}"), 400, "BadParameter")
    await mistake(await client.get("/v1/headers?form=2"), 400, "UnknownParameter")


async def test_headers_that_change_the_seats_name_the_new_ones(tmp_path: Path) -> None:
    town = MoneyTown()
    seat = Seat(W1, crypto.public_key(seed("a new key of the board")))
    queue_seat_change(town.state, SeatChange(W1, (seat,)))
    node = InProcess(town)
    async with client_of(node, tmp_path) as client:
        node.block()
        node.block()
        await heard(client, node)
        found = (await (await client.get("/v1/headers?seat_changes=1")).json())["headers"]
        seats = await (await client.get("/v1/seats")).json()
    assert [entry["height"] for entry in found] == [2]
    named = [{"wijk": W1, "key": seat.key.hex()}]
    assert found[0]["next_seats"] == seats["next"] == named != seats["seats"]
    header = read_certified(found[0]).header
    assert header.next_seats == seats_hash((seat,)) != header.seats


async def test_regions_go_on_from_a_code(client: Client, node: InProcess) -> None:
    first = await (await client.get("/v1/regions?limit=4")).json()
    assert len(first["regions"]) == 4
    rest = await (await client.get(f"/v1/regions?from={first['next']}")).json()
    codes = [region["code"] for region in first["regions"] + rest["regions"]]
    assert codes == sorted(codes) and rest["next"] is None and "WK990001" in codes
    await mistake(await client.get("/v1/regions?from=%20"), 400, "BadParameter")


async def test_the_document_names_every_route(client: Client, node: InProcess) -> None:
    document = await (await client.get("/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    named = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert named == {(route.method, route.path) for route in ROUTES}
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    for ref in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert ref in schemas
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    own = document["paths"]["/v1/accounts/{address}"]["get"]
    assert own["security"] and {"401", "403"} <= set(own["responses"])


async def test_metrics_count_and_name_no_account(client: Client, node: InProcess) -> None:
    await submit(client, node.pay("ada1", "shop1", 100), "00")
    node.settle()
    await heard(client, node)
    await client.get(f"/v1/accounts/{node.address('ada1')}")
    text = await (await client.get("/metrics")).text()
    for line in (
        "socialcoin_consensus_height 2.0",
        "socialcoin_mempool_transactions 0.0",
        'socialcoin_transactions_total{outcome="ok"} 1.0',
        'socialcoin_submissions_total{outcome="malformed"} 1.0',
        "socialcoin_block_transactions_count 1.0",
    ):
        assert line in text, line
    assert 'route="v1.accounts.address"' in text and node.address("ada1") not in text


# Handing in, and what becomes of it.


async def test_a_payment_is_pending_then_committed(client: Client, node: InProcess) -> None:
    (result,) = await submit(client, node.pay("ada1", "shop1", 100))
    assert (result["status"], result["refusal"]) == ("pending", None)
    waiting = await outcome(client, result["id"])
    assert waiting["status"] == "pending" and waiting["until_ms"] == node.now_ms + 60_000
    asked = asyncio.create_task(outcome(client, result["id"], 30_000))
    await asyncio.sleep(0.05)
    node.settle()
    final = await asked
    assert (final["status"], final["height"]) == ("committed", 2)
    assert await outcome(client, result["id"]) == final


async def test_an_outcome_is_the_same_from_memory_and_from_the_store(
    node: InProcess, tmp_path: Path
) -> None:
    async with client_of(node, tmp_path) as client:
        (result,) = await submit(client, node.pay("ada1", "shop1", 1_000_000))
        node.settle()
        await heard(client, node)
        recent = await outcome(client, result["id"])
    async with client_of(node, tmp_path) as client:
        assert await outcome(client, result["id"]) == recent
    assert recent["status"] == "refused"


async def test_why_it_was_refused_is_told_to_who_has_the_transaction(
    client: Client, node: InProcess
) -> None:
    """The public status says no more than that it was: why can tell what a payer holds."""
    wire = node.pay("ada1", "shop1", 1_000_000)
    (first,) = await submit(client, wire)
    node.settle()
    await heard(client, node)
    assert (await outcome(client, first["id"]))["refusal"] is None
    (again,) = await submit(client, wire)
    assert again["status"] == "refused" and again["height"]
    assert again["refusal"]["name"] == "NotEnoughCoin" and again["refusal"]["call"] == 0
    assert again["refusal"]["fields"]["missing"] == 1_000_000 - 100_00


async def test_one_bad_transaction_spoils_its_own_place_only(
    client: Client, node: InProcess
) -> None:
    good = node.pay("ada1", "shop1", 100)
    forged = node.pay("bob1", "shop1", 100, seed=bytes(32))
    results = await submit(client, "zz", good, "AB", good[:-1], "", forged, good)
    assert [r["status"] for r in results] == [
        "malformed", "pending", "malformed", "malformed", "malformed", "not_accepted", "pending",
    ]  # fmt: skip
    assert all(r["message"] for r in results if r["status"] == "malformed")
    assert results[5]["refusal"]["name"] == "BadSignature" and results[5]["until_ms"]
    assert results[1]["id"] == results[6]["id"]


async def test_sent_again_it_is_what_it_became(client: Client, node: InProcess) -> None:
    paid = node.pay("ada1", "shop1", 100)
    await submit(client, paid)
    node.settle()
    (again,) = await submit(client, paid)
    assert (again["status"], again["height"]) == ("committed", 2)


async def test_not_accepted_becomes_expired_by_the_chain_only(
    client: Client, node: InProcess
) -> None:
    late = node.pay("ada1", "shop1", 100, valid_ms=5_000)
    node.now_ms += 6_000
    (result,) = await submit(client, late)
    assert result["status"] == "not_accepted", "the node's own clock decides nothing"
    assert result["until_ms"] == node.now_ms - 1_000
    assert (await outcome(client, result["id"]))["status"] == "not_accepted"
    node.block()
    assert (await outcome(client, result["id"]))["status"] == "expired"


async def test_an_unknown_transaction_is_unknown(client: Client) -> None:
    assert (await outcome(client, "00" * 32, 1))["status"] == "unknown"
    for bad in ("00", "zz" * 32, "AA" * 32):
        await mistake(await client.get(f"/v1/transactions/{bad}"), 400, "BadId")
    await mistake(
        await client.get(f"/v1/transactions/{'00' * 32}?wait_ms=30001"), 400, "BadParameter"
    )


async def test_a_dry_run_leaves_nothing_behind(client: Client, node: InProcess) -> None:
    root = node.replica.ledger.tip.state_root
    paid = node.pay("ada1", "shop1", 100)
    for transaction, status, name in (
        (paid, "ok", None),
        (node.pay("ada1", "shop1", 1_000_000), "refused", "NotEnoughCoin"),
        (node.pay("ada1", "shop1", 1, seed=bytes(32)), "inadmissible", "BadSignature"),
    ):
        answer = await client.post("/v1/dry-run", json={"transaction": transaction.hex()})
        found = await answer.json()
        assert found["status"] == status
        assert (found["refusal"] or {}).get("name") == name
        parties = {event["party"] for event in found["events"]}
        assert parties <= {None, node.address("ada1")}, "not what the payee alone may see"
    assert node.replica.ledger.tip.state_root == root
    (result,) = await submit(client, paid)
    assert result["status"] == "pending", "its number was not used"


# Streams.


async def events(answer: Any, count: int) -> list[dict[str, Any]]:
    """The next events of a stream; comments and mere ids are passed over."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        block = (await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5)).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().split("\n"))
        if "data" in fields:
            data = json.loads(fields["data"])
            assert fields["id"] == str(data["height"])
            found.append(data)
    return found


async def test_a_stream_goes_on_from_its_cursor(client: Client, node: InProcess) -> None:
    for _ in range(3):
        node.block()
    await heard(client, node)
    async with client.get("/v1/events?cursor=1") as answer:
        assert [event["height"] for event in await events(answer, 3)] == [2, 3, 4]
        node.block()
        (new,) = await events(answer, 1)
        assert (new["height"], new["transactions"]) == (5, 0)
    async with client.get("/v1/events", headers={"Last-Event-ID": "4"}) as answer:
        assert (await events(answer, 1))[0]["height"] == 5
    for bad in ("6", "-1", "x"):
        await mistake(await client.get(f"/v1/events?cursor={bad}"), 400, "BadCursor")


async def test_heights_beyond_the_ring_come_from_the_store(
    node: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RING_HEIGHTS", 1)
    async with client_of(node, tmp_path) as client:
        await submit(client, node.pay("ada1", "shop1", 100))
        for _ in range(4):
            node.block()
        await heard(client, node)
        async with client.get("/v1/events?cursor=0") as answer:
            found = await events(answer, 5)
        assert [event["height"] for event in found] == [1, 2, 3, 4, 5]
        token = await token_of(client, node, "shop1")
        url = f"/v1/accounts/{node.address('shop1')}/events?cursor=0"
        async with client.get(url, headers=token) as answer:
            (event,) = await events(answer, 1)
        assert [e["name"] for e in event["entries"][0]["events"]] == ["Received"]


async def test_an_account_hears_of_itself_only(client: Client, node: InProcess) -> None:
    token = await token_of(client, node, "shop1")
    url = f"/v1/accounts/{node.address('shop1')}/events"
    async with client.get(url, headers=token) as answer:
        await submit(client, node.pay("ada1", "bob1", 100))
        node.settle()
        await submit(client, node.pay("ada1", "shop1", 200))
        node.settle()
        (event,) = await events(answer, 1)
    assert event["height"] == 3
    (entry,) = event["entries"]
    assert entry["events"][0]["fields"]["amount"] == 200


async def test_a_burst_drops_the_feed_and_loses_nothing(client: Client, node: InProcess) -> None:
    async with client.get("/v1/events?cursor=1") as answer:
        for _ in range(60):  # more than the queue of a subscriber, without a turn of the loop
            node.block()
        found = await events(answer, 60)
    assert [event["height"] for event in found] == list(range(2, 62))


async def test_a_height_that_was_not_told_is_read(client: Client, node: InProcess) -> None:
    (result,) = await submit(client, node.pay("ada1", "shop1", 100))
    asked = asyncio.create_task(outcome(client, result["id"], 30_000))
    await asyncio.sleep(0.05)
    told, node.subscribers = node.subscribers, []
    node.settle()
    node.subscribers = told
    node.block()
    assert (await asyncio.wait_for(asked, 5))["height"] == 2
    async with client.get("/v1/events?cursor=1") as answer:
        assert [event["height"] for event in await events(answer, 2)] == [2, 3]


async def test_a_reader_that_takes_nothing_is_dropped(
    node: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WRITE_S", 0.05)

    async def stuck(*_: Any) -> None:
        await asyncio.Event().wait()

    async with client_of(node, tmp_path) as client:
        answer = await client.get("/v1/events?cursor=1")
        monkeypatch.setattr(web.StreamResponse, "write", stuck)
        node.block()
        with pytest.raises(ClientPayloadError):
            await asyncio.wait_for(answer.content.read(), 5)
        assert app_of(client)[stream.STREAMS].count == 0


async def test_open_streams_do_not_hold_up_the_end(node: InProcess, tmp_path: Path) -> None:
    async with asyncio.timeout(5):
        async with client_of(node, tmp_path) as client:
            answer = await client.get("/v1/events?cursor=0")
            await events(answer, 1)
            app = app_of(client)
            await app.shutdown()
            with contextlib.suppress(ClientPayloadError):
                await answer.content.read()
        assert app[stream.STREAMS].count == 0


# Bad input.


async def test_unknown_routes_and_wrong_methods(client: Client) -> None:
    await mistake(await client.get("/v2/status"), 404, "UnknownRoute")
    await mistake(await client.get("/"), 404, "UnknownRoute")
    answer = await client.post("/v1/status")
    assert "GET" in await mistake(answer, 405, "WrongMethod")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/v1/transactions", "/v1/dry-run", "/v1/sessions"])
async def test_bodies_that_are_not_what_the_route_takes(client: Client, path: str) -> None:
    for body in (b"", b"{", b"not json", b"\xff\xfe"):
        await mistake(await client.post(path, data=body), 400, "BadJson")
    for body in (b"[" * 100_000, b"[]", b"null", b"{}", b'{"x":1}', b'{"transactions":"00"}'):
        await mistake(await client.post(path, data=body), 400, "BadRequest")
    large = b'{"transactions":["' + b"0" * BODY_BYTES_MAX + b'"]}'
    await mistake(await client.post(path, data=large), 413, "BodyTooLarge")


async def test_a_compressed_body_is_read_within_the_same_bound(client: Client) -> None:
    path, zipped = "/v1/transactions", {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b'{"transactions":["' + b"0" * (BODY_BYTES_MAX * 20) + b'"]}')
    await mistake(await client.post(path, data=bomb, headers=zipped), 413, "BodyTooLarge")
    await mistake(await client.post(path, data=b"no gzip", headers=zipped), 400, "BadBody")


async def test_a_batch_is_bounded(client: Client) -> None:
    for transactions in ([], ["00"] * 501, [1], [None]):
        answer = await client.post("/v1/transactions", json={"transactions": transactions})
        await mistake(answer, 400, "BadRequest")
    body = {"transactions": ["00"], "urgent": True}
    said = await mistake(await client.post("/v1/transactions", json=body), 400, "BadRequest")
    assert "urgent" in said


async def test_a_bug_is_logged_and_tells_nothing(
    client: Client, node: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret detail")

    node.read = broken  # type: ignore[method-assign, assignment]
    with caplog.at_level(logging.ERROR, "socialcoin"):
        answer = await client.get(f"/v1/payees/{node.address('ada1')}")
        text = await answer.text()
    await mistake(answer, 500, "InternalError")
    assert "secret" not in text and "Traceback" not in text
    (record,) = [r for r in caplog.records if r.message == "request_failed"]
    assert node.address("ada1") not in repr(vars(record)["route"])
