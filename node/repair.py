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
from chain.ledger import path_key
from chain.rules import seat_sets
from genesis.build import found_ledger
from node.disk import sync_folder
from node.founding import Founding
from node.keyvalue import Engine, StoreBroken, open_engine
from node.store import DamagedStore, Store, height_key

Say = Callable[[str], None]

VERIFY_BATCH = 10_000
"""Records hashed into the tree at a time."""


class WrongChain(Exception):
    """The store holds another chain than the genesis file."""


@dataclass(frozen=True, slots=True)
class Opened:
    engine: Engine
    store: Store


def open_store(
    path: Path, kind: str, genesis: Founding, release: Release, say: Say, *, suspect: bool = False
) -> Opened:
    """Open, found or mend the store at `path`. `suspect`: check everything first.

    Raises StoreLocked, WrongChain, and StoreBroken when it cannot be mended.
    """
    _finish_swap(path)
    try:
        engine = open_engine(path, kind)
    except StoreBroken as error:
        say(f"the store is damaged ({error}); reading what is intact")
        engine = open_engine(path, kind, recover=True)
        suspect = True
    try:
        store = _founded(engine, genesis)
        if suspect:
            verify(store)
            say(f"everything in the store was checked and fits, up to block {store.height}")
        return Opened(engine, store)
    except (DamagedStore, Malformed) as error:
        say(f"the store is damaged ({error}): executing the intact blocks anew")
    return rebuild(path, kind, engine, genesis, release, say)


def _founded(engine: Engine, genesis: Founding) -> Store:
    """The store in an engine, founded if it is empty. Raises DamagedStore, WrongChain."""
    store = Store.open(engine)
    if store is None:
        if next(iter(engine.scan(b"", b"\xff")), None) is not None:
            raise DamagedStore("the tip is missing from the store")
        ledger, writes = found_ledger(genesis.whole(), engine)
        engine.write(writes)
        return Store(engine, ledger)
    if store.ledger.tip.chain != genesis.chain:
        engine.close()
        raise WrongChain
    return store


def verify(store: Store, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Recompute the state's tree from the records, and check every block with its certificate.

    Raises DamagedStore or Malformed, naming the first thing that does not fit.
    """
    nodes = _tree_of_records(store)
    root = nodes.get("")
    if (tree.EMPTY_ROOT if root is None else root.hash()) != store.ledger.tip.state_root:
        raise DamagedStore("the records do not give the state root of the last block")
    for key, packed in store.pairs.scan(b"n", b"o"):
        node = nodes.pop(key[1:].decode("ascii", "replace"), None)
        if node is None or node.pack() != packed:
            raise DamagedStore("the stored state tree is not the one that the records give")
    if any(node is not None for node in nodes.values()):
        raise DamagedStore("a part of the stored state tree is missing")
    parent = store.ledger.tip.chain
    for height in range(1, store.height + 1):
        data, certificate = store.block_bytes(height), store.certificate(height)
        if data is None or certificate is None:
            raise DamagedStore(f"block {height} or its certificate is missing")
        header = read_block(data).header
        if header.parent != parent or certificate.block != header_hash(header):
            raise DamagedStore(f"block {height} does not follow the block before it")
        store.receipts(height)
        parent = certificate.block
        progress(height, store.height)
    if parent != store.ledger.tip.hash:
        raise DamagedStore("the last block is not the tip")


def _tree_of_records(store: Store) -> dict[str, tree.Node | None]:
    """The nodes of the state tree, computed anew; checks the index of paths on the way."""
    nodes: dict[str, tree.Node | None] = {}
    batch: list[tree.Change] = []
    for key, stored in store.pairs.scan(b"r", b"s"):
        path = tree.tree_path(int.from_bytes(key[1:3], "big"), key[3:])
        if store.pairs.get(path_key(path)) != key:
            raise DamagedStore("the index of the state tree's leaves does not fit the records")
        batch.append((path, tree.leaf_hash(path, stored)))
        if len(batch) == VERIFY_BATCH:
            nodes.update(tree.update(nodes.get, batch)[1])
            batch.clear()
    if batch:
        nodes.update(tree.update(nodes.get, batch)[1])
    return nodes


def rebuild(
    path: Path, kind: str, damaged: Engine, genesis: Founding, release: Release, say: Say
) -> Opened:
    """Execute the intact blocks of a damaged store into a new one, and put it in its place; the
    damaged one stays beside it.

    Raises StoreBroken, changing nothing, where blocks are lost that nobody else has: on a chain
    of one validator.
    """
    fresh, aside = _fresh(path), _aside(path)
    shutil.rmtree(fresh, ignore_errors=True)
    engine = open_engine(fresh, kind)
    store = _founded(engine, genesis)
    lost = _execute_intact(Store(damaged, store.ledger), engine, store, release)
    damaged.close()
    engine.close()
    if lost and len(seat_sets(store.ledger).following) == 1:
        raise StoreBroken(
            f"{lost}, and on a chain of one validator nobody else has the blocks from "
            f"{store.height + 1} on. Nothing was changed: restore the folder from a backup"
        )
    if lost:
        say(f"{lost}; the blocks from {store.height + 1} on come from peers")
    say(f"the state was rebuilt up to block {store.height}; the damaged store is in {aside.name}")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
    _finish_swap(path)
    engine = open_engine(path, kind)
    return Opened(engine, _founded(engine, genesis))


def _execute_intact(old: Store, engine: Engine, store: Store, release: Release) -> str:
    """Bring `store` as far as the blocks of `old` go; why no further, or empty: that was all."""
    signatures = Signatures()
    while True:
        height = store.height + 1
        try:
            data, certificate = old.block_bytes(height), old.certificate(height)
            if data is None or certificate is None:
                behind = height_key(b"b", height), height_key(b"c", 0)
                if data or certificate or next(iter(old.pairs.scan(*behind)), None):
                    return f"block {height} or its certificate is missing"
                return ""
            tip = store.ledger.tip
            seats = seat_sets(store.ledger).following
            check_certificate(certificate, seats, tip.chain, tip.epoch)
            parent = store.ledger.parent()
            applied = apply_block(parent, read_block(data), release, store.ledger, signatures)
            if applied.hash != certificate.block:
                return f"the certificate of block {height} is for another block"
        except (DamagedStore, InvalidBlock, Inadmissible, Malformed) as error:
            return f"block {height} is damaged ({error})"
        engine.write(store.commit(applied, certificate))


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + ".rebuilt")


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".damaged")


def _finish_swap(path: Path) -> None:
    """Put a rebuilt store in its place; also one whose swap a crash cut in two."""
    if not path.exists() and _fresh(path).exists() and _aside(path).exists():
        _fresh(path).rename(path)
        sync_folder(path.parent)
