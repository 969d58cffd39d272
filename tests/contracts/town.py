"""A small town in memory: wijken, boards, people and shops, and calls under any authority.

Everything is entered through the `found_...` functions that genesis uses. Private seeds follow
from names, so `town.id("ada")` is the same account in every test. A call is played as execution
plays it, on a draft that a refusal drops:

    town = Town()
    town.play(Pay(...), by="ada")                # as ada's account, with her key 0
    town.play(Register(...), under=(Board(W1),)) # carried out by a decision of the board
    with refused(NotRegistered): town.play(...)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, TypeVar

import pytest

from chain.account import (
    ACCOUNTS,
    Account,
    AccountKind,
    KeyRole,
    account_id,
)
from chain.authority import Authority, Holder
from chain.block import PartyEvent
from chain.certificate import Seat
from chain.codec import Record, encode
from chain.contract import BlockFrame, Context, Release, run_call, run_due
from chain.crypto import public_key
from chain.errors import Rejected
from chain.events import read_event
from chain.rules import DAY_MS, DUE, HERE, SEAT_SETS, VERSIONS, ActiveVersion, Due, SeatSets
from chain.state import TABLES, Draft, Table
from chain.transaction import AccountActor, Actor, Call, KeyActor
from governance_contracts.areas.regions import Level, Region, found_region
from governance_contracts.boards.boardroom import BOARDS, WijkBoard, found_board
from governance_contracts.boards.nodes import found_node_keys
from governance_contracts.people.keys import NewKey, prove_possession
from governance_contracts.people.places import AddPlace, PlaceKind, found_place
from governance_contracts.people.registry import NewAccount, found_account
from governance_contracts.versions import CONTRACT_VERSIONS, RELEASE

CHAIN = sha256(b"a town for tests").digest()
EPOCH = 0
START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
SALT = bytes(16)

G1 = "GM9900"
W1, W2, W3 = "WK990001", "WK990002", "WK99000A"
B1, B2, SMALL = "BU99000101", "BU99000102", "BU99000103"
WIJKEN = (W1, W2, W3)

V = TypeVar("V", bound=Record)


class Nothing:
    """A view without records."""

    def get(self, table: Table[Any, V], key: Any) -> V | None:
        return None

    def scan(self, table: Table[Any, V], start: bytes = b"") -> Iterator[tuple[bytes, V]]:
        return iter(())

    def find(self, table: Table[Any, V], key: bytes) -> V | None:
        return None


def seed(name: str) -> bytes:
    return sha256(name.encode()).digest()


def new_account(
    name: str,
    kind: AccountKind,
    sector: str,
    home: str,
    owner: tuple[bytes, ...] = (),
    key_names: tuple[str, ...] = (),
    threshold: int = 1,
) -> NewAccount:
    """A registration with good proofs; the keys are `key_names`, or one named as the account."""
    seeds = [seed(key) for key in key_names or (name,)]
    id = account_id(CHAIN, tuple(public_key(s) for s in seeds), threshold, SALT)
    keys = tuple(
        NewKey(public_key(s), KeyRole.FULL, (), prove_possession(s, CHAIN, EPOCH, id))
        for s in seeds
    )
    return NewAccount(id, kind, sector, home, owner, keys, threshold, SALT, ())


def region(code: str, name: str, parent: str | None, level: Level, inhabitants: int) -> Region:
    around = () if parent is None else (parent,)
    date, adults = "2026-01-01", inhabitants * 4 // 5
    return Region(code, name, "NL", around, level, inhabitants, date, adults)


class Town:
    """Three wijken of one gemeente, each with a board of three, two residents and a shop.

    People: `ada1 bob1 cas1` sit on the board of W1, `dee1 eef1` live there, `shop1` is a shop
    with place 1 (SHOP, in buurt BU99000101 for W1) and place 2 (ONLINE), `treasury1` the wijk's
    account, `fund1` a fund of it; likewise 2 for W2 and 3 for W3. `town` is an institution of
    the gemeente, `stranger` lives in EXT.
    """

    def __init__(self, release: Release = RELEASE) -> None:
        self.release = release
        self.state = Draft(Nothing())
        self.height = 1
        self.time_ms = START_MS
        self.played = 0
        self.events: list[PartyEvent] = []
        self.names: dict[str, bytes] = {}
        for name, version in CONTRACT_VERSIONS:
            self.state.put(VERSIONS, name, ActiveVersion(version))
        self._found_regions()
        self._open("town", AccountKind.INSTITUTION, "GOV", G1)
        self._open("stranger", AccountKind.PERSON, "HH", "EXT")
        for n, wijk in enumerate(WIJKEN, 1):
            self._found_wijk(str(n), wijk)
        seats = tuple(Seat(wijk, public_key(seed("seat " + wijk))) for wijk in WIJKEN)
        self.state.put(SEAT_SETS, HERE, SeatSets(seats, seats, seats))
        for wijk in WIJKEN:
            found_node_keys(self.state, wijk, (public_key(seed("node " + wijk)),))

    def _found_regions(self) -> None:
        found_region(self.state, region("NL", "Nederland", None, Level.COUNTRY, 18_000_000))
        found_region(self.state, region(G1, "Voorstad", "NL", Level.GEMEENTE, 30_000))
        for n, code in enumerate(WIJKEN, 1):
            found_region(self.state, region(code, f"Wijk {n}", G1, Level.WIJK, 10_000))
        found_region(self.state, region(B1, "Buurt 1", W1, Level.BUURT, 5_000))
        found_region(self.state, region(B2, "Buurt 2", W1, Level.BUURT, 4_950))
        found_region(self.state, region(SMALL, "Erf", W1, Level.BUURT, 50))
        found_region(self.state, region("EXT", "Elders", None, Level.PSEUDO, 0))

    def _found_wijk(self, n: str, wijk: str) -> None:
        for name in ("ada", "bob", "cas", "dee", "eef"):
            self._open(name + n, AccountKind.PERSON, "HH", wijk)
        treasury = self._open("treasury" + n, AccountKind.BOARD, "WB", wijk)
        self._open("fund" + n, AccountKind.FUND, "WB", wijk, (treasury,))
        shop = self._open("shop" + n, AccountKind.BUSINESS, "BUS", wijk)
        buurt = (B1,) if wijk == W1 else ()
        found_place(self.state, AddPlace(shop, 1, wijk, buurt, PlaceKind.SHOP))
        found_place(self.state, AddPlace(shop, 2, wijk, (), PlaceKind.ONLINE))
        members = tuple(sorted(self.id(name + n) for name in ("ada", "bob", "cas")))
        term_end = START_MS + 180 * DAY_MS
        found_board(self.state, wijk, WijkBoard(members, (), 1, 2, False, term_end, (), treasury))

    def _open(
        self, name: str, kind: AccountKind, sector: str, home: str, owner: tuple[bytes, ...] = ()
    ) -> bytes:
        return self.found(new_account(name, kind, sector, home, owner), name)

    def found(self, new: NewAccount, name: str) -> bytes:
        """Enter an account as genesis does and give it a name here; W1 serves who has no wijk."""
        office = new.home if new.home in WIJKEN else W1
        found_account(self.state, CHAIN, office, new)
        self.names[name] = new.id
        return new.id

    def id(self, name: str) -> bytes:
        return self.names[name]

    def account(self, name: str) -> Account:
        account = self.state.find(ACCOUNTS, self.id(name))
        assert account is not None
        return account

    def board(self, wijk: str) -> WijkBoard:
        board = self.state.get(BOARDS, wijk)
        assert board is not None
        return board

    def call(self, args: Record) -> Call:
        """The call whose method takes this record, in the version that is in force."""
        for name, version in CONTRACT_VERSIONS:
            contract = self.release.contracts.get((name, version))
            for method, what in (contract.methods if contract else {}).items():
                if what.args is type(args):
                    return Call(name, version, method, encode(args))
        raise AssertionError(f"no method takes {type(args).__name__}")

    def context(
        self,
        by: str | bytes | None,
        under: tuple[Authority, ...],
        also: tuple[str, ...] = (),
        key: int = 0,
    ) -> Context:
        """`by`: a name, or the public key of a one-time actor. `also`: who signs with them."""
        actor: Actor | None = None
        authorities = under
        if isinstance(by, bytes):
            actor = KeyActor(by)
        elif by is not None:
            actor = AccountActor(self.id(by), key)
            authorities = (*under, Holder(self.id(by)), *(Holder(self.id(n)) for n in also))
        frame = BlockFrame(CHAIN, EPOCH, self.height, self.time_ms, bytes(32))
        id = sha256(b"transaction %d" % self.played).digest()
        decision = under[0] if under else None
        return Context(self.release, frame, id, id, actor, authorities, decision)

    def play(
        self,
        args: Record,
        by: str | bytes | None = None,
        under: tuple[Authority, ...] = (),
        also: tuple[str, ...] = (),
        key: int = 0,
    ) -> bytes:
        """Play one call in a transaction of its own; returns the transaction's id.

        `under`: the call is carried out by a decision of the first of these. Raises Rejected,
        and then nothing has changed. What was reported is in `events`.
        """
        self.played += 1
        context = self.context(by, under, also, key)
        draft = Draft(self.state)
        run_call(draft, context, self.call(args), carried=bool(under))
        can_be_stored(draft, context)
        self.state.absorb(draft)
        self.events = context.events
        return context.transaction_id

    def wait(self, ms: int) -> None:
        """Let time pass in one block, and do the work that falls due."""
        self.height += 1
        self.time_ms += ms
        self.events = []
        for key, due in list(self.state.scan(DUE)):
            if due.time_ms <= self.time_ms:
                self._run_due(key, due)

    def _run_due(self, key: bytes, due: Due) -> None:
        draft = Draft(self.state)
        draft.delete(DUE, key)
        context = self.context(None, ())
        run_due(draft, context, due)
        self._absorb_due(draft, context.events)

    def _absorb_due(self, draft: Draft, events: Sequence[PartyEvent]) -> None:
        self.state.absorb(draft)
        self.events.extend(events)

    def reported(self, kind: type[V], party: str | None = None) -> list[V]:
        """The events of a kind in the last call played; with a name, those for that party only."""
        found = []
        for entry in self.events:
            event = read_event(entry.data)
            if isinstance(event, kind) and (party is None or entry.party == self.id(party)):
                found.append(event)
        return found

    def snapshot(self) -> dict[tuple[int, bytes], Record | None]:
        """All records, to compare before and after."""
        return dict(self.state.changes)


def can_be_stored(draft: Draft, context: Context) -> None:
    """What a call wrote and reported reads back as it was: the codec checks bounds on reading."""
    for (number, _), record in draft.changes.items():
        if record is not None:
            assert TABLES[number].load(encode(record)) == record
    for entry in context.events:
        assert encode(read_event(entry.data)) == entry.data


@contextmanager
def refused(kind: type[Rejected], *values: int | str | bytes) -> Iterator[None]:
    """The block is refused with exactly this; `values` are compared if given."""
    with pytest.raises(Rejected) as caught:
        yield
    assert type(caught.value) is kind, f"{caught.value.name} {caught.value.named()}"
    if values:
        assert caught.value.values == values
