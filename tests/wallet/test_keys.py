"""Words and keys follow the published rules: BIP-39 (Trezor's vectors) and SLIP-0010."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import crypto
from chain.errors import Malformed
from genesis import words as keys

BIP39 = [
    (
        "00000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        "about",
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f"
        "2cf141630c7a3c4ab7c81b2f001698e7463b04",
    ),
    (
        "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1"
        "c1069be3a3a5bd381ee6260e8d9739fce1f607",
    ),
    (
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
        "zoo vote",
        "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e1613912f0a5b694407be899ffd31"
        "ed3992c456cdf60f5d4564b8ba3f05a69890ad",
    ),
]


@pytest.mark.parametrize(("entropy", "words", "seed"), BIP39)
def test_bip39_vectors(entropy: str, words: str, seed: str) -> None:
    assert keys.mnemonic_from_entropy(bytes.fromhex(entropy)) == words
    assert keys.entropy_from_mnemonic(words).hex() == entropy
    assert keys.stretch(words, "TREZOR").hex() == seed


SLIP10_SEED = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
SLIP10 = [
    (
        (),
        "90046a93de5380a72b5e45010748567d5ea02bbf6522f979e05c0d8d8ca9fffb",
        "2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7",
        "a4b2856bfec510abab89753fac1ac0e1112364e7d250545963f135f2a33188ed",
    ),
    (
        (0,),
        "8b59aa11380b624e81507a27fedda59fea6d0b779a778918a2fd3590e16e9c69",
        "68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3",
        "8c8a13df77a28f3445213a0f432fde644acaa215fc72dcdf300d5efaa85d350c",
    ),
    (
        (0, 1, 2, 2, 1_000_000_000),
        "68789923a0cac2cd5a29172a475fe9e0fb14cd6adb5ad98a3fa70333e7afa230",
        "8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793",
        "3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a",
    ),
]


@pytest.mark.parametrize(("path", "chain_code", "private", "public"), SLIP10)
def test_slip10_vectors(path: tuple[int, ...], chain_code: str, private: str, public: str) -> None:
    seed, code = keys.derive(SLIP10_SEED, path)
    assert (code.hex(), seed.hex()) == (chain_code, private)
    assert crypto.public_key(seed).hex() == public


@given(st.sampled_from([16, 32]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_words_and_entropy_say_the_same(entropy: bytes) -> None:
    assert keys.entropy_from_mnemonic(keys.mnemonic_from_entropy(entropy)) == entropy


def test_a_person_may_write_words_in_capitals_and_over_lines() -> None:
    words = BIP39[1][1]
    assert keys.entropy_from_mnemonic("  " + words.upper().replace(" ", " \n")) == bytes(
        [0x7F] * 16
    )


def test_the_wallet_path_is_fixed() -> None:
    """A change here would lose every wallet that exists."""
    assert keys.seed_from_entropy(bytes(16)).hex() == (
        "ee42e5accca0f75a4e0757bc3d1674e21cf71ec6bbbbe67e38b5809f255c2c4b"
    )
    assert keys.PATH == (44, 1789, 0, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "0 words where 12 or 24"),
        ("abandon " * 11, "11 words where 12 or 24"),
        ("abandon " * 15, "15 words where 12 or 24"),
        ("abandon " * 11 + "abuot", "word 12 is not in the list"),
        ("abandon " * 12, "do not belong together"),
    ],
)
def test_wrong_words_are_refused_in_order(words: str, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        keys.entropy_from_mnemonic(words)


def test_entropy_of_another_length_is_refused() -> None:
    with pytest.raises(Malformed, match="16 or 32 bytes"):
        keys.mnemonic_from_entropy(bytes(20))
