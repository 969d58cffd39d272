"""Transactions that wait for a block.

Admission here is this node's opinion, against the latest committed state; only a block decides.
After each commit what no longer passes is dropped, so that it cannot cause empty blocks for
ever. Order is arrival; one account cannot fill the pool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from chain.account import ACCOUNTS, Account, purse_of, use_number, window_of
from chain.admission import Signatures, admit
from chain.contract import Release, require_open
from chain.errors import Inadmissible
from chain.ledger import Ledger
from chain.state import Draft
from chain.transaction import AccountActor, Transaction
from node.effects import Refused

TRANSACTIONS_MAX = 50_000
BYTES_MAX = 64 * 1024 * 1024
PER_ACTOR_MAX = 2_000
OFFER_MAX = 500
"""Transactions offered again at once."""
REMEMBERED_MAX = 20_000
"""Ids dropped as no longer admissible whose reason is remembered."""

POOL_FULL = 30
"""Outcome codes of the pool itself; 1-19 are admission's."""
ACTOR_FULL = 31
KNOWN_BY_OTHER_SIGNATURES = 32


@dataclass(frozen=True, slots=True)
class Frame:
    """The block a transaction would be in, as far as admission asks."""

    chain: bytes
    epoch: int
    time_ms: int


def actor_of(transaction: Transaction) -> bytes:
    actor = transaction.body.actor
    return actor.account if isinstance(actor, AccountActor) else actor.key


class Mempool:
    def __init__(self, signatures: Signatures, release: Release) -> None:
        self._release = release
        self._signatures = signatures
        self._by_wire: dict[bytes, Transaction] = {}
        self._by_id: dict[bytes, bytes] = {}
        self._accounts: dict[bytes, Account | None] = {}
        self._by_actor: dict[bytes, dict[bytes, None]] = {}
        self._bytes = 0
        self._dropped: dict[bytes, Refused] = {}

    def __len__(self) -> int:
        return len(self._by_wire)

    def __contains__(self, wire_hash: bytes) -> bool:
        return wire_hash in self._by_wire

    def __iter__(self) -> Iterator[Transaction]:
        """In order of arrival."""
        return iter(self._by_wire.values())

    def find(self, wire_hash: bytes) -> Transaction | None:
        return self._by_wire.get(wire_hash)

    def pending(self, transaction_id: bytes) -> Transaction | None:
        wire = self._by_id.get(transaction_id)
        return None if wire is None else self._by_wire[wire]

    def dropped(self, transaction_id: bytes) -> Refused | None:
        """Why this node let go of a transaction; not final."""
        return self._dropped.get(transaction_id)

    def add(self, transaction: Transaction, ledger: Ledger, now_ms: int) -> Refused | None:
        """Take a transaction; None if it is in the pool now, else why not.

        Says KNOWN_BY_OTHER_SIGNATURES, POOL_FULL, ACTOR_FULL, then what admission says.
        """
        if transaction.wire_hash in self._by_wire:
            return None
        refused = self._refusal(transaction, ledger, now_ms)
        if refused is not None:
            self._signatures.forget(transaction)
            return refused
        self._by_wire[transaction.wire_hash] = transaction
        if isinstance(transaction.body.actor, AccountActor):
            account = ledger.find(ACCOUNTS, transaction.body.actor.account)
            self._accounts[transaction.wire_hash] = account
        self._by_id[transaction.id] = transaction.wire_hash
        self._by_actor.setdefault(actor_of(transaction), {})[transaction.wire_hash] = None
        self._bytes += len(transaction.data)
        self._dropped.pop(transaction.id, None)
        return None

    def _refusal(self, transaction: Transaction, ledger: Ledger, now_ms: int) -> Refused | None:
        actor = actor_of(transaction)
        if transaction.id in self._by_id:
            return Refused(KNOWN_BY_OTHER_SIGNATURES, ())
        size = len(transaction.data)
        if len(self._by_wire) >= TRANSACTIONS_MAX or self._bytes + size > BYTES_MAX:
            return Refused(POOL_FULL, ())
        mine = self._by_actor.get(actor)
        if mine is not None and len(mine) >= PER_ACTOR_MAX:
            return Refused(ACTOR_FULL, (PER_ACTOR_MAX,))
        return self._admissible(transaction, ledger, now_ms)

    def _admissible(self, transaction: Transaction, ledger: Ledger, now_ms: int) -> Refused | None:
        frame = Frame(ledger.tip.chain, ledger.tip.epoch, max(now_ms, ledger.tip.time_ms + 1))
        try:
            require_open(ledger, self._release, transaction.body)
            admit(Draft(ledger), frame, transaction, self._signatures)
        except Inadmissible as refusal:
            return Refused(refusal.code, refusal.values)
        return None

    def committed(self, transactions: Iterable[Transaction], ledger: Ledger) -> None:
        """A block was committed: let its transactions go, and what it made inadmissible.

        Checked again: everything of an actor that stood in the block. The rest is checked by
        time, when a block is built.
        """
        actors: dict[bytes, None] = {}
        for transaction in transactions:
            self._remove(transaction.wire_hash)
            same_id = self._by_id.get(transaction.id)
            if same_id is not None:
                self._remove(same_id)
            actors[actor_of(transaction)] = None
        for actor in actors:
            for wire in list(self._by_actor.get(actor, ())):
                waiting = self._by_wire[wire]
                refused = self._still_admissible(waiting, ledger)
                if refused is not None:
                    self.drop(waiting, refused)

    def _still_admissible(self, transaction: Transaction, ledger: Ledger) -> Refused | None:
        """After a block of its actor's: as long as the account is the very record that admitted
        it, only its number and its time can have become inadmissible."""
        actor, time_ms = transaction.body.actor, ledger.tip.time_ms
        if not isinstance(actor, AccountActor) or time_ms >= transaction.body.valid_until_ms:
            return self._admissible(transaction, ledger, ledger.tip.time_ms)
        account = ledger.find(ACCOUNTS, actor.account)
        if account is None or account is not self._accounts.get(transaction.wire_hash):
            return self._admissible(transaction, ledger, ledger.tip.time_ms)
        purse = purse_of(ledger, actor.account)
        try:
            use_number(window_of(purse, actor.key), transaction.body.number)
        except Inadmissible as refusal:
            return Refused(refusal.code, refusal.values)
        return None

    def ready(self, ledger: Ledger, now_ms: int) -> bool:
        """Is there one that would pass in a block now? Drops those in front that would not: they
        expired, or something else changed an account of theirs."""
        while self._by_wire:
            transaction = next(iter(self._by_wire.values()))
            refused = self._admissible(transaction, ledger, now_ms)
            if refused is None:
                return True
            self.drop(transaction, refused)
        return False

    def oldest(self) -> Iterator[bytes]:
        """The wire bytes of those that wait longest, at most OFFER_MAX."""
        return (t.data for t in islice(self._by_wire.values(), OFFER_MAX))

    def drop(self, transaction: Transaction, reason: Refused) -> None:
        self._remove(transaction.wire_hash)
        self._dropped[transaction.id] = reason
        if len(self._dropped) > REMEMBERED_MAX:
            del self._dropped[next(iter(self._dropped))]

    def _remove(self, wire_hash: bytes) -> None:
        transaction = self._by_wire.pop(wire_hash, None)
        if transaction is None:
            return
        self._accounts.pop(wire_hash, None)
        del self._by_id[transaction.id]
        actor = actor_of(transaction)
        mine = self._by_actor[actor]
        del mine[wire_hash]
        if not mine:
            del self._by_actor[actor]
        self._bytes -= len(transaction.data)
        self._signatures.forget(transaction)
