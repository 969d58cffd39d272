"""Payment requests as text: what a payee shows, in a QR code or a message, for a payer to pay.

    socialcoin:ADDRESS?amount=1250&coin=JOR&place=1&expires=...&nonce=...&key=0&sig=...

The payee signs the request (kind REQUEST), so a payer's wallet knows that it was not altered
and the chain pays it once. Amounts in cents, times in milliseconds, bytes in hexadecimal, all
fields of `Request` (governance_contracts/payments/payments.py) and nothing else. Reading it needs
the prefix of the chain; checking the signature needs the payee's key, which the contract has.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

from chain import crypto
from chain.address import decode_address, encode_address
from chain.codec import decode, encode
from chain.errors import Malformed
from chain.money import Cents
from governance_contracts.payments.payments import Request, SignedRequest, request_sign_bytes

SCHEME = "socialcoin:"
TEXT_MAX = 2_000


def sign_request(
    chain: bytes, epoch: int, request: Request, key: int, seed: bytes
) -> SignedRequest:
    """Raises Malformed for a request outside the bounds of its fields."""
    checked = decode(Request, encode(request))
    signature = crypto.sign(seed, request_sign_bytes(chain, epoch, checked))
    return SignedRequest(checked, key, signature)


def write_request(prefix: str, signed: SignedRequest) -> str:
    request = signed.request
    fields: list[tuple[str, str]] = [("amount", str(request.amount))]
    fields += [("coin", coin) for coin in request.coin]
    fields += [("place", str(place)) for place in request.place]
    fields += [("home", home) for home in request.home]
    fields += [("name", name.hex()) for name in request.name]
    fields += [("ref", reference.hex()) for reference in request.reference]
    fields += [
        ("expires", str(request.expires_ms)),
        ("nonce", request.nonce.hex()),
        ("key", str(signed.key)),
        ("sig", signed.signature.hex()),
    ]
    query = "&".join(f"{name}={quote(value)}" for name, value in fields)
    return f"{SCHEME}{encode_address(prefix, request.payee)}?{query}"


def read_request(prefix: str, text: str) -> SignedRequest:
    """Raises Malformed with a sentence: no request, a wrong address, a field missing or wrong."""
    text = text.strip()
    if len(text) > TEXT_MAX or not text.lower().startswith(SCHEME):
        raise Malformed(f"a payment request begins with {SCHEME}")
    address, _mark, query = text[len(SCHEME) :].partition("?")
    payee = decode_address(prefix, address)
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in found:
            raise Malformed(f"the payment request says {name!r} twice")
        found[name] = value
    try:
        request = Request(
            payee=payee,
            coin=_maybe(found.pop("coin", None)),
            amount=Cents(_number(found.pop("amount"))),
            place=tuple(_number(n) for n in _maybe(found.pop("place", None))),
            home=_maybe(found.pop("home", None)),
            name=tuple(bytes.fromhex(h) for h in _maybe(found.pop("name", None))),
            reference=tuple(bytes.fromhex(h) for h in _maybe(found.pop("ref", None))),
            expires_ms=_number(found.pop("expires")),
            nonce=bytes.fromhex(found.pop("nonce")),
        )
        signed = SignedRequest(request, _number(found.pop("key")), bytes.fromhex(found.pop("sig")))
    except KeyError as missing:
        raise Malformed(f"the payment request lacks {missing.args[0]!r}") from None
    except ValueError:
        raise Malformed("a field of the payment request is damaged") from None
    if found:
        raise Malformed(f"the payment request has a field that is not known: {min(found)!r}")
    return decode(SignedRequest, encode(signed))


def check_request(chain: bytes, epoch: int, signed: SignedRequest, key: bytes) -> bool:
    """Was it signed with this public key, on this chain?"""
    message = request_sign_bytes(chain, epoch, signed.request)
    return crypto.verify(key, message, signed.signature)


def _maybe(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise ValueError(text)
    return int(text)
