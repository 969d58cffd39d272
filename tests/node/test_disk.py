"""Journals on disk: durable, replaced whole, and honest about what the disk would not take."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from node.disk import AlreadyRunning, HomeLock, Journal, replace_file
from node.journal import DamagedJournal, Frame, frame, read_frames

ONE, TWO, THREE = frame(1, b"one"), frame(2, b"two"), frame(3, b"three" * 50)


@pytest.fixture(params=[0, 4096], ids=["growing", "preallocated"])
def step(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def frames(path: Path) -> list[Frame]:
    return read_frames(path.read_bytes())[0]


def test_what_was_appended_is_there_after_reopening(path: Path, step: int) -> None:
    journal = Journal(path, step)
    journal.append(ONE)
    journal.append(TWO)
    journal.close()
    again = Journal(path, step)
    assert read_frames(again.data)[0] == [Frame(1, b"one"), Frame(2, b"two")]
    again.append(THREE)
    again.close()
    assert [f.kind for f in frames(path)] == [1, 2, 3]


def test_a_replaced_journal_holds_only_the_new_content_and_goes_on(path: Path, step: int) -> None:
    journal = Journal(path, step)
    journal.append(ONE + TWO)
    journal.replace(THREE)
    journal.append(ONE)
    journal.close()
    assert [f.kind for f in frames(path)] == [3, 1]
    assert not path.with_name("journal.new").exists()


def test_a_preallocated_journal_keeps_its_length_while_it_has_room(path: Path) -> None:
    journal = Journal(path, 4096)
    before = path.stat().st_size
    for _ in range(10):
        journal.append(ONE)
        assert path.stat().st_size == before
    while path.stat().st_size == before:
        journal.append(THREE)
    assert path.stat().st_size > before + 4000
    journal.close()
    assert path.read_bytes()[-100:] == bytes(100)


@pytest.mark.parametrize("cut", range(1, len(TWO)))
def test_a_torn_tail_is_handed_over_and_replaced_before_anything_is_added(
    path: Path, step: int, cut: int
) -> None:
    torn = ONE + TWO[:cut]
    path.write_bytes(torn)
    journal = Journal(path, step)
    assert journal.data == torn
    _, good = read_frames(journal.data)
    journal.replace(journal.data[:good])
    journal.append(THREE)
    journal.close()
    assert [f.kind for f in frames(path)] == [1, 3]


def test_a_good_frame_behind_a_bad_one_is_refused_and_the_file_left_alone(path: Path) -> None:
    data = bytearray(ONE + TWO)
    data[10] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedJournal):
        Journal(path)
    assert path.read_bytes() == data


def test_a_journal_is_for_its_owner_only(path: Path) -> None:
    Journal(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_append_is_synced_before_it_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(path.read_bytes()))
    journal.append(ONE)
    assert synced == [ONE]


@pytest.mark.parametrize("failing", ["fdatasync", "pwrite"])
def test_an_error_of_the_disk_comes_through(
    path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    journal = Journal(path)

    def fail(*_arguments: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="Input/output error"):
        journal.append(ONE)


def test_a_write_the_disk_takes_in_parts_is_finished(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pwrite(2) may: a part first, and the reason, if any, at the next call."""
    journal = Journal(path)
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: whole(file, bytes(data[:3]), at))
    journal.append(THREE)
    journal.close()
    assert path.read_bytes() == THREE


def test_a_disk_that_fills_up_halfway_through_a_frame_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    answers: list[Sequence[int]] = []
    whole = os.pwrite

    def fill(file: int, data: memoryview, at: int) -> int:
        if answers:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        answers.append(data)
        return whole(file, bytes(data[:3]), at)

    monkeypatch.setattr(os, "pwrite", fill)
    with pytest.raises(OSError) as caught:
        journal.append(THREE)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("failing", ["write", "fsync", "rename"])
def test_a_replace_that_fails_leaves_the_old_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    journal = Journal(path)
    journal.append(ONE)

    def fail(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        with pytest.raises(OSError):
            journal.replace(TWO)
    journal.close()
    journal.close()  # a second time does no harm
    assert path.read_bytes() == ONE


def test_a_replaced_file_is_synced_before_its_name_and_the_folder_behind_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def note_sync(file: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{file}") else "file")
        fsync(file)

    def note_rename(old: Path, new: Path) -> None:
        steps.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "rename", note_rename)
    replace_file(path, ONE)
    assert steps == ["file", "rename", "folder"]


def test_a_home_is_locked_against_another_process_and_free_when_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from node.disk import HomeLock\n"
        f"HomeLock(Path({str(path)!r})); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning):
            HomeLock(path)
        other.kill()
    lock = HomeLock(path)
    with pytest.raises(AlreadyRunning):
        HomeLock(path)
    lock.release()
    HomeLock(path).release()
