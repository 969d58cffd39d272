"""From one state to the next: `execute` runs a block's transactions, `apply_block` judges a block.

Contracts come in as an argument (`Release`), so the arrow of imports points downward, and a test
can run the chain with one toy contract. Nothing here writes to a store: the result, `Applied`, is
a value that can be kept, compared or dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chain import admission
from chain.authority import Authority, NotAuthorised, describe
from chain.block import (
    Block,
    Header,
    PartyEvent,
    Receipt,
    RefusalRecord,
    evidence_root,
    header_hash,
    receipts_root,
    transactions_root,
)
from chain.certificate import Certificate, certificate_hash, check_certificate, seats_hash
from chain.codec import Record, decode, encode
from chain.errors import Inadmissible, InvalidBlock, Malformed, Refusal, Rejected
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
    schedule,
    seat_sets,
    version_of,
)
from chain.state import BlockDraft, Draft, View
from chain.transaction import Actor, Call, Transaction, parse

DUE_COST = 100
"""Cost of one piece of due work."""


class UnknownContract(Rejected):
    code = 41
    fields = ("contract",)


class ContractMoved(Rejected):
    """The call names a version that is not in force; `active` is (0: none)."""

    code = 42
    fields = ("contract", "version", "active")


class UnknownMethod(Rejected):
    code = 43
    fields = ("contract", "method")


class BadArguments(Rejected):
    """The arguments are not the canonical encoding of what the method takes."""

    code = 44
    fields = ("contract", "method")


class NotOpenToOneTimeKeys(Rejected):
    code = 45
    fields = ("contract", "method")


class NotACall(Rejected):
    """A decision cannot carry this call."""

    code = 46
    fields = ("contract", "method")


@dataclass(frozen=True, slots=True)
class Method:
    """`run(draft, context, args)` changes the draft or raises a Rejected. `cost` is in µs or so.

    `carried`: may a decision of a board, of residents or of the federation carry it out?
    """

    args: type[Record]
    run: Callable[[Draft, Context, Any], None]
    cost: int | Callable[[Any], int] = 200
    one_time: bool = False
    carried: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """One version of one agreement. `due` handlers take the args they were scheduled with."""

    name: str
    version: int
    methods: Mapping[str, Method]
    due: Mapping[str, Callable[[Draft, Context, bytes], None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProtocolVersion:
    """Codec and admission rules that a height selects."""

    number: int
    parse: Callable[[bytes], Transaction] = parse


@dataclass(frozen=True, slots=True)
class Release:
    """What this software knows how to run: every version of contracts and protocol it carries."""

    contracts: Mapping[tuple[str, int], Contract]
    protocols: Mapping[int, ProtocolVersion]

    def lacks(self, name: str, version: int) -> bool:
        if name == PROTOCOL:
            return version not in self.protocols
        return (name, version) not in self.contracts


def release(
    contracts: Iterable[Contract], protocols: Iterable[ProtocolVersion] = (ProtocolVersion(1),)
) -> Release:
    return Release({(c.name, c.version): c for c in contracts}, {p.number: p for p in protocols})


class ReleaseTooOld(Exception):
    """The rules in force from `height` on are not in this release; stop before it and update."""

    def __init__(self, height: int, missing: Sequence[str]) -> None:
        super().__init__(
            f"from height {height} on this chain uses {', '.join(missing)}, which this release "
            "does not have: install a newer release and start again"
        )
        self.height = height
        self.missing = tuple(missing)


class Context:
    """What a call may know and do besides reading and changing its draft.

    `authorities`: everything this call may act as. `actor`: who sent the transaction (None for
    due work). `decision`: the authority of the decision that carries this call out, if one does.
    """

    __slots__ = (
        "actor", "authorities", "chain", "decision", "epoch", "events", "height", "parent",
        "release", "time_ms", "transaction_id", "wire_hash",
    )  # fmt: skip

    def __init__(
        self,
        release: Release,
        header: BlockFrame,
        wire_hash: bytes,
        transaction_id: bytes,
        actor: Actor | None,
        authorities: tuple[Authority, ...],
        decision: Authority | None = None,
    ) -> None:
        self.release = release
        self.chain = header.chain
        self.epoch = header.epoch
        self.height = header.height
        self.time_ms = header.time_ms
        self.parent = header.parent
        self.wire_hash = wire_hash
        self.transaction_id = transaction_id
        self.actor = actor
        self.authorities = authorities
        self.decision = decision
        self.events: list[PartyEvent] = []

    @property
    def account(self) -> bytes:
        """The acting account's id. Raises NotAuthorised for a one-time key or due work."""
        account = getattr(self.actor, "account", None)
        if account is None:
            raise NotAuthorised("account")
        assert isinstance(account, bytes)
        return account

    def require(self, authority: Authority) -> None:
        """Raises NotAuthorised."""
        if authority not in self.authorities:
            raise NotAuthorised(describe(authority))

    def has(self, authority: Authority) -> bool:
        return authority in self.authorities

    def emit(self, record: Record, party: bytes = b"") -> None:
        """Report an event; with a party, only that account's receipt leaf carries it."""
        self.events.append(PartyEvent(party, encode(record)))

    def schedule(
        self, draft: Draft, time_ms: int, contract: str, handler: str, args: Record
    ) -> bytes:
        return schedule(draft, time_ms, contract, handler, encode(args))

    def carry_out(
        self, draft: Draft, calls: Sequence[Call], authority: Authority
    ) -> RefusalRecord | None:
        """Run a decision's calls under its authority: all, or none and the refusal."""
        inner = Draft(draft)
        context = Context.__new__(Context)
        for name in Context.__slots__:
            setattr(context, name, getattr(self, name))
        context.authorities = (authority,)
        context.decision = authority
        context.events = []
        for position, call in enumerate(calls):
            try:
                run_call(inner, context, call, carried=True)
            except Rejected as refusal:
                return refusal_record(position, refusal)
        draft.absorb(inner)
        self.events += context.events
        return None


@dataclass(frozen=True, slots=True)
class BlockFrame:
    """The part of a header that execution sees; `time_ms` is the only clock."""

    chain: bytes
    epoch: int
    height: int
    time_ms: int
    parent: bytes


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
    transactions = tuple(protocol.parse(data) for data in block.transactions)
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
) -> tuple[Applied, tuple[Transaction, ...]]:
    """Make the next block of these candidates; returns it and the candidates that may not stand.

    Candidates that would exceed the block's cost are left for later, and not among those.
    """
    execution = Execution(parent, time_ms, release, signatures)
    dropped = []
    for transaction in candidates:
        if execution.full(transaction):
            break
        try:
            execution.run(transaction)
        except Inadmissible:
            dropped.append(transaction)
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
    for activation in activations_at(parent.state, parent.height + 1):
        if activation.name == PROTOCOL:
            number = activation.version
    return number


def missing_versions(state: View, release: Release, height: int) -> list[str]:
    """What is in force at `height`, by what is decided now, and not in this release."""
    versions = {key.decode(): active.version for key, active in state.scan(VERSIONS)}
    versions |= {a.name: a.version for a in activations_at(state, height)}
    return [f"{n} version {v}" for n, v in sorted(versions.items()) if release.lacks(n, v)]


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
    for name in ours.__struct_fields__:
        if getattr(ours, name) != getattr(theirs, name):
            return f"header field {name!r} differs from our own execution"
    return "equal headers"


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
        """Oldest first, at most `due_cost_max`; what is left waits for the next block."""
        places = DUE_COST_MAX.of(self.parent.state) // DUE_COST
        due_now: list[tuple[bytes, Due]] = []
        for key, due in self.draft.scan(DUE):
            if due.time_ms > self.frame.time_ms or len(due_now) == places:
                break
            due_now.append((key, due))
        nothing = bytes(32)
        for key, due in due_now:
            context = Context(self.release, self.frame, self.parent.hash, nothing, None, ())
            draft = Draft(self.draft)
            draft.delete(DUE, key)
            version = version_of(draft, due.contract)
            handler = self.release.contracts[(due.contract, version)].due[due.handler]
            handler(draft, context, due.args)
            self.draft.keep(draft, self.parent.hash)
            self.receipts.append(Receipt(self.parent.hash, nothing, (), tuple(context.events)))

    def full(self, transaction: Transaction) -> bool:
        return self.cost + self._cost(transaction) > self.cost_max

    def _cost(self, transaction: Transaction) -> int:
        return sum(call_cost(self.release, call) for call in transaction.body.calls)

    def run(self, transaction: Transaction) -> Receipt:
        """Run one transaction.

        Raises InvalidBlock (an id twice, the block's cost exceeded), then whatever
        `admission.admit` raises; otherwise there is a receipt, of success or refusal.
        """
        if transaction.id in self.ids:
            raise admission.Duplicate()
        cost = self.cost + self._cost(transaction)
        if cost > self.cost_max:
            raise InvalidBlock(f"the block's work exceeds {self.cost_max}")
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
        calls = Draft(draft)
        refusal: tuple[RefusalRecord, ...] = ()
        for position, call in enumerate(transaction.body.calls):
            try:
                run_call(calls, context, call, carried=False)
            except Rejected as rejected:
                refusal = (refusal_record(position, rejected),)
                break
        if not refusal:
            draft.absorb(calls)
        events = () if refusal else tuple(context.events)
        self.draft.keep(draft, transaction.wire_hash)
        self.ids.add(transaction.id)
        self.cost = cost
        self.transactions.append(transaction)
        receipt = Receipt(transaction.wire_hash, transaction.id, refusal, events)
        self.receipts.append(receipt)
        return receipt

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


def call_cost(release: Release, call: Call) -> int:
    """The declared cost; for a call that cannot be read, that of refusing it."""
    contract = release.contracts.get((call.contract, call.version))
    method = contract.methods.get(call.method) if contract else None
    if method is None:
        return 50
    if isinstance(method.cost, int):
        return method.cost
    try:
        return method.cost(decode(method.args, call.args))
    except Malformed:
        return 50


def run_call(draft: Draft, context: Context, call: Call, *, carried: bool) -> None:
    """Dispatch one call.

    Refuses UnknownContract, ContractMoved, UnknownMethod, NotACall, NotOpenToOneTimeKeys,
    BadArguments, in that order; then whatever the method refuses.
    """
    active = version_of(draft, call.contract)
    if active == 0:
        raise UnknownContract(call.contract)
    if call.version != active:
        raise ContractMoved(call.contract, call.version, active)
    method = context.release.contracts[(call.contract, active)].methods.get(call.method)
    if method is None:
        raise UnknownMethod(call.contract, call.method)
    if carried and not method.carried:
        raise NotACall(call.contract, call.method)
    if not carried and not method.one_time and not hasattr(context.actor, "account"):
        raise NotOpenToOneTimeKeys(call.contract, call.method)
    try:
        args = decode(method.args, call.args)
    except Malformed:
        raise BadArguments(call.contract, call.method) from None
    method.run(draft, context, args)


def refusal_record(position: int, refusal: Refusal) -> RefusalRecord:
    return RefusalRecord(position, refusal.code, refusal.values)
