"""What comes in is read and judged once, beside the replica; a stale memory refuses nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chain.account import ACCOUNTS, AccountKey, KeyRole
from chain.admission import BadSignature, UnknownAccount, UnknownKey
from chain.codec import encode
from chain.ledger import record_key
from chain.money import Cents
from chain.transaction import AccountActor, Transaction, parse, seal, witness
from node.verifier import ON_THE_SPOT, Verifier
from tests.chain import toy

MANY = ON_THE_SPOT * 3


@pytest.fixture
async def verifier() -> AsyncIterator[tuple[Verifier, toy.Town]]:
    town = toy.Town()
    verifier = Verifier(town.store.get)
    await verifier.start()
    yield verifier, town
    await verifier.close()


def payments(town: toy.Town, count: int) -> list[Transaction]:
    gives = toy.call("give", toy.Give(toy.account_of("ben"), Cents(1)))
    return [town.by("anna", gives) for _ in range(count)]


def forged(transaction: Transaction, seed: str = "somebody else") -> bytes:
    body = transaction.body
    assert isinstance(body.actor, AccountActor)
    return seal(body, [witness(body, body.actor.account, 1, toy.seed(seed))])


@pytest.mark.parametrize("count", [1, MANY])
async def test_each_is_judged_by_itself_and_in_order(
    verifier: tuple[Verifier, toy.Town], count: int
) -> None:
    judge, town = verifier
    good = payments(town, count)
    wire = [t.data for t in good]
    wire[count // 2 : count // 2] = [forged(good[0]), b"\x01", good[0].data + b"\x00"]
    judged = await judge.judge(wire)
    assert len(judged) == count + 3
    bad, nonsense, longer = judged[count // 2 : count // 2 + 3]
    assert bad.refused is not None and bad.refused.code == BadSignature.code
    assert nonsense.transaction is None and nonsense.malformed
    assert longer.transaction is None and longer.malformed
    others = judged[: count // 2] + judged[count // 2 + 3 :]
    assert [j.transaction for j in others] == good
    assert all(j.refused is None and j.keys == (toy.public("anna"),) for j in others)


async def test_an_account_that_does_not_exist_is_named(
    verifier: tuple[Verifier, toy.Town],
) -> None:
    judge, town = verifier
    stranger = town.by("nobody", toy.call("write", toy.Write("a", 1)))
    (judged,) = await judge.judge([stranger.data])
    assert judged.refused is not None and judged.refused.code == UnknownAccount.code


async def test_a_rotated_key_counts_at_once(verifier: tuple[Verifier, toy.Town]) -> None:
    judge, town = verifier
    (payment,) = payments(town, 1)
    (judged,) = await judge.judge([payment.data])
    assert judged.refused is None
    account = toy.person("new key")
    key = record_key(ACCOUNTS.number, toy.account_of("anna"))
    town.store.write([(key, bytes(16) + encode(account))])
    (after,) = await judge.judge([forged(payment, "new key")])
    assert after.refused is None and after.keys == (toy.public("new key"),)
    (old,) = await judge.judge([payment.data])
    assert old.refused is not None and old.refused.code == BadSignature.code


async def test_an_added_key_counts_at_once(verifier: tuple[Verifier, toy.Town]) -> None:
    judge, town = verifier
    (payment,) = payments(town, 1)
    await judge.judge([payment.data])
    body = toy.change(payment.body, actor=AccountActor(toy.account_of("anna"), 2))
    second = parse(seal(body, [witness(body, toy.account_of("anna"), 2, toy.seed("phone"))]))
    (before,) = await judge.judge([second.data])
    assert before.refused is not None and before.refused.code == UnknownKey.code
    account = toy.person("anna")
    added = AccountKey(2, toy.public("phone"), KeyRole.FULL, ())
    account = toy.change(account, keys=(*account.keys, added))
    key = record_key(ACCOUNTS.number, toy.account_of("anna"))
    town.store.write([(key, bytes(16) + encode(account))])
    (after,) = await judge.judge([second.data])
    assert after.refused is None


async def test_without_its_worker_it_judges_on_the_spot(
    verifier: tuple[Verifier, toy.Town],
) -> None:
    judge, town = verifier
    first = [t.data for t in payments(town, MANY)]
    under_way = asyncio.create_task(judge.judge(first))
    await asyncio.sleep(0)
    assert judge._worker is not None
    judge._worker.kill()
    assert all(j.refused is None for j in await under_way)
    second = [t.data for t in payments(town, MANY)]
    assert all(j.refused is None for j in await judge.judge(second))
