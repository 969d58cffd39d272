"""Bank statements: attested by k of n people, then booked in one go.

The first attestor hands in the statement in full, the others its hash; the k-th attestation books
it. A statement is refused when it does not follow or does not add up, **never for being low**: the
truth about the bank is always taken, and a shortfall becomes a public deficit.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import U32, U53, AccountId, Code, Hash, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX
from chain.state import Draft, View
from governance_contracts.bank.booking import book_statement
from governance_contracts.bank.books import (
    ATTESTED,
    CREDITS,
    DEBITS,
    PENDING,
    Attested,
    Entry,
    EntryKind,
    PendingStatement,
    Reserve,
    Statement,
    hash_of,
    require_reserve,
    statement_key,
)
from governance_contracts.coins.coin import require_coin
from governance_contracts.people.acting import require_actor

AHEAD_MAX = 100
"""A statement may wait for so many before it."""


class NotAnAttestor(Rejected):
    code = 701
    fields = ("account",)


class AlreadyAttested(Rejected):
    code = 702
    fields = ("account",)


class UnknownStatement(Rejected):
    """Nobody has handed this statement in yet: the first attestation carries it in full."""

    code = 703
    fields = ("hash",)


class OtherStatement(Rejected):
    """The statement handed in is not the one whose hash was attested, or of another coin."""

    code = 704


class OtherBankAccount(Rejected):
    """The statement is of an account that is not this reserve's."""

    code = 705


class StatementGap(Rejected):
    """Statements follow one another without a gap, in number and in time."""

    code = 706
    fields = ("sequence", "expected")


class DoesNotAddUp(Rejected):
    """Opening balance and entries do not make the closing balance. `sum` is what they make, or
    the nearest amount that can be written down."""

    code = 707
    fields = ("sum", "closing")


class DoesNotFollow(Rejected):
    """The opening balance is not the closing balance of the statement before."""

    code = 708
    fields = ("opening", "expected")


class WrongCurrency(Rejected):
    code = 709
    fields = ("currency", "expected")


class ClosedLater(Rejected):
    """A statement is closed before it is attested, and not before the one it follows."""

    code = 710
    fields = ("closed_ms",)


class WrongPart(Rejected):
    """A statement of the bank that comes in parts is taken whole before the next: `more` parts
    would be to come, where `expected` is right."""

    code = 714
    fields = ("more", "expected")


class BadEntry(Rejected):
    """`why`: number, kind, sign, or redemption / returns / reference where none belongs."""

    code = 711
    fields = ("entry", "why")


class Attest(Record, tag=1):
    """Attest a statement by its hash (`hash_of`). Whoever comes first gives the statement too."""

    attestor: AccountId
    coin: Code
    hash: Hash
    statement: Annotated[tuple[Statement, ...], Meta(max_length=1)]


@event
class StatementAttested(Record, tag=700):
    """One more attestation. Public."""

    coin: Code
    sequence: U53
    hash: Hash
    attestor: AccountId
    attested: U32
    needed: U32


def attest(draft: Draft, context: Context, args: Attest) -> None:
    """Attest a statement; the k-th attestation books it.

    One whose turn has not come may be attested ahead by fewer than k, so that parts of one bank
    statement need not go round person by person; whether it follows is judged when it is booked.
    Who attests another statement of the same number takes back the attestation before: so each
    attestor keeps at most AHEAD_MAX + 1 waiting.

    Refuses NotRegistered, ClosedAccount, NotAuthorised, TillKeyOnly, UnknownReserve,
    NotAnAttestor, OtherStatement, UnknownStatement, AlreadyAttested, then as `check_statement`,
    in that order.
    """
    require_actor(draft, context, args.attestor)
    reserve = require_reserve(draft, args.coin)
    if args.attestor not in reserve.attestors:
        raise NotAnAttestor(args.attestor)
    for handed_in in args.statement:
        if handed_in.coin != args.coin or hash_of(handed_in) != args.hash:
            raise OtherStatement()
    place = (args.coin, args.hash)
    pending = draft.get(PENDING, place)
    if pending is None:
        if not args.statement:
            raise UnknownStatement(args.hash)
        pending = PendingStatement(args.statement[0], ())
    if args.attestor in pending.attestors:
        raise AlreadyAttested(args.attestor)
    statement = pending.statement
    attestors = tuple(sorted((*pending.attestors, args.attestor)))
    count = sum(attestor in reserve.attestors for attestor in attestors)
    ahead = AHEAD_MAX if count < reserve.k else 0
    check_statement(draft, reserve, statement, context.time_ms, ahead)
    take_back(draft, args.coin, statement.sequence, args.attestor)
    context.emit(
        StatementAttested(args.coin, statement.sequence, args.hash, args.attestor, count, reserve.k)
    )
    if count < reserve.k:
        draft.put(PENDING, place, PendingStatement(statement, attestors))
        draft.put(ATTESTED, (args.coin, statement.sequence, args.attestor), Attested(args.hash))
        return
    drop_rivals(draft, args.coin, statement.sequence)
    book_statement(draft, context, reserve, statement, attestors)


def take_back(draft: Draft, coin: str, sequence: int, attestor: bytes) -> None:
    """The attestor stands by another statement of this number no longer."""
    before = draft.get(ATTESTED, (coin, sequence, attestor))
    if before is None:
        return
    place = (coin, before.hash)
    pending = draft.get(PENDING, place)
    assert pending is not None, "what an attestor stands by waits"
    left = tuple([one for one in pending.attestors if one != attestor])
    if left:
        draft.put(PENDING, place, PendingStatement(pending.statement, left))
    else:
        draft.delete(PENDING, place)


def drop_rivals(draft: Draft, coin: str, sequence: int) -> None:
    """Forget what waited under this number: it can never be booked now."""
    first = statement_key((coin, sequence))
    waiting = []
    for key, attested in draft.scan(ATTESTED, first):
        if not key.startswith(first):
            break
        waiting.append((key[len(first) :], attested.hash))
    for attestor, hash in waiting:
        draft.delete(ATTESTED, (coin, sequence, attestor))
        draft.delete(PENDING, (coin, hash))


def check_statement(
    view: View, reserve: Reserve, statement: Statement, time_ms: int, ahead_max: int = 0
) -> None:
    """Does it follow and add up? One that is `ahead_max` ahead at most need not follow yet.

    Refuses OtherBankAccount, StatementGap, WrongPart, DoesNotAddUp, DoesNotFollow, WrongCurrency,
    ClosedLater, BadEntry, in that order.
    """
    if statement.account != reserve.account:
        raise OtherBankAccount()
    ahead = statement.sequence - (reserve.sequence + 1)
    if not 0 <= ahead <= ahead_max:
        raise StatementGap(statement.sequence, reserve.sequence + 1)
    if not ahead and reserve.more and statement.more != reserve.more - 1:
        raise WrongPart(statement.more, reserve.more - 1)
    total = statement.opening + sum(
        entry.amount if entry.credit else -entry.amount for entry in statement.entries
    )
    if total != statement.closing:
        raise DoesNotAddUp(max(-CENTS_MAX, min(CENTS_MAX, total)), statement.closing)
    if not ahead and reserve.sequence and statement.opening != reserve.balance:
        raise DoesNotFollow(statement.opening, reserve.balance)
    currency = require_coin(view, statement.coin).currency
    if statement.currency != currency:
        raise WrongCurrency(statement.currency, currency)
    if not reserve.closed_ms <= statement.closed_ms <= time_ms:
        raise ClosedLater(statement.closed_ms)
    for position, entry in enumerate(statement.entries):
        check_entry(position, entry)


def check_entry(position: int, entry: Entry) -> None:
    """Refuses BadEntry: number, kind, sign, redemption, returns, reference, in that order."""
    if entry.number != position + 1:
        raise BadEntry(position + 1, "number")
    if entry.kind not in CREDITS and entry.kind not in DEBITS:
        raise BadEntry(entry.number, "kind")
    if entry.credit != (entry.kind in CREDITS):
        raise BadEntry(entry.number, "sign")
    if entry.redemption and entry.kind not in (EntryKind.REDEMPTION, EntryKind.BOUNCE):
        raise BadEntry(entry.number, "redemption")
    if entry.returns and entry.kind != EntryKind.RETURN:
        raise BadEntry(entry.number, "returns")
    if entry.reference and entry.kind != EntryKind.DEPOSIT:
        raise BadEntry(entry.number, "reference")
