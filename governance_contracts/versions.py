"""Which contracts this release carries, and which of them a new chain starts with.

A new version of a contract is a new module. Both stay listed here, so that old blocks replay;
the federation activates the new one at a height.
"""

from __future__ import annotations

from chain.contract import Contract, Release, release
from chain.rules import PROTOCOL
from governance_contracts.areas import regions
from governance_contracts.bank import reserve
from governance_contracts.boards import board, federation
from governance_contracts.coins import coin, exchange, switching, winddown
from governance_contracts.earmarks import earmark
from governance_contracts.life import life
from governance_contracts.mandates import mandate
from governance_contracts.offline import offline
from governance_contracts.payments import benefit, claim, pay, standing
from governance_contracts.people import registry
from governance_contracts.recovery import recovery

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
