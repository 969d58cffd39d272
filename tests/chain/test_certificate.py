"""Certificates: a quorum of the seats, each listed signature good."""

from __future__ import annotations

import pytest

from chain import crypto
from chain.certificate import (
    NIL,
    Certificate,
    SeatSignature,
    Vote,
    certificate_hash,
    check_certificate,
    quorum,
    tolerated,
    vote_bytes,
)
from chain.errors import Malformed
from chain.kinds import Kind
from tests.chain.toy import CHAIN, seat, seed

SEATS = tuple(seat(f"W{i}") for i in range(4))
BLOCK = bytes(range(32))


def signature(number: int, kind: Kind = Kind.PRECOMMIT, **changed: int | bytes) -> SeatSignature:
    fields: dict[str, int | bytes] = {"height": 5, "round": 2, "block": BLOCK, "seat": number}
    vote = Vote(**(fields | changed))  # type: ignore[arg-type]
    message = vote_bytes(kind, CHAIN, 0, vote)
    return SeatSignature(number, crypto.sign(seed(f"seat W{number}"), message))


def of(*signatures: SeatSignature, round: int = 2) -> Certificate:
    return Certificate(5, round, BLOCK, signatures)


@pytest.mark.parametrize(
    ("n", "q", "f"),
    [(1, 1, 0), (3, 3, 0), (4, 3, 1), (6, 5, 1), (7, 5, 2), (10, 7, 3), (50, 34, 16)],
)
def test_quorum_and_what_is_tolerated(n: int, q: int, f: int) -> None:
    assert (quorum(n), tolerated(n)) == (q, f)
    assert 2 * quorum(n) - n > tolerated(n) and n - tolerated(n) >= quorum(n)


def test_three_of_four_and_four_of_four_decide() -> None:
    check_certificate(of(*map(signature, (0, 1, 3))), SEATS, CHAIN, 0)
    check_certificate(of(*map(signature, range(4))), SEATS, CHAIN, 0)


BAD = bytes(64)
TABLE: list[tuple[str, Certificate]] = [
    ("must be sorted", of(*(SeatSignature(i, BAD) for i in (9, 8)))),
    ("must be sorted", of(*(SeatSignature(i, BAD) for i in (9, 9)))),
    ("seat 9 of 4", of(*(SeatSignature(i, BAD) for i in (0, 9)))),
    ("2 precommits, 3 needed", of(*(SeatSignature(i, BAD) for i in (0, 1)))),
    ("0 precommits", of()),
    ("bad signature of seat 1", of(signature(0), SeatSignature(1, BAD), signature(2))),
    ("bad signature of seat 3", of(*map(signature, range(3)), SeatSignature(3, BAD))),
    ("bad signature of seat 0", of(signature(0, Kind.PREVOTE), signature(1), signature(2))),
    ("bad signature of seat 0", of(signature(0, height=4), signature(1), signature(2))),
    ("bad signature of seat 2", of(signature(0), signature(1), signature(2, round=1))),
    ("bad signature of seat 2", of(signature(0), signature(1), signature(2, block=NIL))),
    ("bad signature of seat 0", of(*map(signature, (0, 1, 2)), round=1)),
]


@pytest.mark.parametrize(("says", "certificate"), TABLE)
def test_refused_in_this_order(says: str, certificate: Certificate) -> None:
    with pytest.raises(Malformed, match=says):
        check_certificate(certificate, SEATS, CHAIN, 0)


def test_a_certificate_of_another_chain_or_epoch_proves_nothing() -> None:
    good = of(*map(signature, (0, 1, 2)))
    for chain, epoch in ((bytes(32), 0), (CHAIN, 1)):
        with pytest.raises(Malformed, match="bad signature"):
            check_certificate(good, SEATS, chain, epoch)


def test_its_hash_tells_none_from_one() -> None:
    assert certificate_hash(()) != certificate_hash((of(),)) != certificate_hash((of(round=1),))
