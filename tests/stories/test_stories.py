"""Play every story and compare what happened with what it says, line by line.

A mismatch prints the story as it really went. `python -m tests.stories.test_stories FILE` prints
that for a story being written.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.stories.town import Town

FOLDER = Path(__file__).parent
STORIES = sorted(path.name for path in FOLDER.glob("*.txt"))


def played(story: str) -> str:
    """The story with the outcomes that its commands really have."""
    town = Town()
    lines: list[str] = []
    for number, line in enumerate(story.splitlines(), 1):
        if line.startswith(">"):
            continue
        lines.append(line)
        try:
            lines.extend(f"> {outcome}" for outcome in town.play(line))
        except Exception as error:
            raise AssertionError(f"line {number}: {line!r}: {error!r}") from error
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", STORIES)
def test_it_goes_as_told(name: str) -> None:
    told = (FOLDER / name).read_text(encoding="utf-8")
    actual = played(told)
    assert actual == told, f"{name} really goes:\n{actual}"


def test_there_are_stories() -> None:
    assert len(STORIES) >= 15


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(played(Path(argument).read_text(encoding="utf-8")), end="")
