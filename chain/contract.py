"""Contracts: what software offers to run, and what one call may know and do.

A `Release` is an argument of execution, so the arrow of imports points downward, and a test can
run the chain with one toy contract. `run_call` is the only door into a contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from chain.authority import Authority, Holder, NotAuthorised, describe
from chain.block import PartyEvent, RefusalRecord
from chain.codec import Record, decode, encode
from chain.errors import Inadmissible, Malformed, Refusal, Rejected
from chain.rules import PROTOCOL, VERSIONS, Due, activations_at, schedule, version_of
from chain.state import Draft, View
from chain.transaction import AccountActor, Actor, Body, Call, Transaction, parse

CALL_COST_MIN = 200
"""Cost of a call that is refused before it is read: a block of junk must not outrun its time."""


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


class ClosedToOneTimeKeys(Inadmissible):
    """A one-time key may call only what a contract opens to such keys; this call is not."""

    code = 16
    fields = ("contract", "method")


class NotOpenToOneTimeKeys(Rejected):
    code = 45
    fields = ("contract", "method")


class NotACall(Rejected):
    """A decision cannot carry this call."""

    code = 46
    fields = ("contract", "method")


class UnneededWitness(Rejected):
    """An account signed that no call of the transaction asked for."""

    code = 47
    fields = ("account",)


@dataclass(frozen=True, slots=True)
class Method:
    """`run(draft, context, args)` changes the draft or raises a Rejected. `cost` is in µs or so.

    `carried`: may a decision of a board, of residents or of the federation carry it out?
    `one_time`: may a key without an account call it? A function says so of one key and these
    arguments, by what is in state.
    """

    args: type[Record]
    run: Callable[[Draft, Context, Any], None]
    cost: int | Callable[[Any], int] = 200
    one_time: bool | Callable[[View, bytes, Any], bool] = False
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


@dataclass(frozen=True, slots=True)
class BlockFrame:
    """The part of a header that execution sees; `time_ms` is the only clock."""

    chain: bytes
    epoch: int
    height: int
    time_ms: int
    parent: bytes


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
    `asked`: the authorities that calls have asked for so far and that were there.
    """

    __slots__ = (
        "actor", "asked", "authorities", "chain", "decision", "epoch", "events", "height", "parent",
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
        self.asked: list[Authority] = []

    @property
    def account(self) -> bytes:
        """The acting account's id. Raises NotAuthorised for a one-time key or due work."""
        if not isinstance(self.actor, AccountActor):
            raise NotAuthorised("account")
        return self.actor.account

    def require(self, authority: Authority) -> None:
        """Raises NotAuthorised."""
        if not self.has(authority):
            raise NotAuthorised(describe(authority))

    def has(self, authority: Authority) -> bool:
        found = authority in self.authorities
        if found and len(self.authorities) > 1:
            self.asked.append(authority)
        return found

    def require_each_needed(self) -> None:
        """After all calls: was everybody who signed beside the actor asked for? A signature
        nobody asked for is refused, so that none is given, or taken, for more than it does.

        Raises UnneededWitness for the first in order.
        """
        for authority in self.authorities[1:]:
            if isinstance(authority, Holder) and authority not in self.asked:
                raise UnneededWitness(authority.account)

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
        context.events, context.asked = [], []
        for position, call in enumerate(calls):
            try:
                run_call(inner, context, call, carried=True)
            except Rejected as refusal:
                return refusal_record(position, refusal)
        draft.absorb(inner)
        self.events += context.events
        return None


ARGUMENTS_KEPT = 8_192
ARGUMENTS_BYTES_MAX = 1_024
"""Arguments of a call that are kept read: admission, a block's cost and the call itself ask."""


def arguments(method: Method, call: Call) -> Any:
    """The call's arguments, read. Raises Malformed."""
    if len(call.args) > ARGUMENTS_BYTES_MAX:
        return decode(method.args, call.args)
    return _small_arguments(method.args, call.args)


@lru_cache(maxsize=ARGUMENTS_KEPT)
def _small_arguments(kind: type[Record], data: bytes) -> Record:
    return decode(kind, data)


def missing_versions(state: View, release: Release, height: int) -> list[str]:
    """What is in force at `height`, by what is decided now, and not in this release."""
    versions = {key.decode(): active.version for key, active in state.scan(VERSIONS)}
    versions |= {a.name: a.version for a in activations_at(state, height)}
    return [f"{n} version {v}" for n, v in sorted(versions.items()) if release.lacks(n, v)]


def call_cost(view: View, release: Release, call: Call) -> int:
    """The declared cost; for a call that cannot be read, that of refusing it.

    Only the version in force counts: what else a release carries must not move a block's cost.
    """
    if call.version != version_of(view, call.contract):
        return CALL_COST_MIN
    contract = release.contracts.get((call.contract, call.version))
    method = contract.methods.get(call.method) if contract else None
    if method is None:
        return CALL_COST_MIN
    if isinstance(method.cost, int):
        return method.cost
    try:
        return method.cost(arguments(method, call))
    except Malformed:
        return CALL_COST_MIN


def require_open(view: View, release: Release, body: Body) -> None:
    """Refuse a one-time key's transaction that calls anything not open to such keys.

    They cost nothing to make and have no account to limit, so a mere refusal, which uses up a
    number in state, would let anybody fill the chain. Raises ClosedToOneTimeKeys.
    """
    if isinstance(body.actor, AccountActor):
        return
    for call in body.calls:
        contract = release.contracts.get((call.contract, version_of(view, call.contract)))
        method = None if contract is None else contract.methods.get(call.method)
        if method is None or call.version != version_of(view, call.contract):
            raise ClosedToOneTimeKeys(call.contract, call.method)
        if not _open_to(view, method, body.actor.key, call):
            raise ClosedToOneTimeKeys(call.contract, call.method)


def _open_to(view: View, method: Method, key: bytes, call: Call) -> bool:
    if isinstance(method.one_time, bool):
        return method.one_time
    try:
        return method.one_time(view, key, arguments(method, call))
    except Malformed:
        return False


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
    if not carried and not method.one_time and not isinstance(context.actor, AccountActor):
        raise NotOpenToOneTimeKeys(call.contract, call.method)
    try:
        args = arguments(method, call)
    except Malformed:
        raise BadArguments(call.contract, call.method) from None
    method.run(draft, context, args)


def run_calls(draft: Draft, context: Context, calls: Sequence[Call]) -> tuple[RefusalRecord, ...]:
    """A transaction's calls in order; the refusal that stopped them, if one did. A signature that
    no call asked for is refused behind the last."""
    done = 0
    try:
        for call in calls:
            run_call(draft, context, call, carried=False)
            done += 1
        context.require_each_needed()
    except Rejected as refusal:
        return (refusal_record(min(done, len(calls) - 1), refusal),)
    return ()


def run_due(draft: Draft, context: Context, due: Due) -> None:
    """Run a piece of due work. Refuses UnknownContract, UnknownMethod, or what the handler does."""
    version = version_of(draft, due.contract)
    if version == 0:
        raise UnknownContract(due.contract)
    handler = context.release.contracts[(due.contract, version)].due.get(due.handler)
    if handler is None:
        raise UnknownMethod(due.contract, due.handler)
    handler(draft, context, due.args)


def refusal_record(position: int, refusal: Refusal) -> RefusalRecord:
    return RefusalRecord(position, refusal.code, refusal.values)
