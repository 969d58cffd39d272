"""Transactions in the making: bodies, calls, signatures, and the sheet that carries them offline.

A *sheet* is a transaction that is not sealed yet: the body's bytes and the signatures so far. It
travels as JSON through pipes, files and QR codes between the device that builds, those that sign
and the one that sends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from chain.codec import Record, decode, encode
from chain.errors import Malformed
from chain.transaction import (
    TRANSACTION_BYTES_MAX,
    AccountActor,
    Body,
    Call,
    Witness,
    seal,
    transaction_id,
    witness,
)

VALID_MS = 10 * 60 * 1000
"""How long a transaction may wait for its block, unless its maker says otherwise."""

VERSION = 1
"""The version of every contract that this wallet writes calls for."""

SHEET_FORMAT = "socialcoin transaction"


def call(contract: str, method: str, args: Record) -> Call:
    return Call(contract, VERSION, method, encode(args))


def next_number(highest: int, used_here: int) -> int:
    """A replay number that neither the chain nor this device has seen."""
    return max(highest, used_here) + 1


def body(
    chain: bytes,
    epoch: int,
    actor: AccountActor,
    number: int,
    valid_until_ms: int,
    calls: tuple[Call, ...],
) -> Body:
    """A checked body. Raises Malformed: no call or too many, a number out of bounds, too long."""
    made = Body(chain, epoch, actor, number, valid_until_ms, calls)
    return decode(Body, encode(made), TRANSACTION_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class Sheet:
    """`witnesses` sorted by signer and key, each once."""

    body: Body
    witnesses: tuple[Witness, ...]

    @property
    def id(self) -> bytes:
        return transaction_id(encode(self.body))

    def sealed(self) -> bytes:
        """The wire bytes. Raises Malformed if nobody has signed."""
        if not self.witnesses:
            raise Malformed("nobody has signed this transaction")
        return seal(self.body, list(self.witnesses))


def sign(sheet: Sheet, account: bytes, key: int, seed: bytes) -> Sheet:
    """Add a signature; signing again with the same key changes nothing."""
    return _with(sheet, (witness(sheet.body, account, key, seed),))


def combine(sheets: list[Sheet]) -> Sheet:
    """The signatures of several sheets of one body. Raises Malformed: none, different bodies."""
    if not sheets:
        raise Malformed("there is nothing to combine")
    first = sheets[0]
    for sheet in sheets[1:]:
        if sheet.body != first.body:
            raise Malformed("these are different transactions; only signatures of one combine")
        first = _with(first, sheet.witnesses)
    return first


def _with(sheet: Sheet, more: tuple[Witness, ...]) -> Sheet:
    found = {(w.signer, w.key): w for w in (*sheet.witnesses, *more)}
    return replace(sheet, witnesses=tuple(found[place] for place in sorted(found)))


def sheet_as_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "format": SHEET_FORMAT,
        "id": sheet.id.hex(),
        "body": encode(sheet.body).hex(),
        "witnesses": [
            {"signer": w.signer.hex(), "key": w.key, "signature": w.signature.hex()}
            for w in sheet.witnesses
        ],
    }


def sheet_from_json(data: Any) -> Sheet:
    """Raises Malformed for anything but a sheet; the `id` must be that of the body."""
    if not isinstance(data, dict) or data.get("format") != SHEET_FORMAT:
        raise Malformed("this is not a transaction as `socialcoin wallet tx build` makes one")
    try:
        found = decode(Body, bytes.fromhex(data["body"]), TRANSACTION_BYTES_MAX)
        witnesses = tuple(
            decode(
                Witness,
                encode(
                    Witness(bytes.fromhex(w["signer"]), w["key"], bytes.fromhex(w["signature"]))
                ),
            )
            for w in data["witnesses"]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("the transaction is damaged or not complete") from None
    sheet = _with(Sheet(found, ()), witnesses)
    if data.get("id") != sheet.id.hex():
        raise Malformed("the transaction was changed: its id is not that of its body")
    return sheet
