"""A testnet on disk: the demo city's document, a home for each validator, and everybody's keys.

    DIR/genesis.json   DIR/node1/ ... DIR/nodeN/ (homes.py)   DIR/people.json (private, mode 0600)

Nothing here starts a process. A devnet uses `write_homes` with addresses of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.address import encode_address
from genesis.city import City, Person
from genesis.document import chain_id, dump
from genesis.homes import NodeAddresses, NodeHome, Peer, write_private, write_seed
from genesis.mistakes import UserError
from genesis.texts import _
from genesis.words import mnemonic_from_entropy

PORT_BASE = 46_500
PEOPLE = "people.json"


@dataclass(frozen=True, slots=True)
class Testnet:
    chain: bytes
    genesis: Path
    homes: tuple[NodeHome, ...]
    people: Path


def addresses(
    city: City, port_base: int = PORT_BASE, host: str = "127.0.0.1"
) -> list[NodeAddresses]:
    """Two ports for each validator: 2k for its API, 2k + 1 for its peers, from `port_base` on."""
    listen = [f"{host}:{port_base + 2 * k + 1}" for k in range(len(city.validators))]
    return [
        NodeAddresses(
            name=f"node{k + 1}",
            wijk=validator.wijk,
            api=f"{host}:{port_base + 2 * k}",
            listen=listen[k],
            peers=tuple(
                Peer(other.wijk, listen[j]) for j, other in enumerate(city.validators) if j != k
            ),
        )
        for k, validator in enumerate(city.validators)
    ]


def write_testnet(city: City, folder: Path, nodes: Sequence[NodeAddresses]) -> Testnet:
    """Write everything into a folder that is new or empty. Raises UserError, OSError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            _("{folder} is not an empty folder: choose a new one.").format(folder=folder)
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = dump(city.genesis)
    (folder / "genesis.json").write_bytes(document)
    homes = write_homes(city, folder, nodes, document)
    write_private(folder / PEOPLE, people_json(city))
    return Testnet(chain_id(city.genesis), folder / "genesis.json", homes, folder / PEOPLE)


def write_homes(
    city: City, folder: Path, nodes: Sequence[NodeAddresses], document: bytes
) -> tuple[NodeHome, ...]:
    """One home for each validator, FOLDER/NAME. The guard record is made by the node itself."""
    homes = []
    for validator, node in zip(city.validators, nodes, strict=True):
        home = NodeHome(folder / node.name)
        home.make()
        home.genesis.write_bytes(document)
        home.toml.write_text(node.toml())
        write_seed(home.consensus_key, validator.consensus)
        write_seed(home.node_key, validator.node)
        homes.append(home)
    return tuple(homes)


def people_json(city: City) -> bytes:
    """Everybody's account and secrets: the private seed, and, where 12 words open the wallet, the
    words and the entropy (16 bytes) that they say."""
    prefix = city.genesis.prefix
    people = [
        {
            "name": person.name,
            "role": person.role,
            "kind": person.kind,
            "wijk": person.wijk,
            "account": person.account.hex(),
            "address": encode_address(prefix, person.account),
            **(_words(person) if city.words and person.entropy else {}),
            "seed": person.seed.hex(),
            "salt": person.salt.hex(),
            "places": list(person.places),
        }
        for person in city.people
    ]
    return json.dumps(people, indent=1).encode() + b"\n"


def _words(person: Person) -> dict[str, str]:
    return {
        "mnemonic": mnemonic_from_entropy(person.entropy),
        "entropy": person.entropy.hex(),
    }
