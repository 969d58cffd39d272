"""The rules of one height as a pure function: Algorithm 1 of arXiv:1807.04938, line by line.

`step(state, event) -> (state, actions)`. An event is a condition that the paper's `upon` clauses
name (a proposal judged, a polka, q precommits, a timer); counting votes is `consensus.tally`,
remembering blocks and verdicts is `consensus.machine`. Every arm below carries the paper's line.
q stands for its 2f + 1, and a block is its hash (`NIL` for nil).

Two things differ from the paper's text, neither from its argument. The proposer starts the
propose timer as well: building is asynchronous here and its own signer may refuse, and a
proposer waiting for itself would otherwise halt a chain of three seats. And `Voted` feeds a
validator its own signed votes, so that one that returns from a crash never stands below what it
has signed, and holds the lock that its own precommit implies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from chain.certificate import NIL
from chain.codec import U32, Hash
from chain.kinds import Kind
from consensus.proposer import proposer


class Stage(IntEnum):
    """The paper's step, with a name before the height starts and one after it is decided."""

    IDLE = 0
    PROPOSE = 1
    PREVOTE = 2
    PRECOMMIT = 3
    DECIDED = 4


class Backed(NamedTuple):
    """A block and the round in which q prevotes backed it."""

    block: Hash
    round: U32


@dataclass(frozen=True, slots=True)
class RoundState:
    """What the paper's process keeps for one height (lines 1-9).

    `me` is None for one that only follows. The last three say which "for the first time" clauses
    of this round have fired.
    """

    height: int
    seats: int
    me: int | None
    round: int = 0
    stage: Stage = Stage.IDLE
    locked: Backed | None = None
    valid: Backed | None = None
    prevotes_seen: bool = False  # L34
    polka_seen: bool = False  # L36
    precommits_seen: bool = False  # L47


# Events


@dataclass(frozen=True, slots=True)
class Started:
    """The height begins (L10)."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The proposer of the current round sent a new block; `acceptable`: valid, timely, its own."""

    block: bytes
    acceptable: bool


@dataclass(frozen=True, slots=True)
class Reproposed:
    """The proposer sent a block again, and q prevotes for it in `valid_round` are here."""

    block: bytes
    valid_round: int
    acceptable: bool


@dataclass(frozen=True, slots=True)
class PrevotesFromAny:
    """q seats prevoted in `round`, whatever for."""

    round: int


@dataclass(frozen=True, slots=True)
class Polka:
    """q seats prevoted in `round` for nil, or for a block that is held and valid."""

    block: bytes
    round: int


@dataclass(frozen=True, slots=True)
class PrecommitsFromAny:
    """q seats precommitted in `round`, whatever for."""

    round: int


@dataclass(frozen=True, slots=True)
class Committed:
    """q seats precommitted a held and valid block in `round`, which may be any round."""

    block: bytes
    round: int


@dataclass(frozen=True, slots=True)
class OvertakenBy:
    """f + 1 seats are in `round` or later, which is later than ours."""

    round: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The timer armed for this stage of this round ran out."""

    stage: Stage
    height: int
    round: int


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote signed with our own key is here: fresh from the signer, or of an earlier life."""

    kind: int
    round: int
    block: bytes


Event = (
    Started
    | Proposed
    | Reproposed
    | PrevotesFromAny
    | Polka
    | PrecommitsFromAny
    | Committed
    | OvertakenBy
    | TimedOut
    | Voted
)


# Actions


@dataclass(frozen=True, slots=True)
class Propose:
    """Propose `backed` again, or a new block if it is None."""

    backed: Backed | None


@dataclass(frozen=True, slots=True)
class CastVote:
    kind: Kind
    block: bytes


@dataclass(frozen=True, slots=True)
class StartTimer:
    stage: Stage


@dataclass(frozen=True, slots=True)
class Finish:
    block: bytes
    round: int


Action = Propose | CastVote | StartTimer | Finish
Next = tuple[RoundState, tuple[Action, ...]]


def step(state: RoundState, event: Event) -> Next:
    """The next state and what it wants done, in order. An event that no rule names changes
    nothing."""
    match state.stage, event:
        case Stage.IDLE, Started():  # L10
            return _start_round(state, 0)
        case Stage.DECIDED, _:
            return state, ()
        case _, Voted(kind, round, block):
            return _recall(state, kind, round, block), ()
        case Stage.IDLE, _:
            return state, ()

        case Stage.PROPOSE, Proposed(block, acceptable):  # L22
            free = state.locked is None or state.locked.block == block  # L23
            return _prevote(state, block if acceptable and free else NIL)  # L24-L27

        case Stage.PROPOSE, Reproposed(block, valid_round, acceptable) if (
            0 <= valid_round < state.round
        ):  # L28
            free = (
                state.locked is None
                or state.locked.round <= valid_round
                or state.locked.block == block
            )  # L29
            return _prevote(state, block if acceptable and free else NIL)  # L30-L33

        case Stage.PREVOTE, PrevotesFromAny(state.round) if not state.prevotes_seen:  # L34
            return replace(state, prevotes_seen=True), (StartTimer(Stage.PREVOTE),)  # L35

        case Stage.PREVOTE, Polka(block, state.round) if block and not state.polka_seen:  # L36
            backed = Backed(block, state.round)
            state = replace(state, locked=backed, valid=backed, polka_seen=True)  # L38, L39, L42
            return _precommit(state, block)  # L40, L41
        case Stage.PRECOMMIT, Polka(block, state.round) if block and not state.polka_seen:  # L36
            return replace(state, valid=Backed(block, state.round), polka_seen=True), ()  # L42

        case Stage.PREVOTE, Polka(block, state.round) if not block:  # L44; the lock stays
            return _precommit(state, NIL)  # L45, L46

        case _, PrecommitsFromAny(state.round) if not state.precommits_seen:  # L47
            return replace(state, precommits_seen=True), (StartTimer(Stage.PRECOMMIT),)  # L48

        case _, Committed(block, round):  # L49
            return replace(state, stage=Stage.DECIDED), (Finish(block, round),)  # L51

        case _, OvertakenBy(round) if round > state.round:  # L55
            return _start_round(state, round)  # L56

        case Stage.PROPOSE, TimedOut(Stage.PROPOSE, state.height, state.round):  # L57
            return _prevote(state, NIL)  # L59, L60
        case Stage.PREVOTE, TimedOut(Stage.PREVOTE, state.height, state.round):  # L61
            return _precommit(state, NIL)  # L63, L64
        case _, TimedOut(Stage.PRECOMMIT, state.height, state.round):  # L65
            return _start_round(state, state.round + 1)  # L67
    return state, ()


def _start_round(state: RoundState, round: int) -> Next:  # L11
    state = _at(state, round, Stage.PROPOSE)  # L12, L13
    timer = StartTimer(Stage.PROPOSE)  # L21
    if proposer(state.seats, state.height, round) == state.me:  # L14
        return state, (timer, Propose(state.valid))  # L15-L19
    return state, (timer,)


def _prevote(state: RoundState, block: bytes) -> Next:
    return replace(state, stage=Stage.PREVOTE), (CastVote(Kind.PREVOTE, block),)


def _precommit(state: RoundState, block: bytes) -> Next:
    return replace(state, stage=Stage.PRECOMMIT), (CastVote(Kind.PRECOMMIT, block),)


def _at(state: RoundState, round: int, stage: Stage) -> RoundState:
    """The beginning of `round`, with nothing seen there yet; locked and valid stay."""
    return RoundState(state.height, state.seats, state.me, round, stage, state.locked, state.valid)


def resumed(state: RoundState) -> RoundState:
    """The same place with every "for the first time" open again: for a machine that restarts."""
    return replace(state, prevotes_seen=False, polka_seen=False, precommits_seen=False)


def _recall(state: RoundState, kind: int, round: int, block: bytes) -> RoundState:
    """Stand no lower than a vote we signed, and hold the lock that our precommit implies."""
    stage = Stage.PREVOTE if kind == Kind.PREVOTE else Stage.PRECOMMIT
    if (round, stage) > (state.round, state.stage):
        state = replace(state, stage=stage) if round == state.round else _at(state, round, stage)
    if kind == Kind.PRECOMMIT and block:
        backed = Backed(block, round)
        if state.locked is None or state.locked.round < round:
            state = replace(state, locked=backed)
        if state.valid is None or state.valid.round < round:
            state = replace(state, valid=backed)
    return state
