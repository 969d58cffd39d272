"""A store that is opened is whole, or it is made whole: never a mixture of two states."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chain.admission import Signatures
from chain.block import read_block
from chain.certificate import Certificate
from chain.execution import apply_block
from chain.ledger import TIP_KEY
from genesis.document import dump
from governance_contracts.versions import RELEASE
from node.founding import Founding
from node.keyvalue import Engine, StoreBroken, open_engine
from node.repair import WrongChain, open_store, verify
from node.store import DamagedStore, Store, checked, height_key
from tests.auditor.history import History

pytest.importorskip("plyvel", reason="LevelDB has no Python package here")
pytest.importorskip("lmdb", reason="the package lmdb is not installed")

BLOCKS = 5
OFFSETS = 16


@pytest.fixture(scope="module")
def four() -> History:
    history = History(validators=4, residents=4)
    for _ in range(BLOCKS):
        history.block()
    return history


class Place:
    """A store on disk that holds a history, as a node left it."""

    def __init__(self, folder: Path, history: History, kind: str) -> None:
        self.path = folder / "chain"
        self.history = history
        self.kind = kind
        (folder / "genesis.json").write_bytes(dump(history.city.genesis))
        self.founding = Founding(folder / "genesis.json", folder / "founded")
        self.said: list[str] = []
        opened = open_store(self.path, kind, self.founding, RELEASE, self.said.append)
        for data, certificate in history.blocks:
            ledger = opened.store.ledger
            block = read_block(data)
            applied = apply_block(ledger.parent(), block, RELEASE, ledger, Signatures())
            opened.engine.write(opened.store.commit(applied, certificate))
        opened.engine.close()
        assert not self.said

    def open(self, *, suspect: bool = False) -> int:
        """Open it as a node does; the height it stands at. It must be whole."""
        self.said = []
        opened = open_store(
            self.path, self.kind, self.founding, RELEASE, self.said.append, suspect=suspect
        )
        verify(opened.store)
        height = opened.store.height
        assert height <= len(self.history.blocks)
        for number in range(height):
            assert opened.store.block_bytes(number + 1) == self.history.blocks[number][0]
        if height < len(self.history.blocks):  # and it can go on
            ledger = opened.store.ledger
            block = read_block(self.history.blocks[height][0])
            apply_block(ledger.parent(), block, RELEASE, ledger, Signatures())
        opened.engine.close()
        return height

    def change(self, change: Callable[[Engine], None]) -> None:
        engine = open_engine(self.path)
        change(engine)
        engine.close()

    def flip(self, key: bytes) -> None:
        """One bit of what stands at a key."""

        def change(engine: Engine) -> None:
            value = bytearray(engine.get(key) or b"")
            value[-1] ^= 1
            engine.write([(key, bytes(value))])

        self.change(change)


@pytest.fixture(params=["leveldb", "lmdb"])
def place(request: pytest.FixtureRequest, tmp_path: Path, four: History) -> Place:
    return Place(tmp_path, four, request.param)


def first(engine: Engine, prefix: bytes) -> bytes:
    stop = bytes([prefix[0] + 1])
    return next(key for key, _ in engine.scan(prefix, stop))


def test_an_intact_store_opens_without_a_word(place: Place) -> None:
    assert place.open() == BLOCKS
    assert place.said == []


def test_a_suspect_store_is_checked_and_says_so(place: Place) -> None:
    assert place.open(suspect=True) == BLOCKS
    assert place.said == [f"everything in the store was checked and fits, up to block {BLOCKS}"]


@pytest.mark.parametrize("validators", [1, 4])
@pytest.mark.parametrize("damage", ["cut", "flip", "zero"])
def test_whatever_befalls_the_tail_of_the_log_the_store_is_whole_and_not_ahead(
    tmp_path: Path, validators: int, damage: str
) -> None:
    history = History(validators, residents=4)
    for _ in range(BLOCKS):
        history.block()
    place = Place(tmp_path, history, "leveldb")
    log = next(place.path.glob("*.log"))
    whole = log.read_bytes()
    kept = tmp_path / "kept"
    shutil.copytree(place.path, kept)
    heights = []
    for step in range(1, OFFSETS + 1):
        at = len(whole) * step // OFFSETS - 3
        data = bytearray(whole)
        match damage:
            case "cut":
                del data[at:]
            case "flip":
                data[at] ^= 0x55
            case "zero":
                data[at:] = bytes(len(data) - at)
        shutil.rmtree(place.path)
        shutil.copytree(kept, place.path)
        (place.path / log.name).write_bytes(data)
        heights.append(place.open())
        if damage == "flip":
            assert place.said[0].startswith("the store is damaged"), place.said
    if damage != "flip":  # past a flip, later blocks are read, and executed anew
        assert heights == sorted(heights)
    assert heights[-1] == BLOCKS - 1


@pytest.mark.parametrize("part", [b"r", b"n", b"p"], ids=["a record", "a tree node", "an index"])
def test_a_damaged_state_is_found_and_rebuilt_from_the_blocks(place: Place, part: bytes) -> None:
    engine = open_engine(place.path)
    key = first(engine, part)
    engine.close()
    place.flip(key)
    assert place.open(suspect=True) == BLOCKS
    assert "executing the intact blocks anew" in place.said[0]
    assert place.said[-1].startswith(f"the state was rebuilt up to block {BLOCKS}")
    assert place.path.with_name("chain.damaged").exists()
    assert place.open() == BLOCKS


@pytest.mark.parametrize("part", [b"r", b"n", b"p"], ids=["a record", "a tree node", "an index"])
def test_a_missing_part_of_the_state_is_found_too(place: Place, part: bytes) -> None:
    place.change(lambda engine: engine.write([(first(engine, part), None)]))
    assert place.open(suspect=True) == BLOCKS
    assert "executing the intact blocks anew" in place.said[0]


def test_a_lost_tip_is_no_empty_store(place: Place) -> None:
    place.change(lambda engine: engine.write([(TIP_KEY, None)]))
    assert place.open() == BLOCKS
    assert "the tip is missing" in place.said[0]


def test_a_damaged_tip_is_found_at_once(place: Place) -> None:
    place.change(lambda engine: engine.write([(TIP_KEY, b"\x00")]))
    assert place.open() == BLOCKS
    assert "the tip in the store is damaged" in place.said[0]


@pytest.mark.parametrize("part", [b"b", b"c"], ids=["block", "certificate"])
def test_a_damaged_block_or_certificate_ends_the_rebuild_before_it(
    place: Place, part: bytes
) -> None:
    place.flip(height_key(part, 3))
    assert place.open(suspect=True) == 2
    assert "the blocks from 3 on come from peers" in " ".join(place.said)


@pytest.mark.parametrize("part", [b"b", b"c"], ids=["block", "certificate"])
def test_so_does_a_missing_one(place: Place, part: bytes) -> None:
    place.change(lambda engine: engine.write([(height_key(part, 3), None)]))
    assert place.open(suspect=True) == 2
    assert "block 3 or its certificate is missing" in " ".join(place.said)


def test_damaged_receipts_are_made_anew(place: Place) -> None:
    place.flip(height_key(b"e", 2))
    assert place.open(suspect=True) == BLOCKS
    assert "the receipts of block 2 in the store is damaged" in place.said[0]


def test_a_certificate_of_another_block_is_not_believed(place: Place) -> None:
    def swap(engine: Engine) -> None:
        other = engine.get(height_key(b"c", 2)) or b""
        engine.write([(height_key(b"c", 3), other)])

    place.change(swap)
    assert place.open(suspect=True) == 2


def test_a_chain_of_one_validator_keeps_what_nobody_else_has(tmp_path: Path) -> None:
    history = History(1, residents=4)
    for _ in range(BLOCKS):
        history.block()
    place = Place(tmp_path, history, "leveldb")
    place.flip(height_key(b"b", 3))
    with pytest.raises(StoreBroken, match="nobody else has the blocks from 3 on"):
        place.open(suspect=True)
    engine = open_engine(place.path)
    store = Store.open(engine)
    assert store is not None and store.height == BLOCKS
    engine.close()


def test_a_swap_that_a_crash_cut_in_two_is_finished(place: Place) -> None:
    place.flip(height_key(b"e", 2))
    assert place.open(suspect=True) == BLOCKS
    place.path.rename(place.path.with_name("chain.rebuilt"))
    assert place.open() == BLOCKS
    assert place.said == []


def test_a_rebuild_that_a_crash_cut_short_begins_anew(place: Place) -> None:
    place.path.with_name("chain.rebuilt").mkdir()
    (place.path.with_name("chain.rebuilt") / "half").write_bytes(b"made")
    place.flip(height_key(b"e", 2))
    assert place.open(suspect=True) == BLOCKS


def test_the_store_of_another_chain_is_refused_and_left_alone(place: Place, tmp_path: Path) -> None:
    other = History(1, residents=4)
    file = tmp_path / "other.json"
    file.write_bytes(dump(other.city.genesis))
    founding = Founding(file, tmp_path / "other founded")
    with pytest.raises(WrongChain):
        open_store(place.path, "", founding, RELEASE, place.said.append)
    assert place.open() == BLOCKS


def test_a_list_of_files_that_is_lost_is_made_again(tmp_path: Path, four: History) -> None:
    place = Place(tmp_path, four, "leveldb")
    (place.path / "CURRENT").unlink()
    assert place.open() == BLOCKS
    assert "CURRENT" in place.said[0]


def test_verify_names_what_does_not_fit(place: Place) -> None:
    def last(engine: Engine) -> None:
        store = Store.open(engine)
        assert store is not None
        data, certificate = store.block_bytes(2), store.certificate(2)
        assert data is not None and isinstance(certificate, Certificate)
        engine.write([(height_key(b"b", 3), checked(data))])
        with pytest.raises(DamagedStore, match="block 3 does not follow"):
            verify(store)

    place.change(last)
