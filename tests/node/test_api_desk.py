"""Sealed destinations on their way to the desk: who hands one in, who collects, what stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from auditor.bank.desk import (
    ASK_MAX,
    ASK_MS_MAX,
    BOX_BYTES_MAX,
    BadBox,
    Destination,
    ask_bytes,
    open_destination,
    seal_destination,
)
from chain.authority import Board
from chain.crypto import public_key, sign
from chain.money import Cents
from governance_contracts.bank.books import EntryKind
from governance_contracts.bank.desk import SetDesk
from governance_contracts.bank.redemption import Cancel, Export, Redeem
from node.api.app import API, make_app
from node.api.index import Index
from node.reserve.boxes import Boxes
from tests.contracts.bank import DETAILS, MoneyTown, entry
from tests.contracts.town import CHAIN, EPOCH, W1, seed
from tests.node.inprocess import Client, InProcess, client_of, token_of

IBAN = "NL91ABNA0417164300"
SALT = bytes(16)
DESK = seed("the desk of J1")
BOARD = (Board(W1),)


@pytest.fixture
def town() -> MoneyTown:
    """`dee1` asked for 10 euro (1) and 5 (2), `eef1` for 1 (3)."""
    town = MoneyTown()
    town.play(SetDesk("J1", public_key(DESK)), under=BOARD)
    for who, amounts in (("dee1", (10_00, 5_00)), ("eef1", (1_00,))):
        town.deposit("J1", who, sum(amounts))
        for amount in amounts:
            commitment = Destination(0, IBAN, SALT).commitment
            town.play(Redeem(town.id(who), "J1", Cents(amount), (), commitment), by=who)
    return town


@pytest.fixture
def boxes(tmp_path: Path) -> Boxes:
    return Boxes(tmp_path / "boxes")


@pytest.fixture
async def client(town: MoneyTown, boxes: Boxes, tmp_path: Path) -> AsyncIterator[Client]:
    node = InProcess(town)
    index = Index.open(tmp_path / "index")
    app = make_app(node, index, boxes=boxes, clock=lambda: node.now_ms)
    async with TestClient(TestServer(app)) as client:
        await app[API].feed.started.wait()
        yield client


def node_of(client: Client) -> InProcess:
    assert isinstance(client.server, TestServer)
    node = client.server.app[API].node
    assert isinstance(node, InProcess)
    return node


def sealed(redemption: int) -> str:
    return seal_destination(public_key(DESK), Destination(redemption, IBAN, SALT, "Dee")).hex()


async def send(client: Client, who: str, body: object, as_: str = "") -> tuple[int, Any]:
    node = node_of(client)
    token = await token_of(client, node, as_ or who)
    path = f"/v1/accounts/{node.address(who)}/destinations"
    answer = await client.post(path, json=body, headers=token)
    found = await answer.json()
    return answer.status, found.get("error", found).get("name", found)


def box(redemption: int, content: str | None = None, coin: str = "J1") -> dict[str, object]:
    return {"coin": coin, "redemption": redemption, "box": content or sealed(redemption)}


async def collect(client: Client, seed: bytes = DESK, **more: Any) -> tuple[int, Any]:
    node = node_of(client)
    expires_ms = more.get("expires_ms", node.now_ms + 60_000)
    numbers = more.get("numbers", [])
    key = more.get("node_key", node.node_key)
    message = ask_bytes(CHAIN, EPOCH, more.get("coin", "J1"), key, expires_ms, numbers)
    body = {
        "expires_ms": expires_ms, "redemptions": numbers, "signature": sign(seed, message).hex(),
    }  # fmt: skip
    answer = await client.post("/v1/coins/J1/desk", json=body)
    return answer.status, await answer.json()


def shown(answer: Any) -> dict[int, tuple[str, bool]]:
    return {
        one["redemption"]: (one["state"], one["box"] is not None) for one in answer["redemptions"]
    }


async def test_from_the_holder_to_the_desk_and_nobody_else(client: Client, boxes: Boxes) -> None:
    node = node_of(client)
    key = await (await client.get("/v1/coins/J1/desk")).json()
    assert (key["coin"], key["key"]) == ("J1", public_key(DESK).hex())
    assert await send(client, "dee1", box(1)) == (200, {"redemption": 1})
    status, answer = await collect(client)
    assert status == 200
    assert shown(answer) == {
        1: ("requested", True),
        2: ("requested", False),
        3: ("requested", False),
    }
    found = open_destination(DESK, bytes.fromhex(answer["redemptions"][0]["box"]))
    assert (found.iban, found.commitment.hex()) == (IBAN, answer["redemptions"][0]["destination"])
    with pytest.raises(BadBox):
        open_destination(seed("a node"), bytes.fromhex(answer["redemptions"][0]["box"]))
    assert all(
        IBAN.encode() not in path.read_bytes() for path in boxes.root.rglob("*") if path.is_file()
    )
    assert boxes.root.joinpath("J1").stat().st_mode & 0o077 == 0
    content = b"".join(repr(record).encode() for record in node.town.snapshot().values())
    assert IBAN.encode() not in content, "not on the chain either"


async def test_only_a_redemption_of_ones_own_that_is_under_way(client: Client) -> None:
    for who, number, coin in (("dee1", 3, "J1"), ("dee1", 9, "J1"), ("dee1", 1, "J2")):
        assert await send(client, who, box(number, coin=coin)) == (404, "NoSuchRedemption")
    assert (await send(client, "dee1", box(1), as_="eef1"))[0] == 403
    assert await send(client, "eef1", box(3)) == (200, {"redemption": 3})


@pytest.mark.parametrize(
    "content",
    ["", "zz", "ABCD", "abc", "00" * (BOX_BYTES_MAX + 1), "../" * 8],
    ids=["empty", "not hex", "capitals", "odd", "too long", "a path"],
)
async def test_what_is_no_box_is_refused(client: Client, boxes: Boxes, content: str) -> None:
    status, _name = await send(client, "dee1", {"coin": "J1", "redemption": 1, "box": content})
    assert status == 400
    assert boxes.numbers("J1") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"coin": "J1", "redemption": -1, "box": "00"},
        {"coin": "J1", "redemption": 2**53, "box": "00"},
        {"coin": "J1", "redemption": "1/../2", "box": "00"},
        {"coin": "../../J1", "redemption": 1, "box": "00"},
        [],
    ],
)
async def test_bodies_that_are_not_one(client: Client, boxes: Boxes, body: object) -> None:
    status, _name = await send(client, "dee1", body)
    assert status in (400, 404)
    assert not boxes.root.exists()


async def test_an_account_keeps_one_box_for_each_redemption(client: Client, boxes: Boxes) -> None:
    """What is kept is bounded by what is under way, and the last one counts."""
    for content in ("00" * BOX_BYTES_MAX, "11", sealed(1)):
        assert (await send(client, "dee1", box(1, content)))[0] == 200
    assert boxes.numbers("J1") == [1]
    assert open_destination(DESK, boxes.get("J1", 1) or b"").redemption == 1


async def test_garbage_is_for_the_desk_to_find_out(client: Client) -> None:
    assert (await send(client, "dee1", box(1, "00" * 100)))[0] == 200
    _status, answer = await collect(client)
    with pytest.raises(BadBox):
        open_destination(DESK, bytes.fromhex(answer["redemptions"][0]["box"]))


@pytest.mark.parametrize("path", ["J9", "..", "%2e%2e"])
async def test_a_coin_that_is_not_there(client: Client, path: str) -> None:
    answer = await client.get(f"/v1/coins/{path}/desk")
    assert answer.status == 404


async def test_who_is_not_the_desk_collects_nothing(client: Client) -> None:
    node = node_of(client)
    for status, _answer in (
        await collect(client, seed("somebody")),
        await collect(client, expires_ms=node.now_ms),
        await collect(client, expires_ms=node.now_ms + ASK_MS_MAX + 1),
        await collect(client, node_key=bytes(32)),  # signed for another node
        await collect(client, coin="J2"),  # or for another coin
    ):
        assert status == 403
    assert (await collect(client, numbers=list(range(ASK_MAX + 1))))[0] == 400
    assert (await client.post("/v1/coins/J2/desk", json={
        "expires_ms": node.now_ms + 1, "redemptions": [], "signature": "00" * 64,
    })).status == 403  # a coin without a desk  # fmt: skip


async def test_the_desk_is_told_of_others_only_when_it_asks(client: Client) -> None:
    _status, answer = await collect(client, numbers=[1, 99, 2**53 - 1])
    assert shown(answer).keys() == {1, 2, 3}


async def test_what_belongs_to_nothing_goes_when_one_comes_in(
    town: MoneyTown, boxes: Boxes, client: Client
) -> None:
    for number in (1, 2, 3, 77):
        boxes.put("J1", number, bytes.fromhex(sealed(number)))
    assert (await send(client, "eef1", box(3)))[0] == 200
    assert boxes.numbers("J1") == [1, 2, 3], "there is no redemption 77"


async def test_a_node_without_files_says_so(town: MoneyTown, tmp_path: Path) -> None:
    node = InProcess(town)
    async with client_of(node, tmp_path) as client:
        assert await send(client, "dee1", box(1)) == (503, "NoDesk")


@pytest.fixture
def over(town: MoneyTown) -> MoneyTown:
    """1 is paid, 2 was taken back, 3 is at the bank."""
    town.play(Cancel(2), by="dee1")
    town.play(Export("J1", (1, 3), DETAILS), under=BOARD)
    town.book("J1", entry(1, EntryKind.REDEMPTION, 10_00, redemption=1))
    return town


async def test_what_is_over_is_erased_when_the_desk_comes(
    over: MoneyTown, boxes: Boxes, client: Client
) -> None:
    for number in (1, 2, 3):
        boxes.put("J1", number, bytes.fromhex(sealed(number)))
    _status, answer = await collect(client, numbers=[1, 2, 3])
    assert shown(answer) == {1: ("settled", False), 2: ("cancelled", False), 3: ("exported", True)}
    assert boxes.numbers("J1") == [3]
    assert (await send(client, "dee1", box(1)))[0] == 404
