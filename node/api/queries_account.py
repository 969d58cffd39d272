"""Questions about one account, asked under a session of that account only.

Each checks first, in the same step as it reads, that the session's key is still the account's:
a token dies with its key, at the very height that ends the key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chain import crypto
from chain.account import (
    ACCOUNTS,
    PURSES,
    Account,
    AccountKind,
    KeyRole,
    Status,
    in_force,
    purse_of,
)
from chain.address import encode_address
from chain.block import Header, OutcomeLeaf, PartyLeaf, Receipt, receipt_leaves
from chain.certificate import Certificate
from chain.codec import encode
from chain.kinds import Tag
from chain.ledger import Ledger
from chain.merkle import prove_in_list
from governance_contracts.coins.balances import HELD_LOTS, HeldLot
from governance_contracts.earmarks.lots import LOTS
from node.api import shapes
from node.api.heights import actor_of, block_part, header_at
from node.api.past import ledger_at
from node.api.queries import accepted, open_places
from node.api.readable import event_shape, refusal_of
from node.api.sessions import Session, still_holds
from node.replica import Replica

T = TypeVar("T")


class NotThere(Exception):
    """There was no such account at that height, or there is no such height."""


class KeyRevoked(Exception):
    """The session's key is no longer one of the account's."""


def under(session: Session, question: Callable[[Replica], T]) -> Callable[[Replica], T]:
    """The question, if the session's key still stands. Raises KeyRevoked."""

    def asked(replica: Replica) -> T:
        if not still_holds(replica.ledger, session):
            raise KeyRevoked
        return question(replica)

    return asked


def account(
    replica: Replica, account_id: bytes, prefix: str, *, proof: bool, height: int | None = None
) -> shapes.AccountAnswer | None:
    """Balance and entry at a height, or at the tip. None: a proof was asked before there is a
    block. Raises NotThere: the height is still to come, or the account was not there yet;
    TooLongAgo."""
    if height is not None and height > replica.ledger.tip.height:
        raise NotThere
    ledger = replica.ledger if height is None else ledger_at(replica.store, height)
    found = ledger.find(ACCOUNTS, account_id)
    if found is None:
        raise NotThere
    proved = _proof(replica, ledger, account_id) if proof else None
    if proof and proved is None:
        return None
    return shapes.AccountAnswer(
        address=encode_address(prefix, account_id),
        height=ledger.tip.height,
        time_ms=ledger.tip.time_ms,
        account=_entry(found, ledger.tip.height),
        windows=[
            shapes.WindowShape(key=window.key, highest=window.highest)
            for window in purse_of(ledger, account_id).windows
        ],
        coins=holdings(ledger, account_id, prefix),
        accepts=accepted(ledger, account_id),
        places=open_places(ledger, account_id, found),
        proof=proved,
    )


def _entry(account: Account, height: int) -> shapes.AccountShape:
    return shapes.AccountShape(
        kind=AccountKind(account.kind).name.lower(),
        status=Status(account.status).name.lower(),
        home=in_force(account.home, height),
        sector=in_force(account.sector, height),
        keys=[
            shapes.KeyShape(number=k.number, key=k.key.hex(), role=KeyRole(k.role).name.lower())
            for k in account.keys
        ],
        threshold=account.threshold,
    )


def holdings(ledger: Ledger, account_id: bytes, prefix: str) -> list[shapes.HoldingShape]:
    """One per coin held in any form, sorted by coin."""
    free = {holding.coin: holding.amount for holding in purse_of(ledger, account_id).free}
    held = ledger.find(HELD_LOTS, account_id)
    lots: dict[str, list[shapes.LotShape]] = {}
    for one in held.lots if held else ():
        lots.setdefault(one.coin, []).append(_lot(ledger, one, prefix))
    return [
        shapes.HoldingShape(coin=coin, free_cents=free.get(coin, 0), lots=lots.get(coin, []))
        for coin in sorted(free | lots)
    ]


def _lot(ledger: Ledger, held: HeldLot, prefix: str) -> shapes.LotShape:
    lot = ledger.get(LOTS, held.lot)
    assert lot is not None, "a lot that is held has terms"
    return shapes.LotShape(
        lot=held.lot,
        amount_cents=held.amount,
        regions=list(lot.terms.regions),
        categories=list(lot.terms.categories),
        expires_ms=lot.terms.expires_ms[0] if lot.terms.expires_ms else None,
        after=lot.after,
        fund=encode_address(prefix, lot.fund[0]) if lot.fund else None,
    )


def _proof(replica: Replica, ledger: Ledger, account_id: bytes) -> shapes.BalanceProof | None:
    """The account's record, its purse and the lots it holds, under the header of the ledger."""
    header = header_at(replica, ledger.tip.height)
    if header is None:
        return None
    certificate = replica.store.certificate(header.height)
    assert certificate is not None, "a block is stored with its certificate"
    records = []
    for table in (ACCOUNTS.number, PURSES.number, HELD_LOTS.number):
        stored, proof = ledger.prove(table, account_id)
        records.append(
            shapes.ProvedRecord(
                table=table,
                key=account_id.hex(),
                stored=None if stored is None else stored.hex(),
                proof=encode(proof).hex(),
            )
        )
    return shapes.BalanceProof(
        header=encode(header).hex(), certificate=encode(certificate).hex(), records=records
    )


# What happened.


def history_entry(
    receipt: Receipt, height: int, time_ms: int, account_id: bytes, acted: bool, prefix: str
) -> shapes.HistoryEntry:
    """An account's part of a receipt: its own events, and the public ones of what it did."""
    return shapes.HistoryEntry(
        height=height,
        time_ms=time_ms,
        id=receipt.id.hex(),
        status="refused" if receipt.refusal else "committed",
        refusal=refusal_of(receipt.refusal[0]) if receipt.refusal else None,
        events=[
            event_shape(event.data, prefix)
            for event in receipt.events
            if event.party == account_id or (acted and not event.party)
        ],
    )


def entries_at(
    replica: Replica, height: int, positions: Sequence[int], account_id: bytes, prefix: str
) -> list[shapes.HistoryEntry]:
    """An account's parts of the receipts of one height; none if the block is not kept."""
    block = block_part(replica, height)
    if block is None:
        return []
    receipts = replica.store.receipts(height)
    first = len(receipts) - len(block.transactions)
    found = []
    for position in positions:
        acted = False
        if position >= first:
            acted = actor_of(block.transactions[position - first]) == account_id
        time_ms = block.header.time_ms
        found.append(history_entry(receipts[position], height, time_ms, account_id, acted, prefix))
    return found


@dataclass(frozen=True, slots=True)
class ReceiptOf:
    """All it takes to prove one receipt; the hashing is done outside the replica's thread."""

    header: Header
    certificate: Certificate
    receipts: tuple[Receipt, ...]
    position: int
    actor: bytes


def receipt_of(replica: Replica, transaction_id: bytes) -> ReceiptOf | None:
    """None: no block that is kept holds this transaction."""
    location = replica.store.locate(transaction_id)
    block = None if location is None else block_part(replica, location.height)
    if location is None or block is None:
        return None
    certificate = replica.store.certificate(location.height)
    assert certificate is not None, "a block is stored with its certificate"
    receipts = replica.store.receipts(location.height)
    return ReceiptOf(
        block.header,
        certificate,
        receipts,
        len(receipts) - len(block.transactions) + location.position,
        actor_of(block.transactions[location.position]) or b"",
    )


def prove_receipt(found: ReceiptOf, account_id: bytes) -> shapes.ReceiptAnswer | None:
    """The leaves that this account may see: the outcome if it acted, its own part, and the
    public part. None if it had no part in it."""
    receipt = found.receipts[found.position]
    parties = list(dict.fromkeys(event.party for event in receipt.events))
    acted = found.actor == account_id
    if not acted and account_id not in parties:
        return None
    hashes = [leaf for one in found.receipts for leaf in receipt_leaves(one)]
    start = sum(
        1 + len({event.party for event in one.events}) for one in found.receipts[: found.position]
    )
    shown: list[tuple[int, bytes]] = []
    if acted:
        outcome = OutcomeLeaf(receipt.wire_hash, receipt.id, receipt.refusal)
        shown.append((start, encode(outcome)))
    for number, party in enumerate(parties, 1):
        if party in (account_id, b""):
            own = tuple(event.data for event in receipt.events if event.party == party)
            leaf = PartyLeaf(receipt.wire_hash, receipt.id, party, own)
            shown.append((start + number, encode(leaf)))
    leaves = []
    for index, data in shown:
        assert hashes[index] == crypto.tagged(Tag.RECEIPT_LEAF, data), "leaves are in this order"
        proof = encode(prove_in_list(hashes, index)).hex()
        leaves.append(shapes.Leaf(leaf=data.hex(), proof=proof))
    return shapes.ReceiptAnswer(
        id=receipt.id.hex(),
        height=found.header.height,
        time_ms=found.header.time_ms,
        header=encode(found.header).hex(),
        certificate=encode(found.certificate).hex(),
        leaves=leaves,
    )
