"""Writing camt.053 statements as a bank would: for the demo, tests and benchmarks.

    account = Account("NL91ABNA0417164300", opening=0)
    account.write(out, [Movement(100_00, True, reference="RF18..."), ...], day="2026-01-05")

Statements of one account follow one another: each opens with the balance the last closed with, and
has the next number. Versions 001.02 and 001.08 differ where the standard does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import BinaryIO
from xml.sax.saxutils import escape

CREDIT_TRANSFER = "PMNT/RCDT/ESCT"
PAYMENT = "PMNT/ICDT/ESCT"
CHARGES = "PMNT/MCOP/CHRG"
INTEREST = "PMNT/MCOP/INTR"
DIRECT_DEBIT = "PMNT/RDDT/ESDD"
SEIZURE = "PMNT/MDOP/OTHR"


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry. `amount` in cents; `credit`: towards the account. `structured`: the reference
    stands in its own field, else in the text. `parts`: the payments of a batch, which add up."""

    amount: int
    credit: bool
    reference: str = ""
    structured: bool = True
    end_to_end: str = ""
    text: str = ""
    name: str = ""
    iban: str = ""
    returned: str = ""
    reversal: bool = False
    code: str = ""
    status: str = "BOOK"
    parts: tuple[Movement, ...] = ()


def batch(credit: bool, parts: Iterable[Movement]) -> Movement:
    """One entry of several payments."""
    payments = tuple(parts)
    return Movement(sum(part.amount for part in payments), credit, parts=payments)


def charge(amount: int) -> Movement:
    return Movement(amount, False, text="Kosten", code=CHARGES)


def interest(amount: int) -> Movement:
    return Movement(amount, True, text="Rente", code=INTEREST)


def seizure(amount: int) -> Movement:
    return Movement(amount, False, text="Beslag", name="Deurwaarder", code=SEIZURE)


@dataclass(slots=True)
class Account:
    """A bank account whose statements follow one another. `balance` in cents, maybe negative."""

    iban: str
    balance: int = 0
    number: int = 0
    currency: str = "EUR"
    version: str = "camt.053.001.02"

    def write(
        self, out: BinaryIO, movements: Iterable[Movement], day: str, at: str = "23:59:59"
    ) -> int:
        """The next statement, of this day until `at`; returns its closing balance.

        Balances stand before the entries in the file, so the movements are gone through twice.
        """
        kept = movements if isinstance(movements, (list, tuple)) else list(movements)
        booked = (each for each in kept if each.status == "BOOK")
        total = sum(each.amount if each.credit else -each.amount for each in booked)
        opening, self.balance = self.balance, self.balance + total
        self.number += 1
        out.write(self._head(opening, day, at).encode())
        for place, movement in enumerate(kept, 1):
            out.write(self._entry(movement, f"{self.number}-{place}", day).encode())
        out.write(b"</Stmt></BkToCstmrStmt></Document>\n")
        return self.balance

    @property
    def _newer(self) -> bool:
        return self.version == "camt.053.001.08"

    def _head(self, opening: int, day: str, at: str) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{self.version}"><BkToCstmrStmt>'
            f"<GrpHdr><MsgId>{self.iban}-{self.number}</MsgId>"
            f"<CreDtTm>{day}T{at}</CreDtTm></GrpHdr>\n"
            f"<Stmt><Id>{self.iban}-{self.number}</Id><ElctrncSeqNb>{self.number}</ElctrncSeqNb>"
            f"<LglSeqNb>{self.number}</LglSeqNb><CreDtTm>{day}T{at}</CreDtTm>"
            f"<FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T{at}</ToDtTm></FrToDt>"
            f"<Acct><Id><IBAN>{self.iban}</IBAN></Id><Ccy>{self.currency}</Ccy></Acct>\n"
            + self._balance("OPBD", opening, day)
            + self._balance("CLBD", self.balance, day)
        )

    def _balance(self, kind: str, amount: int, day: str) -> str:
        sign = "DBIT" if amount < 0 else "CRDT"
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{self._amount(abs(amount))}"
            f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
        )

    def _amount(self, amount: int) -> str:
        return f'<Amt Ccy="{self.currency}">{amount // 100}.{amount % 100:02d}</Amt>'

    def _entry(self, movement: Movement, place: str, day: str) -> str:
        status = f"<Sts><Cd>{movement.status}</Cd></Sts>" if self._newer else ""
        status = status or f"<Sts>{movement.status}</Sts>"
        details = "".join(
            self._payment(part, movement.credit)
            for part in movement.parts or (replace(movement, code=""),)
        )
        if movement.parts:
            count = len(movement.parts)
            details = f"<Btch><NbOfTxs>{count}</NbOfTxs></Btch>{details}"
        return (
            f"<Ntry><NtryRef>{place}</NtryRef>{self._amount(movement.amount)}"
            f"<CdtDbtInd>{_sign(movement.credit)}</CdtDbtInd>"
            + ("<RvslInd>true</RvslInd>" if movement.reversal else "")
            + f"{status}<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
            f"<AcctSvcrRef>BANK{place}</AcctSvcrRef>{_code(movement)}"
            f"<NtryDtls>{details}</NtryDtls></Ntry>\n"
        )

    def _payment(self, part: Movement, credit: bool) -> str:
        name, iban = escape(part.name), part.iban
        party = "Dbtr" if credit else "Cdtr"
        who = f"<Pty><Nm>{name}</Nm></Pty>" if self._newer else f"<Nm>{name}</Nm>"
        parties = f"<{party}>{who}</{party}>" if name else ""
        if iban:
            parties += f"<{party}Acct><Id><IBAN>{iban}</IBAN></Id></{party}Acct>"
        amount = self._amount(part.amount)
        amounts = (
            f"{amount}<CdtDbtInd>{_sign(credit)}</CdtDbtInd>"
            if self._newer
            else f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
        )
        text = part.text
        if part.reference and not part.structured:
            text = f"{text} {part.reference}".strip()
        remittance = f"<Ustrd>{escape(text)}</Ustrd>" if text else ""
        if part.reference and part.structured:
            remittance += (
                "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>ISO</Issr></Tp>"
                f"<Ref>{part.reference}</Ref></CdtrRefInf></Strd>"
            )
        end_to_end = escape(part.end_to_end or "NOTPROVIDED")
        returned = f"<RtrInf><Rsn><Cd>{part.returned}</Cd></Rsn></RtrInf>" if part.returned else ""
        return (
            f"<TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>{amounts}"
            + (f"<RltdPties>{parties}</RltdPties>" if parties else "")
            + (f"<RmtInf>{remittance}</RmtInf>" if remittance else "")
            + f"{returned}</TxDtls>"
        )


def _sign(credit: bool) -> str:
    return "CRDT" if credit else "DBIT"


def _code(movement: Movement) -> str:
    code = movement.code or (CREDIT_TRANSFER if movement.credit else PAYMENT)
    domain, family, sub_family = code.split("/")
    return (
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd>"
        f"<SubFmlyCd>{sub_family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )
