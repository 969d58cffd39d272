"""The page of all contracts, made from the code: calls, tables and events, field by field."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta

from chain import codec, money
from chain.codec import Record
from chain.contract import Contract
from chain.events import EVENTS
from chain.state import TABLES
from chain.transaction import Call
from governance_contracts.versions import CONTRACTS
from tests.docs.refusals import HUNDREDS, refusals

HEAD = """# Contracts: calls, records and events

Every call of every contract with its arguments, every table and every event, field by field, in
their order on the wire ([protocol.md](protocol.md) says how records are written; the first element
of each is its number, in brackets here). What a call checks and refuses, in that order, is part of
the protocol and stands with it; [refusals.md](refusals.md) lists what each refusal carries. This
page is made from the code; after a change there, make it again:

    .venv/bin/python -m tests.docs.make_contracts

`0..n x` is a list of up to n; an optional value is a list of none or one. `account` is 20 bytes,
`hash` and `key` 32, `salt` 16, `sig` 64; `cents` is 0 to 2^53 - 1, `amount` begins at 1, `millis`
counts from 1970 UTC, `code` is 1 to 32 of `A-Za-z0-9_.-`. A cost is in cost units; one that depends
on the arguments is written as `varies`.
"""

NAMES: list[tuple[Any, str]] = [
    (codec.U8, "u8"), (codec.U16, "u16"), (codec.U32, "u32"), (codec.U63, "u63"),
    (codec.I32, "i32"), (codec.AccountId, "account"), (codec.Salt, "salt"), (codec.Sig, "sig"),
    (codec.Code, "code"), (codec.Hash, "bytes[32]"), (codec.U53, "u53"),
    (money.AmountField, "amount"), (money.CentsField, "cents"),
]  # fmt: skip


def page() -> str:
    refusals()  # reads every module
    parts = [HEAD]
    known: dict[type[Record], None] = {}
    for contract in CONTRACTS:
        parts += section(contract, known)
    parts.append("\n# Records\n\nWhat the fields above are made of.\n\n")
    parts += list(records(known))
    return "".join(parts)


def module_of(contract: Contract) -> ModuleType:
    """The module that declares a contract."""
    (found,) = (
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("governance_contracts.") and vars(module).get("CONTRACT") is contract
    )
    return found


def section(contract: Contract, known: dict[type[Record], None]) -> Iterator[str]:
    module = module_of(contract)
    yield f"\n## `{contract.name}`, version {contract.version}\n\n{summary(module.__doc__)}\n"
    for name, method in contract.methods.items():
        cost = str(method.cost) if isinstance(method.cost, int) else "varies"
        yield f"\n### `{contract.name}.{name}`\n\n"
        yield f"`{signature(method.args, known)}` cost {cost}\n\n"
        yield text_of(method.run) + "\n"
    tables = [table for table in sorted(TABLES.values(), key=lambda t: t.number)
              if owner(table.number // 10 - 1) == contract.name]  # fmt: skip
    if tables:
        yield "\n| table | name | record |\n|---|---|---|\n"
        for table in tables:
            yield f"| {table.number} | {table.name} | `{signature(table.record, known)}` |\n"
    events = [(n, kind) for n, kind in sorted(EVENTS.items()) if owner(n // 100) == contract.name]
    if events:
        yield "\n| event | what |\n|---|---|\n"
        for _number, kind in events:
            said = f" {summary(kind.__doc__)}" if kind.__dict__.get("__doc__") else ""
            yield f"| `{signature(kind, known)}` |{said} |\n"


def owner(number: int) -> str:
    """The contract whose refusals and events begin at `number` * 100, and tables at 10 more."""
    return HUNDREDS[number - 1] if 1 <= number <= len(HUNDREDS) else ""


def records(known: dict[type[Record], None]) -> Iterator[str]:
    """Records that stand within others, until there are no new ones."""
    done: set[type[Record]] = set()
    while left := [kind for kind in known if kind not in done]:
        for kind in left:
            done.add(kind)
            signature(kind, known)
    for kind in sorted(done, key=lambda k: (k.__name__, k.__module__)):
        yield f"* `{signature(kind, known)}`"
        said = summary(kind.__doc__) if kind.__dict__.get("__doc__") else ""
        yield f" {said}\n" if said else "\n"


def signature(kind: type[Record], known: dict[type[Record], None]) -> str:
    hints = get_type_hints(kind, include_extras=True)
    fields = ", ".join(f"{name} {written(hints[name], known)}" for name in kind.__struct_fields__)
    return f"{kind.__name__}[{kind.__struct_config__.tag}]({fields})"


def written(hint: Any, known: dict[type[Record], None]) -> str:
    for alias, name in NAMES:
        if hint == alias:
            return name
    meta: list[Meta] = []
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        meta = [extra for extra in extras if isinstance(extra, Meta)]
    if get_origin(hint) is tuple:
        low = next((m.min_length for m in meta if m.min_length is not None), 0)
        high = next((m.max_length for m in meta if m.max_length is not None), None)
        most = "n" if high is None else str(high)
        return f"{low}..{most} x {written(get_args(hint)[0], known)}"
    if isinstance(hint, type) and issubclass(hint, Record):
        if hint is not Call:
            known[hint] = None
        return hint.__name__
    if get_args(hint):
        return " or ".join(written(one, known) for one in get_args(hint))
    return bounded(hint, meta)


def bounded(hint: Any, meta: list[Meta]) -> str:
    for m in meta:
        if m.ge is not None and m.le is not None:
            return f"int[{m.ge}..{m.le}]"
        if m.min_length is not None or m.max_length is not None:
            return f"{hint.__name__}[{m.min_length or 0}..{m.max_length}]"
        if m.pattern is not None:
            return f"str like {m.pattern}".replace("|", "\\|")
    return str(hint.__name__)


def text_of(function: Any) -> str:
    return inspect.getdoc(function) or ""


def summary(doc: str | None) -> str:
    """The first paragraph, as one line."""
    text = inspect.cleandoc(doc or "").split("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|")
