"""Each rule of a Genesis document broken alone, then many at once: all findings are reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chain.crypto import public_key
from chain.rules import DAY_MS
from genesis import rules
from genesis.city import demo_city
from genesis.document import (
    ContractVersion,
    Genesis,
    Id,
    Key,
    ParameterSetting,
    Part,
    ProvenKey,
    Sig,
)
from genesis.parts import account_part, proof_of
from genesis.rules import validate
from governance_contracts.boards.nodes import node_holder

CITY = demo_city(2, b"rules", residents=4)
GOOD = CITY.genesis
IDENTITY_POINT = Key(b"\x01" + bytes(31))
STRANGER = Id(bytes(20))
W1 = GOOD.wijken[0].code

Change = Callable[[Genesis], Genesis]


def at(*path: str | int, **fields: Any) -> Change:
    """Change fields of the part at a path."""

    def changed(part: Any, path: tuple[str | int, ...]) -> Any:
        if not path:
            return replace(part, **fields) if isinstance(part, Part) else part
        step, rest = path[0], path[1:]
        if isinstance(step, int):
            entries = list(part)
            entries[step] = changed(entries[step], rest)
            return tuple(entries)
        return replace(part, **{step: changed(getattr(part, step), rest)})

    return lambda genesis: changed(genesis, path)


def position(name: str) -> int:
    id = CITY.person(name).account
    return next(i for i, account in enumerate(GOOD.accounts) if account.id == id)


def rebuilt(name: str, **fields: Any) -> Change:
    """An account with other entries; its id stays that of its keys."""
    return at("accounts", position(name), **fields)


def account_with(threshold: int) -> Change:
    """An account anew, with everything right but its threshold."""
    seed = CITY.person("fenna").seed
    new = account_part("person", "HH", W1, W1, (seed,), bytes(16), threshold=threshold)
    return lambda genesis: replace(genesis, accounts=(*genesis.accounts, new))


BOARD = GOOD.wijken[0].board
RESERVE = GOOD.wijken[0].coins[0].reserve
SEAT = GOOD.wijken[0].seat
NODE_OF_TWO = CITY.validators[1].node
FUND = position("fonds")

BROKEN: list[tuple[str, Change]] = [
    ("format", at(format=2)),
    ("name", at(name="")),
    ("name", at(name=" Stad")),
    ("name", at(name="a\nb")),
    ("prefix", at(prefix="")),
    ("prefix", at(prefix="Demo")),
    ("prefix", at(prefix="1a")),
    ("prefix", at(prefix="wijk-x")),
    ("epoch", at(epoch=1)),
    ("protocol", at(protocol=2)),
    ("contracts", at("contracts", 0, version=2)),
    ("contracts", at(contracts=GOOD.contracts[1:])),
    ("contracts", at(contracts=(*GOOD.contracts, ContractVersion(name="casino", version=1)))),
    ("contracts", at(contracts=(*GOOD.contracts, GOOD.contracts[0]))),
    ("parameters", at(parameters=(ParameterSetting(name="speed", value=1),))),
    ("parameters", at(parameters=(ParameterSetting(name="heartbeat_ms", value=1),))),
    ("parameters", at(parameters=(ParameterSetting(name="trust_days", value=9),) * 2)),
    ("region-code", at("regions", 3, inhabitants_date="1 mei")),
    ("region-code", at("regions", 3, adults=10**9)),
    ("region-code", at("regions", 3, name="x ")),
    ("region-code", at(regions=(*GOOD.regions, GOOD.regions[-1]))),
    ("region-parent", at("regions", 3, parent=("GM0001",))),
    ("region-parent", at("regions", 3, parent=("EXT",))),
    ("boundary", at("regions", 3, rings=(((0, 0), (1, 1)),))),
    ("boundary", at("regions", 3, rings=(((0, 0), (1, 1), (1, 1)),))),
    ("boundary", at("regions", 3, rings=(((0, 0), (1, 1), (0, 900_000_001)),))),
    ("board", at("wijken", 0, "board", members=BOARD.members[:2])),
    ("board", at("wijken", 0, "board", members=BOARD.members[::-1])),
    ("board", at("wijken", 0, "board", members=tuple(sorted((*BOARD.members, STRANGER))))),
    ("board", at("wijken", 0, "board", members=GOOD.wijken[1].board.members)),
    ("board", at("wijken", 0, "board", successors=BOARD.members[:1])),
    ("threshold", at("wijken", 0, "board", numerator=0)),
    ("threshold", at("wijken", 0, "board", numerator=4)),
    ("mandate", at("wijken", 0, "board", term_end_ms=GOOD.time_ms)),
    ("mandate", at("wijken", 0, "board", term_end_ms=GOOD.time_ms + 181 * DAY_MS)),
    ("treasury", at("wijken", 0, treasury=BOARD.members[0])),
    ("treasury", at("wijken", 0, treasury=STRANGER)),
    ("treasury", at("wijken", 0, treasury=GOOD.wijken[1].treasury)),
    ("seat", at("wijken", 0, "seat", "consensus", key=IDENTITY_POINT)),
    ("possession", at("wijken", 0, "seat", "consensus", proof=Sig(bytes(64)))),
    ("possession", at("wijken", 0, "seat", "consensus", proof=SEAT.nodes[0].proof)),
    ("node-keys", at("wijken", 0, "seat", nodes=())),
    ("node-keys", at("wijken", 0, "seat", "nodes", 0, key=IDENTITY_POINT)),
    ("possession", at("wijken", 0, "seat", "nodes", 0, proof=Sig(bytes(64)))),
    ("keys-differ", at("wijken", 0, "seat", nodes=(SEAT.nodes[0],) * 2)),
    (
        "keys-differ",
        at(
            "wijken", 0, "seat", "nodes", 0,
            key=Key(public_key(NODE_OF_TWO)), proof=proof_of(NODE_OF_TWO, node_holder(W1)),
        ),
    ),
    ("registrar", at("wijken", 0, registrars=(STRANGER,))),
    ("registrar", at("wijken", 0, registrars=GOOD.wijken[0].registrars * 2)),
    ("issuer", at(issuers=())),
    ("issuer", at(issuers=GOOD.issuers * 2)),
    ("custodian", at("issuers", 0, custodian=())),
    ("coin-code", at("wijken", 0, "coins", 0, code=GOOD.wijken[1].coins[0].code)),
    ("coin-name", at("wijken", 0, "coins", 0, name=GOOD.wijken[1].coins[0].name.upper())),
    ("currency", at("wijken", 0, "coins", 0, currency="euro")),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", attestors=RESERVE.attestors[:2])),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", attestors=RESERVE.attestors[::-1])),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", attestors=BOARD.members)),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", signers=(STRANGER,))),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", k=1)),
    ("attestors", at("wijken", 0, "coins", 0, "reserve", k=4)),
    ("account-id", at(accounts=(*GOOD.accounts, GOOD.accounts[-1]))),
    ("account-keys", at("accounts", position("fenna"), "keys", 0, key=IDENTITY_POINT)),
    ("account-keys", at("accounts", position("fenna"), "keys", 0, place=(1,))),
    ("account-threshold", account_with(2)),
    ("account-threshold", account_with(0)),
    ("possession", at("accounts", position("fenna"), "keys", 0, proof=Sig(bytes(64)))),
    ("account-home", rebuilt("fenna", office=GOOD.wijken[1].code)),
    ("account-home", rebuilt("gemeente", office="WK990099")),
    ("account-home", rebuilt("fenna", home="WK990099")),
    ("account-owner", at("accounts", FUND, owner=())),
    ("account-owner", at("accounts", FUND, owner=(STRANGER,))),
    ("account-owner", at("accounts", FUND, owner=(GOOD.accounts[FUND].id,))),
    ("account-sector", rebuilt("fenna", sector="GOV")),
    ("account-sector", rebuilt("fonds", sector="HH")),
    ("place", at("places", 0, number=0)),
    ("place", at("places", 0, wijk="GM9900")),
    ("place", at("places", 0, buurt=("BU99000201",))),
    ("place", at("places", 0, account=GOOD.accounts[0].id)),
    ("place", at("places", 0, account=STRANGER)),
    ("place", at(places=(*GOOD.places, GOOD.places[0]))),
]  # fmt: skip


@pytest.mark.parametrize("wijken", range(1, 11))
def test_the_demo_city_keeps_every_rule(wijken: int) -> None:
    assert validate(demo_city(wijken, b"any", residents=3).genesis) == []


@pytest.mark.parametrize(
    ("rule", "change"), BROKEN, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BROKEN)]
)
def test_each_rule_broken_alone(rule: str, change: Change) -> None:
    findings = validate(change(GOOD))
    found = {finding.rule for finding in findings}
    # A broken key also breaks the id or the proof that is made from it.
    assert rule in found
    assert found <= {rule, "account-id"}
    assert all(f.where and f.expected and f.advice for f in findings)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("wijken", at(wijken=())),
        ("wijken", at(wijken=GOOD.wijken[::-1])),
        ("wijken", at("wijken", 0, code="WK990098")),
        ("time", at(time_ms=GOOD.time_ms // 1000)),
    ],
)
def test_rules_that_cannot_be_broken_alone(rule: str, change: Change) -> None:
    assert rule in {finding.rule for finding in validate(change(GOOD))}


def test_all_findings_come_at_once() -> None:
    """One document that breaks every rule that can be broken beside the others."""
    together = {
        "format": at(format=2),
        "name": at(name=""),
        "prefix": at(prefix="?"),
        "epoch": at(epoch=3),
        "time": at(time_ms=5),
        "protocol": at(protocol=7),
        "contracts": at("contracts", 0, version=3),
        "parameters": at(parameters=(ParameterSetting(name="x", value=1),)),
        "region-code": at("regions", 3, adults=10**9),
        "region-parent": at("regions", 4, parent=("GM0001",)),
        "boundary": at("regions", 4, rings=(((0, 0), (1, 1)),)),
        "board": at("wijken", 0, "board", members=BOARD.members[:1]),
        "threshold": at("wijken", 0, "board", numerator=9),
        "treasury": at("wijken", 0, treasury=STRANGER),
        "seat": at("wijken", 0, "seat", "consensus", key=IDENTITY_POINT),
        "node-keys": at("wijken", 1, "seat", nodes=()),
        "registrar": at("wijken", 1, registrars=(STRANGER,)),
        "custodian": at("issuers", 0, custodian=()),
        "currency": at("wijken", 1, "coins", 0, currency="€"),
        "attestors": at("wijken", 1, "coins", 0, "reserve", k=9),
        "account-sector": rebuilt("fenna", sector="FIN"),
        "account-home": rebuilt("joris", home="WK990077"),
        "account-owner": at("accounts", FUND, owner=()),
        "place": at("places", 0, number=0),
    }
    genesis = GOOD
    for change in together.values():
        genesis = change(genesis)
    found = {finding.rule for finding in validate(genesis)}
    assert found >= set(together)


def test_what_only_a_contract_refuses_is_a_finding_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_genesis: Genesis) -> None:
        raise ValueError("the moon is full")

    monkeypatch.setattr(rules, "first_state", refuse)
    assert [(f.rule, f.expected) for f in validate(GOOD)] == [("founding", "the moon is full")]


def test_every_rule_is_in_the_table_and_every_row_is_tested() -> None:
    table = set(re.findall(r"^\| ([a-z-]+) \|", rules.__doc__ or "", re.MULTILINE)) - {"rule"}
    assert {rule for rule, _ in BROKEN} | {"wijken", "founding", "time"} == table


def test_a_proof_made_for_a_real_chain_does_not_count() -> None:
    from governance_contracts.people.keys import prove_possession

    person = CITY.person("fenna")
    proof = Sig(prove_possession(person.seed, b"\x01" * 32, 0, person.account))
    genesis = at("accounts", position("fenna"), "keys", 0, proof=proof)(GOOD)
    assert [f.rule for f in validate(genesis)] == ["possession"]


def test_a_seat_key_that_stands_in_an_account_is_found() -> None:
    seed = CITY.validators[0].node
    new = account_part("person", "HH", W1, W1, (seed,), bytes(16))
    genesis = replace(GOOD, accounts=(*GOOD.accounts, new))
    assert [f.rule for f in validate(genesis)] == ["keys-differ"]
    assert isinstance(genesis.wijken[0].seat.nodes[0], ProvenKey)
