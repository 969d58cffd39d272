"""Checking a proof that a node handed out: the answer to a balance or a receipt, as JSON.

It begins at something trusted (the founding document, or a header that a wallet remembers), goes
over the headers that changed the seats, and ends at the certified header in the answer; under its
roots every record and every receipt leaf is checked. Nothing is asked of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chain.block import Header, header_hash
from chain.certificate import Certificate, Seat, seats_hash
from chain.codec import Record, decode
from chain.errors import Malformed
from chain.events import read_event
from chain.light import (
    Certified,
    Clock,
    Trusted,
    check_certified,
    check_receipt,
    check_record,
    follow,
    trust_genesis,
)
from chain.merkle import ListProof
from chain.state import TABLES
from chain.tree import Proof
from genesis.document import Genesis, chain_id
from governance_contracts.versions import RELEASE

assert RELEASE, "tables and events are known once the contracts are imported"

Answer = Mapping[str, Any]


def trusted_genesis(genesis: Genesis) -> Trusted:
    seats = tuple(
        Seat(wijk.code, bytes(wijk.seat.consensus.key))
        for wijk in sorted(genesis.wijken, key=lambda wijk: wijk.code)
    )
    return trust_genesis(chain_id(genesis), genesis.epoch, genesis.time_ms, seats, seats)


def check_proof(answer: Any, trusted: Trusted, headers: Iterable[Any] = ()) -> dict[str, Any]:
    """What the answer proves, in JSON's terms.

    `headers`: those that changed the seats since the trusted one, oldest first, each with
    `next_seats`. Raises Malformed with the first thing that does not hold.
    """
    if not isinstance(answer, dict):
        raise Malformed("a JSON object was expected: the node's whole answer")
    if isinstance(answer.get("proof"), dict):
        answer = answer["proof"]
    certified = _certified(answer)
    _check_header(certified, trusted, headers)
    header = certified.header
    records = [_record(header, entry) for entry in _list(answer, "records")]
    leaves = [_leaf(header, entry) for entry in _list(answer, "leaves")]
    return {
        "verdict": "ok",
        "chain_id": header.chain.hex(),
        "height": header.height,
        "time_ms": header.time_ms,
        "block": header_hash(header).hex(),
        "state_root": header.state.hex(),
        "records": records,
        "leaves": leaves,
    }


def _check_header(certified: Certified, trusted: Trusted, headers: Iterable[Any]) -> None:
    header = certified.header
    clock = Clock(trusted.time_ms, 0)  # how old the trust may be is for who names it to say
    for entry in headers:
        step = _certified(entry)
        if trusted.height < step.header.height < header.height:
            trusted = follow(trusted, (), (step, _seats(entry)), clock)
    if (header.chain, header.epoch) != (trusted.chain, trusted.epoch):
        raise Malformed("the header belongs to another chain or epoch than what is trusted")
    if header.height < trusted.height:
        raise Malformed(
            f"header {header.height} is older than the trusted one ({trusted.height}): "
            "begin at the founding document instead"
        )
    again = header.height == trusted.height
    seats = trusted.seats if again else trusted.next_seats
    if header.seats != seats_hash(seats):
        raise Malformed(
            f"the seats changed before height {header.height}: give the headers that changed them"
        )
    check_certified(certified, seats)


def _certified(answer: Answer) -> Certified:
    header = decode(Header, _bytes(answer, "header"))
    return Certified(header, decode(Certificate, _bytes(answer, "certificate")))


def _seats(entry: Answer) -> tuple[Seat, ...]:
    seats = []
    for seat in _list(entry, "next_seats"):
        wijk = seat.get("wijk") if isinstance(seat, dict) else None
        if not isinstance(wijk, str):
            raise Malformed("a seat has a wijk and a key")
        seats.append(Seat(wijk, _bytes(seat, "key")))
    return tuple(seats)


def _record(header: Header, entry: Answer) -> dict[str, Any]:
    number = entry.get("table") if isinstance(entry, dict) else None
    if type(number) is not int or not 0 <= number < 65_536:
        raise Malformed("a record has the number of its table")
    key = _bytes(entry, "key")
    stored = None if entry.get("stored") is None else _bytes(entry, "stored")
    data = check_record(header, number, key, stored, decode(Proof, _bytes(entry, "proof")))
    table = TABLES.get(number)
    return {
        "table": number,
        "name": table.name if table else None,
        "key": key.hex(),
        "present": data is not None,
        "fields": plain(table.load(data)) if table and data is not None else None,
    }


def _leaf(header: Header, entry: Answer) -> dict[str, Any]:
    proof = decode(ListProof, _bytes(entry, "proof"))
    leaf = check_receipt(header, _bytes(entry, "leaf"), proof)
    shown: dict[str, Any] = {"kind": type(leaf).__name__, **plain(leaf)}
    if "events" in shown:
        shown["events"] = [_event(bytes.fromhex(data)) for data in shown["events"]]
    return shown


def _event(data: bytes) -> dict[str, Any]:
    event = read_event(data)
    return {"name": type(event).__name__, "fields": plain(event)}


def plain(value: Any) -> Any:
    """A record in JSON's terms: bytes as hexadecimal."""
    match value:
        case Record():
            return {name: plain(part) for name, part in msgspec.structs.asdict(value).items()}
        case tuple() | list():
            return [plain(part) for part in value]
        case bytes():
            return value.hex()
        case _:
            return value


def _list(answer: Answer, name: str) -> list[Any]:
    listed = answer.get(name) if isinstance(answer, dict) else None
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise Malformed(f"{name!r} is a list")
    return listed


def _bytes(answer: Any, name: str) -> bytes:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", value, re.ASCII):
        raise Malformed(f"there is no good {name!r} in it: text of hexadecimal digits is expected")
    return bytes.fromhex(value)
