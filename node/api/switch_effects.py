"""What another issuer would do to people, counted from the state before anybody decides.

Counting walks over all accounts, a stretch at a time, so that nothing else waits long. Counts of
one to nine people are not told (`shapes_coins.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from chain.account import ACCOUNTS, Account, AccountKind, Status, free_coin, in_force, purse_of
from chain.errors import Rejected
from chain.ledger import Ledger
from chain.state import View
from governance_contracts.areas.regions import require_region, within
from governance_contracts.coins.balances import lots_of
from governance_contracts.coins.coin import ACCEPTANCES, Coin, Regime, require_coin
from governance_contracts.coins.regimes import NETWORKS, is_borderless, is_limited
from governance_contracts.coins.switching import SWITCH_NOTICE, Switch, check_switch
from governance_contracts.earmarks.lots import LOTS
from node.api.queries_coins import REGIMES
from node.api.shapes_coins import LotEffect, SwitchAnswer

STRETCH = 500
"""Accounts looked at in one question to the replica."""
DISCLOSED_FROM = 10
PEOPLE = (AccountKind.PERSON, AccountKind.HOUSEHOLD)


def told(count: int) -> int | None:
    """A count as everybody may know it: none at all, or ten and more."""
    return count if count == 0 or count >= DISCLOSED_FROM else None


@dataclass(slots=True)
class Effects:
    """The counts so far of one switch."""

    args: Switch
    counts: Counter[str] = field(default_factory=Counter)
    lot_holders: Counter[int] = field(default_factory=Counter)
    lot_amounts: Counter[int] = field(default_factory=Counter)

    def stretch(self, ledger: Ledger, start: bytes) -> bytes | None:
        """Count some accounts from `start` on; where the next stretch begins. Raises UnknownCoin,
        UnknownIssuer."""
        coin, limited_then = self._regimes(ledger)
        limited_now = is_limited(ledger, coin)
        for seen, (key, account) in enumerate(ledger.scan(ACCOUNTS, start)):
            if seen == STRETCH:
                return key
            if account.status != Status.CLOSED:
                self._count(ledger, coin, key, account, limited_now, limited_then)
        return None

    def _regimes(self, view: View) -> tuple[Coin, bool]:
        coin = require_coin(view, self.args.coin)
        then = Coin(
            coin.code, coin.name, coin.currency, coin.wijk, (self.args.issuer,), False, coin.phase
        )
        return coin, is_limited(view, then)

    def _count(
        self, view: Ledger, coin: Coin, id: bytes, account: Account, now: bool, then: bool
    ) -> None:
        counts = self.counts
        person = account.kind in PEOPLE
        home = in_force(account.home, view.tip.height)
        paid_now = self._paid(view, coin, id, home, coin.issuer, limited=now)
        paid_then = self._paid(view, coin, id, home, (self.args.issuer,), limited=then)
        if paid_now and not paid_then:
            counts["people" if person else "organisations"] += 1
        counts["gained"] += paid_then and not paid_now
        lots = lots_of(view, id, coin.code)
        if not lots and not free_coin(purse_of(view, id), coin.code):
            return
        counts["holders"] += 1
        counts["gain"] += person and now and not then
        counts["lose"] += person and then and not now
        for held in lots if then and not now else ():
            lot = view.get(LOTS, held.lot)
            if lot is not None and is_borderless(lot.terms):
                self.lot_holders[held.lot] += 1
                self.lot_amounts[held.lot] += held.amount

    def _paid(
        self,
        view: View,
        coin: Coin,
        id: bytes,
        home: str,
        issuer: tuple[str, ...],
        *,
        limited: bool,
    ) -> bool:
        """Would this account be paid in the coin, if this issuer stood for it?"""
        accepted = view.find(ACCEPTANCES, id)
        if limited if accepted is None else coin.code not in accepted.coins:
            return False
        if not limited:
            return True
        network = view.get(NETWORKS, issuer[0]) if issuer else None
        if network is not None and network.regions:
            return within(view, home, network.regions)
        return require_region(view, home).country == require_region(view, coin.wijk).country

    def answer(self, ledger: Ledger) -> SwitchAnswer:
        coin, then = self._regimes(ledger)
        now = is_limited(ledger, coin)
        refusal = None
        try:
            check_switch(ledger, self.args)
        except Rejected as rejected:
            refusal = rejected.name
        counts = self.counts
        return SwitchAnswer(
            height=ledger.tip.height,
            coin=coin.code,
            issuer_now=coin.issuer[0] if coin.issuer else None,
            issuer_then=self.args.issuer,
            regime_now=_name(limited=now),
            regime_then=_name(limited=then),
            notice_days=SWITCH_NOTICE.of(ledger),
            people_no_longer_paid=told(counts["people"]),
            organisations_no_longer_paid=told(counts["organisations"]),
            payees_gained=told(counts["gained"]),
            holders=told(counts["holders"]),
            gain_redemption=told(counts["gain"]),
            lose_redemption=told(counts["lose"]),
            lots_that_stop=[
                LotEffect(
                    lot=lot,
                    holders=told(self.lot_holders[lot]),
                    amount_cents=self.lot_amounts[lot] if told(self.lot_holders[lot]) else None,
                )
                for lot in sorted(self.lot_holders)
            ],
            exchange_stops=then and not now,
            refusal=refusal,
        )


def _name(*, limited: bool) -> str:
    return REGIMES[Regime.LIMITED_NETWORK if limited else Regime.EMT]
