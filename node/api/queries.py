"""Questions about committed state, each answered in one go in the replica's thread.

Every answer names the height it is of and holds copies only. What belongs to one account is asked
through `queries_account.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from chain.account import ACCOUNTS, Account, AccountKind, Status
from chain.address import encode_address
from chain.certificate import Seats
from chain.codec import encode
from chain.ledger import Ledger
from chain.rules import PARAMETER_LIST, seat_sets
from chain.state import View
from governance_contracts.areas.regions import REGIONS, Level
from governance_contracts.bank.books import RESERVES, cover_of, deficit_of, liabilities_of
from governance_contracts.coins.balances import supply_of
from governance_contracts.coins.coin import COINS, Coin, accepts
from governance_contracts.people.places import HAVE_PLACES, PlaceKind, places_of
from node.api import queries_coins, shapes
from node.api.heights import header_at
from node.replica import Replica, ReplicaStatus


def health(status: ReplicaStatus) -> shapes.Health:
    if status.diverged:
        return shapes.Health(
            status="diverged",
            reason="this node computes another state than the boards decided; it votes no more",
        )
    if status.syncing:
        return shapes.Health(status="syncing", reason=f"catching up from block {status.height}")
    if not status.joined:
        return shapes.Health(
            status="starting", reason="waiting for the other boards before it takes part"
        )
    return shapes.Health(status="ok")


def certified_header(replica: Replica, height: int) -> shapes.HeaderAnswer | None:
    """None: no such block, or it is not kept."""
    header, certificate = header_at(replica, height), None
    if header is not None:
        certificate = replica.store.certificate(height)
    if header is None or certificate is None:
        return None
    return shapes.HeaderAnswer(
        height=height, header=encode(header).hex(), certificate=encode(certificate).hex()
    )


def history_proof(replica: Replica, height: int) -> shapes.HistoryProof | None:
    """`height` in the history that the newest header carries: that of the headers before it.

    None unless 1 <= height < tip: the tip itself is in no history yet.
    """
    tip = replica.ledger.tip.height
    if not 1 <= height < tip:
        return None
    proof = replica.ledger.prove_height(height, tip - 1)
    return shapes.HistoryProof(height=height, tip_height=tip - 1, proof=encode(proof).hex())


def seats(ledger: Ledger) -> shapes.SeatsAnswer:
    sets = seat_sets(ledger)
    return shapes.SeatsAnswer(
        height=ledger.tip.height, seats=seat_list(sets.current), next=seat_list(sets.following)
    )


def seat_list(seats: Seats) -> list[shapes.SeatShape]:
    return [shapes.SeatShape(wijk=seat.wijk, key=seat.key.hex()) for seat in seats]


def coins(ledger: Ledger, code: str | None, prefix: str) -> shapes.Coins:
    """All coins, or the one of this code; an empty list if there is none."""
    if code is None:
        found = [coin for _, coin in ledger.scan(COINS)]
    else:
        one = ledger.get(COINS, code)
        found = [] if one is None else [one]
    tip = ledger.tip
    return shapes.Coins(
        height=tip.height, coins=[_coin(ledger, coin, tip.time_ms, prefix) for coin in found]
    )


def _coin(view: View, coin: Coin, time_ms: int, prefix: str) -> shapes.CoinShape:
    supply = supply_of(view, coin.code)
    return shapes.CoinShape(
        code=coin.code,
        name=coin.name,
        currency=coin.currency,
        wijk=coin.wijk,
        supply_cents=shapes.SupplyShape(
            free=supply.free,
            lots=supply.lots,
            escrow=supply.escrow,
            offline=supply.offline,
            redeeming=supply.redeeming,
        ),
        minted_cents=supply.minted,
        burned_cents=supply.burned,
        reserve=_reserve(view, coin.code),
        issuer=queries_coins.issuer_of(view, coin, time_ms),
        switch=queries_coins.pending_switch(view, coin.code),
        minting_stopped=coin.minting_stopped,
        phase=queries_coins.phase_name(coin),
        wind_down=queries_coins.wind_down(view, coin.code, prefix),
    )


def _reserve(view: View, coin: str) -> shapes.ReserveShape | None:
    reserve = view.get(RESERVES, coin)
    if reserve is None:
        return None
    closed = None
    if reserve.sequence:
        closed = datetime.fromtimestamp(reserve.closed_ms // 1000, UTC).date().isoformat()
    return shapes.ReserveShape(
        balance_cents=reserve.balance,
        cover_cents=cover_of(reserve),
        liabilities_cents=liabilities_of(view, coin),
        deficit_cents=deficit_of(view, coin),
        statement=reserve.sequence,
        closing_date=closed,
    )


def parameters(ledger: Ledger) -> shapes.Parameters:
    listed = [
        shapes.ParameterShape(
            name=p.name,
            value=p.of(ledger),
            default=p.default,
            low=p.low,
            high=p.high,
            meaning=p.meaning,
        )
        for _, p in sorted(PARAMETER_LIST.items())
    ]
    return shapes.Parameters(height=ledger.tip.height, parameters=listed)


def regions(ledger: Ledger, start: str, limit: int) -> shapes.Regions:
    """In order of their codes, from `start` on."""
    found: list[shapes.RegionShape] = []
    following = None
    for _, region in ledger.scan(REGIONS, start.encode("ascii")):
        if len(found) == limit:
            following = region.code
            break
        found.append(
            shapes.RegionShape(
                code=region.code,
                name=region.name,
                country=region.country,
                parent=region.parent[0] if region.parent else None,
                level=Level(region.level).name.lower(),
                inhabitants=region.inhabitants,
                inhabitants_date=region.inhabitants_date,
                adults=region.adults,
            )
        )
    return shapes.Regions(height=ledger.tip.height, regions=found, next=following)


def payee(ledger: Ledger, account_id: bytes, prefix: str) -> shapes.Payee:
    account = ledger.find(ACCOUNTS, account_id)
    return shapes.Payee(
        height=ledger.tip.height,
        address=encode_address(prefix, account_id),
        registered=account is not None,
        closed=account is not None and account.status == Status.CLOSED,
        kind=None if account is None else AccountKind(account.kind).name.lower(),
        accepts=[] if account is None else accepted(ledger, account_id),
        places=[] if account is None else open_places(ledger, account_id, account),
    )


def accepted(view: View, account_id: bytes) -> list[str]:
    """The codes of the coins this account takes."""
    return [coin.code for _, coin in view.scan(COINS) if accepts(view, account_id, coin)]


def open_places(view: View, account_id: bytes, account: Account) -> list[shapes.PlaceShape]:
    """Places that are not closed; of kinds of account that have any."""
    if account.kind not in HAVE_PLACES:
        return []
    return [
        shapes.PlaceShape(
            number=number,
            wijk=place.wijk,
            buurt=place.buurt[0] if place.buurt else None,
            kind=PlaceKind(place.kind).name.lower(),
        )
        for number, place in places_of(view, account_id)
        if not place.closed
    ]
