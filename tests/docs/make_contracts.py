"""`python -m tests.docs.make_contracts`: write docs/contracts.md anew."""

from __future__ import annotations

from pathlib import Path

from tests.docs.contracts import page

FILE = Path(__file__).parents[2] / "docs" / "contracts.md"


def main() -> None:
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
