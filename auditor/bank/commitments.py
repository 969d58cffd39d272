"""What stands for a bank statement on the chain: salted hashes of what the bank says.

Everything is made from the statement and the reserve's key alone, so that attestors who import the
same statement, each on their own, get the same bytes. Salts are HMACs under the key, one for each
hash: opening one line to an auditor opens no other.

    account      COMMITMENT, salt("account"), IBAN
    file         COMMITMENT, salt("file", digest), digest of the statement's content
    details      COMMITMENT, salt("line", digest, n), what the bank says of line n
    reference    COMMITMENT, salt("deposit", digest, n), account id (`deposit_reference`)

`n` counts payments over the whole bank statement, from 1. The digest is of the content as read, not
of the file's bytes: a bank that makes the file anew for each download changes nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from auditor.bank.lines import BankEntry, BankStatement, Transaction
from chain.codec import encode
from chain.crypto import tagged
from chain.kinds import Tag

SALT = 16


@dataclass(frozen=True, slots=True)
class Payment:
    """One line as it goes on the chain: a payment, with the entry it was booked in."""

    number: int
    entry: BankEntry
    transaction: Transaction

    @property
    def amount(self) -> int:
        return self.transaction.amount

    @property
    def credit(self) -> bool:
        return self.transaction.credit

    @property
    def details(self) -> bytes:
        """What the bank says of it, as bytes; amount and sign stand in clear beside it."""
        one, entry = self.transaction, self.entry
        return encode(
            [
                entry.date, entry.reference, entry.reversal, one.reference, one.end_to_end,
                one.bank_reference, one.text, one.name, one.iban, one.returned, one.bank_code,
            ]
        )  # fmt: skip


def payments_of(statement: BankStatement) -> Iterator[Payment]:
    """All payments in the bank's order."""
    number = 0
    for entry in statement.entries:
        for transaction in entry.transactions:
            number += 1
            yield Payment(number, entry, transaction)


def digest_of(statement: BankStatement) -> bytes:
    """Hash of the statement's content: account, period, balances and every payment."""
    digest = sha256()
    head = (
        statement.iban, statement.currency, statement.number or 0, statement.closing_date,
        statement.opening, statement.closing,
    )  # fmt: skip
    digest.update(encode(head))
    for payment in payments_of(statement):
        digest.update(encode((payment.credit, payment.amount)))
        digest.update(payment.details)
    return digest.digest()


def salt_of(key: bytes, *what: bytes) -> bytes:
    return hmac.new(key, b"\x00".join((b"salt", *what)), sha256).digest()[:SALT]


def line_salt(key: bytes, digest: bytes, number: int) -> bytes:
    return salt_of(key, b"line", digest, b"%d" % number)


def deposit_salt(key: bytes, digest: bytes, number: int) -> bytes:
    return salt_of(key, b"deposit", digest, b"%d" % number)


def file_salt(key: bytes, digest: bytes) -> bytes:
    return salt_of(key, b"file", digest)


def account_salt(key: bytes) -> bytes:
    return salt_of(key, b"account")


def committed(salt: bytes, what: bytes) -> bytes:
    return tagged(Tag.COMMITMENT, salt, what)


def account_commitment(key: bytes, iban: str) -> bytes:
    """What the founding document gives as `bank_account`."""
    return committed(account_salt(key), iban.encode("ascii"))
