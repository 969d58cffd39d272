"""The two engines give the same answers, and say the same when they cannot."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from node.keyvalue import Engine, StoreBroken, open_engine

pytest.importorskip("plyvel", reason="LevelDB has no Python package here")
pytest.importorskip("lmdb", reason="the package lmdb is not installed")

PAIRS = [(b"a", b"1"), (b"ab", b"2"), (b"b", b"3"), (b"c", b"")]


@pytest.fixture(params=["leveldb", "lmdb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


def everything(engine: Engine) -> list[tuple[bytes, bytes]]:
    return list(engine.scan(b"", b"\xff"))


def test_what_was_written_is_read(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*reversed(PAIRS)])
    assert [engine.get(key) for key, _ in PAIRS] == [value for _, value in PAIRS]
    assert engine.get(b"none") is None
    engine.close()


def test_a_scan_goes_in_order_from_start_to_before_stop(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*reversed(PAIRS)])
    assert everything(engine) == PAIRS
    assert [k for k, _ in engine.scan(b"ab", b"c")] == [b"ab", b"b"]
    assert list(engine.scan(b"d", b"e")) == []
    engine.close()


def test_a_scan_does_not_see_what_is_written_meanwhile(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*PAIRS])
    scan = engine.scan(b"", b"\xff")
    first = next(scan)
    engine.write([(b"aa", b"new"), (b"c", None)])
    assert [first, *scan] == PAIRS
    assert [k for k, _ in everything(engine)] == [b"a", b"aa", b"ab", b"b"]
    engine.close()


def test_a_batch_writes_and_deletes_and_its_last_word_counts(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*PAIRS])
    engine.write([(b"a", None), (b"none", None), (b"b", b"4"), (b"c", None), (b"c", b"5")])
    assert everything(engine) == [(b"ab", b"2"), (b"b", b"4"), (b"c", b"5")]
    engine.close()


def test_a_batch_that_cannot_be_written_whole_is_not_written_at_all(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*PAIRS])
    with pytest.raises(TypeError):
        engine.write([(b"a", b"other"), (b"b", 5)])  # type: ignore[list-item]
    assert everything(engine) == PAIRS
    engine.close()


def test_a_store_is_opened_again_with_the_engine_that_made_it(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    engine.write([*PAIRS])
    engine.close()
    other = "lmdb" if kind == "leveldb" else "leveldb"
    again = open_engine(path, other)
    assert type(again) is type(engine)
    assert everything(again) == PAIRS
    again.close()


def test_another_process_is_refused(path: Path, kind: str) -> None:
    engine = open_engine(path, kind)
    code = (
        "from pathlib import Path; from node.keyvalue import *\n"
        f"try: open_engine(Path({str(path)!r}))\n"
        "except StoreLocked: print('locked')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "locked\n", done.stderr
    engine.close()
    open_engine(path, kind).close()


def test_a_full_disk_is_an_error_of_the_system(path: Path, kind: str) -> None:
    """In a process of its own, whose files may not grow."""
    code = f"""
import resource
from pathlib import Path
from node.keyvalue import open_engine
engine = open_engine(Path({str(path)!r}), {kind!r})
engine.write([(b"kept", b"1")])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        engine.write([(b"%d" % number, bytes(5_000))])
except OSError as error:
    print(error.errno)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    short_write = errno.EIO  # so LMDB calls it when a part was written
    assert int(done.stdout) in (errno.ENOSPC, short_write), done.stderr
    engine = open_engine(path)
    assert engine.get(b"kept") == b"1"
    engine.close()


# Damage that LevelDB's checksums find. (LMDB has none: node.repair judges what it returns.)


def level(path: Path, batches: int) -> Path:
    """A store of so many batches of one pair; returns its log."""
    engine = open_engine(path, "leveldb")
    for number in range(batches):
        engine.write([(b"%03d" % number, bytes([number]) * 100)])
    engine.close()
    return next(path.glob("*.log"))


def test_a_torn_log_loses_its_last_batches_whole_and_no_more(path: Path) -> None:
    """What plyvel does by itself with paranoid checks: a record that runs past the end of the
    file was being written when the power went."""
    log = level(path, 5)
    whole = log.read_bytes()
    record = len(whole) // 5
    for cut in (1, record - 1, record, record + 1, 3 * record + 7):
        log.write_bytes(whole[: len(whole) - cut])
        engine = open_engine(path)
        found = everything(engine)
        engine.close()
        kept = (len(whole) - cut) // record
        assert [k for k, _ in found] == [b"%03d" % n for n in range(kept)]
        for file in path.iterdir():
            file.unlink()
        level(path, 5)
        log = next(path.glob("*.log"))


def test_a_garbled_log_is_refused_and_read_past_only_when_asked(path: Path) -> None:
    log = level(path, 5)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xFF
    log.write_bytes(data)
    with pytest.raises(StoreBroken, match="checksum"):
        open_engine(path)
    engine = open_engine(path, recover=True)
    assert len(everything(engine)) < 5
    engine.close()


def test_a_garbled_table_is_found_when_it_is_read(path: Path) -> None:
    engine = open_engine(path, "leveldb")
    engine.write([(b"%05d" % number, number.to_bytes(8, "big") * 20) for number in range(2_000)])
    engine.close()
    open_engine(path).close()  # moves the log into a table
    table = next(path.glob("*.ldb"))
    data = bytearray(table.read_bytes())
    data[len(data) // 3] ^= 0xFF
    table.write_bytes(data)
    engine = open_engine(path)
    with pytest.raises(StoreBroken):
        everything(engine)
    with pytest.raises(StoreBroken):
        for number in range(2_000):
            engine.get(b"%05d" % number)
    engine.close()


@pytest.mark.parametrize("lost", ["CURRENT", "MANIFEST"])
def test_a_lost_list_of_files_never_begins_an_empty_store(path: Path, lost: str) -> None:
    level(path, 5)
    for file in path.glob(lost + "*"):
        file.unlink()
    with pytest.raises(StoreBroken):
        open_engine(path)
    engine = open_engine(path, recover=True)
    assert len(everything(engine)) == 5
    engine.close()
