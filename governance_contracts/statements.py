"""Bank statements: attested by k of n people, then booked in one go.

The first attestor hands in the statement in full, the others its hash; the k-th attestation books
it. A statement is refused when it does not follow or does not add up, **never for being low**: the
truth about the bank is always taken, and a shortfall becomes a public deficit.

Booking applies in the same call whatever a line settles: a redemption that was paid burns its
coin, one that bounced goes back to its holder, a deposit that went back burns what its account
still has free. A line that matches nothing is booked all the same and shows in the cover.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import U32, U53, AccountId, Code, Hash, Record, encode
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX, AmountField, Cents, CentsField
from chain.rules import DAY_MS
from chain.state import Draft, View
from governance_contracts.acting import require_actor
from governance_contracts.balances import book, create, destroy, free_of
from governance_contracts.books import (
    CREDITS,
    DEBITS,
    ENTRIES,
    PENDING,
    REDEMPTIONS,
    STATEMENTS,
    WAITING,
    BookedEntry,
    BookedStatement,
    Entry,
    EntryKind,
    EntryState,
    PendingStatement,
    Redemption,
    RedemptionState,
    Reserve,
    SignedCents,
    Statement,
    cover_of,
    deficit_of,
    liabilities_of,
    put_redemption,
    require_reserve,
    statement_hash,
    update_reserve,
)
from governance_contracts.coin import require_coin

RETURN_AFTER_MS = 30 * DAY_MS
"""Unattributed money goes back after this long."""


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
    """Opening balance and entries do not make the closing balance (`sum` is what they make)."""

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


@event
class StatementBooked(Record, tag=701):
    """The reserve stands here now. `unmatched` counts debits that settled nothing. Public."""

    coin: Code
    sequence: U53
    closing: SignedCents
    cover: SignedCents
    liabilities: CentsField
    deficit: CentsField
    burned: CentsField
    unmatched: U32


@event
class RedemptionSettled(Record, tag=702):
    redemption: U53
    amount: AmountField


@event
class RedemptionBounced(Record, tag=703):
    """The euros did not arrive; the coin is back."""

    redemption: U53
    amount: AmountField


def hash_of(statement: Statement) -> bytes:
    """What attestors sign: the hash of the statement in full."""
    return statement_hash(encode(statement))


def attest(draft: Draft, context: Context, args: Attest) -> None:
    """Attest a statement; the k-th attestation books it.

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
    check_statement(draft, reserve, statement, context.time_ms)
    attestors = tuple(sorted((*pending.attestors, args.attestor)))
    count = sum(attestor in reserve.attestors for attestor in attestors)
    context.emit(
        StatementAttested(args.coin, statement.sequence, args.hash, args.attestor, count, reserve.k)
    )
    if count < reserve.k:
        draft.put(PENDING, place, PendingStatement(statement, attestors))
        return
    draft.delete(PENDING, place)
    book_statement(draft, context, reserve, statement, attestors)


def check_statement(view: View, reserve: Reserve, statement: Statement, time_ms: int) -> None:
    """Does it follow and add up?

    Refuses OtherBankAccount, StatementGap, DoesNotAddUp, DoesNotFollow, WrongCurrency,
    ClosedLater, BadEntry, in that order.
    """
    if statement.account != reserve.account:
        raise OtherBankAccount()
    if statement.sequence == 0 or (reserve.sequence and statement.sequence != reserve.sequence + 1):
        raise StatementGap(statement.sequence, reserve.sequence + 1)
    total = statement.opening + sum(
        entry.amount if entry.credit else -entry.amount for entry in statement.entries
    )
    if total != statement.closing:
        raise DoesNotAddUp(total, statement.closing)
    if reserve.sequence and statement.opening != reserve.balance:
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


def book_statement(
    draft: Draft,
    context: Context,
    reserve: Reserve,
    statement: Statement,
    attestors: tuple[bytes, ...],
) -> None:
    """Take a checked statement into the books, line by line in the bank's order."""
    coin = statement.coin
    first = reserve.sequence == 0
    reserve = update_reserve(
        draft,
        coin,
        reserve,
        sequence=statement.sequence,
        closed_ms=statement.closed_ms,
        balance=statement.closing,
        own=max(0, statement.opening) if first else reserve.own,
    )
    burned = unmatched = 0
    for entry in statement.entries:
        line = Line(draft, context, statement, entry)
        state, gone = line.apply()
        burned += gone
        unmatched += state == EntryState.OPEN and not entry.credit
        deadline = statement.closed_ms + RETURN_AFTER_MS
        waits = entry.kind == EntryKind.UNATTRIBUTED
        draft.put(
            ENTRIES,
            (coin, statement.sequence, entry.number),
            BookedEntry(
                entry.credit,
                entry.amount,
                entry.kind,
                state,
                entry.reference,
                (),
                (deadline,) if waits else (),
            ),
        )
    draft.put(
        STATEMENTS,
        (coin, statement.sequence),
        BookedStatement(
            hash_of(statement),
            attestors,
            statement.closed_ms,
            statement.opening,
            statement.closing,
            len(statement.entries),
        ),
    )
    reserve = require_reserve(draft, coin)
    context.emit(
        StatementBooked(
            coin,
            statement.sequence,
            statement.closing,
            max(-CENTS_MAX, cover_of(reserve)),
            Cents(liabilities_of(draft, coin)),
            Cents(deficit_of(draft, coin)),
            Cents(burned),
            unmatched,
        )
    )


class Line:
    """One bank line being booked: what it settles, and the state it is left in."""

    __slots__ = ("coin", "context", "draft", "entry", "statement")

    def __init__(self, draft: Draft, context: Context, statement: Statement, entry: Entry) -> None:
        self.draft = draft
        self.context = context
        self.statement = statement
        self.coin = statement.coin
        self.entry = entry

    def apply(self) -> tuple[EntryState, int]:
        """The entry's state afterwards, and how much coin ceased to be."""
        reserve = require_reserve(self.draft, self.coin)
        amount = self.entry.amount
        match self.entry.kind:
            case EntryKind.UNATTRIBUTED:
                self.set_aside(reserve)
                return EntryState.OPEN, 0
            case EntryKind.INTEREST:
                self.update(reserve, own=min(CENTS_MAX, reserve.own + amount))
                return EntryState.USED, 0
            case EntryKind.CHARGE:
                self.update(reserve, own=max(0, reserve.own - amount))
                return EntryState.USED, 0
            case EntryKind.COVER:
                return EntryState.USED, 0
            case EntryKind.REDEMPTION:
                return self.settle()
            case EntryKind.BOUNCE:
                return self.bounce(), 0
            case EntryKind.RETURN:
                return self.send_back(reserve)
            case _:
                return EntryState.OPEN, 0

    def update(self, reserve: Reserve, **changes: int) -> None:
        update_reserve(self.draft, self.coin, reserve, **changes)

    def set_aside(self, reserve: Reserve) -> None:
        """Money that is nobody's yet stands behind no coin."""
        waiting = reserve.unattributed + self.entry.amount
        self.update(reserve, unattributed=min(CENTS_MAX, waiting))

    def redemption(self, *states: RedemptionState) -> tuple[int, Redemption] | None:
        """The redemption that this line names, if coin, amount and state agree."""
        for name in self.entry.redemption:
            found = self.draft.get(REDEMPTIONS, name)
            if found is not None and found.coin == self.coin and found.state in states:
                return (name, found) if found.amount == self.entry.amount else None
        return None

    def settle(self) -> tuple[EntryState, int]:
        """Paid out: the coin under way is burned. Paid before it was exported is paid too."""
        found = self.redemption(RedemptionState.EXPORTED, RedemptionState.REQUESTED)
        if found is None:
            return EntryState.OPEN, 0
        name, redemption = found
        self.draft.delete(WAITING, (self.coin, name))
        put_redemption(self.draft, name, redemption, RedemptionState.SETTLED)
        amount = redemption.amount
        book(self.draft, self.coin, redeeming=-amount, burned=amount)
        self.context.emit(RedemptionSettled(name, amount), redemption.holder)
        return EntryState.USED, amount

    def bounce(self) -> EntryState:
        """Came back after it was paid: the burned coin is made again, for the same holder."""
        found = self.redemption(RedemptionState.SETTLED)
        if found is None:
            self.set_aside(require_reserve(self.draft, self.coin))
            return EntryState.OPEN
        name, redemption = found
        again = Draft(self.draft)
        try:
            for part in redemption.parts:
                create(again, self.coin, redemption.holder, part.lot, part.amount)
        except Rejected:  # no room left in the purse: a statement is not refused for that
            self.set_aside(require_reserve(self.draft, self.coin))
            return EntryState.OPEN
        self.draft.absorb(again)
        put_redemption(self.draft, name, redemption, RedemptionState.BOUNCED)
        self.context.emit(RedemptionBounced(name, redemption.amount), redemption.holder)
        return EntryState.USED

    def send_back(self, reserve: Reserve) -> tuple[EntryState, int]:
        """A credit that went back: unminted, it is just gone; minted, its account's free coin is
        burned as far as it reaches. The rest is deficit."""
        for place in self.entry.returns:
            key = (self.coin, place.statement, place.entry)
            credit = self.draft.get(ENTRIES, key)
            if (
                credit is None
                or not credit.credit
                or credit.amount != self.entry.amount
                or credit.state == EntryState.RETURNED
            ):
                break
            burned = 0
            if credit.kind == EntryKind.DEPOSIT:
                for account in credit.account:
                    burned = min(credit.amount, free_of(self.draft, account, self.coin))
                    if burned:
                        destroy(self.draft, self.coin, account, burned)
            elif credit.state == EntryState.OPEN:
                self.update(reserve, unattributed=max(0, reserve.unattributed - credit.amount))
            else:
                break
            self.draft.put(ENTRIES, key, with_state(credit, EntryState.RETURNED))
            return EntryState.USED, burned
        return EntryState.OPEN, 0


def with_state(
    entry: BookedEntry, state: EntryState, account: tuple[bytes, ...] | None = None
) -> BookedEntry:
    return BookedEntry(
        entry.credit,
        entry.amount,
        entry.kind,
        state,
        entry.reference,
        entry.account if account is None else account,
        entry.return_by_ms,
    )
