"""What must hold after every move."""

from __future__ import annotations

from collections import Counter

from hypothesis.stateful import invariant

from chain.account import ACCOUNTS, PURSES, Status
from chain.codec import encode
from chain.rules import DUE
from chain.state import TABLES
from governance_contracts.bank.booking import StatementBooked
from governance_contracts.bank.books import (
    ENTRIES,
    REDEMPTIONS,
    WAITING,
    RedemptionState,
    cover_of,
    deficit_of,
)
from governance_contracts.coins.balances import HELD_LOTS, total_of
from governance_contracts.coins.coin import Phase, require_coin
from governance_contracts.coins.writedown import worth
from governance_contracts.earmarks.holders import EXPIRING, LOT_HOLDERS, holder_key
from governance_contracts.earmarks.lots import LOTS
from governance_contracts.life.estates import ESTATES
from governance_contracts.offline.records import ALLOWANCES, GIVEN, GUARANTEES, OPEN, OWNERS
from governance_contracts.payments.benefits import POTS
from governance_contracts.payments.claims import CLAIMS, CLAIMS_OPEN, RUNS, ClaimState
from governance_contracts.payments.payments import PAYMENTS
from tests.contracts.machine.base import PLAYED, Base


class Books(Base):
    def set_aside_of(self, coin: str) -> int:
        allowances = sum(
            a.amount - a.paid for _, a in self.town.all_of(ALLOWANCES) if a.coin == coin
        )
        return allowances + sum(g.left for _, g in self.town.all_of(GUARANTEES) if g.coin == coin)

    @invariant()
    def every_coin_is_somebodys(self) -> None:
        for coin in PLAYED:
            supply = self.town.supply(coin)
            assert (supply.free, supply.lots, supply.redeeming) == self.town.counted(coin)
            assert total_of(supply) == supply.minted - supply.burned
            assert supply.offline == self.set_aside_of(coin)
            letters = [run for _, run in self.town.all_of(RUNS) if run.coin == coin]
            assert supply.escrow == sum(run.amount for run in letters)

    @invariant()
    def every_lot_is_of_its_coin(self) -> None:
        for coin in PLAYED:
            totals = self.town.per_lot(coin)
            supply = self.town.supply(coin)
            assert sum(totals.values()) == supply.free + supply.lots
            for number in totals:
                lot = self.town.state.get(LOTS, number)
                assert number == 0 or (lot is not None and lot.coin == coin)

    @invariant()
    def holders_of_lots_that_expire_are_known(self) -> None:
        found = {
            (one.lot, account)
            for account, held in self.town.all_of(HELD_LOTS)
            for one in held.lots
            if self.town.state.get(EXPIRING, one.lot)
        }
        assert {holder_key(one) for one in found} == {k for k, _ in self.town.all_of(LOT_HOLDERS)}

    @invariant()
    def a_pot_bears_no_more_than_its_shop_filled(self) -> None:
        for _, pot in self.town.all_of(POTS):
            assert pot.left >= 0
        for _, payment in self.town.all_of(PAYMENTS):
            for discount in payment.discount:
                assert discount.pot_returned <= discount.pot
                assert all(line.returned <= line.amount for line in discount.lines)

    @invariant()
    def no_more_coin_than_euros_unless_everybody_can_see_it(self) -> None:
        for coin in PLAYED:
            in_being = total_of(self.town.supply(coin))
            owed = worth(self.town.state, coin, in_being)  # less than all of it: written down
            cover = cover_of(self.town.reserve(coin))
            deficit = deficit_of(self.town.state, coin)
            assert owed <= cover + deficit
            assert deficit == max(0, owed - cover)
            for event in self.town.reported(StatementBooked):
                if event.coin == coin:
                    assert event.deficit == deficit

    @invariant()
    def nothing_is_minted_without_a_bank_line(self) -> None:
        for coin in PLAYED:
            used = sum(
                booked.amount
                for key, booked in self.town.all_of(ENTRIES)
                if key.startswith(coin.encode()) and booked.account
            )
            bounced = sum(
                redemption.amount
                for _, redemption in self.town.all_of(REDEMPTIONS)
                if redemption.coin == coin and redemption.state == RedemptionState.BOUNCED
            )
            assert self.minted[coin] == used
            assert used <= self.town.supply(coin).minted <= used + bounced

    def teardown(self) -> None:
        """What was kept can be read again from its bytes."""
        for (table, _), record in self.town.snapshot().items():
            if record is not None:
                assert TABLES[table].load(encode(record)) == record

    @invariant()
    def counts_are_of_what_there_is(self) -> None:
        """Letters by issuer, allowances by payer and guarantee, what waits for euros."""
        letters: Counter[bytes] = Counter()
        for _, claim in self.town.all_of(CLAIMS):
            if claim.state == ClaimState.OPEN:
                run = self.town.state.get(RUNS, claim.run)
                assert run is not None
                letters[run.issuer] += 1
        assert letters == {key: one.count for key, one in self.town.all_of(CLAIMS_OPEN)}
        standing: Counter[int] = Counter()
        owners: dict[bytes, list[int]] = {}
        for key, allowance in self.town.all_of(ALLOWANCES):
            number = int.from_bytes(key, "big")
            owner = self.town.state.get(OWNERS, number)
            assert owner is not None
            assert self.town.state.find(DUE, owner.due), "what is set aside comes back by itself"
            owners.setdefault(owner.payer, []).append(number)
            standing.update(cover.guarantee for cover in allowance.cover)
        assert owners == {key: list(one.allowances) for key, one in self.town.all_of(OPEN)}
        funds: Counter[bytes] = Counter()
        for key, guarantee in self.town.all_of(GUARANTEES):
            assert guarantee.open == standing[int.from_bytes(key, "big")]
            funds[guarantee.fund] += bool(guarantee.open or not guarantee.ended)
        assert +funds == {key: one.count for key, one in self.town.all_of(GIVEN)}
        waiting = {
            (r.coin, int.from_bytes(key, "big"), r.amount)
            for key, r in self.town.all_of(REDEMPTIONS)
            if r.state == RedemptionState.REQUESTED
        }
        queue = {
            (key[:-9].decode(), int.from_bytes(key[-8:], "big"), one.amount)
            for key, one in self.town.all_of(WAITING)
        }
        assert queue == waiting

    @invariant()
    def a_closed_account_leaves_nothing_behind(self) -> None:
        """Unless it is an estate: coin of a closed account would be nobody's."""
        for key, account in self.town.all_of(ACCOUNTS):
            if account.status != Status.CLOSED or self.town.state.get(ESTATES, key) is not None:
                continue
            purse = self.town.state.get(PURSES, key)
            assert purse is None or not purse.free, self.name_of(key)
            assert self.town.state.find(HELD_LOTS, key) is None, self.name_of(key)
            assert self.town.state.get(OPEN, key) is None
            assert self.town.state.get(GIVEN, key) is None

    @invariant()
    def nothing_of_a_closed_coin_is_in_being(self) -> None:
        for coin in PLAYED:
            if require_coin(self.town.state, coin).phase == Phase.CLOSED:
                assert total_of(self.town.supply(coin)) == 0
