"""Reading bank statements: ISO 20022 camt.053, versions 001.02 to 001.08.

A statement comes as it is read: an entry is let go of as soon as it is an object, so that 100 MB
take no more memory than what they say. Only booked entries count (`Sts` BOOK); what is for
information (INFO) is left out, and so is what is expected (PDNG, FUTR), with its sum, so that a
statement which needs it to add up is refused. Amounts are decimal, never floating point.

camt.052 (a report within the day) and camt.054 (a notification) prove nothing: they have no closing
balance that a bank stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import BinaryIO
from xml.etree.ElementTree import Element

from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from auditor.bank.guarded import BYTES_MAX, elements, forget, local
from auditor.bank.lines import BadStatement, BankEntry, BankStatement
from auditor.bank.payments import EntryReader, cents, clipped
from genesis.texts import _

VERSIONS = tuple(f"camt.053.001.{n:02d}" for n in range(2, 9))
ENTRIES_MAX = 200_000
_PREFIX = "urn:iso:std:iso:20022:tech:xsd:"
_OTHERS = {
    "camt.052": "camt.052, a report of movements within a day",
    "camt.054": "camt.054, a notification of single debits or credits",
    "pain.001": "pain.001, payments that a customer orders",
    "pain.002": "pain.002, a bank's report on orders",
}
_MESSAGE = re.compile(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}")

__all__ = ["VERSIONS", "read_statements"]


def read_statements(source: BinaryIO, bytes_max: int = BYTES_MAX) -> Iterator[BankStatement]:
    """The statements of a file, in its order; at least one.

    Raises BadStatement, whose `why` says what is wrong with the file or a statement in it. Whether
    the statements add up and follow is for `checks.py`.
    """
    version = ""
    count = 0
    part: _Part | None = None
    for event, element, path in elements(source, bytes_max):
        depth = len(path)
        if event == "start":
            if depth == 1:
                version = _version(element)
            elif depth == 2 and local(element)[1] != "BkToCstmrStmt":
                raise BadStatement(
                    "message", _("Inside <Document> the file holds no <BkToCstmrStmt>.")
                )
            elif depth == 3 and local(element)[1] == "Stmt":
                part = _Part(version, _space(version))
            continue
        if depth == 6 and part is not None and local(element)[1] == "TxDtls":
            part.reader.transaction(element)
            forget(element, path)
        elif depth == 4 and part is not None:
            if local(element)[1] == "Ntry":
                part.entry(element)
                forget(element, path)
            elif local(element)[1] not in _KEPT:
                forget(element, path)
        elif depth == 3:
            if local(element)[1] == "GrpHdr":
                _whole(element, _space(version) + "MsgPgntn")
            elif part is not None and local(element)[1] == "Stmt":
                count += 1
                yield part.finish(element)
                part = None
            forget(element, path)
    if not count:
        raise BadStatement("message", _("There is no statement (<Stmt>) in the file."))


_KEPT = frozenset(
    {"Id", "StmtPgntn", "ElctrncSeqNb", "LglSeqNb", "CreDtTm", "FrToDt", "Acct", "Bal"}
)


def _version(root: Element) -> str:
    """The message by its namespace. Raises BadStatement: message, version."""
    space, name = local(root)
    message = space.removeprefix(_PREFIX)
    if name != "Document" or not space.startswith(_PREFIX) or not _MESSAGE.fullmatch(message):
        raise BadStatement(
            "message",
            _(
                "The file is not an ISO 20022 message: it begins with <{name}> in the namespace "
                "“{space}”. Ask the bank for a statement as camt.053."
            ).format(name=name[:40], space=space[:80]),
        )
    if message.startswith("camt.053."):
        if message in VERSIONS:
            return message
        raise BadStatement(
            "version",
            _("The file is {message}; read are {first} to {last}.").format(
                message=message, first=VERSIONS[0], last=VERSIONS[-1]
            ),
        )
    said = _OTHERS.get(message[:8], message)
    raise BadStatement(
        "message",
        _(
            "The file is {said}. It does not prove what is on an account: only a statement "
            "(camt.053), with opening and closing balance, does. Ask the bank for that."
        ).format(said=said),
    )


def _whole(element: Element, pagination: str) -> None:
    """A statement in pages has its closing balance only on the last. Raises BadStatement: page."""
    found = element.find(pagination)
    if found is None:
        return
    space = pagination[: pagination.rfind("}") + 1]
    number = (found.findtext(f"{space}PgNb") or "").strip()
    last = (found.findtext(f"{space}LastPgInd") or "").strip()
    if number not in ("", "1") or last not in ("", "true", "1"):
        raise BadStatement(
            "page",
            _(
                "The file is page {number} of a longer statement. Download the statement as one "
                "whole."
            ).format(number=number[:5] or "?"),
        )


class _Part:
    """One statement being read."""

    def __init__(self, version: str, space: str) -> None:
        self.version = version
        self.space = space
        self.reader = EntryReader(space)
        self.entries: list[BankEntry] = []
        self.left_out = 0
        self.pending = 0
        self.currency = ""

    def entry(self, element: Element) -> None:
        number = len(self.entries) + self.left_out + 1
        status, currency, entry = self.reader.entry(element, number)
        if self.currency and currency != self.currency:
            raise BadStatement(
                "currency",
                _("The statement mixes {one} and {two}; a reserve has one currency.").format(
                    one=self.currency, two=currency
                ),
            )
        self.currency = currency
        match status:
            case "BOOK":
                self.entries.append(entry)
            case "INFO":
                self.left_out += 1
            case _:
                self.left_out += 1
                self.pending += entry.amount if entry.credit else -entry.amount
        if len(self.entries) > ENTRIES_MAX:
            raise BadStatement(
                "size", _("The statement has more than {n} entries.").format(n=ENTRIES_MAX)
            )

    def text(self, element: Element, path: str) -> str:
        return clipped(element.findtext(_path(self.space, path)))

    def finish(self, element: Element) -> BankStatement:
        """Raises BadStatement: page, account, balance, currency, amount, date."""
        _whole(element, f"{self.space}StmtPgntn")
        opening, closing, closing_date = self.balances(element)
        return BankStatement(
            self.version,
            self.text(element, "Id"),
            _number(self.text(element, "LglSeqNb")),
            _number(self.text(element, "ElctrncSeqNb")),
            self.account(element),
            self.currency,
            self.closed_ms(element, closing_date),
            closing_date,
            opening,
            closing,
            tuple(self.entries),
            self.left_out,
            self.pending,
        )

    def account(self, element: Element) -> str:
        text = self.text(element, "Acct/Id/IBAN")
        try:
            return str(ibans.validate(text))
        except ValidationError:
            raise BadStatement(
                "account",
                _(
                    "The statement's account “{text}” is not an account number (IBAN) whose "
                    "check digits fit."
                ).format(text=text),
            ) from None

    def balances(self, element: Element) -> tuple[int, int, str]:
        """Opening and closing balance, and the date of the closing one."""
        found: dict[str, tuple[int, str]] = {}
        for balance in element.findall(f"{self.space}Bal"):
            kind = self.text(balance, "Tp/CdOrPrtry/Cd")
            if kind not in ("OPBD", "PRCD", "CLBD"):
                continue
            amount, currency = cents(balance.find(f"{self.space}Amt"), kind)
            if self.currency and currency != self.currency:
                raise BadStatement(
                    "currency",
                    _("The statement mixes {one} and {two}; a reserve has one currency.").format(
                        one=self.currency, two=currency
                    ),
                )
            self.currency = currency
            match self.text(balance, "CdtDbtInd"):
                case "CRDT":
                    signed = amount
                case "DBIT":
                    signed = -amount
                case other:
                    raise BadStatement(
                        "balance",
                        _("The balance {kind} says neither CRDT nor DBIT but “{other}”.").format(
                            kind=kind, other=other
                        ),
                    )
            day = self.text(balance, "Dt/Dt") or self.text(balance, "Dt/DtTm")[:10]
            if kind in found and found[kind] != (signed, day):
                raise BadStatement(
                    "balance", _("The statement has two balances {kind}.").format(kind=kind)
                )
            found[kind] = (signed, day)
        opening = found.get("OPBD", found.get("PRCD"))
        closing = found.get("CLBD")
        if opening is None or closing is None:
            missing = "OPBD" if opening is None else "CLBD"
            raise BadStatement(
                "balance",
                _(
                    "The statement has no {missing}: without opening (OPBD) and closing balance "
                    "(CLBD) it cannot prove what is on the account."
                ).format(missing=missing),
            )
        return opening[0], closing[0], closing[1]

    def closed_ms(self, element: Element, closing_date: str) -> int:
        """The end of the statement's period, or when it was made if that is earlier."""
        end = _moment(self.text(element, "FrToDt/ToDtTm"), end_of_day=False)
        end = end or _moment(self.text(element, "FrToDt/ToDt"), end_of_day=True)
        end = end or _moment(closing_date, end_of_day=True)
        made = _moment(self.text(element, "CreDtTm"), end_of_day=False)
        if end is None and made is None:
            raise BadStatement(
                "date", _("The statement does not say when it was closed (CLBD, Dt).")
            )
        moments = [moment for moment in (end, made) if moment is not None]
        return int(min(moments).timestamp()) * 1000


def _space(version: str) -> str:
    """How ElementTree writes names of this message."""
    return f"{{{_PREFIX}{version}}}"


def _path(space: str, path: str) -> str:
    return "/".join(space + name for name in path.split("/"))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def _moment(text: str, *, end_of_day: bool) -> datetime | None:
    """A date or a time; without a zone it is UTC. Raises BadStatement (date)."""
    if not text:
        return None
    try:
        if end_of_day:
            last = time(23, 59, 59)
            return datetime.combine(date.fromisoformat(text[:10]), last, UTC)
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        if not datetime(1990, 1, 1, tzinfo=UTC) < found < datetime(2200, 1, 1, tzinfo=UTC):
            raise ValueError(text)
        return found
    except (ValueError, OverflowError):
        raise BadStatement(
            "date", _("“{text}” is not a date or time of a statement.").format(text=text)
        ) from None
