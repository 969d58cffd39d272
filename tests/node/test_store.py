"""What is kept: checksums that name what is damaged, places of transactions, the way back."""

from __future__ import annotations

import pytest

from chain.ledger import MemoryStore
from chain.money import Cents
from node import store as stores
from node.store import DamagedStore, Location, Store, height_key
from tests.chain import toy


class Kept:
    """A town whose blocks go through a store."""

    def __init__(self) -> None:
        self.town = toy.Town()
        self.pairs = self.town.store
        self.store = Store(self.pairs, self.town.ledger)

    def block(self, *names: str) -> list[bytes]:
        give = toy.Give(toy.account_of("cem"), Cents(5))
        sent = [self.town.by(name, toy.call("give", give)) for name in names]
        applied = self.town.build(*sent)
        certificate = toy.certify(applied, self.town.seats().following)
        self.pairs.write(self.store.commit(applied, certificate))
        self.town.time_ms = applied.block.header.time_ms
        self.town.latest = (certificate,)
        return [each.id for each in sent]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def damage(kept: Kept, prefix: bytes, height: int) -> None:
    key = height_key(prefix, height)
    data = bytearray(kept.pairs.pairs[key])
    data[-1] ^= 1
    kept.pairs.pairs[key] = bytes(data)


def test_what_was_committed_is_read_back(kept: Kept) -> None:
    ids = kept.block("anna", "ben")
    store = Store.open(kept.pairs)
    assert store is not None and store.height == 1
    location = store.locate(ids[1])
    assert location == Location(1, 1) and store.receipt(location).id == ids[1]
    assert [certificate.height for _, certificate in store.blocks(0)] == [1]
    assert store.locate(bytes(32)) is None and store.block(2) is None


def test_an_empty_store_is_none() -> None:
    assert Store.open(MemoryStore()) is None


@pytest.mark.parametrize(
    ("prefix", "named"),
    [(b"b", "block 1 "), (b"c", "certificate of block 1 "), (b"e", "receipts of block 1 ")],
)
def test_damage_is_named(kept: Kept, prefix: bytes, named: str) -> None:
    kept.block("anna")
    damage(kept, prefix, 1)
    with pytest.raises(DamagedStore, match=named):
        kept.store.block(1)
        kept.store.certificate(1)
        kept.store.receipts(1)


def test_a_missing_tip_block_is_noticed_at_the_door(kept: Kept) -> None:
    kept.block("anna")
    del kept.pairs.pairs[height_key(b"b", 1)]
    with pytest.raises(DamagedStore, match="block 1 is missing"):
        Store.open(kept.pairs)


def test_going_back_gives_the_earlier_store_byte_for_byte(kept: Kept) -> None:
    kept.block("anna")
    before, tip = dict(kept.pairs.pairs), kept.store.ledger.tip
    ids = kept.block("ben", "anna")
    kept.pairs.write(kept.store.rollback())
    assert kept.store.ledger.tip == tip and kept.store.locate(ids[0]) is None
    left = {key: value for key, value in kept.pairs.pairs.items() if key[:1] != b"h"}
    assert left == {key: value for key, value in before.items() if key[:1] != b"h"}


def test_a_damaged_undo_record_is_not_followed(kept: Kept) -> None:
    kept.block("anna")
    damage(kept, b"u", 1)
    with pytest.raises(DamagedStore, match="undo record"):
        kept.store.rollback()


def test_old_undo_records_are_dropped(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "UNDO_HEIGHTS", 2)
    for _ in range(4):
        kept.block("anna")
    kept_undo = [key for key in kept.pairs.pairs if key[:1] == b"u"]
    assert kept_undo == [height_key(b"u", 3), height_key(b"u", 4)]
    for _ in range(2):
        kept.pairs.write(kept.store.rollback())
    with pytest.raises(DamagedStore, match="block 2 can no longer be undone"):
        kept.store.rollback()
