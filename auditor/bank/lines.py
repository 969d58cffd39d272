"""What a bank statement says, read: statement, entries, transactions. Amounts are integer cents.

An *entry* is what the bank booked (`Ntry`); a *transaction* is one payment inside it (`TxDtls`).
Most entries hold one; a batch holds several, which add up to it. Texts are as the bank wrote them,
names and account numbers included: nothing here goes on the chain.
"""

from __future__ import annotations

from dataclasses import dataclass


class BadStatement(Exception):
    """A file that proves nothing about a reserve. `why` is a stable name for programs:

        size, xml, forbidden, encoding      the file itself
        message, version, page              not a whole camt.053 that is read here
        account, currency, balance, amount, date, status, batch
                                            a part that is missing or not what it should be
        pending, sum, gap, opening          it does not add up, or does not follow the one before

    The text says what was expected and what to do.
    """

    def __init__(self, why: str, message: str) -> None:
        super().__init__(message)
        self.why = why


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment. `credit`: towards the account. `reference`: a valid ISO 11649 reference (RF...),
    if exactly one is given. `returned`: the reason code if it is a return, "?" if none is given.
    `bank_code`: domain/family/sub-family as ISO 20022 names them, or the bank's own."""

    amount: int
    credit: bool
    reference: str = ""
    end_to_end: str = ""
    bank_reference: str = ""
    text: str = ""
    name: str = ""
    iban: str = ""
    returned: str = ""
    bank_code: str = ""


@dataclass(frozen=True, slots=True)
class BankEntry:
    """A booked entry. `reversal`: the bank undoes an entry of the other sign. `date`: booked on,
    as in 2026-01-31. `transactions`: at least one."""

    amount: int
    credit: bool
    reversal: bool
    date: str
    reference: str
    bank_code: str
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A statement of one account. `iban` without spaces; `legal`, `electronic`: the bank's
    numbers, None where it gives none. `closed_ms`: the end of its period, or when it was made if
    that is earlier; a time without a zone is read as UTC. `left_out`: entries that are for
    information or still expected, and their sum, which the balances must not need."""

    version: str
    id: str
    legal: int | None
    electronic: int | None
    iban: str
    currency: str
    closed_ms: int
    closing_date: str
    opening: int
    closing: int
    entries: tuple[BankEntry, ...]
    left_out: int = 0
    pending: int = 0

    @property
    def number(self) -> int | None:
        """The bank's number of this statement."""
        return self.legal if self.legal is not None else self.electronic
