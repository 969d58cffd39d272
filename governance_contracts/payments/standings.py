"""What the chain keeps of recurring payments, and what receipts say of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.codec import U8, U16, U32, U53, AccountId, Code, Hash, Millis, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, CentsField
from chain.state import Table, number

EVERY_MAX = 366
PERIODS_MAX = 1_200
STANDINGS_MAX = 64
"""So many recurring payments of one account can run at a time."""
TRIES_MAX = 4
"""An order is tried when it is due and on each of the three days after."""


class StandingKind(IntEnum):
    COLLECT = 1  # the payee collects, up to the ceiling in each period
    ORDER = 2  # the chain pays the full amount at the beginning of each period


class StandingState(IntEnum):
    ACTIVE = 1
    PAUSED = 2
    ENDED = 3


class Agreed(Record, tag=1):
    """What a payer agrees to. `ceiling`: at most this much per period; of an order, the amount.

    A period lasts `every` days or months (`unit`, see periods.Unit) from `start_ms` on. It ends
    after so many `periods`, or at `end_ms`, or when the payer ends it.
    """

    payer: AccountId
    payee: AccountId
    coin: Code
    kind: U8
    ceiling: AmountField
    unit: U8
    every: U16
    start_ms: Millis
    periods: Annotated[tuple[U16, ...], Meta(max_length=1)]
    end_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]
    purpose: Code
    category: Code
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Standing(Record, tag=1):
    """`period` is the latest in which coin was asked for, `collected` what was paid in it.

    `due`: the key of the due work that pays an order. `tries`: how often in this period.
    """

    agreed: Agreed
    state: U8
    period: U32
    collected: CentsField
    tries: U8
    due: Annotated[tuple[Annotated[bytes, Meta(max_length=16)], ...], Meta(max_length=1)]


class StandingNumber(Record, tag=1):
    standing: U53


class Side(IntEnum):
    PAYER = 1
    PAYEE = 2


def party_key(key: tuple[bytes, int, int]) -> bytes:
    """Account, the side it is on, then number."""
    return key[0] + bytes([key[1]]) + number(key[2])


STANDINGS: Table[int, Standing] = Table(180, "standing", Standing, number)
PARTIES: Table[tuple[bytes, int, int], StandingNumber] = Table(
    181, "standing_party", StandingNumber, party_key
)
"""The running ones of an account, whether it pays or is paid."""


@event
class StandingGranted(Record, tag=1700):
    """To payer and payee."""

    standing: U53
    agreed: Agreed


@event
class StandingChanged(Record, tag=1701):
    """To payer and payee: paused, resumed or ended. `state`: see StandingState."""

    standing: U53
    state: U8


@event
class Collected(Record, tag=1702):
    """To payer and payee; the payment itself follows. `payment`, `number`: its place, for refunds.
    `left`: what can still be paid in this period."""

    standing: U53
    period: U32
    amount: AmountField
    left: CentsField
    payment: Hash


@event
class OrderFailed(Record, tag=1703):
    """To the payer: an order could not be paid. `reason`: the code of the refusal. `again_ms`: when
    it is tried again; none: this period is passed over, and nothing is owed for it here."""

    standing: U53
    period: U32
    reason: U32
    again_ms: Annotated[tuple[Millis, ...], Meta(max_length=1)]


class BadSchedule(Rejected):
    """`why`: kind, unit, every, start, periods or end."""

    code = 1700
    fields = ("why",)


class TooManyStandings(Rejected):
    """64 recurring payments of this account are running: end one first."""

    code = 1701
    fields = ("account",)


class UnknownStanding(Rejected):
    code = 1702
    fields = ("standing",)


class NotRunning(Rejected):
    """It is paused or ended, or is running already. `state`: see StandingState."""

    code = 1703
    fields = ("standing", "state")


class NotToCollect(Rejected):
    """An order is paid by the chain itself; its payee collects nothing."""

    code = 1704
    fields = ("standing",)


class OutsidePeriods(Rejected):
    """The first period has not begun, or the last is over."""

    code = 1705
    fields = ("standing",)


class PayerCannot(Rejected):
    """The payer cannot pay this now. Why is not for the payee: neither what the payer holds nor
    that its account is stopped."""

    code = 1707
    fields = ("standing",)


class AboveCeiling(Rejected):
    """`left` is what can still be collected in this period, which ends at `until_ms`."""

    code = 1706
    fields = ("standing", "left", "until_ms")
