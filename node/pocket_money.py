"""Coin for the residents of a devnet, made as coin is always made: against a bank statement.

In each wijk euros of the funder arrive, two attestors attest the statement, the board mints; then
the funder pays every resident of the wijk the same amount, free, in the coin of the wijk.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from chain.money import Cents
from genesis.city import City, Person
from genesis.console import UserError, _
from governance_contracts.payments import PAYOUT_LINES_MAX, Payout, PayoutLine
from node.hand import Bank, Hands, Outcome, call


def give(city: City, chain: bytes, url: str, cents: int) -> None:
    """`cents` for every resident, through the node at `url`. Raises UserError."""
    hands = Hands(city, chain)
    funder = city.of("funder")[0]
    paid = {
        validator.wijk: residents
        for validator in city.validators
        if (residents := city.of("resident", validator.wijk))
    }
    banks = {wijk: Bank(city, wijk) for wijk in paid}

    def mint(wijk: str) -> None:
        bank, total = banks[wijk], cents * len(paid[wijk])
        line, salt = bank.receive(funder, total)
        _held(hands.attest(url, wijk, bank.close(city.genesis.time_ms)))
        made = bank.mint(line, funder, total, salt)
        _held(hands.decide(url, wijk, "Euros of the funder", made))

    with ThreadPoolExecutor(max_workers=len(paid) or 1) as pool:
        list(pool.map(mint, paid))
    for wijk, residents in paid.items():
        for some in _slices(residents):
            lines = tuple(PayoutLine(p.account, Cents(cents), "INCOME", ()) for p in some)
            payout = Payout(funder.account, banks[wijk].coin, lines, ())
            _held([hands.send(url, funder, call("pay", "payout", payout))])


def _slices(people: list[Person]) -> Iterator[list[Person]]:
    for start in range(0, len(people), PAYOUT_LINES_MAX):
        yield people[start : start + PAYOUT_LINES_MAX]


def _held(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status != "committed":
            raise UserError(
                _("a transaction was {status}: {refusal} {fields}").format(
                    status=outcome.status, refusal=outcome.refusal, fields=outcome.fields
                )
            )
