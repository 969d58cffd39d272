"""Questions about one coin: its issuer and meter, its end, and who can still claim."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import groupby

from chain.account import PURSES, Purse, free_coin
from chain.address import encode_address
from chain.ledger import Ledger
from chain.state import View
from governance_contracts.boards.boardroom import BOARDS
from governance_contracts.coins.balances import HELD_LOTS, lots_of
from governance_contracts.coins.coin import COINS, ISSUERS, Coin, Phase, Regime
from governance_contracts.coins.meter import NOTIFICATION_LIMIT, volume_of
from governance_contracts.coins.switching import SWITCHES
from governance_contracts.coins.windingdown import WIND_DOWNS
from governance_contracts.coins.writedown import WRITE_DOWNS
from governance_contracts.earmarks.lots import is_earmark, require_lot
from governance_contracts.people.registrars import REGISTRARS
from node.api import shapes
from node.api.shapes_coins import ClaimedLot, ClaimsAnswer, ClaimShape

REGIMES = {Regime.EMT: "emt", Regime.LIMITED_NETWORK: "limited-network"}
PAGE = 100
LOOKED_AT_MAX = 5_000
"""Accounts that one page passes over at most."""


class NotTheOffice(Exception):
    """Only the board and the registrars of the coin's wijk see who can claim."""


class NothingToClaim(Exception):
    """The coin is not at its end, or there is none of this code."""


def phase_name(coin: Coin) -> str:
    return Phase(coin.phase).name.lower().replace("_", "-")


def issuer_of(view: View, coin: Coin, time_ms: int) -> shapes.IssuerShape | None:
    issuer = view.get(ISSUERS, coin.issuer[0]) if coin.issuer else None
    if issuer is None:
        return None
    limited = issuer.regime == Regime.LIMITED_NETWORK
    return shapes.IssuerShape(
        code=coin.issuer[0],
        name=issuer.name,
        licence=issuer.licence,
        regime=REGIMES[Regime(issuer.regime)],
        volume_cents=volume_of(view, coin.issuer[0], time_ms),
        limit_cents=NOTIFICATION_LIMIT.of(view) if limited else None,
    )


def pending_switch(view: View, coin: str) -> shapes.PendingSwitchShape | None:
    pending = view.get(SWITCHES, coin)
    if pending is None:
        return None
    return shapes.PendingSwitchShape(issuer=pending.issuer, at_ms=pending.at_ms)


def wind_down(view: View, coin: str, prefix: str) -> shapes.WindDownShape | None:
    plan, rate = view.get(WIND_DOWNS, coin), view.get(WRITE_DOWNS, coin)
    if plan is None:
        return None
    return shapes.WindDownShape(
        destination=encode_address(prefix, plan.destination),
        redeem_ms=plan.redeem_ms,
        claims_ms=plan.claims_ms,
        rest_ms=plan.rest_ms,
        numerator=1 if rate is None else rate.numerator,
        denominator=1 if rate is None else rate.denominator,
    )


def claims(ledger: Ledger, code: str, reader: bytes, start: bytes, prefix: str) -> ClaimsAnswer:
    """A page of holders in order of their accounts. Raises NothingToClaim, NotTheOffice."""
    coin = ledger.get(COINS, code)
    if coin is None or coin.phase not in (Phase.REDEEMING, Phase.CLAIMS):
        raise NothingToClaim
    board = ledger.get(BOARDS, coin.wijk)
    on_board = board is not None and reader in board.members
    if not on_board and ledger.get(REGISTRARS, (coin.wijk, reader)) is None:
        raise NotTheOffice
    found: list[ClaimShape] = []
    for seen, account in enumerate(holders(ledger, start)):
        if len(found) == PAGE or seen == LOOKED_AT_MAX:
            return _page(ledger, coin, found, account.hex())
        claim = _claim(ledger, coin, account, prefix)
        if claim is not None:
            found.append(claim)
    return _page(ledger, coin, found, None)


def holders(ledger: Ledger, start: bytes) -> Iterator[bytes]:
    """All accounts with a purse or bound coin, in order, each once."""
    keys = merge(
        (key for key, _ in ledger.scan(PURSES, start)),
        (key for key, _ in ledger.scan(HELD_LOTS, start)),
    )
    return (key for key, _same in groupby(keys))


def _claim(view: View, coin: Coin, account: bytes, prefix: str) -> ClaimShape | None:
    everything = coin.phase == Phase.CLAIMS
    lots = []
    for one in lots_of(view, account, coin.code):
        earmark = is_earmark(require_lot(view, one.lot))
        if everything or earmark:
            lots.append(ClaimedLot(lot=one.lot, amount_cents=one.amount, earmark=earmark))
    purse: Purse | None = view.find(PURSES, account)
    free = free_coin(purse, coin.code) if everything and purse is not None else 0
    if not free and not lots:
        return None
    return ClaimShape(address=encode_address(prefix, account), free_cents=free, lots=lots)


def _page(
    ledger: Ledger, coin: Coin, found: list[ClaimShape], following: str | None
) -> ClaimsAnswer:
    return ClaimsAnswer(
        height=ledger.tip.height,
        coin=coin.code,
        phase=phase_name(coin),
        claims=found,
        next=following,
    )
