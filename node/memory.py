"""How a long-lived process with a large heap keeps Python's garbage collector out of its way."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 100_000


def settle() -> None:
    """Call once everything is loaded: what lives now is never looked at again, and new objects
    are, less often. Records and tree nodes cannot form cycles, so little is left to collect."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 50, 50)
