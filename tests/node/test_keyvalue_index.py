"""What the index asks of both engines: pairs from the last to the first, and unhurried writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.ledger import Writes
from node.keyvalue import ENGINES, Engine, has_plyvel, open_engine


def made(path: Path, kind: str) -> Engine:
    if kind == "leveldb" and not has_plyvel():
        pytest.skip("plyvel has no wheel here")
    return open_engine(path, kind)


@pytest.fixture(params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(tmp_path: Path, kind: str) -> Iterator[Engine]:
    engine = made(tmp_path / "pairs", kind)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        (b"b", b"d", [b"c", b"b"]),  # the start is in, the stop is not
        (b"aa", b"cc", [b"c", b"b"]),  # neither is there
        (b"", b"b", [b"a"]),
        (b"d", b"zz", [b"d"]),  # a stop behind the last
        (b"0", b"1", []),  # before the first
        (b"x", b"z", []),  # behind the last
        (b"c", b"c", []),
    ],
)
def test_pairs_come_from_the_last_to_the_first(
    engine: Engine, start: bytes, stop: bytes, found: list[bytes]
) -> None:
    engine.write_soon([(key, key * 2) for key in (b"c", b"a", b"d", b"b")])
    assert list(engine.scan_back(start, stop)) == [(key, key * 2) for key in found]


def test_nothing_is_in_an_empty_store(engine: Engine) -> None:
    assert list(engine.scan_back(b"", b"zz")) == []


keys = st.binary(min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.sets(keys), keys, keys)
def test_backward_is_forward_turned_round(
    engine: Engine, held: set[bytes], start: bytes, stop: bytes
) -> None:
    old: Writes = [(key, None) for key, _ in engine.scan(b"", b"\xff" * 4)]
    engine.write_soon([*old, *((key, b"") for key in sorted(held))])
    expected = sorted((key for key in held if start <= key < stop), reverse=True)
    assert [key for key, _ in engine.scan_back(start, stop)] == expected
    assert [key for key, _ in engine.scan(start, stop)] == expected[::-1]


def test_what_is_read_in_part_holds_nothing_up(engine: Engine) -> None:
    engine.write_soon([(b"a", b"1"), (b"b", b"2")])
    pairs = engine.scan_back(b"a", b"c")
    assert next(pairs) == (b"b", b"2")
    engine.write_soon([(b"a", b"3")])
    assert next(pairs) == (b"a", b"1"), "as it stood at the first one"


def test_a_batch_is_there_after_opening_again(tmp_path: Path, kind: str) -> None:
    engine = made(tmp_path / "pairs", kind)
    engine.write_soon([(b"a", b"1"), (b"b", b"2")])
    engine.write_soon([(b"a", None), (b"c", b"3")])
    engine.close()
    engine = made(tmp_path / "pairs", "")
    assert list(engine.scan(b"a", b"z")) == [(b"b", b"2"), (b"c", b"3")]
    engine.close()


def test_a_batch_that_cannot_be_made_leaves_nothing(engine: Engine) -> None:
    wrong: Writes = [(b"a", b"1"), ("not bytes", b"2")]  # type: ignore[list-item]
    with pytest.raises((TypeError, UnicodeError)):
        engine.write_soon(wrong)
    assert engine.get(b"a") is None
