"""The village's answer to who asks whether their coin is counted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from chain.codec import encode
from governance_contracts.coins.balances import SUPPLY
from node.api.liabilities import _part
from node.liabilities import count, open_tables, prove, records_of
from tests.wallet.village import Village


def liability_proof(village: Village, account: bytes, coin: str) -> dict[str, Any]:
    ledger, newest = village.ledger, village.headers[-1]
    store = SimpleNamespace(pairs=village.store, height=ledger.tip.height, ledger=ledger)
    replica: Any = SimpleNamespace(ledger=ledger, store=store)
    counted = count(open_tables(replica, coin, None))
    records = records_of(ledger, counted, account)
    proved = []
    for table, key in [*((t, k) for t, k, _ in records), (SUPPLY.number, SUPPLY.key(coin))]:
        stored, proof = ledger.prove(table, key)
        proved.append(
            {
                "table": table,
                "key": key.hex(),
                "stored": None if stored is None else stored.hex(),
                "proof": encode(proof).hex(),
            }
        )
    parts = [_part(one) for one in prove(counted, account, records)]
    return {
        "coin": coin,
        "height": counted.height,
        "root": counted.tree.root.hex(),
        "total_cents": counted.tree.total,
        "count": counted.tree.count,
        "header": encode(newest.header).hex(),
        "certificate": encode(newest.certificate).hex(),
        "records": proved,
        "parts": [{name: getattr(p, name) for name in p.__struct_fields__} for p in parts],
    }
