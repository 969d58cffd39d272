"""Offline coin, counted a second time: what was set aside for which allowance, where it went."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from auditor.authority import Note, Ran
from auditor.balances import FREE, Balances
from auditor.wire import Fields, encode
from chain import crypto
from chain.block import Header
from chain.kinds import Kind
from genesis.texts import _

DEVICE_AT = {"offline.open": 5, "offline.open_general": 3}
"""Calls that open an allowance: which argument is the device's key."""
SETTLING = ("offline.settle", "offline.settle_general")


class Offline:
    """`left`: by number, what an allowance (and in `guarantees`, a guarantee) still holds; `paid`:
    what came out of an allowance's own coin. `devices`: whose signature pays out of it.
    `repaying`: the payer was told of a repayment, and the fund is next."""

    def __init__(self, balances: Balances, note: Note) -> None:
        self.balances = balances
        self.note = note
        self.left: dict[int, int] = {}
        self.guarantees: dict[int, int] = {}
        self.paid: dict[int, int] = {}
        self.devices: dict[int, bytes] = {}
        self._opening: deque[bytes] = deque()
        self._settling: deque[Fields] = deque()
        self._header: Header | None = None
        self._covered: tuple[int, int] = (0, 0)
        self.repaying = False

    def begin(self, calls: Sequence[Ran], header: Header) -> None:
        """What calls say that events do not: device keys, and what devices signed."""
        self._header = header
        self._opening = deque(c.args[DEVICE_AT[c.name]] for c in calls if c.name in DEVICE_AT)
        self._settling = deque(c.args[1] for c in calls if c.name in SETTLING)

    def opened(self, event: Fields, payer: bytes) -> None:
        _n, allowance, coin, amount, _until = event
        self._lock(payer, coin, amount)
        self.left[allowance], self.paid[allowance] = amount, 0
        self.devices[allowance] = self._opening.popleft() if self._opening else b""

    def given(self, event: Fields, fund: bytes) -> None:
        _n, guarantee, coin, amount = event
        self._lock(fund, coin, amount)
        self.guarantees[guarantee] = amount

    def received(self, event: Fields, seller: bytes) -> None:
        """Told before the guarantee is: `paid_by_guarantee` takes its share off there."""
        _n, allowance, coin, amount, _place, guaranteed = event
        self._lock(seller, coin, -amount)
        self._check_signed(allowance, seller, amount)
        self.left[allowance] = self.left.get(allowance, 0) - (amount - guaranteed)
        self.paid[allowance] = self.paid.get(allowance, 0) + amount - guaranteed
        if self.left[allowance] < 0:
            self._more_than_set_aside(allowance, self.left[allowance])
        self._covered = (allowance, guaranteed)

    def _check_signed(self, allowance: int, seller: bytes, amount: int) -> None:
        """Coin leaves an allowance on its device's word alone: so much, to this seller."""
        nothing: Fields = [0, [0], b""]
        _tag, payment, signature = self._settling.popleft() if self._settling else nothing
        good = payment[1:3] == [allowance, seller] and self._header is not None
        if good:
            header = self._header
            assert header is not None
            message = crypto.sign_bytes(
                Kind.OFFLINE_PAYMENT, header.chain, header.epoch, encode(payment)
            )
            good = crypto.verify(self.devices.get(allowance, b""), message, signature)
        if payment[0] == 1:  # a total
            good = good and payment[4] - self.paid.get(allowance, 0) == amount
        else:
            good = good and amount <= payment[6]
        if not good:
            told = _("Offline allowance {number}: paid out what its device did not sign.")
            self.note("offline", told.format(number=allowance), "", seller.hex())

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
        self.paid.pop(allowance, None)
        self.devices.pop(allowance, None)

    def guarantee_ended(self, event: Fields, fund: bytes) -> None:
        _n, guarantee, coin, returned = event
        self._lock(fund, coin, -returned)
        self._returned(guarantee, self.guarantees.pop(guarantee, 0), returned)

    def repaid(self, event: Fields, party: bytes) -> None:
        """Told twice: to the payer, then to the fund."""
        _n, _guarantee, coin, amount, _debt = event
        self.balances.add(party, coin, FREE, amount if self.repaying else -amount)
        self.repaying = not self.repaying

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
