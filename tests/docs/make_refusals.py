"""`python -m tests.docs.make_refusals`: write docs/refusals.md anew."""

from __future__ import annotations

from pathlib import Path

from tests.docs.refusals import page

FILE = Path(__file__).parents[2] / "docs" / "refusals.md"


def main() -> None:
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
