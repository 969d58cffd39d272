"""Transactions: two hashes, sorted witnesses, one way in."""

from __future__ import annotations

from typing import Any

import pytest

from chain import crypto
from chain.codec import encode
from chain.errors import Malformed
from chain.kinds import Tag
from chain.transaction import (
    TRANSACTION_BYTES_MAX,
    AccountActor,
    Body,
    Call,
    Envelope,
    KeyActor,
    Witness,
    parse,
    seal,
    signing_bytes,
    witness,
)
from tests.chain.toy import CHAIN, Write, account_of, call, change, public, seed

TRIO = account_of("trio")
BODY = Body(CHAIN, 0, AccountActor(TRIO, 1), 1, 1_800_000_000_000, (call("write", Write("a", 1)),))


def by(*keys: int) -> list[Witness]:
    return [witness(BODY, TRIO, key, seed(f"t{key}")) for key in keys]


def test_one_body_with_two_signature_sets_has_one_id_and_two_wire_hashes() -> None:
    first, second = parse(seal(BODY, by(1, 2))), parse(seal(BODY, by(1, 3)))
    assert first.id == second.id == crypto.tagged(Tag.TRANSACTION_ID, encode(BODY))
    assert first.wire_hash != second.wire_hash == crypto.tagged(Tag.WIRE, second.data)
    assert first.sign_bytes() == second.sign_bytes() == signing_bytes(BODY, encode(BODY))


def test_what_is_parsed_is_what_was_sealed() -> None:
    transaction = parse(seal(BODY, by(2, 1)))
    assert transaction.body == BODY and transaction.body_bytes == encode(BODY)
    assert [w.key for w in transaction.witnesses] == [1, 2]
    assert encode(Envelope(encode(BODY), transaction.witnesses)) == transaction.data


def raw(witnesses: list[Witness], body: bytes | None = None) -> bytes:
    return encode(Envelope(encode(BODY) if body is None else body, tuple(witnesses)))


def changed(**fields: Any) -> bytes:
    return seal(change(BODY, **fields), by(1))


SIG = bytes(64)
BAD: dict[str, bytes] = {
    "no witness": raw([]),
    "17 witnesses": raw([Witness(bytes(20), key, SIG) for key in range(17)]),
    "witnesses out of order": raw(by(2, 1)),
    "one witness twice": raw(by(1, 1)),
    "one key with two signatures": raw([Witness(TRIO, 1, SIG), Witness(TRIO, 1, bytes([1]) * 64)]),
    "a signer of 19 bytes": raw([Witness(bytes(19), 1, SIG)]),
    "a signer of 21 bytes": raw([Witness(bytes(21), 1, SIG)]),
    "a signer of 33 bytes": raw([Witness(bytes(33), 1, SIG)]),
    "a signature of 63 bytes": raw([Witness(bytes(20), 1, bytes(63))]),
    "a body that is not one": raw(by(1), b"\x90"),
    "a body with a byte behind it": raw(by(1), encode(BODY) + b"\x00"),
    "no calls": changed(calls=()),
    "17 calls": changed(calls=BODY.calls * 17),
    "number 0": changed(number=0),
    "number 2**53": changed(number=2**53),
    "a negative time": changed(valid_until_ms=-1),
    "a chain of 31 bytes": changed(chain=bytes(31)),
    "a one-time key of 20 bytes": changed(actor=KeyActor(bytes(20))),
    "an account of 32 bytes": changed(actor=AccountActor(bytes(32), 1)),
    "a contract without a name": changed(calls=(Call("", 1, "m", b""),)),
    "too long": changed(calls=(Call("c", 1, "m", bytes(TRANSACTION_BYTES_MAX)),)),
}


@pytest.mark.parametrize("what", BAD)
def test_malformed(what: str) -> None:
    with pytest.raises(Malformed):
        parse(BAD[what])


def test_the_longest_transaction_is_read() -> None:
    room = TRANSACTION_BYTES_MAX - len(changed(calls=(Call("c", 1, "m", bytes(200_000)),)))
    data = changed(calls=(Call("c", 1, "m", bytes(200_000 + room)),))
    assert len(data) == TRANSACTION_BYTES_MAX and parse(data).data == data


def test_a_one_time_key_signs_as_itself() -> None:
    body = change(BODY, actor=KeyActor(public("k")))
    transaction = parse(seal(body, [witness(body, public("k"), 0, seed("k"))]))
    assert transaction.body.actor == KeyActor(public("k"))
