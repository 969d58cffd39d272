"""The rules in force, as state: parameters, seats, versions, and work that falls due.

The federation contract writes what the boards decide here; execution reads it. Keeping it below
the contracts lets the ledger follow a change of rules without knowing who may decide one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from chain.certificate import Seat, Seats, tolerated
from chain.codec import U16, U53, Code, Height, Millis, Record
from chain.state import Draft, Table, View, number, raw, text

DAY_MS = 86_400_000


class ParameterValue(Record, tag=1):
    value: U53


PARAMETERS: Table[str, ParameterValue] = Table(4, "parameter", ParameterValue, text)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number the federation may change within bounds; `default` holds until it does."""

    name: str
    default: int
    low: int
    high: int
    meaning: str

    def __post_init__(self) -> None:
        assert PARAMETER_LIST.setdefault(self.name, self) == self, f"{self.name} declared twice"
        assert self.low <= self.default <= self.high, self.name

    def of(self, view: View) -> int:
        stored = view.get(PARAMETERS, self.name)
        return self.default if stored is None else stored.value


PARAMETER_LIST: dict[str, Parameter] = {}

BLOCK_COST_MAX = Parameter(
    "block_cost_max", 500_000, 50_000, 5_000_000, "work in one block, in cost units (about 1 µs)"
)
DUE_COST_MAX = Parameter("due_cost_max", 100_000, 10_000, 1_000_000, "due work in one block")
VALIDITY_MAX_MS = Parameter(
    "validity_max_ms", 30 * DAY_MS, DAY_MS, 30 * DAY_MS, "how far ahead a transaction may be valid"
)
BLOCK_GAP_MS = Parameter("block_gap_ms", 250, 0, 60_000, "shortest time between two blocks")
HEARTBEAT_MS = Parameter("heartbeat_ms", 60_000, 1_000, 3_600_000, "longest time without a block")
PROPOSE_MS = Parameter("propose_ms", 2_000, 50, 60_000, "wait for a proposal in round 0")
PROPOSE_STEP_MS = Parameter("propose_step_ms", 500, 0, 10_000, "more for each later round")
VOTE_MS = Parameter("vote_ms", 1_000, 50, 60_000, "wait for votes in round 0")
VOTE_STEP_MS = Parameter("vote_step_ms", 500, 0, 10_000, "more for each later round")
TIMEOUT_MAX_MS = Parameter("timeout_max_ms", 10_000, 100, 120_000, "the longest of these waits")
TRUST_DAYS = Parameter(
    "trust_days", 90, 7, 3650, "how long a wallet may trust the last header it saw"
)


class SeatSets(Record, tag=1):
    """After block h: the sets that decide heights h, h + 1 and h + 2."""

    current: tuple[Seat, ...]
    following: tuple[Seat, ...]
    after: tuple[Seat, ...]


class SeatChange(Record, tag=1):
    """A decided change that waits its turn. `seat` empty: the wijk leaves."""

    wijk: Code
    seat: Annotated[tuple[Seat, ...], Meta(max_length=1)]


class ActiveVersion(Record, tag=1):
    version: U16


class Activation(Record, tag=1):
    """From `height` on, contract `name` (or `protocol`) has this version."""

    height: Height
    name: Code
    version: U16


class Due(Record, tag=1):
    """Work a contract asked to be called for, from `time_ms` on."""

    time_ms: Millis
    contract: Code
    handler: Code
    args: bytes


class Counter(Record, tag=1):
    value: U53


SEAT_SETS: Table[bytes, SeatSets] = Table(5, "seat_sets", SeatSets, raw)
SEAT_CHANGES: Table[int, SeatChange] = Table(6, "seat_change", SeatChange, number)
VERSIONS: Table[str, ActiveVersion] = Table(7, "version", ActiveVersion, text)
ACTIVATIONS: Table[bytes, Activation] = Table(8, "activation", Activation, raw)
DUE: Table[bytes, Due] = Table(9, "due", Due, raw)
COUNTERS: Table[str, Counter] = Table(10, "counter", Counter, text)

PROTOCOL = "protocol"
HERE = b""


def seat_sets(view: View) -> SeatSets:
    sets = view.get(SEAT_SETS, HERE)
    assert sets is not None, "genesis seats at least one board"
    return sets


def version_of(view: View, name: str) -> int:
    """The version in force; 0 for a contract that is not."""
    active = view.get(VERSIONS, name)
    return 0 if active is None else active.version


def next_number(draft: Draft, name: str) -> int:
    """1, 2, 3 ... per name."""
    last = draft.get(COUNTERS, name)
    value = 1 if last is None else last.value + 1
    draft.put(COUNTERS, name, Counter(value))
    return value


def activation_key(height: int, name: str) -> bytes:
    return number(height) + name.encode("ascii")


def schedule_activation(draft: Draft, activation: Activation) -> None:
    draft.put(ACTIVATIONS, activation_key(activation.height, activation.name), activation)


def activations_at(view: View, height: int) -> list[Activation]:
    found = []
    for _, activation in view.scan(ACTIVATIONS):
        if activation.height > height:
            break
        found.append(activation)
    return found


def schedule(draft: Draft, time_ms: int, contract: str, handler: str, args: bytes) -> bytes:
    """Ask for a call of `handler` in the first block from `time_ms` on; returns its key."""
    key = number(time_ms) + number(next_number(draft, "due"))
    draft.put(DUE, key, Due(time_ms, contract, handler, args))
    return key


def cancel(draft: Draft, key: bytes) -> None:
    draft.delete(DUE, key)


def due_at(view: View, time_ms: int) -> bool:
    """Is there work that a block at this time must do?"""
    for _, due in view.scan(DUE):
        return due.time_ms <= time_ms
    return False


def queue_seat_change(draft: Draft, change: SeatChange) -> None:
    draft.put(SEAT_CHANGES, next_number(draft, "seat_change"), change)


def move_seats(draft: Draft) -> SeatSets:
    """Step the sets on by one height, applying decided changes in order.

    At most max(1, f) seats change per height; the rest waits. There is always a seat: the removal
    of the last one waits for another, and so do later changes of that wijk. Removing a wijk that
    has no seat, or adding a seat that is there, uses no place.
    """
    before = seat_sets(draft)
    latest: dict[str, Seat] = {seat.wijk: seat for seat in before.after}
    places = max(1, tolerated(len(latest)))
    waits: str | None = None
    for key, change in list(draft.scan(SEAT_CHANGES)):
        seat = change.seat[0] if change.seat else None
        if change.wijk == waits:
            continue
        if latest.get(change.wijk) != seat:
            if seat is None and len(latest) == 1:
                waits = change.wijk
                continue
            if places == 0:
                break
            places -= 1
            if seat is None:
                del latest[change.wijk]
            else:
                latest[change.wijk] = seat
        draft.delete(SEAT_CHANGES, int.from_bytes(key, "big"))
    after: Seats = tuple(latest[wijk] for wijk in sorted(latest))
    sets = SeatSets(before.following, before.after, after)
    if sets != before:
        draft.put(SEAT_SETS, HERE, sets)
    return sets
