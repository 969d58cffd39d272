"""Who holds which coin: free coin in the purse, bound coin by lot, and the supply.

Lot 0 stands for free coin. Bound coin has a record of its own beside the purse, so a payment in
free coin never reads or writes it. Free coin that moves leaves the supply record alone; whatever
crosses from one form to another is booked there, and every booking proves the books:

    free + lots + escrow + offline + redeeming = minted - burned

The functions here check amounts and places, not rights: the calls do. `create` and `destroy` are
for the reserve alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from chain.account import PURSES, Holding, Purse, Spent, free_coin, purse_of
from chain.codec import U53, Code, Record
from chain.errors import Rejected
from chain.money import CENTS_MAX, ZERO, AmountField, Cents, CentsField, minus, plus
from chain.state import Draft, Table, View, raw, text
from governance_contracts.earmarks.holders import note_holding

LotId = U53
FREE = 0
COINS_PER_PURSE_MAX = 64
LOTS_PER_ACCOUNT_MAX = 256


class HeldLot(Record, tag=1):
    coin: Code
    lot: LotId
    amount: AmountField


class HeldLots(Record, tag=1):
    """Sorted by coin and lot; nothing of zero. An account without bound coin has no record."""

    lots: Annotated[tuple[HeldLot, ...], Meta(max_length=LOTS_PER_ACCOUNT_MAX)]


class Supply(Record, tag=1):
    """One coin's whole, by form: all that is somebody's, and all that was made and unmade."""

    free: CentsField
    lots: CentsField
    escrow: CentsField
    offline: CentsField
    redeeming: CentsField
    minted: CentsField
    burned: CentsField


SUPPLY: Table[str, Supply] = Table(61, "supply", Supply, text)
HELD_LOTS: Table[bytes, HeldLots] = Table(62, "held_lots", HeldLots, raw)

NO_SUPPLY = Supply(ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)


class NotEnoughCoin(Rejected):
    """`missing`: free coin that would have done. `lots`: why each bound lot did not fit, as
    `lot:code` separated by commas, the code being that of the refusal; at most 16."""

    code = 503
    fields = ("coin", "missing", "lots")


class TooManyCoins(Rejected):
    """A purse holds at most 64 different coins, and pays in at most so many on one day."""

    code = 504
    fields = ("account",)


class TooManyLots(Rejected):
    """An account holds at most 256 lots."""

    code = 505
    fields = ("account",)


class HoldingLimit(Rejected):
    """The account would hold more free coin than its kind may."""

    code = 506
    fields = ("account", "coin", "limit")


class DayLimit(Rejected):
    """The account would pay more today than its kind may."""

    code = 507
    fields = ("account", "coin", "limit")


class SupplyLimit(Rejected):
    """More of one coin than amounts can count: 2**53 - 1 cents, in being or made in all."""

    code = 511
    fields = ("coin",)


def supply_of(view: View, coin: str) -> Supply:
    return view.get(SUPPLY, coin) or NO_SUPPLY


def total_of(supply: Supply) -> int:
    """Everything in being, in whatever form: what the reserve must cover."""
    return supply.free + supply.lots + supply.escrow + supply.offline + supply.redeeming


def free_of(view: View, account: bytes, coin: str) -> Cents:
    return free_coin(purse_of(view, account), coin)


def lots_of(view: View, account: bytes, coin: str) -> tuple[HeldLot, ...]:
    """The account's bound coin of one currency, by lot number."""
    held = view.find(HELD_LOTS, account)
    return tuple(lot for lot in held.lots if lot.coin == coin) if held else ()


def held_of(view: View, account: bytes, coin: str, lot: int) -> Cents:
    """What the account holds of one lot; of free coin for lot 0."""
    if lot == FREE:
        return free_of(view, account, coin)
    held = view.find(HELD_LOTS, account)
    for one in held.lots if held else ():
        if one.lot == lot:
            return one.amount
    return ZERO


def with_free(purse: Purse, account: bytes, coin: str, amount: Cents) -> Purse:
    """The purse with exactly `amount` of this coin. Refuses TooManyCoins."""
    free = purse.free
    if amount and len(free) == 1 and free[0].coin == coin:
        return Purse(purse.windows, (Holding(coin, amount),), purse.spent)
    held = [holding for holding in free if holding.coin != coin]
    if amount:
        held.append(Holding(coin, amount))
        held.sort(key=lambda holding: holding.coin)
        if len(held) > COINS_PER_PURSE_MAX:
            raise TooManyCoins(account)
    return Purse(purse.windows, tuple(held), purse.spent)


def with_spent(purse: Purse, coin: str, day: int, amount: Cents) -> Purse:
    """The purse with this day's total of the coin; totals of earlier days are forgotten."""
    spent = purse.spent
    if not spent or (len(spent) == 1 and spent[0].coin == coin):
        return Purse(purse.windows, purse.free, (Spent(coin, day, amount),))
    kept = [one for one in spent if one.coin != coin and one.day == day]
    kept.append(Spent(coin, day, amount))
    kept.sort(key=lambda one: one.coin)
    return Purse(purse.windows, purse.free, tuple(kept))


def spent_on(purse: Purse, coin: str, day: int) -> int:
    for one in purse.spent:
        if one.coin == coin and one.day == day:
            return one.amount
    return 0


def spend(
    draft: Draft,
    account: bytes,
    coin: str,
    free: int,
    amount: int,
    day: int,
    day_max: int,
    misfits: str = "",
) -> None:
    """Take `free` out of the purse and count `amount` (free and bound together) as paid today.

    `misfits`: what a refusal says about bound lots. The supply is the caller's. Refuses
    NotEnoughCoin, DayLimit, TooManyCoins (paid in on one day), in that order.
    """
    purse = purse_of(draft, account)
    had = free_coin(purse, coin)
    if free > had:
        raise NotEnoughCoin(coin, free - had, misfits)
    today = spent_on(purse, coin, day) + amount
    if today > day_max:
        raise DayLimit(account, coin, day_max)
    if free:
        purse = with_free(purse, account, coin, Cents(had - free))
    purse = with_spent(purse, coin, day, Cents(today))
    if len(purse.spent) > COINS_PER_PURSE_MAX:
        raise TooManyCoins(account)
    draft.put(PURSES, account, purse)


def give_free(
    draft: Draft, account: bytes, coin: str, amount: int, holding_max: int = CENTS_MAX
) -> None:
    """The supply is the caller's. Refuses HoldingLimit, TooManyCoins."""
    purse = purse_of(draft, account)
    held = free_coin(purse, coin) + amount
    if held > holding_max:
        raise HoldingLimit(account, coin, holding_max)
    draft.put(PURSES, account, with_free(purse, account, coin, Cents(held)))


def take_free(draft: Draft, account: bytes, coin: str, amount: int) -> None:
    """The supply is the caller's. Refuses NotEnoughCoin."""
    purse = purse_of(draft, account)
    had = free_coin(purse, coin)
    if amount > had:
        raise NotEnoughCoin(coin, amount - had, "")
    draft.put(PURSES, account, with_free(purse, account, coin, Cents(had - amount)))


def give_lot(draft: Draft, account: bytes, coin: str, lot: int, amount: int) -> None:
    """The supply is the caller's. Refuses TooManyLots."""
    set_lot(draft, account, coin, lot, plus(held_of(draft, account, coin, lot), Cents(amount)))


def take_lot(draft: Draft, account: bytes, coin: str, lot: int, amount: int) -> None:
    """The supply is the caller's. Refuses NotEnoughCoin."""
    had = held_of(draft, account, coin, lot)
    if amount > had:
        raise NotEnoughCoin(coin, amount - had, "")
    set_lot(draft, account, coin, lot, minus(had, Cents(amount)))


def take_lots(draft: Draft, account: bytes, amounts: Mapping[int, int]) -> None:
    """Take from several lots at once, by number, of which the account is known to hold so much.

    The supply is the caller's.
    """
    held = draft.find(HELD_LOTS, account)
    left: list[HeldLot] = []
    for one in held.lots if held else ():
        amount = amounts.get(one.lot, 0)
        if not amount:
            left.append(one)
        elif amount == one.amount:
            note_holding(draft, one.lot, account, holds=False)
        else:
            left.append(HeldLot(one.coin, one.lot, minus(one.amount, Cents(amount))))
    if left:
        draft.put(HELD_LOTS, account, HeldLots(tuple(left)))
    else:
        draft.delete(HELD_LOTS, account)


def set_lot(draft: Draft, account: bytes, coin: str, lot: int, amount: Cents) -> None:
    held = draft.find(HELD_LOTS, account)
    lots = [one for one in held.lots if one.lot != lot] if held else []
    had = held is not None and len(lots) < len(held.lots)
    if had != bool(amount):
        note_holding(draft, lot, account, holds=bool(amount))
    if amount:
        lots.append(HeldLot(coin, lot, amount))
        lots.sort(key=lambda one: (one.coin, one.lot))
        if len(lots) > LOTS_PER_ACCOUNT_MAX:
            raise TooManyLots(account)
    if lots:
        draft.put(HELD_LOTS, account, HeldLots(tuple(lots)))
    else:
        draft.delete(HELD_LOTS, account)


def book(
    draft: Draft,
    coin: str,
    *,
    free: int = 0,
    lots: int = 0,
    escrow: int = 0,
    offline: int = 0,
    redeeming: int = 0,
    minted: int = 0,
    burned: int = 0,
) -> None:
    """Enter a change of form in the supply. What goes in somewhere comes out somewhere.

    Refuses SupplyLimit.
    """
    moved = free + lots + escrow + offline + redeeming
    assert moved == minted - burned, "coin does not come from nowhere"
    if not (free or lots or escrow or offline or redeeming or minted or burned):
        return
    old = supply_of(draft, coin)
    new = (
        old.free + free,
        old.lots + lots,
        old.escrow + escrow,
        old.offline + offline,
        old.redeeming + redeeming,
        old.minted + minted,
        old.burned + burned,
    )
    assert min(new) >= 0, "a form of coin below nothing"
    if max(new) > CENTS_MAX:
        raise SupplyLimit(coin)
    draft.put(SUPPLY, coin, Supply(*(Cents(value) for value in new)))


def take(draft: Draft, account: bytes, coin: str, lot: int, amount: int) -> None:
    """Take from a lot, or from free coin for lot 0."""
    if lot == FREE:
        take_free(draft, account, coin, amount)
    else:
        take_lot(draft, account, coin, lot, amount)


def give(draft: Draft, account: bytes, coin: str, lot: int, amount: int) -> None:
    """Add to a lot, or to free coin for lot 0."""
    if lot == FREE:
        give_free(draft, account, coin, amount)
    else:
        give_lot(draft, account, coin, lot, amount)


def move(
    draft: Draft, coin: str, giver: bytes, out_of: int, taker: bytes, into: int, amount: int
) -> None:
    """Move coin from a lot of one account into a lot of another, booking a change of form.

    Refuses NotEnoughCoin, TooManyCoins or TooManyLots.
    """
    take(draft, giver, coin, out_of, amount)
    give(draft, taker, coin, into, amount)
    crossing = ((into == FREE) - (out_of == FREE)) * amount
    book(draft, coin, free=crossing, lots=-crossing)


def create(draft: Draft, coin: str, account: bytes, lot: int, amount: int) -> None:
    """New coin for an account. Only the reserve calls this, once per bank entry."""
    give(draft, account, coin, lot, amount)
    if lot == FREE:
        book(draft, coin, free=amount, minted=amount)
    else:
        book(draft, coin, lots=amount, minted=amount)


def destroy(draft: Draft, coin: str, account: bytes, amount: int, lot: int = FREE) -> None:
    """Coin of an account ceases to be. Only the reserve calls this, and the end of a coin."""
    take(draft, account, coin, lot, amount)
    if lot == FREE:
        book(draft, coin, free=-amount, burned=amount)
    else:
        book(draft, coin, lots=-amount, burned=amount)
