"""The code by which two offices see that somebody is entered twice, and its key in three hands."""

from __future__ import annotations

import unicodedata
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import Malformed
from wallet_cli.core.uniqueness import code, joined, plain, split

KEY = bytes(range(32))
ENTROPY = bytes(range(96))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José van der Berg", "JOSE VAN-DER BERG"),
        ("José", unicodedata.normalize("NFD", "José")),
        ("IJsbrand", "Ĳsbrand"),
        ("Großmann", "GROSSMANN"),
        ("İbrahim Yılmaz", "ibrahim yilmaz"),
        ("Łukasz Søren", "lukasz soren"),
        ("'t Hooft", "`T HOOFT"),
        ("O’Neill", "O'neill"),
        ("Müller\u00a0 jr.", "muller JR"),
        ("ﬁnn", "Finn"),
        ("Ｊａｎ", "jan"),
    ],
)
def test_two_clerks_write_one_name(one: str, other: str) -> None:
    assert plain(one) == plain(other)


def test_other_scripts_keep_their_letters() -> None:
    assert plain("Ναυσικά Ελένη") == "ναυσικαελενη"
    assert plain("محمد") != ""
    assert plain("Наталья") != plain("Наталия")


def test_the_code_depends_on_everything_and_on_the_key() -> None:
    ours = code(KEY, "Jan Jansen", "1980-12-31", "Den Haag")
    assert ours == code(KEY, "JAN JANSEN", " 1980-12-31 ", "'s-Gravenhage")
    others = {
        code(KEY, "Jan Janssen", "1980-12-31", "Den Haag"),
        code(KEY, "Jan Jansen", "1980-12-30", "Den Haag"),
        code(KEY, "Jan Jansen", "1980-12-31", "Delft"),
        code(bytes(32), "Jan Jansen", "1980-12-31", "Den Haag"),
        code(KEY, "Jan", "1980-12-31", "JansenDen Haag"),
    }
    assert len(others | {ours}) == 6


def test_the_code_stays_what_it_is() -> None:
    """Offices compare with lists of years ago."""
    assert code(KEY, "Jan Jansen", "1980-12-31", "Delft") == "67LH-NQEI-JCF4-7S55-KHJ2-3IDL"


@pytest.mark.parametrize(
    "birth",
    [
        ("", "1980-01-01", "Delft"),
        ("--", "1980-01-01", "Delft"),
        ("Jan", "1980-01-01", " "),
        ("Jan", "31-12-1980", "Delft"),
        ("Jan", "1980-02-30", "Delft"),
        ("Jan", "1980-00-12", "Delft"),
        ("Jan", "", "Delft"),
        ("Jan", "1980-01-01\n1980-01-01", "Delft"),
    ],
)
def test_what_is_not_a_birth_is_turned_down(birth: tuple[str, str, str]) -> None:
    with pytest.raises(Malformed):
        code(KEY, *birth)


def test_an_unknown_day_or_month_is_written_with_noughts() -> None:
    assert code(KEY, "Jan", "1980-00-00", "Delft") != code(KEY, "Jan", "1980-05-00", "Delft")


@given(st.binary(min_size=96, max_size=96))
def test_any_two_of_three_give_the_key_back(entropy: bytes) -> None:
    shares = split(entropy)
    keys = {joined(pair) for pair in permutations(shares, 2)}
    assert keys == {joined(shares)}


def test_one_share_lacks_a_part_that_makes_any_key_as_likely() -> None:
    for share in split(ENTROPY):
        assert len(share["parts"]) == 2
        with pytest.raises(Malformed):
            joined([share, share])


def test_shares_of_different_keys_are_noticed() -> None:
    ours, theirs = split(ENTROPY), split(bytes(96))
    with pytest.raises(Malformed):
        joined([ours[0], theirs[1]])
    with pytest.raises(Malformed):
        joined([ours[0], {"format": "something else"}])
