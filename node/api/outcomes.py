"""What became of a transaction, as far as this node can say.

`committed` and `refused` come from a block, `expired` from a certified block time past the last
moment in which the transaction could have stood in a block: those three are final. `pending` and
`not_accepted` are this node's view now; another node may still propose the transaction until
`until_ms`. `unknown`: never seen here, or forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from chain.admission import Expired
from chain.errors import Malformed
from chain.transaction import parse
from node.api.feed import Final
from node.api.heights import header_at
from node.api.readable import opinion_of, refusal_of
from node.api.shapes import Outcome, OutcomeStatus
from node.effects import Refused
from node.replica import Replica

SEEN_MAX = 20_000
SEEN_BYTES_MAX = 16 * 1024 * 1024

FINAL: tuple[OutcomeStatus, ...] = ("committed", "refused", "expired")


@dataclass(frozen=True, slots=True)
class Seen:
    """A transaction handed in here, and what the pool said then."""

    wire: bytes
    refused: Refused | None

    def until_ms(self) -> int | None:
        try:
            return parse(self.wire).body.valid_until_ms
        except Malformed:
            return None


class Memory:
    """The latest transactions handed in here, by id; bounded in number and in bytes."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, Seen] = OrderedDict()
        self._bytes = 0

    def keep(self, transaction_id: bytes, seen: Seen) -> None:
        before = self._seen.pop(transaction_id, None)
        if before is not None:
            self._bytes -= len(before.wire)
        self._seen[transaction_id] = seen
        self._bytes += len(seen.wire)
        while len(self._seen) > SEEN_MAX or self._bytes > SEEN_BYTES_MAX:
            _, old = self._seen.popitem(last=False)
            self._bytes -= len(old.wire)

    def find(self, transaction_id: bytes) -> Seen | None:
        return self._seen.get(transaction_id)


def decided(transaction_id: bytes, final: Final) -> Outcome:
    """The outcome that a receipt states."""
    refusal = final.receipt.refusal
    return Outcome(
        id=transaction_id.hex(),
        status="refused" if refusal else "committed",
        height=final.height,
        time_ms=final.time_ms,
        refusal=refusal_of(refusal[0]) if refusal else None,
        until_ms=None,
    )


def outcome(replica: Replica, transaction_id: bytes, seen: Seen | None) -> Outcome:
    """Where a transaction stands, at the tip."""
    location = replica.store.locate(transaction_id)
    if location is not None:
        header = header_at(replica, location.height)
        if header is not None:
            receipt = replica.store.receipt(location)
            return decided(transaction_id, Final(location.height, header.time_ms, receipt))
        return _undecided(transaction_id, "unknown", None, None)
    waiting = replica.mempool.pending(transaction_id)
    refused = replica.mempool.dropped(transaction_id)
    if waiting is not None:
        until_ms: int | None = waiting.body.valid_until_ms
    elif refused is not None and refused.code == Expired.code and type(refused.values[0]) is int:
        until_ms = refused.values[0]
    else:
        until_ms = None if seen is None else seen.until_ms()
    if until_ms is not None and replica.ledger.tip.time_ms > until_ms:
        return _undecided(transaction_id, "expired", None, until_ms)
    if waiting is not None:
        return _undecided(transaction_id, "pending", None, until_ms)
    if refused is None and seen is not None:
        refused = seen.refused
    status: OutcomeStatus = "unknown" if refused is None else "not_accepted"
    return _undecided(transaction_id, status, refused, until_ms)


def _undecided(
    transaction_id: bytes, status: OutcomeStatus, refused: Refused | None, until_ms: int | None
) -> Outcome:
    return Outcome(
        id=transaction_id.hex(),
        status=status,
        height=None,
        time_ms=None,
        refusal=None if refused is None else opinion_of(refused),
        until_ms=until_ms,
    )
