"""Recovery of an account whose keys are lost or stolen, by guardians the holder chose beforehand.

An attempt is opened with the new keys by a guardian or, for an account without guardians, by a
registrar. From then on nothing goes out. The holder is told at once and can veto with any key
that is left; but a thief holds such a key too, so a veto ends the first attempt only. The second,
within 30 days, blocks nothing until two registrars confirm that they saw the holder in person;
then it cannot be vetoed. At the end of the waiting time, if enough guardians approve who still
can, the new keys take the place of all old ones.

Whoever is under protective administration (bewind) does not veto; the administrator does.
Sources: contracts.md, Places and people, Recovery. Records and refusals are in `recoveries.py`.
"""

from __future__ import annotations

from msgspec.structs import replace

from chain.account import (
    ACCOUNTS,
    Account,
    AccountKey,
    AccountKind,
    KeyRole,
    Status,
)
from chain.authority import NotAuthorised
from chain.codec import U8, AccountId, Code, Record, decode
from chain.contract import Context, Contract, Method
from chain.rules import cancel
from chain.state import Draft
from governance_contracts.people.acting import require_account, require_actor, treasury_wijk
from governance_contracts.people.keys import (
    BadRole,
    KeyTwice,
    NewKeys,
    TooManyKeys,
    check_key_set,
    require_possession,
)
from governance_contracts.recovery.guardians import (
    Office,
    SetGuardians,
    administrators_of,
    in_person,
    own_office_saw,
    set_guardians,
    speaker,
    valid_approvals,
)
from governance_contracts.recovery.locking import (
    IssueCard,
    has_numbers_for,
    issue_card,
    lock_account,
    people,
    replace_keys,
    tell,
    unlock,
)
from governance_contracts.recovery.recoveries import (
    APART_MS,
    APPROVALS_MAX,
    CONFIRM_MS,
    CONFIRMATIONS,
    LAST_ATTEMPTS,
    OFFICE_WAIT_MS,
    RECOVERIES,
    WAIT_MS,
    ApprovedBefore,
    BeyondVeto,
    EnoughApprovals,
    Guardians,
    NoConfirmationAsked,
    NotRecoverable,
    OpenedLately,
    OwnOfficeConfirms,
    Recovery,
    RecoveryApproved,
    RecoveryConfirmed,
    RecoveryLapsed,
    RecoveryOpen,
    RecoveryOpened,
    RecoveryVetoed,
    guardians_at,
    is_confirmed,
    needed_of,
    require_recovery,
)


class Open(Record, tag=1):
    """`keys`: full keys only, each with its proof for this account."""

    account: AccountId
    office: Office
    keys: NewKeys
    threshold: U8


class Approve(Record, tag=1):
    account: AccountId
    office: Office


class Confirm(Record, tag=1):
    """A registrar of wijk `office` saw the holder in person."""

    account: AccountId
    office: Code


class Veto(Record, tag=1):
    account: AccountId


class Finish(Record, tag=1):
    account: AccountId


# An attempt.


def open_recovery(draft: Draft, context: Context, args: Open) -> None:
    """Open an attempt; the one who opens it approves it.

    Refuses NotRegistered, ClosedAccount, NotRecoverable; who speaks as `speaker` does; RecoveryOpen
    (only who may speak learns of it), OpenedLately, BadKey, NoPossession, KeyTwice, BadRole,
    BadThreshold, TooManyKeys (no numbers are left), in that order.
    """
    account = require_account(draft, args.account)
    owned = treasury_wijk(draft, args.account, account, context.height) is not None
    if account.kind == AccountKind.BOARD or owned:
        raise NotRecoverable(args.account)
    last = draft.get(LAST_ATTEMPTS, args.account)
    recent = last is not None and context.time_ms < last.opened_ms + APART_MS
    second = last is not None and recent and last.vetoed
    guardians = guardians_at(draft, args.account, context.time_ms)
    if last is not None and second:
        guardians = last.guardians
    approval = speaker(draft, context, args.account, guardians, args.office)
    under_way = draft.get(RECOVERIES, args.account)
    if under_way is not None:
        raise RecoveryOpen(args.account, under_way.until_ms)
    if last is not None and recent and not second:
        raise OpenedLately(args.account, last.opened_ms + APART_MS)
    keys = _new_keys(draft, context, account, args)
    wait_ms = CONFIRM_MS if second else _wait_of(guardians)
    until_ms = context.time_ms + wait_ms
    due = context.schedule(draft, until_ms, "recovery", "finish", Finish(args.account))
    attempt = 2 if second else 1
    recovery = Recovery(
        keys, args.threshold, guardians, (approval,), attempt, (), context.time_ms, until_ms, due
    )
    draft.put(RECOVERIES, args.account, recovery)
    if not second:
        lock_account(draft, context, args.account, recovery)
    report = RecoveryOpened(args.account, approval.by, attempt, not second, until_ms)
    tell(context, report, args.account, people(recovery))


def _new_keys(draft: Draft, context: Context, account: Account, args: Open) -> tuple[bytes, ...]:
    for new in args.keys:
        require_possession(context, args.account, new.key, new.proof)
    present = tuple(key.key for key in account.keys)
    for new in args.keys:
        if new.key in present:
            raise KeyTwice(new.key)
    numbered = tuple(AccountKey(i, key.key, key.role, key.place) for i, key in enumerate(args.keys))
    for key in numbered:
        if key.role != KeyRole.FULL:
            raise BadRole(key.key)
    check_key_set(numbered, args.threshold)
    if not has_numbers_for(draft, args.account, len(args.keys)):
        raise TooManyKeys(len(args.keys), 0)
    return tuple(key.key for key in args.keys)


def _wait_of(guardians: tuple[Guardians, ...]) -> int:
    return WAIT_MS if guardians else OFFICE_WAIT_MS


def approve(draft: Draft, context: Context, args: Approve) -> None:
    """A guardian approves. Refuses who speaks as `speaker` does; NoRecovery, ApprovedBefore,
    EnoughApprovals, in that order."""
    under_way = draft.get(RECOVERIES, args.account)
    guardians = guardians_at(draft, args.account, context.time_ms)
    if under_way is not None:
        guardians = under_way.guardians
    approval = speaker(draft, context, args.account, guardians, args.office)
    recovery = require_recovery(draft, args.account)
    for before in recovery.approvals:
        if before.by == approval.by or (before.office and before.office == approval.office):
            raise ApprovedBefore(args.account, approval.by)
    if len(recovery.approvals) == APPROVALS_MAX:
        raise EnoughApprovals(args.account)
    recovery = replace(recovery, approvals=(*recovery.approvals, approval))
    draft.put(RECOVERIES, args.account, recovery)
    count = len(valid_approvals(draft, recovery))
    report = RecoveryApproved(
        args.account, approval.by, approval.office, count, needed_of(recovery)
    )
    tell(context, report, args.account, (approval.by,))


def confirm(draft: Draft, context: Context, args: Confirm) -> None:
    """A registrar confirms a second attempt, having seen the holder. With the second registrar
    payments stop, the waiting time begins, and nobody can veto.

    Refuses NotAuthorised, TillKeyOnly, NoRecovery, NoConfirmationAsked; OwnOfficeConfirms (the
    second, of an account without guardians); in that order.
    """
    by = in_person(draft, context, args.office)
    recovery = require_recovery(draft, args.account)
    if is_confirmed(recovery) or by in recovery.confirmed:
        raise NoConfirmationAsked(args.account)
    recovery = replace(recovery, confirmed=(*recovery.confirmed, by))
    blocks = len(recovery.confirmed) == CONFIRMATIONS
    if blocks:
        account = draft.find(ACCOUNTS, args.account)
        assert account is not None, "accounts stay"
        own = own_office_saw(draft, args.account, account, recovery.confirmed, context.height)
        if not recovery.guardians and not own:
            raise OwnOfficeConfirms(args.account)
        cancel(draft, recovery.due)
        until_ms = context.time_ms + _wait_of(recovery.guardians)
        due = context.schedule(draft, until_ms, "recovery", "finish", Finish(args.account))
        recovery = replace(recovery, until_ms=until_ms, due=due)
        lock_account(draft, context, args.account, recovery)
    draft.put(RECOVERIES, args.account, recovery)
    report = RecoveryConfirmed(args.account, by, args.office, blocks, recovery.until_ms)
    tell(context, report, args.account, (by,))


def veto(draft: Draft, context: Context, args: Veto) -> None:
    """The holder, with a present key, ends an attempt; under bewind only the administrator does.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NoRecovery, BeyondVeto, in
    that order. Who is neither does not learn that there is an administrator.
    """
    administrators = administrators_of(draft, args.account, context.time_ms)
    by = args.account
    if administrators:
        by = context.account
        if by not in administrators:
            require_actor(draft, context, args.account)
            raise NotAuthorised("guardian")
    require_actor(draft, context, by)
    recovery = require_recovery(draft, args.account)
    if recovery.attempt == 2 and is_confirmed(recovery):
        raise BeyondVeto(args.account)
    last = draft.get(LAST_ATTEMPTS, args.account)
    if last is not None and recovery.attempt == 1:
        draft.put(LAST_ATTEMPTS, args.account, replace(last, vetoed=True))
    cancel(draft, recovery.due)
    unlock(draft, args.account)
    report = RecoveryVetoed(args.account, by, recovery.attempt)
    tell(context, report, args.account, people(recovery))


def finish(draft: Draft, context: Context, data: bytes) -> None:
    """Due work: the waiting time is over. New keys if enough approve who still can, else none."""
    id = decode(Finish, data).account
    recovery = draft.get(RECOVERIES, id)
    account = draft.find(ACCOUNTS, id)
    assert recovery is not None and account is not None, "an attempt that ended has no due work"
    valid = len(valid_approvals(draft, recovery))
    needed = needed_of(recovery)
    unlock(draft, id)
    if account.status == Status.CLOSED:
        return
    possible = has_numbers_for(draft, id, len(recovery.keys))
    if valid < needed or not is_confirmed(recovery) or not possible:
        tell(context, RecoveryLapsed(id, valid, needed), id, people(recovery))
        return
    tell(context, replace_keys(draft, context, id, recovery), id, people(recovery))


def _keys_cost(args: Open) -> int:
    """A proof of possession costs a signature verification."""
    return 250 + 80 * len(args.keys)


CONTRACT = Contract(
    "recovery",
    1,
    {
        "set_guardians": Method(SetGuardians, set_guardians),
        "open": Method(Open, open_recovery, cost=_keys_cost),
        "approve": Method(Approve, approve),
        "confirm": Method(Confirm, confirm),
        "veto": Method(Veto, veto),
        "issue_card": Method(IssueCard, issue_card, cost=330),
    },
    due={"finish": finish},
)
