"""The committed vectors are what the code gives."""

from __future__ import annotations

import json

import pytest

from tests.vectors.make import HERE, VECTORS, text


@pytest.mark.parametrize("name", VECTORS)
def test_the_code_gives_the_committed_vectors(name: str) -> None:
    committed = (HERE / f"{name}.json").read_text()
    assert json.loads(text(name)) == json.loads(committed), (
        f"{name}.json differs: the protocol changed, or run `python -m tests.vectors.make`"
    )


def test_every_committed_file_is_made_by_the_script() -> None:
    assert sorted(VECTORS) == sorted(path.stem for path in HERE.glob("*.json"))
