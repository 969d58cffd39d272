"""What a wallet checks for itself: its balance and its receipts, against certified headers.

A node's answer is only a claim. Here it becomes a fact, or a Malformed that says what does not
fit: a record proved under the state root of a header that the light client trusts, a receipt leaf
proved under the receipts root of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chain.account import ACCOUNTS, PURSES, Account, Purse
from chain.block import Header, OutcomeLeaf, PartyLeaf
from chain.certificate import Certificate, Seat
from chain.codec import Record, decode
from chain.errors import Malformed
from chain.events import read_event
from chain.light import Certified, check_receipt, read_record
from chain.merkle import ListProof
from chain.state import Table
from chain.tree import Proof
from governance_contracts.coins.balances import HELD_LOTS, HeldLots


@dataclass(frozen=True, slots=True)
class Balance:
    """An account as the state of one certified header has it; None: proved not to be there."""

    account: Account | None
    purse: Purse | None
    lots: HeldLots | None


def read_certified(answer: Any) -> Certified:
    """A header and its certificate out of an answer. Raises Malformed."""
    header = decode(Header, hex_of(answer, "header"))
    return Certified(header, decode(Certificate, hex_of(answer, "certificate")))


def read_seats(listed: Any) -> tuple[Seat, ...]:
    """A list of seats out of an answer. Raises Malformed; `light.check_seats` does the rest."""
    if not isinstance(listed, list) or len(listed) > 200:
        raise Malformed("a list of seats was expected")
    seats = []
    for entry in listed:
        wijk = entry.get("wijk") if isinstance(entry, dict) else None
        if not isinstance(wijk, str):
            raise Malformed("a seat has a wijk and a key")
        seats.append(Seat(wijk, hex_of(entry, "key")))
    return tuple(seats)


def check_balance(header: Header, account: bytes, records: Any) -> Balance:
    """Check the records that a node proves for an account: exactly the three a balance is.

    Raises Malformed: a record missing, one too many, a proof that does not hold.
    """
    wanted: dict[int, Table[Any, Any]] = {
        ACCOUNTS.number: ACCOUNTS,
        PURSES.number: PURSES,
        HELD_LOTS.number: HELD_LOTS,
    }
    found: dict[int, Any] = {}
    if not isinstance(records, list):
        raise Malformed("a list of records was expected")
    for entry in records:
        number = entry.get("table") if isinstance(entry, dict) else None
        table = wanted.get(number) if isinstance(number, int) else None
        if table is None or hex_of(entry, "key") != account:
            continue  # more than was asked for, about lots for instance; not needed here
        stored = None if entry.get("stored") is None else hex_of(entry, "stored")
        proof = decode(Proof, hex_of(entry, "proof"))
        found[table.number] = read_record(header, table, account, stored, proof)
    for number, table in wanted.items():
        if number not in found:
            raise Malformed(f"the node gave no proof for table {table.name!r}")
    return Balance(found[ACCOUNTS.number], found[PURSES.number], found[HELD_LOTS.number])


@dataclass(frozen=True, slots=True)
class Outcome:
    """A receipt as proved. `refusal` is None if the outcome is ok, or if no outcome was shown."""

    id: bytes
    refusal: tuple[int, tuple[int | str | bytes, ...]] | None
    outcome_proved: bool
    events: tuple[Record, ...]


def check_receipt_leaves(header: Header, id: bytes, account: bytes, leaves: Any) -> Outcome:
    """Check every leaf that a node shows of transaction `id` to `account`.

    Raises Malformed: no leaf, a leaf that is not in the block, one of another transaction, one
    of another party, an event unknown to this release.
    """
    if not isinstance(leaves, list) or not leaves:
        raise Malformed("the node showed no leaf of this receipt")
    refusal: tuple[int, tuple[int | str | bytes, ...]] | None = None
    outcome_proved = False
    events: list[Record] = []
    for entry in leaves:
        proof = decode(ListProof, hex_of(entry, "proof"))
        leaf = check_receipt(header, hex_of(entry, "leaf"), proof)
        if leaf.id != id:
            raise Malformed("the leaf is of another transaction")
        match leaf:
            case OutcomeLeaf():
                outcome_proved = True
                for record in leaf.refusal:
                    refusal = (record.code, record.values)
            case PartyLeaf():
                if leaf.party not in (account, b""):
                    raise Malformed("the leaf is of another party")
                events += [read_event(data) for data in leaf.events]
    return Outcome(id, refusal, outcome_proved, tuple(events))


def hex_of(answer: Any, name: str) -> bytes:
    """A field of bytes. Raises Malformed."""
    value = answer.get(name) if isinstance(answer, dict) else None
    try:
        return bytes.fromhex(value) if isinstance(value, str) else _missing(name)
    except ValueError:
        return _missing(name)


def _missing(name: str) -> bytes:
    raise Malformed(f"the node's answer has no good {name!r}")
