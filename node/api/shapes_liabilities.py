"""The JSON shapes of a proof of liabilities (chain/liabilities.py)."""

from __future__ import annotations

from node.api.shapes import Hex, ProvedRecord, Shape


class LiabilitiesAnswer(Shape):
    """All that is owed in a coin at a height: `total_cents` over `count` pieces under `root`."""

    coin: str
    height: int
    root: Hex
    total_cents: int
    count: int


class OwedPart(Shape):
    """`form`: free, bound or redeeming. `number`: of the redemption. `record`: which of the proved
    records it stands in. `paths`: one record of schema PiecePath per power of two, encoded."""

    form: str
    number: int
    amount_cents: int
    record: int
    paths: list[Hex]


class LiabilityProof(Shape):
    """One's own parts in the tree, and the records they stand in; the last is the supply's."""

    coin: str
    height: int
    root: Hex
    total_cents: int
    count: int
    header: Hex
    certificate: Hex
    records: list[ProvedRecord]
    parts: list[OwedPart]
