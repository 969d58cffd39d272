"""Admission: may this transaction stand in a block now?

The same checks serve the mempool (against the latest state) and every block (against its own).
A transaction that fails one leaves no receipt and no trace; a block that holds one is invalid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chain import crypto
from chain.account import (
    ACCOUNTS,
    ONE_TIME_USES,
    PURSES,
    Account,
    OneTimeUse,
    Status,
    Window,
    find_key,
    purse_of,
    use_number,
    window_of,
    with_window,
)
from chain.authority import Authority, Holder, OneTimeKey
from chain.errors import Inadmissible
from chain.kinds import Tag
from chain.rules import VALIDITY_MAX_MS
from chain.state import Draft
from chain.transaction import AccountActor, Transaction


class WrongChain(Inadmissible):
    """Made for another chain."""

    code = 4


class WrongEpoch(Inadmissible):
    code = 5
    fields = ("epoch",)


class Expired(Inadmissible):
    """The block's time is past `valid_until_ms`."""

    code = 6
    fields = ("valid_until_ms", "time_ms")


class ValidTooLong(Inadmissible):
    """`valid_until_ms` lies further ahead than `validity_max_ms`."""

    code = 7
    fields = ("valid_until_ms", "latest_ms")


class UnknownAccount(Inadmissible):
    """An acting or signing account is not registered."""

    code = 8
    fields = ("account",)


class AccountClosed(Inadmissible):
    code = 9
    fields = ("account",)


class UnknownKey(Inadmissible):
    code = 10
    fields = ("account", "key")


class MissingWitness(Inadmissible):
    """The actor's own key did not sign, or an account's threshold is not met."""

    code = 11
    fields = ("account", "signatures", "threshold")


class SuperfluousWitness(Inadmissible):
    """More signatures of an account than its threshold asks."""

    code = 12
    fields = ("account", "signatures", "threshold")


class BadSignature(Inadmissible):
    code = 13
    fields = ("account", "key")


class Duplicate(Inadmissible):
    """The id stands in this block already."""

    code = 14


class TooCostly(Inadmissible):
    """The transaction alone is more work than a block may hold."""

    code = 15
    fields = ("cost", "cost_max")


class Clock(Protocol):
    """Where and when: chain, epoch and time of the block a transaction would be in."""

    @property
    def chain(self) -> bytes: ...
    @property
    def epoch(self) -> int: ...
    @property
    def time_ms(self) -> int: ...


class Signatures:
    """Judges signatures, remembering which ones were found good beside the event loop.

    `known` maps (wire hash of a transaction, position of the witness) to the public key under
    which that witness's signature was verified. Any other key is judged here and now. `parsed`
    holds transactions already read, by their wire bytes, under the protocol in force.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[bytes, int], bytes] = {}
        self.parsed: dict[bytes, Transaction] = {}

    def remember(self, transaction: Transaction, keys: Sequence[bytes]) -> None:
        """Keep the result of a verification that found every witness good under `keys`."""
        self.parsed[transaction.data] = transaction
        for position, key in enumerate(keys):
            self.known[(transaction.wire_hash, position)] = key

    def forget(self, transaction: Transaction) -> None:
        self.parsed.pop(transaction.data, None)
        for position in range(len(transaction.witnesses)):
            self.known.pop((transaction.wire_hash, position), None)

    def check(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return crypto.verify(key, message, signature)

    def witness(self, transaction: Transaction, position: int, key: bytes) -> bool:
        if self.known.get((transaction.wire_hash, position)) == key:
            return True
        signature = transaction.witnesses[position].signature
        return self.check(key, transaction.sign_bytes(), signature)


def admit(
    draft: Draft, frame: Clock, transaction: Transaction, signatures: Signatures
) -> tuple[Authority, ...]:
    """Check a transaction and use its number; returns everything its calls may act as.

    Raises WrongChain, WrongEpoch, Expired, ValidTooLong, UnknownAccount, AccountClosed,
    UnknownKey, NumberTooFar / NumberTooOld / Replayed; then of the witnesses UnknownAccount,
    AccountClosed, UnknownKey (BadSignature: a one-time key that is no public key), for the first
    of them in order; then MissingWitness (the actor's own key), MissingWitness or
    SuperfluousWitness for the first signer in order, and BadSignature for the first that is bad.
    """
    body = transaction.body
    if body.chain != frame.chain:
        raise WrongChain()
    if body.epoch != frame.epoch:
        raise WrongEpoch(body.epoch)
    if frame.time_ms > body.valid_until_ms:
        raise Expired(body.valid_until_ms, frame.time_ms)
    latest_ms = frame.time_ms + VALIDITY_MAX_MS.of(draft)
    if body.valid_until_ms > latest_ms:
        raise ValidTooLong(body.valid_until_ms, latest_ms)
    actor = body.actor
    if isinstance(actor, AccountActor):
        account = require_account(draft, actor.account)
        if find_key(account, actor.key) is None:
            raise UnknownKey(actor.account, actor.key)
        purse = purse_of(draft, actor.account)
        window = use_number(window_of(purse, actor.key), body.number)
        draft.put(PURSES, actor.account, with_window(purse, window))
    else:
        place = crypto.tagged(Tag.ONE_TIME_KEY, actor.key)[:20]
        use = draft.get(ONE_TIME_USES, place) or OneTimeUse(Window(0, 0, 1))
        draft.put(ONE_TIME_USES, place, OneTimeUse(use_number(use.window, body.number)))
    return check_witnesses(draft, transaction, signatures)


def require_account(draft: Draft, account_id: bytes) -> Account:
    """Raises UnknownAccount, AccountClosed."""
    account = draft.find(ACCOUNTS, account_id)
    if account is None:
        raise UnknownAccount(account_id)
    if account.status == Status.CLOSED:
        raise AccountClosed(account_id)
    return account


def witness_keys(draft: Draft, transaction: Transaction) -> list[bytes]:
    """The public key under which each witness must hold.

    Raises, for the first witness in order that has no such key, UnknownAccount, AccountClosed or
    UnknownKey; BadSignature for a one-time key that is no point of prime order.
    """
    return _signers(draft, transaction)[0]


def _signers(draft: Draft, transaction: Transaction) -> tuple[list[bytes], dict[bytes, Account]]:
    """As `witness_keys`, with the accounts that were found on the way."""
    keys = []
    accounts: dict[bytes, Account] = {}
    for witness in transaction.witnesses:
        if len(witness.signer) == 32:
            if not crypto.is_public_key(witness.signer):
                raise BadSignature(witness.signer, witness.key)
            keys.append(witness.signer)
            continue
        account = accounts.get(witness.signer)
        if account is None:
            account = accounts[witness.signer] = require_account(draft, witness.signer)
        key = find_key(account, witness.key)
        if key is None:
            raise UnknownKey(witness.signer, witness.key)
        keys.append(key.key)
    return keys, accounts


def check_witnesses(
    draft: Draft, transaction: Transaction, signatures: Signatures
) -> tuple[Authority, ...]:
    """Each needed, none extra, all good; the actor's authority comes first."""
    actor = transaction.body.actor
    keys, accounts = _signers(draft, transaction)
    counts: dict[bytes, int] = {}
    actor_signed = False
    for witness in transaction.witnesses:
        counts[witness.signer] = counts.get(witness.signer, 0) + 1
        if isinstance(actor, AccountActor):
            actor_signed |= (witness.signer, witness.key) == (actor.account, actor.key)
        else:
            actor_signed |= (witness.signer, witness.key) == (actor.key, 0)
    first: Authority
    if isinstance(actor, AccountActor):
        own, first = actor.account, Holder(actor.account)
    else:
        own, first = actor.key, OneTimeKey(actor.key)
    if not actor_signed:
        raise MissingWitness(own, 0, 1)
    authorities: list[Authority] = [first]
    for signer, signed in counts.items():
        if len(signer) == 32:
            if signer != own or signed != 1:
                raise SuperfluousWitness(signer, signed, 1)
            continue
        account = accounts[signer]
        if signed < account.threshold:
            raise MissingWitness(signer, signed, account.threshold)
        if signed > account.threshold:
            raise SuperfluousWitness(signer, signed, account.threshold)
        if signer != own:
            authorities.append(Holder(signer))
    for position, witness in enumerate(transaction.witnesses):
        if not signatures.witness(transaction, position, keys[position]):
            raise BadSignature(witness.signer, witness.key)
    return tuple(authorities)
