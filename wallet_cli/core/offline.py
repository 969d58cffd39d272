"""Payments between two devices without a network: what a payer hands over, and how a seller judges.

A *certificate* is the allowance as it stands in a block, proved under a header that enough boards
signed. A *token* is one signed payment, with the certificate unless the seller has it already.
`judge` is the seller's side. It needs no node: the header it trusts, what it took before, a clock.

    SOCIALCOIN-OFFLINE:base32          capitals and digits, so that a QR code stays small
"""

from __future__ import annotations

import hmac
from base64 import b32decode, b32encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from msgspec import Meta

from chain import crypto
from chain.certificate import seats_hash
from chain.codec import U53, Millis, Record, decode, encode
from chain.errors import Malformed, Rejected
from chain.ledger import SALT_BYTES
from chain.light import (
    Certified,
    Clock,
    StaleTrust,
    Trusted,
    check_certified,
    follow,
    read_record,
)
from chain.rules import DAY_MS
from chain.state import number
from chain.tree import Proof
from governance_contracts.offline.general import are_double, check_general
from governance_contracts.offline.records import (
    ALLOWANCES,
    GUARANTEES,
    Allowance,
    GeneralPayment,
    Guarantee,
    SignedGeneral,
    SignedTotal,
    Total,
    payment_bytes,
)

SCHEME = "SOCIALCOIN-OFFLINE:"
TOKEN_BYTES_MAX = 64 * 1024
FRESH_MS = DAY_MS
"""A seller's newest header is younger than this, or nothing is guaranteed."""

Signed = SignedTotal | SignedGeneral


class Proved(Record, tag=1):
    """A stored record, salt included, and its proof."""

    stored: bytes
    proof: Proof


class Certificate(Record, tag=1):
    """`guarantee` is given for a general allowance."""

    number: U53
    certified: Certified
    allowance: Proved
    guarantee: Annotated[tuple[Proved, ...], Meta(max_length=1)]


class Token(Record, tag=1):
    signed: SignedTotal | SignedGeneral
    certificate: Annotated[tuple[Certificate, ...], Meta(max_length=1)]


class Taking(Record, tag=1):
    """What a seller keeps of one allowance: its certificate, payments, and when each was taken.

    Of an allowance for this seller alone only the highest total is kept. `settled`: the highest
    total settled, or how many payments are.
    """

    certificate: Certificate
    payments: tuple[SignedTotal | SignedGeneral, ...]
    taken_ms: tuple[Millis, ...]
    guaranteed: bool
    settled: tuple[U53, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`amount` is new with this payment, in cents. `doubts`: why it is not guaranteed, as words of
    `DOUBTS`; none if it is. `trusted`: a newer header, if the payer brought one that holds."""

    amount: int
    coin: str
    taking: Taking
    doubts: tuple[str, ...]
    trusted: Trusted | None


def device_seed(wallet_seed: bytes, nonce: bytes) -> bytes:
    """The device key of an allowance, made again from the wallet's own secret when it is needed."""
    return hmac.new(wallet_seed, b"socialcoin offline device" + nonce, sha256).digest()


def sign_payment(chain: bytes, epoch: int, payment: Total | GeneralPayment, seed: bytes) -> Signed:
    signature = crypto.sign(seed, payment_bytes(chain, epoch, payment))
    if isinstance(payment, Total):
        return SignedTotal(payment, signature)
    return SignedGeneral(payment, signature)


def write_token(token: Token) -> str:
    return SCHEME + b32encode(encode(token)).decode().rstrip("=")


def read_token(text: str) -> Token:
    """Raises Malformed with a sentence."""
    body = "".join(text.split()).upper()
    if not body.startswith(SCHEME):
        raise Malformed(f"an offline payment begins with {SCHEME}")
    body = body.removeprefix(SCHEME)
    try:
        data = b32decode(body + "=" * (-len(body) % 8))
    except ValueError:
        raise Malformed("characters of it are wrong or missing") from None
    return decode(Token, data, TOKEN_BYTES_MAX)


def read_certificate(
    certificate: Certificate,
) -> tuple[Allowance, Guarantee | None]:
    """What the certificate's own header proves. Raises Malformed."""
    header, name = certificate.certified.header, number(certificate.number)
    proved = certificate.allowance
    allowance = read_record(header, ALLOWANCES, name, proved.stored, proved.proof)
    if allowance is None or len(proved.stored) <= SALT_BYTES:
        raise Malformed("the allowance is not there")
    guarantee = None
    for cover in allowance.cover:
        if not certificate.guarantee:
            raise Malformed("the guarantee is not shown")
        shown = certificate.guarantee[0]
        key = number(cover.guarantee)
        guarantee = read_record(header, GUARANTEES, key, shown.stored, shown.proof)
    return allowance, guarantee


def vouch(trusted: Trusted, certified: Certified, clock: Clock) -> tuple[bool, Trusted | None]:
    """Do seats that this device knows stand behind a header? The second value is the newer header
    to trust from now on, if it is one.

    Raises Malformed: it claims known seats and their signatures do not hold, or another chain.
    Raises Forked as the light client does.
    """
    header = certified.header
    if (header.chain, header.epoch) != (trusted.chain, trusted.epoch):
        raise Malformed("the allowance is of another chain")
    if header.height > trusted.height:
        if header.seats != seats_hash(trusted.next_seats) or header.next_seats != header.seats:
            return False, None  # the seats changed in between; a network is needed to follow
        try:
            return True, follow(trusted, (), (certified, ()), clock)
        except StaleTrust:
            return False, None
    if header.seats != seats_hash(trusted.seats):
        return False, None
    check_certified(certified, trusted.seats)
    return True, None


def judge(
    token: Token,
    seller: bytes,
    known: Taking | None,
    day_total: int,
    trusted: Trusted | None,
    chain: tuple[bytes, int],
    clock: Clock,
) -> Verdict:
    """Take a payment, or say why not.

    `day_total`: what this seller took today under the same guarantee. Raises Malformed, in this
    order: another seller; no certificate; a certificate that does not hold; a payment that does
    not fit its allowance; over; not the device's signature; nothing new. Raises Forked.
    """
    payment = token.signed.payment
    if payment.seller != seller:
        raise Malformed("it pays another account than this wallet's")
    certificate = newest(token.certificate, known)
    if certificate is None or certificate.number != payment.allowance:
        raise Malformed("it comes without the allowance; ask the payer for one that has it")
    allowance, guarantee = read_certificate(certificate)
    vouched, later = False, None
    if trusted is not None:
        vouched, later = vouch(trusted, certificate.certified, clock)
    check_payment(allowance, payment)
    if clock.now_ms >= allowance.until_ms:
        raise Malformed("the allowance has run out")
    if not crypto.verify(allowance.device, payment_bytes(*chain, payment), token.signed.signature):
        raise Malformed("it is not signed by the device of this allowance")
    amount, payments, taken = added(token.signed, known, allowance.paid, clock.now_ms)
    doubts = []
    newest_ms = max((t.time_ms for t in (trusted, later) if t), default=0)
    if trusted is None or clock.now_ms - newest_ms >= FRESH_MS:
        doubts.append("header")
    if not vouched:
        doubts.append("seats")
    if allowance.cover:
        doubts += general_doubts(certificate, allowance, guarantee, amount, day_total, clock.now_ms)
    settled = known.settled if known else ()
    taking = Taking(certificate, payments, taken, not doubts, settled)
    return Verdict(amount, allowance.coin, taking, tuple(doubts), later)


def newest(given: tuple[Certificate, ...], known: Taking | None) -> Certificate | None:
    """The newer of what the payer brought and what is kept."""
    kept = (known.certificate,) if known else ()
    return max(given + kept, key=lambda c: c.certified.header.height, default=None)


def check_payment(allowance: Allowance, payment: Total | GeneralPayment) -> None:
    """As the contract will. Raises Malformed."""
    if isinstance(payment, GeneralPayment):
        try:
            check_general(allowance, payment)
        except Rejected as refusal:
            raise Malformed(f"the chain would refuse it ({refusal.named()})") from None
        return
    if not allowance.seller:
        raise Malformed("the allowance is not for one seller alone")
    seller = allowance.seller[0]
    if (seller.account, seller.place) != (payment.seller, payment.place):
        raise Malformed("the allowance is for another seller or place")
    if payment.total > allowance.amount:
        raise Malformed("it is more than was set aside")


def added(
    signed: Signed, known: Taking | None, paid: int, now_ms: int
) -> tuple[int, tuple[Signed, ...], tuple[int, ...]]:
    """What this payment adds, and all payments to keep. `paid`: settled by the certificate's block
    already, if this device has forgotten. Raises Malformed: nothing new."""
    before = known.payments if known else ()
    if isinstance(signed, SignedTotal):
        highest = max((paid, *(int(p.payment.total) for p in before)))
        if signed.payment.total <= highest:
            raise Malformed("this wallet took it before, or a later one; nothing is added")
        return signed.payment.total - highest, (signed,), (now_ms,)
    for one in before:
        if isinstance(one, SignedGeneral) and one.payment.sequence == signed.payment.sequence:
            raise Malformed("this wallet took a payment with this number before")
    taken = known.taken_ms if known else ()
    return int(signed.payment.amount), (*before, signed), (*taken, now_ms)


def general_doubts(
    certificate: Certificate,
    allowance: Allowance,
    guarantee: Guarantee | None,
    amount: int,
    day_total: int,
    now_ms: int,
) -> list[str]:
    """Why a fund's guarantee may not stand behind this payment."""
    cover = allowance.cover[0]
    doubts = []
    if now_ms - certificate.certified.header.time_ms >= FRESH_MS:
        doubts.append("certificate")
    if allowance.frozen:
        doubts.append("frozen")
    if guarantee is None or guarantee.left < amount:
        doubts.append("guarantee")
    if day_total + amount > cover.day:
        doubts.append("day")
    return doubts


def double_in(payments: tuple[Signed, ...]) -> tuple[SignedGeneral, SignedGeneral] | None:
    """Two of these that cannot both be honest."""
    general = [p for p in payments if isinstance(p, SignedGeneral)]
    for i, first in enumerate(general):
        for second in general[i + 1 :]:
            if are_double(first.payment, second.payment):
                return first, second
    return None
