"""A refusal in a receipt reads back, and holds nothing but integers, texts and bytes."""

from __future__ import annotations

import msgspec
import pytest

from chain.block import OutcomeLeaf, Receipt, RefusalRecord
from chain.codec import decode, encode
from chain.errors import Malformed

RECORD = RefusalRecord(1, 202, (7, "WK990001", b"\x00" * 20))


def test_receipts_and_leaves_with_a_refusal_read_back() -> None:
    receipt = Receipt(bytes(32), bytes(32), (RECORD,), ())
    leaf = OutcomeLeaf(bytes(32), bytes(32), (RECORD,))
    assert decode(RefusalRecord, encode(RECORD)) == RECORD
    assert decode(Receipt, encode(receipt)) == receipt
    assert decode(OutcomeLeaf, encode(leaf)) == leaf


@pytest.mark.parametrize("value", [None, 1.5, [1], {"a": 1}])
def test_any_other_value_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        decode(RefusalRecord, msgspec.msgpack.encode([1, 1, 202, [value]]))
