"""The store's two engines behind one seam: LevelDB (plyvel), and LMDB where plyvel has no wheel.

Both give atomic batches that are on disk when `write` returns. LevelDB is opened with paranoid
checks; a log tail torn by a crash is what it may lose by itself, anything else is damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from chain.ledger import Writes

LMDB_MAP_BYTES = 1 << 40
"""Address space, not disk: LMDB's file grows as it is filled."""


class StoreLocked(Exception):
    """Another process has the store open."""


class StoreBroken(Exception):
    """The engine cannot read its own files."""


class Engine(Protocol):
    def get(self, key: bytes) -> bytes | None: ...
    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]: ...
    def write(self, writes: Writes) -> None:
        """Atomic and durable."""
        ...

    def close(self) -> None: ...


class LevelStore:
    """LevelDB through plyvel."""

    def __init__(self, path: Path, *, recover: bool = False) -> None:
        """`recover`: read past a damaged log, losing what cannot be read. The caller must then
        verify everything. Raises StoreLocked, StoreBroken."""
        import plyvel

        try:
            self._db: Any = plyvel.DB(
                str(path),
                create_if_missing=True,
                paranoid_checks=not recover,
                write_buffer_size=16 << 20,
                lru_cache_size=32 << 20,
                bloom_filter_bits=10,
            )
        except plyvel.IOError as error:
            if "lock" in str(error).lower():
                raise StoreLocked(str(path)) from None
            raise StoreBroken(str(error)) from None
        except plyvel.Error as error:
            raise StoreBroken(str(error)) from None

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._db.get(key)
        return value

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        with self._db.iterator(start=start, stop=stop) as pairs:
            yield from pairs

    def write(self, writes: Writes) -> None:
        with self._db.write_batch(transaction=True, sync=True) as batch:
            for key, value in writes:
                if value is None:
                    batch.delete(key)
                else:
                    batch.put(key, value)

    def close(self) -> None:
        self._db.close()


class LmdbStore:
    """LMDB. One writer; readers see the last committed batch."""

    def __init__(self, path: Path) -> None:
        import lmdb

        path.mkdir(parents=True, exist_ok=True)
        try:
            self._env: Any = lmdb.open(str(path), map_size=LMDB_MAP_BYTES, metasync=True, sync=True)
        except lmdb.LockError:
            raise StoreLocked(str(path)) from None
        except lmdb.Error as error:
            raise StoreBroken(str(error)) from None

    def get(self, key: bytes) -> bytes | None:
        with self._env.begin(buffers=False) as transaction:
            value: bytes | None = transaction.get(key)
            return value

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        with self._env.begin() as transaction, transaction.cursor() as cursor:
            found = cursor.set_range(start)
            while found and cursor.key() < stop:
                yield cursor.key(), cursor.value()
                found = cursor.next()

    def write(self, writes: Writes) -> None:
        with self._env.begin(write=True) as transaction:
            for key, value in writes:
                if value is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, value)

    def close(self) -> None:
        self._env.close()


def has_plyvel() -> bool:
    try:
        import plyvel  # noqa: F401
    except ImportError:
        return False
    return True


def open_engine(path: Path, engine: str = "", *, recover: bool = False) -> Engine:
    """The store at `path`: with the engine that made it, else the one asked for, else LevelDB
    where plyvel is installed and LMDB where it is not. Raises StoreLocked, StoreBroken."""
    if (path / "data.mdb").exists():
        engine = "lmdb"
    elif (path / "CURRENT").exists():
        engine = "leveldb"
    elif not engine:
        engine = "leveldb" if has_plyvel() else "lmdb"
    if engine == "lmdb":
        return LmdbStore(path)
    return LevelStore(path, recover=recover)
