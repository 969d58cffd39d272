"""The JSON shapes of the HTTP API: what is asked and what is answered, field by field.

Bytes are small hexadecimal digits, amounts whole cents, times milliseconds since 1970 UTC.
The OpenAPI document is made from these classes (openapi.py); a request with a field that is not
here is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, dataclass_transform

import msgspec
from msgspec import Meta

BATCH_MAX = 500
"""Transactions in one POST."""

Hex = str
Json = str | int | bool | None | list["Json"] | dict[str, "Json"]
Fields = dict[str, Any]
"""Named values as JSON."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every JSON object of the API."""


class Mistake(Shape):
    """What happened, what was expected, what to do; `code` if it is a refusal of the chain."""

    name: str
    code: int | None
    message: str
    fields: Fields


class MistakeAnswer(Shape):
    error: Mistake


class Refusal(Shape):
    """`call`: which call of the transaction, from 0; null for this node's own opinion."""

    name: str
    code: int
    call: int | None
    fields: Fields


class Health(Shape):
    status: Literal["ok", "starting", "syncing", "diverged", "unresponsive"]
    reason: str = ""


class Consensus(Shape):
    """`height` is the open one; `step` is idle, propose, prevote or precommit."""

    height: int
    round: int
    step: str


class Status(Shape):
    chain_id: Hex
    chain_name: str
    epoch: int
    height: int
    time_ms: int
    state_root: Hex
    validators: int
    quorum: int
    tolerated_faults: int
    peers: int
    syncing: bool
    consensus: Consensus
    version: str
    prefix: str
    node_key: Hex


class SeatShape(Shape):
    wijk: str
    key: Hex


class HeaderAnswer(Shape):
    """`next_seats`: in a list of headers, for one that changes the seats, if still known here."""

    height: int
    header: Hex
    certificate: Hex
    next_seats: list[SeatShape] | None = None


class Headers(Shape):
    headers: list[HeaderAnswer]


class HistoryProof(Shape):
    """Header `height` in the history of `tip_height` headers, which header tip_height + 1 names."""

    height: int
    tip_height: int
    proof: Hex


class SeatsAnswer(Shape):
    """`seats` decided `height`, `next` decides the height after it."""

    height: int
    seats: list[SeatShape]
    next: list[SeatShape]


class SupplyShape(Shape):
    free: int
    lots: int
    escrow: int
    offline: int
    redeeming: int


class ReserveShape(Shape):
    """`statement`: number of the latest bank statement, closed on `closing_date` (UTC)."""

    balance_cents: int
    cover_cents: int
    liabilities_cents: int
    deficit_cents: int
    statement: int
    closing_date: str | None


class IssuerShape(Shape):
    """Who stands for a coin. `volume_cents`: payments of twelve months in all its coins together;
    `limit_cents`: what a limited network notifies at, null for e-money."""

    code: str
    name: str
    licence: str
    regime: str
    volume_cents: int
    limit_cents: int | None


class PendingSwitchShape(Shape):
    """Another issuer that is decided, and when it begins."""

    issuer: str
    at_ms: int


class WindDownShape(Shape):
    """When redeeming and claims begin, and until when the rest can be claimed. For a coin in
    deficit `numerator` cents are paid for `denominator` cents of coin; both 1 at par."""

    destination: str
    redeem_ms: int
    claims_ms: int
    rest_ms: int
    numerator: int
    denominator: int


class CoinShape(Shape):
    code: str
    name: str
    currency: str
    wijk: str
    supply_cents: SupplyShape
    minted_cents: int
    burned_cents: int
    reserve: ReserveShape | None
    issuer: IssuerShape | None
    switch: PendingSwitchShape | None
    minting_stopped: bool
    phase: str
    wind_down: WindDownShape | None


class Coins(Shape):
    height: int
    coins: list[CoinShape]


class ParameterShape(Shape):
    name: str
    value: int
    default: int
    low: int
    high: int
    meaning: str


class Parameters(Shape):
    height: int
    parameters: list[ParameterShape]


class RegionShape(Shape):
    code: str
    name: str
    country: str
    parent: str | None
    level: str
    inhabitants: int
    inhabitants_date: str
    adults: int


class Regions(Shape):
    """`next`: ask again with `from` set to this; null at the end."""

    height: int
    regions: list[RegionShape]
    next: str | None


class SubmitRequest(Shape):
    transactions: Annotated[list[Hex], Meta(min_length=1, max_length=BATCH_MAX)]


OutcomeStatus = Literal["unknown", "pending", "not_accepted", "committed", "refused", "expired"]


class Submitted(Shape):
    """`until_ms`: a transaction that is not accepted can still happen until then."""

    id: Hex | None
    status: OutcomeStatus | Literal["malformed"]
    refusal: Refusal | None
    until_ms: int | None
    height: int | None = None
    message: str = ""


class SubmitAnswer(Shape):
    """One result per transaction, in order."""

    results: list[Submitted]


class Outcome(Shape):
    """`committed`, `refused` and `expired` are final, and only the chain says them."""

    id: Hex
    status: OutcomeStatus
    height: int | None
    time_ms: int | None
    refusal: Refusal | None
    until_ms: int | None


class DryRunRequest(Shape):
    transaction: Hex


class EventShape(Shape):
    """Accounts as addresses, other bytes in hexadecimal."""

    number: int
    name: str
    fields: Fields


class DryRunEvent(Shape):
    """`party`: the address it concerns, null for everybody."""

    party: str | None
    number: int
    name: str
    fields: Fields


class DryRunAnswer(Shape):
    """What the transaction would do at `height` + 1, once the signatures that are missing are
    there; `events` are those its signers may see."""

    height: int
    status: Literal["ok", "refused", "inadmissible"]
    refusal: Refusal | None
    events: list[DryRunEvent]
    missing_signatures: int = 0


class NonceAnswer(Shape):
    nonce: Hex
    node_key: Hex
    expires_ms: int


class SessionRequestShape(Shape):
    """`request`: the encoding of a SessionRequest (chain/session.py)."""

    request: Hex
    signature: Hex


class SessionAnswer(Shape):
    token: str
    expires_ms: int


class KeyShape(Shape):
    number: int
    key: Hex
    role: str


class AccountShape(Shape):
    kind: str
    status: str
    home: str
    sector: str
    keys: list[KeyShape]
    threshold: int


class WindowShape(Shape):
    key: int
    highest: int


class LotShape(Shape):
    """`after`: the lot a payee will hold, 0 for free coin. `fund`: an address."""

    lot: int
    amount_cents: int
    regions: list[str]
    categories: list[str]
    expires_ms: int | None
    after: int
    fund: str | None


class HoldingShape(Shape):
    coin: str
    free_cents: int
    lots: list[LotShape]


class PlaceShape(Shape):
    number: int
    wijk: str
    buurt: str | None
    kind: str


class ProvedRecord(Shape):
    """`stored`: salt and record; null if the proof is of absence."""

    table: int
    key: Hex
    stored: Hex | None
    proof: Hex


class BalanceProof(Shape):
    header: Hex
    certificate: Hex
    records: list[ProvedRecord]


class AccountAnswer(Shape):
    address: str
    height: int
    time_ms: int
    account: AccountShape
    windows: list[WindowShape]
    coins: list[HoldingShape]
    accepts: list[str]
    places: list[PlaceShape]
    proof: BalanceProof | None


class HistoryEntry(Shape):
    """`id` is 64 zeros for work that fell due by itself, such as the end of an earmark."""

    height: int
    time_ms: int
    id: Hex
    status: Literal["committed", "refused"]
    refusal: Refusal | None
    events: list[EventShape]


class History(Shape):
    """Newest first, up to block `height`. `next`: ask again with `before` set to this."""

    height: int
    entries: list[HistoryEntry]
    next: str | None


class Leaf(Shape):
    leaf: Hex
    proof: Hex


class ReceiptAnswer(Shape):
    id: Hex
    height: int
    time_ms: int
    header: Hex
    certificate: Hex
    leaves: list[Leaf]


class Payee(Shape):
    """What a payer may know; `places` are those of shops and organisations, never a home."""

    height: int
    address: str
    registered: bool
    closed: bool
    kind: str | None
    accepts: list[str]
    places: list[PlaceShape]


class BlockEvent(Shape):
    """The public event of a height."""

    height: int
    hash: Hex
    time_ms: int
    transactions: int


class AccountEvent(Shape):
    """What a block did with an account; only heights that did something are told."""

    height: int
    time_ms: int
    entries: list[HistoryEntry]
