"""How the cost of a payment grows with the number of accounts: one block's work, without network.

A ledger over LevelDB, founded with a small city and then grown with so many copies of one
resident, straight through `Ledger.state_root`, as a genesis would. Blocks of payments are
executed, hashed, stored and synced. Signatures are judged beforehand, so that the figure shows
what depends on the size of the state.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median

from bench.city import WRITES_AT_ONCE, uncollected
from chain import crypto
from chain.account import ACCOUNTS, PURSES, Holding, Purse
from chain.admission import Signatures
from chain.codec import encode
from chain.execution import Execution
from chain.kinds import Tag
from chain.ledger import Ledger
from chain.money import Cents
from chain.state import BlockDraft
from chain.transaction import AccountActor, Body, Witness, parse, seal, signing_bytes
from genesis.build import first_state
from genesis.city import City, demo_city
from governance_contracts.payments.payments import Pay, plain
from governance_contracts.versions import RELEASE
from node.demo.hand import call
from node.keyvalue import Engine, open_engine
from node.memory import settle

PAYMENTS = 350
BLOCKS = 60
WARM_UP = 40
"""Blocks before the clock runs: a node that has been up for a while has the upper tree at hand."""
SMALL, LARGE = 10_000, 1_000_000


def microseconds_per_payment(accounts: int) -> float:
    """Median over blocks of PAYMENTS payments between random people, at this many accounts."""
    with tempfile.TemporaryDirectory(prefix="socialcoin-bench-") as folder:
        engine = open_engine(Path(folder) / "chain")
        try:
            city = demo_city(1, b"bench", 1)
            ledger = grown_ledger(engine, city, accounts)
            settle()
            return _measure(engine, ledger, city, accounts)
        finally:
            engine.close()


def id_of(number: int) -> bytes:
    """The account id of an added account."""
    return crypto.tagged(Tag.ACCOUNT_ID, b"bench", number.to_bytes(8, "big"))[:20]


def grown_ledger(
    engine: Engine, city: City, accounts: int, further: Callable[[BlockDraft], None] | None = None
) -> Ledger:
    """All new accounts have the resident's key, and coin to spend. `further`: puts what else the
    first state shall hold."""
    chain, draft = first_state(city.genesis)
    resident = draft.get(ACCOUNTS, city.of("resident")[0].account)
    assert resident is not None, "the city has a resident"
    coin = city.genesis.wijken[0].coins[0].code
    purse = Purse((), (Holding(coin, Cents(100_00)),), ())
    with uncollected():
        for number in range(accounts):
            id = id_of(number)
            draft.put(ACCOUNTS, id, resident)
            draft.put(PURSES, id, purse)
        if further is not None:
            further(draft)
        ledger, writes = Ledger.found(engine, chain, 0, city.genesis.time_ms, draft)
        for start in range(0, len(writes), WRITES_AT_ONCE):
            engine.write(writes[start : start + WRITES_AT_ONCE])
    return ledger


def _measure(engine: Engine, ledger: Ledger, city: City, accounts: int) -> float:
    random = Random(accounts)
    signatures = Signatures()
    seed = city.of("resident")[0].seed
    key = crypto.public_key(seed)
    coin = city.genesis.wijken[0].coins[0].code
    taken: list[float] = []
    for block in range(BLOCKS):
        people = random.sample(range(accounts), 2 * PAYMENTS)
        pairs = zip(people[:PAYMENTS], people[PAYMENTS:], strict=True)
        payments = [
            parse(signed_payment(ledger, seed, block + 1, payer, payee, coin))
            for payer, payee in pairs
        ]
        for payment in payments:
            signatures.remember(payment, [key])
        began = time.perf_counter()
        parent = ledger.parent()
        execution = Execution(parent, parent.time_ms + 1_000, RELEASE, signatures)
        for payment in payments:
            receipt = execution.run(payment)
            assert not receipt.refusal, receipt.refusal
        applied = execution.close(city.genesis.wijken[0].code, (), (), ledger)
        writes, _ = ledger.commit(applied)
        engine.write(writes)
        if block >= WARM_UP:
            taken.append((time.perf_counter() - began) / PAYMENTS * 1e6)
    return median(taken)


def signed_payment(
    ledger: Ledger, seed: bytes, number: int, payer: int, payee: int, coin: str
) -> bytes:
    """A payment of one cent between two of the added accounts, as wire bytes."""
    return signed(ledger, seed, number, plain(id_of(payer), id_of(payee), coin, 1))


def signed(ledger: Ledger, seed: bytes, number: int, args: Pay) -> bytes:
    """A payment of an added account, as wire bytes."""
    until_ms = ledger.tip.time_ms + 600_000
    source = args.payer
    calls = (call("pay", "pay", args),)
    body = Body(ledger.tip.chain, 0, AccountActor(source, 0), number, until_ms, calls)
    signature = crypto.sign(seed, signing_bytes(body, encode(body)))
    return seal(body, [Witness(source, 0, signature)])
