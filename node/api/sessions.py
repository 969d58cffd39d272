"""Sessions: a signed request becomes a token that reads one account for a quarter of an hour.

Nonces cost the node no memory until they are used: each carries its own expiry and a code only
this process can make. A nonce counts as used once a good signature came with it, so nobody
without a key can fill that memory. Tokens live in memory only and are kept as hashes; whoever
reads with one is checked again against the chain, so a token dies with its key (`still_holds`).
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from chain import crypto
from chain.account import ACCOUNTS, KeyRole, find_key
from chain.codec import decode
from chain.errors import Malformed
from chain.ledger import Ledger
from chain.session import READ, SESSION_MS_MAX, SessionRequest, session_bytes

NONCE_MS = 60_000
NONCES_USED_MAX = 50_000
TOKENS_MAX = 20_000
TOKENS_PER_ACCOUNT_MAX = 16
TOKEN_BYTES = 32

Clock = Callable[[], int]
"""The wall clock in milliseconds."""


class SessionRefused(Exception):
    """The request gives no token; the message says why, without saying who is registered."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Session:
    """Who reads, and by which key of the account it was asked."""

    digest: bytes
    account: bytes
    number: int
    key: bytes
    expires_ms: int


class Sessions:
    def __init__(self, node_key: bytes, clock: Clock) -> None:
        self._node_key = node_key
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._issued = 0
        self._used: OrderedDict[bytes, int] = OrderedDict()
        self._tokens: OrderedDict[bytes, Session] = OrderedDict()
        self._by_account: dict[bytes, list[bytes]] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def nonce(self) -> tuple[bytes, int]:
        """Sixteen bytes for one request, and until when it is good: expiry (6 bytes), count (2)
        and the code over both (8)."""
        expires_ms = self._clock() + NONCE_MS
        self._issued = (self._issued + 1) & 0xFFFF
        head = expires_ms.to_bytes(6, "big") + self._issued.to_bytes(2, "big")
        return head + self._code(head), expires_ms

    def _code(self, head: bytes) -> bytes:
        return hmac.digest(self._secret, head, "sha256")[:8]

    def read(self, request: bytes) -> SessionRequest:
        """Judge a request before its signature.

        Raises SessionRefused: MalformedRequest, WrongNode, BadNonce, UnknownScope, BadExpiry, in
        that order.
        """
        try:
            asked = decode(SessionRequest, request, 1024)
        except Malformed as error:
            raise SessionRefused(
                "MalformedRequest", f"The session request is not one: {error}."
            ) from None
        if not hmac.compare_digest(asked.node_key, self._node_key):
            raise SessionRefused(
                "WrongNode", "The request names another node's key; ask /v1/sessions/nonce first."
            )
        if not self._fresh(asked.nonce):
            raise SessionRefused(
                "BadNonce",
                "The nonce is not of this node, too old, or used; ask for a new one.",
            )
        if asked.scope != READ:
            raise SessionRefused("UnknownScope", f"The scope must be {READ!r}.")
        now_ms = self._clock()
        if not now_ms < asked.expires_ms <= now_ms + SESSION_MS_MAX:
            raise SessionRefused(
                "BadExpiry",
                "A session ends within 15 minutes from now; compare the clocks of wallet and node.",
            )
        return asked

    def _fresh(self, nonce: bytes) -> bool:
        head, code = nonce[:8], nonce[8:]
        good = hmac.compare_digest(self._code(head), code)
        return good and int.from_bytes(head[:6], "big") >= self._clock() and nonce not in self._used

    def grant(
        self, asked: SessionRequest, key: bytes | None, message: bytes, signature: bytes
    ) -> str:
        """The token for a request whose `key` is the account's on chain (None: no such key).

        `message`: as `session_bytes`. Raises SessionRefused: NotAuthorised, BadNonce (used
        meanwhile), Busy (too many nonces were used in this minute).
        """
        if key is None or not crypto.verify(key, message, signature):
            raise SessionRefused(
                "NotAuthorised",
                "The signature is not that of this key of this account; is the account registered?",
            )
        if not self._fresh(asked.nonce):
            raise SessionRefused("BadNonce", "The nonce was used meanwhile; ask for a new one.")
        self._forget()
        if len(self._used) >= NONCES_USED_MAX:
            raise SessionRefused("Busy", "Too many sessions were opened; try again in a minute.")
        self._used[asked.nonce] = int.from_bytes(asked.nonce[:6], "big")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        digest = _digest(token)
        mine = self._by_account.setdefault(asked.account, [])
        mine.append(digest)
        self._tokens[digest] = Session(digest, asked.account, asked.key, key, asked.expires_ms)
        if len(mine) > TOKENS_PER_ACCOUNT_MAX:
            self.drop(mine[0])
        if len(self._tokens) > TOKENS_MAX:
            self.drop(next(iter(self._tokens)))
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token that has not run out.

        The table is searched by the token's hash, and the hashes are compared in constant time,
        so the time an answer takes says nothing about other tokens.
        """
        digest = _digest(token)
        session = self._tokens.get(digest)
        if session is None or not hmac.compare_digest(session.digest, digest):
            return None
        if session.expires_ms <= self._clock():
            self.drop(digest)
            return None
        return session

    def drop(self, digest: bytes) -> None:
        session = self._tokens.pop(digest, None)
        if session is not None:
            mine = self._by_account[session.account]
            mine.remove(digest)
            if not mine:
                del self._by_account[session.account]

    def _forget(self) -> None:
        now_ms = self._clock()
        while self._used:
            nonce, expires_ms = next(iter(self._used.items()))
            if expires_ms >= now_ms:
                break
            del self._used[nonce]


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


READING = (KeyRole.FULL, KeyRole.CARD)
"""Roles of keys that read their account: whoever pays must see what there is."""


def reading_key(ledger: Ledger, asked: SessionRequest) -> tuple[bytes | None, bytes]:
    """The key that must have signed (None: no such account or key, or a till's), and the bytes."""
    message = session_bytes(ledger.tip.chain, ledger.tip.epoch, asked)
    account = ledger.find(ACCOUNTS, asked.account)
    key = None if account is None else find_key(account, asked.key)
    if key is None or key.role not in READING:
        return None, message
    return key.key, message


def still_holds(ledger: Ledger, session: Session) -> bool:
    """Is the key under which the session was opened still a key of the account that reads?"""
    account = ledger.find(ACCOUNTS, session.account)
    key = None if account is None else find_key(account, session.number)
    return key is not None and key.key == session.key and key.role in READING
