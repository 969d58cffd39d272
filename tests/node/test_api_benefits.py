"""A shop at its node: everything it can ask about a payment, discounted or not, looks the same."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.earmarks.lots import earmark
from governance_contracts.payments.benefit import Admit, FillPot, Join, OpenBenefit
from governance_contracts.payments.payments import Payout, PayoutLine, Refund, plain
from tests.contracts.bank import MoneyTown
from tests.contracts.test_benefit import BOARD
from tests.contracts.town import START_MS, W1
from tests.node.inprocess import Client, InProcess, client_of, heard, token_of

SECRET = bytes(range(16))
HEX = re.compile(r"[0-9a-f]{32,}")


def town_with_a_city_pass(bound: int = 0) -> MoneyTown:
    """Ada holds the pass, 500 of free coin and so many cents of a fund's earmark."""
    town = MoneyTown()
    for name in ("fund1", "ada1", "shop1"):
        town.deposit("J1", name, 500_00)
    town.play(
        OpenBenefit(
            town.id("fund1"), "city-pass", "J1", 2_000, Cents(0), 5_000, Cents(5_00),
            Cents(20_00), (), (), START_MS, START_MS + 90 * DAY_MS,
        ),
        under=BOARD,
    )  # fmt: skip
    town.play(Admit("city-pass", (town.id("ada1"),), START_MS + 60 * DAY_MS), under=BOARD)
    town.play(Join("city-pass", town.id("shop1")), by="shop1")
    town.play(FillPot("city-pass", town.id("shop1"), Cents(3_00)), by="shop1")
    if bound:
        line = PayoutLine(town.id("ada1"), Cents(bound), "EARM", ())
        town.play(Payout(town.id("fund1"), "J1", (line,), (earmark((W1,)),)), under=BOARD)
    return town


@pytest.fixture
def node() -> InProcess:
    return InProcess(town_with_a_city_pass())


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def send(client: Client, node: InProcess, wire: bytes) -> str:
    answer = await client.post("/v1/transactions", json={"transactions": [wire.hex()]})
    (result,) = (await answer.json())["results"]
    assert result["status"] == "pending", result
    node.settle()
    await heard(client, node)
    return str(result["id"])


def purchase(node: InProcess, benefit: str | None, amount: int = 12_50) -> bytes:
    town = node.town
    call = plain(
        town.id("ada1"), town.id("shop1"), "J1", amount, "SALE",
        place=1, alias=SECRET, benefit=benefit,
    )  # fmt: skip
    return node.transaction("ada1", call)


async def all_the_shop_can_ask(
    tmp_path: Path, benefit: str | None, bound: int = 0
) -> dict[str, Any]:
    """A purchase and its refund; every answer about them that the shop can get."""
    node = InProcess(town_with_a_city_pass(bound))
    seen: dict[str, Any] = {}
    home = tmp_path / (benefit or "none")
    home.mkdir()
    async with client_of(node, home) as client:
        token = await token_of(client, node, "shop1")
        own = f"/v1/accounts/{node.address('shop1')}"

        async def ask(name: str, url: str) -> None:
            answer = await client.get(url, headers=token)
            seen[name] = (answer.status, await answer.json())

        async with client.get(f"{own}/events", headers=token) as stream:
            id = await send(client, node, purchase(node, benefit))
            line = b""
            while not line.startswith(b"data: "):
                line = await stream.content.readline()
            seen["event"] = json.loads(line[6:])
        for name, url in (
            ("status", f"/v1/transactions/{id}"),
            ("receipt", f"{own}/receipts/{id}"),
            ("history", f"{own}/history"),
            ("account", own),
            ("benefits", f"{own}/benefits"),
            ("payee", f"/v1/payees/{node.address('shop1')}"),
            ("offers", f"/v1/payees/{node.address('shop1')}/benefits"),
            ("header", "/v1/headers/latest"),
            ("coins", "/v1/coins"),
        ):
            await ask(name, url)
        wire = node.transaction("shop1", Refund(bytes.fromhex(id), 0, ()))
        answer = await client.post("/v1/dry-run", json={"transaction": wire.hex()})
        seen["dry run of a refund"] = await answer.json()
        refund = await send(client, node, wire)
        await ask("refund", f"{own}/receipts/{refund}")
        await ask("account after", own)
        await ask("history after", f"{own}/history")
        seen["address of the payer"] = node.address("ada1")
    return seen


def shape(value: Any) -> Any:
    """The answer with hashes, keys and signatures replaced by their length."""
    match value:
        case dict():
            return {name: shape(entry) for name, entry in value.items()}
        case list() | tuple():
            return [shape(entry) for entry in value]
        case str() if HEX.fullmatch(value):
            return f"{len(value)} hexadecimal digits"
        case _:
            return value


@pytest.mark.parametrize("bound", [0, 4_00])
async def test_no_answer_tells_a_discounted_payment_from_another(
    tmp_path: Path, bound: int
) -> None:
    """In free coin, and drawing on an earmark that is less than what is due either way."""
    plain_one = await all_the_shop_can_ask(tmp_path, None, bound)
    discounted = await all_the_shop_can_ask(tmp_path, "city-pass", bound)
    credits = plain_one["history"][1]["entries"][0]["events"][0]["fields"]["credits"]
    assert len(credits) == (2 if bound else 1)
    for name in plain_one:
        assert shape(discounted[name]) == shape(plain_one[name]), name
    assert plain_one["receipt"][1]["leaves"], "there was something to compare"


@pytest.mark.parametrize("amount", [2, 12_50, 900_00])
async def test_the_status_of_a_refused_payment_does_not_say_that_a_discount_was_asked(
    client: Client, node: InProcess, amount: int
) -> None:
    """Not covered, the fund short, too little coin: under its id one reads that it was refused."""
    town = node.town
    seen = []
    for benefit in (None, "nowhere", "city-pass"):
        wire = purchase(node, benefit, amount)
        id = await send(client, node, wire)
        public = await (await client.get(f"/v1/transactions/{id}")).json()
        if public["status"] == "refused":
            again = await client.post("/v1/transactions", json={"transactions": [wire.hex()]})
            (told,) = (await again.json())["results"]
            assert told["refusal"]["name"], "who has the transaction is told why"
            height, time_ms = public.pop("height"), public.pop("time_ms")
            assert height and time_ms
            seen.append(shape(public))
    assert seen and all(one == seen[0] for one in seen)
    assert town.id("ada1").hex() not in json.dumps(seen)


async def test_no_answer_names_the_payer(tmp_path: Path) -> None:
    seen = await all_the_shop_can_ask(tmp_path, "city-pass")
    payer = seen.pop("address of the payer")
    assert payer not in json.dumps(seen)
    entry = seen["history"][1]["entries"][0]
    assert entry["events"][0]["name"] == "Received"


async def test_a_shop_reads_nothing_of_its_pot_and_a_fund_does(
    client: Client, node: InProcess
) -> None:
    await send(client, node, purchase(node, "city-pass"))
    shop, fund, ada = (node.address(name) for name in ("shop1", "fund1", "ada1"))
    for name, address in (("shop1", shop), ("fund1", fund), ("ada1", ada)):
        token = await token_of(client, node, name)
        answer = await client.get(f"/v1/accounts/{address}/benefits", headers=token)
        own = await answer.json()
        assert own["joined"] == (["city-pass"] if name == "shop1" else [])
        pot = {"benefit": "city-pass", "shop": shop, "joined": True, "left_cents": 1_75}
        assert own["pots"] == ([pot] if name == "fund1" else [])
        assert [held["left_cents"] for held in own["holds"]] == ([17_50] if name == "ada1" else [])


async def test_offers_are_public(client: Client, node: InProcess) -> None:
    answer = await (await client.get("/v1/benefits")).json()
    assert [(one["code"], one["rate"]) for one in answer["benefits"]] == [("city-pass", 2_000)]
    shop = await (await client.get(f"/v1/payees/{node.address('shop1')}/benefits")).json()
    assert [one["code"] for one in shop["benefits"]] == ["city-pass"]
    other = await (await client.get(f"/v1/payees/{node.address('shop2')}/benefits")).json()
    assert other["benefits"] == []
    assert W1 not in json.dumps(answer)
