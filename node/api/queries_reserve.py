"""Questions about a reserve: its statements and their lines, as everybody may read them."""

from __future__ import annotations

from chain.ledger import Ledger
from governance_contracts.bank.books import (
    ATTESTED,
    ENTRIES,
    RESERVES,
    STATEMENTS,
    BookedStatement,
    EntryKind,
    EntryState,
    cover_of,
    deficit_of,
    entry_key,
    liabilities_of,
    statement_key,
)
from governance_contracts.coins.coin import require_coin
from node.api.shapes_reserve import (
    LineShape,
    ReserveState,
    StatementLines,
    Statements,
    StatementShape,
)

PENDING_MAX = 50


def reserve(ledger: Ledger, coin: str) -> ReserveState | None:
    found = ledger.get(RESERVES, coin)
    if found is None:
        return None
    first = statement_key((coin, 0))[:-8]
    waiting: list[str] = []
    for key, attested in ledger.scan(ATTESTED, first):  # in order of their numbers
        if not key.startswith(first) or len(waiting) == PENDING_MAX:
            break
        if attested.hash.hex() not in waiting:
            waiting.append(attested.hash.hex())
    return ReserveState(
        height=ledger.tip.height,
        coin=coin,
        currency=require_coin(ledger, coin).currency,
        account=found.account.hex(),
        attestors=len(found.attestors),
        needed=found.k,
        sequence=found.sequence,
        more=found.more,
        closed_ms=found.closed_ms,
        balance_cents=found.balance,
        unattributed_cents=found.unattributed,
        own_cents=found.own,
        cover_cents=cover_of(found),
        liabilities_cents=liabilities_of(ledger, coin),
        deficit_cents=deficit_of(ledger, coin),
        pending=waiting,
    )


def statements(ledger: Ledger, coin: str, start: int, limit: int) -> Statements:
    """Statements from number `start` on, at most `limit`."""
    prefix = statement_key((coin, 0))[:-8]
    listed: list[StatementShape] = []
    for key, booked in ledger.scan(STATEMENTS, statement_key((coin, start))):
        if not key.startswith(prefix) or len(listed) == limit:
            break
        listed.append(_statement(int.from_bytes(key[-8:], "big"), booked))
    return Statements(height=ledger.tip.height, statements=listed)


def lines(ledger: Ledger, coin: str, sequence: int) -> StatementLines | None:
    """A statement with all its lines; None if none of this number was taken."""
    booked = ledger.get(STATEMENTS, (coin, sequence))
    if booked is None:
        return None
    prefix = statement_key((coin, sequence))
    listed = []
    for key, entry in ledger.scan(ENTRIES, entry_key((coin, sequence, 0))):
        if not key.startswith(prefix):
            break
        listed.append(
            LineShape(
                number=int.from_bytes(key[-4:], "big"),
                credit=entry.credit,
                amount_cents=entry.amount,
                kind=EntryKind(entry.kind).name.lower(),
                state=EntryState(entry.state).name.lower(),
                return_by_ms=entry.return_by_ms[0] if entry.return_by_ms else None,
            )
        )
    return StatementLines(
        height=ledger.tip.height, statement=_statement(sequence, booked), lines=listed
    )


def _statement(sequence: int, booked: BookedStatement) -> StatementShape:
    return StatementShape(
        sequence=sequence,
        hash=booked.hash.hex(),
        attestations=len(booked.attestors),
        closed_ms=booked.closed_ms,
        opening_cents=booked.opening,
        closing_cents=booked.closing,
        lines=booked.entries,
    )
