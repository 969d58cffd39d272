"""The mark by which two offices see that somebody is entered twice, and its key in three hands."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_cli.core.uniqueness import join_key, normalised, split_key, uniqueness_mark

KEY = bytes(range(32))


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
    assert normalised(one) == normalised(other)


def test_other_scripts_keep_their_letters() -> None:
    assert normalised("Ναυσικά Ελένη") == "ναυσικαελενη"
    assert normalised("محمد") != ""
    assert normalised("Наталья") != normalised("Наталия")


def test_the_mark_depends_on_everything_and_on_the_key() -> None:
    mark = uniqueness_mark(KEY, "Jan Jansen", "1980-12-31", "Den Haag")
    assert len(mark) == 32
    assert mark == uniqueness_mark(KEY, "JAN JANSEN", " 1980-12-31 ", "'s-Gravenhage")
    others = {
        uniqueness_mark(KEY, "Jan Janssen", "1980-12-31", "Den Haag"),
        uniqueness_mark(KEY, "Jan Jansen", "1980-12-30", "Den Haag"),
        uniqueness_mark(KEY, "Jan Jansen", "1980-12-31", "Delft"),
        uniqueness_mark(bytes(32), "Jan Jansen", "1980-12-31", "Den Haag"),
    }
    assert len(others | {mark}) == 5
    shifted = uniqueness_mark(KEY, "Jan", "1980-12-31", "JansenDen Haag")
    assert shifted not in others | {mark}


def test_the_mark_stays_what_it_is() -> None:
    """Offices keep lists of these for decades."""
    mark = uniqueness_mark(KEY, "Jan Jansen", "1980-12-31", "Delft")
    assert mark.hex() == "a2139205520f8aa76179ae754e9d82d51960f1e1f987d9c704f1280d53704a7b"


@pytest.mark.parametrize(
    "birth", [("", "1980-01-01", "Delft"), ("--", "1980-01-01", "Delft"),
              ("Jan", "1980-01-01", " "),
              ("Jan", "31-12-1980", "Delft"), ("Jan", "1980-02-30", "Delft"),
              ("Jan", "1980-00-12", "Delft"), ("Jan", "", "Delft"),
              ("Jan", "1980-01-01\n1980-01-01", "Delft")],
)  # fmt: skip
def test_what_is_not_a_birth_is_turned_down(birth: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        uniqueness_mark(KEY, *birth)


def test_an_unknown_day_or_month_is_written_with_noughts() -> None:
    assert uniqueness_mark(KEY, "Jan", "1980-00-00", "Delft")
    assert uniqueness_mark(KEY, "Jan", "1980-05-00", "Delft")


@given(st.binary(min_size=32, max_size=32))
def test_any_two_of_three_give_the_key_back(key: bytes) -> None:
    for a, b in permutations(split_key(key), 2):
        assert join_key(a, b) == key


def test_one_share_says_nothing_of_the_key() -> None:
    """Whatever K, each share by itself is as likely: its halves are a fresh random value or K
    under one, and two different blinds never cancel in one hand."""
    drawn = iter([b"\x01" * 32, b"\x02" * 32, b"\x04" * 32])
    shares = split_key(KEY, lambda size: next(drawn))
    for share in shares:
        (_, first), (_, second) = share.halves
        assert first != KEY != second
        assert bytes(x ^ y for x, y in zip(first, second, strict=True)) != KEY


def test_shares_that_do_not_belong_together_are_noticed() -> None:
    ours, theirs = split_key(KEY), split_key(bytes(32))
    damaged = replace(ours[1], halves=tuple((n, bytes(32)) for n, _ in ours[1].halves))
    for a, b in ((ours[0], ours[0]), (ours[0], theirs[1]), (ours[0], damaged)):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            join_key(a, b)
