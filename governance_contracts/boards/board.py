"""The board of a wijk: decisions by proposal and approval.

A proposal carries ordinary calls, a motivation and the conflicts of interest that are known. Its
id is that of the transaction that made it. Members approve with their own accounts; the approval
that reaches the threshold carries the calls out under `Board(wijk)`, all or nothing. A refused
call marks the proposal failed, with the reason, and changes nothing else.

The threshold counts members without a declared conflict; approvals of those who left or declared
one later no longer count. With fewer than two members free to decide, the decision is the
residents'. Below three members, or past its term, a board is a caretaker (`powers.py`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.authority import Board, Federation
from chain.block import RefusalRecord
from chain.codec import U8, U32, AccountId, Code, Hash, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS, cancel
from chain.state import Draft
from chain.transaction import Call, Calls
from governance_contracts.boards.boardroom import (
    BOARDS,
    MEMBERS_MAX,
    SUCCESSORS_MAX,
    TERM_DAYS,
    NotOnTheBoard,
    WijkBoard,
    caretaker,
    check_board,
    require_board,
    vacate,
)
from governance_contracts.boards.powers import class_of, require_founding
from governance_contracts.boards.proposals import (
    BASE_COST,
    OPEN_PROPOSALS,
    PROPOSAL_DAYS,
    PROPOSALS,
    AlreadyApproved,
    AlreadyDecided,
    AlreadyProposed,
    HasConflict,
    Motivation,
    NotEnoughApprovals,
    NotTheProposer,
    OpenProposal,
    Proposal,
    ProposalStatus,
    TooFewToDecide,
    TooLittleWork,
    UnknownProposal,
    able_members,
    approvals_counted,
    approvals_needed,
    work_of,
)
from governance_contracts.people.acting import acting_account

ADMINISTRATOR_AFTER_DAYS = 90


class BoardInOffice(Rejected):
    """The board has not been a caretaker for 90 days."""

    code = 311
    fields = ("wijk",)


class Propose(Record, tag=1):
    """`conflicts`: members, sorted, whose interest is at stake. `work`: see `work_of`."""

    wijk: Code
    calls: Calls
    motivation: Motivation
    conflicts: Annotated[tuple[AccountId, ...], Meta(max_length=MEMBERS_MAX)]
    work: U32


class Approve(Record, tag=1):
    proposal: Hash
    work: U32


class CarryOut(Record, tag=1):
    """Carry out what has enough approvals since a member left or declared a conflict."""

    proposal: Hash
    work: U32


class Withdraw(Record, tag=1):
    proposal: Hash


class DeclareConflict(Record, tag=1):
    proposal: Hash


class Resign(Record, tag=1):
    wijk: Code


class Appoint(Record, tag=1):
    """Administrators for a wijk that could not seat a board of its own."""

    wijk: Code
    members: Annotated[tuple[AccountId, ...], Meta(max_length=MEMBERS_MAX)]
    successors: Annotated[tuple[AccountId, ...], Meta(max_length=SUCCESSORS_MAX)]
    numerator: U8
    denominator: U8


class Lapse(Record, tag=1):
    proposal: Hash


@event
class Proposed(Record, tag=300):
    proposal: Hash
    wijk: Code
    objection_class: U8


@event
class Approved(Record, tag=301):
    proposal: Hash
    account: AccountId


@event
class Decided(Record, tag=302):
    """The proposal left the table; `status` as in ProposalStatus."""

    proposal: Hash
    wijk: Code
    status: U8
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]


@event
class ConflictDeclared(Record, tag=303):
    proposal: Hash
    account: AccountId


@event
class Appointed(Record, tag=305):
    wijk: Code
    members: tuple[AccountId, ...]


# Deciding.


def propose(draft: Draft, context: Context, args: Propose) -> None:
    """Put calls before the board; the proposer's approval is given with it.

    Refuses UnknownBoard, NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotOnTheBoard
    (the proposer, then those named as having a conflict), AlreadyProposed, BeyondItsTerm,
    TooLittleWork, in that order.
    """
    board = require_board(draft, args.wijk)
    member = acting_account(draft, context)
    for account in (member, *args.conflicts):
        if account not in board.members:
            raise NotOnTheBoard(args.wijk, account)
    id = context.transaction_id
    if draft.get(PROPOSALS, id) is not None:
        raise AlreadyProposed(id)
    _require_powers(board, context, args.calls)
    needed = work_of(draft, context.release, args.calls)
    _require_work(args.work, needed)
    conflicts = tuple(sorted(set(args.conflicts)))
    lapses_ms = context.time_ms + PROPOSAL_DAYS * DAY_MS
    proposal = Proposal(
        args.wijk,
        member,
        args.calls,
        args.motivation,
        conflicts,
        () if member in conflicts else (member,),
        class_of(args.calls),
        needed,
        lapses_ms,
        ProposalStatus.OPEN,
        (),
        context.schedule(draft, lapses_ms, "board", "lapse", Lapse(id)),
    )
    draft.put(PROPOSALS, id, proposal)
    draft.put(OPEN_PROPOSALS, (args.wijk, id), OpenProposal(context.time_ms))
    context.emit(Proposed(id, args.wijk, proposal.objection_class))
    if len(able_members(board, proposal)) >= 2:
        _carry_if_enough(draft, context, id, proposal, board)


def approve(draft: Draft, context: Context, args: Approve) -> None:
    """Approve; the approval that reaches the threshold carries the calls out.

    Refuses UnknownProposal, NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly,
    NotOnTheBoard, AlreadyDecided, HasConflict, AlreadyApproved, TooFewToDecide, BeyondItsTerm,
    TooLittleWork, in that order.
    """
    proposal, board, member = _open_proposal(draft, context, args.proposal)
    if member in proposal.conflicts:
        raise HasConflict(args.proposal, member)
    if member in proposal.approvals:
        raise AlreadyApproved(args.proposal)
    _require_decidable(context, proposal, board, args.work)
    approvals = tuple(sorted((*proposal.approvals, member)))
    proposal = replace(proposal, approvals=approvals)
    draft.put(PROPOSALS, args.proposal, proposal)
    context.emit(Approved(args.proposal, member))
    _carry_if_enough(draft, context, args.proposal, proposal, board)


def carry_out(draft: Draft, context: Context, args: CarryOut) -> None:
    """Carry out a proposal whose approvals now suffice, because fewer are needed.

    Refuses as `approve` up to AlreadyDecided, then TooFewToDecide, BeyondItsTerm, TooLittleWork,
    NotEnoughApprovals, in that order.
    """
    proposal, board, _ = _open_proposal(draft, context, args.proposal)
    _require_decidable(context, proposal, board, args.work)
    counted, needed = approvals_counted(board, proposal), approvals_needed(board, proposal)
    if counted < needed:
        raise NotEnoughApprovals(counted, needed)
    _carry_if_enough(draft, context, args.proposal, proposal, board)


def withdraw(draft: Draft, context: Context, args: Withdraw) -> None:
    """Take back one's own open proposal. Refuses as `approve` up to AlreadyDecided, then
    NotTheProposer."""
    proposal, _, member = _open_proposal(draft, context, args.proposal)
    if member != proposal.proposer:
        raise NotTheProposer(args.proposal)
    _decide(draft, context, args.proposal, proposal, ProposalStatus.WITHDRAWN)


def declare_conflict(draft: Draft, context: Context, args: DeclareConflict) -> None:
    """Stand aside in one matter; an approval already given no longer counts.

    Refuses as `approve` up to HasConflict.
    """
    proposal, _, member = _open_proposal(draft, context, args.proposal)
    if member in proposal.conflicts:
        raise HasConflict(args.proposal, member)
    conflicts = tuple(sorted((*proposal.conflicts, member)))
    draft.put(PROPOSALS, args.proposal, replace(proposal, conflicts=conflicts))
    context.emit(ConflictDeclared(args.proposal, member))


def resign(draft: Draft, context: Context, args: Resign) -> None:
    """Leave the board, at once; the next on the list takes the seat.

    Refuses UnknownBoard, NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly,
    NotOnTheBoard, in that order.
    """
    board = require_board(draft, args.wijk)
    member = acting_account(draft, context)
    if member not in board.members:
        raise NotOnTheBoard(args.wijk, member)
    vacate(draft, context, args.wijk, member)


def appoint(draft: Draft, context: Context, args: Appoint) -> None:
    """Name administrators, with the limits of a founding board and its term of 180 days.

    Refuses NotAuthorised (Federation), UnknownBoard, BoardInOffice, BadBoard, in that order.
    """
    context.require(Federation())
    board = require_board(draft, args.wijk)
    since = (*board.caretaker_since_ms, board.term_end_ms)
    if context.time_ms < min(since) + ADMINISTRATOR_AFTER_DAYS * DAY_MS:
        raise BoardInOffice(args.wijk)
    named = WijkBoard(
        args.members,
        args.successors,
        args.numerator,
        args.denominator,
        True,
        context.time_ms + TERM_DAYS * DAY_MS,
        (),
        board.treasury,
    )
    check_board(draft, args.wijk, named, context.height)
    draft.put(BOARDS, args.wijk, named)
    context.emit(Appointed(args.wijk, args.members))


def lapse(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: after 30 days an open proposal leaves the table."""
    id = decode(Lapse, args).proposal
    proposal = draft.get(PROPOSALS, id)
    if proposal is not None and proposal.status == ProposalStatus.OPEN:
        _decide(draft, context, id, proposal, ProposalStatus.LAPSED)


def _open_proposal(draft: Draft, context: Context, id: bytes) -> tuple[Proposal, WijkBoard, bytes]:
    proposal = draft.get(PROPOSALS, id)
    if proposal is None:
        raise UnknownProposal(id)
    board = require_board(draft, proposal.wijk)
    member = acting_account(draft, context)
    if member not in board.members:
        raise NotOnTheBoard(proposal.wijk, member)
    if proposal.status != ProposalStatus.OPEN:
        raise AlreadyDecided(id, proposal.status)
    if context.time_ms >= proposal.lapses_ms:
        raise AlreadyDecided(id, ProposalStatus.LAPSED)
    return proposal, board, member


def _require_decidable(context: Context, proposal: Proposal, board: WijkBoard, work: int) -> None:
    able = len(able_members(board, proposal))
    if able < 2:
        raise TooFewToDecide(proposal.wijk, able)
    _require_powers(board, context, proposal.calls)
    _require_work(work, proposal.work)


def _require_powers(board: WijkBoard, context: Context, calls: tuple[Call, ...]) -> None:
    if board.founding or caretaker(board, context.time_ms):
        require_founding(calls)


def _require_work(work: int, needed: int) -> None:
    if work < needed:
        raise TooLittleWork(work, needed)


def _carry_if_enough(
    draft: Draft, context: Context, id: bytes, proposal: Proposal, board: WijkBoard
) -> None:
    if approvals_counted(board, proposal) < approvals_needed(board, proposal):
        return
    refusal = context.carry_out(draft, proposal.calls, Board(proposal.wijk))
    if refusal is None:
        _decide(draft, context, id, proposal, ProposalStatus.CARRIED)
    else:
        failed = replace(proposal, refusal=(refusal,))
        _decide(draft, context, id, failed, ProposalStatus.FAILED)


def _decide(
    draft: Draft, context: Context, id: bytes, proposal: Proposal, status: ProposalStatus
) -> None:
    cancel(draft, proposal.due)
    draft.delete(OPEN_PROPOSALS, (proposal.wijk, id))
    draft.put(PROPOSALS, id, replace(proposal, status=status))
    context.emit(Decided(id, proposal.wijk, status, proposal.refusal))


CONTRACT = Contract(
    "board",
    1,
    {
        "propose": Method(Propose, propose, cost=lambda a: BASE_COST + a.work, carried=False),
        "approve": Method(Approve, approve, cost=lambda a: BASE_COST + a.work, carried=False),
        "carry_out": Method(CarryOut, carry_out, cost=lambda a: BASE_COST + a.work, carried=False),
        "withdraw": Method(Withdraw, withdraw, carried=False),
        "declare_conflict": Method(DeclareConflict, declare_conflict, carried=False),
        "resign": Method(Resign, resign, carried=False),
        "appoint": Method(Appoint, appoint),
    },
    due={"lapse": lapse},
)
