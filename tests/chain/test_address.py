"""Addresses: the vectors of BIP-350, and what a person is told about a typing mistake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.address import decode_address, encode_address, read_bech32m, write_bech32m
from chain.errors import Malformed

VALID = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11" + "l" * 82 + "ludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID = {
    "\x201xj0phk": "digits only",
    "\x7f1g6xzxy": "digits only",
    "\x801vctc34": "digits only",
    "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4": (
        "at most 90"
    ),
    "qyrz8wqd2c9m": "prefix",
    "1qyrz8wqd2c9m": "prefix",
    "y1b0jsk6g": "do not use",
    "lt1igcx5c0": "do not use",
    "in1muywd": "at least six",
    "mm1crxm3i": "do not use",
    "au1s5cgom": "do not use",
    "M1VUXWEZ": "typing mistake",
    "16plkw9": "prefix",
    "1p2gdwpf": "prefix",
}


@pytest.mark.parametrize("string", VALID)
def test_valid_strings_of_bip_350(string: str) -> None:
    prefix, values = read_bech32m(string)
    assert write_bech32m(prefix, values) == string.lower()


@pytest.mark.parametrize("string", INVALID)
def test_invalid_strings_of_bip_350(string: str) -> None:
    with pytest.raises(Malformed, match=INVALID[string]):
        read_bech32m(string)


def test_the_older_checksum_is_refused() -> None:
    with pytest.raises(Malformed, match="typing mistake"):
        read_bech32m("A12UEL5L")  # bech32, BIP-173


@given(st.binary(min_size=20, max_size=20), st.sampled_from(["sc", "scalk", "t1st"]))
def test_there_and_back(account: bytes, prefix: str) -> None:
    address = encode_address(prefix, account)
    assert decode_address(prefix, address) == decode_address(prefix, address.upper()) == account


ADDRESS = encode_address("sc", bytes(range(20)))


@given(st.integers(3, len(ADDRESS) - 1), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_one_wrong_letter_is_found(at: int, letter: str) -> None:
    wrong = ADDRESS[:at] + letter + ADDRESS[at + 1 :]
    if wrong != ADDRESS:
        with pytest.raises(Malformed, match="typing mistake"):
            decode_address("sc", wrong)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "a prefix"),
        ("sc", "a prefix"),
        (" " + ADDRESS, "without spaces"),
        (ADDRESS + "\n", "without spaces"),
        (ADDRESS.replace("sc1", "ｓc1"), "accents"),
        # The Kelvin sign is k in lower case.
        (encode_address("sc", b"\xb0" * 20).upper().replace("K", "\u212a"), "accents"),
        ("S" + ADDRESS[1:], "all small or all capital"),
        (encode_address("tsc", bytes(20)), "begin with 'sc'"),
        (encode_address("sc", bytes(19)), "this one 19"),
        (encode_address("sc", bytes(21)), "this one 21"),
        (write_bech32m("sc", [0] * 33), "spare bits"),
        (write_bech32m("sc", [0] * 25 + [1]), "spare bits"),
    ],
)
def test_what_a_person_is_told(address: str, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        decode_address("sc", address)
