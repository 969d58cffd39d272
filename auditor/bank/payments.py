"""Entries of a statement (`Ntry`) and the payments in them (`TxDtls`), read from XML elements."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from auditor.bank.lines import BadStatement, BankEntry, Transaction
from auditor.bank.references import checked, found_in
from chain.money import CENTS_MAX
from genesis.texts import _

TEXT_MAX = 500
DETAILS_MAX = 100_000
_AMOUNT = re.compile(r"[0-9]{1,17}(?:\.[0-9]{0,10})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_ALL_RETURNS = "?"
_EMPTY = frozenset({"", "NOTPROVIDED", "NONREF"})


def clipped(text: str | None) -> str:
    """A text of the bank on one line, at most 500 characters."""
    return " ".join((text or "").split())[:TEXT_MAX]


def cents(element: Element | None, where: str) -> tuple[int, str]:
    """Amount in cents, and its currency. Raises BadStatement: amount, currency."""
    text = (element.text or "").strip() if element is not None else ""
    currency = element.get("Ccy", "") if element is not None else ""
    if not _CURRENCY.fullmatch(currency):
        raise BadStatement("currency", _("{where} names no currency.").format(where=where))
    try:
        amount = Decimal(text) * 100 if _AMOUNT.fullmatch(text) else Decimal("NaN")
        whole = int(amount)
    except (InvalidOperation, ValueError):
        whole, amount = 0, Decimal("NaN")
    if whole != amount or whole > CENTS_MAX:
        raise BadStatement(
            "amount",
            _(
                "{where}: “{text}” is not an amount with at most two decimals behind a point."
            ).format(where=where, text=text[:40]),
        )
    return whole, currency


class EntryReader:
    """Reads one entry after another; payments are handed in first, as the stream meets them."""

    def __init__(self, space: str) -> None:
        names = (
            "Amt", "CdtDbtInd", "Sts", "Sts/Cd", "RvslInd", "BookgDt/Dt", "BookgDt/DtTm",
            "NtryRef", "AcctSvcrRef", "BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd",
            "BkTxCd/Domn/Fmly/SubFmlyCd", "BkTxCd/Prtry/Cd", "NtryDtls/Btch/NbOfTxs",
            "AmtDtls/TxAmt/Amt", "Refs/EndToEndId", "Refs/AcctSvcrRef", "RmtInf/Ustrd",
            "RmtInf/Strd/CdtrRefInf/Ref", "RtrInf", "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry",
            "Nm", "Pty/Nm",
        )  # fmt: skip
        self._paths = {name: "/".join(space + step for step in name.split("/")) for name in names}
        parties = ("Dbtr", "Cdtr")
        self._parties = {
            party: (
                f"{space}RltdPties/{space}{party}",
                f"{space}RltdPties/{space}{party}Acct/{space}Id/{space}IBAN",
            )
            for party in parties
        }
        self._seen: list[Transaction] = []
        self._amounts: list[int | None] = []
        self._signs: list[str] = []

    def text(self, element: Element, name: str) -> str:
        return clipped(element.findtext(self._paths[name]))

    def transaction(self, element: Element) -> None:
        """A payment inside the entry that is being read; its amount and sign are judged with it."""
        if len(self._seen) == DETAILS_MAX:
            raise BadStatement("size", _("One entry of the file holds more than any payment does."))
        found = element.find(self._paths["AmtDtls/TxAmt/Amt"])
        direct = element.find(self._paths["Amt"])
        amount = None
        if direct is not None:
            amount = cents(direct, _("A payment"))
        elif found is not None:
            amount = cents(found, _("A payment"))
        self._amounts.append(None if amount is None else amount[0])
        sign = self.text(element, "CdtDbtInd")
        self._signs.append(sign)
        texts = [each.text or "" for each in element.findall(self._paths["RmtInf/Ustrd"])]
        text = clipped(" ".join(texts))
        structured = {
            valid
            for each in element.findall(self._paths["RmtInf/Strd/CdtrRefInf/Ref"])
            if (valid := checked(each.text or ""))
        }
        reference = structured.pop() if len(structured) == 1 else ""
        if not reference and not structured:
            reference = found_in(text)
        returned = ""
        if element.find(self._paths["RtrInf"]) is not None:
            code = self.text(element, "RtrInf/Rsn/Cd") or self.text(element, "RtrInf/Rsn/Prtry")
            returned = code or _ALL_RETURNS
        names: dict[str, tuple[str, str]] = {}
        for party, (person, account) in self._parties.items():
            who = element.find(person)
            name = "" if who is None else self.text(who, "Nm") or self.text(who, "Pty/Nm")
            names[party] = (name, _iban(element.findtext(account)))
        end_to_end = self.text(element, "Refs/EndToEndId")
        self._seen.append(
            Transaction(
                0,
                True,
                reference,
                "" if end_to_end.upper() in _EMPTY else end_to_end,
                self.text(element, "Refs/AcctSvcrRef"),
                text,
                # Both sides: which one is the other is known with the sign of the entry.
                "\x00".join((names["Dbtr"][0], names["Cdtr"][0])),
                "\x00".join((names["Dbtr"][1], names["Cdtr"][1])),
                returned,
                self._code(element),
            )
        )

    def _code(self, element: Element) -> str:
        parts = (
            self.text(element, "BkTxCd/Domn/Cd"),
            self.text(element, "BkTxCd/Domn/Fmly/Cd"),
            self.text(element, "BkTxCd/Domn/Fmly/SubFmlyCd"),
        )
        return "/".join(parts) if any(parts) else self.text(element, "BkTxCd/Prtry/Cd")

    def entry(self, element: Element, number: int) -> tuple[str, str, BankEntry]:
        """Status, currency and entry. Raises BadStatement: amount, currency, status, batch."""
        where = _("Entry {number}").format(number=number)
        amount, currency = cents(element.find(self._paths["Amt"]), where)
        sign = self.text(element, "CdtDbtInd")
        status = self.text(element, "Sts/Cd") or self.text(element, "Sts")
        if sign not in ("CRDT", "DBIT"):
            raise BadStatement(
                "status",
                _("{where} says neither CRDT nor DBIT but “{sign}”.").format(
                    where=where, sign=sign
                ),
            )
        if status not in ("BOOK", "PDNG", "INFO", "FUTR"):
            raise BadStatement(
                "status",
                _("{where} is neither booked (BOOK) nor expected (PDNG): “{status}”.").format(
                    where=where, status=status
                ),
            )
        if not amount and status == "BOOK":
            raise BadStatement("amount", _("{where} is of nothing (0.00).").format(where=where))
        credit = sign == "CRDT"
        code = self._code(element)
        bank_reference = self.text(element, "AcctSvcrRef")
        entry = BankEntry(
            amount,
            credit,
            self.text(element, "RvslInd") in ("true", "1"),
            self.text(element, "BookgDt/Dt") or self.text(element, "BookgDt/DtTm")[:10],
            bank_reference or self.text(element, "NtryRef"),
            code,
            self._payments(element, where, amount, credit, code, bank_reference),
        )
        return status, currency, entry

    def _payments(
        self,
        element: Element,
        where: str,
        amount: int,
        credit: bool,
        code: str,
        bank_reference: str,
    ) -> tuple[Transaction, ...]:
        """What was handed in since the last entry, complete. A batch without details is one."""
        seen, amounts, signs = self._seen, self._amounts, self._signs
        self._seen, self._amounts, self._signs = [], [], []
        stated = [
            int(number)
            for each in element.findall(self._paths["NtryDtls/Btch/NbOfTxs"])
            if (number := (each.text or "").strip()).isascii() and number.isdigit()
        ]
        if seen and stated and sum(stated) != len(seen):
            raise BadStatement(
                "batch",
                _("{where} is a batch of {stated} payments but lists {count}.").format(
                    where=where, stated=sum(stated), count=len(seen)
                ),
            )
        if not seen:
            plain = Transaction(amount, credit, bank_reference=bank_reference, bank_code=code)
            return (plain,)
        if len(seen) == 1:
            return (_complete(seen[0], amount, credit, code, bank_reference),)
        added = 0
        done = []
        for payment, part, sign in zip(seen, amounts, signs, strict=True):
            if part is None:
                raise BadStatement(
                    "batch",
                    _("{where} is a batch whose payments do not say their amounts.").format(
                        where=where
                    ),
                )
            towards = sign == "CRDT" if sign in ("CRDT", "DBIT") else credit
            added += part if towards == credit else -part
            if part:
                done.append(_complete(payment, part, towards, code, ""))
        if added != amount:
            raise BadStatement(
                "batch",
                _("{where} is {amount}, but its payments add up to {added}.").format(
                    where=where, amount=_euros(amount), added=_euros(added)
                ),
            )
        return tuple(done)


def _complete(
    payment: Transaction, amount: int, credit: bool, code: str, bank_reference: str
) -> Transaction:
    debtor, creditor = payment.name.split("\x00")
    debtor_iban, creditor_iban = payment.iban.split("\x00")
    # A return is booked with the parties of the first payment, so the other side may be either.
    return Transaction(
        amount,
        credit,
        payment.reference,
        payment.end_to_end,
        payment.bank_reference or bank_reference,
        payment.text,
        debtor or creditor if credit else creditor or debtor,
        debtor_iban or creditor_iban if credit else creditor_iban or debtor_iban,
        payment.returned,
        payment.bank_code or code,
    )


def _iban(text: str | None) -> str:
    """The other side's account number as the bank gives it, without spaces."""
    return "".join((text or "").split())[:34]


def _euros(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"
