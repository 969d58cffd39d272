"""What receipts say of payments: the events of `pay`, `refund`, `payout`, and their refusals.

Payer and payee each have a leaf of their own, so that a payee proves its part without seeing the
payer's lots.
"""

from __future__ import annotations

from chain.codec import U8, U16, AccountId, Code, Hash, Record
from chain.errors import Rejected
from chain.events import event
from chain.money import AmountField, CentsField
from governance_contracts.coins.balances import LotId
from governance_contracts.payments.payments import Line


class DrawnPart(Record, tag=1):
    line: U8
    lot: LotId
    amount: AmountField


class Credit(Record, tag=1):
    """What a payee holds of a payment afterwards: so much of a lot (0: free coin)."""

    lot: LotId
    amount: AmountField


@event
class Paid(Record, tag=800):
    """To the payer: `number` of the payment in its transaction, and what it was drawn from.

    `amount` is its own part: a discount is told beside it.
    """

    number: U8
    payee: AccountId
    coin: Code
    amount: CentsField
    parts: tuple[DrawnPart, ...]


@event
class Received(Record, tag=801):
    """To the payee, who sees what it holds now and nothing of the payer's lots.

    `payer`: the payer's alias, if it gave one.
    """

    number: U8
    payer: AccountId
    coin: Code
    amount: AmountField
    place: tuple[U16, ...]
    purpose: Code
    lines: tuple[Line, ...]
    credits: tuple[Credit, ...]
    reference: tuple[Hash, ...]


@event
class Refunded(Record, tag=802):
    """To the payer of old: back in these lots. `amount` is what these come to, and what
    went to the funds of lots that ran out."""

    payment: Hash
    number: U8
    payee: AccountId
    coin: Code
    amount: CentsField
    credits: tuple[Credit, ...]


@event
class GaveBack(Record, tag=803):
    """To the payee of old, who knows the payer by the name of `Received`."""

    payment: Hash
    number: U8
    payer: AccountId
    coin: Code
    amount: AmountField


@event
class PaidOut(Record, tag=804):
    """To who made the run. Totals only: each payee has a line of its own."""

    coin: Code
    count: U16
    amount: AmountField
    lot: LotId


@event
class PayoutReceived(Record, tag=805):
    """To a payee of a run: `lot` (0: free coin) and what for."""

    payer: AccountId
    coin: Code
    amount: AmountField
    lot: LotId
    purpose: Code
    reference: tuple[Hash, ...]


class PaysItself(Rejected):
    code = 800
    fields = ("account",)


class UnknownPurpose(Rejected):
    code = 801
    fields = ("purpose",)


class BadLine(Rejected):
    """`why`: use, vat, or sum (more than amounts can count)."""

    code = 802
    fields = ("line", "why")


class WrongGross(Rejected):
    """Gross less discount is what the lines add up to."""

    code = 803
    fields = ("gross", "discount", "sum")


class HoursMissing(Rejected):
    """Community work says how long it took."""

    code = 804


class BadLots(Rejected):
    """Pinned lots are of this coin, in order, each once, and held by the payer."""

    code = 805
    fields = ("lot",)


class TooManyParts(Rejected):
    """The payment would be drawn from more than 16 parts: pay in two, or pin fewer lots."""

    code = 806
    fields = ("parts",)


class SplitDiffers(Rejected):
    """A fund's stated share is not what its earmarks give."""

    code = 807
    fields = ("fund", "amount", "drawn")


class RequestDiffers(Rejected):
    """The payment is not what was asked for. `why`: payee, coin, amount, place or reference."""

    code = 808
    fields = ("why",)


class RequestUnsigned(Rejected):
    """The payee did not sign this request."""

    code = 809


class RequestExpired(Rejected):
    code = 810
    fields = ("expires_ms",)


class RequestPaid(Rejected):
    """This request was paid before, in transaction `payment`."""

    code = 811
    fields = ("payment",)


class TooManyPayments(Rejected):
    """A transaction holds at most 256 payments."""

    code = 812


class BadLink(Rejected):
    """No such kind of link."""

    code = 813
    fields = ("kind",)


class UnknownPayment(Rejected):
    code = 820
    fields = ("payment", "number")


class BadRefundLine(Rejected):
    """`why`: line (there is none such), order (each line once, ascending), or amount (more than
    what is left of the line)."""

    code = 821
    fields = ("line", "why")


class NothingLeft(Rejected):
    """All of it was given back before."""

    code = 822
    fields = ("payment", "number")


class CannotReturn(Rejected):
    """The payment cannot be given back now: who paid it, or part of it, can receive no more. The
    refusal does not say who, because the payee does not know."""

    code = 823
    fields = ("payment", "number")


class NotAFund(Rejected):
    """People and tills pay; they do not make runs."""

    code = 830
    fields = ("kind",)


class PayoutLineRefused(Rejected):
    """Line `line` (from 0) is refused, for the reason of refusal code `reason`. Refusals stand in
    public: the payer knows whose line that is, others do not learn it."""

    code = 832
    fields = ("line", "reason")


class RefundWindow(Rejected):
    """The account sold something less than 14 days ago: it stays open for refunds until `day`."""

    code = 840
    fields = ("account", "day")


class HoldsLots(Rejected):
    """The account still holds bound coin: spend it or redeem it first."""

    code = 841
    fields = ("account", "lot")
