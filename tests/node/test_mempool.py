"""The pool: who gets in, who is let go, and why."""

from __future__ import annotations

import pytest

from chain.account import Replayed
from chain.admission import Expired
from chain.money import Cents
from chain.transaction import AccountActor, Transaction
from node import mempool as pools
from node.effects import Refused
from node.mempool import ACTOR_FULL, KNOWN_BY_OTHER_SIGNATURES, POOL_FULL, Mempool
from tests.chain import toy


@pytest.fixture
def town() -> toy.Town:
    return toy.Town()


@pytest.fixture
def pool(town: toy.Town) -> Mempool:
    return Mempool(town.signatures, town.release)


def give(town: toy.Town, name: str = "anna", **changed: object) -> Transaction:
    to = toy.account_of("ben" if name != "ben" else "anna")
    return town.by(name, toy.call("give", toy.Give(to, Cents(1))), **changed)


def add(pool: Mempool, town: toy.Town, transaction: Transaction) -> Refused | None:
    return pool.add(transaction, town.ledger, town.time_ms)


def two_signings(town: toy.Town) -> tuple[Transaction, Transaction]:
    body = town.body(AccountActor(toy.account_of("trio"), 1), toy.call("work", toy.Work(1)))
    who = toy.account_of("trio")
    first, second, third = ((who, n, f"t{n}") for n in (1, 2, 3))
    return toy.signed(body, first, second), toy.signed(body, first, third)


def test_what_is_in_the_pool_is_found_in_order_of_arrival(town: toy.Town, pool: Mempool) -> None:
    sent = [give(town, name) for name in ("cem", "anna", "ben")]
    assert [add(pool, town, each) for each in sent] == [None, None, None]
    assert list(pool) == sent and list(pool.oldest()) == [each.data for each in sent]
    assert pool.find(sent[0].wire_hash) is pool.pending(sent[0].id) is sent[0]


def test_the_same_again_is_no_refusal(town: toy.Town, pool: Mempool) -> None:
    sent = give(town)
    assert add(pool, town, sent) is None and add(pool, town, sent) is None
    assert len(pool) == 1


def test_the_same_id_under_other_signatures_waits_outside(town: toy.Town, pool: Mempool) -> None:
    one, other = two_signings(town)
    assert one.id == other.id and one.wire_hash != other.wire_hash
    assert add(pool, town, one) is None
    assert add(pool, town, other) == Refused(KNOWN_BY_OTHER_SIGNATURES, ())


def test_a_full_pool_refuses(
    town: toy.Town, pool: Mempool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "TRANSACTIONS_MAX", 2)
    assert [add(pool, town, give(town)) for _ in range(3)] == [None, None, Refused(POOL_FULL, ())]


def test_a_pool_full_of_bytes_refuses(
    town: toy.Town, pool: Mempool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = give(town), give(town)
    monkeypatch.setattr(pools, "BYTES_MAX", len(first.data) + len(second.data) - 1)
    assert add(pool, town, first) is None
    assert add(pool, town, second) == Refused(POOL_FULL, ())


def test_one_account_cannot_fill_the_pool(
    town: toy.Town, pool: Mempool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PER_ACTOR_MAX", 1)
    assert add(pool, town, give(town)) is None
    assert add(pool, town, give(town)) == Refused(ACTOR_FULL, (1,))
    assert add(pool, town, give(town, "ben")) is None


def test_a_refused_transaction_leaves_nothing_behind(town: toy.Town, pool: Mempool) -> None:
    late = give(town, valid_until_ms=town.time_ms - 1)
    town.signatures.remember(late, [toy.public("anna")])
    refused = add(pool, town, late)
    assert refused is not None and refused.code == Expired.code
    assert not town.signatures.known and not town.signatures.parsed


def test_a_commit_takes_out_what_it_holds_and_what_it_made_inadmissible(
    town: toy.Town, pool: Mempool
) -> None:
    one, other = two_signings(town)
    late = give(town, "anna", valid_until_ms=town.time_ms + 10)
    early, stays = give(town, "anna"), give(town, "ben")
    for each in (one, late, early, stays):
        assert add(pool, town, each) is None
    applied = town.block(other, early)
    pool.committed(applied.transactions, town.ledger)
    assert list(pool) == [stays]
    dropped = pool.dropped(late.id)
    assert dropped is not None and dropped.code == Expired.code


def test_a_pool_is_ready_when_one_would_pass_and_drops_those_that_would_not(
    town: toy.Town, pool: Mempool
) -> None:
    late, good = give(town, valid_until_ms=town.time_ms + 10), give(town, "ben")
    add(pool, town, late)
    assert pool.ready(town.ledger, town.time_ms)
    assert not pool.ready(town.ledger, town.time_ms + 1_000), "no empty blocks for ever"
    assert len(pool) == 0 and pool.dropped(late.id) is not None
    add(pool, town, good)
    assert pool.ready(town.ledger, town.time_ms + 1_000)


def test_a_committed_number_is_not_taken_again(town: toy.Town, pool: Mempool) -> None:
    sent = give(town)
    town.block(sent)
    refused = add(pool, town, sent)
    assert refused is not None and refused.code == Replayed.code


def test_why_something_was_dropped_is_remembered_for_a_while(
    town: toy.Town, pool: Mempool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "REMEMBERED_MAX", 2)
    sent = [give(town) for _ in range(3)]
    for each in sent:
        pool.drop(each, Refused(1, ()))
    assert [pool.dropped(each.id) is None for each in sent] == [True, False, False]
