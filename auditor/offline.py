"""Offline coin, counted a second time: what was set aside for which allowance, where it went."""

from __future__ import annotations

from auditor.authority import Note
from auditor.balances import FREE, Balances
from auditor.wire import Fields
from genesis.texts import _


class Offline:
    """`left`: by number, what an allowance (and in `guarantees`, a guarantee) still holds."""

    def __init__(self, balances: Balances, note: Note) -> None:
        self.balances = balances
        self.note = note
        self.left: dict[int, int] = {}
        self.guarantees: dict[int, int] = {}
        self._covered: tuple[int, int] = (0, 0)
        self._repaid = False

    def opened(self, event: Fields, payer: bytes) -> None:
        _n, allowance, coin, amount, _until = event
        self._lock(payer, coin, amount)
        self.left[allowance] = amount

    def given(self, event: Fields, fund: bytes) -> None:
        _n, guarantee, coin, amount = event
        self._lock(fund, coin, amount)
        self.guarantees[guarantee] = amount

    def received(self, event: Fields, seller: bytes) -> None:
        """Told before the guarantee is: `paid_by_guarantee` takes its share off there."""
        _n, allowance, coin, amount, _place, guaranteed = event
        self._lock(seller, coin, -amount)
        self.left[allowance] = self.left.get(allowance, 0) - (amount - guaranteed)
        if self.left[allowance] < 0:
            self._more_than_set_aside(allowance, self.left[allowance])
        self._covered = (allowance, guaranteed)

    def paid_by_guarantee(self, event: Fields, party: bytes) -> None:
        """Told to the fund and to the payer; counted once."""
        _n, guarantee, allowance, _coin, amount, _debt = event
        if self._covered == (allowance, 0):
            return  # the second telling
        if self._covered != (allowance, amount):
            self._more_than_set_aside(allowance, amount)
        self._covered = (allowance, 0)
        self.guarantees[guarantee] = self.guarantees.get(guarantee, 0) - amount
        if self.guarantees[guarantee] < 0:
            self._more_than_set_aside(guarantee, self.guarantees[guarantee])

    def ended(self, event: Fields, payer: bytes) -> None:
        _n, allowance, coin, returned = event
        self._lock(payer, coin, -returned)
        self._returned(allowance, self.left.pop(allowance, 0), returned)

    def guarantee_ended(self, event: Fields, fund: bytes) -> None:
        _n, guarantee, coin, returned = event
        self._lock(fund, coin, -returned)
        self._returned(guarantee, self.guarantees.pop(guarantee, 0), returned)

    def repaid(self, event: Fields, party: bytes) -> None:
        """Told twice: to the payer, then to the fund."""
        _n, _guarantee, coin, amount, _debt = event
        self.balances.add(party, coin, FREE, amount if self._repaid else -amount)
        self._repaid = not self._repaid

    def _lock(self, account: bytes, coin: str, amount: int) -> None:
        """Out of an account's free coin into offline coin, or with a negative amount back."""
        self.balances.add(account, coin, FREE, -amount)
        self.balances.offline[coin] += amount

    def _returned(self, number: int, expected: int, found: int) -> None:
        if expected != found:
            message = _("Offline allowance {number}: what went back is not what was left.")
            self.note("offline", message.format(number=number), str(expected), str(found))

    def _more_than_set_aside(self, number: int, found: int) -> None:
        message = _("Offline allowance {number}: more was paid out than was set aside.")
        self.note("offline", message.format(number=number), "0", str(found))
