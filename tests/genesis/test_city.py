"""The demo city: the same for the same seed, and with everything a story needs."""

from __future__ import annotations

from hashlib import sha256

import pytest
from stdnum.iban import is_valid

from chain.crypto import public_key
from genesis.city import FIRST_NAMES, demo_city
from genesis.parts import founding_id


def test_the_same_arguments_give_the_same_city() -> None:
    assert demo_city(4, b"a") == demo_city(4, b"a")
    assert demo_city(4, b"a").genesis != demo_city(4, b"b").genesis


@pytest.mark.parametrize("wijken", [0, 11])
def test_there_are_one_to_ten_wijken(wijken: int) -> None:
    with pytest.raises(ValueError, match="1 to 10"):
        demo_city(wijken, b"a")


def test_a_city_has_everybody_a_story_needs() -> None:
    city = demo_city(4, b"a", residents=40)
    for wijk in city.genesis.wijken:
        assert len(city.of("board", wijk.code)) == 3
        assert len(city.of("attestor", wijk.code)) == 3
        assert len(city.of("resident", wijk.code)) == 10
        assert len(city.of("registrar", wijk.code)) == 1
        assert [shop.places for shop in city.of("shop", wijk.code)] == [(1,)]
    assert [p.name for p in city.of("funder")] == ["gemeente"]
    assert city.person("fonds").kind == "fund"
    assert city.person("webshop").places == (1,)
    assert city.of("resident")[0].name == FIRST_NAMES[0]
    names = [person.name for person in city.people]
    assert len(set(names)) == len(names)


def test_wallets_open_with_what_the_city_hands_out() -> None:
    """`derive` and `derive_salt` are the wallet's; here two that can be told apart."""
    city = demo_city(
        1, b"a", 3, lambda e: sha256(b"k" + e).digest(), lambda e: sha256(b"s" + e).digest()[:16]
    )
    assert city.words
    for person in city.with_wallets():
        assert person.seed == sha256(b"k" + person.entropy).digest()
        assert person.account == founding_id((public_key(person.seed),), 1, person.salt)
        assert len(person.entropy) == 16
    without = {person.role for person in city.people} - {p.role for p in city.with_wallets()}
    assert without == {"treasury", "wijkfund"}


def test_a_treasury_and_a_fund_are_their_boards() -> None:
    city = demo_city(1, b"a", 0)
    accounts = {bytes(account.id): account for account in city.genesis.accounts}
    treasury = accounts[bytes(city.genesis.wijken[0].treasury)]
    fund = accounts[city.of("wijkfund")[0].account]
    assert treasury.id != fund.id
    assert (fund.kind, fund.owner) == ("fund", (treasury.id,))
    for account in (treasury, fund):
        assert account.threshold == 2
        keys = [bytes(key.key) for key in account.keys]
        assert keys == [public_key(person.seed) for person in city.of("board")]


def test_every_coin_has_a_bank_account_of_a_bank_that_does_not_exist() -> None:
    city = demo_city(10, b"a", 0, commit=lambda key, iban: sha256(key + iban.encode()).digest())
    ibans = [bank.iban for bank in city.banks]
    assert all(is_valid(iban) and iban[4:8] == "DEMO" for iban in ibans)
    assert len(set(ibans)) == 10
    for wijk in city.genesis.wijken:
        bank = city.bank(wijk.code)
        held = sha256(bank.key + bank.iban.encode()).digest()
        assert bytes(wijk.coins[0].reserve.account) == bank.account == held
