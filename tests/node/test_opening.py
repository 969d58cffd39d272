"""A home becomes a node, or says why not; the signer's record is made once and never again."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest

from chain.ledger import TIP_KEY
from genesis.city import demo_city
from genesis.console import UserError
from genesis.document import dump
from genesis.homes import NodeHome
from genesis.testnet import addresses, write_homes
from node.config import GUARD, STORE, SUSPECT, WAL, read_config, write_config
from node.export import export_chain
from node.journal import frame
from node.keyvalue import open_engine
from node.opening import GUARD_MADE, init_home, open_node
from node.wal import begin

LOG = logging.getLogger("tests.opening")
CITY = demo_city(1, bytes(32), 2)
DOCUMENT = dump(CITY.genesis)


@pytest.fixture
def bare(tmp_path: Path) -> NodeHome:
    """A validator's home as `genesis testnet` lays it: no record yet."""
    return write_homes(CITY, tmp_path, addresses(CITY, 20_000), DOCUMENT)[0]


@pytest.fixture
def home(bare: NodeHome) -> NodeHome:
    init_home(bare, DOCUMENT, None, validator=True)
    return bare


def opened(home: NodeHome) -> int:
    """Open and close again; the height."""
    node = open_node(home, LOG)
    asyncio.run(node.close())
    return node.replica.store.height


def refused(home: NodeHome) -> UserError:
    """The mistake, which is the same at a second try: the first left nothing behind."""
    with pytest.raises(UserError) as first:
        open_node(home, LOG)
    with pytest.raises(UserError) as second:
        open_node(home, LOG)
    assert first.value.message == second.value.message
    assert first.value.exit_code == second.value.exit_code
    return first.value


def test_a_home_that_was_made_ready_opens_again_and_again(home: NodeHome) -> None:
    assert [opened(home), opened(home)] == [0, 0]


def test_a_start_before_init_says_so_and_init_still_works(bare: NodeHome) -> None:
    mistake = refused(bare)
    assert mistake.exit_code == 7
    assert "socialcoin node init" in mistake.message
    assert not (bare.data / GUARD).exists()
    init_home(bare, None, None, validator=True)
    assert opened(bare) == 0


def test_init_never_makes_a_second_record_for_a_key(home: NodeHome) -> None:
    (home.data / GUARD).unlink()
    init_home(home, None, None, validator=True)
    init_home(home, DOCUMENT, None, validator=True)
    assert not (home.data / GUARD).exists()
    mistake = refused(home)
    assert mistake.exit_code == 7
    assert "A key without its record never signs" in mistake.message


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (b"", "missing"),
        (bytes(4096), "missing"),
        (frame(1, b"garbage"), "damaged"),
        (frame(1, b"x")[:-1] + b"y" + frame(1, b"z"), "damaged"),
    ],
    ids=["empty", "zeros", "no record", "garbled"],
)
def test_a_record_that_cannot_be_read_ends_with_7_and_stays(
    home: NodeHome, record: bytes, sentence: str
) -> None:
    (home.data / GUARD).write_bytes(record)
    mistake = refused(home)
    assert mistake.exit_code == 7
    assert sentence in mistake.message
    assert (home.data / GUARD).read_bytes() == record


def test_the_record_of_another_key_ends_with_7(home: NodeHome) -> None:
    home.consensus_key.write_text("ab" * 32)
    mistake = refused(home)
    assert mistake.exit_code == 7
    assert "another chain, epoch or key" in mistake.message


def test_a_damaged_log_says_what_to_move_aside(home: NodeHome) -> None:
    bad = bytearray(frame(1, b"one") + frame(2, b"two"))
    bad[9] ^= 1
    (home.data / WAL).write_bytes(bad)
    mistake = refused(home)
    assert mistake.exit_code == 1
    assert f"Move {home.data / WAL} aside" in mistake.message


def test_a_node_that_runs_keeps_a_second_out(home: NodeHome) -> None:
    node = open_node(home, LOG)
    assert "a node already runs in" in refused(home).message
    asyncio.run(node.close())
    assert opened(home) == 0


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (None, "does not exist"),
        (b"", "cannot be read"),
        (b'{"format": 1}', "cannot be read"),
        (b"\xff", "cannot be read"),
    ],
)
def test_a_genesis_document_that_is_none_is_said(
    home: NodeHome, document: bytes | None, sentence: str
) -> None:
    home.genesis.unlink()
    if document is not None:
        home.genesis.write_bytes(document)
    mistake = refused(home)
    assert mistake.exit_code == 1
    assert sentence in mistake.message


def test_another_genesis_in_a_home_is_refused(home: NodeHome) -> None:
    other = dump(demo_city(1, bytes([1]) * 32, 2).genesis)
    with pytest.raises(UserError, match="belongs to another genesis"):
        init_home(home, other, None, validator=True)
    assert home.genesis.read_bytes() == DOCUMENT


def test_an_observer_needs_neither_key_nor_record(home: NodeHome) -> None:
    write_config(home, msgspec.structs.replace(read_config(home), wijk=""))
    home.consensus_key.unlink()
    (home.data / GUARD).unlink()
    assert opened(home) == 0


def test_a_key_without_a_seat_runs_and_says_so(
    home: NodeHome, caplog: pytest.LogCaptureFixture
) -> None:
    home.consensus_key.write_text("ab" * 32)
    (home.data / GUARD).unlink()
    (home.config / GUARD_MADE).unlink()
    init_home(home, None, None, validator=True)
    assert opened(home) == 0
    assert "no_seat" in [record.message for record in caplog.records]


@pytest.mark.parametrize(("height", "lost"), [(1, False), (2, True)])
def test_blocks_that_the_disk_lost_are_not_lost_in_silence(
    home: NodeHome, caplog: pytest.LogCaptureFixture, height: int, lost: bool
) -> None:
    """The store stands at genesis; the log says which height was open."""
    (home.data / WAL).write_bytes(begin(height, bytes(32)))
    assert opened(home) == 0
    assert ("blocks_lost" in [record.message for record in caplog.records]) == lost


def test_damage_met_by_a_command_is_mended_at_the_next_start(
    home: NodeHome, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(home)
    engine = open_engine(home.data / STORE)
    engine.write([(TIP_KEY, b"\x00")])
    engine.close()
    with pytest.raises(UserError, match="is damaged"):
        export_chain(home, tmp_path / "chain.export")
    assert (home.data / SUSPECT).exists()
    assert not list(tmp_path.glob("chain.export*"))
    assert opened(home) == 0
    assert not (home.data / SUSPECT).exists()
    assert any("rebuilt" in record.message for record in caplog.records)


def test_a_store_never_opened_has_nothing_to_export(home: NodeHome, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is empty"):
        export_chain(home, tmp_path / "chain.export")
    assert not (home.data / STORE).exists()
