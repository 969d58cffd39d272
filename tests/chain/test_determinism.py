"""Rings 1 and 2 use nothing that could differ from machine to machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("chain", "consensus", "governance_contracts")
REPLICA = ("node.replica", "node.api.past")
FORBIDDEN = frozenset(
    (
        "aiohttp", "asyncio", "click", "datetime", "lmdb", "logging", "os", "pathlib", "plyvel",
        "random", "secrets", "socket", "sqlite3", "threading", "time", "uuid",
    )
)  # fmt: skip


def modules() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return found + sorted(ROOT / name for name in replica())


def replica() -> set[str]:
    """The files of the replica: what `node/replica.py` stands on, in `node/`."""
    found: set[str] = set()
    left = list(REPLICA)
    while left:
        file = left.pop().replace(".", "/") + ".py"
        if file in found or not (ROOT / file).exists():
            continue
        found.add(file)
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            match node:
                case ast.ImportFrom(module="node", names=names):
                    left += [f"node.{name.name}" for name in names]
                case ast.ImportFrom(module=str(module)) if module.startswith("node."):
                    left.append(module)
    return found


def test_the_replica_is_found_whole() -> None:
    for name in ("height", "mempool", "sync", "signer", "wal", "store", "gossip", "rejoin"):
        assert f"node/{name}.py" in replica()
    assert not replica() & {"node/run.py", "node/disk.py", "node/peers.py", "node/api/app.py"}


def findings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        where = getattr(node, "lineno", 0)
        match node:
            case ast.Constant(value=float() | complex()):
                yield f"{where}: a float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"{where}: the operator /"
            case ast.Call(func=ast.Name(id="hash" | "float" | "id")):
                yield f"{where}: hash(), float() or id()"
            case ast.For(iter=what) | ast.comprehension(iter=what) if is_set(what):
                yield f"{what.lineno}: iteration over a set"
            case ast.Import(names=names):
                for name in names:
                    if name.name.split(".")[0] in FORBIDDEN:
                        yield f"{where}: import of {name.name}"
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN:
                yield f"{where}: import of {module}"


def is_set(node: ast.expr) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, right=right, op=ast.BitOr() | ast.BitAnd() | ast.Sub()):
            return is_set(left) or is_set(right)
        case ast.Call(func=ast.Name(id="list" | "tuple" | "enumerate" | "iter"), args=[first, *_]):
            return is_set(first)
    return False


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_deterministic(path: Path) -> None:
    assert list(findings(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = 1.0",
        "x = 1e3",
        "x = a / b",
        "x /= 2",
        "hash(x)",
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "for x in list(set(y)): pass",
        "[x for x in {y for y in z}]",
        "for x in set(y) - z: pass",
        "import time",
        "import os.path",
        "from datetime import date",
        "def f():\n    from random import Random",
    ],
)
def test_the_check_finds(source: str) -> None:
    assert list(findings(source))


@pytest.mark.parametrize(
    "source", ["x = a // b", "for x in sorted({1, 2}): pass", "import operator"]
)
def test_the_check_lets_pass(source: str) -> None:
    assert not list(findings(source))
