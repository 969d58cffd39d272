"""Payment requests as text: what is written is what is read, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import crypto
from chain.address import encode_address
from chain.errors import Malformed
from chain.money import CENTS_MAX, Cents
from governance_contracts.payments.payments import Request
from wallet_cli.core.requests import check_request, read_request, sign_request, write_request

CHAIN = bytes([7]) * 32
SEED = bytes([9]) * 32
CODES = st.from_regex(r"[A-Za-z0-9_.-]{1,32}", fullmatch=True)
HASHES = st.binary(min_size=32, max_size=32)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=1).map(tuple)


requests = st.builds(
    Request,
    payee=st.binary(min_size=20, max_size=20),
    coin=maybe(CODES),
    amount=st.integers(1, CENTS_MAX).map(Cents),
    place=maybe(st.integers(0, 65_535)),
    home=maybe(CODES),
    name=maybe(HASHES),
    reference=maybe(HASHES),
    expires_ms=st.integers(0, 2**53 - 1),
    nonce=st.binary(min_size=16, max_size=16),
)

PLAIN = Request(bytes(20), (), Cents(300), (), (), (), (), 1_000, bytes(16))


@given(requests)
def test_a_request_survives_being_text(request: Request) -> None:
    signed = sign_request(CHAIN, 0, request, 3, SEED)
    text = write_request("test", signed)
    assert read_request("test", text) == signed
    assert read_request("test", f"  {text}\n") == signed
    assert len(text) < 1_000, "fits a QR code"
    assert check_request(CHAIN, 0, signed, crypto.public_key(SEED))
    assert not check_request(CHAIN, 1, signed, crypto.public_key(SEED))
    assert not check_request(bytes(32), 0, signed, crypto.public_key(SEED))


TEXT = write_request("test", sign_request(CHAIN, 0, PLAIN, 0, SEED))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("bitcoin:x", "begins with socialcoin:"),
        ("socialcoin:" + "x" * 3000, "begins with socialcoin:"),
        (TEXT.replace("test1", "prod1"), "address"),
        (TEXT.replace("amount=300&", ""), "lacks 'amount'"),
        (TEXT.replace("amount=300", "amount=300&amount=1"), "twice"),
        (TEXT.replace("amount=300", "amount=3,00"), "damaged"),
        (TEXT.replace("amount=300", "amount=-1"), "damaged"),
        (TEXT.replace("amount=300", "amount=٣"), "damaged"),
        (TEXT.replace("amount=300", "amount=0"), "1"),
        (TEXT + "&surprise=1", "'surprise'"),
        (TEXT[:-2], "64"),
        (TEXT.replace("sig=", "sig=zz"), "damaged"),
    ],
)
def test_a_damaged_request_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        read_request("test", text)


def test_a_request_outside_its_bounds_is_not_signed() -> None:
    from msgspec.structs import replace

    with pytest.raises(Malformed):
        sign_request(CHAIN, 0, replace(PLAIN, amount=Cents(0)), 0, SEED)
    assert encode_address("test", bytes(20)) in TEXT
