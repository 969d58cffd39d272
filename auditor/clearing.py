"""Exchanges between treasuries and the end of a coin, added up from the receipts.

An exchange is told twice, to who exchanged and then to the treasury; a cancellation once to each
of two treasuries; the rest of a coin that ends holder by holder, then once to its destination.
What is told to the one must be what is told to the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from auditor.authority import Note
from auditor.balances import FREE, Balances
from auditor.reserve import Bank
from auditor.wire import Fields
from genesis.texts import _

CLEARING = 3
"""The kind of a lot."""


class Clearing:
    def __init__(
        self,
        balances: Balances,
        bank: Bank,
        note: Note,
        treasury_of: Callable[[str], bytes | None],
        destination_of: Callable[[str], bytes | None],
    ) -> None:
        """`treasury_of` a coin's wijk, `destination_of` the rest of a coin: None if unknown."""
        self.balances = balances
        self.bank = bank
        self.note = note
        self.treasury_of = treasury_of
        self.destination_of = destination_of
        self._given: Fields | None = None
        self._home: Fields | None = None
        self._rest: Counter[str] = Counter()

    def exchanged(self, event: Fields, party: bytes) -> None:
        _n, give, take, amount = event
        self.balances.add(party, give, FREE, -amount)
        self.balances.add(party, take, FREE, amount)
        self._given = event

    def taken_in(self, event: Fields, party: bytes) -> None:
        _n, give, take, lot, amount = event
        given, self._given = self._given, None
        if given is None or given[1:] != [give, take, amount]:
            self._untold(party)
        self._check_lot(lot)
        if party != self.treasury_of(take):
            self.note("exchange", _("Coin was not given out by its own treasury."), take, "")
        self.balances.add(party, give, lot, amount)
        self.balances.add(party, take, FREE, -amount)

    def cancelled(self, event: Fields, party: bytes) -> None:
        """What leaves the clearing lots on one side comes home on the other."""
        _n, lot, coin, own, amount = event
        self._check_lot(lot)
        self.balances.add(party, coin, lot, -amount)
        self.balances.add(party, own, FREE, amount)
        before, self._home = self._home, None
        if before is None:
            self._home = event
        elif before[2:] != [own, coin, amount]:
            self._untold(party)

    def settled(self, event: Fields, party: bytes) -> None:
        _n, name, coin, lot, face, paid = event
        self._check_lot(lot)
        taken = self.bank.face_of(name, coin, paid)
        if taken != face:
            message = _("{where}: {what} differs.").format(where=coin, what=_("a settlement"))
            self.note("exchange", message, str(taken), str(face))
        self.bank.under_way(name, coin, party, paid, [(lot, face)])

    def rest_moved(self, event: Fields, party: bytes) -> None:
        _n, coin, lot, amount = event
        self.balances.add(party, coin, lot, -amount)
        self._rest[coin] += amount

    def rest_received(self, event: Fields, party: bytes) -> None:
        _n, coin, amount = event
        if self._rest.pop(coin, 0) != amount or party != self.destination_of(coin):
            self._untold(party)
        self.balances.add(party, coin, FREE, amount)

    def written_off(self, event: Fields, party: bytes) -> None:
        """The last of a coin, at its destination, worth less than a cent at everybody's rate."""
        _n, coin, amount = event
        numerator, denominator = self.bank.rates.get(coin, (1, 1))
        if amount * numerator // denominator or party != self.destination_of(coin):
            message = _("Coin was written off that is worth something, or is somebody's.")
            self.note("supply", message, "0", str(amount))
        self.balances.add(party, coin, FREE, -amount)
        self.balances.burned[coin] += amount

    def closed(self, event: Fields) -> None:
        _n, coin, minted, burned = event
        books = (self.balances.minted[coin], self.balances.burned[coin])
        if self.balances.total(coin) or (minted, burned) != books:
            message = _("A coin was closed while some of it was in being.")
            self.note("supply", message, "0", str(self.balances.total(coin)))

    def end(self) -> None:
        """After a receipt: nothing is left half told."""
        if self._given is not None or self._home is not None or self._rest.total():
            self._given = self._home = None
            self._rest.clear()
            self._untold(b"")

    def _check_lot(self, lot: int) -> None:
        if self.bank.lot_kinds.get(lot) != CLEARING:
            message = _("A treasury settled with coin that is not in a clearing lot.")
            self.note("exchange", message, "", str(lot))

    def _untold(self, party: bytes) -> None:
        message = _("Two sides of a settlement were told different things.")
        self.note("exchange", message, "", party.hex())
