"""All that is owed in one coin, part by part, for the tree in which everybody can find their own.

    free + lots + escrow + offline + redeeming = the sum over all parts

A holder has up to two parts for what is held, and one for each redemption under way. What is set
aside without a holder of its own record (escrow, offline allowances) is one part each that is
nobody's: its amount is public anyway. A part is hashed with the salt of the record it stands in,
which only validators, the holder and an auditor who replays know; the last kind with none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from chain.account import PURSES, free_coin
from chain.codec import encode
from chain.ledger import SALT_BYTES, record_key
from chain.liabilities import Part
from governance_contracts.bank.books import REDEMPTIONS, RedemptionState, face_of
from governance_contracts.coins.balances import HELD_LOTS, NO_SUPPLY, SUPPLY, Supply

Pairs = Iterable[tuple[bytes, bytes]]
"""Keys of records and what is stored under them: salt, then record."""

TABLES = (PURSES.number, HELD_LOTS.number, REDEMPTIONS.number)
"""Where parts come from, in the order in which `parts_of` takes them."""


class Form(IntEnum):
    """In what form something is owed."""

    FREE = 1
    BOUND = 2  # all lots of the coin together
    REDEEMING = 3  # `number`: which redemption
    ESCROW = 4  # nobody's part
    OFFLINE = 5  # nobody's part


UNDER_WAY = (RedemptionState.REQUESTED, RedemptionState.EXPORTED)


@dataclass(frozen=True, slots=True)
class Owed:
    """One part. `owner`: empty for what is nobody's part."""

    owner: bytes
    form: Form
    number: int
    part: Part


def owed(coin: str, owner: bytes, form: Form, number: int, amount: int, salt: bytes) -> Owed:
    body = encode((owner, coin, form, number))
    return Owed(owner, form, number, Part(salt, body, amount))


def in_purse(coin: str, owner: bytes, stored: bytes) -> Owed:
    """The free coin of a stored purse."""
    purse = PURSES.load(stored[SALT_BYTES:])
    amount = free_coin(purse, coin)
    return owed(coin, owner, Form.FREE, 0, amount, stored[:SALT_BYTES])


def in_lots(coin: str, owner: bytes, stored: bytes) -> Owed:
    """The bound coin of a stored list of lots."""
    held = HELD_LOTS.load(stored[SALT_BYTES:])
    amount = sum(one.amount for one in held.lots if one.coin == coin)
    return owed(coin, owner, Form.BOUND, 0, amount, stored[:SALT_BYTES])


def in_redemption(coin: str, number: int, stored: bytes) -> Owed | None:
    """The coin under way in a stored redemption, written down or not; None if it is settled, back,
    or of another coin."""
    redemption = REDEMPTIONS.load(stored[SALT_BYTES:])
    if redemption.coin != coin or redemption.state not in UNDER_WAY:
        return None
    salt = stored[:SALT_BYTES]
    return owed(coin, redemption.holder, Form.REDEEMING, number, face_of(redemption), salt)


def nobodys(coin: str, supply: Supply) -> tuple[Owed, ...]:
    """What is owed without a holder's record. `supply`: the coin's own record."""
    nothing = bytes(SALT_BYTES)
    return (
        owed(coin, b"", Form.ESCROW, 0, supply.escrow, nothing),
        owed(coin, b"", Form.OFFLINE, 0, supply.offline, nothing),
    )


def parts_of(
    coin: str, purses: Pairs, lots: Pairs, redemptions: Pairs, supply: Supply
) -> Iterator[Owed]:
    """Every part of nothing or more; keys are those of the tables."""
    for key, stored in purses:
        yield in_purse(coin, key, stored)
    for key, stored in lots:
        yield in_lots(coin, key, stored)
    for key, stored in redemptions:
        under_way = in_redemption(coin, int.from_bytes(key, "big"), stored)
        if under_way is not None:
            yield under_way
    yield from nobodys(coin, supply)


def table_range(table: int) -> tuple[bytes, bytes]:
    """Where a table's records begin and end in a store."""
    return record_key(table, b""), record_key(table + 1, b"")


def supply_in(stored: bytes | None) -> Supply:
    """The supply record as stored; a coin that was never made has none."""
    return NO_SUPPLY if stored is None else SUPPLY.load(stored[SALT_BYTES:])
