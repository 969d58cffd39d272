"""Payments and refunds, added up from receipts: what left the payer, what a fund added, what came.

The payee of a refund gives as if one party had paid it: per line from the last, free coin first.
What comes back is shared out again: a fund's discount shrinks in proportion to what is kept of the
price, the rest are the payer's parts in reverse order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.authority import Note
from auditor.balances import FREE, Balances
from auditor.benefits import Benefits
from auditor.wire import Fields
from chain.rules import DAY_MS
from genesis.texts import _

LOTS, PAYMENTS, GRACED = 70, 90, 96
GRACE_MS = 30 * DAY_MS
NO_CALL: Fields = [0, b"", 0, []]

Part = list[int]
"""Line, lot, amount, given back."""
Off = list[int]
"""Line, price, discount, given back."""


@dataclass(slots=True)
class Known:
    """A payment: its parts, and what a discount took off its lines."""

    parts: list[Part]
    off: list[Off]

    def left(self, line: int) -> int:
        parts = sum(part[2] - part[3] for part in self.parts if part[0] == line)
        return parts + sum(off[2] - off[3] for off in self.off if off[0] == line)


@dataclass(slots=True)
class Payments:
    """`check_payer`: did this account, or who decides for it, sign? `written`: a record as the
    block leaves it; `stored`: as it was before. `heir`: who has a fund's coin now."""

    balances: Balances
    benefits: Benefits
    note: Note
    check_payer: Callable[[bytes, bytes, int], None]
    written: Callable[[int, bytes], Fields | None]
    stored: Callable[[int, bytes], Fields | None]
    heir: Callable[[bytes], bytes]
    time_ms: Callable[[], int]
    transaction: bytes = b""
    asked: deque[Fields] = field(default_factory=deque)
    """Arguments of the refunds and reversals of the transaction that is read."""
    _recent: dict[tuple[bytes, int], Known] = field(default_factory=dict)
    _paid: Fields | None = None
    _added: int = 0
    _back: Fields | None = None
    _given: int = 0
    _taker: bytes = b""

    def begin_block(self) -> None:
        self._recent.clear()

    def end_receipt(self, id: bytes) -> None:
        if self._paid is not None:
            self._paid = None
            self.note("receipt", _("A payment that nobody received."), "", id.hex())

    def paid(self, event: Fields, party: bytes) -> None:
        _n, number, payee, coin, amount, drawn = event
        self.check_payer(party, payee, amount)
        total = 0
        for _tag, _line, lot, part in drawn:
            self.balances.add(party, coin, lot, -part)
            total += part
        if total != amount:
            self._differs(_("parts of a payment"), amount, total)
        self._paid, self._added = event, 0
        self._recent[(self.transaction, number)] = Known([[*p[1:4], 0] for p in drawn], [])

    def discounted(self, event: Fields, party: bytes) -> None:
        """Between what payer and payee are told: a fund adds its part."""
        _n, number, _benefit, fund, shop, coin, amount, _pot, lines = event
        paid = self._paid
        if paid is None or [number, shop, coin] != paid[1:4]:
            self.note("receipt", _("A discount without its payment."), "", party.hex())
            return
        self.benefits.discounted(event, party)
        self.balances.add(fund, coin, FREE, -amount)
        self._added += amount
        known = self._recent[(self.transaction, number)]
        known.off = [[*line[1:4], 0] for line in lines]
        if sum(off[2] for off in known.off) != amount:
            self._differs(_("lines of a discount"), amount, sum(off[2] for off in known.off))

    def received(self, event: Fields, party: bytes) -> None:
        paid, self._paid = self._paid, None
        coin, credits = event[3], event[8]
        told = [event[1], party, coin, event[4]]
        if paid is None or [*paid[1:4], paid[4] + self._added] != told:
            self.note("receipt", _("Payer and payee were told different things."), "", party.hex())
        total = 0
        for _tag, lot, amount in credits:
            self.balances.add(party, coin, lot, amount)
            total += amount
        if total != event[4]:
            self._differs(_("credits of a payment"), event[4], total)

    # Refunds: told to the payer of old (own part, then the fund's), then to the payee.

    def refunded(self, event: Fields, party: bytes) -> None:
        _n, _payment, _number, _payee, coin, _amount, credits = event
        for _tag, lot, amount in credits:
            self.balances.add(party, coin, lot, amount)
        self._back, self._given = event, 0

    def discount_returned(self, event: Fields, party: bytes) -> None:
        _n, _payment, _number, _benefit, fund, _shop, coin, amount, _pot = event
        self.benefits.returned(event)
        self.balances.add(fund, coin, FREE, amount)
        self._given, self._taker = amount, fund

    def gave_back(self, event: Fields, party: bytes) -> None:
        _n, payment, number, _payer, coin, amount = event
        told, self._back = self._back, None
        args = self.asked.popleft() if self.asked else NO_CALL
        if told is None or told[1:3] != [payment, number] or args[1:3] != [payment, number]:
            self.note("receipt", _("A refund that nobody asked for."), "", payment.hex())
            return
        known = self._payment(payment, number)
        numbers = sorted({entry[0] for entry in (*known.parts, *known.off)})
        wanted = {line: known.left(line) for line in numbers}
        if args[3]:
            wanted = {line: min(most, known.left(line)) for _tag, line, most in args[3]}
        if sum(wanted.values()) != amount:
            self._differs(_("parts of a refund"), amount, sum(wanted.values()))
        for line in sorted(wanted, reverse=True):
            self._take(known, party, coin, line, wanted[line])
        fund_part = self._shrink(known, wanted)
        if fund_part != self._given:
            self._differs(_("the fund's part of a refund"), fund_part, self._given)
        heirs = self._share(known, coin, wanted)
        returned = sum(credit[2] for credit in told[6])
        if returned + heirs != told[5] or told[5] + self._given != amount:
            self._differs(_("credits of a refund"), amount - heirs - self._given, returned)

    def _take(self, known: Known, payee: bytes, coin: str, line: int, wanted: int) -> None:
        """Out of the payee's hands: what it was credited, free coin first."""
        mine = [part for part in known.parts if part[0] == line]
        free = sum(part[2] for part in mine if not part[1])
        free += sum(off[2] for off in known.off if off[0] == line)
        credited = [(FREE, free)]
        credited += [(self._after(part[1]), part[2]) for part in reversed(mine) if part[1]]
        skip = sum(amount for _lot, amount in credited) - known.left(line)
        for after, credit in credited:
            passed = min(skip, credit)
            skip -= passed
            amount = min(wanted, credit - passed)
            wanted -= amount
            bound = min(amount, self.balances.of(payee, coin, after)) if after else 0
            self.balances.add(payee, coin, after, -bound)
            self.balances.add(payee, coin, FREE, bound - amount)

    def _shrink(self, known: Known, wanted: dict[int, int]) -> int:
        """The fund's part of what comes back; takes it off `wanted`."""
        total = 0
        for off in known.off:
            line, price, discount, before = off
            if line in wanted:
                kept = known.left(line) - wanted[line]
                off[3] = discount - discount * kept // price
                wanted[line] -= off[3] - before
                total += off[3] - before
        return total

    def _share(self, known: Known, coin: str, wanted: dict[int, int]) -> int:
        """The payer's parts, in reverse; returns what goes to funds of lots that ran out long ago,
        and gives it to them."""
        heirs = 0
        for part in reversed(known.parts):
            line, lot, drawn, before = part
            given = min(wanted.get(line, 0), drawn - before)
            if not given:
                continue
            wanted[line] -= given
            part[3] += given
            terms = self.written(LOTS, lot.to_bytes(8, "big")) if lot else None
            if terms and terms[3][7] and self.time_ms() >= terms[3][7][0] + self._grace(lot):
                self.balances.add(self.heir(terms[2][0]), coin, FREE, given)
                heirs += given
        return heirs

    def _grace(self, lot: int) -> int:
        """Grace is given once: not to a lot that a refund opened with grace."""
        return 0 if self.written(GRACED, lot.to_bytes(8, "big")) else GRACE_MS

    def _after(self, lot: int) -> int:
        record = self.written(LOTS, lot.to_bytes(8, "big"))
        return int(record[4]) if record else FREE

    def _payment(self, payment: bytes, number: int) -> Known:
        """From this block or from the state before it."""
        known = self._recent.get((payment, number))
        if known is None:
            record = self.stored(PAYMENTS, payment + bytes([number]))
            known = Known([], [])
            if record is not None:
                lines = [line for discount in record[8] for line in discount[3]]
                known = Known([part[1:5] for part in record[6]], [line[1:5] for line in lines])
            self._recent[(payment, number)] = known
        return known

    def _differs(self, what: str, expected: int, found: int) -> None:
        message = _("{what}: the sums differ.").format(what=what)
        self.note("receipt", message, str(expected), str(found))
