"""What a transaction would do now: executed on the committed state, and forgotten."""

from __future__ import annotations

from chain.address import encode_address
from chain.admission import Signatures
from chain.block import PartyEvent
from chain.contract import Release, call_cost, refusal_record
from chain.errors import Inadmissible
from chain.execution import Execution
from chain.transaction import Transaction
from node.readable import event_shape, refusal_of
from node.replica import Replica
from node.shapes import DryRunAnswer, DryRunEvent

COST_MAX = 150_000
"""Of the calls, in units of about 1 µs: a dry run holds the replica up for so long. A payout of
1,000 lines fits."""


class TooMuchToTry(Exception):
    """The transaction is more work than a dry run may be."""

    def __init__(self, cost: int) -> None:
        super().__init__(f"a cost of {cost} where at most {COST_MAX} is tried out")
        self.cost = cost


def dry_run(
    replica: Replica, release: Release, transaction: Transaction, now_ms: int, prefix: str
) -> DryRunAnswer:
    """Execute on the tip, as in a block of this moment. Raises TooMuchToTry, ReleaseTooOld.

    Signatures are judged first, so that only who may send a transaction may try it out. Shown are
    the events that its signers and everybody may see.
    """
    ledger = replica.ledger
    cost = sum(call_cost(ledger, release, call) for call in transaction.body.calls)
    if cost > COST_MAX:
        raise TooMuchToTry(cost)
    time_ms = max(now_ms, ledger.tip.time_ms + 1)
    execution = Execution(ledger.parent(), time_ms, release, Signatures())
    height = ledger.tip.height
    try:
        receipt = execution.run(transaction)
    except Inadmissible as refusal:
        said = refusal_of(refusal_record(0, refusal))
        return DryRunAnswer(height=height, status="inadmissible", refusal=said, events=[])
    signers = {witness.signer for witness in transaction.witnesses}
    return DryRunAnswer(
        height=height,
        status="refused" if receipt.refusal else "ok",
        refusal=refusal_of(receipt.refusal[0]) if receipt.refusal else None,
        events=[
            _event(event, prefix)
            for event in receipt.events
            if not event.party or event.party in signers
        ],
    )


def _event(event: PartyEvent, prefix: str) -> DryRunEvent:
    shown = event_shape(event.data, prefix)
    return DryRunEvent(
        party=encode_address(prefix, event.party) if event.party else None,
        number=shown.number,
        name=shown.name,
        fields=shown.fields,
    )
