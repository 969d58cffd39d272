"""A first state for baskets: every added account holds three lots and the benefit, shops take part.

Entered straight into the state, by the contracts' own functions where they make records that hang
together. The coin on both sides of the supply is booked too.
"""

from __future__ import annotations

from bench.basket import BENEFIT, MUCH, offer, terms_of
from bench.growth import id_of
from chain.account import ACCOUNTS, PURSES, Holding, Purse
from chain.money import ZERO, Cents
from chain.state import BlockDraft
from genesis.city import City
from genesis.city_map import GEMEENTE
from governance_contracts.coins.balances import HELD_LOTS, HeldLot, HeldLots, book
from governance_contracts.earmarks.holders import note_holding
from governance_contracts.earmarks.lots import lot_of
from governance_contracts.payments.benefits import BENEFITS, HOLDERS, POTS, Benefit, Holder, Pot
from governance_contracts.people.places import PLACES, Place, PlaceKind

SHOPS = 100
LOT_CENTS = Cents(100_00)


def stock(draft: BlockDraft, city: City, accounts: int) -> tuple[bytes, ...]:
    """Give the added accounts 0 to `accounts` lots and the benefit; returns the ids of shops."""
    now_ms = city.genesis.time_ms
    wijk = city.genesis.wijken[0]
    coin = wijk.coins[0].code
    fund = city.of("funder")[0].account
    made = offer(fund, coin, now_ms)
    fields = {name: getattr(made, name) for name in made.__struct_fields__ if name != "code"}
    draft.put(BENEFITS, BENEFIT, Benefit(**fields, closed=False))
    draft.put(PURSES, fund, Purse((), (Holding(coin, MUCH),), ()))
    lots = tuple(lot_of(draft, coin, fund, terms)[0] for terms in terms_of((GEMEENTE,), now_ms))
    held = HeldLots(tuple(HeldLot(coin, lot, LOT_CENTS) for lot in sorted(lots)))
    holder = Holder(made.until_ms, 0, ZERO)
    for number in range(accounts):
        draft.put(HELD_LOTS, id_of(number), held)
        draft.put(HOLDERS, (BENEFIT, id_of(number)), holder)
        for lot in lots:
            note_holding(draft, lot, id_of(number), holds=True)
    bound = accounts * len(lots) * LOT_CENTS
    book(draft, coin, free=MUCH, lots=bound, minted=MUCH + bound)
    shop = draft.get(ACCOUNTS, city.of("shop")[0].account)
    assert shop is not None, "the city has a shop"
    shops = tuple(id_of(accounts + number) for number in range(SHOPS))
    pot = Pot(True, MUCH, ZERO, 0, (), False, 0, 0, ZERO)
    for one in shops:
        draft.put(ACCOUNTS, one, shop)
        draft.put(PLACES, (one, 1), Place(wijk.code, (), PlaceKind.SHOP, False))
        draft.put(POTS, (BENEFIT, one), pot)
    return shops
