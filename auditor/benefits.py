"""Target-group discounts, counted a second time: to whom, where, and out of which pot.

A discount is for an account that the fund admitted, at a shop that joined. A pot bears no more than
its shop filled. A shop's figure is told of enough discounts and holders, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.authority import Note
from auditor.balances import FREE, Balances
from auditor.wire import Fields
from genesis.texts import _

DISCOUNTS_MIN, HOLDERS_MIN = 10, 5


@dataclass(slots=True)
class Pot:
    joined: bool = False
    left: int = 0
    used: int = 0
    discounts: int = 0
    holders: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Benefits:
    balances: Balances
    note: Note
    funds: dict[str, bytes] = field(default_factory=dict)
    holders: set[tuple[str, bytes]] = field(default_factory=set)
    pots: dict[tuple[str, bytes], Pot] = field(default_factory=dict)

    def opened(self, event: Fields, party: bytes) -> None:
        self.funds[event[1]] = event[2]

    def closed(self, event: Fields, party: bytes) -> None:
        self.funds.pop(event[1], None)

    def admitted(self, event: Fields, party: bytes) -> None:
        self.holders.add((event[1], party))

    def removed(self, event: Fields, party: bytes) -> None:
        self.holders.discard((event[1], party))

    def joined(self, event: Fields, party: bytes) -> None:
        self._pot(event[1], event[2]).joined = True

    def left(self, event: Fields, party: bytes) -> None:
        self._pot(event[1], event[2]).joined = False

    def filled(self, event: Fields, party: bytes) -> None:
        """Told to the shop; the fund hears of it in an event of its own."""
        _n, benefit, fund, coin, amount = event
        self.balances.add(party, coin, FREE, -amount)
        self.balances.add(fund, coin, FREE, amount)
        self._pot(benefit, party).left += amount

    def discounted(self, event: Fields, party: bytes) -> None:
        _n, _number, benefit, fund, shop, _coin, _amount, borne, _lines = event
        pot = self._pot(benefit, shop)
        entitled = (benefit, party) in self.holders and pot.joined
        if not entitled or self.funds.get(benefit) != fund:
            message = _("A discount that fund, holder and shop did not agree to.")
            self.note("authority", message, party.hex(), benefit)
        pot.left -= borne
        pot.used += borne
        pot.discounts += 1
        pot.holders.add(party)
        if pot.left < 0:
            self.note("receipt", _("A pot bore more than was in it."), "0", str(pot.left))

    def returned(self, event: Fields) -> None:
        _n, _payment, _number, benefit, _fund, shop, _coin, _amount, borne = event
        pot = self._pot(benefit, shop)
        pot.left += borne
        pot.used = max(0, pot.used - borne)

    def told(self, event: Fields, party: bytes) -> None:
        """A shop's figure."""
        _n, benefit, _coin, amount = event
        pot = self._pot(benefit, party)
        if pot.discounts < DISCOUNTS_MIN or len(pot.holders) < HOLDERS_MIN:
            message = _("A shop was told a figure of too few discounts or holders.")
            self.note("receipt", message, f"{DISCOUNTS_MIN}, {HOLDERS_MIN}", str(pot.discounts))
        if amount != pot.used:
            message = _("A shop was told another figure than its pot bore.")
            self.note("receipt", message, str(pot.used), str(amount))
        pot.used, pot.discounts = 0, 0
        pot.holders.clear()

    def _pot(self, benefit: str, shop: bytes) -> Pot:
        return self.pots.setdefault((benefit, shop), Pot())
