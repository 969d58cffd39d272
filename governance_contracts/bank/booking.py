"""Taking an attested statement into the reserve's books, line by line in the bank's order.

Booking applies in the same call whatever a line settles: a redemption that was paid burns its
coin, one that bounced goes back to its holder, a deposit that went back burns what its account
has not given out. A line that matches nothing is booked all the same and shows in the cover.
"""

from __future__ import annotations

from chain.codec import U32, U53, Code, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.money import CENTS_MAX, AmountField, Cents, CentsField
from chain.state import Draft
from governance_contracts.bank.books import (
    ENTRIES,
    REDEMPTIONS,
    STATEMENTS,
    WAITING,
    BookedEntry,
    BookedStatement,
    Entry,
    EntryKind,
    EntryState,
    Redemption,
    RedemptionState,
    Reserve,
    SignedCents,
    Statement,
    count_under_way,
    cover_of,
    deficit_of,
    face_of,
    hash_of,
    liabilities_of,
    put_redemption,
    require_reserve,
    update_reserve,
)
from governance_contracts.bank.deadlines import RETURN_AFTER_MS, waits, watch_cover, watch_lines
from governance_contracts.coins.balances import (
    FREE,
    LotId,
    book,
    create,
    destroy,
    held_of,
    lots_of,
)
from governance_contracts.coins.coin import Phase, require_coin, require_phase
from governance_contracts.earmarks.lots import require_lot
from governance_contracts.people.acting import require_account


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


@event
class CoinBurned(Record, tag=716):
    """To the account whose deposit the bank took back: coin it had not given out is gone."""

    coin: Code
    lot: LotId
    amount: AmountField


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
        more=statement.more,
        closed_ms=statement.closed_ms,
        balance=statement.closing,
        own=max(0, statement.opening) if first else reserve.own,
    )
    burned = unmatched = 0
    deadline = statement.closed_ms + RETURN_AFTER_MS
    nobodys = []
    for entry in statement.entries:
        line = Line(draft, context, statement, entry)
        state, gone = line.apply()
        burned += gone
        unmatched += state == EntryState.OPEN and not entry.credit
        if waits(entry.kind, state):
            nobodys.append(entry.number)
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
                (deadline,) if waits(entry.kind, state) else (),
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
    watch_lines(draft, context, coin, statement.sequence, nobodys, deadline)
    watch_cover(draft, context, coin)
    reserve = require_reserve(draft, coin)
    context.emit(
        StatementBooked(
            coin,
            statement.sequence,
            statement.closing,
            max(-CENTS_MAX, cover_of(reserve)),
            Cents(liabilities_of(draft, coin)),
            Cents(min(CENTS_MAX, deficit_of(draft, coin))),
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
                self.update(reserve, own=max(-CENTS_MAX, reserve.own - amount))
                return EntryState.USED, 0
            case EntryKind.COVER:
                self.update(reserve, own=max(reserve.own, min(0, reserve.own + amount)))
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
        count_under_way(self.draft, redemption.holder, -1)
        put_redemption(self.draft, name, redemption, RedemptionState.SETTLED)
        face = face_of(redemption)
        book(self.draft, self.coin, redeeming=-face, burned=face)
        self.context.emit(RedemptionSettled(name, redemption.amount), redemption.holder)
        return EntryState.USED, face

    def bounce(self) -> EntryState:
        """Came back after it was paid: the burned coin is made again, for the same holder. Of a
        coin that is closed none is made any more: the euros wait to go back."""
        found = self.redemption(RedemptionState.SETTLED)
        if found is None:
            self.set_aside(require_reserve(self.draft, self.coin))
            return EntryState.OPEN
        name, redemption = found
        again = Draft(self.draft)
        try:
            require_account(self.draft, redemption.holder)
            require_phase(require_coin(self.draft, self.coin), Phase.CLAIMS)
            for part in redemption.parts:
                create(again, self.coin, redemption.holder, part.lot, part.amount)
        except (
            Rejected
        ):  # account or coin closed, or no room left: a statement is not refused for that
            self.set_aside(require_reserve(self.draft, self.coin))
            return EntryState.OPEN
        self.draft.absorb(again)
        put_redemption(self.draft, name, redemption, RedemptionState.BOUNCED)
        self.context.emit(RedemptionBounced(name, redemption.amount), redemption.holder)
        return EntryState.USED

    def send_back(self, reserve: Reserve) -> tuple[EntryState, int]:
        """A credit that went back: unminted, it is just gone; minted, its account's coin is burned
        as far as `unspent` reaches. The rest is deficit."""
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
                    burned = self.burn_unspent(account, credit.amount)
            elif credit.state == EntryState.OPEN:
                self.update(reserve, unattributed=max(0, reserve.unattributed - credit.amount))
            else:
                break
            self.draft.put(ENTRIES, key, with_state(credit, EntryState.RETURNED))
            return EntryState.USED, burned
        return EntryState.OPEN, 0

    def burn_unspent(self, account: bytes, amount: int) -> int:
        """Burn what the account has not given out: free coin first, then earmarks of its own that
        it still holds, by lot number. What others hold of its earmarks is a promise to them and
        stays; so is region-bound coin, which was paid to it by others. Returns how much."""
        own = [
            held.lot
            for held in lots_of(self.draft, account, self.coin)
            if require_lot(self.draft, held.lot).fund == (account,)
        ]
        left = amount
        for lot in (FREE, *own):
            part = min(left, held_of(self.draft, account, self.coin, lot))
            if part:
                destroy(self.draft, self.coin, account, part, lot)
                self.context.emit(CoinBurned(self.coin, lot, Cents(part)), account)
                left -= part
        return amount - left


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
