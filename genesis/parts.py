"""Making parts of a Genesis document from private seeds: accounts and seats, with their proofs.

For founders (each makes the part that needs their key, on their own machine), testnets and tests.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain import crypto
from chain.account import account_id
from genesis.document import (
    FOUNDING_CHAIN,
    FOUNDING_EPOCH,
    AccountKeyPart,
    AccountPart,
    Id,
    Key,
    Kind,
    ProvenKey,
    Salt,
    SeatPart,
    Sig,
)
from governance_contracts.boards.nodes import node_holder, seat_holder
from governance_contracts.people.keys import prove_possession


def founding_id(keys: Sequence[bytes], threshold: int, salt: bytes) -> bytes:
    """The id of an account that stands in a genesis, whatever the chain will be."""
    return account_id(FOUNDING_CHAIN, tuple(bytes(key) for key in keys), threshold, salt)


def account_part(
    kind: Kind,
    sector: str,
    home: str,
    office: str,
    seeds: Sequence[bytes],
    salt: bytes,
    threshold: int = 1,
    owner: tuple[bytes, ...] = (),
) -> AccountPart:
    """An account whose full keys are those of `seeds`, in this order."""
    publics = [crypto.public_key(seed) for seed in seeds]
    id = founding_id(publics, threshold, salt)
    keys = tuple(
        AccountKeyPart(key=Key(public), role="full", place=(), proof=proof_of(seed, id))
        for seed, public in zip(seeds, publics, strict=True)
    )
    return AccountPart(
        id=Id(id),
        kind=kind,
        sector=sector,
        home=home,
        office=office,
        owner=tuple(Id(account) for account in owner),
        keys=keys,
        threshold=threshold,
        salt=Salt(salt),
        identity=(),
    )


def seat_part(wijk: str, consensus: bytes, nodes: Sequence[bytes]) -> SeatPart:
    """A wijk's validator, from the private seeds of its consensus key and node keys."""
    return SeatPart(
        consensus=_proven(consensus, seat_holder(wijk)),
        nodes=tuple(_proven(node, node_holder(wijk)) for node in nodes),
    )


def _proven(seed: bytes, holder: bytes) -> ProvenKey:
    return ProvenKey(key=Key(crypto.public_key(seed)), proof=proof_of(seed, holder))


def proof_of(seed: bytes, holder: bytes) -> Sig:
    return Sig(prove_possession(seed, FOUNDING_CHAIN, FOUNDING_EPOCH, holder))
