"""Files that must not be half written: whole or not at all, safe after a power cut, mode 0600."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Write `data` beside `path`, sync it, move it into place, sync the folder.

    Raises FileExistsError if `path` exists and `replace` is false; OSError as the system does.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
        else:
            try:
                os.link(name, path)
            except FileExistsError as error:  # say what the caller named, not the hidden file
                raise FileExistsError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def destroy(path: Path) -> None:
    """Overwrite a file with noise, sync it, and remove it; nothing if it is not there.

    A disk may keep old blocks all the same, so what must be beyond reach is sealed, and this is
    done to its key.
    """
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
