"""One letter as a page of SVG: A4, to print as it is, in Dutch and English.

The page holds the code, which is the money: it is written with the rights of a private file, and
printed, not sent by e-mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from genesis.amounts import format_cents
from wallet_cli.core.codes import SCHEME, grouped

WIDTH, HEIGHT = 210, 297
MARGIN = 25
QR_SIDE = 46.0
LINE_LETTERS = 86
"""What fits a line of running text."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`to`: name and address, at most five lines. `code`: 32 letters. `until`: last day to claim.
    `bound`: what the coin is bound to, in words; empty for free coin."""

    to: tuple[str, ...]
    sender: str
    office: str
    amount: int
    coin: str
    until: date
    code: str
    bound: str


DUTCH = (
    "Wie deze code heeft, heeft het geld: bewaar de brief als contant geld.",
    "1.  Nog geen rekening? Ga met deze brief en een identiteitsbewijs naar {office}.",
    "     Daar helpen ze u verder, ook als u geen telefoon heeft.",
    "2.  Lees de QR-code met uw portemonnee, of typ: socialcoin wallet claim take CODE",
    "     Spaties en kleine letters maken niet uit. Een typefout wordt herkend.",
    "3.  Doe dit uiterlijk op {until}. Daarna gaat het bedrag terug naar de afzender.",
    "Brief kwijt? Meld het bij {office}: is de code nog niet gebruikt, dan krijgt u een nieuwe.",
)
ENGLISH = (
    "Whoever has this code has the money: keep the letter as you keep cash.",
    "1.  No account yet? Take this letter and proof of identity to {office}.",
    "     They help you further, also if you have no phone.",
    "2.  Read the QR code with your wallet, or type: socialcoin wallet claim take CODE",
    "     Spaces and small letters do not matter. A typing mistake is noticed.",
    "3.  Do so by {until} at the latest. After that the amount returns to the sender.",
    "Letter lost? Tell {office}: if the code was not used, you get a new one.",
)
MONTHS = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def day_in_words(day: date, language: str) -> str:
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def draw_letter(letter: Letter) -> str:
    """The page."""
    page: list[str] = []
    amount = f"{format_cents(letter.amount)} {letter.coin}"
    y = 25.0
    page.append(_text(MARGIN, y, letter.sender, size=4.2, bold=True))
    y = 50.0
    for line in letter.to[:5]:
        page.append(_text(MARGIN, y, line, size=4.2))
        y += 5.4
    page.append(_text(MARGIN, 92, f"U krijgt {amount}", size=7.5, bold=True))
    page.append(_text(MARGIN, 99.5, f"You receive {amount}", size=4.6))
    if letter.bound:
        page.append(
            _text(MARGIN, 106, f"Te besteden aan / to be spent on: {letter.bound}", size=3.6)
        )
    page.append(_qr(SCHEME + letter.code, MARGIN, 111))
    x = MARGIN + QR_SIDE + 10
    page.append(_text(x, 119, "Uw code / your code", size=3.8))
    groups = grouped(letter.code)
    for row in range(4):
        shown = "  ".join(groups[2 * row : 2 * row + 2])
        page.append(_text(x, 129 + 9 * row, shown, size=6.6, mono=True, bold=True))
    y = 170.0
    for language, lines in (("nl", DUTCH), ("en", ENGLISH)):
        until = day_in_words(letter.until, language)
        for number, line in enumerate(lines):
            said = line.format(office=letter.office, until=until)
            for part in _wrapped(said):
                page.append(_text(MARGIN, y, part, size=3.7, bold=number == 0))
                y += 5.2
            y += 0.8
        y += 5
    body = "\n".join(page)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def _text(
    x: float, y: float, text: str, *, size: float, bold: bool = False, mono: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    family = ' font-family="Courier New, Courier, monospace"' if mono else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" xml:space="preserve"{weight}{family}>'
        f"{escape(_printable(text))}</text>"
    )


def _printable(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(c for c in text if c.isprintable() or c == " ")


def _wrapped(text: str) -> list[str]:
    """Lines of at most `LINE_LETTERS`, later ones as far in as the first."""
    if len(text) <= LINE_LETTERS:
        return [text]
    inset = " " * 5 if text[0].isdigit() or text.startswith(" ") else ""
    cut = text.rfind(" ", 0, LINE_LETTERS)
    if cut <= len(inset):
        cut = LINE_LETTERS
    return [text[:cut], *_wrapped(inset + text[cut:].lstrip())]


def _qr(text: str, x: float, y: float) -> str:
    """One path; with the quiet zone of four modules that readers need inside its square."""
    import segno

    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    side = len(rows) + 8
    runs = []
    for row, cells in enumerate(rows):
        start = None
        for column, dark in enumerate((*cells, 0)):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append(f"M{start + 4} {row + 4}h{column - start}v1h-{column - start}z")
                start = None
    return (
        f'<g transform="translate({x:g} {y:g}) scale({QR_SIDE / side:.5f})">'
        f'<path d="{"".join(runs)}" fill="black"/></g>'
    )
