"""Wijken and their seats: who joins, who leaves, with which keys it votes and connects.

Part of the federation contract. Changes of seats are queued for the ledger, which steps the sets
on by a few per height (`chain.rules.move_seats`). A wijk without a seat keeps its board, its
accounts and its money; leaving altogether is another decision.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.authority import Board, Federation
from chain.certificate import Seat
from chain.codec import U8, AccountId, Code, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.light import SEATS_MAX
from chain.rules import DAY_MS, SEAT_CHANGES, SeatChange, queue_seat_change, seat_sets
from chain.state import Draft, View
from governance_contracts.areas.regions import Level, require_region
from governance_contracts.boards.boardroom import (
    BOARDS,
    MEMBERS_MAX,
    SUCCESSORS_MAX,
    TERM_DAYS,
    WijkBoard,
    check_board,
    require_board,
)
from governance_contracts.boards.nodes import (
    NODE_KEYS,
    KeyInUse,
    NodeKeys,
    ProvenKey,
    ProvenKeys,
    found_node_keys,
    keys_in_use,
    node_holder,
    put_node_keys,
    seat_holder,
)
from governance_contracts.people.keys import require_possession
from governance_contracts.people.registration import NewAccount, enter

__all__ = [
    "NODE_KEYS", "NodeKeys", "ProvenKey", "found_node_keys", "node_holder", "seat_holder",
]  # fmt: skip

ACCOUNTS_MAX = 50


class NotAWijk(Rejected):
    code = 411
    fields = ("region",)


class BoardExists(Rejected):
    code = 412
    fields = ("wijk",)


class AlreadySeated(Rejected):
    """The wijk holds a seat, or one is decided."""

    code = 413
    fields = ("wijk",)


class NotSeated(Rejected):
    """The wijk holds no seat, and none is decided."""

    code = 414
    fields = ("wijk",)


class TooManySeats(Rejected):
    code = 415
    fields = ("most",)


class LastSeat(Rejected):
    """A chain has at least one seat."""

    code = 416
    fields = ("wijk",)


class SeatKeys(Record, tag=1):
    """`consensus`: proof over `seat_holder`; `nodes`: proofs over `node_holder`."""

    consensus: ProvenKey
    nodes: ProvenKeys


class AdmitWijk(Record, tag=1):
    """A new wijk: the accounts of its founding board and treasury, the board, and its seat.

    `accounts`: opened in order, with the wijk as their office. `seat` empty: a wijk that uses
    the chain without a validator of its own.
    """

    wijk: Code
    accounts: Annotated[tuple[NewAccount, ...], Meta(max_length=ACCOUNTS_MAX)]
    members: Annotated[tuple[AccountId, ...], Meta(max_length=MEMBERS_MAX)]
    successors: Annotated[tuple[AccountId, ...], Meta(max_length=SUCCESSORS_MAX)]
    numerator: U8
    denominator: U8
    treasury: AccountId
    seat: Annotated[tuple[SeatKeys, ...], Meta(max_length=1)]


class SeatWijk(Record, tag=1):
    wijk: Code
    seat: SeatKeys


class RemoveWijk(Record, tag=1):
    """End a wijk's seat."""

    wijk: Code


class RotateSeat(Record, tag=1):
    """Another consensus key for the wijk's seat."""

    wijk: Code
    key: ProvenKey


class SetNodeKeys(Record, tag=1):
    """All node keys of the wijk from now on."""

    wijk: Code
    keys: Annotated[ProvenKeys, Meta(min_length=1)]


@event
class WijkAdmitted(Record, tag=410):
    wijk: Code


@event
class SeatDecided(Record, tag=411):
    """A seat is given, rotated or (`seat` empty) ended, as soon as the ledger's turn allows."""

    wijk: Code
    seat: Annotated[tuple[Seat, ...], Meta(max_length=1)]


@event
class NodeKeysSet(Record, tag=412):
    wijk: Code


def decided_seats(view: View) -> dict[str, Seat]:
    """The seats when all decided changes have had their turn, by wijk."""
    seats = {seat.wijk: seat for seat in seat_sets(view).after}
    for _, change in view.scan(SEAT_CHANGES):
        if change.seat:
            seats[change.wijk] = change.seat[0]
        else:
            seats.pop(change.wijk, None)
    return seats


def admit_wijk(draft: Draft, context: Context, args: AdmitWijk) -> None:
    """Take in a wijk, with a founding board for 180 days.

    Refuses NotAuthorised (Federation), UnknownRegion, NotAWijk, BoardExists; for each account
    what registration.enter refuses; BadBoard; then as `seat_wijk` from TooManySeats on.
    """
    context.require(Federation())
    if require_region(draft, args.wijk).level != Level.WIJK:
        raise NotAWijk(args.wijk)
    if draft.get(BOARDS, args.wijk) is not None:
        raise BoardExists(args.wijk)
    for new in args.accounts:
        enter(draft, context, new, args.wijk, ())
    board = WijkBoard(
        args.members,
        args.successors,
        args.numerator,
        args.denominator,
        True,
        context.time_ms + TERM_DAYS * DAY_MS,
        (),
        args.treasury,
    )
    check_board(draft, args.wijk, board, context.height)
    draft.put(BOARDS, args.wijk, board)
    context.emit(WijkAdmitted(args.wijk))
    for seat in args.seat:
        _give_seat(draft, context, args.wijk, seat)


def seat_wijk(draft: Draft, context: Context, args: SeatWijk) -> None:
    """Give a seat to a wijk that has a board.

    Refuses NotAuthorised (Federation), UnknownBoard, AlreadySeated, TooManySeats, BadKey,
    NoPossession, KeyInUse (the consensus key, then the node keys), in that order.
    """
    context.require(Federation())
    require_board(draft, args.wijk)
    if args.wijk in decided_seats(draft):
        raise AlreadySeated(args.wijk)
    _give_seat(draft, context, args.wijk, args.seat)


def remove_wijk(draft: Draft, context: Context, args: RemoveWijk) -> None:
    """End a seat. Its node keys stay on record: its node goes on as an observer.

    Refuses NotAuthorised (Federation), NotSeated, LastSeat, in that order.
    """
    context.require(Federation())
    seats = decided_seats(draft)
    if args.wijk not in seats:
        raise NotSeated(args.wijk)
    if len(seats) == 1:
        raise LastSeat(args.wijk)
    queue_seat_change(draft, SeatChange(args.wijk, ()))
    context.emit(SeatDecided(args.wijk, ()))


def rotate_seat(draft: Draft, context: Context, args: RotateSeat) -> None:
    """Refuses NotAuthorised (Board), NotSeated, BadKey, NoPossession, KeyInUse, in that order."""
    context.require(Board(args.wijk))
    if args.wijk not in decided_seats(draft):
        raise NotSeated(args.wijk)
    _queue_seat(draft, context, args.wijk, args.key)


def set_node_keys(draft: Draft, context: Context, args: SetNodeKeys) -> None:
    """Refuses NotAuthorised (Board), UnknownBoard, BadKey, NoPossession, KeyInUse, in that
    order."""
    context.require(Board(args.wijk))
    require_board(draft, args.wijk)
    put_node_keys(draft, context, args.wijk, args.keys)
    context.emit(NodeKeysSet(args.wijk))


def _give_seat(draft: Draft, context: Context, wijk: str, keys: SeatKeys) -> None:
    if len(decided_seats(draft)) >= SEATS_MAX:
        raise TooManySeats(SEATS_MAX)
    _queue_seat(draft, context, wijk, keys.consensus)
    put_node_keys(draft, context, wijk, keys.nodes)


def _queue_seat(draft: Draft, context: Context, wijk: str, key: ProvenKey) -> None:
    require_possession(context, seat_holder(wijk), key.key, key.proof)
    if key.key in keys_in_use(draft):
        raise KeyInUse(key.key)
    seat = Seat(wijk, key.key)
    queue_seat_change(draft, SeatChange(wijk, (seat,)))
    context.emit(SeatDecided(wijk, (seat,)))
