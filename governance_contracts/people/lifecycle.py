"""An account's later life: a move, another sector or owner, a freeze, its end.

All by the office that answers for the account. A freeze stops what goes out, never what comes
in; it lapses by itself after 14 days unless the board renews it. A closed account stays on
record and does not say why. Part of the registry contract.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, Account, AccountKind, DatedCode, DatedOwner, Status, in_force
from chain.authority import Board
from chain.codec import AccountId, Code, Height, Millis, Record, decode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS, cancel
from chain.state import Draft, View
from governance_contracts.areas.regions import Level, require_region
from governance_contracts.boards.boardroom import BOARDS, vacate
from governance_contracts.people.acting import require_account
from governance_contracts.people.closing import require_closable
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import (
    BadAccount,
    check_owner,
    check_sector,
    office_of,
)
from governance_contracts.recovery.allowance import (
    FREEZES,
    Freeze,
    require_unlocked,
    settle_status,
)

FREEZE_DAYS = 14
FREEZE_REASONS = ("asked", "court", "dispute", "fraud", "lost_phone", "mistake", "theft")
"""asked: by the holder; court: an order; dispute: about a payment, until it is settled; fraud:
a sign of it; lost_phone, theft: keys out of the holder's hands; mistake: in the entry."""

HOMES = (Level.WIJK, Level.GEMEENTE, Level.PSEUDO, Level.FOREIGN)

D = TypeVar("D", DatedCode, DatedOwner)


class AlreadyFrozen(Rejected):
    code = 240
    fields = ("account",)


class NotFrozen(Rejected):
    code = 241
    fields = ("account",)


class TreasuryStays(Rejected):
    """A board's treasury does not move, change or close while the board stands."""

    code = 242
    fields = ("account",)


class BadReason(Rejected):
    """Not one of the reasons for a freeze (FREEZE_REASONS)."""

    code = 244
    fields = ("reason",)


class ChangeEntry(Record, tag=1):
    """New codes from a later height on; an empty field stays as it is. A change that had not
    come into force yet is replaced. `owner`: none or one new value, itself none or one account."""

    account: AccountId
    from_height: Height
    home: Annotated[tuple[Code, ...], Meta(max_length=1)]
    sector: Annotated[tuple[Code, ...], Meta(max_length=1)]
    owner: Annotated[
        tuple[Annotated[tuple[AccountId, ...], Meta(max_length=1)], ...], Meta(max_length=1)
    ]


class FreezeAccount(Record, tag=1):
    account: AccountId
    reason: Code


class RenewFreeze(Record, tag=1):
    account: AccountId


class Unfreeze(Record, tag=1):
    account: AccountId


class Close(Record, tag=1):
    account: AccountId


class Thaw(Record, tag=1):
    account: AccountId


@event
class EntryChanged(Record, tag=240):
    account: AccountId
    from_height: Height


@event
class Frozen(Record, tag=241):
    account: AccountId
    reason: Code
    until_ms: Millis


@event
class Unfrozen(Record, tag=242):
    account: AccountId


@event
class Closed(Record, tag=243):
    account: AccountId


def change_entry(draft: Draft, context: Context, args: ChangeEntry) -> None:
    """Change home, sector or owner from a height. Who moves away leaves the board at once.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, TreasuryStays, BadAccount
    (from_height), UnknownRegion, BadAccount (home), NotRegistered and ClosedAccount (the owner),
    BadAccount (owner, sector), in that order.
    """
    account = _of_this_office(draft, context, args.account)
    if account.kind == AccountKind.BOARD:
        raise TreasuryStays(args.account)
    if args.from_height <= context.height:
        raise BadAccount(args.account, "from_height")
    changed = account
    if args.home:
        changed = _with_home(draft, context, args, changed)
    kind = AccountKind(account.kind)
    if args.owner:
        check_owner(draft, args.account, kind, args.owner[0], args.from_height)
        owner = _from(changed.owner, DatedOwner(args.from_height, args.owner[0]), context.height)
        changed = replace(changed, owner=owner)
    if args.sector:
        changed = _with_sector(draft, context, args, changed)
    draft.put(ACCOUNTS, args.account, changed)
    context.emit(EntryChanged(args.account, args.from_height), args.account)


def check_new_home(view: View, account: bytes, home: str) -> None:
    """Refuses UnknownRegion, BadAccount (home)."""
    if require_region(view, home).level not in HOMES:
        raise BadAccount(account, "home")


def _with_home(draft: Draft, context: Context, args: ChangeEntry, account: Account) -> Account:
    check_new_home(draft, args.account, args.home[0])
    return with_home(draft, context, args.account, account, args.home[0], args.from_height)


def with_home(
    draft: Draft, context: Context, id: bytes, account: Account, home: str, height: int
) -> Account:
    """The account with a new home from a height on; a seat in the old wijk ends now."""
    old = in_force(account.home, context.height)
    if old != home:
        vacate(draft, context, old, id)
    dated = _from(account.home, DatedCode(height, home), context.height)
    return replace(account, home=dated)


def _with_sector(draft: Draft, context: Context, args: ChangeEntry, account: Account) -> Account:
    owner = account.owner[-1].account
    kind = AccountKind(account.kind)
    check_sector(draft, args.account, kind, args.sector[0], owner, args.from_height)
    sector = _from(account.sector, DatedCode(args.from_height, args.sector[0]), context.height)
    return replace(account, sector=sector)


def _from(dated: tuple[D, ...], new: D, height: int) -> tuple[D, ...]:
    """What is in force now, then the new value."""
    now = dated[0]
    for entry in dated[1:]:
        if entry.height <= height:
            now = entry
    return (now, new)


def freeze(draft: Draft, context: Context, args: FreezeAccount) -> None:
    """Stop what goes out, for 14 days.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, BadReason, AlreadyFrozen, in
    that order.
    """
    _of_this_office(draft, context, args.account)
    if args.reason not in FREEZE_REASONS:
        raise BadReason(args.reason)
    if draft.get(FREEZES, args.account) is not None:
        raise AlreadyFrozen(args.account)
    _freeze_until_lapse(draft, context, args.account, args.reason)


def renew_freeze(draft: Draft, context: Context, args: RenewFreeze) -> None:
    """Another 14 days from now, by the board itself.

    Refuses NotRegistered, ClosedAccount, NotAuthorised (Board), NotFrozen, in that order.
    """
    account = require_account(draft, args.account)
    context.require(Board(office_of(draft, args.account, account, context.height)))
    frozen = draft.get(FREEZES, args.account)
    if frozen is None:
        raise NotFrozen(args.account)
    cancel(draft, frozen.due)
    _freeze_until_lapse(draft, context, args.account, frozen.reason)


def unfreeze(draft: Draft, context: Context, args: Unfreeze) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotFrozen."""
    _of_this_office(draft, context, args.account)
    if draft.get(FREEZES, args.account) is None:
        raise NotFrozen(args.account)
    lift_freeze(draft, context, args.account)


def thaw(draft: Draft, context: Context, args: bytes) -> None:
    """Due work: a freeze that nobody renewed lapses."""
    lift_freeze(draft, context, decode(Thaw, args).account)


def close(draft: Draft, context: Context, args: Close) -> None:
    """End an account: it takes no part any more.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, TreasuryStays, Locked;
    then what stands in the way (closing.py): a shop's notice, open deals, a refund window,
    redemptions, free coin, lots.
    """
    account = _of_this_office(draft, context, args.account)
    home = in_force(account.home, context.height)
    board = draft.get(BOARDS, home)
    if board is not None and board.treasury == args.account:
        raise TreasuryStays(args.account)
    require_unlocked(draft, args.account)
    require_closable(draft, context, args.account)
    end_account(draft, context, args.account)


def end_account(draft: Draft, context: Context, id: bytes) -> None:
    """Close an account, whatever it still holds: a freeze and a board seat end with it."""
    lift_freeze(draft, context, id)
    account = require_account(draft, id)
    draft.put(ACCOUNTS, id, replace(account, status=Status.CLOSED))
    vacate(draft, context, in_force(account.home, context.height), id)
    context.emit(Closed(id), id)


def _of_this_office(draft: Draft, context: Context, id: bytes) -> Account:
    account = require_account(draft, id)
    require_office(draft, context, office_of(draft, id, account, context.height))
    return account


def _freeze_until_lapse(draft: Draft, context: Context, account: bytes, reason: str) -> None:
    until_ms = context.time_ms + FREEZE_DAYS * DAY_MS
    due = context.schedule(draft, until_ms, "registry", "thaw", Thaw(account))
    draft.put(FREEZES, account, Freeze(reason, until_ms, due))
    settle_status(draft, account)
    context.emit(Frozen(account, reason, until_ms), account)


def lift_freeze(draft: Draft, context: Context, id: bytes) -> None:
    """End the freeze of an account, if there is one."""
    frozen = draft.get(FREEZES, id)
    if frozen is None:
        return
    cancel(draft, frozen.due)
    draft.delete(FREEZES, id)
    settle_status(draft, id)
    context.emit(Unfrozen(id), id)
