"""Letters with a code: coin set aside under public keys, claimed once each, or back.

Kept from what issuers handed in. What a claimant gets must be what its code was given, with the
signature of the code's key over the account that got it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.authority import Note, Ran
from auditor.balances import FREE, Balances
from auditor.wire import Fields
from chain.block import Header
from chain.crypto import sign_bytes, verify
from chain.kinds import Kind
from genesis.texts import _


@dataclass(slots=True)
class Run:
    issuer: bytes
    coin: str
    lot: int
    left: int


@dataclass(slots=True)
class Letters:
    balances: Balances
    note: Note
    runs: dict[int, Run] = field(default_factory=dict)
    codes: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """By public key: the run, and the amount. Used codes are gone."""
    issues: deque[Fields] = field(default_factory=deque)
    takes: deque[Fields] = field(default_factory=deque)

    def begin(self, calls: Iterable[Ran]) -> None:
        """The calls that a transaction carried out, in order."""
        self.issues.clear()
        self.takes.clear()
        for call in calls:
            if call.name == "claim.issue":
                self.issues.append(call.args)
            elif call.name == "claim.take":
                self.takes.append(call.args)

    def issued(self, event: Fields, party: bytes) -> None:
        _n, number, coin, count, amount, lot, _expires = event
        lines = self.issues.popleft()[3] if self.issues else []
        if (len(lines), sum(line[2] for line in lines)) != (count, amount):
            self._differs(amount, sum(line[2] for line in lines))
        self.balances.add(party, coin, FREE, -amount)
        self.balances.escrow[coin] += amount
        self.runs[number] = Run(party, coin, lot, amount)
        for _tag, key, most in lines:
            self.codes[key] = (number, most)

    def claimed(self, event: Fields, party: bytes, header: Header) -> None:
        _n, issuer, coin, amount, lot, _purpose = event
        args: Fields = self.takes.popleft() if self.takes else [0, b"", b"", b""]
        _tag, account, key, signature = args
        number, most = self.codes.pop(key, (0, 0))
        run = self.runs.get(number)
        found = [account, issuer, coin, amount, lot]
        expected = [party, run.issuer, run.coin, most, run.lot] if run else []
        message = sign_bytes(Kind.CLAIM, header.chain, header.epoch, party)
        if run is None or found != expected or not verify(key, message, signature):
            self.note("receipt", _("A claim that no letter covers."), "", party.hex())
        self._out(run, coin, amount)
        self.balances.add(party, coin, lot, amount)

    def returned(self, event: Fields, party: bytes) -> None:
        _n, number, coin, _count, amount = event
        run = self.runs.get(number)
        if run is None or (run.issuer, run.coin) != (party, coin):
            self.note("receipt", _("Letters came back that nobody sent."), "", party.hex())
        self._out(run, coin, amount)
        self.balances.add(party, coin, FREE, amount)

    def _out(self, run: Run | None, coin: str, amount: int) -> None:
        self.balances.escrow[coin] -= amount
        if run is not None:
            run.left -= amount
            if run.left < 0:
                self._differs(amount + run.left, amount)

    def _differs(self, expected: int, found: int) -> None:
        message = _("{what}: the sums differ.").format(what=_("letters with a code"))
        self.note("receipt", message, str(expected), str(found))
