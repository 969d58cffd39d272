"""Admission: each row is wrong in what it is named after and in all that is checked later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from chain import admission
from chain.account import ONE_TIME_USES, PURSES, NumberTooFar, NumberTooOld, Replayed
from chain.admission import Signatures, admit
from chain.authority import Holder, OneTimeKey
from chain.errors import Inadmissible
from chain.rules import DAY_MS
from chain.state import Draft
from chain.transaction import AccountActor, Body, KeyActor, Transaction, Witness, parse, seal
from tests.chain.toy import CHAIN, START_MS, Town, Write, account_of, call, public, seed, signed

ANNA, BEN, TRIO, GONE = (account_of(name) for name in ("anna", "ben", "trio", "gone"))
NOBODY = bytes(20)
CALLS = (call("write", Write("a", 1)),)
BAD = bytes(64)
MONTH = 30 * DAY_MS


@dataclass(frozen=True)
class Frame:
    chain: bytes = CHAIN
    epoch: int = 0
    time_ms: int = START_MS


def body(actor: Any = None, number: int = 100, **changed: Any) -> Body:
    fields: dict[str, Any] = {
        "chain": CHAIN,
        "epoch": 0,
        "actor": actor or AccountActor(ANNA, 1),
        "number": number,
        "valid_until_ms": START_MS,
        "calls": CALLS,
    }
    return Body(**(fields | changed))


def unsigned(body: Body, *signers: tuple[bytes, int]) -> Transaction:
    return parse(seal(body, [Witness(who, key, BAD) for who, key in signers]))


ODD = (NOBODY, 9)
"""A witness that is wrong in every way."""
NO_POINT = bytes([1]) + bytes(31)
"""The identity: under it, careless verifiers accept anything."""

TABLE: list[tuple[Transaction, Inadmissible]] = [
    (
        unsigned(body(AccountActor(NOBODY, 9), chain=bytes(32), epoch=1, valid_until_ms=0), ODD),
        admission.WrongChain(),
    ),
    (
        unsigned(body(AccountActor(NOBODY, 9), epoch=1, valid_until_ms=0), ODD),
        admission.WrongEpoch(1),
    ),
    (
        unsigned(body(AccountActor(NOBODY, 9), valid_until_ms=START_MS - 1), ODD),
        admission.Expired(START_MS - 1, START_MS),
    ),
    (
        unsigned(body(AccountActor(NOBODY, 9), valid_until_ms=START_MS + MONTH + 1), ODD),
        admission.ValidTooLong(START_MS + MONTH + 1, START_MS + MONTH),
    ),
    (unsigned(body(AccountActor(NOBODY, 9)), ODD), admission.UnknownAccount(NOBODY)),
    (unsigned(body(AccountActor(GONE, 9)), ODD), admission.AccountClosed(GONE)),
    (unsigned(body(AccountActor(ANNA, 9), 99), ODD), admission.UnknownKey(ANNA, 9)),
    (unsigned(body(number=99), ODD), Replayed(99)),
    (unsigned(body(number=35), ODD), NumberTooOld(35, 99)),
    (unsigned(body(number=100 + 2**32), ODD), NumberTooFar(100 + 2**32, 99)),
    (unsigned(body(), ODD), admission.UnknownAccount(NOBODY)),
    (unsigned(body(), (GONE, 1)), admission.AccountClosed(GONE)),
    (unsigned(body(), (BEN, 7)), admission.UnknownKey(BEN, 7)),
    (
        unsigned(body(KeyActor(NO_POINT)), (NO_POINT, 0)),
        admission.BadSignature(NO_POINT, 0),
    ),
    (unsigned(body(), (BEN, 1)), admission.MissingWitness(ANNA, 0, 1)),
    (unsigned(body(KeyActor(public("k"))), (ANNA, 1)), admission.MissingWitness(public("k"), 0, 1)),
    (
        unsigned(body(KeyActor(public("k"))), (public("k"), 1)),
        admission.MissingWitness(public("k"), 0, 1),
    ),
    (
        unsigned(body(AccountActor(TRIO, 1)), (TRIO, 2), (TRIO, 3)),
        admission.MissingWitness(TRIO, 0, 1),
    ),
    (unsigned(body(AccountActor(TRIO, 1)), (TRIO, 1)), admission.MissingWitness(TRIO, 1, 2)),
    (unsigned(body(), (ANNA, 1), (TRIO, 1)), admission.MissingWitness(TRIO, 1, 2)),
    (
        unsigned(body(AccountActor(TRIO, 1)), (TRIO, 1), (TRIO, 2), (TRIO, 3)),
        admission.SuperfluousWitness(TRIO, 3, 2),
    ),
    (
        unsigned(body(), (ANNA, 1), (public("k"), 0)),
        admission.SuperfluousWitness(public("k"), 1, 1),
    ),
    (
        unsigned(body(KeyActor(public("k"))), (public("k"), 0), (public("k"), 1)),
        admission.SuperfluousWitness(public("k"), 2, 1),
    ),
    (unsigned(body(), (ANNA, 1)), admission.BadSignature(ANNA, 1)),
]


@pytest.fixture(scope="module")
def town() -> Town:
    """Anna has used number 99 of her first key."""
    town = Town()
    town.block(town.by("anna", *CALLS, number=99))
    return town


def attempt(town: Town, transaction: Transaction) -> tuple[Draft, tuple[Any, ...]]:
    draft = Draft(town.ledger)
    return draft, admit(draft, Frame(), transaction, Signatures())


@pytest.mark.parametrize(
    ("transaction", "refusal"),
    TABLE,
    ids=[f"{i}-{refusal.name}" for i, (_, refusal) in enumerate(TABLE)],
)
def test_refused_in_this_order(town: Town, transaction: Transaction, refusal: Inadmissible) -> None:
    with pytest.raises(type(refusal)) as raised:
        attempt(town, transaction)
    assert raised.value.named() == refusal.named()


def test_valid_to_the_last_millisecond_and_a_month_ahead(town: Town) -> None:
    for valid_until_ms in (START_MS, START_MS + MONTH):
        transaction = signed(body(valid_until_ms=valid_until_ms), (ANNA, 1, "anna"))
        draft, authorities = attempt(town, transaction)
        assert authorities == (Holder(ANNA),)
        assert list(draft.changes) == [(PURSES.number, ANNA)]


def test_authorities_are_the_actor_and_every_account_whose_threshold_is_met(town: Town) -> None:
    transaction = signed(
        body(AccountActor(BEN, 1)),
        (TRIO, 1, "t1"),
        (TRIO, 3, "t3"),
        (ANNA, 1, "anna"),
        (BEN, 1, "ben"),
    )
    _, authorities = attempt(town, transaction)
    assert authorities[0] == Holder(BEN) and len(authorities) == 3
    assert {Holder(ANNA), Holder(TRIO)} <= set(authorities)


@pytest.mark.parametrize("name", [f"k{i}" for i in range(4)])
def test_a_one_time_key_may_act_beside_accounts(town: Town, name: str) -> None:
    """Whatever the order in which their bytes sort."""
    key = public(name)
    transaction = signed(body(KeyActor(key)), (key, 0, name), (TRIO, 2, "t2"), (TRIO, 3, "t3"))
    draft, authorities = attempt(town, transaction)
    assert authorities == (OneTimeKey(key), Holder(TRIO))
    assert [table for table, _ in draft.changes] == [ONE_TIME_USES.number]
    with pytest.raises(Replayed):
        admit(Draft(draft), Frame(), transaction, Signatures())


def test_each_signature_is_judged_under_the_key_it_names(town: Town) -> None:
    one = body(AccountActor(TRIO, 1))
    swapped = signed(one, (TRIO, 1, "t1"), (TRIO, 2, "t3"))
    with pytest.raises(admission.BadSignature) as raised:
        attempt(town, swapped)
    assert raised.value.values == (TRIO, 2)
    assert len(seed("t1")) == 32


def test_a_signature_of_another_chain_or_epoch_does_not_hold_here(town: Town) -> None:
    here = body()
    for elsewhere in (body(chain=bytes(32)), body(epoch=1)):
        foreign = signed(elsewhere, (ANNA, 1, "anna")).witnesses
        with pytest.raises(admission.BadSignature):
            attempt(town, parse(seal(here, list(foreign))))


def test_every_refusal_of_the_chain_has_a_code_of_its_own() -> None:
    codes = {cls.code for cls in subclasses(Inadmissible)}
    assert codes >= set(range(1, 16))
    assert all(code < 40 for code in codes)


def subclasses(cls: type[Inadmissible]) -> list[type[Inadmissible]]:
    direct = cls.__subclasses__()
    return direct + [below for one in direct for below in subclasses(one)]
