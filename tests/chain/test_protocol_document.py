"""`docs/protocol.md` says what the code does, as far as tables can be compared."""

from __future__ import annotations

import re
from pathlib import Path

import chain.light
from chain import (
    account,
    admission,
    authority,
    block,
    certificate,
    contract,
    execution,
    merkle,
    rules,
    transaction,
    tree,
)
from chain.codec import Record
from chain.errors import REFUSALS
from chain.kinds import Kind, Tag
from chain.rules import PARAMETER_LIST
from chain.state import TABLES

TEXT = (Path(__file__).parents[2] / "docs/protocol.md").read_text()
MODULES = (account, block, certificate, chain.light, merkle, rules, transaction, tree)


def section(start: str, stop: str) -> str:
    return TEXT[TEXT.index(start) : TEXT.index(stop)]


def test_tags_and_kinds() -> None:
    tags = section("| tag | hash of |", "A signature covers")
    assert re.findall(r"^\| (\d+) (\w+) \|", tags, re.M) == [(str(t.value), t.name) for t in Tag]
    kinds = section("| kind | the body", "Signatures are Ed25519")
    assert re.findall(r"^\| (\d+) (\w+) \|", kinds, re.M) == [(str(k.value), k.name) for k in Kind]


def test_refusals_of_the_chain() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ([a-z_, ]*) \|", TEXT.replace("| |", "|  |"), re.M)
    told = {(int(code), name, fields.strip()) for code, name, fields in rows}
    known = {
        (code, cls.__name__, ", ".join(cls.fields))
        for code, cls in REFUSALS.items()
        if cls.__module__ in {m.__name__ for m in (account, admission, authority, contract)}
    }
    assert told == known


def test_tables() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) \| [^|]+ \| `(\w+)` \|", TEXT, re.M)
    assert [(n, int(t), r) for n, t, r in rows] == [
        (TABLES[t].name, t, TABLES[t].record.__name__) for t in range(1, 11)
    ]


def test_records_with_their_tags_and_fields_in_order() -> None:
    told = {
        name: (int(tag), fields)
        for name, tag, fields in re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", TEXT, re.M)
    }
    known = {
        cls.__name__: cls
        for module in MODULES
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, Record) and cls is not Record
    }
    local = {"Frontier", "Trusted"}  # kept by one node or wallet; never hashed, signed or sent
    assert set(known) - set(told) == local and set(told) <= set(known)
    for name, (tag, fields) in told.items():
        cls = known[name]
        assert cls.__struct_config__.tag == tag, name
        at = -1
        for one in cls.__struct_fields__:
            found = re.search(rf"\b{one}\b", fields[at + 1 :])
            assert found, f"{name}.{one} is not told, or not in its place"
            at += 1 + found.start()


def test_numbers() -> None:
    for name in ("block_cost_max", "due_cost_max"):
        assert f"`{name}` {PARAMETER_LIST[name].default:,}" in TEXT
    assert f"{execution.WITNESS_COST} for each witness" in TEXT
    assert f"{contract.CALL_COST_MIN} if it names another version" in TEXT
    assert f"`due_cost_max` / {execution.DUE_COST})" in TEXT
    assert f"{transaction.TRANSACTION_BYTES_MAX:,} bytes" in TEXT
