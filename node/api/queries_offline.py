"""What an account has set aside for payments without a network, with the proofs its device needs.

A seller who is out of reach of every node checks an allowance against a header that enough boards
signed; so the payer's device carries the record and its proof. The record does not say whose the
allowance is.
"""

from __future__ import annotations

from chain.address import encode_address
from chain.codec import encode
from chain.ledger import Ledger
from chain.state import number
from governance_contracts.offline.records import ALLOWANCES, GUARANTEES, OPEN
from node.api.heights import header_at
from node.api.shapes import Hex, ProvedRecord, Shape
from node.replica import Replica


class AllowanceShape(Shape):
    """`seller`: null for a general allowance, which `guarantee` covers. `records`: the allowance,
    and for a general one the guarantee, proved under the answer's header."""

    number: int
    coin: str
    device: Hex
    amount_cents: int
    paid_cents: int
    until_ms: int
    seller: str | None
    place: int | None
    guarantee: int | None
    frozen: bool
    records: list[ProvedRecord]


class AllowancesAnswer(Shape):
    height: int
    header: Hex
    certificate: Hex
    allowances: list[AllowanceShape]


def allowances(replica: Replica, account: bytes, prefix: str) -> AllowancesAnswer | None:
    """The open allowances of an account. None before the first block."""
    ledger = replica.ledger
    header = header_at(replica, ledger.tip.height)
    if header is None:
        return None
    certificate = replica.store.certificate(header.height)
    assert certificate is not None, "a block is stored with its certificate"
    return AllowancesAnswer(
        height=header.height,
        header=encode(header).hex(),
        certificate=encode(certificate).hex(),
        allowances=open_allowances(ledger, account, prefix),
    )


def open_allowances(ledger: Ledger, account: bytes, prefix: str) -> list[AllowanceShape]:
    opened = ledger.get(OPEN, account)
    return [_allowance(ledger, n, prefix) for n in (opened.allowances if opened else ())]


def _allowance(ledger: Ledger, name: int, prefix: str) -> AllowanceShape:
    found = ledger.get(ALLOWANCES, name)
    assert found is not None, "an open allowance has a record"
    records = [_proved(ledger, ALLOWANCES.number, name)]
    records += [_proved(ledger, GUARANTEES.number, cover.guarantee) for cover in found.cover]
    seller = found.seller[0] if found.seller else None
    return AllowanceShape(
        number=name,
        coin=found.coin,
        device=found.device.hex(),
        amount_cents=found.amount,
        paid_cents=found.paid,
        until_ms=found.until_ms,
        seller=None if seller is None else encode_address(prefix, seller.account),
        place=None if seller is None else seller.place,
        guarantee=found.cover[0].guarantee if found.cover else None,
        frozen=found.frozen,
        records=records,
    )


def _proved(ledger: Ledger, table: int, name: int) -> ProvedRecord:
    stored, proof = ledger.prove(table, number(name))
    return ProvedRecord(
        table=table,
        key=number(name).hex(),
        stored=None if stored is None else stored.hex(),
        proof=encode(proof).hex(),
    )
