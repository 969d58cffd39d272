"""QR codes in the terminal."""

from __future__ import annotations

from io import StringIO


def draw(text: str) -> str:
    """Two modules per character cell, so that a phone reads it from a screen."""
    import segno

    drawn = StringIO()
    segno.make(text, error="m", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue().rstrip("\n")


def draw_if_it_fits(text: str) -> str:
    """As `draw`; nothing if the text is too long for one code."""
    from segno import DataOverflowError

    try:
        return draw(text)
    except DataOverflowError:
        return ""
