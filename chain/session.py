"""A signed request to read one's own account: what a wallet sends a node to get a token.

The signature covers chain, epoch and the node's own key, so that a request made for one node is
worth nothing at another; the nonce comes from that node and is used once.
"""

from __future__ import annotations

from chain import crypto
from chain.codec import U16, AccountId, Code, Key, Millis, Record, Salt, encode
from chain.kinds import Kind

SESSION_MS_MAX = 15 * 60 * 1000
"""The longest life of a token."""

READ = "read"
"""The scope that reads balance, history, receipts and events of the account."""


class SessionRequest(Record, tag=1):
    """Key number `key` of `account` asks node `node_key` for a token until `expires_ms`."""

    account: AccountId
    key: U16
    node_key: Key
    nonce: Salt
    scope: Code
    expires_ms: Millis


def session_bytes(chain: bytes, epoch: int, request: SessionRequest) -> bytes:
    """What the account's key signs."""
    return crypto.sign_bytes(Kind.SESSION, chain, epoch, encode(request))
