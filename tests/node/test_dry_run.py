"""Trying out what several must sign: with one good full key of the account, and nothing else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKey, KeyRole
from chain.codec import encode
from chain.crypto import public_key
from chain.money import Cents
from chain.transaction import AccountActor, Body, Call, Witness, parse, seal, witness
from governance_contracts.payments.payments import Payout, PayoutLine
from governance_contracts.versions import RELEASE
from node.api.dry_run import dry_run
from node.api.shapes import DryRunAnswer
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, seed
from tests.node.inprocess import PREFIX, InProcess


@pytest.fixture
def node() -> InProcess:
    """`town` moves its money by two of three keys, the third that of a till."""
    town = MoneyTown()
    town.deposit("J1", "town", 100_00)
    account = town.account("town")
    second = AccountKey(1, public_key(seed("second")), KeyRole.FULL, ())
    till = AccountKey(2, public_key(seed("till")), KeyRole.TILL, (1,))
    changed = replace(account, keys=(*account.keys, second, till), threshold=2)
    town.state.put(ACCOUNTS, town.id("town"), changed)
    return InProcess(town)


def attempt(node: InProcess, amount: int, *keys: tuple[int, str], actor: int = 0) -> DryRunAnswer:
    town = node.town
    lines = (PayoutLine(town.id("dee1"), Cents(amount), "GRANT", ()),)
    args = Payout(town.id("town"), "J1", lines, ())
    calls = (Call("pay", 1, "payout", encode(args)),)
    until = node.now_ms + 60_000
    body = Body(CHAIN, EPOCH, AccountActor(town.id("town"), actor), 1, until, calls)
    signed: list[Witness] = [witness(body, town.id("town"), key, seed(name)) for key, name in keys]
    return dry_run(node.replica, RELEASE, parse(seal(body, signed)), node.now_ms, PREFIX)


def test_one_of_two_signatures_tries_it_out(node: InProcess) -> None:
    found = attempt(node, 10_00, (0, "town"))
    assert (found.status, found.missing_signatures) == ("ok", 1)
    assert [event.name for event in found.events] == ["PaidOut"]
    both = attempt(node, 10_00, (0, "town"), (1, "second"))
    assert (both.status, both.missing_signatures) == ("ok", 0)
    short = attempt(node, 200_00, (0, "town"))
    assert short.refusal is not None
    assert (short.status, short.refusal.name) == ("refused", "NotEnoughCoin")


@pytest.mark.parametrize(
    ("keys", "actor", "name"),
    [
        (((0, "somebody"),), 0, "MissingWitness"),
        (((2, "till"),), 2, "MissingWitness"),
        (((1, "second"),), 0, "MissingWitness"),
        (((0, "town"), (1, "somebody")), 0, "BadSignature"),
    ],
)
def test_who_has_no_good_full_key_learns_nothing(
    node: InProcess, keys: tuple[tuple[int, str], ...], actor: int, name: str
) -> None:
    found = attempt(node, 10_00, *keys, actor=actor)
    assert found.refusal is not None
    assert (found.status, found.refusal.name, found.events) == ("inadmissible", name, [])
