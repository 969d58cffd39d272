"""Journals on disk: appended, made durable, replaced whole.

A long-lived journal is preallocated with zeros, so that an append changes no file length and one
fdatasync is enough. Replacing writes a new file, syncs it, renames it, and syncs the folder:
without the last, a power cut can bring the old file back. An error of any sync ends the process.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from node.journal import read_frames

PREALLOCATE_BYTES = 256 * 1024


class AlreadyRunning(Exception):
    """Another process holds this home's lock."""


class Journal:
    """One file of frames. `data` is what was found at opening, zeros at the end included."""

    def __init__(self, path: Path, preallocate_bytes: int = 0) -> None:
        """Raises DamagedJournal (through `read_frames`) when good frames follow a bad one."""
        self.path = path
        self._step = preallocate_bytes
        self.data = path.read_bytes() if path.exists() else b""
        _, self._size = read_frames(self.data)
        if self.data[self._size :].strip(b"\x00"):
            self._size = len(self.data)  # a torn tail: the replica replaces the file first
        self._file = -1
        self._allocated = 0
        self._open()

    def _open(self) -> None:
        created = not self.path.exists()
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        self._allocated = os.fstat(self._file).st_size
        self._allocate(self._size)
        if created:
            sync_folder(self.path.parent)

    def _allocate(self, needed: int) -> None:
        if not self._step or needed < self._allocated:
            return
        more = needed + self._step
        _write_at(self._file, bytes(more - self._allocated), self._allocated)
        os.fsync(self._file)
        self._allocated = more

    def append(self, data: bytes) -> None:
        self._allocate(self._size + len(data))
        _write_at(self._file, data, self._size)
        os.fdatasync(self._file)
        self._size += len(data)

    def replace(self, data: bytes) -> None:
        replace_file(self.path, data)
        os.close(self._file)
        self._file = -1
        self._size = len(data)
        self._open()

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _write_at(file: int, data: bytes, at: int) -> None:
    """All of it: a disk that fills up takes a part, and says why at the next write only."""
    written = 0
    while written < len(data):
        written += os.pwrite(file, memoryview(data)[written:], at + written)


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that after a power cut there is the old one or the new one, whole."""
    temporary = path.with_name(path.name + ".new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        written = 0
        while written < len(data):
            written += os.write(file, memoryview(data)[written:])
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


class HomeLock:
    """Held while a node runs, so that two processes never share a guard."""

    def __init__(self, path: Path) -> None:
        """Raises AlreadyRunning."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise AlreadyRunning(str(path)) from None

    def release(self) -> None:
        os.close(self._file)


def disk_message(error: OSError) -> str:
    """For people: what the disk said, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full. Nothing that was acknowledged is lost; make room and start again"
    return (
        f"the disk reports an error ({error.strerror or error}). The node stops rather than go on "
        "with a disk that may lie; nothing that was acknowledged is lost. Check the disk and start "
        "again"
    )
