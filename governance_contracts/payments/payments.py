"""What a payment says: the records of `pay`, `refund` and `payout`, their events and refusals.

The fields are those that the wijk's accounts need (purpose, use, hours, programme ...). None of
them is about a person: a memo, a name or an invoice stays off the chain, behind `reference`, a
commitment. Codes are coarse on purpose.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.codec import (
    U8,
    U16,
    U32,
    AccountId,
    Code,
    Hash,
    Millis,
    Record,
    Salt,
    Sig,
    encode,
)
from chain.kinds import Kind, Tag
from chain.money import AmountField, Cents, CentsField
from chain.state import Table, raw
from governance_contracts.coins.balances import LotId
from governance_contracts.earmarks.lots import Terms
from governance_contracts.payments.benefits import Discount

LINES_MAX = 8
PARTS_MAX = 16
PAYOUT_LINES_MAX = 1_000
VAT_MAX = 10_000


class Use(IntEnum):
    """What the payee's product is for. `UNSTATED`: FINAL for households, else INTER."""

    UNSTATED = 0
    FINAL = 1
    INTER = 2
    CAP = 3
    RESALE = 4


PURPOSES = frozenset(
    {
        "SALE",  # goods or a service
        "WORK",  # a paid job between people, outside employment
        "COMM",  # community work recognised by a vote; hours are mandatory
        "WAGE",
        "RENT",
        "INT",
        "TAX",
        "BEN",
        "GRANT",
        "GIFT",
        "DUES",
        "INCOME",  # to a person: benefit, grant or wage, which only the payer's reports tell apart
        "FEE",
        "OWN",  # between accounts of one owner
        "LOAN",
        "NET",  # settlement between wijken
    }
)
"""Purposes a payer may state. EARM, MINT, REDEEM, REFUND and ESCROW follow from the call."""


class LinkKind(IntEnum):
    REFUND_OF = 1
    ESCROW_OF = 2
    CORRECTION_OF = 3


class Line(Record, tag=1):
    """`vat`: the rate in hundredths of a percent (2100 is 21 %), or unstated."""

    amount: AmountField
    category: Code
    use: U8
    vat: Annotated[tuple[U16, ...], Meta(max_length=1)]


class Share(Record, tag=1):
    """The part of a payment that comes out of a fund's earmarks."""

    fund: AccountId
    amount: AmountField


class Link(Record, tag=1):
    """This payment belongs to an earlier transaction."""

    kind: U8
    transaction: Hash


class Request(Record, tag=1):
    """What a payee asks for. Empty `coin`: any coin the payee accepts. `name`: a commitment.

    `home` is the home wijk of a person payee, so that a wallet knows before sending whether
    region-bound coin can go there.
    """

    payee: AccountId
    coin: Annotated[tuple[Code, ...], Meta(max_length=1)]
    amount: AmountField
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    home: Annotated[tuple[Code, ...], Meta(max_length=1)]
    name: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    expires_ms: Millis
    nonce: Salt


class SignedRequest(Record, tag=1):
    """`signature` is the payee's, with its key number `key`, over `request_sign_bytes`."""

    request: Request
    key: U16
    signature: Sig


class Pay(Record, tag=1):
    """Pay for one to eight lines in one coin.

    `place`: the number of the payee's place where this payment happens. `lots`: lots to draw on,
    and free coin for the rest; empty leaves the choice to the contract. `minutes`: of work.
    `served`: the wijk that community work was done for. `gross` less `discount` is the sum of the
    lines. `split`: what funds contribute through earmarks, if stated. `alias`: a secret of this one
    payment; given, the payee sees `alias_of` it in the payer's place. `benefit`: the code of a
    target-group discount to apply; the lines are the full price, and the payee gets all of it.
    """

    payer: AccountId
    payee: AccountId
    coin: Code
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=LINES_MAX)]
    lots: Annotated[tuple[LotId, ...], Meta(max_length=PARTS_MAX)]
    purpose: Code
    minutes: Annotated[tuple[U32, ...], Meta(max_length=1)]
    served: Annotated[tuple[Code, ...], Meta(max_length=1)]
    programme: Annotated[tuple[Code, ...], Meta(max_length=1)]
    tariff: Annotated[tuple[Code, ...], Meta(max_length=1)]
    deal: Annotated[tuple[Code, ...], Meta(max_length=1)]
    agreement: Annotated[tuple[Code, ...], Meta(max_length=1)]
    gross: AmountField
    discount: CentsField
    split: Annotated[tuple[Share, ...], Meta(max_length=LINES_MAX)]
    link: Annotated[tuple[Link, ...], Meta(max_length=1)]
    request: Annotated[tuple[SignedRequest, ...], Meta(max_length=1)]
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]
    alias: Annotated[tuple[Salt, ...], Meta(max_length=1)]
    benefit: Annotated[tuple[Code, ...], Meta(max_length=1)]


class RefundLine(Record, tag=1):
    """`line` counts from 0."""

    line: U8
    amount: AmountField


class Refund(Record, tag=1):
    """Give back lines of a payment, in part or whole; no lines: all that is left of it.

    `payment` is the transaction's id, `number` the payment's place in it, counted from 0.
    """

    payment: Hash
    number: U8
    lines: Annotated[tuple[RefundLine, ...], Meta(max_length=LINES_MAX)]


class PayoutLine(Record, tag=1):
    payee: AccountId
    amount: AmountField
    purpose: Code
    reference: Annotated[tuple[Hash, ...], Meta(max_length=1)]


class Payout(Record, tag=1):
    """Pay up to 1,000 payees out of free coin. `terms`: what the run binds the coin to, if so."""

    payer: AccountId
    coin: Code
    lines: Annotated[tuple[PayoutLine, ...], Meta(min_length=1, max_length=PAYOUT_LINES_MAX)]
    terms: Annotated[tuple[Terms, ...], Meta(max_length=1)]


def plain(
    payer: bytes,
    payee: bytes,
    coin: str,
    amount: int,
    purpose: str = "GIFT",
    *,
    place: int | None = None,
    category: str = "other",
    use: int = Use.UNSTATED,
    lots: tuple[int, ...] = (),
    request: SignedRequest | None = None,
    reference: bytes | None = None,
    alias: bytes | None = None,
    benefit: str | None = None,
) -> Pay:
    """A payment of one line without discount: what people mostly make."""
    return Pay(
        payer=payer,
        payee=payee,
        coin=coin,
        place=() if place is None else (place,),
        lines=(Line(Cents(amount), category, use, ()),),
        lots=lots,
        purpose=purpose,
        minutes=(),
        served=(),
        programme=(),
        tariff=(),
        deal=(),
        agreement=(),
        gross=Cents(amount),
        discount=Cents(0),
        split=(),
        link=(),
        request=() if request is None else (request,),
        reference=() if reference is None else (reference,),
        alias=() if alias is None else (alias,),
        benefit=() if benefit is None else (benefit,),
    )


def alias_of(payer: bytes, payee: bytes, secret: bytes) -> bytes:
    """The name that a payee sees of a payer who does not show itself: 20 bytes, one payment's own.

    Only who knows the secret can tell whose it is, or show it: the payer's wallet. The secret also
    keeps a payee from guessing the transaction's content by its id.
    """
    return crypto.tagged(Tag.ALIAS, payer + payee + secret)[:20]


def request_id(request: Request) -> bytes:
    return crypto.tagged(Tag.REQUEST, encode(request))


def request_sign_bytes(chain: bytes, epoch: int, request: Request) -> bytes:
    return crypto.sign_bytes(Kind.REQUEST, chain, epoch, encode(request))


# What the chain keeps.


class Part(Record, tag=1):
    """Coin of one lot (0: free) that went to one line, and how much of it was given back."""

    line: U8
    lot: LotId
    amount: AmountField
    refunded: CentsField


class Payment(Record, tag=1):
    """Kept for refunds: who paid whom, out of which lots, in the order in which they were drawn.

    `shown`: the alias that the payee knows the payer by, if it has one. `discount`: what a fund
    added; the payee's lines are then the parts and the shares of the discount together.
    """

    payer: AccountId
    payee: AccountId
    coin: Code
    place: Annotated[tuple[U16, ...], Meta(max_length=1)]
    time_ms: Millis
    parts: Annotated[tuple[Part, ...], Meta(max_length=PARTS_MAX)]
    shown: Annotated[tuple[AccountId, ...], Meta(max_length=1)]
    discount: Annotated[tuple[Discount, ...], Meta(max_length=1)]


class PaidRequest(Record, tag=1):
    """A request that was paid, and in which transaction."""

    payment: Hash


class LastSale(Record, tag=1):
    """The last day (since 1970-01-01 UTC) on which an organisation or shop was paid."""

    day: U32


def payer_shown(payment: Payment) -> bytes:
    """Whom the payee knows as payer. An alias is never told apart from an account by its form."""
    return payment.shown[0] if payment.shown else payment.payer


def lines_left(payment: Payment) -> dict[int, int]:
    """What is left to give back, by line; lines with nothing left are not there."""
    left: dict[int, int] = {}
    for part in payment.parts:
        left[part.line] = left.get(part.line, 0) + part.amount - part.refunded
    for discount in payment.discount:
        for line in discount.lines:
            left[line.line] = left.get(line.line, 0) + line.amount - line.returned
    return {line: left[line] for line in sorted(left) if left[line]}


def payment_key(key: tuple[bytes, int]) -> bytes:
    """Transaction id and number of the payment in it."""
    return key[0] + key[1].to_bytes(1, "big")


PAYMENTS: Table[tuple[bytes, int], Payment] = Table(90, "payment", Payment, payment_key)
PAID_REQUESTS: Table[bytes, PaidRequest] = Table(91, "paid_request", PaidRequest, raw)
LAST_SALES: Table[bytes, LastSale] = Table(92, "last_sale", LastSale, raw)
"""Written once a day per payee; people have none."""
