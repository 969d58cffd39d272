"""Coin for the load: euros arrive, are attested, minted and paid out. Money exists in no other way.

For baskets also three earmarks for every payer, the city's discount for all of them, and the shops
that take part in it, each with coin of its own in its pot.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.basket import BENEFIT, YEAR_MS, offer, terms_of
from bench.city import PAYERS
from chain.money import Cents
from chain.transaction import Call
from genesis.city import City, Person
from genesis.city_map import GEMEENTE
from governance_contracts.earmarks.lots import Terms
from governance_contracts.payments.benefit import Admit, FillPot, Join
from governance_contracts.payments.payments import Payout, PayoutLine
from node.demo.devnet import Devnet
from node.demo.hand import Bank, Hands, Outcome, call

PURSE_CENTS = 200_00
LOT_CENTS = 60_00
POT_CENTS = 500_00
DISCOUNTS_CENTS = 50_000_00
LINES = 1_000
"""Of one payout."""
HOLDERS = 100
"""Admitted by one call."""


@dataclass(frozen=True, slots=True)
class Funded:
    """Who can pay, in which coin. `payout_ms`: how long the slowest payout of LINES lines in free
    coin took to be final, on a chain with nothing else to do."""

    payers: list[Person]
    shops: list[Person]
    coin: str
    payout_ms: float


class Funding:
    """The gemeente's money for one load, on the first node of a devnet."""

    def __init__(self, devnet: Devnet, hands: Hands) -> None:
        self.hands = hands
        self.city: City = devnet.city
        self.node = devnet.nodes[0]
        self.funder = self.city.of("funder")[0]
        self.payers = self.city.of("resident")[:PAYERS]
        self.shops = self.city.of("basket shop")
        self.bank = Bank(self.city, self.node.wijk)

    def fund(self, *, baskets: bool) -> Funded:
        """Raises RuntimeError if anything is refused."""
        total = PURSE_CENTS * len(self.payers)
        if baskets:
            total += 3 * LOT_CENTS * len(self.payers) + POT_CENTS * len(self.shops)
            total += DISCOUNTS_CENTS
        line, salt = self.bank.receive(self.funder, total)
        closed_ms = time.time_ns() // 1_000_000 - 1_000
        url, wijk = self.node.url, self.node.wijk
        self._check(*self.hands.attest(url, wijk, self.bank.close(closed_ms)))
        mint = self.bank.mint(line, self.funder, total, salt)
        self._check(*self.hands.decide(url, wijk, "bench", mint))
        slowest = self._pay_out(self.payers, PURSE_CENTS)
        if baskets:
            self._baskets()
        return Funded(self.payers, self.shops, self.bank.coin, slowest)

    def _pay_out(self, people: list[Person], cents: int, terms: Terms | None = None) -> float:
        """The milliseconds that the slowest of the payouts took."""
        slowest = 0.0
        purpose = "INCOME" if terms is None else "EARM"
        bound = () if terms is None else (terms,)
        for start in range(0, len(people), LINES):
            lines = tuple(
                PayoutLine(person.account, Cents(cents), purpose, ())
                for person in people[start : start + LINES]
            )
            payout = Payout(self.funder.account, self.bank.coin, lines, bound)
            began = time.perf_counter()
            self._send(self.funder, call("pay", "payout", payout))
            slowest = max(slowest, (time.perf_counter() - began) * 1000)
        return slowest

    def _baskets(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        for terms in terms_of((GEMEENTE,), now_ms):
            self._pay_out(self.payers, LOT_CENTS, terms)
        made = offer(self.funder.account, self.bank.coin, now_ms)
        self._send(self.funder, call("benefit", "open", made))
        holders = sorted(payer.account for payer in self.payers)
        for start in range(0, len(holders), HOLDERS):
            some = tuple(holders[start : start + HOLDERS])
            admit = Admit(BENEFIT, some, now_ms + YEAR_MS)
            self._send(self.funder, call("benefit", "admit", admit))
        self._pay_out(self.shops, POT_CENTS)
        for shop in self.shops:
            join = Join(BENEFIT, shop.account)
            fill = FillPot(BENEFIT, shop.account, Cents(POT_CENTS))
            self._send(shop, call("benefit", "join", join), call("benefit", "fill_pot", fill))

    def _send(self, who: Person, *calls: Call) -> None:
        self._check(self.hands.send(self.node.url, who, *calls))

    def _check(self, *outcomes: Outcome) -> None:
        for outcome in outcomes:
            if outcome.status != "committed":
                raise RuntimeError(f"the load could not be funded: {outcome}")
