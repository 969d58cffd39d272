"""Each wijk's board: who sits on it, how many must agree, whose money it holds.

The record, its rules and how a seat empties; the calls are in `board.py`. Below them, so that
every contract can ask who speaks for a wijk.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, AccountKind, Status, in_force
from chain.codec import U8, AccountId, Code, Millis, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View, text

MEMBERS_MAX = 15
SUCCESSORS_MAX = 30
MEMBERS_MIN = 3
TERM_DAYS = 180
"""Of a founding board, and of administrators named by the federation."""


class WijkBoard(Record, tag=1):
    """`members` sorted; `successors` in the order in which they take an empty seat.

    numerator / denominator of the members who may decide must approve, rounded up. `founding`: a
    board named at genesis or appointed, limited to the calls listed in `powers.py`. Below three
    members, and from `term_end_ms` on, any board is a caretaker with those same limits;
    `caretaker_since_ms`: since when it is below three. `treasury`: the wijk's own account.
    """

    members: Annotated[tuple[AccountId, ...], Meta(max_length=MEMBERS_MAX)]
    successors: Annotated[tuple[AccountId, ...], Meta(max_length=SUCCESSORS_MAX)]
    numerator: U8
    denominator: U8
    founding: bool
    term_end_ms: Millis
    caretaker_since_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]
    treasury: AccountId


BOARDS: Table[str, WijkBoard] = Table(40, "board", WijkBoard, text)


class UnknownBoard(Rejected):
    """The wijk has no board on this chain."""

    code = 300
    fields = ("wijk",)


class NotOnTheBoard(Rejected):
    code = 301
    fields = ("wijk", "account")


class BadBoard(Rejected):
    """`field`: members (3 .. 15 residents of the wijk, sorted), successors, threshold or
    treasury (the wijk's account of kind board) does not fit."""

    code = 313
    fields = ("wijk", "field")


@event
class SeatLeft(Record, tag=304):
    """A member left; `successor` took the seat, if one was on the list."""

    wijk: Code
    account: AccountId
    successor: Annotated[tuple[AccountId, ...], Meta(max_length=1)]


def require_board(view: View, wijk: str) -> WijkBoard:
    """Refuses UnknownBoard."""
    board = view.get(BOARDS, wijk)
    if board is None:
        raise UnknownBoard(wijk)
    return board


def caretaker(board: WijkBoard, time_ms: int) -> bool:
    """Is this board, or has it become, one that may only keep things going?"""
    return len(board.members) < MEMBERS_MIN or time_ms >= board.term_end_ms


def vacate(draft: Draft, context: Context, wijk: str, account: bytes) -> None:
    """End a member's seat, or a place on the list, if there is one: resigned, moved or closed.

    The first on the list who still lives in the wijk takes the seat.
    """
    board = draft.get(BOARDS, wijk)
    if board is None or account not in board.members + board.successors:
        return
    waiting = tuple(s for s in board.successors if s != account)
    if account not in board.members:
        draft.put(BOARDS, wijk, replace(board, successors=waiting))
        return
    members = tuple(m for m in board.members if m != account)
    fit = [s for s in waiting if _is_resident(draft, wijk, s, context.height)]
    heir = tuple(fit[:1])
    members = tuple(sorted(members + heir))
    since = board.caretaker_since_ms
    if len(members) < MEMBERS_MIN and not since:
        since = (context.time_ms,)
    waiting = tuple(s for s in waiting if s not in heir)
    changed = replace(board, members=members, successors=waiting, caretaker_since_ms=since)
    draft.put(BOARDS, wijk, changed)
    context.emit(SeatLeft(wijk, account, heir))


def check_board(view: View, wijk: str, board: WijkBoard, height: int) -> None:
    """Refuses BadBoard: members, successors, threshold, treasury, in that order."""
    members, successors = board.members, board.successors
    residents = all(_is_resident(view, wijk, m, height) for m in members)
    if not MEMBERS_MIN <= len(members) <= MEMBERS_MAX or not residents:
        raise BadBoard(wijk, "members")
    if list(members) != sorted(set(members)):
        raise BadBoard(wijk, "members")
    if len(set(members + successors)) != len(members) + len(successors):
        raise BadBoard(wijk, "successors")
    if not all(_is_resident(view, wijk, s, height) for s in successors):
        raise BadBoard(wijk, "successors")
    if not 1 <= board.numerator <= board.denominator:
        raise BadBoard(wijk, "threshold")
    treasury = view.find(ACCOUNTS, board.treasury)
    if treasury is None or treasury.kind != AccountKind.BOARD:
        raise BadBoard(wijk, "treasury")
    if in_force(treasury.home, height) != wijk:
        raise BadBoard(wijk, "treasury")


def found_board(draft: Draft, wijk: str, board: WijkBoard) -> None:
    """Seat a board at genesis, after the accounts of its members and its treasury.

    Raises ValueError with a sentence for people.
    """
    if draft.get(BOARDS, wijk) is not None:
        raise ValueError(f"wijk {wijk} has two boards")
    try:
        check_board(draft, wijk, board, 0)
    except BadBoard as refusal:
        field = refusal.named()["field"]
        raise ValueError(f"the board of {wijk}: {_MISTAKES[str(field)]}") from None
    draft.put(BOARDS, wijk, board)


_MISTAKES = {
    "members": "members are 3 to 15 registered persons who live in the wijk, sorted by id",
    "successors": "successors are registered persons who live in the wijk, each once, no members",
    "threshold": "the threshold is a fraction above 0 and at most 1",
    "treasury": "the treasury is an account of kind board with its home in the wijk",
}


def _is_resident(view: View, wijk: str, account: bytes, height: int) -> bool:
    record = view.find(ACCOUNTS, account)
    return (
        record is not None
        and record.kind == AccountKind.PERSON
        and record.status != Status.CLOSED
        and in_force(record.home, height) == wijk
    )
