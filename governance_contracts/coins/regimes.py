"""What each regime forbids when coin moves: the network of an issuer, and its borders.

`EMT` (e-money, Regulation (EU) 2023/1114): everybody may be paid, everybody redeems at par, and
there is no fee, no interest and no expiry of free coin: no contract has a place to put one, and
region-bound coin never expires (`lots.check_terms`).

`LIMITED_NETWORK` (Directive (EU) 2015/2366, art. 3(k)): only payees who signed an acceptance, only
inside the network, no coin without a border, no exchange, and people do not redeem, except when
the coin is wound down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from chain.account import Account, in_force
from chain.codec import AccountId, Code, Record
from chain.errors import Rejected
from chain.state import Table, View, text
from governance_contracts.areas.regions import require_region, within
from governance_contracts.coins.balances import HeldLot
from governance_contracts.coins.coin import (
    ACCEPTANCES,
    Coin,
    NotAccepted,
    Phase,
    Regime,
    regime_of,
    require_phase,
)
from governance_contracts.earmarks.lots import Lot, LotKind, Terms, require_lot

NETWORK_MAX = 64


class Network(Record, tag=1):
    """The areas in which an issuer's coin may be taken, sorted; none: the country of its wijk."""

    regions: Annotated[tuple[Code, ...], Meta(max_length=NETWORK_MAX)]


NETWORKS: Table[str, Network] = Table(65, "network", Network, text)


class OutsideNetwork(Rejected):
    """The payee lives or is established outside the limited network of this coin."""

    code = 513
    fields = ("account", "coin")


class BorderlessLot(Rejected):
    """In a limited network no coin is without a border: name the regions of the lot."""

    code = 514
    fields = ("coin",)


class RegimeForbids(Rejected):
    """The regime of this coin does not allow it (`what`: exchange)."""

    code = 515
    fields = ("coin", "what")


Payee = AccountId


def is_limited(view: View, coin: Coin) -> bool:
    return regime_of(view, coin) == Regime.LIMITED_NETWORK


def check_payee(view: View, coin: Coin, payee: Payee, account: Account, height: int) -> bool:
    """May `payee` (whose registration is `account`) be paid in this coin?

    Returns whether the coin's network is limited. Refuses CoinWindsDown (claims, closed),
    NotAccepted, OutsideNetwork, in that order.
    """
    require_phase(coin, Phase.REDEEMING)
    limited = is_limited(view, coin)
    accepted = view.find(ACCEPTANCES, payee)
    if limited if accepted is None else coin.code not in accepted.coins:
        raise NotAccepted(payee, coin.code)
    if limited and not in_network(view, coin, in_force(account.home, height)):
        raise OutsideNetwork(payee, coin.code)
    return limited


def in_network(view: View, coin: Coin, home: str) -> bool:
    """Does `home` lie in the network of the coin's issuer?"""
    network = view.get(NETWORKS, coin.issuer[0]) if coin.issuer else None
    if network is not None and network.regions:
        return within(view, home, network.regions)
    return require_region(view, home).country == require_region(view, coin.wijk).country


def check_bordered(coin: Coin, terms: Terms, *, limited: bool) -> None:
    """May coin be bound to these terms? Refuses BorderlessLot."""
    if limited and is_borderless(terms):
        raise BorderlessLot(coin.code)


def is_borderless(terms: Terms) -> bool:
    return terms.kind == LotKind.EARMARK and not terms.regions


def bordered(view: View, coin: Coin, held: Sequence[HeldLot], *, pinned: bool) -> list[HeldLot]:
    """Of the lots of a limited network, those with a border; the others cannot be spent while the
    coin is in that regime. Refuses BorderlessLot for one that the payer pinned."""
    kept = []
    for one in held:
        lot: Lot = require_lot(view, one.lot)
        if not is_borderless(lot.terms):
            kept.append(one)
        elif pinned:
            raise BorderlessLot(coin.code)
    return kept
