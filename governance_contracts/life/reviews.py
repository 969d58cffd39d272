"""Review of a freeze: who is frozen asks another wijk's board to look at it.

Once per freeze and once per renewal. The reviewing board upholds the freeze or lifts it, and says
why behind a commitment. Part of the life contract (`life.py`).
"""

from __future__ import annotations

from chain.authority import Board
from chain.codec import AccountId, Code, Hash, Millis, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, raw
from governance_contracts.boards.boardroom import require_board
from governance_contracts.people.acting import require_account, require_actor
from governance_contracts.people.lifecycle import NotFrozen, lift_freeze
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.allowance import FREEZES


class Review(Record, tag=1):
    """A review was asked of the freeze that lapses by due work `freeze`. `done`: ruled."""

    asked_ms: Millis
    reasons: Hash
    freeze: bytes
    done: bool


REVIEWS: Table[bytes, Review] = Table(125, "freeze_review", Review, raw)


class ReviewAsked(Rejected):
    """One review of this freeze; another after a renewal."""

    code = 1150
    fields = ("account",)


class NoReviewAsked(Rejected):
    code = 1151
    fields = ("account",)


class OwnDecision(Rejected):
    """The wijk whose office froze the account does not review it."""

    code = 1152
    fields = ("account", "wijk")


class AskReview(Record, tag=1):
    account: AccountId
    reasons: Hash


class RuleOnFreeze(Record, tag=1):
    """`wijk`: whose board rules. `lift`: the freeze ends now."""

    account: AccountId
    wijk: Code
    lift: bool
    reasons: Hash


@event
class FreezeReviewAsked(Record, tag=1140):
    account: AccountId
    reasons: Hash


@event
class FreezeReviewed(Record, tag=1141):
    account: AccountId
    wijk: Code
    lift: bool
    reasons: Hash


def ask_review(draft: Draft, context: Context, args: AskReview) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotFrozen, ReviewAsked,
    in that order."""
    require_actor(draft, context, args.account)
    freeze = draft.get(FREEZES, args.account)
    if freeze is None:
        raise NotFrozen(args.account)
    before = draft.get(REVIEWS, args.account)
    if before is not None and before.freeze == freeze.due:
        raise ReviewAsked(args.account)
    draft.put(REVIEWS, args.account, Review(context.time_ms, args.reasons, freeze.due, False))
    context.emit(FreezeReviewAsked(args.account, args.reasons), args.account)


def rule_on_freeze(draft: Draft, context: Context, args: RuleOnFreeze) -> None:
    """Refuses NotRegistered, ClosedAccount, UnknownBoard, NotAuthorised (Board), OwnDecision,
    NotFrozen, NoReviewAsked, in that order."""
    account = require_account(draft, args.account)
    require_board(draft, args.wijk)
    context.require(Board(args.wijk))
    if args.wijk == office_of(draft, args.account, account, context.height):
        raise OwnDecision(args.account, args.wijk)
    freeze = draft.get(FREEZES, args.account)
    if freeze is None:
        raise NotFrozen(args.account)
    review = draft.get(REVIEWS, args.account)
    if review is None or review.done or review.freeze != freeze.due:
        raise NoReviewAsked(args.account)
    done = Review(review.asked_ms, review.reasons, review.freeze, True)
    draft.put(REVIEWS, args.account, done)
    context.emit(FreezeReviewed(args.account, args.wijk, args.lift, args.reasons), args.account)
    if args.lift:
        lift_freeze(draft, context, args.account)
