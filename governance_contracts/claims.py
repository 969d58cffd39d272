"""What the chain keeps of claims: runs of letters, and the public key of each code."""

from __future__ import annotations

from enum import IntEnum

from chain import crypto
from chain.codec import U16, U32, U53, AccountId, Code, Key, Millis, Record
from chain.kinds import Kind, Tag
from chain.money import AmountField, CentsField
from chain.rules import DAY_MS
from chain.state import Table, number, raw
from governance_contracts.balances import LotId

CODE_BYTES = 16
CLAIM_MS = 90 * DAY_MS
"""So long a code can be used; what is left then goes back to who set it aside."""
RUN_LINES_MAX = 1_000
WITHDRAWN_MAX = 100
RETURNED_AT_ONCE = 100
"""How many codes of a run that ran out are cleared in one piece of due work."""


class ClaimState(IntEnum):
    OPEN = 1
    TAKEN = 2
    RETURNED = 3


class Claim(Record, tag=1):
    """One code: `line` of `run`, counted from 0. Kept for ever, so that no code is used twice."""

    run: U53
    line: U16
    amount: AmountField
    state: U16


class ClaimRun(Record, tag=1):
    """Letters set aside in one go. `lot`: what a claimant gets (0: free coin). `left`: codes that
    are neither used nor returned, and `amount` the coin under them."""

    issuer: AccountId
    coin: Code
    lot: LotId
    purpose: Code
    expires_ms: Millis
    left: U16
    amount: CentsField


class ClaimKey(Record, tag=1):
    key: Key


class OpenClaims(Record, tag=1):
    """How many codes of an issuer wait."""

    count: U32


def line_key(key: tuple[int, int]) -> bytes:
    """Run, then line."""
    return number(key[0]) + key[1].to_bytes(2, "big")


CLAIMS: Table[bytes, Claim] = Table(170, "claim", Claim, raw)
"""By the public key that a code makes."""
RUNS: Table[int, ClaimRun] = Table(171, "claim_run", ClaimRun, number)
LINES: Table[tuple[int, int], ClaimKey] = Table(172, "claim_line", ClaimKey, line_key)
"""The codes of a run that wait, in order."""
CLAIMS_OPEN: Table[bytes, OpenClaims] = Table(173, "claims_open", OpenClaims, raw)


def claim_seed(code: bytes) -> bytes:
    """The private seed that a code of 16 bytes makes."""
    assert len(code) == CODE_BYTES, "a code has 128 bits"
    return crypto.tagged(Tag.CLAIM_CODE, code)


def claim_sign_bytes(chain: bytes, epoch: int, account: bytes) -> bytes:
    """What the code's key signs: for whom the coin is."""
    return crypto.sign_bytes(Kind.CLAIM, chain, epoch, account)
