"""`node export`: the chain as one portable file, of a stopped or of a running node.

A stopped node's store is read in place. A running node holds its store's lock, so it writes the
file itself: the command asks it through a small file in its home that only the owner can write.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain.certificate import Certificate
from chain.errors import Malformed
from chain.export import write_export
from genesis.console import UserError, _
from genesis.homes import NodeHome
from node.config import LOCK, STORE, SUSPECT, Config, read_config
from node.disk import AlreadyRunning, HomeLock, replace_file
from node.keyvalue import StoreLocked, open_engine
from node.store import DamagedStore, Store

REQUEST = "export.request"
ANSWER = "export.answer"
WAIT_S = 600.0
POLL_S = 0.1


def export_chain(home: NodeHome, file: Path) -> dict[str, int]:
    """Write the chain of a home to `file`; how many blocks and bytes. Raises UserError."""
    config = read_config(home)
    if not file.parent.is_dir():
        raise UserError(_("there is no folder {folder}").format(folder=file.parent))
    lock = _free_lock(home)
    if lock is None:
        answer = _ask_running(home, file)
        if answer is not None:
            return answer
        lock = _free_lock(home)
        if lock is None:
            raise UserError(_("the node was started anew meanwhile: try again"))
    try:
        with opened_store(home, config) as store:
            return write_file(home, file, store.blocks(1))
    finally:
        lock.release()


def _free_lock(home: NodeHome) -> HomeLock | None:
    """The home's lock; None while a node runs in it."""
    try:
        return HomeLock(home.data / LOCK)
    except AlreadyRunning:
        return None


@contextmanager
def opened_store(home: NodeHome, config: Config) -> Iterator[Store]:
    """The store of a stopped node, as it is. Raises UserError; damage that is met while it is
    used becomes one too, and is remembered for the next start."""
    if not (home.data / STORE).exists():
        raise UserError(_("the store of {home} is empty").format(home=home.root))
    try:
        engine = open_engine(home.data / STORE, config.store.engine)
        try:
            store = Store.open(engine)
            if store is None:
                raise UserError(_("the store of {home} is empty").format(home=home.root))
            yield store
        finally:
            engine.close()
    except StoreLocked:
        raise UserError(
            _("the store in {home} is open in another program: stop it first").format(
                home=home.data
            )
        ) from None
    except (DamagedStore, Malformed) as error:
        (home.data / SUSPECT).touch()
        raise UserError(
            _(
                "the store in {home} is damaged: {error}. The next start checks everything and "
                "rebuilds the state from the intact blocks"
            ).format(home=home.data, error=error)
        ) from None


def write_file(
    home: NodeHome, file: Path, blocks: Iterator[tuple[bytes, Certificate]]
) -> dict[str, int]:
    """Write, sync and put in place, so that there is a whole file or none."""
    count = 0

    def counted() -> Iterator[tuple[bytes, Certificate]]:
        nonlocal count
        for block in blocks:
            count += 1
            yield block

    temporary = file.with_name(file.name + ".new")
    try:
        with temporary.open("wb") as target:
            write_export(target, home.genesis.read_bytes(), counted())
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return {"blocks": count, "bytes": file.stat().st_size}


def _ask_running(home: NodeHome, file: Path) -> dict[str, int] | None:
    """The running node's answer; None if it ended instead."""
    answer = home.data / ANSWER
    answer.unlink(missing_ok=True)
    replace_file(home.data / REQUEST, str(file.resolve()).encode())
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if answer.exists():
            found = json.loads(answer.read_bytes())
            answer.unlink()
            if "error" in found:
                raise UserError(found["error"])
            return {"blocks": int(found["blocks"]), "bytes": int(found["bytes"])}
        ended = _free_lock(home)
        if ended is not None:
            (home.data / REQUEST).unlink(missing_ok=True)
            ended.release()
            return None
        time.sleep(POLL_S)
    raise UserError(
        _("the running node did not write the file within {n} seconds").format(n=int(WAIT_S))
    )


def pending_request(home: NodeHome) -> Path | None:
    """The file a command asks the running node to write; the request is taken by asking."""
    request = home.data / REQUEST
    try:
        target = Path(request.read_text())
    except OSError:
        return None
    request.unlink(missing_ok=True)
    return target


def answer_request(home: NodeHome, answer: dict[str, int | str]) -> None:
    replace_file(home.data / ANSWER, json.dumps(answer).encode())
