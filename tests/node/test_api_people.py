"""Mandates and entries over the API: for who gave them, holds them, or answers for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chain.authority import Board
from chain.crypto import public_key
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.mandates.granting import CardKey, Grant, card_holder
from governance_contracts.mandates.mandates import Ceiling, Kind
from governance_contracts.payments.payments import plain
from governance_contracts.people.keys import prove_possession
from governance_contracts.people.minority import AttestMinor
from governance_contracts.people.registrars import DelegateRegistrar
from tests.contracts.bank import DETAILS, MoneyTown
from tests.contracts.town import CHAIN, EPOCH, W1, seed
from tests.node.inprocess import Client, InProcess, client_of, heard, token_of
from wallet_cli.core.mandates import card_sheet, wrap

CEILING = (Ceiling("J1", Cents(20_00), Cents(50_00)),)


@pytest.fixture
def node() -> InProcess:
    """`dee1` let `eef1` pay (1); is looked after by a guardian, `stranger` (2); `bob1` is the
    registrar. `cas1` is her child."""
    town = MoneyTown()
    town.deposit("J1", "dee1", 100_00)
    town.play(DelegateRegistrar(W1, town.id("bob1")), under=(Board(W1),))
    until_ms = town.time_ms + 30 * DAY_MS
    for kind, holder, ceilings in (
        (Kind.REPRESENTATIVE, "eef1", CEILING),
        (Kind.GUARDIAN, "stranger", ()),
    ):
        grant = Grant(
            town.id("dee1"), kind, (town.id(holder),), (), ("pay.pay",), ceilings, 1, until_ms,
            (DETAILS,),
        )  # fmt: skip
        if kind == Kind.GUARDIAN:
            town.play(grant, by="bob1", also=("ada1",))
        else:
            town.play(grant, by="dee1")
    child = AttestMinor(town.id("cas1"), 2, (town.id("dee1"),))
    town.play(child, by="bob1", also=("dee1",))
    return InProcess(town)


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def asked(client: Client, node: InProcess, who: str, path: str) -> tuple[int, Any]:
    token = await token_of(client, node, who)
    answer = await client.get(f"/v1/accounts/{node.address(who)}/{path}", headers=token)
    return answer.status, await answer.json()


async def test_who_gave_and_who_holds_see_their_mandates(client: Client, node: InProcess) -> None:
    status, given = await asked(client, node, "dee1", "mandates")
    assert status == 200
    assert [(one["number"], one["kind"]) for one in given["given"]] == [
        (1, "representative"), (2, "guardian"),
    ]  # fmt: skip
    assert given["mandates"] == []
    _status, held = await asked(client, node, "eef1", "mandates")
    (one,) = held["mandates"]
    assert (one["granter"], one["status"]) == (node.address("dee1"), "active")
    assert one["ceilings"] == [
        {"coin": "J1", "once_cents": 20_00, "in_period_cents": 50_00, "left_cents": 50_00}
    ]
    assert one["coins"] is None, "a representative sees no balance"


async def test_a_guardian_sees_what_the_ward_holds(client: Client, node: InProcess) -> None:
    _status, held = await asked(client, node, "stranger", "mandates/2")
    assert held["coins"] == [{"coin": "J1", "free_cents": 100_00, "lots": []}]
    assert (held["office"], held["reference"]) == (W1, DETAILS.hex())


@pytest.mark.parametrize(
    ("who", "status"), [("dee1", 200), ("eef1", 200), ("bob1", 200), ("ada1", 200), ("bob2", 404)]
)
async def test_others_do_not_see_a_mandate(
    client: Client, node: InProcess, who: str, status: int
) -> None:
    assert (await asked(client, node, who, "mandates/1"))[0] == status
    assert (await asked(client, node, who, "mandates/99"))[0] == 404
    assert (await asked(client, node, who, "mandates/x"))[0] == 404


async def test_an_entry_is_for_its_holder_and_its_office(client: Client, node: InProcess) -> None:
    cas = node.address("cas1")
    for who in ("cas1", "bob1", "ada1"):
        status, entry = await asked(client, node, who, f"entries/{cas}")
        assert status == 200
        assert (entry["office"], entry["band"]) == (W1, "13-15")
        assert entry["parents"] == [node.address("dee1")]
        assert (entry["voter"], entry["unique"], entry["unique_by"]) == (False, None, [])
    for who in ("eef1", "bob2"):
        assert (await asked(client, node, who, f"entries/{cas}"))[0] == 404
    assert (await asked(client, node, "bob1", "entries/nobody"))[0] == 400


async def test_no_mandate_and_no_entry_is_read_without_a_token(
    client: Client, node: InProcess
) -> None:
    dee = node.address("dee1")
    for path in ("mandates", "mandates/1", f"entries/{dee}"):
        assert (await client.get(f"/v1/accounts/{dee}/{path}")).status == 401


async def test_a_card_pays_through_any_node_and_a_lost_one_is_not_let_in(
    client: Client, node: InProcess
) -> None:
    town, key = node.town, seed("card")
    proof = prove_possession(key, CHAIN, EPOCH, card_holder(town.id("dee1")))
    grant = Grant(
        town.id("dee1"), Kind.CARD, (), (CardKey(public_key(key), proof),), ("pay.pay",), CEILING,
        1, node.now_ms + DAY_MS, (),
    )  # fmt: skip
    pays = town.call(plain(town.id("dee1"), town.id("shop1"), "J1", 5_00, place=1))
    for number, call, expected in (
        (3, None, "pending"),
        (4, wrap(3, (pays,)), "pending"),
        (5, wrap(1, (pays,)), "not_accepted"),
    ):
        if call is None:
            wire = node.transaction("dee1", grant)
        else:
            sheet = card_sheet(CHAIN, EPOCH, key, number, node.now_ms + 60_000, call)
            wire = sheet.sealed()
        answer = await client.post("/v1/transactions", json={"transactions": [wire.hex()]})
        (result,) = (await answer.json())["results"]
        assert result["status"] == expected, result
        node.settle()
        await heard(client, node)
    assert result["refusal"]["name"] == "ClosedToOneTimeKeys"
    _status, given = await asked(client, node, "dee1", "mandates/3")
    assert given["ceilings"][0]["left_cents"] == 45_00
