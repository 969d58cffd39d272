"""What the chain keeps of claims, runs of letters and the public key of each code, and what
receipts say of them."""

from __future__ import annotations

from enum import IntEnum

from chain import crypto
from chain.codec import U16, U32, U53, AccountId, Code, Key, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.kinds import Kind, Tag
from chain.money import AmountField, CentsField
from chain.rules import DAY_MS
from chain.state import Table, number, raw
from governance_contracts.coins.balances import LotId

CODE_BYTES = 16
CLAIM_MS = 90 * DAY_MS
"""So long a code can be used; what is left then goes back to who set it aside."""
RUN_LINES_MAX = 1_000
WITHDRAWN_MAX = 100
RETURNED_AT_ONCE = 20
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


@event
class ClaimsIssued(Record, tag=1600):
    """To the issuer: this much left its purse for `count` codes; `lot`: what claimants get."""

    run: U53
    coin: Code
    count: U16
    amount: AmountField
    lot: LotId
    expires_ms: Millis


@event
class Claimed(Record, tag=1601):
    """To the claimant."""

    issuer: AccountId
    coin: Code
    amount: AmountField
    lot: LotId
    purpose: Code


@event
class ClaimUsed(Record, tag=1602):
    """To the issuer: which code of which run was used, never by whom."""

    run: U53
    line: U16
    coin: Code
    amount: AmountField


@event
class ClaimsReturned(Record, tag=1603):
    """To the issuer: `count` codes ran out or were withdrawn, and the coin is back."""

    run: U53
    coin: Code
    count: U16
    amount: AmountField


class BadClaimKey(Rejected):
    """`why`: key (not a public key) or used (a code is used once, ever)."""

    code = 1600
    fields = ("line", "why")


class UnknownClaim(Rejected):
    """There is no such code on this chain."""

    code = 1601


class ClaimUnsigned(Rejected):
    """The code's key did not sign this account."""

    code = 1602


class ClaimGone(Rejected):
    """The code was used or went back to who sent the letter. `state`: see ClaimState."""

    code = 1603
    fields = ("state",)


class ClaimExpired(Rejected):
    """The letter's time was up at `expires_ms`."""

    code = 1604
    fields = ("expires_ms",)


class ClaimsWaiting(Rejected):
    """The account cannot close while codes of its letters can still be used: withdraw them."""

    code = 1605
    fields = ("account", "count")


class MixedRuns(Rejected):
    """Codes that are withdrawn together are of one run, each once."""

    code = 1606
