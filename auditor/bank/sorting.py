"""What each line of a statement is: a deposit, a redemption that was paid, a charge, ...

By what the bank itself says, in a fixed order, and by what people add for a line (`told`). Two who
know the same references and the same earlier statements find the same.

    credit  names a redemption of ours       BOUNCE
            the reference for cover          COVER
            an account's reference           DEPOSIT
            the bank says interest           INTEREST
            else                             UNATTRIBUTED: goes back after 30 days
    debit   names a redemption of ours       REDEMPTION
            returns or reverses a credit     RETURN of that credit, if it is found
            goes to whoever paid a credit
            that nobody claimed, in whole    RETURN of that credit
            the bank says charges, interest  CHARGE
            else                             REDEMPTION that names none: unexplained, and public
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from auditor.bank.commitments import Payment
from auditor.bank.orders import parse
from auditor.bank.references import COVER
from governance_contracts.bank.books import CREDITS, EntryKind

Place = tuple[int, int]
"""Statement and entry on the chain."""

CHARGE_CODES = frozenset({"CHRG", "FEES", "COMM", "INTR", "TAXE"})
TOLD = {
    "charge": EntryKind.CHARGE,
    "seizure": EntryKind.CHARGE,
    "cover": EntryKind.COVER,
    "interest": EntryKind.INTEREST,
    "unattributed": EntryKind.UNATTRIBUTED,
}
"""What a person may say of a line."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """A line and what it is. `account`: for a DEPOSIT, whose. `redemption`: its number."""

    payment: Payment
    kind: EntryKind
    account: bytes = b""
    redemption: int | None = None
    returns: Place | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit of an earlier line that may come back."""

    place: Place
    amount: int
    kind: int
    end_to_end: str
    reference: str
    iban: str


@dataclass(slots=True)
class Sorter:
    """`references`: valid reference to account id, or `COVER`. Lines are sorted in order, since a
    return may be of a credit above it."""

    chain: bytes
    coin: str
    references: Mapping[str, bytes]
    told: Mapping[int, EntryKind] = field(default_factory=dict)
    credits: dict[int, list[Credit]] = field(default_factory=dict)
    """By amount, oldest first, without those that went back."""

    def remember(self, credits: Iterable[Credit]) -> None:
        for credit in credits:
            self.credits.setdefault(credit.amount, []).append(credit)

    def forget(self, places: Iterable[Place]) -> None:
        """These credits went back."""
        gone = set(places)
        for amount, kept in self.credits.items():
            if any(credit.place in gone for credit in kept):
                self.credits[amount] = [credit for credit in kept if credit.place not in gone]

    def sort(self, payment: Payment, place: Place) -> Sorted:
        """What the line at this place of the chain is. Raises ValueError for a `told` kind of the
        other sign, with the line's number."""
        told = self.told.get(payment.number)
        if told is not None:
            if payment.credit != (told in CREDITS):
                raise ValueError(payment.number)
            found = Sorted(payment, told)
        elif payment.credit:
            found = self._credit(payment)
        else:
            return self._debit(payment)
        if payment.credit:
            one = payment.transaction
            self.remember(
                [Credit(place, one.amount, found.kind, one.end_to_end, one.reference, one.iban)]
            )
        return found

    def _redemption(self, payment: Payment) -> int | None:
        one = payment.transaction
        if "SC-" not in one.end_to_end and "SC" not in one.text.upper():
            return None
        named = parse(self.chain, self.coin, one.end_to_end)
        return named if named is not None else parse(self.chain, self.coin, one.text)

    def _credit(self, payment: Payment) -> Sorted:
        one = payment.transaction
        redemption = self._redemption(payment)
        if redemption is not None:
            return Sorted(payment, EntryKind.BOUNCE, redemption=redemption)
        account = self.references.get(one.reference) if one.reference else None
        if account == COVER:
            return Sorted(payment, EntryKind.COVER)
        if account is not None:
            return Sorted(payment, EntryKind.DEPOSIT, account)
        if one.bank_code.rpartition("/")[2] == "INTR":
            return Sorted(payment, EntryKind.INTEREST)
        return Sorted(payment, EntryKind.UNATTRIBUTED)

    def _debit(self, payment: Payment) -> Sorted:
        one = payment.transaction
        redemption = self._redemption(payment)
        if redemption is not None:
            return Sorted(payment, EntryKind.REDEMPTION, redemption=redemption)
        if one.returned or payment.entry.reversal:
            return Sorted(payment, EntryKind.RETURN, returns=self._take(payment, returned=True))
        place = self._take(payment, returned=False)
        if place is not None:
            return Sorted(payment, EntryKind.RETURN, returns=place)
        if one.bank_code.rpartition("/")[2] in CHARGE_CODES:
            return Sorted(payment, EntryKind.CHARGE)
        return Sorted(payment, EntryKind.REDEMPTION)

    def _take(self, payment: Payment, *, returned: bool) -> Place | None:
        """The oldest credit that this debit gives back. Returned by the bank: the same end-to-end
        id, or the same reference. Sent back by the office: nobody's, and to who had paid it."""
        one = payment.transaction
        kept = self.credits.get(one.amount, [])
        for at, credit in enumerate(kept):
            if returned:
                same = bool(one.end_to_end) and one.end_to_end == credit.end_to_end
                same = same or (bool(one.reference) and one.reference == credit.reference)
            else:
                same = credit.kind == EntryKind.UNATTRIBUTED and one.iban == credit.iban != ""
            if same:
                del kept[at]
                return credit.place
        return None
