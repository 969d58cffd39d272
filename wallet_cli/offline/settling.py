"""Handing in what was taken without a network, payment by payment."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from genesis.console import Exit, UserError, _, format_cents
from governance_contracts.offline.general import SettleGeneral
from governance_contracts.offline.offline import Settle
from governance_contracts.offline.records import SignedGeneral, SignedTotal
from wallet_cli import sending
from wallet_cli.client import Answer
from wallet_cli.core import builder
from wallet_cli.core.offline import Signed, Taking
from wallet_cli.desk import Session
from wallet_cli.offline.store import Store

OVER = ("NothingNew", "UnknownAllowance")
"""Refusals after which there is nothing more to expect of a payment."""


def settle_taking(session: Session, store: Store, taking: Taking) -> list[Answer]:
    """One row per payment that was not settled before; each is noted as soon as it is final.

    A refusal of the chain is a row too, so that one payment does not hold up the others. Raises
    UserError: the node is gone, the wallet cannot sign alone.
    """
    rows: list[Answer] = []
    for signed in taking.payments:
        mark = mark_of(signed)
        if mark in taking.settled:
            continue
        row, over = _settle(session, taking, signed)
        rows.append(row)
        if over:
            taking = replace(taking, settled=(*taking.settled, mark))
            store.put_taking(taking)
    return rows


def mark_of(signed: Signed) -> int:
    """What tells a payment from the others of its allowance."""
    if isinstance(signed, SignedTotal):
        return int(signed.payment.total)
    return signed.payment.sequence


def _settle(session: Session, taking: Taking, signed: Signed) -> tuple[Answer, bool]:
    if isinstance(signed, SignedGeneral):
        call = builder.call("offline", "settle_general", SettleGeneral(signed))
    else:
        call = builder.call("offline", "settle", Settle(signed))
    account = session.account()
    sending.require_one_signature(account)
    row: Answer = {
        "allowance": taking.certificate.number, "tx_id": None, "credited_cents": 0, "refusal": None,
    }  # fmt: skip
    try:
        final = sending.send(session.client, sending.make_sheet(session, account, (call,)))
    except UserError as error:
        if error.exit_code != Exit.REFUSED:
            raise
        row |= {"refusal": error.name, "text": error.message}
        return row, error.name in OVER
    credited = _credited(session, final.id)
    row |= {
        "tx_id": final.id.hex(),
        "credited_cents": credited,
        "text": _("{amount} credited").format(amount=format_cents(credited)),
    }
    return row, True


def _credited(session: Session, id: bytes) -> int:
    """From the receipt: what the seller's event says."""
    path = f"/v1/accounts/{session.profile.address}/history?limit=20"
    entries: Any = session.client.get(path).get("entries", [])
    for entry in entries:
        if entry.get("id") == id.hex():
            return sum(
                int(event["fields"]["amount"])
                for event in entry.get("events", [])
                if event.get("name") == "OfflineReceived"
            )
    return 0
