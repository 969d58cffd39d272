"""Everybody finds their own coin in what the reserve owes, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chain.authority import Board
from chain.errors import Malformed
from chain.money import Cents
from governance_contracts.bank.redemption import Redeem
from governance_contracts.coins.balances import total_of
from governance_contracts.earmarks.lots import region_bound
from governance_contracts.payments.payments import Payout, PayoutLine
from node.api.app import API
from tests.contracts.bank import DESTINATION, MoneyTown
from tests.contracts.town import W1
from tests.node.inprocess import Client, InProcess, client_of, token_of
from wallet_cli.core.counted import Counted, check_counted
from wallet_cli.core.verify import read_certified

COUNTED = "/v1/coins/J1/liabilities"


@pytest.fixture
def node() -> InProcess:
    """ada1 holds 70,00 free and redeems 30,00; shop1 holds 5,00 bound to W1."""
    town = MoneyTown()
    town.deposit("J1", "ada1", 100_00)
    town.deposit("J1", "fund1", 50_00)
    line = PayoutLine(town.id("shop1"), Cents(5_00), "GRANT", ())
    town.play(Payout(town.id("fund1"), "J1", (line,), (region_bound((W1,)),)), under=(Board(W1),))
    town.play(Redeem(town.id("ada1"), "J1", Cents(30_00), (), DESTINATION), by="ada1")
    return InProcess(town)


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def ask(client: Client, node: InProcess, name: str, query: str = "") -> Any:
    token = await token_of(client, node, name)
    url = f"/v1/accounts/{node.address(name)}/liability-proof?coin=J1{query}"
    return await client.get(url, headers=token)


async def proved(client: Client, node: InProcess, name: str, query: str = "") -> Counted:
    found = await (await ask(client, node, name, query)).json()
    header = read_certified(found).header
    return check_counted(header, node.town.id(name), "J1", found)


async def test_every_form_of_coin_is_found_in_one_total(client: Client, node: InProcess) -> None:
    node.block()
    public = await (await client.get(COUNTED)).json()
    assert public["total_cents"] == total_of(node.town.supply()) == 150_00
    assert public["height"] == 1
    ada, shop = await proved(client, node, "ada1"), await proved(client, node, "shop1")
    assert (ada.free, ada.bound, ada.redeeming) == (70_00, 0, {1: 30_00})
    assert (shop.free, shop.bound, shop.redeeming) == (0, 5_00, {})
    nothing = await proved(client, node, "eef1")
    assert nothing.mine == 0
    assert {one.root.hex() for one in (ada, shop, nothing)} == {public["root"]}


async def test_a_proof_shows_strangers_powers_of_two_only(client: Client, node: InProcess) -> None:
    node.block()
    found = await (await ask(client, node, "shop1")).json()
    assert [part["form"] for part in found["parts"]] == ["bound"]
    for part in found["parts"]:
        for path in part["paths"]:
            assert node.town.id("ada1").hex() not in path
    keys = {record["key"] for record in found["records"]}
    assert keys == {node.town.id("shop1").hex(), b"J1".hex()}


async def test_who_may_not_read_an_account_gets_no_proof_of_it(
    client: Client, node: InProcess
) -> None:
    node.block()
    token = await token_of(client, node, "ada1")
    url = f"/v1/accounts/{node.address('shop1')}/liability-proof?coin=J1"
    assert (await client.get(url)).status == 401
    assert (await client.get(url, headers=token)).status == 403


async def test_an_earlier_height_is_counted_as_it_was(client: Client, node: InProcess) -> None:
    node.block()
    await client.post(
        "/v1/transactions", json={"transactions": [node.pay("ada1", "shop1", 20_00).hex()]}
    )
    node.settle()
    assert (await proved(client, node, "ada1")).free == 50_00
    assert (await proved(client, node, "ada1", "&height=1")).free == 70_00
    assert (await proved(client, node, "shop1", "&height=2")).mine == 25_00


async def test_a_fresh_tree_is_given_again(client: Client, node: InProcess) -> None:
    node.block()
    first = await (await client.get(COUNTED)).json()
    node.block(1_000)
    assert await (await client.get(COUNTED)).json() == first
    client.server.app[API].liabilities.clock = lambda: 1e12
    assert (await (await client.get(COUNTED)).json())["height"] == 2


async def test_what_cannot_be_answered_is_said(client: Client, node: InProcess) -> None:
    assert (await client.get(COUNTED)).status == 503
    node.block()
    for url, status, name in (
        ("/v1/coins/NONE/liabilities", 404, "UnknownCoin"),
        (f"{COUNTED}?height=9", 404, "NotThere"),
        (f"{COUNTED}?height=0", 400, "BadParameter"),
        (f"{COUNTED}?of=me", 400, "UnknownParameter"),
    ):
        answer = await client.get(url)
        assert (answer.status, (await answer.json())["error"]["name"]) == (status, name)


LIES = {
    "another total": lambda a: a.update(total_cents=a["total_cents"] + 1),
    "another root": lambda a: a.update(root="00" * 32),
    "a part left out": lambda a: a["parts"].pop(),
    "a path left out": lambda a: a["parts"][0]["paths"].pop(),
    "no supply": lambda a: a["records"].pop(),
    "no purse": lambda a: a["records"].pop(0),
    "another coin": lambda a: a.update(coin="J2"),
    "another height": lambda a: a.update(height=2),
    "nonsense": lambda a: a.update(parts=[{"form": "free", "number": 0, "paths": ["zz"]}]),
    "a count": lambda a: a.update(count="many"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_lie_is_not_believed(client: Client, node: InProcess, lie: Any) -> None:
    node.block()
    found = await (await ask(client, node, "ada1")).json()
    header = read_certified(found).header
    lie(found)
    with pytest.raises(Malformed):
        check_counted(header, node.town.id("ada1"), "J1", found)
