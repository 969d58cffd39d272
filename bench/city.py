"""Devnets with many accounts: the genesis is founded once and its store copied to every home."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as with_fields
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from chain import crypto
from genesis.build import found_ledger
from genesis.city import City, Person, demo_city
from genesis.document import (
    AccountKeyPart,
    AccountPart,
    Id,
    Key,
    Kind,
    PlacePart,
    Salt,
    Sig,
    chain_id,
    dump,
)
from genesis.parts import founding_id
from genesis.testnet import PEOPLE, Testnet, addresses, write_homes
from node.config import STORE
from node.demo.devnet import Devnet, DevNode
from node.keyvalue import open_engine
from node.opening import lay_genesis

PAYERS = 2_000
SHOPS = 100
WRITES_AT_ONCE = 100_000
UNPROVEN = Sig(bytes(64))
"""Founding does not read proofs of possession; making and checking them is not measured here."""


def big_city(validators: int, residents: int) -> City:
    """PAYERS residents with keys of their own, and copies of the first with its key; SHOPS shops.

    Deriving a hundred thousand keys would measure nothing of ours.
    """
    first = min(PAYERS, residents)
    city = demo_city(validators, b"bench", first, time_ms=time.time_ns() // 1_000_000)
    wijken = [wijk.code for wijk in city.genesis.wijken]
    pattern = city.of("resident")[0]
    people: list[Person] = []
    accounts: list[AccountPart] = []
    for number in range(residents - first):
        wijk = wijken[number % validators]
        person, part = _copy(pattern, f"resident-{first + number + 1}", "resident", "person", wijk)
        people.append(person)
        accounts.append(part)
    places: list[PlacePart] = []
    for number in range(SHOPS):
        wijk = wijken[number % validators]
        person, part = _copy(pattern, f"shop-{number + 1}", "basket shop", "business", wijk)
        people.append(person)
        accounts.append(part)
        places.append(PlacePart(account=part.id, number=1, wijk=wijk, buurt=(), kind="shop"))
    genesis = replace(
        city.genesis,
        accounts=(*city.genesis.accounts, *accounts),
        places=(*city.genesis.places, *places),
    )
    return with_fields(city, genesis=genesis, people=(*city.people, *people))


def _copy(
    pattern: Person, name: str, role: str, kind: Kind, wijk: str
) -> tuple[Person, AccountPart]:
    """Another account with the key of `pattern`."""
    key = crypto.public_key(pattern.seed)
    salt = sha256(name.encode()).digest()[:16]
    id = founding_id([key], 1, salt)
    part = AccountPart(
        id=Id(id), kind=kind, sector="BUS" if kind == "business" else "HH", home=wijk,
        office=wijk, owner=(), threshold=1, salt=Salt(salt), identity=(),
        keys=(AccountKeyPart(key=Key(key), role="full", place=(), proof=UNPROVEN),),
    )  # fmt: skip
    places = (1,) if kind == "business" else ()
    return Person(name, role, kind, wijk, id, b"", pattern.seed, salt, places), part


def make_devnet(folder: Path, city: City, port_base: int) -> Devnet:
    planned = addresses(city, port_base)
    folder.mkdir(parents=True, exist_ok=True)
    document, chain = dump(city.genesis), chain_id(city.genesis)
    homes = write_homes(city, folder, planned, document)
    first = homes[0]
    engine = open_engine(first.data / STORE)
    with uncollected():
        _, writes = found_ledger(city.genesis, engine)
    for start in range(0, len(writes), WRITES_AT_ONCE):
        engine.write(writes[start : start + WRITES_AT_ONCE])
    engine.close()
    nodes = []
    for plan, home in zip(planned, homes, strict=True):
        if home is not first:
            shutil.copytree(first.data / STORE, home.data / STORE)
        lay_genesis(home, document, chain)
        nodes.append(DevNode(plan.name, plan.wijk, f"http://{plan.api}", home))
    testnet = Testnet(chain, first.genesis, homes, folder / PEOPLE)
    return Devnet(city, folder, testnet, nodes)


@contextmanager
def uncollected() -> Iterator[None]:
    """While millions of objects are made that all stay, looking for garbage only takes time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
