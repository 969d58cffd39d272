"""Is this payment file one that a bank can pay, and pays what was decided?

Said of a file, in this order: what it is not (XML, a payment file of version 03 or 09); where it
does not fit its schema; then everything that a schema cannot see: counts, control sums, check
digits, currencies, names given twice, places left open in a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

from auditor.bank.pain import VERSIONS, Order
from genesis.texts import _

if TYPE_CHECKING:
    from xmlschema import XMLSchema

BYTES_MAX = 8 * 1024 * 1024
FAULTS_MAX = 50
_NAME = re.compile(r"[A-Za-z0-9/?:().,'+ -]{1,35}", re.ASCII)
"""What banks in SEPA pass on in a name (EPC217-08)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`where`: the element; empty for the file as a whole."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as the file says it."""

    id: str
    amount: int
    iban: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that can be paid. Cents."""

    name: str
    version: str
    payer: str
    payments: tuple[Payment, ...]

    @property
    def total(self) -> int:
        return sum(payment.amount for payment in self.payments)


class BadPayments(Exception):
    """A file that must not go to a bank, and everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def check_payments(data: bytes, currency: str = "EUR") -> Checked:
    """Raises BadPayments."""
    root = _parsed(data)
    space, _brace, tag = root.tag.rpartition("}")
    schema = space.rpartition(":")[2]
    version = next((v for v, name in VERSIONS.items() if name == schema), "")
    if tag != "Document" or not version:
        raise BadPayments(
            [
                Fault(
                    "",
                    _(
                        "This is no payment file: pain.001.001.03 or pain.001.001.09 is expected, "
                        "not {schema}."
                    ).format(schema=schema[:40] or root.tag[:40]),
                )
            ]
        )
    file = _File(root, space[1:], currency)
    faults = _against_schema(data, schema)
    faults += [fault for fault in file.faults() if fault not in faults]
    if faults:
        raise BadPayments(faults[:FAULTS_MAX])
    return Checked(file.text("GrpHdr/MsgId"), version, file.payer(), tuple(file.payments()))


def require_orders(checked: Checked, expected: Sequence[tuple[str, Order]]) -> None:
    """The file pays exactly these orders, by their names. Raises BadPayments."""
    wanted = {id: (order.amount, order.iban) for id, order in expected}
    found = {payment.id: (payment.amount, payment.iban) for payment in checked.payments}
    if wanted != found:
        off = sorted(id for id in wanted.keys() | found.keys() if wanted.get(id) != found.get(id))
        message = _("The file does not pay what was decided: {ids}.")
        raise BadPayments([Fault("", message.format(ids=", ".join(off[:5])))])


def _parsed(data: bytes) -> Any:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(data) > BYTES_MAX:
        message = _("The file is larger than {n} MB; no payment file is.")
        raise BadPayments([Fault("", message.format(n=BYTES_MAX >> 20))])
    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        reason = _("The file declares a DTD or entities; a payment file never does.")
    except (ParseError, ValueError, LookupError) as error:
        reason = _("The file is not XML: {reason}").format(reason=error)
    raise BadPayments([Fault("", reason)])


def _against_schema(data: bytes, schema: str) -> list[Fault]:
    """What the official schema says, which sepaxml carries."""
    found = []
    for error in _schema(schema).iter_errors(data.decode("utf-8", "replace")):
        place = "/".join((error.path or "").split("/")[3:])
        found.append(Fault(place, _("against the schema: {reason}").format(reason=error.reason)))
        if len(found) == FAULTS_MAX:
            break
    return found


@cache
def _schema(name: str) -> XMLSchema:
    from importlib.resources import files

    from xmlschema import XMLSchema

    return XMLSchema(str(files("sepaxml") / "schemas" / f"{name}.xsd"))


class _File:
    """The parts of a payment file that a schema cannot judge."""

    def __init__(self, root: Any, space: str, currency: str) -> None:
        self._space = {"p": space}
        self._root = root
        self._currency = currency

    def _all(self, element: Any, path: str) -> list[Any]:
        steps = "/".join(f"p:{step}" for step in path.split("/"))
        return list(element.findall(steps, self._space))

    def _text(self, element: Any, path: str) -> str:
        found = self._all(element, path)
        return (found[0].text or "").strip() if found else ""

    def text(self, path: str) -> str:
        return self._text(self._root, "CstmrCdtTrfInitn/" + path)

    def payer(self) -> str:
        return self.text("PmtInf/DbtrAcct/Id/IBAN")

    def payments(self) -> Iterator[Payment]:
        for one in self._all(self._root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf"):
            yield Payment(
                self._text(one, "PmtId/EndToEndId"),
                _cents(self._text(one, "Amt/InstdAmt")) or 0,
                self._text(one, "CdtrAcct/Id/IBAN"),
            )

    def faults(self) -> Iterator[Fault]:
        yield from self._name("GrpHdr/MsgId", self.text("GrpHdr/MsgId"))
        groups = self._all(self._root, "CstmrCdtTrfInitn/PmtInf")
        everything = self._all(self._root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf")
        header = self._all(self._root, "CstmrCdtTrfInitn/GrpHdr")
        for part in header[:1]:
            yield from self._sums("GrpHdr", part, everything)
        for group in groups:
            yield from self._name("PmtInf/PmtInfId", self._text(group, "PmtInfId"))
            yield from self._sums("PmtInf", group, self._all(group, "CdtTrfTxInf"))
            yield from self._iban("PmtInf/DbtrAcct", self._text(group, "DbtrAcct/Id/IBAN"))
        seen: set[str] = set()
        for one in everything:
            id = self._text(one, "PmtId/EndToEndId")
            yield from self._payment(one, id)
            if id in seen:
                message = _("the payment {id} stands in the file twice")
                yield Fault("EndToEndId", message.format(id=id))
            seen.add(id)

    def _payment(self, one: Any, id: str) -> Iterator[Fault]:
        yield from self._name("EndToEndId", id)
        for amount in self._all(one, "Amt/InstdAmt"):
            if not _cents((amount.text or "").strip()):
                message = _("{text!r} is no amount in whole cents above nothing")
                yield Fault("InstdAmt", message.format(text=(amount.text or "")[:40]))
            if amount.get("Ccy") != self._currency:
                message = _("the currency is {found}, not {expected}")
                yield Fault(
                    "InstdAmt",
                    message.format(found=str(amount.get("Ccy"))[:8], expected=self._currency),
                )
        if not self._text(one, "Cdtr/Nm"):
            yield Fault("Cdtr", _("the payee {id} has no name").format(id=id[:40]))
        yield from self._iban("CdtrAcct", self._text(one, "CdtrAcct/Id/IBAN"))

    def _sums(self, where: str, part: Any, payments: Sequence[Any]) -> Iterator[Fault]:
        count = self._text(part, "NbOfTxs")
        if count and count != str(len(payments)):
            message = _("{said} payments are announced, {found} are there")
            yield Fault(f"{where}/NbOfTxs", message.format(said=count[:15], found=len(payments)))
        said = self._text(part, "CtrlSum")
        if not said:
            return
        total = sum(_cents(self._text(one, "Amt/InstdAmt")) or 0 for one in payments)
        if _cents(said) is None:
            message = _("the control sum {text!r} is no amount")
            yield Fault(f"{where}/CtrlSum", message.format(text=said[:60]))
        elif _cents(said) != total:
            message = _("the control sum is {said}, the payments add up to {found}")
            shown = f"{total // 100}.{total % 100:02d}"
            yield Fault(f"{where}/CtrlSum", message.format(said=said[:20], found=shown))

    def _name(self, where: str, text: str) -> Iterator[Fault]:
        if "{" in text or "}" in text:
            message = _("{text!r} is a template's placeholder that nobody filled in")
            yield Fault(where, message.format(text=text[:40]))
        elif not _NAME.fullmatch(text) or text[0] == "/" or text[-1] == "/" or "//" in text:
            message = _("{text!r} is no name that banks pass on")
            yield Fault(where, message.format(text=text[:40]))

    def _iban(self, where: str, text: str) -> Iterator[Fault]:
        from stdnum import iban

        if not iban.is_valid(text):
            message = _("{text!r} is not a bank account number (IBAN)")
            yield Fault(where, message.format(text=text[:40]))


def _cents(text: str) -> int | None:
    """Whole cents; None for anything else than a plain decimal number from nothing up."""
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,2})?", text, re.ASCII):
        return None
    try:
        return int(Decimal(text) * 100)
    except InvalidOperation:
        return None
