"""Opening the store, and what happens when it is damaged: a damaged state is rebuilt, never used.

LevelDB drops a log tail torn by a crash by itself: that is the last block, which comes again from
peers. Any other damage is met by reading past it, checking everything, and, when something does
not fit, executing the blocks that are intact anew from genesis into a new store.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chain import tree
from chain.admission import Signatures
from chain.block import header_hash, read_block
from chain.certificate import check_certificate
from chain.contract import Release
from chain.errors import Inadmissible, InvalidBlock, Malformed
from chain.execution import apply_block
from chain.ledger import KeyValue, Ledger
from chain.rules import seat_sets
from genesis.build import found_ledger
from genesis.document import Genesis, chain_id
from node.keyvalue import Engine, StoreBroken, open_engine
from node.store import DamagedStore, Store

Say = Callable[[str], None]


class WrongChain(Exception):
    """The store holds another chain than the genesis file."""


@dataclass(frozen=True, slots=True)
class Opened:
    engine: Engine
    store: Store


def open_store(path: Path, kind: str, genesis: Genesis, release: Release, say: Say) -> Opened:
    """Open, found or mend the store at `path`.

    Raises StoreLocked, WrongChain, and StoreBroken when not even the blocks can be read.
    """
    try:
        engine = open_engine(path, kind)
        return Opened(engine, _founded(engine, genesis))
    except StoreBroken as error:
        say(f"the store is damaged ({error}); reading what is intact")
        engine = open_engine(path, kind, recover=True)
    except DamagedStore as error:
        say(f"the store is damaged ({error})")
        engine = open_engine(path, kind)
    try:
        store = _founded(engine, genesis)
        verify(store)
        say("everything in the store was checked and fits")
        return Opened(engine, store)
    except DamagedStore as error:
        say(f"{error}: executing the intact blocks anew")
    return rebuild(path, kind, engine, genesis, release, say)


def _founded(engine: Engine, genesis: Genesis) -> Store:
    try:
        store = Store.open(engine)
    except DamagedStore:
        engine.close()
        raise
    if store is None:
        ledger, writes = found_ledger(genesis, engine)
        engine.write(writes)
        return Store(engine, ledger)
    if store.ledger.tip.chain != chain_id(genesis):
        engine.close()
        raise WrongChain
    return store


def verify(store: Store, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Recompute the state root from the records, and check every block with its certificate.

    Raises DamagedStore, naming the first thing that does not fit.
    """
    nodes: dict[str, tree.Node | None] = {}
    batch: list[tree.Change] = []
    root = tree.EMPTY_ROOT

    def flush() -> bytes:
        found, changed = tree.update(nodes.get, batch)
        nodes.update(changed)
        batch.clear()
        return found

    for key, stored in store.pairs.scan(b"r", b"s"):
        path = tree.tree_path(int.from_bytes(key[1:3], "big"), key[3:])
        batch.append((path, tree.leaf_hash(path, stored)))
        if len(batch) == 10_000:
            root = flush()
    root = flush() if batch else root
    if root != store.ledger.tip.state_root:
        raise DamagedStore("the records do not give the state root of the last block")
    parent = store.ledger.tip.chain
    for height in range(1, store.height + 1):
        data, certificate = store.block_bytes(height), store.certificate(height)
        if data is None or certificate is None:
            raise DamagedStore(f"block {height} or its certificate is missing")
        header = read_block(data).header
        if header.parent != parent or certificate.block != header_hash(header):
            raise DamagedStore(f"block {height} does not follow the block before it")
        parent = certificate.block
        progress(height, store.height)


def rebuild(
    path: Path, kind: str, damaged: Engine, genesis: Genesis, release: Release, say: Say
) -> Opened:
    """Execute the intact blocks of a damaged store into a new one, and put it in its place."""
    fresh = path.with_name(path.name + ".rebuilt")
    shutil.rmtree(fresh, ignore_errors=True)
    engine = open_engine(fresh, kind)
    store = _founded(engine, genesis)
    signatures = Signatures()
    old = Store(damaged, _bare_ledger(damaged, store.ledger))
    while True:
        height = store.height + 1
        try:
            data, certificate = old.block_bytes(height), old.certificate(height)
        except (DamagedStore, Malformed) as error:
            say(f"{error}; the rest comes from peers")
            break
        if data is None or certificate is None:
            break
        try:
            tip = store.ledger.tip
            seats = seat_sets(store.ledger).following
            check_certificate(certificate, seats, tip.chain, tip.epoch)
            parent = store.ledger.parent()
            applied = apply_block(parent, read_block(data), release, store.ledger, signatures)
        except (InvalidBlock, Inadmissible, Malformed) as error:
            say(f"block {height} is damaged ({error}); the rest comes from peers")
            break
        engine.write(store.commit(applied, certificate))
    say(f"the state was rebuilt up to block {store.height}")
    damaged.close()
    engine.close()
    aside = path.with_name(path.name + ".damaged")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    fresh.rename(path)
    engine = open_engine(path, kind)
    return Opened(engine, _founded(engine, genesis))


def _bare_ledger(pairs: KeyValue, founded: Ledger) -> Ledger:
    """Something to read blocks through when the damaged store's own tip cannot be trusted."""
    return Ledger(pairs, founded.tip)
