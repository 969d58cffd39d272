"""Seats, votes and certificates: proof that more than two thirds of the boards committed a block.

q = floor(2n/3) + 1 of n equal seats decide; f = floor((n-1)/3) may fail. Seats are ordered by
wijk code, never by key, so that a new key does not move a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import U16, U32, Code, Hash, Height, Key, Record, Sig, encode
from chain.errors import Malformed
from chain.kinds import Kind, Tag

NIL = b""
"""A vote for no block."""


class Seat(Record, tag=1):
    """One validator: its wijk and the key that signs votes, and nothing else."""

    wijk: Code
    key: Key


Seats = tuple[Seat, ...]
"""Sorted by wijk code, no repeats, 1 .. 200."""


def quorum(n: int) -> int:
    return 2 * n // 3 + 1


def tolerated(n: int) -> int:
    """Seats that may be silent or lie while the chain stays safe and live."""
    return (n - 1) // 3


def seats_hash(seats: Seats) -> bytes:
    return crypto.tagged(Tag.SEATS, encode(seats))


class Vote(Record, tag=1):
    """What a prevote or a precommit signs. `block` is 32 bytes, or empty for nil."""

    height: Height
    round: U32
    block: Annotated[bytes, Meta(max_length=32)]
    seat: U16


def vote_bytes(kind: Kind, chain: bytes, epoch: int, vote: Vote) -> bytes:
    return crypto.sign_bytes(kind, chain, epoch, encode(vote))


class SeatSignature(Record, tag=1):
    seat: U16
    signature: Sig


class Certificate(Record, tag=1):
    """At least q precommits for one block, in one round, sorted by seat, one per listed seat."""

    height: Height
    round: U32
    block: Hash
    signatures: Annotated[tuple[SeatSignature, ...], Meta(max_length=200)]


Verify = Callable[[bytes, bytes, bytes], bool]


def check_certificate(
    certificate: Certificate,
    seats: Sequence[Seat],
    chain: bytes,
    epoch: int,
    verify: Verify = crypto.verify,
) -> None:
    """Verify in full, every listed signature.

    Raises Malformed, in this order: a seat out of order or repeated, a seat that does not
    exist, too few signatures, a bad signature.
    """
    listed = [s.seat for s in certificate.signatures]
    if any(a >= b for a, b in pairwise(listed)):
        raise Malformed("certificate: seats must be sorted, each once")
    if listed and listed[-1] >= len(seats):
        raise Malformed(f"certificate: seat {listed[-1]} of {len(seats)}")
    if len(listed) < quorum(len(seats)):
        raise Malformed(f"certificate: {len(listed)} precommits, {quorum(len(seats))} needed")
    for entry in certificate.signatures:
        vote = Vote(certificate.height, certificate.round, certificate.block, entry.seat)
        message = vote_bytes(Kind.PRECOMMIT, chain, epoch, vote)
        if not verify(seats[entry.seat].key, message, entry.signature):
            raise Malformed(f"certificate: bad signature of seat {entry.seat}")


def certificate_hash(certificate: tuple[Certificate, ...]) -> bytes:
    """Hash of an optional certificate (none at height 1)."""
    return crypto.tagged(Tag.CERTIFICATE, encode(certificate))
