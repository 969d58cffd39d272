"""What registrars attest of a person: that they are entered once, and that they may vote.

*Checked unique*: two registrars of different offices compare, off the chain, a keyed hash of birth
name, date and place (wallet_cli/core/uniqueness.py). The chain holds that they did and who they
are, nothing of what they compared, and never a BSN. *Voter*: the registrar attests the age that
the statute asks and the chain that the account has been registered for 30 days. Part of the
registry contract.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.account import AccountKind
from chain.codec import AccountId, Code, Height, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import DAY_MS
from chain.state import Draft, Table, View, raw
from governance_contracts.people.acting import require_account
from governance_contracts.people.minors import MINORS
from governance_contracts.people.registrars import require_office
from governance_contracts.people.registration import REGISTRATIONS, BadAccount, require_own_office

VOTER_DAYS = 30


class Attestor(Record, tag=1):
    """A registrar, for the office of a wijk."""

    wijk: Code
    registrar: AccountId


class Unique(Record, tag=1):
    """`second`: who confirmed it; with it the account is checked unique."""

    first: Attestor
    second: Annotated[tuple[Attestor, ...], Meta(max_length=1)]
    height: Height


class Voter(Record, tag=1):
    """`height` of the attestation, by the office of `wijk`."""

    wijk: Code
    height: Height


UNIQUE: Table[bytes, Unique] = Table(39, "checked_unique", Unique, raw)
VOTERS: Table[bytes, Voter] = Table(35, "voter", Voter, raw)


class AlreadyUnique(Rejected):
    """The check was begun, or confirmed, before."""

    code = 260
    fields = ("account",)


class NotChecked(Rejected):
    """No registrar has begun the uniqueness check of this account."""

    code = 261
    fields = ("account",)


class SameOffice(Rejected):
    """The second registrar is another person, of another wijk's office."""

    code = 262
    fields = ("wijk",)


class AlreadyVoter(Rejected):
    code = 263
    fields = ("account",)


class NotAVoter(Rejected):
    code = 264
    fields = ("account",)


class TooNew(Rejected):
    """Voters have been registered for 30 days; `days` are still missing."""

    code = 265
    fields = ("account", "days")


class MinorsDoNotVote(Rejected):
    code = 266
    fields = ("account",)


class AttestUnique(Record, tag=1):
    """The account's own registrar compared with another office and found nobody."""

    account: AccountId


class ConfirmUnique(Record, tag=1):
    """The registrar of another office, `wijk`, found nobody either."""

    wijk: Code
    account: AccountId


class WithdrawUnique(Record, tag=1):
    """The account's office takes the check back: it turned out to be somebody entered twice, or
    it is to be done anew."""

    account: AccountId


class AttestVoter(Record, tag=1):
    account: AccountId


class WithdrawVoter(Record, tag=1):
    account: AccountId


@event
class UniqueAttested(Record, tag=260):
    """To the account: who checked so far. Two: it is checked unique."""

    account: AccountId
    registrars: tuple[AccountId, ...]


@event
class UniqueWithdrawn(Record, tag=261):
    account: AccountId


@event
class VoterAttested(Record, tag=262):
    account: AccountId
    wijk: Code


@event
class VoterWithdrawn(Record, tag=263):
    account: AccountId


def checked_unique(view: View, account: bytes) -> bool:
    found = view.find(UNIQUE, account)
    return found is not None and bool(found.second)


def attest_unique(draft: Draft, context: Context, args: AttestUnique) -> None:
    """Begin the check. A registrar does it in person: no decision carries it.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, BadAccount (kind),
    AlreadyUnique, in that order.
    """
    account, wijk, registrar = require_own_office(draft, context, args.account)
    if account.kind != AccountKind.PERSON:
        raise BadAccount(args.account, "kind")
    if draft.find(UNIQUE, args.account) is not None:
        raise AlreadyUnique(args.account)
    draft.put(UNIQUE, args.account, Unique(Attestor(wijk, registrar), (), context.height))
    context.emit(UniqueAttested(args.account, (registrar,)), args.account)


def confirm_unique(draft: Draft, context: Context, args: ConfirmUnique) -> None:
    """Complete the check, as a registrar of another office.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotChecked, AlreadyUnique,
    SameOffice, in that order.
    """
    require_account(draft, args.account)
    registrar = require_office(draft, context, args.wijk)
    begun = draft.find(UNIQUE, args.account)
    if begun is None:
        raise NotChecked(args.account)
    if begun.second:
        raise AlreadyUnique(args.account)
    if args.wijk == begun.first.wijk or registrar == begun.first.registrar:
        raise SameOffice(args.wijk)
    second = Attestor(args.wijk, registrar)
    draft.put(UNIQUE, args.account, Unique(begun.first, (second,), context.height))
    context.emit(UniqueAttested(args.account, (begun.first.registrar, registrar)), args.account)


def withdraw_unique(draft: Draft, context: Context, args: WithdrawUnique) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotChecked."""
    require_own_office(draft, context, args.account)
    if draft.find(UNIQUE, args.account) is None:
        raise NotChecked(args.account)
    draft.delete(UNIQUE, args.account)
    context.emit(UniqueWithdrawn(args.account), args.account)


def attest_voter(draft: Draft, context: Context, args: AttestVoter) -> None:
    """The person has the age that the statute asks; the chain sees to the 30 days.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, BadAccount (kind),
    MinorsDoNotVote, TooNew, AlreadyVoter, in that order.
    """
    account, wijk, _registrar = require_own_office(draft, context, args.account)
    if account.kind != AccountKind.PERSON:
        raise BadAccount(args.account, "kind")
    if draft.find(MINORS, args.account) is not None:
        raise MinorsDoNotVote(args.account)
    entry = draft.get(REGISTRATIONS, args.account)
    since_ms = entry.time_ms if entry else 0
    days = (context.time_ms - since_ms) // DAY_MS
    if days < VOTER_DAYS:
        raise TooNew(args.account, VOTER_DAYS - days)
    if draft.find(VOTERS, args.account) is not None:
        raise AlreadyVoter(args.account)
    draft.put(VOTERS, args.account, Voter(wijk, context.height))
    context.emit(VoterAttested(args.account, wijk), args.account)


def withdraw_voter(draft: Draft, context: Context, args: WithdrawVoter) -> None:
    """Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, NotAVoter."""
    require_own_office(draft, context, args.account)
    if draft.find(VOTERS, args.account) is None:
        raise NotAVoter(args.account)
    draft.delete(VOTERS, args.account)
    context.emit(VoterWithdrawn(args.account), args.account)
