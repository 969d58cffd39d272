"""The founding ceremony: from the document to a first state in which everything is, but no coin."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chain.account import ACCOUNTS, PURSES
from chain.admission import Signatures
from chain.ledger import Ledger, MemoryStore
from chain.rules import HEARTBEAT_MS, seat_sets, version_of
from chain.state import Table
from genesis.build import first_state, found_ledger, owners_first
from genesis.city import SHORT_PROFILE, demo_city
from genesis.document import Genesis, chain_id
from governance_contracts.areas.regions import REGIONS, Level, locate
from governance_contracts.bank.books import RESERVES
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.boards.nodes import NODE_KEYS
from governance_contracts.coins.balances import NO_SUPPLY, SUPPLY
from governance_contracts.coins.coin import COINS, ISSUERS
from governance_contracts.people.places import PLACES
from governance_contracts.people.registrars import REGISTRARS
from governance_contracts.versions import CONTRACT_VERSIONS

CITY = demo_city(4, b"build", residents=9)
GENESIS = CITY.genesis


def founded(genesis: Genesis) -> Ledger:
    store = MemoryStore()
    ledger, writes = found_ledger(genesis, store)
    store.write(writes)
    reopened = Ledger.open(store)
    assert reopened is not None
    assert reopened.tip == ledger.tip
    return reopened


LEDGER = founded(GENESIS)


def test_everything_the_document_lists_is_in_the_first_state() -> None:
    def count(table: Table[Any, Any]) -> int:
        return len(list(LEDGER.scan(table)))

    assert count(ACCOUNTS) == len(GENESIS.accounts)
    assert count(REGIONS) == len(GENESIS.regions)
    assert count(PLACES) == len(GENESIS.places)
    assert count(BOARDS) == count(COINS) == count(RESERVES) == count(NODE_KEYS) == 4
    assert count(REGISTRARS) == 4
    assert count(ISSUERS) == 1
    for name, version in CONTRACT_VERSIONS:
        assert version_of(LEDGER, name) == version


def test_there_is_no_coin() -> None:
    assert [supply for _, supply in LEDGER.scan(SUPPLY)] == [NO_SUPPLY] * 4
    assert not list(LEDGER.scan(PURSES))


def test_the_seats_are_the_wijken_in_order_now_and_for_the_next_two_heights() -> None:
    sets = seat_sets(LEDGER)
    assert [seat.wijk for seat in sets.current] == [wijk.code for wijk in GENESIS.wijken]
    assert sets.current == sets.following == sets.after


def test_the_ledger_stands_at_height_0_and_its_hash_is_the_chain() -> None:
    chain = chain_id(GENESIS)
    assert (LEDGER.tip.height, LEDGER.tip.hash, LEDGER.tip.chain) == (0, chain, chain)
    assert LEDGER.tip.time_ms == GENESIS.time_ms


def test_the_same_document_gives_the_same_root() -> None:
    assert founded(GENESIS).tip.state_root == LEDGER.tip.state_root


def test_a_first_block_builds_on_it() -> None:
    from chain.execution import build_block
    from governance_contracts.versions import RELEASE

    applied, left = build_block(
        LEDGER.parent(), "WK990001", GENESIS.time_ms + 1, (), (), (), RELEASE, LEDGER, Signatures()
    )
    assert not left
    assert applied.block.header.height == 1
    assert applied.block.header.parent == chain_id(GENESIS)


def test_a_parameter_of_the_document_is_in_force() -> None:
    short = demo_city(1, b"short", residents=0, short=True).genesis
    assert HEARTBEAT_MS.of(founded(short)) == SHORT_PROFILE["heartbeat_ms"]
    assert HEARTBEAT_MS.of(LEDGER) == HEARTBEAT_MS.default


def test_accounts_come_behind_their_owners_in_whatever_order_they_are_listed() -> None:
    turned = GENESIS.accounts[::-1]
    order = [account.id for account in owners_first(turned)]
    assert sorted(order) == sorted(account.id for account in turned)
    for account in turned:
        for owner in account.owner:
            assert order.index(owner) < order.index(account.id)
    founded(replace(GENESIS, accounts=turned))


def test_what_a_contract_refuses_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="listed twice"):
        first_state(replace(GENESIS, accounts=GENESIS.accounts * 2))
    with pytest.raises(ValueError, match="at least one wijk"):
        first_state(replace(GENESIS, wijken=()))


def test_each_wijk_holds_its_own_middle_and_no_other() -> None:
    for region in GENESIS.regions:
        for ring in region.rings:
            lon = sum(point[0] for point in ring) // len(ring)
            lat = sum(point[1] for point in ring) // len(ring)
            level = Level[region.level.upper()]
            if level == Level.BUURT:
                assert locate(LEDGER, lon, lat, level) == region.code
                assert locate(LEDGER, lon, lat, Level.WIJK) == region.parent[0]


def test_a_thousand_accounts_are_founded_in_no_time() -> None:
    """Growth is linear; the whole of 100,000 is measured by the bench."""
    ledger = founded(demo_city(1, b"many", residents=1_000).genesis)
    assert sum(1 for _ in ledger.scan(ACCOUNTS)) > 1_000
