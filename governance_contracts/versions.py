"""Which contracts this release carries, and which of them a new chain starts with.

A new version of a contract is a new module. Both stay listed here, so that old blocks replay;
the federation activates the new one at a height.
"""

from __future__ import annotations

from chain.contract import Contract, Release, release
from chain.rules import PROTOCOL
from governance_contracts import (
    benefit,
    board,
    claim,
    coin,
    earmark,
    exchange,
    federation,
    life,
    mandate,
    offline,
    pay,
    recovery,
    regions,
    registry,
    reserve,
    standing,
    switching,
    winddown,
)

CONTRACTS: tuple[Contract, ...] = (
    regions.CONTRACT,
    registry.CONTRACT,
    board.CONTRACT,
    federation.CONTRACT,
    coin.CONTRACT,
    earmark.CONTRACT,
    reserve.CONTRACT,
    pay.CONTRACT,
    benefit.CONTRACT,
    mandate.CONTRACT,
    recovery.CONTRACT,
    life.CONTRACT,
    standing.CONTRACT,
    claim.CONTRACT,
    offline.CONTRACT,
    switching.CONTRACT,
    exchange.CONTRACT,
    winddown.CONTRACT,
)

RELEASE: Release = release(CONTRACTS)

CONTRACT_VERSIONS: tuple[tuple[str, int], ...] = (
    (PROTOCOL, 1),
    ("regions", 1),
    ("registry", 1),
    ("board", 1),
    ("federation", 1),
    ("coin", 1),
    ("earmark", 1),
    ("reserve", 1),
    ("pay", 1),
    ("benefit", 1),
    ("mandate", 1),
    ("recovery", 1),
    ("life", 1),
    ("standing", 1),
    ("claim", 1),
    ("offline", 1),
    ("issuer", 1),
    ("exchange", 1),
    ("winddown", 1),
)
"""In force from genesis: name and version."""
