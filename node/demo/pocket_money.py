"""Coin for the residents of a devnet, made as coin is always made: against a bank statement.

In each wijk euros of the funder arrive, two attestors attest the bank's statement, the board mints,
and names the key of the reserve's desk; then the funder pays every resident of the wijk the same
amount, free, in the coin of the wijk. The wijk's fund and its treasury each get as much as all of
them together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chain.money import Cents
from genesis.city import City, Person
from governance_contracts.payments.payments import PAYOUT_LINES_MAX, Payout, PayoutLine
from node.demo.hand import Hands, call
from node.demo.office import open_office, require_committed


def give(city: City, chain: bytes, folder: Path, url: str, cents: int) -> None:
    """`cents` for every resident, through the node at `url`. Raises UserError."""
    hands = Hands(city, chain)
    funder = city.of("funder")[0]
    paid = {
        validator.wijk: residents
        for validator in city.validators
        if (residents := city.of("resident", validator.wijk))
    }

    def mint(wijk: str) -> None:
        total = cents * len(paid[wijk])
        office = open_office(city, folder, hands, wijk, url)
        for person in (funder, *city.of("wijkfund", wijk), *city.of("treasury", wijk)):
            office.bank.receive(office.home.reference(person.account), total)
        prepared = office.take_in(office.bank.close(time.time_ns() // 1_000_000))
        require_committed(office.attest(prepared))
        calls = (*office.mints(prepared), office.set_desk())
        require_committed(hands.decide(url, wijk, "Euros of the gemeente; our desk", *calls))

    with ThreadPoolExecutor(max_workers=len(paid) or 1) as pool:
        list(pool.map(mint, paid))
    for wijk, residents in paid.items():
        for some in _slices(residents):
            lines = tuple(PayoutLine(p.account, Cents(cents), "INCOME", ()) for p in some)
            payout = Payout(funder.account, city.bank(wijk).coin, lines, ())
            require_committed([hands.send(url, funder, call("pay", "payout", payout))])


def _slices(people: list[Person]) -> Iterator[list[Person]]:
    for start in range(0, len(people), PAYOUT_LINES_MAX):
        yield people[start : start + PAYOUT_LINES_MAX]
