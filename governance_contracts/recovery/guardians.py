"""Guardians: whom a holder trusts to give the account new keys, and who speaks for a recovery.

Part of the recovery contract (`recovery.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain.account import ACCOUNTS, Account, AccountKind, Status, in_force
from chain.authority import Board, NotAuthorised, describe
from chain.codec import U8, AccountId, Code, Record
from chain.contract import Context
from chain.state import Draft, View
from governance_contracts.boards.boardroom import BOARDS, require_board
from governance_contracts.mandates.mandates import MANDATES, Kind, given_by
from governance_contracts.mandates.mandates import Status as MandateStatus
from governance_contracts.people.acting import require_actor
from governance_contracts.people.registrars import REGISTRARS, registrar_key, require_office
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.locking import tell
from governance_contracts.recovery.recoveries import (
    APART_MS,
    GUARDIANS_MAX,
    K_MIN,
    LAST_ATTEMPTS,
    NAMED,
    NAMING_MS,
    RECOVERIES,
    Approval,
    BadGuardians,
    Guardians,
    GuardiansFixed,
    GuardiansNamed,
    Named,
    NotAGuardian,
    Recovery,
    RecoveryOpen,
    guardians_at,
)

Office = Annotated[tuple[Code, ...], Meta(max_length=1)]
"""The wijk as whose registrar the caller acts; none: as a guardian."""


class SetGuardians(Record, tag=1):
    """Name guardians, or none (empty lists and k = 0). It counts from 14 days later on."""

    account: AccountId
    people: Annotated[tuple[AccountId, ...], Meta(max_length=GUARDIANS_MAX)]
    offices: Annotated[tuple[Code, ...], Meta(max_length=GUARDIANS_MAX)]
    k: U8


def set_guardians(draft: Draft, context: Context, args: SetGuardians) -> None:
    """The holder names guardians.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, RecoveryOpen,
    GuardiansFixed, BadGuardians (count, people, offices, k, officials), UnknownBoard (an office),
    in that order.
    """
    require_actor(draft, context, args.account)
    under_way = draft.get(RECOVERIES, args.account)
    if under_way is not None:
        raise RecoveryOpen(args.account, under_way.until_ms)
    last = draft.get(LAST_ATTEMPTS, args.account)
    if last is not None and last.vetoed and context.time_ms < last.opened_ms + APART_MS:
        raise GuardiansFixed(args.account, last.opened_ms + APART_MS)
    count = len(args.people) + len(args.offices)
    if count or args.k:
        check_guardians(draft, context, args)
    from_ms = context.time_ms + NAMING_MS
    later = Guardians(from_ms, args.people, args.offices, args.k)
    now = guardians_at(draft, args.account, context.time_ms)
    draft.put(NAMED, args.account, Named((*now, later)))
    report = GuardiansNamed(args.account, count, args.k, from_ms)
    tell(context, report, args.account, args.people)


def check_guardians(view: View, context: Context, args: SetGuardians) -> None:
    count = len(args.people) + len(args.offices)
    if count > GUARDIANS_MAX:
        raise BadGuardians("count")
    if any(a >= b for a, b in pairwise(args.people)) or args.account in args.people:
        raise BadGuardians("people")
    for person in args.people:
        account = view.find(ACCOUNTS, person)
        if account is None or account.kind != AccountKind.PERSON:
            raise BadGuardians("people")
        if account.status == Status.CLOSED:
            raise BadGuardians("people")
    if any(a >= b for a, b in pairwise(args.offices)):
        raise BadGuardians("offices")
    for office in args.offices:
        require_board(view, office)
    if not K_MIN <= args.k <= count:
        raise BadGuardians("k")
    if all(is_official(view, person, context.height) for person in args.people):
        raise BadGuardians("officials")


def is_official(view: View, person: bytes, height: int) -> bool:
    """Does this person sit on the board of the wijk they live in, or are they its registrar?"""
    account = view.find(ACCOUNTS, person)
    if account is None:
        return False
    wijk = in_force(account.home, height)
    board = view.get(BOARDS, wijk)
    seated = board is not None and person in board.members
    return seated or view.get(REGISTRARS, (wijk, person)) is not None


def speaker(
    draft: Draft,
    context: Context,
    account: bytes,
    guardians: tuple[Guardians, ...],
    office: tuple[str, ...],
) -> Approval:
    """Who speaks for the recovery of an account: one of its guardians, or a registrar.

    Refuses NotAuthorised, NotRegistered, ClosedAccount, TillKeyOnly, NotAGuardian.
    """
    if office:
        by = in_person(draft, context, office[0])
        if guardians and office[0] not in guardians[0].offices:
            raise NotAGuardian(account, by)
        return Approval(office, by)
    by = context.account
    require_actor(draft, context, by)
    if not guardians or by not in guardians[0].people:
        raise NotAGuardian(account, by)
    return Approval((), by)


def in_person(view: View, context: Context, wijk: str) -> bytes:
    """The registrar of a wijk who makes this call; a board's decision sees nobody in person.

    Refuses NotAuthorised, TillKeyOnly.
    """
    registrar = require_office(view, context, wijk)
    if not registrar:
        raise NotAuthorised(describe(Board(wijk)))
    return registrar


def valid_approvals(view: View, recovery: Recovery) -> list[Approval]:
    """Approvals of those who still can: open accounts, registrars still in office, and of
    registrars without guardians one per wijk."""
    found = []
    for approval in recovery.approvals:
        account = view.find(ACCOUNTS, approval.by)
        if account is None or account.status == Status.CLOSED:
            continue
        if approval.office and view.get(REGISTRARS, (approval.office[0], approval.by)) is None:
            continue
        found.append(approval)
    return found


def own_office_saw(
    view: View, id: bytes, account: Account, confirmed: tuple[bytes, ...], height: int
) -> bool:
    """Is one of these a registrar of the account's own office? So too if that has none."""
    own = office_of(view, id, account, height)
    if any(view.get(REGISTRARS, (own, one)) is not None for one in confirmed):
        return True
    first = registrar_key((own, b""))
    for key, _ in view.scan(REGISTRARS, first):
        return not key.startswith(first)
    return True


def administrators_of(view: View, account: bytes, time_ms: int) -> tuple[bytes, ...]:
    """Who administers this account by a court's decision in force (bewind)."""
    found: tuple[bytes, ...] = ()
    for number in given_by(view, account):
        mandate = view.get(MANDATES, number)
        assert mandate is not None, "live mandates are listed"
        live = mandate.status == MandateStatus.ACTIVE and time_ms < mandate.until_ms
        if live and mandate.kind == Kind.GUARDIAN:
            found += mandate.holder
    return found
