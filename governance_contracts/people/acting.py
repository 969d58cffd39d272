"""Who acts: accounts by their holders, treasuries by their boards.

Nobody holds the keys of a wijk's money. The treasury (an account of kind BOARD) and funds that it
owns pay only when a decision of the board carries the payment; its keys open nothing.

A till key receives and refunds. It never acts as its account where a full key is asked for.
"""

from __future__ import annotations

from chain.account import (
    ACCOUNTS,
    Account,
    AccountKind,
    KeyRole,
    Status,
    find_key,
    in_force,
    owner_at,
)
from chain.authority import Board, Holder, NotAuthorised, describe
from chain.contract import Context
from chain.errors import Rejected
from chain.state import View
from chain.transaction import AccountActor
from governance_contracts.boards.boardroom import BOARDS, require_board

OWNERS_MAX = 4
"""How long a chain of owners may be: till, shop, owner, household."""


class NotRegistered(Rejected):
    code = 200
    fields = ("account",)


class ClosedAccount(Rejected):
    """The account takes no part any more. The refusal does not say why."""

    code = 201
    fields = ("account",)


class FrozenAccount(Rejected):
    """The account pays nothing out for now; it can still receive."""

    code = 202
    fields = ("account",)


class TillKeyOnly(Rejected):
    """A till key receives and refunds, an emergency card pays; this call asks for a full key."""

    code = 203
    fields = ("account", "key")


def require_account(view: View, account: bytes) -> Account:
    """The registration of an account. Refuses NotRegistered, ClosedAccount."""
    found = view.find(ACCOUNTS, account)
    if found is None:
        raise NotRegistered(account)
    if found.status == Status.CLOSED:
        raise ClosedAccount(account)
    return found


def is_frozen(account: Account) -> bool:
    return account.status == Status.FROZEN


def require_unfrozen(view: View, account: bytes) -> Account:
    """Refuses NotRegistered, ClosedAccount, FrozenAccount."""
    found = require_account(view, account)
    if found.status == Status.FROZEN:
        raise FrozenAccount(account)
    return found


def acting_account(view: View, context: Context, *, till: bool = False) -> bytes:
    """The account a call acts for, when its arguments do not name one.

    The sender; when a board's decision carries the call, that wijk's treasury; under a mandate,
    the account that gave it. `till`: may a till key send it?

    Refuses NotAuthorised, UnknownBoard, NotRegistered, ClosedAccount, TillKeyOnly, in that order.
    """
    match context.decision:
        case None:
            account = context.account
        case Board(wijk):
            account = require_board(view, wijk).treasury
        case Holder(account):
            pass
        case _:
            raise NotAuthorised("account")
    require_actor(view, context, account, till=till)
    return account


def require_actor(
    view: View, context: Context, account: bytes, *, till: bool = False, card: bool = False
) -> Account:
    """The registration of `account`, if this call may act as it; `till`, `card`: also with a key
    of that role.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, in that order.
    """
    found = require_account(view, account)
    wijk = treasury_wijk(view, account, found, context.height)
    if wijk is not None:
        context.require(Board(wijk))
        return found
    context.require(Holder(account))
    if context.decision == Holder(account):
        return found  # under a mandate, which says what it covers
    actor = context.actor
    roles = (KeyRole.FULL, KeyRole.TILL if till else KeyRole.FULL)
    if isinstance(actor, AccountActor) and actor.account == account:
        key = find_key(found, actor.key)
        if key is not None and key.role not in roles and not (card and key.role == KeyRole.CARD):
            raise TillKeyOnly(account, actor.key)
    elif any(key.role not in roles for key in found.keys):
        # A co-signature does not say with which key it was given.
        raise NotAuthorised(describe(Holder(account)))
    return found


def acts_in_full(view: View, context: Context, account: bytes) -> bool:
    """May this call act as the account, with full keys? Where one of several may agree."""
    try:
        require_actor(view, context, account)
    except Rejected:
        return False
    return True


def require_party(
    view: View, context: Context, account: bytes, role: str, *, till: bool = False
) -> Account:
    """As `require_actor`, for a call that names a record by its number and not the account. Who is
    not that account does not learn from the refusal whose record it is: `role` stands in the
    refusal in its place. A payer under an alias, or who somebody's guardian is, would otherwise be
    had for the asking.

    Refuses NotAuthorised (`role`), ClosedAccount, TillKeyOnly, in that order.
    """
    found = view.find(ACCOUNTS, account)
    wijk = None if found is None else treasury_wijk(view, account, found, context.height)
    if not context.has(Holder(account) if wijk is None else Board(wijk)):
        raise NotAuthorised(role)
    try:
        return require_actor(view, context, account, till=till)
    except NotAuthorised:  # a co-signature of an account that has other than full keys
        raise NotAuthorised(role) from None


def treasury_wijk(view: View, account: bytes, record: Account, height: int) -> str | None:
    """The wijk whose board alone acts for this account; None for everybody else's."""
    if record.kind == AccountKind.FUND:
        owner = owner_at(record, height)
        owned = None if owner is None else view.find(ACCOUNTS, owner)
        if owner is None or owned is None:
            return None
        account, record = owner, owned
    if record.kind != AccountKind.BOARD:
        return None
    wijk = in_force(record.home, height)
    board = view.get(BOARDS, wijk)
    return wijk if board is not None and board.treasury == account else None


def shares_household_or_owner(view: View, a: bytes, b: bytes, height: int) -> bool:
    """Do two accounts belong together: the same, of one owner, or of one household?"""
    return a == b or ultimate_owner(view, a, height) == ultimate_owner(view, b, height)


def ultimate_owner(view: View, account: bytes, height: int) -> bytes:
    """The last in the chain of owners; the account itself if nobody owns it.

    A till is owned by its shop, a shop by a person or an organisation, a person by the household
    it lives in.
    """
    for _ in range(OWNERS_MAX):
        record = view.find(ACCOUNTS, account)
        owner = None if record is None else owner_at(record, height)
        if owner is None:
            break
        account = owner
    return account
