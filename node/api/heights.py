"""Committed heights as those see them who only watch: streams, history, metrics.

A block is read here in part only: its header, and who sent each transaction. The bytes come from
the node's own store, which checks them; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from chain.block import BLOCK_BYTES_MAX, Header, header_hash
from chain.certificate import Seat, seats_hash
from chain.codec import decode
from chain.rules import HERE, SEAT_SETS, SeatSets
from chain.transaction import AccountActor, Actor
from node.replica import Replica
from node.seam import News
from node.store import Undo, height_key, unchecked


class BlockPart(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The beginning of a Block; what follows is passed over."""

    header: Header
    transactions: tuple[bytes, ...]


class HeaderPart(msgspec.Struct, frozen=True, array_like=True, tag=1):
    header: Header


class EnvelopePart(msgspec.Struct, frozen=True, array_like=True, tag=1):
    body: bytes


class BodyPart(msgspec.Struct, frozen=True, array_like=True, tag=1):
    chain: bytes
    epoch: int
    actor: Actor


_BLOCK = msgspec.msgpack.Decoder(BlockPart)
_HEADER = msgspec.msgpack.Decoder(HeaderPart)
_ENVELOPE = msgspec.msgpack.Decoder(EnvelopePart)
_BODY = msgspec.msgpack.Decoder(BodyPart)


@dataclass(frozen=True, slots=True)
class Heard:
    """A height, and which of its receipts concern which account: by actor and by party.

    Positions ascend and count all receipts of the height, due work first. `next_seats` is the
    hash of the seats that follow, if this header changes them.
    """

    news: News
    concerned: Mapping[bytes, Sequence[int]]
    actors: Mapping[int, bytes]
    next_seats: bytes | None


def header_at(replica: Replica, height: int) -> Header | None:
    """The header at a height; None if there is none, or its block is not kept."""
    data = replica.store.block_bytes(height) if height else None
    return None if data is None else _HEADER.decode(data).header


def block_part(replica: Replica, height: int) -> BlockPart | None:
    """Header and transactions of a height; None as for `header_at`."""
    data = replica.store.block_bytes(height) if height else None
    return None if data is None else _BLOCK.decode(data)


def recall(replica: Replica, height: int) -> tuple[News, bytes] | None:
    """A height as it was told when it was committed, and its block's bytes."""
    data = replica.store.block_bytes(height)
    if data is None:
        return None
    block = _BLOCK.decode(data)
    receipts = replica.store.receipts(height)
    count = len(block.transactions)
    ids = tuple(receipt.id for receipt in receipts[len(receipts) - count :])
    digest = header_hash(block.header)
    return News(height, digest, block.header.time_ms, count, receipts, ids), data


def listen(news: News, block: bytes) -> Heard:
    """Find whom a height concerns."""
    part = _BLOCK.decode(block)
    first = len(news.receipts) - len(part.transactions)
    concerned: dict[bytes, list[int]] = {}
    actors: dict[int, bytes] = {}
    for position, receipt in enumerate(news.receipts):
        parties = [event.party for event in receipt.events if event.party]
        if position >= first:
            actor = actor_of(part.transactions[position - first])
            if actor is not None:
                actors[position] = actor
                parties.append(actor)
        for account in parties:
            places = concerned.get(account)
            if places is None:
                concerned[account] = [position]
            elif places[-1] != position:
                places.append(position)
    header = part.header
    changed = header.next_seats if header.next_seats != header.seats else None
    return Heard(news, concerned, actors, changed)


def actor_of(transaction: bytes) -> bytes | None:
    """The acting account of a transaction's wire bytes; None for a one-time key."""
    actor = _BODY.decode(_ENVELOPE.decode(transaction).body).actor
    return actor.account if isinstance(actor, AccountActor) else None


def first_kept(replica: Replica, start: int, stop: int) -> int:
    """The first height in [start, stop) whose block is kept; `stop` if none is."""
    for height in range(start, stop):
        if replica.store.pairs.get(height_key(b"c", height)) is not None:
            return height
    return stop


def seats_named(replica: Replica, height: int, digest: bytes) -> tuple[Seat, ...] | None:
    """The seats that header `height` names next, from the state, or from what undoes the block
    after it; None if that is longer ago than blocks can be undone."""
    known = [replica.ledger.get(SEAT_SETS, HERE)]
    undo = replica.store.pairs.get(height_key(b"u", height + 1))
    if undo is not None:
        entries = decode(Undo, unchecked(undo, "an undo record"), BLOCK_BYTES_MAX * 8).entries
        for entry in entries:
            if entry.table == SEAT_SETS.number and entry.stored:
                known.append(SEAT_SETS.load(entry.stored[0][16:]))
    for sets in known:
        for seats in _lists(sets):
            if seats_hash(seats) == digest:
                return seats
    return None


def _lists(sets: SeatSets | None) -> Sequence[tuple[Seat, ...]]:
    return () if sets is None else (sets.current, sets.following, sets.after)
