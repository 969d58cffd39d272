"""Entering minors, their coming of age, and the chores that a wijk voted for young people.

By the registrar, with the signature of a parent. `minors.py` holds what is kept and what it means
for payments. Part of the registry contract.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from msgspec import Meta

from chain.account import AccountKind
from chain.authority import Board
from chain.codec import U8, AccountId, Code, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft
from governance_contracts.boards.boardroom import require_board
from governance_contracts.people.acting import require_account
from governance_contracts.people.attestations import VOTERS
from governance_contracts.people.minors import (
    CHORES,
    CHORES_MAX,
    MINORS,
    PARENTS_MAX,
    WORKED,
    Band,
    Chores,
    Minor,
    ParentNeeded,
    signed_by_one,
)
from governance_contracts.people.registration import BadAccount, require_own_office


class NotAMinor(Rejected):
    code = 250
    fields = ("account",)


class BadChores(Rejected):
    """Activities are listed in order, each once."""

    code = 255
    fields = ("wijk",)


class AttestMinor(Record, tag=1):
    """The band now, and the parents, sorted. A birthday into the next band is attested anew."""

    account: AccountId
    band: U8
    parents: Annotated[tuple[AccountId, ...], Meta(min_length=1, max_length=PARENTS_MAX)]


class LiftMinority(Record, tag=1):
    """The minor has come of age."""

    account: AccountId


class SetChores(Record, tag=1):
    wijk: Code
    activities: Annotated[tuple[Code, ...], Meta(max_length=CHORES_MAX)]


@event
class MinorAttested(Record, tag=250):
    """To the minor and each parent."""

    account: AccountId
    band: U8


@event
class CameOfAge(Record, tag=251):
    """To the minor and each parent."""

    account: AccountId


@event
class ChoresSet(Record, tag=252):
    wijk: Code
    activities: tuple[Code, ...]


Hook = Callable[[Draft, Context, bytes], None]
H = TypeVar("H", bound=Hook)
ENTERED: dict[str, Hook] = {}
OF_AGE: dict[str, Hook] = {}


def at_entry(hook: H) -> H:
    """Declare what else happens when an account (its id) is first entered as a minor's; for
    contracts above."""
    ENTERED[hook.__qualname__] = hook
    return hook


def at_majority(hook: H) -> H:
    """Declare what else happens when an account (its id) comes of age; for contracts above."""
    OF_AGE[hook.__qualname__] = hook
    return hook


def attest_minor(draft: Draft, context: Context, args: AttestMinor) -> None:
    """Enter a minor's band and parents. One of the parents signs along with the registrar when
    they are entered or change; nobody who is a minor is a voter.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, BadAccount (kind, band),
    NotRegistered and ClosedAccount (each parent), BadAccount (parents), ParentNeeded, in that
    order.
    """
    account, _wijk, registrar = require_own_office(draft, context, args.account)
    if account.kind != AccountKind.PERSON:
        raise BadAccount(args.account, "kind")
    if not Band.CHILD <= args.band <= Band.YOUTH:
        raise BadAccount(args.account, "band")
    for parent in args.parents:
        record = require_account(draft, parent)
        grown = record.kind == AccountKind.PERSON and draft.find(MINORS, parent) is None
        if not grown or parent == args.account:
            raise BadAccount(args.account, "parents")
    if args.parents != tuple(sorted(set(args.parents))):
        raise BadAccount(args.account, "parents")
    before = draft.find(MINORS, args.account)
    known = before is not None and before.parents == args.parents
    if registrar and not known and not signed_by_one(draft, context, args.parents):
        raise ParentNeeded(args.account)
    draft.put(MINORS, args.account, Minor(args.band, args.parents))
    draft.delete(VOTERS, args.account)
    if before is None:
        for name in sorted(ENTERED):
            ENTERED[name](draft, context, args.account)
    for party in (args.account, *args.parents):
        context.emit(MinorAttested(args.account, args.band), party)


def lift_minority(draft: Draft, context: Context, args: LiftMinority) -> None:
    """The minor is 18: the entry goes, and with it the parents' mandates.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotAMinor, in that order.
    """
    require_own_office(draft, context, args.account)
    minor = draft.find(MINORS, args.account)
    if minor is None:
        raise NotAMinor(args.account)
    draft.delete(MINORS, args.account)
    draft.delete(WORKED, args.account)
    for name in sorted(OF_AGE):
        OF_AGE[name](draft, context, args.account)
    for party in (args.account, *minor.parents):
        context.emit(CameOfAge(args.account), party)


def set_chores(draft: Draft, context: Context, args: SetChores) -> None:
    """The chores for which young people of a wijk may be paid.

    Refuses NotAuthorised (Board), UnknownBoard, BadChores, in that order.
    """
    context.require(Board(args.wijk))
    require_board(draft, args.wijk)
    if args.activities != tuple(sorted(set(args.activities))):
        raise BadChores(args.wijk)
    draft.put(CHORES, args.wijk, Chores(args.activities))
    context.emit(ChoresSet(args.wijk, args.activities))
