"""A coin that ends in deficit: one rate for everybody, worked out a second time from the books."""

from __future__ import annotations

from auditor.authority import Note
from auditor.reserve import Bank
from auditor.reserve_records import EXPORTED, REQUESTED
from auditor.wire import Fields
from genesis.texts import _


class WriteDowns:
    def __init__(self, bank: Bank, note: Note) -> None:
        self.bank = bank
        self.note = note

    def began(self, event: Fields) -> None:
        """The rate must be what the books say of the cover and of the coin at this height."""
        _n, coin, _in_being, numerator, denominator = event
        bank = self.bank
        account = bank.accounts.get(coin)
        exported = sum(
            one.face
            for one in bank.redemptions.values()
            if one.coin == coin and one.state == EXPORTED
        )
        there = max(0, (account.cover if account else 0) - exported)
        owed = bank.balances.total(coin) - exported
        rate = (there, owed) if account is not None and there < owed else (1, 1)
        if (numerator, denominator) != rate:
            shown, found = f"{rate[0]}/{rate[1]}", f"{numerator}/{denominator}"
            self.note("redemption", _("The rate of a coin that ends is another."), shown, found)
        if rate != (1, 1):
            bank.rates[coin] = rate

    def written(self, event: Fields, party: bytes) -> None:
        """Told before a redemption is, or to one that waited when the rate was fixed."""
        _n, name, coin, face, paid = event
        numerator, denominator = self.bank.rates.get(coin, (1, 1))
        expected = face * numerator // denominator
        found = self.bank.redemptions.get(name)
        waited = found is not None and (found.state, found.face, found.holder) == (
            REQUESTED, face, party,
        )  # fmt: skip
        if paid != expected or (found is not None and not waited):
            message = _("A redemption was written down by another rate than everybody's.")
            self.note("redemption", message, str(expected), str(paid))
        if found is None:
            self.bank.faces[name] = face
        else:
            found.amount = paid
