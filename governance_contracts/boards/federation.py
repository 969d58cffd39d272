"""The federation: what the boards decide together.

A board puts calls before the others, by a decision of its own; boards approve likewise. The
approval that reaches the quorum of `consensus.md`, floor(2n/3) + 1 of the n boards that hold a
seat, carries the calls out under `Federation()`, all or nothing. A wijk does not vote on its own
removal: it then counts neither in n nor among the approvals.

    seats.py     admit and remove a wijk, its seat, its node keys
    changes.py   parameters, versions of contracts and protocol
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.authority import Board, Federation
from chain.block import RefusalRecord
from chain.certificate import quorum
from chain.codec import U8, U32, Code, Hash, Millis, Record, decode
from chain.contract import Context, Contract, Method
from chain.errors import Malformed, Rejected
from chain.events import event
from chain.rules import DAY_MS, cancel, seat_sets
from chain.state import Draft, Table, View, raw
from chain.transaction import Calls
from governance_contracts.boards import changes, seats
from governance_contracts.boards.proposals import (
    BASE_COST,
    PROPOSAL_DAYS,
    Motivation,
    NotEnoughApprovals,
    ProposalStatus,
    TooLittleWork,
    work_of,
)


class Motion(Record, tag=1):
    """A proposal to the boards. `concerned`: wijken it would remove, which do not vote.

    `approvals`: wijk codes, sorted. The rest as in board.Proposal.
    """

    proposer: Code
    calls: Calls
    motivation: Motivation
    concerned: tuple[Code, ...]
    approvals: tuple[Code, ...]
    work: U32
    lapses_ms: Millis
    status: U8
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]
    due: bytes


class OpenMotion(Record, tag=1):
    """That a motion lies before the boards, and since when."""

    since_ms: Millis


MOTIONS: Table[bytes, Motion] = Table(50, "motion", Motion, raw)
OPEN_MOTIONS: Table[bytes, OpenMotion] = Table(53, "open_motion", OpenMotion, raw)


class NoSeat(Rejected):
    """Only a board whose wijk holds a seat takes part."""

    code = 400
    fields = ("wijk",)


class UnknownMotion(Rejected):
    code = 401
    fields = ("motion",)


class AlreadyMoved(Rejected):
    """A transaction puts forward one motion, whose id is its own."""

    code = 402
    fields = ("motion",)


class MotionDecided(Rejected):
    """`status` as in board.ProposalStatus."""

    code = 403
    fields = ("motion", "status")


class ConcernsOneself(Rejected):
    """A wijk does not vote on its own removal."""

    code = 404
    fields = ("wijk",)


class AlreadyAgreed(Rejected):
    code = 405
    fields = ("wijk",)


class NotTheMover(Rejected):
    code = 406
    fields = ("wijk",)


class Propose(Record, tag=1):
    """`work`: what carrying the calls out costs (board.work_of), as with a board's proposal."""

    wijk: Code
    calls: Calls
    motivation: Motivation
    work: U32


class Approve(Record, tag=1):
    wijk: Code
    motion: Hash
    work: U32


class CarryOut(Record, tag=1):
    """Carry out what has enough approvals since a seat ended."""

    wijk: Code
    motion: Hash
    work: U32


class Withdraw(Record, tag=1):
    wijk: Code
    motion: Hash


class Lapse(Record, tag=1):
    motion: Hash


@event
class Moved(Record, tag=400):
    motion: Hash
    wijk: Code


@event
class Agreed(Record, tag=401):
    motion: Hash
    wijk: Code


@event
class MotionEnded(Record, tag=402):
    """`status` as in board.ProposalStatus."""

    motion: Hash
    status: U8
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]


def voters(view: View, motion: Motion) -> tuple[str, ...]:
    """The wijken that decide: those seated by what is decided so far, but none it removes."""
    after = seat_sets(view).after
    return tuple(seat.wijk for seat in after if seat.wijk not in motion.concerned)


def approvals_needed(view: View, motion: Motion) -> int:
    return quorum(len(voters(view, motion)))


def approvals_counted(view: View, motion: Motion) -> int:
    who = voters(view, motion)
    return sum(wijk in who for wijk in motion.approvals)


def propose(draft: Draft, context: Context, args: Propose) -> None:
    """Put calls before the boards; the proposing board approves with it, unless concerned.

    Refuses NotAuthorised (Board), NoSeat, AlreadyMoved, TooLittleWork, in that order.
    """
    _require_seated(draft, context, args.wijk)
    id = context.transaction_id
    if draft.get(MOTIONS, id) is not None:
        raise AlreadyMoved(id)
    needed = work_of(draft, context.release, args.calls)
    if args.work < needed:
        raise TooLittleWork(args.work, needed)
    concerned = _removed_by(args.calls)
    lapses_ms = context.time_ms + PROPOSAL_DAYS * DAY_MS
    motion = Motion(
        args.wijk,
        args.calls,
        args.motivation,
        concerned,
        () if args.wijk in concerned else (args.wijk,),
        needed,
        lapses_ms,
        ProposalStatus.OPEN,
        (),
        context.schedule(draft, lapses_ms, "federation", "lapse", Lapse(id)),
    )
    draft.put(MOTIONS, id, motion)
    draft.put(OPEN_MOTIONS, id, OpenMotion(context.time_ms))
    context.emit(Moved(id, args.wijk))
    _carry_if_enough(draft, context, id, motion)


def approve(draft: Draft, context: Context, args: Approve) -> None:
    """Agree as a board; the approval that reaches the quorum carries the calls out.

    Refuses NotAuthorised (Board), NoSeat, UnknownMotion, MotionDecided, ConcernsOneself,
    AlreadyAgreed, TooLittleWork, in that order.
    """
    motion = _open_motion(draft, context, args.wijk, args.motion)
    if args.wijk in motion.concerned:
        raise ConcernsOneself(args.wijk)
    if args.wijk in motion.approvals:
        raise AlreadyAgreed(args.wijk)
    if args.work < motion.work:
        raise TooLittleWork(args.work, motion.work)
    motion = replace(motion, approvals=tuple(sorted((*motion.approvals, args.wijk))))
    draft.put(MOTIONS, args.motion, motion)
    context.emit(Agreed(args.motion, args.wijk))
    _carry_if_enough(draft, context, args.motion, motion)


def carry_out(draft: Draft, context: Context, args: CarryOut) -> None:
    """Refuses NotAuthorised (Board), NoSeat, UnknownMotion, MotionDecided, TooLittleWork,
    NotEnoughApprovals, in that order."""
    motion = _open_motion(draft, context, args.wijk, args.motion)
    if args.work < motion.work:
        raise TooLittleWork(args.work, motion.work)
    counted, needed = approvals_counted(draft, motion), approvals_needed(draft, motion)
    if counted < needed:
        raise NotEnoughApprovals(counted, needed)
    _carry_if_enough(draft, context, args.motion, motion)


def withdraw(draft: Draft, context: Context, args: Withdraw) -> None:
    """Refuses NotAuthorised (Board), NoSeat, UnknownMotion, MotionDecided, NotTheMover."""
    motion = _open_motion(draft, context, args.wijk, args.motion)
    if args.wijk != motion.proposer:
        raise NotTheMover(args.wijk)
    _end(draft, context, args.motion, motion, ProposalStatus.WITHDRAWN)


def lapse(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: after 30 days an open motion leaves the table."""
    id = decode(Lapse, args).motion
    motion = draft.get(MOTIONS, id)
    if motion is not None and motion.status == ProposalStatus.OPEN:
        _end(draft, context, id, motion, ProposalStatus.LAPSED)


def _require_seated(view: View, context: Context, wijk: str) -> None:
    context.require(Board(wijk))
    if all(seat.wijk != wijk for seat in seat_sets(view).after):
        raise NoSeat(wijk)


def _open_motion(draft: Draft, context: Context, wijk: str, id: bytes) -> Motion:
    _require_seated(draft, context, wijk)
    motion = draft.get(MOTIONS, id)
    if motion is None:
        raise UnknownMotion(id)
    if motion.status != ProposalStatus.OPEN:
        raise MotionDecided(id, motion.status)
    if context.time_ms >= motion.lapses_ms:
        raise MotionDecided(id, ProposalStatus.LAPSED)
    return motion


def _removed_by(calls: Calls) -> tuple[str, ...]:
    """The wijken that these calls would remove; a call that cannot be read removes none."""
    removed = []
    for call in calls:
        if (call.contract, call.method) == ("federation", "remove_wijk"):
            try:
                removed.append(decode(seats.RemoveWijk, call.args).wijk)
            except Malformed:
                continue
    return tuple(sorted(removed))


def _carry_if_enough(draft: Draft, context: Context, id: bytes, motion: Motion) -> None:
    if not voters(draft, motion):
        return
    if approvals_counted(draft, motion) < approvals_needed(draft, motion):
        return
    refusal = context.carry_out(draft, motion.calls, Federation())
    if refusal is None:
        _end(draft, context, id, motion, ProposalStatus.CARRIED)
    else:
        _end(
            draft,
            context,
            id,
            replace(motion, refusal=(refusal,)),
            ProposalStatus.FAILED,
        )


def _end(draft: Draft, context: Context, id: bytes, motion: Motion, status: ProposalStatus) -> None:
    cancel(draft, motion.due)
    draft.delete(OPEN_MOTIONS, id)
    draft.put(MOTIONS, id, replace(motion, status=status))
    context.emit(MotionEnded(id, status, motion.refusal))


CONTRACT = Contract(
    "federation",
    1,
    {
        "propose": Method(Propose, propose, cost=lambda args: BASE_COST + args.work),
        "approve": Method(Approve, approve, cost=lambda args: BASE_COST + args.work),
        "carry_out": Method(CarryOut, carry_out, cost=lambda args: BASE_COST + args.work),
        "withdraw": Method(Withdraw, withdraw),
        "set_parameter": Method(changes.SetParameter, changes.set_parameter),
        "activate": Method(changes.Activate, changes.activate),
        "admit_wijk": Method(
            seats.AdmitWijk, seats.admit_wijk, cost=lambda args: 1_500 + 160 * len(args.accounts)
        ),
        "seat_wijk": Method(seats.SeatWijk, seats.seat_wijk, cost=1_000),
        "remove_wijk": Method(seats.RemoveWijk, seats.remove_wijk),
        "rotate_seat": Method(seats.RotateSeat, seats.rotate_seat, cost=500),
        "set_node_keys": Method(seats.SetNodeKeys, seats.set_node_keys, cost=800),
    },
    due={"lapse": lapse},
)
