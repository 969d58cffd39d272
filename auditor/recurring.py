"""Recurring payments: nobody collects more than the payer agreed to, or without having asked.

An agreement counts from the payer's own signature until it is ended. Sums are kept per period.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.authority import Note
from auditor.wire import Fields
from genesis.texts import _

ACTIVE, ENDED = 1, 3


@dataclass(slots=True)
class Agreement:
    payer: bytes
    payee: bytes
    ceiling: int
    state: int = ACTIVE
    period: int = 0
    collected: int = 0


@dataclass(slots=True)
class Recurring:
    note: Note
    agreements: dict[int, Agreement] = field(default_factory=dict)
    covered: tuple[bytes, bytes, int] | None = None
    """Payer, payee and amount of the one payment that may follow without the payer's signature."""

    def granted(self, event: Fields, party: bytes) -> bool:
        """Told to payer and payee; is this the payer's?"""
        _n, number, agreed = event
        _tag, payer, payee, _coin, _kind, ceiling, *_rest = agreed
        if party == payer:
            self.agreements[number] = Agreement(payer, payee, ceiling)
        return bool(party == payer)

    def changed(self, event: Fields, party: bytes) -> None:
        known = self.agreements.get(event[1])
        if known is not None:
            known.state = event[2]

    def collected(self, event: Fields, party: bytes) -> None:
        """Told to the payer, then to the payee, before the payment itself."""
        _n, number, period, amount, _left, _payment = event
        known = self.agreements.get(number)
        if known is None or known.state != ACTIVE or period < known.period:
            self.note("authority", _("Coin was collected without an agreement."), "", party.hex())
            return
        if party != known.payer:
            return
        if period != known.period:
            known.period, known.collected = period, 0
        known.collected += amount
        if known.collected > known.ceiling:
            self.note(
                "authority",
                _("More was collected than the payer agreed to."),
                str(known.ceiling),
                str(known.collected),
            )
        self.covered = (known.payer, known.payee, amount)

    def covers(self, payer: bytes, payee: bytes, amount: int) -> bool:
        """Is this payment the one that was collected or ordered? Once only."""
        covered, self.covered = self.covered, None
        return covered == (payer, payee, amount)
