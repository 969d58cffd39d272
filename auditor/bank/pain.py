"""Payment files for a bank: pain.001.001.03 and .09, one file per decision to export.

sepaxml writes the XML; here its random names and its clock are replaced by what follows from the
redemptions and the moment of the request, so that the same orders make the same bytes. What is
written is read back by `pain_check` before anybody sees it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from auditor.bank.orders import message_id, order_id

VERSIONS = {"03": "pain.001.001.03", "09": "pain.001.001.09"}
NAME_MAX = 70
_OTHER = re.compile(r"[^A-Za-z0-9/?:().,'+ -]", re.ASCII)
NOT_PROVIDED = "NOTPROVIDED"
"""What banks expect where nothing is known."""


@dataclass(frozen=True, slots=True)
class Payer:
    """The reserve's bank account. `bic` may be empty."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One redemption to pay. Cents. `name`: of the bank account's holder; may be empty."""

    redemption: int
    amount: int
    iban: str
    name: str = ""


def write_payments(
    chain: bytes,
    coin: str,
    currency: str,
    payer: Payer,
    orders: Sequence[Order],
    made_ms: int,
    version: str = "09",
) -> bytes:
    """The payment file. `made_ms`: when the export was asked for; the bank executes that day (UTC).

    Raises ValueError: no orders, one redemption twice, another version than 03 or 09.
    """
    if not orders or len({order.redemption for order in orders}) != len(orders):
        raise ValueError("each redemption once, one at least")
    schema = VERSIONS[version]
    made = datetime.fromtimestamp(made_ms // 1000, UTC)
    name = message_id(chain, coin, [order.redemption for order in orders])
    config = {
        "name": plain(payer.name) or NOT_PROVIDED,
        "IBAN": payer.iban,
        "currency": currency,
        "batch": True,
    }
    if payer.bic:
        config["BIC"] = payer.bic
    transfer = _transfer(config, schema)
    for order in sorted(orders, key=lambda order: order.redemption):
        id = order_id(chain, coin, order.redemption)
        transfer.add_payment(
            {
                "name": plain(order.name) or NOT_PROVIDED,
                "IBAN": order.iban,
                "amount": order.amount,
                "execution_date": date(made.year, made.month, made.day),
                "description": id,
                "endtoend_id": id,
            }
        )
    return _named(transfer.export(validate=False), name, made)


def plain(name: str) -> str:
    """A person's name in the characters that every bank in SEPA passes on, at most 70."""
    from text_unidecode import unidecode

    return " ".join(_OTHER.sub(" ", unidecode(name)).split())[:NAME_MAX].strip()


def _transfer(config: dict[str, Any], schema: str) -> Any:
    from sepaxml import SepaTransfer

    return SepaTransfer(config, schema=schema, clean=True)


def _named(written: bytes, name: str, made: datetime) -> bytes:
    """The file with our names and time in the three places where sepaxml makes up its own."""
    from xml.etree.ElementTree import SubElement

    from defusedxml.ElementTree import fromstring

    root = fromstring(written)
    space = root.tag.partition("}")[0] + "}"
    for path, text in (
        ("GrpHdr/MsgId", name),
        ("GrpHdr/CreDtTm", made.strftime("%Y-%m-%dT%H:%M:%S")),
        ("PmtInf/PmtInfId", f"{name}-1"),
    ):
        steps = "/".join(space + step for step in ("CstmrCdtTrfInitn/" + path).split("/"))
        (element,) = root.findall(steps)
        element.text = text
    for agent in root.iter(space + "FinInstnId"):
        if not len(agent):  # a bank is found by its account number; what is left empty is said so
            SubElement(SubElement(agent, space + "Othr"), space + "Id").text = NOT_PROVIDED
    return _dumped(root, space[1:-1])


def _dumped(root: Any, space: str) -> bytes:
    from xml.etree.ElementTree import indent, register_namespace, tostring

    register_namespace("", space)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + bytes(tostring(root, "utf-8")) + b"\n"
