"""Devnets with many accounts: the genesis is founded once and its store copied to every home."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from genesis.build import found_ledger
from genesis.city import City, demo_city
from genesis.document import chain_id, dump
from genesis.testnet import addresses, write_testnet
from node.config import STORE
from node.devnet import Devnet, DevNode
from node.keyvalue import open_engine
from node.opening import lay_genesis


def big_city(validators: int, residents: int) -> City:
    """Keys without words: deriving a hundred thousand mnemonics measures nothing of ours."""
    return demo_city(validators, b"bench", residents, time_ms=time.time_ns() // 1_000_000)


def make_devnet(folder: Path, city: City, port_base: int) -> Devnet:
    planned = addresses(city, port_base)
    testnet = write_testnet(city, folder, planned)
    first = testnet.homes[0]
    engine = open_engine(first.data / STORE)
    _, writes = found_ledger(city.genesis, engine)
    for start in range(0, len(writes), 100_000):
        engine.write(writes[start : start + 100_000])
    engine.close()
    document = dump(city.genesis)
    nodes = []
    for plan, home in zip(planned, testnet.homes, strict=True):
        if home is not first:
            shutil.copytree(first.data / STORE, home.data / STORE)
        lay_genesis(home, document, chain_id(city.genesis))
        nodes.append(DevNode(plan.name, plan.wijk, f"http://{plan.api}", home))
    return Devnet(city, folder, testnet, nodes)
