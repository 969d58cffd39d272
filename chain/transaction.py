"""Transactions: who asks what, in which bytes, until when.

A transaction travels as an envelope of two things: the body's bytes, which are what everybody
signs, and the witnesses. Two hashes name it. The **id** is of the body alone: replay, status and
receipts shown to people. The **wire hash** is of the whole envelope: transaction root, proposals,
fetches, the cache of checked signatures. An account with a threshold has several valid sets of
signatures for one id, so proposing by id would split validators.

`parse` is the only way to get a `Transaction`; holding one means that its bytes are canonical and
its witnesses are sorted. Signatures are judged in `chain.execution`, under keys in state.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from chain import crypto
from chain.codec import (
    U16,
    U32,
    AccountId,
    Code,
    Hash,
    Key,
    Millis,
    Record,
    Sig,
    decode,
    encode,
)
from chain.errors import Malformed
from chain.kinds import Kind, Tag

TRANSACTION_BYTES_MAX = 256 * 1024
CALLS_MAX = 16
WITNESSES_MAX = 16


class AccountActor(Record, tag=1):
    """A registered account, acting with one of its keys; the replay number is that key's."""

    account: AccountId
    key: U16


class KeyActor(Record, tag=2):
    """A one-time key without an account, only for calls that a contract opens to it."""

    key: Key


Actor = AccountActor | KeyActor


class Call(Record, tag=1):
    """One call of a contract. `args` is the canonical encoding of the method's own record."""

    contract: Code
    version: U16
    method: Code
    args: Annotated[bytes, Meta(max_length=TRANSACTION_BYTES_MAX)]


Calls = Annotated[tuple[Call, ...], Meta(min_length=1, max_length=CALLS_MAX)]


class Body(Record, tag=1):
    """What is signed. All calls happen, in order, or none."""

    chain: Hash
    epoch: U32
    actor: Actor
    number: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    valid_until_ms: Millis
    calls: Calls


class Witness(Record, tag=1):
    """A signature under key `key` of account `signer` (20 bytes), or of a one-time key (32)."""

    signer: Annotated[bytes, Meta(min_length=20, max_length=32)]
    key: U16
    signature: Sig


class Envelope(Record, tag=1):
    body: Annotated[bytes, Meta(max_length=TRANSACTION_BYTES_MAX)]
    witnesses: Annotated[tuple[Witness, ...], Meta(min_length=1, max_length=WITNESSES_MAX)]


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """A parsed transaction with both its hashes. Made by `parse` only."""

    body: Body
    witnesses: tuple[Witness, ...]
    data: bytes
    body_bytes: bytes
    id: bytes
    wire_hash: bytes

    def sign_bytes(self) -> bytes:
        return signing_bytes(self.body, self.body_bytes)


def signing_bytes(body: Body, body_bytes: bytes) -> bytes:
    return crypto.sign_bytes(Kind.TRANSACTION, body.chain, body.epoch, body_bytes)


def transaction_id(body_bytes: bytes) -> bytes:
    return crypto.tagged(Tag.TRANSACTION_ID, body_bytes)


def parse(data: bytes, size_max: int = TRANSACTION_BYTES_MAX) -> Transaction:
    """Read a transaction from its wire bytes.

    Raises Malformed: too long, not canonical (envelope, then body), witnesses not sorted by
    (signer, key) with each at most once, a signer that is neither 20 nor 32 bytes.
    """
    envelope = decode(Envelope, data, size_max)
    body = decode(Body, envelope.body, size_max)
    witnesses = envelope.witnesses
    if len(witnesses) > 1:
        order = [(w.signer, w.key) for w in witnesses]
        if any(a >= b for a, b in pairwise(order)):
            raise Malformed("witnesses must be sorted by signer and key, each once")
    for witness in witnesses:
        if len(witness.signer) not in (20, 32):
            raise Malformed("a signer is an account (20 bytes) or a one-time key (32 bytes)")
    return Transaction(
        body=body,
        witnesses=witnesses,
        data=data,
        body_bytes=envelope.body,
        id=transaction_id(envelope.body),
        wire_hash=crypto.tagged(Tag.WIRE, data),
    )


def seal(body: Body, witnesses: list[Witness]) -> bytes:
    """The wire bytes of a body and its witnesses, sorted as `parse` wants them."""
    ordered = tuple(sorted(witnesses, key=lambda w: (w.signer, w.key)))
    return encode(Envelope(encode(body), ordered))


def witness(body: Body, signer: bytes, key: int, seed: bytes) -> Witness:
    """Sign a body with a private seed, as key number `key` of `signer`."""
    return Witness(signer, key, crypto.sign(seed, signing_bytes(body, encode(body))))
