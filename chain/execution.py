"""From one state to the next: `Execution` runs a block, `apply_block` judges one.

Contracts come in as an argument (`chain.contract.Release`). Nothing here writes to a store: the
result, `Applied`, is a value that can be kept, compared or dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from chain import admission
from chain.block import (
    TRANSACTIONS_BYTES_MAX,
    TRANSACTIONS_MAX,
    Block,
    Header,
    Receipt,
    RefusalRecord,
    evidence_root,
    header_hash,
    receipts_root,
    transactions_root,
)
from chain.certificate import Certificate, certificate_hash, check_certificate, seats_hash
from chain.contract import (
    BadArguments,
    BlockFrame,
    Context,
    Contract,
    ContractMoved,
    Method,
    NotACall,
    NotOpenToOneTimeKeys,
    ProtocolVersion,
    Release,
    ReleaseTooOld,
    UnknownContract,
    UnknownMethod,
    call_cost,
    missing_versions,
    refusal_record,
    release,
    require_open,
    run_calls,
    run_due,
)
from chain.errors import Inadmissible, InvalidBlock, Rejected
from chain.merkle import Frontier, history_root
from chain.rules import (
    ACTIVATIONS,
    BLOCK_COST_MAX,
    DUE,
    DUE_COST_MAX,
    PROTOCOL,
    VERSIONS,
    ActiveVersion,
    Due,
    activation_key,
    activations_at,
    move_seats,
    seat_sets,
    version_of,
)
from chain.state import BlockDraft, Draft, View
from chain.transaction import Transaction

__all__ = [
    "Applied",
    "BadArguments",
    "BlockFrame",
    "BlockFull",
    "Context",
    "Contract",
    "ContractMoved",
    "Execution",
    "Method",
    "NotACall",
    "NotOpenToOneTimeKeys",
    "Parent",
    "ProtocolVersion",
    "Release",
    "ReleaseTooOld",
    "Roots",
    "UnknownContract",
    "UnknownMethod",
    "apply_block",
    "build_block",
    "call_cost",
    "missing_versions",
    "protocol_at",
    "refusal_record",
    "release",
]

DUE_COST = 100
"""Cost of one piece of due work."""

WITNESS_COST = 60
"""Cost of each witness after the first; the cost of a call covers one signature."""


class BlockFull(InvalidBlock):
    """One more transaction would exceed what a block may hold: number, bytes or work."""


@dataclass(frozen=True, slots=True)
class Parent:
    """What a block builds on. At genesis: height 0, `hash` = chain, no header history."""

    chain: bytes
    epoch: int
    height: int
    hash: bytes
    time_ms: int
    frontier: Frontier
    state: View


class Roots(Protocol):
    """Computes the state root a draft would give, without writing it."""

    def state_root(self, draft: BlockDraft, parent_hash: bytes) -> tuple[bytes, Any]: ...


@dataclass(frozen=True, slots=True)
class Applied:
    """A block that keeps every rule, and all that follows from it."""

    block: Block
    hash: bytes
    draft: BlockDraft
    receipts: tuple[Receipt, ...]
    transactions: tuple[Transaction, ...]
    tree: Any
    """What `Roots.state_root` gave beside the root; handed back to the store on commit."""


def apply_block(
    parent: Parent,
    block: Block,
    release: Release,
    roots: Roots,
    signatures: admission.Signatures,
) -> Applied:
    """Re-execute a block on its parent.

    Raises InvalidBlock (or Malformed, or Inadmissible: all mean that the block is invalid), and
    ReleaseTooOld if this software does not have the rules in force. It is a function of parent
    state and block bytes: never of the round, never of a clock.
    """
    header = block.header
    check_position(parent, header)
    protocol = protocol_at(parent, release)
    check_parent_certificate(parent, block, signatures)
    if block.evidence:
        raise InvalidBlock("protocol 1 takes no evidence into blocks")
    parsed = signatures.parsed
    transactions = tuple(parsed.get(data) or protocol.parse(data) for data in block.transactions)
    execution = Execution(parent, header.time_ms, release, signatures)
    for transaction in transactions:
        execution.run(transaction)
    expected = execution.close(header.proposer, block.evidence, block.parent_certificate, roots)
    if expected.block.header != header:
        raise InvalidBlock(first_difference(expected.block.header, header))
    return expected


def build_block(
    parent: Parent,
    proposer: str,
    time_ms: int,
    candidates: Iterable[Transaction],
    evidence: tuple[bytes, ...],
    parent_certificate: tuple[Certificate, ...],
    release: Release,
    roots: Roots,
    signatures: admission.Signatures,
) -> tuple[Applied, tuple[tuple[Transaction, Inadmissible], ...]]:
    """Make the next block of these candidates; returns it, and who may not stand in it and why.

    When one does not fit any more, it and all behind it are left for later, and not among those.
    """
    execution = Execution(parent, time_ms, release, signatures)
    dropped = []
    for transaction in candidates:
        try:
            execution.run(transaction)
        except BlockFull:
            break
        except Inadmissible as reason:
            dropped.append((transaction, reason))
    return execution.close(proposer, evidence, parent_certificate, roots), tuple(dropped)


def check_position(parent: Parent, header: Header) -> None:
    if header.chain != parent.chain or header.epoch != parent.epoch:
        raise InvalidBlock("the block belongs to another chain or epoch")
    if header.height != parent.height + 1 or header.parent != parent.hash:
        raise InvalidBlock(f"block {header.height} does not follow block {parent.height}")
    if header.time_ms <= parent.time_ms:
        raise InvalidBlock("a block's time is later than its parent's")
    if header.proposer not in [seat.wijk for seat in seat_sets(parent.state).following]:
        raise InvalidBlock(f"{header.proposer} has no seat at height {header.height}")


def protocol_at(parent: Parent, release: Release) -> ProtocolVersion:
    """The rules for the height after `parent`. Raises ReleaseTooOld."""
    missing = missing_versions(parent.state, release, parent.height + 1)
    if missing:
        raise ReleaseTooOld(parent.height + 1, missing)
    return release.protocols[protocol_number(parent)]


def protocol_number(parent: Parent) -> int:
    number = version_of(parent.state, PROTOCOL)
    coming = activations_at(parent.state, parent.height + 1)
    return next((a.version for a in reversed(coming) if a.name == PROTOCOL), number)


def check_parent_certificate(
    parent: Parent, block: Block, signatures: admission.Signatures
) -> None:
    """Verified in full against the seats that decided the parent; none at height 1."""
    if parent.height == 0:
        if block.parent_certificate:
            raise InvalidBlock("the first block has no parent certificate")
        return
    if not block.parent_certificate:
        raise InvalidBlock("the parent's certificate is missing")
    certificate = block.parent_certificate[0]
    if (certificate.height, certificate.block) != (parent.height, parent.hash):
        raise InvalidBlock("the parent certificate is for another block")
    seats = seat_sets(parent.state).current
    check_certificate(certificate, seats, parent.chain, parent.epoch, signatures.check)


def first_difference(ours: Header, theirs: Header) -> str:
    names = ours.__struct_fields__
    name = next(n for n in names if getattr(ours, n) != getattr(theirs, n))
    return f"header field {name!r} differs from our own execution"


class Execution:
    """One block in the making: activations and due work first, then transactions, then seats."""

    def __init__(
        self,
        parent: Parent,
        time_ms: int,
        release: Release,
        signatures: admission.Signatures,
    ) -> None:
        self.parent = parent
        self.release = release
        self.signatures = signatures
        self.frame = BlockFrame(parent.chain, parent.epoch, parent.height + 1, time_ms, parent.hash)
        self.draft = BlockDraft(parent.state)
        self.receipts: list[Receipt] = []
        self.transactions: list[Transaction] = []
        self.ids: set[bytes] = set()
        self.cost = 0
        self.bytes = 0
        self.protocol = protocol_at(parent, release)
        self.cost_max = BLOCK_COST_MAX.of(parent.state)
        self._activate()
        self._run_due_work()

    def _activate(self) -> None:
        draft = Draft(self.draft)
        for activation in activations_at(draft, self.frame.height):
            draft.put(VERSIONS, activation.name, ActiveVersion(activation.version))
            draft.delete(ACTIVATIONS, activation_key(activation.height, activation.name))
        self.draft.keep(draft, self.parent.hash)

    def _run_due_work(self) -> None:
        """Oldest first, at most `due_cost_max`; what is left waits for the next block.

        Work that is refused, or whose contract or handler is no longer in force, is done with:
        its receipt says so, and nothing else of it remains.
        """
        places = DUE_COST_MAX.of(self.parent.state) // DUE_COST
        due_now: list[tuple[bytes, Due]] = []
        for key, due in self.draft.scan(DUE):
            if due.time_ms > self.frame.time_ms or len(due_now) == places:
                break
            due_now.append((key, due))
        nothing = bytes(32)
        for key, due in due_now:
            context = Context(self.release, self.frame, self.parent.hash, nothing, None, ())
            taken = Draft(self.draft)
            taken.delete(DUE, key)
            work = Draft(taken)
            refusal: tuple[RefusalRecord, ...] = ()
            try:
                run_due(work, context, due)
                taken.absorb(work)
            except Rejected as rejected:
                refusal = (refusal_record(0, rejected),)
            events = () if refusal else tuple(context.events)
            self.draft.keep(taken, self.parent.hash)
            self.receipts.append(Receipt(self.parent.hash, nothing, refusal, events))

    def _cost(self, transaction: Transaction) -> int:
        calls = sum(call_cost(self.draft, self.release, call) for call in transaction.body.calls)
        return calls + WITNESS_COST * (len(transaction.witnesses) - 1)

    def run(self, transaction: Transaction) -> Receipt:
        """Run one transaction.

        Raises Duplicate, TooCostly, ClosedToOneTimeKeys, BlockFull, then whatever
        `admission.admit` raises; otherwise there is a receipt, of success or refusal.
        """
        if transaction.id in self.ids:
            raise admission.Duplicate()
        cost = self._cost(transaction)
        if cost > self.cost_max:
            raise admission.TooCostly(cost, self.cost_max)
        require_open(self.draft, self.release, transaction.body)
        self._check_room(transaction, cost)
        draft = Draft(self.draft)
        authorities = admission.admit(draft, self.frame, transaction, self.signatures)
        context = Context(
            self.release,
            self.frame,
            transaction.wire_hash,
            transaction.id,
            transaction.body.actor,
            authorities,
        )
        admitted = draft.changes.copy()
        refusal = run_calls(draft, context, transaction.body.calls)
        if refusal:
            draft.changes = admitted  # its number is used, and nothing else
        events = () if refusal else tuple(context.events)
        self.draft.keep(draft, transaction.wire_hash)
        self.ids.add(transaction.id)
        self.cost += cost
        self.bytes += len(transaction.data)
        self.transactions.append(transaction)
        receipt = Receipt(transaction.wire_hash, transaction.id, refusal, events)
        self.receipts.append(receipt)
        return receipt

    def _check_room(self, transaction: Transaction, cost: int) -> None:
        if len(self.transactions) == TRANSACTIONS_MAX:
            raise BlockFull(f"more than {TRANSACTIONS_MAX} transactions")
        if self.bytes + len(transaction.data) > TRANSACTIONS_BYTES_MAX:
            raise BlockFull(f"more than {TRANSACTIONS_BYTES_MAX} bytes of transactions")
        if self.cost + cost > self.cost_max:
            raise BlockFull(f"the block's work exceeds {self.cost_max}")

    def close(
        self,
        proposer: str,
        evidence: tuple[bytes, ...],
        parent_certificate: tuple[Certificate, ...],
        roots: Roots,
    ) -> Applied:
        seats = seat_sets(self.parent.state)
        moved = Draft(self.draft)
        move_seats(moved)
        self.draft.keep(moved, self.parent.hash)
        root, tree = roots.state_root(self.draft, self.parent.hash)
        header = Header(
            chain=self.parent.chain,
            epoch=self.parent.epoch,
            protocol=self.protocol.number,
            height=self.frame.height,
            parent=self.parent.hash,
            time_ms=self.frame.time_ms,
            proposer=proposer,
            transactions=transactions_root([t.wire_hash for t in self.transactions]),
            evidence=evidence_root(evidence),
            parent_certificate=certificate_hash(parent_certificate),
            state=root,
            receipts=receipts_root(self.receipts),
            seats=seats_hash(seats.following),
            next_seats=seats_hash(seats.after),
            history=history_root(self.parent.frontier),
        )
        block = Block(
            header, tuple(t.data for t in self.transactions), evidence, parent_certificate
        )
        return Applied(
            block,
            header_hash(header),
            self.draft,
            tuple(self.receipts),
            tuple(self.transactions),
            tree,
        )
