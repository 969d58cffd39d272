"""Proposals to a board: what is kept of one, and what it takes to carry it out.

The calls that make and decide them are in `board.py`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.block import RefusalRecord
from chain.codec import U8, U32, AccountId, Code, Hash, Millis, Record
from chain.contract import Release, call_cost
from chain.errors import Rejected
from chain.state import Table, View, raw
from chain.transaction import Call, Calls
from governance_contracts.boards.boardroom import WijkBoard
from governance_contracts.boards.powers import moves_money

PROPOSAL_DAYS = 30
MOTIVATION_MAX = 2_000
BASE_COST = 300


class Text(Record, tag=1):
    """A motivation that everybody may read, for ever."""

    text: Annotated[str, Meta(max_length=MOTIVATION_MAX)]


class Commitment(Record, tag=2):
    """A motivation that concerns a person: it is kept off the chain, this commits to it."""

    commitment: Hash


Motivation = Text | Commitment


class ProposalStatus(IntEnum):
    OPEN = 1
    CARRIED = 2
    FAILED = 3  # enough approved; a call was refused
    WITHDRAWN = 4
    LAPSED = 5


class Proposal(Record, tag=1):
    """`conflicts`, `approvals`: account ids, sorted. `work`: what carrying it out costs.

    `objection_class`: see powers.DecisionClass. `refusal`: of a failed one, the call and why.
    `due`: queue key of its lapse.
    """

    wijk: Code
    proposer: AccountId
    calls: Calls
    motivation: Motivation
    conflicts: tuple[AccountId, ...]
    approvals: tuple[AccountId, ...]
    objection_class: U8
    work: U32
    lapses_ms: Millis
    status: U8
    refusal: Annotated[tuple[RefusalRecord, ...], Meta(max_length=1)]
    due: bytes


class OpenProposal(Record, tag=1):
    """That a proposal lies on a board's table, and since when."""

    since_ms: Millis


def open_key(key: tuple[str, bytes]) -> bytes:
    """Wijk and proposal, so that a scan lists what one board has before it."""
    return key[0].encode("ascii") + b"\0" + key[1]


PROPOSALS: Table[bytes, Proposal] = Table(41, "proposal", Proposal, raw)
OPEN_PROPOSALS: Table[tuple[str, bytes], OpenProposal] = Table(
    42, "open_proposal", OpenProposal, open_key
)


class UnknownProposal(Rejected):
    code = 302
    fields = ("proposal",)


class AlreadyProposed(Rejected):
    """A transaction makes one proposal, whose id is its own."""

    code = 303
    fields = ("proposal",)


class AlreadyDecided(Rejected):
    """The proposal is no longer open; `status` as in ProposalStatus."""

    code = 304
    fields = ("proposal", "status")


class AlreadyApproved(Rejected):
    code = 305
    fields = ("proposal",)


class HasConflict(Rejected):
    """This member declared a conflict of interest in the matter, or it was declared."""

    code = 306
    fields = ("proposal", "account")


class NotTheProposer(Rejected):
    code = 307
    fields = ("proposal",)


class TooLittleWork(Rejected):
    """The call must set aside at least `needed` cost units for carrying the decision out."""

    code = 308
    fields = ("work", "needed")


class TooFewToDecide(Rejected):
    """Fewer than two members may decide: the decision goes to the residents."""

    code = 309
    fields = ("wijk", "members")


class NotEnoughApprovals(Rejected):
    code = 310
    fields = ("approvals", "needed")


def work_of(view: View, release: Release, calls: tuple[Call, ...]) -> int:
    """What a decision to carry these calls must set aside, as `work` of its every approval.

    Which approval carries is not known beforehand, and a block's work is bounded by what its
    transactions declare; so each approval pays for all.
    """
    return sum(call_cost(view, release, call) for call in calls)


def able_members(board: WijkBoard, proposal: Proposal) -> tuple[bytes, ...]:
    return tuple(member for member in board.members if member not in proposal.conflicts)


def approvals_needed(board: WijkBoard, proposal: Proposal) -> int:
    """The fraction of the members who may decide, rounded up; two if the calls move money."""
    able = len(able_members(board, proposal))
    least = 2 if moves_money(proposal.calls) else 1
    return max(least, -(-able * board.numerator // board.denominator))


def approvals_counted(board: WijkBoard, proposal: Proposal) -> int:
    able = able_members(board, proposal)
    return sum(account in able for account in proposal.approvals)
