"""A toy town: one contract, a few accounts and boards, and blocks on demand.

The chain knows no contract of ours, so these tests bring the smallest one that can do everything
the ledger offers to contracts. A second version of it, and a second protocol with a smaller
transaction, exist from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from chain import crypto
from chain.account import (
    ACCOUNTS,
    PURSES,
    Account,
    AccountKey,
    AccountKind,
    DatedCode,
    DatedOwner,
    Holding,
    KeyRole,
    Purse,
    Status,
    free_coin,
    purse_of,
)
from chain.admission import Signatures
from chain.authority import Board, Holder
from chain.certificate import Certificate, Seat, SeatSignature, Vote, quorum, vote_bytes
from chain.codec import U32, AccountId, Code, Record, decode, encode
from chain.contract import Context, Contract, Method, ProtocolVersion, Release, release
from chain.errors import Inadmissible, Rejected
from chain.events import event
from chain.execution import Applied, apply_block, build_block
from chain.kinds import Kind, Tag
from chain.ledger import Ledger, MemoryStore, Tip, UndoEntry
from chain.money import AmountField, Cents
from chain.rules import (
    HERE,
    PARAMETERS,
    PROTOCOL,
    SEAT_SETS,
    VERSIONS,
    Activation,
    ActiveVersion,
    ParameterValue,
    SeatChange,
    SeatSets,
    queue_seat_change,
    schedule_activation,
)
from chain.state import BlockDraft, Draft, Table, text
from chain.transaction import (
    AccountActor,
    Actor,
    Body,
    Call,
    KeyActor,
    Transaction,
    parse,
    seal,
    witness,
)

CHAIN = crypto.tagged(Tag.GENESIS, b"toy")
START_MS = 1_800_000_000_000


class ToyRefused(Rejected):
    code = 65001
    fields = ("reason",)


class Entry(Record, tag=1):
    value: U32


class Entry2(Record, tag=2):
    value: U32
    by: Code


ENTRIES: Table[str, Entry2] = Table(
    65001, "toy_entry", Entry2, text, {Entry: lambda old: Entry2(old.value, "nobody")}
)


@event
class Written(Record, tag=65001):
    name: Code
    value: U32


class Write(Record, tag=1):
    name: Code
    value: U32


class Give(Record, tag=1):
    to: AccountId
    amount: AmountField


class Carry(Record, tag=1):
    calls: tuple[Call, ...]


class Later(Record, tag=1):
    time_ms: int
    name: Code
    handler: Code


class Work(Record, tag=1):
    cost: U32


class Upgrade(Record, tag=1):
    height: int
    name: Code
    version: int


class Move(Record, tag=1):
    wijk: Code
    seat: tuple[Seat, ...]


def write(draft: Draft, context: Context, args: Write) -> None:
    draft.put(ENTRIES, args.name, Entry2(args.value, "v1"))
    context.emit(Written(args.name, args.value))


def write_2(draft: Draft, context: Context, args: Write) -> None:
    draft.put(ENTRIES, args.name, Entry2(args.value, "v2"))


def spoil(draft: Draft, context: Context, args: Write) -> None:
    """Change and report, then refuse."""
    write(draft, context, args)
    raise ToyRefused(args.name)


def erase(draft: Draft, context: Context, args: Write) -> None:
    draft.delete(ENTRIES, args.name)


def give(draft: Draft, context: Context, args: Give) -> None:
    """Refuses NotAuthorised, ToyRefused."""
    context.require(Holder(context.account))
    mine = purse_of(draft, context.account)
    if free_coin(mine, "eur") < args.amount:
        raise ToyRefused("balance")
    left = free_coin(mine, "eur") - args.amount
    draft.put(PURSES, context.account, Purse(mine.windows, holding(left), mine.spent))
    theirs = purse_of(draft, args.to)
    more = free_coin(theirs, "eur") + args.amount
    draft.put(PURSES, args.to, Purse(theirs.windows, holding(more), theirs.spent))
    context.emit(Written("paid", args.amount), context.account)
    context.emit(Written("received", args.amount), args.to)


def holding(amount: int) -> tuple[Holding, ...]:
    return (Holding("eur", Cents(amount)),) if amount else ()


def board_only(draft: Draft, context: Context, args: Write) -> None:
    context.require(Board("W1"))
    assert context.decision == Board("W1")
    write(draft, context, args)


def carry(draft: Draft, context: Context, args: Carry) -> None:
    """A decision in one call: carry these out, or write down why not."""
    refusal = context.carry_out(draft, args.calls, Board("W1"))
    if refusal is not None:
        draft.put(ENTRIES, "not-carried", Entry2(refusal.code, f"call-{refusal.call}"))


def later(draft: Draft, context: Context, args: Later) -> None:
    context.schedule(draft, args.time_ms, "toy", args.handler, Write(args.name, 1))


def happen(draft: Draft, context: Context, args: bytes) -> None:
    name = decode(Write, args).name
    assert context.actor is None and context.authorities == ()
    draft.put(ENTRIES, name, Entry2(context.height, "due"))
    context.emit(Written(name, 1))


def happen_badly(draft: Draft, context: Context, args: bytes) -> None:
    happen(draft, context, args)
    raise ToyRefused("due")


def upgrade(draft: Draft, context: Context, args: Upgrade) -> None:
    schedule_activation(draft, Activation(args.height, args.name, args.version))


def move(draft: Draft, context: Context, args: Move) -> None:
    queue_seat_change(draft, SeatChange(args.wijk, args.seat))


def work(draft: Draft, context: Context, args: Work) -> None:
    """Nothing, at a price."""


TOY = Contract(
    "toy",
    1,
    {
        "write": Method(Write, write),
        "spoil": Method(Write, spoil),
        "erase": Method(Write, erase),
        "give": Method(Give, give),
        "board_only": Method(Write, board_only),
        "carry": Method(Carry, carry, carried=False),
        "later": Method(Later, later),
        "upgrade": Method(Upgrade, upgrade),
        "move": Method(Move, move),
        "work": Method(Work, work, cost=lambda args: args.cost),
        "ballot": Method(Write, write, one_time=True),
    },
    {"happen": happen, "happen_badly": happen_badly},
)
TOY_2 = Contract("toy", 2, {"write": Method(Write, write_2, cost=999)})
SMALL_BYTES = 400
PROTOCOL_2 = ProtocolVersion(2, partial(parse, size_max=SMALL_BYTES))

RELEASE = release([TOY])
RELEASE_2 = release([TOY, TOY_2], [ProtocolVersion(1), PROTOCOL_2])


def seed(name: str) -> bytes:
    return crypto.tagged(Tag.COMMITMENT, b"seed", name.encode())


def public(name: str) -> bytes:
    return crypto.public_key(seed(name))


def account_of(name: str) -> bytes:
    return crypto.tagged(Tag.ACCOUNT_ID, name.encode())[:20]


def person(*keys: str, threshold: int = 1, status: Status = Status.ACTIVE) -> Account:
    """An account with keys 1, 2 ... named after their seeds."""
    return Account(
        kind=AccountKind.PERSON,
        sector=(DatedCode(0, "HH"),),
        home=(DatedCode(0, "W1"),),
        owner=(DatedOwner(0, ()),),
        keys=tuple(
            AccountKey(number, public(key), KeyRole.FULL, ()) for number, key in enumerate(keys, 1)
        ),
        threshold=threshold,
        status=status,
        identity=(),
        registered_height=0,
    )


def seat(wijk: str) -> Seat:
    return Seat(wijk, public("seat " + wijk))


class Nothing:
    """The state before genesis."""

    def get(self, table: Table[Any, Any], key: Any) -> None:
        return None

    def find(self, table: Table[Any, Any], key: bytes) -> None:
        return None

    def scan(self, table: Table[Any, Any], start: bytes = b"") -> Iterator[tuple[bytes, Any]]:
        return iter(())


def call(method: str, args: Record, version: int = 1, contract: str = "toy") -> Call:
    return Call(contract, version, method, encode(args))


@dataclass
class Town:
    """A ledger in memory that blocks are made for and committed to, one after the other."""

    wijken: Sequence[str] = ("W1",)
    people: Sequence[str] = ("anna", "ben", "cem")
    release: Release = RELEASE
    parameters: dict[str, int] = field(default_factory=dict)
    signatures: Signatures = field(default_factory=Signatures)
    time_ms: int = START_MS
    store: MemoryStore = field(default_factory=MemoryStore)
    numbers: dict[tuple[bytes, int], int] = field(default_factory=dict)
    undo: list[tuple[list[UndoEntry], Tip]] = field(default_factory=list)
    latest: tuple[Certificate, ...] = ()

    def __post_init__(self) -> None:
        draft = BlockDraft(Nothing())
        seats = tuple(seat(wijk) for wijk in sorted(self.wijken))
        draft.put(SEAT_SETS, HERE, SeatSets(seats, seats, seats))
        draft.put(VERSIONS, PROTOCOL, ActiveVersion(1))
        draft.put(VERSIONS, "toy", ActiveVersion(1))
        for name, value in self.parameters.items():
            draft.put(PARAMETERS, name, ParameterValue(value))
        for name in self.people:
            draft.put(ACCOUNTS, account_of(name), person(name))
            draft.put(PURSES, account_of(name), Purse((), holding(1000), ()))
        draft.put(ACCOUNTS, account_of("trio"), person("t1", "t2", "t3", threshold=2))
        closed = person("gone", status=Status.CLOSED)
        draft.put(ACCOUNTS, account_of("gone"), closed)
        self.ledger, writes = Ledger.found(self.store, CHAIN, 0, self.time_ms, draft)
        self.store.write(writes)

    # Transactions.

    def body(self, actor: Actor, *calls: Call, **changed: Any) -> Body:
        body = Body(CHAIN, 0, actor, 0, self.time_ms + 60_000, calls)
        if "number" not in changed:
            place = (
                (actor.account, actor.key) if isinstance(actor, AccountActor) else (actor.key, 0)
            )
            self.numbers[place] = changed["number"] = self.numbers.get(place, 0) + 1
        result: Body = change(body, **changed)
        return result

    def by(self, name: str, *calls: Call, **changed: Any) -> Transaction:
        """A transaction of a person, signed with key 1."""
        body = self.body(AccountActor(account_of(name), 1), *calls, **changed)
        return signed(body, (account_of(name), 1, name))

    def by_key(self, name: str, *calls: Call, **changed: Any) -> Transaction:
        """A transaction of a one-time key."""
        body = self.body(KeyActor(public(name)), *calls, **changed)
        return signed(body, (public(name), 0, name))

    # Blocks.

    def build(self, *candidates: Transaction, step_ms: int = 1000) -> Applied:
        applied, dropped = self.build_all(*candidates, step_ms=step_ms)
        assert dropped == ()
        return applied

    def build_all(
        self, *candidates: Transaction, step_ms: int = 1000
    ) -> tuple[Applied, tuple[tuple[Transaction, type[Inadmissible]], ...]]:
        """The next block of these candidates, and those that may not stand in it, with why."""
        parent = self.ledger.parent()
        proposer = self.seats().following[0].wijk
        applied, refused = build_block(
            parent, proposer, self.time_ms + step_ms, candidates, (), self.latest,
            self.release, self.ledger, self.signatures,
        )  # fmt: skip
        return applied, tuple((transaction, type(reason)) for transaction, reason in refused)

    def judge(self, applied: Applied, release: Release | None = None) -> Applied:
        """Apply a block as another validator would, from its bytes."""
        return apply_block(
            self.ledger.parent(), applied.block, release or self.release, self.ledger, Signatures()
        )

    def commit(self, applied: Applied) -> Applied:
        before = self.ledger.tip
        decided_by = self.seats().following
        writes, undo = self.ledger.commit(applied)
        self.store.write(writes)
        self.undo.append((undo, before))
        self.time_ms = applied.block.header.time_ms
        self.latest = (certify(applied, decided_by),)
        return applied

    def block(self, *candidates: Transaction, step_ms: int = 1000) -> Applied:
        """Build, judge and commit."""
        applied = self.build(*candidates, step_ms=step_ms)
        judged = self.judge(applied)
        assert judged.block == applied.block and judged.receipts == applied.receipts
        return self.commit(judged)

    def seats(self) -> SeatSets:
        sets = self.ledger.get(SEAT_SETS, HERE)
        assert sets is not None
        return sets

    def entry(self, name: str) -> Entry2 | None:
        return self.ledger.get(ENTRIES, name)

    def balance(self, name: str) -> int:
        return free_coin(purse_of(self.ledger, account_of(name)), "eur")


def signed(body: Body, *signers: tuple[bytes, int, str]) -> Transaction:
    """Signed by (signer, key number, name of the seed)."""
    return parse(seal(body, [witness(body, who, key, seed(name)) for who, key, name in signers]))


def certify(applied: Applied, seats: Sequence[Seat], round: int = 0) -> Certificate:
    header = applied.block.header
    signatures = []
    for number, one in enumerate(seats[: quorum(len(seats))]):
        vote = Vote(header.height, round, applied.hash, number)
        message = vote_bytes(Kind.PRECOMMIT, header.chain, header.epoch, vote)
        signatures.append(SeatSignature(number, crypto.sign(seed("seat " + one.wijk), message)))
    return Certificate(header.height, round, applied.hash, tuple(signatures))


def with_header(applied: Applied, **changed: Any) -> Applied:
    """The same block with some header fields changed (and its hash not)."""
    block = change(applied.block, header=change(applied.block.header, **changed))
    return replace(applied, block=block)


def change(record: Any, **changed: Any) -> Any:
    return msgspec.structs.replace(record, **changed)
