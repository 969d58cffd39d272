"""One rate for everybody, when a coin that ends is not fully covered.

A write-down is fixed once, at one height, for a coin that is wound down in deficit: whoever asks
for euros from then on, or was still waiting for them, gets

    floor(coin * numerator / denominator) cents

of each request, person or fund, first or last. The cents that rounding leaves, fewer than one per
request, are part of the rest and go where the rest goes. A coin without a record is worth par.
"""

from __future__ import annotations

from chain.codec import U53, Code, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, CentsField
from chain.state import Table, View, text


class WriteDown(Record, tag=1):
    """`numerator` cents of cover for `denominator` cents of coin, the first below the second."""

    numerator: CentsField
    denominator: AmountField


WRITE_DOWNS: Table[str, WriteDown] = Table(161, "write_down", WriteDown, text)


class WorthNothing(Rejected):
    """At the rate of the write-down this is less than one cent: ask for more at once."""

    code = 1504
    fields = ("coin", "amount")


@event
class WrittenDown(Record, tag=1504):
    """A redemption of `face` coin pays `paid` euros, by the rate that holds for all. Told before
    the redemption itself, or to who was waiting when the rate was fixed."""

    redemption: U53
    coin: Code
    face: AmountField
    paid: CentsField


def worth(view: View, coin: str, amount: int) -> int:
    """Cents of euros for this much coin."""
    rate = view.get(WRITE_DOWNS, coin)
    return amount if rate is None else amount * rate.numerator // rate.denominator
