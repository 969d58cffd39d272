"""Where a payment's microseconds go in one validator: `python -m bench.stages [--accounts N]`.

Beside a plain payment, one of a basket (basket.py): three lines, three lots and a discount.

Each stage is timed by itself over the same blocks of payments, in this process, at 100,000
accounts: decode, verify, check (the mempool's admission), execute, tree, store. What a running
validator spends beyond these (network, consensus, the index, Python's threads) is the difference
to its processor time per payment, which `python -m bench` tells on standard error.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from random import Random

from bench.basket import basket
from bench.growth import PAYMENTS, grown_ledger, id_of, signed
from bench.stocked import stock
from chain import crypto
from chain.account import ACCOUNTS
from chain.admission import Signatures, admit
from chain.execution import Execution
from chain.state import BlockDraft, Draft
from chain.transaction import parse
from genesis.city import demo_city
from governance_contracts.payments.payments import plain
from governance_contracts.versions import RELEASE
from node.keyvalue import open_engine
from node.memory import settle
from node.mempool import Frame
from node.store import Store

BLOCKS = 12
WARM_UP = 3


def stages(accounts: int, *, baskets: bool = False) -> dict[str, float]:
    """Microseconds per payment of each stage, mean over blocks of 350 payments."""
    taken: defaultdict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as folder:
        engine = open_engine(Path(folder) / "chain")
        city = demo_city(1, b"bench", 1)
        coin, wijk = city.genesis.wijken[0].coins[0].code, city.genesis.wijken[0].code
        shops: tuple[bytes, ...] = ()

        def further(draft: BlockDraft) -> None:
            nonlocal shops
            shops = stock(draft, city, accounts) if baskets else ()

        ledger = grown_ledger(engine, city, accounts, further)
        store = Store(engine, ledger)
        settle()
        random = Random(accounts)
        resident = city.of("resident")[0]
        key = crypto.public_key(resident.seed)
        for block in range(BLOCKS):
            counts = block >= WARM_UP
            people = [id_of(number) for number in random.sample(range(accounts), 2 * PAYMENTS)]
            pairs = zip(people[:PAYMENTS], people[PAYMENTS:], strict=True)
            wire = [
                signed(
                    ledger,
                    resident.seed,
                    block + 1,
                    basket(payer, random.choice(shops), coin, random)
                    if baskets
                    else plain(payer, payee, coin, 1),
                )
                for payer, payee in pairs
            ]
            clock = Clock(taken, counts)
            transactions = [parse(data) for data in wire]
            clock.stage("decode")
            for transaction in transactions:
                message = transaction.sign_bytes()
                assert crypto.verify(key, message, transaction.witnesses[0].signature)
            clock.stage("verify")
            signatures = Signatures()
            for transaction in transactions:
                signatures.remember(transaction, [key])
            clock.skip()
            tip = ledger.tip
            frame = Frame(tip.chain, tip.epoch, tip.time_ms + 1)
            for transaction in transactions:
                admit(Draft(ledger), frame, transaction, signatures)
            clock.stage("check")
            parent = ledger.parent()
            execution = Execution(parent, parent.time_ms + 1_000, RELEASE, signatures)
            for transaction in transactions:
                assert not execution.run(transaction).refusal
            clock.stage("execute")
            applied = execution.close(wijk, (), (), ledger)
            clock.stage("tree")
            writes, _ = ledger.commit(applied)
            engine.write(writes)
            clock.stage("store")
        assert ledger.find(ACCOUNTS, resident.account) is not None and store.height == BLOCKS
        engine.close()
    return {name: total / (BLOCKS - WARM_UP) / PAYMENTS * 1e6 for name, total in taken.items()}


class Clock:
    """Adds the time since the last mark to a stage."""

    def __init__(self, taken: defaultdict[str, float], counts: bool) -> None:
        self._taken = taken
        self._counts = counts
        self._mark = time.perf_counter()

    def stage(self, name: str) -> None:
        now = time.perf_counter()
        if self._counts:
            self._taken[name] += now - self._mark
        self._mark = time.perf_counter()

    def skip(self) -> None:
        self._mark = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    accounts = parser.parse_args().accounts
    simple, three = stages(accounts), stages(accounts, baskets=True)
    print(f"{'stage':<10} {'plain':>8} {'basket':>8}")
    for name, microseconds in simple.items():
        print(f"{name:<10} {microseconds:8.1f} {three[name]:8.1f}")
    print(f"{'sum':<10} {sum(simple.values()):8.1f} {sum(three.values()):8.1f}")


if __name__ == "__main__":
    main()
