"""What the town played, handed to the auditor's books as blocks: the second count of every move.

The books know calls, signatures, decisions and receipts, and nothing of what contracts wrote. So
each move becomes a block as a validator would have made it: a transaction with its witnesses, or
a board's proposal with its approval, or the motions of all boards; then its receipt. If an event
is missing or says too little, the books and the state part ways here, at that move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import SimpleNamespace
from typing import cast

from auditor.books import Books
from auditor.findings import Finding
from chain.authority import Authority, Board, Federation
from chain.block import PartyEvent, Receipt
from chain.codec import Record, encode
from chain.execution import Applied
from chain.ledger import Ledger
from chain.rules import HERE, SEAT_SETS
from chain.state import Draft
from chain.transaction import AccountActor, Actor, Body, Call, KeyActor, Transaction, Witness
from genesis.document import Genesis
from governance_contracts.boards import federation
from governance_contracts.boards.board import Approve, Decided, Propose
from governance_contracts.boards.proposals import ProposalStatus, Text
from governance_contracts.coins.coin import COINS
from tests.contracts.bank import MoneyTown
from tests.contracts.town import CHAIN, EPOCH, WIJKEN

Changes = dict[tuple[int, bytes], Record | None]
MEMBERS_THAT_DECIDE = 2


class Stored:
    """Records as the ledger would give them: a salt, then the bytes."""

    def __init__(self, changes: Mapping[tuple[int, bytes], Record | None]) -> None:
        self.changes = changes

    def stored(self, table: int, key: bytes) -> bytes | None:
        record = self.changes.get((table, key))
        return None if record is None else bytes(16) + encode(record)


class SecondCount:
    def __init__(self, town: MoneyTown) -> None:
        self.town = town
        self.findings: list[Finding] = []
        self.number = 0
        self.books = Books(cast(Genesis, founding(town)), self.findings.append)

    def played(
        self, call: Call, id: bytes, by: str | bytes | None, under: Sequence[Authority],
        also: Sequence[str], before: Changes,
    ) -> None:  # fmt: skip
        """A call took effect. `before`: the state's records as they were."""
        events = tuple(self.town.events)
        if not under:
            assert by is not None, "somebody sends a transaction"
            actor: Actor = KeyActor(by) if isinstance(by, bytes) else AccountActor(self.id(by), 0)
            signers = [by if isinstance(by, bytes) else self.id(by), *map(self.id, also)]
            pairs = [self.transaction(id, call, actor, signers, events)]
        elif isinstance(under[0], Board):
            pairs = self.decided(under[0].wijk, call, id, events)
        else:
            assert under[0] == Federation(), "nobody else decides here"
            pairs = self.moved(call, id, events)
        self.read(pairs, (), before)

    def waited(self, receipts: Sequence[tuple[PartyEvent, ...]], before: Changes) -> None:
        """Due work was done: one receipt a piece, in one block."""
        self.read([], [Receipt(bytes(32), bytes(32), (), events) for events in receipts], before)

    def id(self, name: str) -> bytes:
        return self.town.id(name)

    def transaction(
        self, id: bytes, call: Call, actor: Actor, signers: Sequence[bytes],
        events: tuple[PartyEvent, ...],
    ) -> tuple[Transaction, Receipt]:  # fmt: skip
        self.number += 1
        body = Body(CHAIN, EPOCH, actor, self.number, self.town.time_ms, (call,))
        witnesses = tuple(Witness(signer, 0, bytes(64)) for signer in signers)
        made = Transaction(body, witnesses, b"", b"", id, id)
        return made, Receipt(id, id, (), events)

    def decided(
        self, wijk: str, call: Call, id: bytes, events: tuple[PartyEvent, ...]
    ) -> list[tuple[Transaction, Receipt]]:
        """Two members of a board: one proposes, one approves, and the call is carried out."""
        first, second = self.town.board(wijk).members[:MEMBERS_THAT_DECIDE]
        proposal = sha256(b"proposal" + id).digest()
        proposes = self.town.call(Propose(wijk, (call,), Text("a reason"), (), 0))
        approves = self.town.call(Approve(proposal, 0))
        decided = PartyEvent(b"", encode(Decided(proposal, wijk, ProposalStatus.CARRIED, ())))
        return [
            self.transaction(proposal, proposes, AccountActor(first, 0), (first,), ()),
            self.transaction(id, approves, AccountActor(second, 0), (second,), (*events, decided)),
        ]

    def moved(
        self, call: Call, id: bytes, events: tuple[PartyEvent, ...]
    ) -> list[tuple[Transaction, Receipt]]:
        """Every board moves or agrees; with the last of them the call is carried out."""
        motion = sha256(b"motion" + id).digest()
        found = []
        for wijk in WIJKEN:
            last = wijk == WIJKEN[-1]
            if wijk == WIJKEN[0]:
                asked: Record = federation.Propose(wijk, (call,), Text("a reason"), 0)
                name = motion
            else:
                asked = federation.Approve(wijk, motion, 0)
                name = id if last else sha256(wijk.encode() + id).digest()
            ended = federation.MotionEnded(motion, ProposalStatus.CARRIED, ())
            told = (*events, PartyEvent(b"", encode(ended))) if last else ()
            found += self.decided(wijk, self.town.call(asked), name, told)
        return found

    def read(
        self, pairs: Sequence[tuple[Transaction, Receipt]], due: Sequence[Receipt], before: Changes
    ) -> None:
        now = self.town.state.changes
        changed = {key: record for key, record in now.items() if before.get(key) is not record}
        changed |= {key: None for key in before if key not in now}
        header = SimpleNamespace(
            height=self.town.height, time_ms=self.town.time_ms, chain=CHAIN, epoch=EPOCH
        )
        applied = cast(
            Applied,
            SimpleNamespace(
                block=SimpleNamespace(header=header),
                draft=SimpleNamespace(changes=changed),
                transactions=tuple(transaction for transaction, _ in pairs),
                receipts=(*due, *(receipt for _, receipt in pairs)),
            ),
        )
        seats = self.town.state.get(SEAT_SETS, HERE)
        assert seats is not None, "a town has seats"
        self.books.read(applied, seats.current, cast(Ledger, Stored(before)))
        self.books.compare(applied, cast(Ledger, Stored(now)))
        assert not self.findings, self.findings


def founding(town: MoneyTown) -> SimpleNamespace:
    """What the books take from a founding document: boards, treasuries, coins, attestors."""
    coins = {coin.wijk: coin.code for _, coin in town.all_of(COINS)}
    wijken = []
    for wijk in WIJKEN:
        board, known = town.board(wijk), town.reserve(coins[wijk])
        reserve = SimpleNamespace(attestors=known.attestors, k=known.k)
        wijken.append(
            SimpleNamespace(
                code=wijk,
                board=board,
                treasury=board.treasury,
                registrars=(),
                coins=(SimpleNamespace(code=coins[wijk], reserve=reserve),),
            )
        )
    return SimpleNamespace(wijken=tuple(wijken))


class CountedTown(MoneyTown):
    """A town whose every move is counted a second time."""

    def __init__(self) -> None:
        super().__init__()
        self.count = SecondCount(self)
        self._due: list[tuple[PartyEvent, ...]] = []

    def play(
        self,
        args: Record,
        by: str | bytes | None = None,
        under: tuple[Authority, ...] = (),
        also: tuple[str, ...] = (),
        key: int = 0,
    ) -> bytes:
        before = self.snapshot()
        id = super().play(args, by, under, also, key)
        self.count.played(self.call(args), id, by, under, also, before)
        return id

    def wait(self, ms: int) -> None:
        before, self._due = self.snapshot(), []
        super().wait(ms)
        self.count.waited(self._due, before)

    def _absorb_due(self, draft: Draft, events: Sequence[PartyEvent]) -> None:
        super()._absorb_due(draft, events)
        self._due.append(tuple(events))
