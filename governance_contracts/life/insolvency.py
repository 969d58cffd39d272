"""Bankruptcy: a court names a curator, and coin goes to the estate's bank account only.

The office enters the judgment with two signatures. Tills stop, mandates that the bankrupt gave
end, and the curator gets one that covers redemption and nothing else, to one bank account that a
commitment fixes. The bankrupt pays nothing out; a person keeps the living allowance, and everybody
can still be paid. Part of the life contract (`life.py`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from chain.account import ACCOUNTS, PURSES, AccountKind, KeyRole, Purse, purse_of
from chain.codec import U16, U53, AccountId, Hash, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS
from chain.state import Draft
from governance_contracts.mandates.granting import Grant, admit
from governance_contracts.mandates.mandate import end
from governance_contracts.mandates.mandates import Kind, Status, given_by, require_mandate
from governance_contracts.people.acting import require_account
from governance_contracts.people.desk import two_at_the_desk
from governance_contracts.people.keys import KEY_COUNTS, KeyCount, next_key_number
from governance_contracts.people.registration import office_of
from governance_contracts.recovery.allowance import (
    INSOLVENCIES,
    Insolvency,
    require_unlocked,
    settle_status,
)

CURATOR_DAYS = 5 * 366
"""The curator's mandate runs so long; the office can grant another."""
CURATOR_CALLS = ("reserve.cancel", "reserve.redeem")
SPARED = (Kind.GUARDIAN, Kind.PARENT)
"""Mandates that a bankruptcy does not end: those of the law for a person."""


class NotBankruptHere(Rejected):
    """Boards, funds and tills do not go bankrupt; who owns them does."""

    code = 1140
    fields = ("account",)


class AlreadyBankrupt(Rejected):
    code = 1141
    fields = ("account",)


class NotBankrupt(Rejected):
    code = 1142
    fields = ("account",)


class EnterBankruptcy(Record, tag=1):
    """`court`: commitment to the judgment; `estate`: to the estate's bank account."""

    account: AccountId
    curator: AccountId
    court: Hash
    estate: Hash


class EndBankruptcy(Record, tag=1):
    account: AccountId


@event
class BankruptcyEntered(Record, tag=1130):
    """To the account and to its curator. `tills`: numbers of the till keys that stopped."""

    account: AccountId
    curator: AccountId
    mandate: U53
    tills: tuple[U16, ...]
    by: Annotated[tuple[AccountId, ...], Meta(max_length=2)]


@event
class BankruptcyEnded(Record, tag=1131):
    account: AccountId
    by: Annotated[tuple[AccountId, ...], Meta(max_length=2)]


def enter_bankruptcy(draft: Draft, context: Context, args: EnterBankruptcy) -> None:
    """Refuses NotRegistered, ClosedAccount; of the office NotAuthorised, TillKeyOnly,
    NoSecondSignature; NotBankruptHere, AlreadyBankrupt, Locked; then what `granting.admit` refuses
    of the curator, in that order."""
    account = require_account(draft, args.account)
    wijk = office_of(draft, args.account, account, context.height)
    by = two_at_the_desk(draft, context, wijk)
    if account.kind in (AccountKind.BOARD, AccountKind.FUND, AccountKind.TILL):
        raise NotBankruptHere(args.account)
    if draft.get(INSOLVENCIES, args.account) is not None:
        raise AlreadyBankrupt(args.account)
    require_unlocked(draft, args.account)
    end_given(draft, context, args.account, SPARED)
    grant = Grant(
        args.account,
        Kind.CURATOR,
        (args.curator,),
        (),
        CURATOR_CALLS,
        (),
        1,
        context.time_ms + CURATOR_DAYS * DAY_MS,
        (args.court,),
    )
    mandate = admit(draft, context, grant, (wijk,), by)
    tills = stop_tills(draft, args.account)
    insolvency = Insolvency(args.curator, args.estate, args.court, context.time_ms)
    draft.put(INSOLVENCIES, args.account, insolvency)
    settle_status(draft, args.account)
    report = BankruptcyEntered(args.account, args.curator, mandate, tills, by)
    for party in (args.account, args.curator):
        context.emit(report, party)


def end_given(draft: Draft, context: Context, account: bytes, spared: tuple[Kind, ...]) -> None:
    """End the mandates that an account gave, but those of the spared kinds."""
    for number in given_by(draft, account):
        mandate = require_mandate(draft, number)
        if mandate.kind not in spared:
            end(draft, context, number, mandate, Status.ENDED)


def stop_tills(draft: Draft, id: bytes) -> tuple[int, ...]:
    """Take an account's till keys away; returns their numbers, which never come back."""
    account = require_account(draft, id)
    tills = tuple(key.number for key in account.keys if key.role == KeyRole.TILL)
    if tills:
        next_number = next_key_number(draft, id, account)
        kept = tuple(key for key in account.keys if key.number not in tills)
        draft.put(ACCOUNTS, id, replace(account, keys=kept))
        draft.put(KEY_COUNTS, id, KeyCount(next_number))
        purse = purse_of(draft, id)
        windows = tuple(window for window in purse.windows if window.key not in tills)
        draft.put(PURSES, id, Purse(windows, purse.free, purse.spent))
    return tills


def end_bankruptcy(draft: Draft, context: Context, args: EndBankruptcy) -> None:
    """The court ended it: the curator's mandate ends, the holder pays again.

    Refuses NotRegistered, ClosedAccount; of the office NotAuthorised, TillKeyOnly,
    NoSecondSignature; NotBankrupt, in that order.
    """
    account = require_account(draft, args.account)
    wijk = office_of(draft, args.account, account, context.height)
    by = two_at_the_desk(draft, context, wijk)
    if draft.get(INSOLVENCIES, args.account) is None:
        raise NotBankrupt(args.account)
    draft.delete(INSOLVENCIES, args.account)
    end_given(draft, context, args.account, tuple(k for k in Kind if k != Kind.CURATOR))
    settle_status(draft, args.account)
    context.emit(BankruptcyEnded(args.account, by), args.account)
