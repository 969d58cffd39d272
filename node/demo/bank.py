"""The bank of the demo city: it writes real statements (camt.053) and pays real payment files.

    DIR/banks/COIN/account.json           the account: number, balance, what is booked since
    DIR/banks/COIN/statement-0001.xml     a statement, as the bank would send it

No such bank exists. Everything that reads its files reads those of other banks in the same way.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from auditor.bank.pain_check import BadPayments, check_payments
from auditor.bank.references import checked
from auditor.bank.writer import Account, Movement
from genesis.amounts import parse_amount
from genesis.console import Exit, UserError, _
from node.disk import replace_file

ACCOUNT = "account.json"
PAYER, PAYER_IBAN = "Vierstroom", "NL14DEMO0000009900"


@dataclass(slots=True)
class DemoBank:
    """One account at the bank; kept in `folder` from one command to the next."""

    folder: Path
    account: Account
    booked: list[Movement] = field(default_factory=list)
    """Since the last statement."""

    @classmethod
    def found(cls, folder: Path) -> DemoBank:
        """The account of this folder. Raises UserError: there is none."""
        try:
            content = json.loads((folder / ACCOUNT).read_text())
            account = Account(content["iban"], content["balance"], content["number"])
            return cls(folder, account, [Movement(**one) for one in content["booked"]])
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(
                _("{folder} holds no bank account of a demo city.").format(folder=folder)
            ) from None

    def receive(self, reference: str, cents: int) -> None:
        """Euros with a structured reference arrive."""
        self.book(Movement(cents, True, reference=reference, name=PAYER, iban=PAYER_IBAN))

    def pay(self, file: bytes) -> int:
        """Pay a payment file, and say how many payments. Raises UserError: no bank would."""
        try:
            checked = check_payments(file)
        except BadPayments as bad:
            raise UserError(str(bad)) from None
        if checked.payer != self.account.iban:
            raise UserError(
                _("The file is to be paid from {theirs}; this account is {ours}.").format(
                    theirs=checked.payer, ours=self.account.iban
                )
            )
        for payment in checked.payments:
            self.book(Movement(payment.amount, False, end_to_end=payment.id, iban=payment.iban))
        return len(checked.payments)

    def book(self, movement: Movement) -> None:
        self.booked.append(movement)
        self.save()

    def close(self, now_ms: int) -> Path:
        """The statement of everything booked since the last; its file."""
        moment = datetime.fromtimestamp(now_ms // 1000, UTC)
        path = self.folder / f"statement-{self.account.number + 1:04d}.xml"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as out:
            self.account.write(out, self.booked, moment.date().isoformat(), f"{moment:%H:%M:%S}")
        self.booked = []
        self.save()
        return path

    def save(self) -> None:
        content = {
            "iban": self.account.iban,
            "balance": self.account.balance,
            "number": self.account.number,
            "booked": [asdict(movement) for movement in self.booked],
        }
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(self.folder / ACCOUNT, json.dumps(content).encode())


def transfer(text: str) -> Movement:
    """AMOUNT=REFERENCE, or AMOUNT alone, as euros that arrive. Raises UserError (usage)."""
    amount, equals, reference = text.partition("=")
    try:
        cents = parse_amount(amount)
    except ValueError as error:
        raise UserError(str(error), Exit.USAGE) from None
    found = checked(reference)
    if equals and not found:
        raise UserError(
            _("{text!r} is not a reference (ISO 11649): its check digits do not fit.").format(
                text=reference
            ),
            Exit.USAGE,
        )
    remark = "" if found else "?"
    return Movement(cents, True, reference=found, text=remark, name=PAYER, iban=PAYER_IBAN)
