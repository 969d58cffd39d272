"""Acting under a mandate: ordinary calls put into one call of the mandate contract."""

from __future__ import annotations

from chain.codec import decode, encode
from chain.crypto import public_key
from chain.errors import Malformed
from chain.transaction import TRANSACTION_BYTES_MAX, Body, Call, KeyActor
from governance_contracts.mandates.mandate import Act
from governance_contracts.mandates.mandates import CALLS_MAX
from wallet_cli.core import builder
from wallet_cli.core.arguments import work_of
from wallet_cli.core.builder import Sheet, sign


def wrap(mandate_number: int, calls: tuple[Call, ...]) -> Call:
    """One call that makes `calls` for the account that gave this mandate.

    Raises Malformed if there are none, or more than an act can carry.
    """
    if not 1 <= len(calls) <= CALLS_MAX:
        raise Malformed(f"a mandate carries 1 to {CALLS_MAX} calls at once, not {len(calls)}")
    return builder.call("mandate", "act", Act(mandate_number, calls, work_of(calls)))


def card_sheet(
    chain: bytes, epoch: int, seed: bytes, number: int, valid_until_ms: int, call: Call
) -> Sheet:
    """A transaction that a card's key signs by itself; the card has no account. Numbers grow by
    the second, so that a card needs no node to know the next."""
    key = public_key(seed)
    body = Body(chain, epoch, KeyActor(key), number, valid_until_ms, (call,))
    return sign(Sheet(decode(Body, encode(body), TRANSACTION_BYTES_MAX), ()), key, 0, seed)
