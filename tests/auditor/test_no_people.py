"""On a chain that people used for weeks, nothing looks like a person.

Blocks are read as text wherever they are text. Of the founding document only its texts are read:
its figures (points of a boundary are whole numbers of nine digits) pass the eleven-test by chance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from chain.export import read_export
from tests.auditor.history import told
from tests.scanning import people_in

NAMES = [
    "Johanna", "Willem", "Maria", "Cornelis", "Hendrik", "Elisabeth", "Pieter", "Catharina",
    "Jacobus", "Wilhelmina", "Mohammed", "Fatima", "Sanne", "Thomas", "Lucas", "Sophie", "Milan",
    "Zeynep", "Youssef", "Annemarie", "Marieke",
]  # fmt: skip


def texts_of(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for entry in value:
                yield from texts_of(entry)
        case dict():
            for name, entry in value.items():
                yield from texts_of([name, entry])


def test_nothing_on_a_chain_looks_like_a_person() -> None:
    genesis, blocks = read_export(BytesIO(told().export()))
    texts = "\n".join(texts_of(json.loads(genesis))).encode()
    assert people_in(texts, NAMES) == []
    count = 0
    for block, _certificate in blocks:
        assert people_in(block, NAMES) == []
        count += 1
    assert count > 20
    assert people_in(texts + b"\nJohanna, 123456782", NAMES) == ["123456782", "Johanna"]
