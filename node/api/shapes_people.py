"""JSON shapes of what people and offices read about mandates and registry entries."""

from __future__ import annotations

from node.api.shapes import Hex, HoldingShape, Shape


class CeilingShape(Shape):
    """The most of one coin that may leave, and what may still leave in this period."""

    coin: str
    once_cents: int
    in_period_cents: int
    left_cents: int


class MandateShape(Shape):
    """`holder`: null for a card, which `card` names by its key, and for the desk. `office`: the
    wijk that granted it; null: the granter. `ceilings` empty: no limit. `coins`: what the granter
    holds, for a holder who looks after all of it (guardian, parent, curator); else null."""

    number: int
    kind: str
    status: str
    granter: str
    holder: str | None
    card: Hex | None
    office: str | None
    methods: list[str]
    ceilings: list[CeilingShape]
    period_days: int
    granted_ms: int
    until_ms: int
    reference: Hex | None
    coins: list[HoldingShape] | None


class MandatesAnswer(Shape):
    """Those in force: given by the account, and held by it."""

    height: int
    given: list[MandateShape]
    mandates: list[MandateShape]


class EntryAnswer(Shape):
    """What the registry holds of an account, for its holder and for the office that answers for
    it. `band`: null, or `under-13`, `13-15`, `16-17`. `unique`: null, `begun` or `checked`."""

    height: int
    address: str
    kind: str
    status: str
    home: str
    sector: str
    office: str
    registered_ms: int
    band: str | None
    parents: list[str]
    voter: bool
    unique: str | None
    unique_by: list[str]
    mandates: list[MandateShape]
