"""Node keys: the TLS identities under which a wijk's validator meets its peers.

A seat has one consensus key, which signs votes and lives with the signer, and several node keys,
each replaceable alone. Peers pin the node keys of the wijken that hold a seat.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import Key, Record, Sig
from chain.contract import Context
from chain.errors import Rejected
from chain.rules import SEAT_CHANGES, seat_sets
from chain.state import Draft, Table, View, text
from governance_contracts.people.keys import require_possession

NODE_KEYS_MAX = 4


class NodeKeys(Record, tag=1):
    """Sorted, each once."""

    keys: Annotated[tuple[Key, ...], Meta(max_length=NODE_KEYS_MAX)]


class ProvenKey(Record, tag=1):
    """A key and its own signature over `keys.possession_bytes` for its holder."""

    key: Key
    proof: Sig


ProvenKeys = Annotated[tuple[ProvenKey, ...], Meta(max_length=NODE_KEYS_MAX)]

NODE_KEYS: Table[str, NodeKeys] = Table(51, "node_keys", NodeKeys, text)


class KeyInUse(Rejected):
    """Consensus keys and node keys of all wijken are pairwise different."""

    code = 410
    fields = ("key",)


def seat_holder(wijk: str) -> bytes:
    """What stands for the holder in a consensus key's proof of possession."""
    return b"seat:" + wijk.encode("ascii")


def node_holder(wijk: str) -> bytes:
    return b"node:" + wijk.encode("ascii")


def keys_in_use(view: View, *, but_nodes_of: str = "") -> set[bytes]:
    """Consensus keys of all sets and of changes to come, and node keys. For membership tests."""
    sets = seat_sets(view)
    used = {seat.key for seat in (*sets.current, *sets.following, *sets.after)}
    for _, change in view.scan(SEAT_CHANGES):
        used.update(seat.key for seat in change.seat)
    for wijk, nodes in view.scan(NODE_KEYS):
        if wijk != but_nodes_of.encode("ascii"):
            used.update(nodes.keys)
    return used


def put_node_keys(draft: Draft, context: Context, wijk: str, keys: ProvenKeys) -> None:
    """Replace a wijk's node keys. Refuses BadKey, NoPossession, KeyInUse."""
    used = keys_in_use(draft, but_nodes_of=wijk)
    for new in keys:
        require_possession(context, node_holder(wijk), new.key, new.proof)
        if new.key in used:
            raise KeyInUse(new.key)
        used.add(new.key)
    draft.put(NODE_KEYS, wijk, NodeKeys(tuple(sorted(new.key for new in keys))))


def found_node_keys(draft: Draft, wijk: str, keys: tuple[bytes, ...]) -> None:
    """Enter node keys at genesis, after the seats. Raises ValueError with a sentence."""
    used = keys_in_use(draft)
    if len(keys) > NODE_KEYS_MAX:
        raise ValueError(f"{wijk}: a validator has at most {NODE_KEYS_MAX} node keys")
    for key in keys:
        if not crypto.is_public_key(key):
            raise ValueError(f"{wijk}: node key {key.hex()} is not an Ed25519 public key")
        if key in used:
            raise ValueError(f"{wijk}: node key {key.hex()} is used elsewhere")
        used.add(key)
    draft.put(NODE_KEYS, wijk, NodeKeys(tuple(sorted(keys))))
