"""Files that must not be half written; see `genesis.files`, which nodes share."""

from __future__ import annotations

from genesis.files import write_private

__all__ = ["write_private"]
