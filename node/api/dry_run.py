"""What a transaction would do now: executed on the committed state, and forgotten."""

from __future__ import annotations

from chain.account import ACCOUNTS, KeyRole, find_key
from chain.address import encode_address
from chain.admission import MissingWitness, Signatures
from chain.authority import Holder
from chain.block import PartyEvent, Receipt
from chain.contract import Context, Release, call_cost, refusal_record, run_calls
from chain.crypto import verify
from chain.errors import Inadmissible
from chain.execution import Execution
from chain.state import Draft
from chain.transaction import AccountActor, Transaction
from node.api.readable import event_shape, refusal_of
from node.api.shapes import DryRunAnswer, DryRunEvent
from node.replica import Replica

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

    Signatures are judged first, so that only who may send a transaction may try it out, or who may
    begin it: for an account of several signatures one full key of it is enough here, and the
    answer says how many are missing. Shown are the events that its signers and everybody may see.
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
        tried = _as_if_signed(execution, transaction, refusal)
        if tried is not None:
            return _answer(height, tried[0], transaction, prefix, missing=tried[1])
        said = refusal_of(refusal_record(0, refusal))
        return DryRunAnswer(height=height, status="inadmissible", refusal=said, events=[])
    return _answer(height, receipt, transaction, prefix)


def _as_if_signed(
    execution: Execution, transaction: Transaction, refusal: Inadmissible
) -> tuple[Receipt, int] | None:
    """What the calls would do once the other keys of the actor's own account have signed, and how
    many must; None if more is wrong than that."""
    actor = transaction.body.actor
    if not isinstance(refusal, MissingWitness) or not isinstance(actor, AccountActor):
        return None
    account = execution.draft.find(ACCOUNTS, actor.account)
    if account is None:
        return None
    for witness in transaction.witnesses:
        key = find_key(account, witness.key)
        if witness.signer != actor.account or key is None or key.role != KeyRole.FULL:
            return None
        if not verify(key.key, transaction.sign_bytes(), witness.signature):
            return None
    if all(witness.key != actor.key for witness in transaction.witnesses):
        return None
    own = (Holder(actor.account),)
    frame, wire, id = execution.frame, transaction.wire_hash, transaction.id
    context = Context(execution.release, frame, wire, id, actor, own)
    refused = run_calls(Draft(execution.draft), context, transaction.body.calls)
    receipt = Receipt(wire, id, refused, () if refused else tuple(context.events))
    return receipt, account.threshold - len(transaction.witnesses)


def _answer(
    height: int, receipt: Receipt, transaction: Transaction, prefix: str, missing: int = 0
) -> DryRunAnswer:
    signers = {witness.signer for witness in transaction.witnesses}
    return DryRunAnswer(
        height=height,
        missing_signatures=missing,
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
