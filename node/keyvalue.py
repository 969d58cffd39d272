"""The store's two engines behind one seam: LevelDB (plyvel), and LMDB where plyvel has no wheel.

Both give atomic batches that are on disk when `write` returns, and refuse a second process.
LevelDB is opened with paranoid checks and compares the checksum of whatever it reads from disk; a
log tail torn by a crash is what it may lose by itself, anything else is damage. LMDB keeps no
checksums: what it returns is judged by `node.repair.verify`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

from chain.ledger import Writes
from node.disk import AlreadyRunning, HomeLock
from node.store import DamagedStore

ENGINES = ("leveldb", "lmdb")
BLOCK_BYTES = 2048
"""Every read checks the checksum of a whole block: small ones, for records of 200 bytes."""
LMDB_MAP_BYTES = 1 << 40
"""Address space, not disk: LMDB's file grows as it is filled."""
LMDB_LOCK = "LOCK"


class StoreLocked(Exception):
    """Another process has the store open."""


class StoreBroken(DamagedStore):
    """The engine cannot read its own files."""


class Engine(Protocol):
    """Every method raises StoreBroken for damage and OSError for what the disk refuses."""

    def get(self, key: bytes) -> bytes | None: ...
    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, in order, as they stood at the first one."""
        ...

    def scan_back(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The pairs of `scan`, the last first."""
        ...

    def write(self, writes: Writes) -> None:
        """Atomic and durable."""
        ...

    def write_soon(self, writes: Writes) -> None:
        """Atomic. A power cut may take it back, with all that was written after it; the end of
        the process does not. For what can be made again from elsewhere."""
        ...

    def close(self) -> None: ...


class LevelStore:
    """LevelDB through plyvel."""

    def __init__(self, path: Path, *, recover: bool = False) -> None:
        """`recover`: read past damage, losing what cannot be read. The caller must then verify
        everything. Raises StoreLocked, StoreBroken, OSError."""
        try:
            import plyvel
        except ImportError:
            raise StoreBroken("it was made with LevelDB: install the package plyvel") from None

        self._error: type[Exception] = plyvel.Error
        try:
            if recover:
                self._db: Any = _open_past_damage(path)
            elif _names_no_tables(path):
                raise StoreBroken("CURRENT, which names its files, is missing")
            else:
                self._db = _open_leveldb(path, paranoid=True)
        except plyvel.Error as error:
            raise _level_trouble(error, path) from None

    def get(self, key: bytes) -> bytes | None:
        try:
            value: bytes | None = self._db.get(key, verify_checksums=True)
        except self._error as error:
            raise _level_trouble(error) from None
        return value

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            with self._db.iterator(start=start, stop=stop, verify_checksums=True) as pairs:
                yield from pairs
        except self._error as error:
            raise _level_trouble(error) from None

    def scan_back(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keeps the bounds itself: given both, plyvel 1.5 going backward does not find the last
        key of the store where `start` is that key."""
        try:
            with self._db.iterator(reverse=True, verify_checksums=True) as pairs:
                pairs.seek(stop)
                yield from takewhile(lambda pair: pair[0] >= start, pairs)
        except self._error as error:
            raise _level_trouble(error) from None

    def write(self, writes: Writes) -> None:
        self._write(writes, sync=True)

    def write_soon(self, writes: Writes) -> None:
        self._write(writes, sync=False)

    def _write(self, writes: Writes, sync: bool) -> None:
        try:
            with self._db.write_batch(transaction=True, sync=sync) as batch:
                for key, value in writes:
                    if value is None:
                        batch.delete(key)
                    else:
                        batch.put(key, value)
        except self._error as error:
            raise _level_trouble(error) from None

    def close(self) -> None:
        self._db.close()


def _open_leveldb(path: Path, *, paranoid: bool) -> Any:
    import plyvel

    return plyvel.DB(
        str(path),
        create_if_missing=True,
        paranoid_checks=paranoid,
        write_buffer_size=32 << 20,
        compression=None,  # most bytes are hashes; a random read costs a third without
        block_size=BLOCK_BYTES,
        lru_cache_size=64 << 20,
        bloom_filter_bits=10,
    )


def _open_past_damage(path: Path) -> Any:
    """Without the checks; and where not even that opens it, from the tables and logs that are
    there."""
    import plyvel

    if not _names_no_tables(path):
        try:
            return _open_leveldb(path, paranoid=False)
        except plyvel.Error as error:
            if "lock" in _words(error).lower():
                raise
    plyvel.repair_db(str(path), bloom_filter_bits=10)
    return _open_leveldb(path, paranoid=False)


def _names_no_tables(path: Path) -> bool:
    """Files of LevelDB without CURRENT: opening would begin an empty store and sweep them away."""
    if (path / "CURRENT").exists():
        return False
    return any(any(path.glob(kind)) for kind in ("*.ldb", "*.log", "MANIFEST-*"))


def _words(error: Exception) -> str:
    """What plyvel says, which it may say in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _level_trouble(error: Exception, opening: Path | None = None) -> Exception:
    """An error of plyvel as one of this module, or of the system."""
    said = _words(error)
    if opening is not None and "lock" in said.lower():
        return StoreLocked(str(opening))
    if isinstance(error, OSError):
        return _of_the_disk(said) if opening is None or _is_full(said) else StoreBroken(said)
    return StoreBroken(said)


def _is_full(said: str) -> bool:
    return "No space left" in said or "File too large" in said


def _of_the_disk(said: str) -> OSError:
    return OSError(errno.ENOSPC if _is_full(said) else errno.EIO, said)


class LmdbStore:
    """LMDB. One writer; readers see the last committed batch."""

    def __init__(self, path: Path) -> None:
        """Raises StoreLocked, StoreBroken, OSError."""
        try:
            import lmdb
        except ImportError:
            raise StoreBroken("it is to be kept by LMDB: install the package lmdb") from None

        path.mkdir(parents=True, exist_ok=True)
        try:  # LMDB itself lets many processes in
            self._lock = HomeLock(path / LMDB_LOCK)
        except AlreadyRunning:
            raise StoreLocked(str(path)) from None
        self._error: type[Exception] = lmdb.Error
        try:
            self._env: Any = lmdb.open(str(path), map_size=LMDB_MAP_BYTES, metasync=True, sync=True)
        except lmdb.Error as error:
            self._lock.release()
            raise _lmdb_trouble(error) from None

    def get(self, key: bytes) -> bytes | None:
        try:
            with self._env.begin(buffers=False) as transaction:
                value: bytes | None = transaction.get(key)
                return value
        except self._error as error:
            raise _lmdb_trouble(error) from None

    def scan(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            with self._env.begin() as transaction, transaction.cursor() as cursor:
                found = cursor.set_range(start)
                while found and cursor.key() < stop:
                    yield cursor.key(), cursor.value()
                    found = cursor.next()
        except self._error as error:
            raise _lmdb_trouble(error) from None

    def scan_back(self, start: bytes, stop: bytes) -> Iterator[tuple[bytes, bytes]]:
        try:
            with self._env.begin() as transaction, transaction.cursor() as cursor:
                found = cursor.prev() if cursor.set_range(stop) else cursor.last()
                while found and cursor.key() >= start:
                    yield cursor.key(), cursor.value()
                    found = cursor.prev()
        except self._error as error:
            raise _lmdb_trouble(error) from None

    def write_soon(self, writes: Writes) -> None:
        """On disk when it returns all the same: LMDB can leave out the waiting for a whole file
        only, and a power cut may then break the file."""
        self.write(writes)

    def write(self, writes: Writes) -> None:
        try:
            with self._env.begin(write=True) as transaction:
                for key, value in writes:
                    if value is None:
                        transaction.delete(key)
                    else:
                        transaction.put(key, value)
        except self._error as error:
            raise _lmdb_trouble(error) from None

    def close(self) -> None:
        self._env.close()
        self._lock.release()


def _lmdb_trouble(error: Exception) -> Exception:
    said = str(error)
    if _is_full(said) or "Input/output error" in said:
        return _of_the_disk(said)
    return StoreBroken(said)


def has_plyvel() -> bool:
    try:
        import plyvel  # noqa: F401
    except ImportError:
        return False
    return True


def open_engine(path: Path, engine: str = "", *, recover: bool = False) -> Engine:
    """The store at `path`: with the engine that made it, else the one asked for, else LevelDB
    where plyvel is installed and LMDB where it is not. Raises StoreLocked, StoreBroken, OSError."""
    if (path / "data.mdb").exists():
        engine = "lmdb"
    elif (path / "CURRENT").exists() or _names_no_tables(path):
        engine = "leveldb"
    elif not engine:
        engine = "leveldb" if has_plyvel() else "lmdb"
    if engine == "lmdb":
        return LmdbStore(path)
    return LevelStore(path, recover=recover)
