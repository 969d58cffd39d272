"""JSON of what recurs and of what was paid by mistake, as their parties read it."""

from __future__ import annotations

from node.api.shapes import Shape


class RecurringShape(Shape):
    """`kind`: 1 the payee collects up to the ceiling, 2 it is paid on its day. `unit`: 1 days,
    2 months. `state`: 1 running, 2 paused. `left_cents`: of the period that is running."""

    number: int
    payer: str
    payee: str
    coin: str
    kind: int
    ceiling_cents: int
    unit: int
    every: int
    start_ms: int
    periods: int | None
    end_ms: int | None
    purpose: str
    category: str
    place: int | None
    state: int
    left_cents: int


class RecurringAnswer(Shape):
    height: int
    recurring: list[RecurringShape]


class CaseShape(Shape):
    """`role`: payer, payee or office. `payer`: as the payee knows it. `reason`, `reply`: see the
    guide. `state`: 1 open, 2 returned, 3 answered, 4 in mediation."""

    payment: str
    number: int
    role: str
    payer: str
    payee: str
    coin: str
    amount_cents: int
    reason: int
    state: int
    reply: int | None
    opened_ms: int
    answer_by_ms: int


class CasesAnswer(Shape):
    height: int
    cases: list[CaseShape]
