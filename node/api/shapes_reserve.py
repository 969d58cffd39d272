"""The JSON of reserves: statements that were taken, and their lines. Public; nobody is named."""

from __future__ import annotations

from node.api.shapes import Shape


class ReserveState(Shape):
    """Where a reserve's books stand. `account`: commitment to the bank account's number.
    `sequence`: number of the latest statement, 0 if there is none. `more`: parts of it to come.
    `pending`: hashes of statements that wait for more attestations."""

    height: int
    coin: str
    currency: str
    account: str
    attestors: int
    needed: int
    sequence: int
    more: int
    closed_ms: int
    balance_cents: int
    unattributed_cents: int
    own_cents: int
    cover_cents: int
    liabilities_cents: int
    deficit_cents: int
    pending: list[str]


class StatementShape(Shape):
    """A statement that was taken. `lines`: how many it has."""

    sequence: int
    hash: str
    attestations: int
    closed_ms: int
    opening_cents: int
    closing_cents: int
    lines: int


class Statements(Shape):
    height: int
    statements: list[StatementShape]


class LineShape(Shape):
    """`kind`: deposit, unattributed, bounce, cover, interest, redemption, return, charge.
    `state`: open, used, returned. `return_by_ms`: for what nobody claimed."""

    number: int
    credit: bool
    amount_cents: int
    kind: str
    state: str
    return_by_ms: int | None


class StatementLines(Shape):
    height: int
    statement: StatementShape
    lines: list[LineShape]
