"""A coin's issuer, meter and end; what a switch would do; who can still claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chain.account import AccountKind
from chain.authority import Board, Federation
from chain.money import Cents
from chain.rules import DAY_MS
from governance_contracts.coins.coin import Accept
from governance_contracts.coins.switching import Switch
from governance_contracts.coins.winddown import Announce
from governance_contracts.earmarks.lots import earmark
from governance_contracts.payments.payments import Payout, PayoutLine
from tests.contracts.bank import MoneyTown
from tests.contracts.town import W1, new_account
from tests.node.inprocess import Client, InProcess, client_of, token_of

ALL = (Federation(),)
NEWCOMERS = 11


@pytest.fixture
def town() -> MoneyTown:
    """Eleven people beside the usual ones hold J1, each an earmark without a border too."""
    town = MoneyTown()
    town.deposit("J1", "fund1", 1_000_00)
    names = [f"new{n}" for n in range(NEWCOMERS)]
    for name in names:
        town.found(new_account(name, AccountKind.PERSON, "HH", W1), name)
    for purpose, terms in (("GRANT", ()), ("EARM", (earmark(),))):
        lines = tuple(PayoutLine(town.id(n), Cents(5_00), purpose, ()) for n in names)
        town.play(Payout(town.id("fund1"), "J1", lines, terms), under=(Board(W1),))
    town.play(Accept(town.id("shop1"), ("J1",)), by="shop1")
    return town


@pytest.fixture
def node(town: MoneyTown) -> InProcess:
    return InProcess(town)


@pytest.fixture
async def client(node: InProcess, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(node, tmp_path) as client:
        yield client


async def got(client: Client, path: str, **more: Any) -> Any:
    answer = await client.get(path, **more)
    return await answer.json()


async def test_a_coin_shows_its_issuer_its_meter_and_its_phase(client: Client) -> None:
    (coin,) = (await got(client, "/v1/coins/J1"))["coins"]
    assert coin["issuer"] == {
        "code": "bank",
        "name": "Stichting bank",
        "licence": "R-1",
        "regime": "emt",
        "volume_cents": 2 * NEWCOMERS * 5_00,
        "limit_cents": None,
    }
    assert (coin["phase"], coin["wind_down"], coin["switch"]) == ("in-use", None, None)
    (club,) = (await got(client, "/v1/coins/J3"))["coins"]
    assert club["issuer"]["limit_cents"] == 1_000_000_00


async def test_the_difference_a_switch_would_make(client: Client) -> None:
    found = await got(client, "/v1/coins/J1/switch?issuer=club")
    assert (found["regime_now"], found["regime_then"]) == ("emt", "limited-network")
    assert found["people_no_longer_paid"] >= NEWCOMERS
    assert found["organisations_no_longer_paid"] is None or found["organisations_no_longer_paid"]
    assert (found["holders"], found["lose_redemption"]) == (NEWCOMERS + 1, NEWCOMERS)
    (lot,) = found["lots_that_stop"]
    assert (lot["holders"], lot["amount_cents"]) == (NEWCOMERS, NEWCOMERS * 5_00)
    assert (found["exchange_stops"], found["refusal"], found["notice_days"]) == (True, None, 60)


async def test_a_few_people_are_not_counted_out_loud(client: Client) -> None:
    found = await got(client, "/v1/coins/J2/switch?issuer=club")
    assert found["holders"] == 0, "nobody says nothing about anybody"
    back = await got(client, "/v1/coins/J3/switch?issuer=bank")
    assert back["payees_gained"] >= 10 and back["gain_redemption"] == 0


async def test_a_switch_that_would_be_refused_says_so(client: Client) -> None:
    assert (await got(client, "/v1/coins/J1/switch?issuer=bank"))["refusal"] == "SameIssuer"
    for path, name in (
        ("/v1/coins/J1/switch", "UnknownIssuer"),
        ("/v1/coins/J1/switch?issuer=nobody", "UnknownIssuer"),
        ("/v1/coins/J9/switch?issuer=club", "UnknownCoin"),
        ("/v1/coins/%20/switch?issuer=club", "UnknownCoin"),
    ):
        answer = await client.get(path)
        assert answer.status == 404
        assert (await answer.json())["error"]["name"] == name


class TestAtItsEnd:
    @pytest.fixture
    def town(self, town: MoneyTown) -> MoneyTown:
        town.play(Announce("J1", town.id("fund2")), under=ALL)
        town.wait(90 * DAY_MS)
        town.play(Switch("J2", "club"), under=ALL)
        return town

    async def test_the_plan_is_public(self, client: Client, node: InProcess) -> None:
        (coin,) = (await got(client, "/v1/coins/J1"))["coins"]
        assert coin["phase"] == "redeeming"
        assert coin["wind_down"]["destination"] == node.address("fund2")
        assert coin["wind_down"]["numerator"] == coin["wind_down"]["denominator"] == 1
        (other,) = (await got(client, "/v1/coins/J2"))["coins"]
        assert other["switch"]["issuer"] == "club"

    async def claims(self, client: Client, node: InProcess, who: str, query: str = "") -> Any:
        token = await token_of(client, node, who)
        path = f"/v1/accounts/{node.address(who)}/claims/J1{query}"
        return await client.get(path, headers=token)

    async def test_the_office_sees_earmarks_to_return(
        self, client: Client, node: InProcess
    ) -> None:
        found = await (await self.claims(client, node, "ada1")).json()
        assert len(found["claims"]) == NEWCOMERS
        assert {claim["free_cents"] for claim in found["claims"]} == {0}
        assert found["next"] is None

    async def test_nobody_else_sees_them(self, client: Client, node: InProcess) -> None:
        for who in ("dee1", "ada2"):
            answer = await self.claims(client, node, who)
            assert answer.status == 403
            assert (await answer.json())["error"]["name"] == "NotTheOffice"
        answer = await self.claims(client, node, "ada1", "?from=xyz")
        assert answer.status == 400
        token = await token_of(client, node, "ada1")
        path = f"/v1/accounts/{node.address('ada1')}/claims/J2"
        answer = await client.get(path, headers=token)
        assert (answer.status, (await answer.json())["error"]["name"]) == (404, "NothingToClaim")


class TestInClaims(TestAtItsEnd):
    @pytest.fixture
    def town(self, town: MoneyTown) -> MoneyTown:
        town.play(Announce("J1", town.id("fund2")), under=ALL)
        town.wait(90 * DAY_MS)
        town.wait(365 * DAY_MS)
        town.play(Switch("J2", "club"), under=ALL)
        return town

    async def test_the_plan_is_public(self, client: Client, node: InProcess) -> None:
        (coin,) = (await got(client, "/v1/coins/J1"))["coins"]
        assert coin["phase"] == "claims"

    async def test_the_office_sees_earmarks_to_return(
        self, client: Client, node: InProcess
    ) -> None:
        """And everything else that is left, page by page if there is much."""
        found = await (await self.claims(client, node, "ada1")).json()
        total = sum(
            claim["free_cents"] + sum(lot["amount_cents"] for lot in claim["lots"])
            for claim in found["claims"]
        )
        assert (len(found["claims"]), total) == (NEWCOMERS + 1, 1_000_00)
