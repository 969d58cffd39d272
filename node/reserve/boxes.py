"""Sealed boxes on their way to a reserve's desk: files beside the store, never on the chain.

    DATA/boxes/COIN/NUMBER

One for each redemption that waits or is exported; gone when it is settled or back. What is in one
only the desk can open.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from node.disk import replace_file


@dataclass(frozen=True, slots=True)
class Boxes:
    root: Path

    def put(self, coin: str, redemption: int, box: bytes) -> None:
        """Raises OSError."""
        folder = self.root / coin
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(folder / str(redemption), box)

    def get(self, coin: str, redemption: int) -> bytes | None:
        try:
            return (self.root / coin / str(redemption)).read_bytes()
        except OSError:
            return None

    def numbers(self, coin: str) -> list[int]:
        folder = self.root / coin
        found = folder.iterdir() if folder.is_dir() else ()
        return sorted(int(path.name) for path in found if path.name.isdecimal())

    def drop(self, coin: str, redemption: int) -> None:
        (self.root / coin / str(redemption)).unlink(missing_ok=True)
