"""One verifier everywhere, and it takes nothing crafted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain import crypto
from chain.kinds import PREAMBLE, Kind, Tag
from chain.selftest import CASES, Case, UnsafeCrypto, self_test
from tests.chain.toy import public, seed

SPECCHECK = Path(__file__).parents[3] / "shared/data/crypto/ed25519_speccheck.json"


def test_the_self_test_passes_here() -> None:
    self_test()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_edge_cases(case: Case) -> None:
    assert crypto.verify(case.key, case.message, case.signature) is case.holds
    assert crypto.is_public_key(case.key) is case.sound_key


def openssl(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize(
    ("verify", "is_public_key"),
    [
        (openssl, crypto.is_public_key),
        (lambda key, message, signature: True, crypto.is_public_key),
        (lambda key, message, signature: False, crypto.is_public_key),
        (crypto.verify, lambda key: True),
        (crypto.verify, lambda key: False),
    ],
    ids=["OpenSSL", "accepts all", "refuses all", "takes every key", "takes no key"],
)
def test_the_self_test_stops_a_node_with_another_verifier(verify, is_public_key) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsafeCrypto):
        self_test(verify, is_public_key)


@pytest.mark.skipif(not SPECCHECK.exists(), reason=f"test data {SPECCHECK.name} is not here")
def test_the_published_edge_cases() -> None:
    """ "Taming the many EdDSAs": libsodium's row; the fourth needs the check of the key."""
    cases = json.loads(SPECCHECK.read_text())
    row = ""
    for case in cases:
        key, message, signature = (
            bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature")
        )
        holds = crypto.verify(key, message, signature)
        row += "V" if holds else "X"
        assert not (holds and crypto.is_public_key(key))
    assert row == "XXXVXXXXXXXX"


def test_a_signature_holds_for_its_message_and_key_only() -> None:
    signature = crypto.sign(seed("anna"), b"message")
    assert crypto.verify(public("anna"), b"message", signature)
    assert not crypto.verify(public("ben"), b"message", signature)
    assert not crypto.verify(public("anna"), b"massage", signature)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_key_of_a_wrong_length_is_an_answer(length: int) -> None:
    signature = crypto.sign(seed("anna"), b"m")
    assert crypto.verify(bytes(length), b"m", signature) is False
    assert crypto.is_public_key(bytes(length)) is False


@pytest.mark.parametrize("moved", [-1, 1, 5])
def test_the_border_between_signature_and_message_cannot_move(moved: int) -> None:
    message = b"0123456789"
    joined = crypto.sign(seed("anna"), message) + message
    at = 64 + moved
    assert crypto.verify(public("anna"), joined[at:], joined[:at]) is False


def test_sign_bytes_differ_by_kind_chain_epoch_and_body() -> None:
    chain = bytes(range(32))
    expected = b"socialcoin/1\x00" + b"\x02" + chain + b"\x00\x00\x00\x05" + b"body"
    assert crypto.sign_bytes(Kind.PREVOTE, chain, 5, b"body") == expected
    assert PREAMBLE == b"socialcoin/1\x00"


def test_kinds_and_tags_are_numbered_without_gaps_and_fit_a_byte() -> None:
    for table in (Kind, Tag):
        assert sorted(table) == list(range(1, len(table) + 1)) and len(table) < 256
