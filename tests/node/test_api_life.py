"""Recoveries and life events over HTTP: who reads what, and what nobody reads."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from chain.authority import Board
from governance_contracts.life.estates import AttestDeath
from governance_contracts.people.lifecycle import Close, FreezeAccount
from governance_contracts.people.registrars import DelegateRegistrar
from governance_contracts.recovery.guardians import SetGuardians
from governance_contracts.recovery.recovery import Open
from tests.contracts.bank import MoneyTown
from tests.contracts.test_recovery import new_key
from tests.contracts.town import W1
from tests.node.inprocess import InProcess, client_of, heard, token_of

PAPER = sha256(b"a paper").digest()


async def test_nobody_can_tell_a_death_from_any_other_closing(tmp_path: Path) -> None:
    town = MoneyTown()
    town.play(AttestDeath(town.id("dee1"), PAPER), under=(Board(W1),))
    town.play(Close(town.id("eef1")), under=(Board(W1),))
    node = InProcess(town)
    node.block()
    async with client_of(node, tmp_path) as client:
        await heard(client, node)
        shown = []
        for name in ("dee1", "eef1"):
            found = await (await client.get(f"/v1/payees/{node.address(name)}")).json()
            assert found.pop("address") == node.address(name)
            shown.append(found)
    assert shown[0]["closed"] and shown[0] == shown[1]


async def test_a_recovery_is_read_by_those_whom_it_concerns(tmp_path: Path) -> None:
    town = MoneyTown()
    dee = town.id("dee1")
    town.play(DelegateRegistrar(W1, town.id("bob1")), under=(Board(W1),))
    people = tuple(sorted((town.id("eef1"), town.id("cas1"))))
    town.play(SetGuardians(dee, people, (), 2), by="dee1")
    town.wait(14 * 86_400_000)
    town.play(Open(dee, (), (new_key(town, "new phone"),), 1), by="eef1")
    town.play(FreezeAccount(dee, "lost_phone"), by="bob1")
    node = InProcess(town)
    node.block()
    async with client_of(node, tmp_path) as client:
        await heard(client, node)

        async def ask(who: str, what: str, of: str = "dee1") -> tuple[int, dict[str, object]]:
            path = f"/v1/accounts/{node.address(who)}/{what}/{node.address(of)}"
            answer = await client.get(path, headers=await token_of(client, node, who))
            return answer.status, await answer.json()

        for who in ("dee1", "eef1", "bob1"):
            status, found = await ask(who, "recoveries")
            assert status == 200
            assert isinstance(found["attempt"], dict) and found["attempt"]["blocks"]
            assert found["attempt"]["approvals"] == [{"by": node.address("eef1"), "office": None}]
        for who, of in (("shop1", "dee1"), ("dee2", "dee1"), ("eef1", "dee2")):
            assert (await ask(who, "recoveries", of))[0] == 404
        for who, expected in (("dee1", 200), ("bob1", 200), ("eef1", 404), ("shop1", 404)):
            status, found = await ask(who, "life")
            assert status == expected
            if status == 200:
                assert isinstance(found["freeze"], dict)
                assert found["freeze"]["reason"] == "lost_phone"
        path = f"/v1/accounts/{node.address('dee1')}/life/nonsense"
        token = await token_of(client, node, "dee1")
        assert (await client.get(path, headers=token)).status == 400
