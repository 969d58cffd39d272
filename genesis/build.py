"""The founding ceremony: from the document to the first state and to a ledger at height 0.

Everything is entered through the contracts' own `found...` functions, which apply the rules of
the calls. What a genesis does not go through is a transaction: so whoever founds a ledger first
runs `rules.validate`, which also checks the proofs of possession.

Order: versions and parameters, regions, accounts (owners before what they own), places, boards,
registrars, seats and node keys, issuers, coins and their reserves. No coin exists afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from chain.certificate import Seat
from chain.codec import Record
from chain.ledger import KeyValue, Ledger, Writes
from chain.rules import HERE, PROTOCOL, SEAT_SETS, VERSIONS, ActiveVersion, SeatSets
from chain.state import BlockDraft, Draft, Table
from genesis.document import (
    FOUNDING_CHAIN,
    FOUNDING_EPOCH,
    AccountPart,
    CoinPart,
    Genesis,
    IssuerPart,
    RegionPart,
    WijkPart,
    account_kind,
    chain_id,
    key_role,
)
from governance_contracts.areas.regions import Level, Region, found_region
from governance_contracts.bank.reserve import SetAttestors, found_attestors
from governance_contracts.boards.boardroom import WijkBoard, found_board
from governance_contracts.boards.changes import found_parameter
from governance_contracts.boards.nodes import found_node_keys
from governance_contracts.coins.coin import Add as AddCoin
from governance_contracts.coins.coin import Issuer, Regime, SetIssuer, found_coin, found_issuer
from governance_contracts.people.keys import NewKey
from governance_contracts.people.places import AddPlace, PlaceKind, found_place
from governance_contracts.people.registrars import REGISTRARS, Registrar
from governance_contracts.people.registration import NewAccount, found_account

V = TypeVar("V", bound=Record)

REGIMES = {"emt": Regime.EMT, "limited-network": Regime.LIMITED_NETWORK}


class Nothing:
    """The state before the first: no record at all."""

    def get(self, table: Table[Any, V], key: Any) -> V | None:
        return None

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        return None

    def scan(self, table: Table[Any, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        return iter(())


def first_state(genesis: Genesis) -> tuple[bytes, BlockDraft]:
    """The chain id and every record of the first state.

    Raises ValueError with a sentence for people at the first thing a contract refuses.
    """
    draft = BlockDraft(Nothing())
    _found_rules(draft, genesis)
    for region in genesis.regions:
        found_region(draft, region_record(region), region.rings)
    for account in owners_first(genesis.accounts):
        found_account(draft, FOUNDING_CHAIN, account.office, new_account(account))
    for place in genesis.places:
        kind = PlaceKind[place.kind.upper()]
        found_place(
            draft, AddPlace(bytes(place.account), place.number, place.wijk, place.buurt, kind)
        )
    for wijk in genesis.wijken:
        found_board(draft, wijk.code, board_record(wijk))
        for registrar in wijk.registrars:
            draft.put(REGISTRARS, (wijk.code, bytes(registrar)), Registrar(0))
    _found_seats(draft, genesis)
    for issuer in genesis.issuers:
        found_issuer(draft, SetIssuer(issuer.code, issuer_record(issuer)))
    for wijk in genesis.wijken:
        for coin in wijk.coins:
            found_coin(
                draft, AddCoin(coin.code, coin.name, coin.currency, wijk.code, (coin.issuer,))
            )
            found_attestors(draft, attestors_record(coin))
    return chain_id(genesis), draft


def found_ledger(genesis: Genesis, store: KeyValue) -> tuple[Ledger, Writes]:
    """The ledger at height 0, and what to write to the store in one batch.

    The document is a valid one (`rules.validate`). Raises ValueError as `first_state`.
    """
    chain, draft = first_state(genesis)
    return Ledger.found(store, chain, FOUNDING_EPOCH, genesis.time_ms, draft)


def owners_first(accounts: Sequence[AccountPart]) -> Iterator[AccountPart]:
    """The accounts in their order, but each behind its owner.

    Raises ValueError if one is listed twice. Owners in a circle come as they are listed, and are
    refused by the registry.
    """
    listed = {account.id: account for account in accounts}
    if len(listed) != len(accounts):
        raise ValueError("an account is listed twice")
    done: set[bytes] = set()
    for account in accounts:
        waiting: list[AccountPart] = []
        following: AccountPart | None = account
        while following is not None and following.id not in done:
            done.add(following.id)
            waiting.append(following)
            following = listed.get(following.owner[0]) if following.owner else None
        yield from reversed(waiting)


def _found_rules(draft: Draft, genesis: Genesis) -> None:
    draft.put(VERSIONS, PROTOCOL, ActiveVersion(genesis.protocol))
    for contract in genesis.contracts:
        draft.put(VERSIONS, contract.name, ActiveVersion(contract.version))
    for parameter in genesis.parameters:
        found_parameter(draft, parameter.name, parameter.value)


def _found_seats(draft: Draft, genesis: Genesis) -> None:
    seats = tuple(
        Seat(wijk.code, bytes(wijk.seat.consensus.key))
        for wijk in sorted(genesis.wijken, key=lambda wijk: wijk.code)
    )
    if not seats:
        raise ValueError("a chain has at least one wijk with a seat")
    draft.put(SEAT_SETS, HERE, SeatSets(seats, seats, seats))
    for wijk in genesis.wijken:
        found_node_keys(draft, wijk.code, tuple(bytes(node.key) for node in wijk.seat.nodes))


# Parts of the document as records of the contracts.


def region_record(region: RegionPart) -> Region:
    return Region(
        region.code,
        region.name,
        region.country,
        region.parent,
        Level[region.level.upper()],
        region.inhabitants,
        region.inhabitants_date,
        region.adults,
    )


def new_account(account: AccountPart) -> NewAccount:
    keys = tuple(
        NewKey(bytes(key.key), key_role(key.role), key.place, bytes(key.proof))
        for key in account.keys
    )
    return NewAccount(
        bytes(account.id),
        account_kind(account.kind),
        account.sector,
        account.home,
        _plain(account.owner),
        keys,
        account.threshold,
        bytes(account.salt),
        _plain(account.identity),
    )


def board_record(wijk: WijkPart) -> WijkBoard:
    board = wijk.board
    return WijkBoard(
        members=_plain(board.members),
        successors=_plain(board.successors),
        numerator=board.numerator,
        denominator=board.denominator,
        founding=True,
        term_end_ms=board.term_end_ms,
        caretaker_since_ms=(),
        treasury=bytes(wijk.treasury),
    )


def issuer_record(issuer: IssuerPart) -> Issuer:
    return Issuer(
        issuer.name,
        issuer.licence,
        REGIMES[issuer.regime],
        _plain(issuer.custodian),
        _plain(issuer.white_paper),
    )


def attestors_record(coin: CoinPart) -> SetAttestors:
    reserve = coin.reserve
    return SetAttestors(
        coin.code,
        bytes(reserve.account),
        _plain(reserve.attestors),
        reserve.k,
        _plain(reserve.signers),
    )


def _plain(parts: Sequence[bytes]) -> tuple[bytes, ...]:
    """The bytes without their class of the document: records are encoded by exact type."""
    return tuple(bytes(part) for part in parts)
