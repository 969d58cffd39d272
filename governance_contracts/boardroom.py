"""Each wijk's board: who sits on it, how many must agree, whose money it holds.

Only the record and how to read it; the calls are in `board.py`. Below them, so that every
contract can ask who speaks for a wijk.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.account import ACCOUNTS, AccountKind, in_force
from chain.codec import U8, AccountId, Millis, Record
from chain.errors import Rejected
from chain.state import Draft, Table, View, text

MEMBERS_MAX = 15
SUCCESSORS_MAX = 30
MEMBERS_MIN = 3


class WijkBoard(Record, tag=1):
    """`members` sorted; `successors` in the order in which they take an empty seat.

    numerator / denominator of the members who may decide must approve, rounded up. `founding`: a
    board named at genesis or appointed, limited to the calls of `founding.py`. From `term_end_ms`
    on, and below three members, any board is a caretaker with those same limits;
    `caretaker_since_ms` says since when it is below three. `treasury`: the wijk's own account.
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


def require_board(view: View, wijk: str) -> WijkBoard:
    """Refuses UnknownBoard."""
    board = view.get(BOARDS, wijk)
    if board is None:
        raise UnknownBoard(wijk)
    return board


def caretaker(board: WijkBoard, time_ms: int) -> bool:
    """Is this board, or has it become, one that may only keep things going?"""
    return len(board.members) < MEMBERS_MIN or time_ms >= board.term_end_ms


def check_rules(
    members: tuple[bytes, ...],
    successors: tuple[bytes, ...],
    numerator: int,
    denominator: int,
) -> str | None:
    """What is wrong with a board to be (`members`, `successors`, `threshold`), or None."""
    if not MEMBERS_MIN <= len(members) <= MEMBERS_MAX or list(members) != sorted(set(members)):
        return "members"
    everyone = members + successors
    if len(successors) > SUCCESSORS_MAX or len(set(everyone)) != len(everyone):
        return "successors"
    if not 1 <= numerator <= denominator:
        return "threshold"
    return None


def found_board(draft: Draft, wijk: str, board: WijkBoard) -> None:
    """Seat a board at genesis, after its members, its successors and its treasury.

    Raises ValueError with a sentence for people.
    """
    if draft.get(BOARDS, wijk) is not None:
        raise ValueError(f"wijk {wijk} has two boards")
    problem = check_rules(board.members, board.successors, board.numerator, board.denominator)
    if problem is not None:
        raise ValueError(f"the board of {wijk}: {problem} does not fit")
    for account in (*board.members, *board.successors):
        record = draft.find(ACCOUNTS, account)
        if record is None or record.kind != AccountKind.PERSON:
            raise ValueError(f"the board of {wijk}: {account.hex()} is not a registered person")
    treasury = draft.find(ACCOUNTS, board.treasury)
    if treasury is None or treasury.kind != AccountKind.BOARD:
        raise ValueError(f"the board of {wijk}: its treasury is not an account of kind board")
    if in_force(treasury.home, 0) != wijk:
        raise ValueError(f"the board of {wijk}: its treasury has its home elsewhere")
    draft.put(BOARDS, wijk, board)
