"""The ledger of an earlier height is the one that stood there, record by record and root."""

from __future__ import annotations

import pytest

from chain.codec import encode
from chain.ledger import Ledger
from node.api import past
from node.api.past import TooLongAgo, ledger_at
from node.store import DamagedStore, Undo, checked, height_key
from tests.node.test_store import Kept, damage


@pytest.fixture
def kept() -> Kept:
    return Kept()


def records(ledger: Ledger) -> list[tuple[bytes, bytes]]:
    return list(ledger.store.scan(b"r", b"s"))


def test_every_height_is_found_again_and_nothing_is_written(kept: Kept) -> None:
    stood = [(kept.store.ledger.tip, records(kept.store.ledger))]
    for senders in (("anna",), ("ben", "anna"), (), ("ben",)):
        kept.block(*senders)
        stood.append((kept.store.ledger.tip, records(kept.store.ledger)))
    pairs = dict(kept.pairs.pairs)
    for height, (tip, found) in enumerate(stood):
        ledger = ledger_at(kept.store, height)
        assert (ledger.tip, records(ledger)) == (tip, found)
    assert kept.pairs.pairs == pairs and kept.store.height == 4


def test_how_far_back_is_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        kept.block("anna")
    monkeypatch.setattr(past, "RECORDS_MAX", 0)
    with pytest.raises(TooLongAgo):
        ledger_at(kept.store, 3)
    monkeypatch.setattr(past, "RECORDS_MAX", 5_000)
    del kept.pairs.pairs[height_key(b"u", 2)]
    assert ledger_at(kept.store, 2).tip.height == 2
    with pytest.raises(TooLongAgo):
        ledger_at(kept.store, 1)


def test_a_damaged_undo_record_gives_no_past(kept: Kept) -> None:
    kept.block("anna")
    first = kept.store.ledger.tip
    kept.block("anna")
    damage(kept, b"u", 2)
    with pytest.raises(DamagedStore, match="undo record of block 2"):
        ledger_at(kept.store, 1)
    kept.pairs.pairs[height_key(b"u", 2)] = checked(encode(Undo(first, ())))
    with pytest.raises(DamagedStore, match="does not give the earlier state"):
        ledger_at(kept.store, 1)
