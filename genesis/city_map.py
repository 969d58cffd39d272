"""The map of Vierstroom: ten wijken between four streams, on a lattice of shared corner points.

Drawn by us, in the water of the Markermeer, in units of 1e-7 degree. Neighbours share their
border's points, so that the wijken fill the city without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

from genesis.document import LevelName, Point, RegionPart

GEMEENTE = "GM9900"
DATE = "2026-01-01"
WEST, SOUTH = 52_000_000, 524_500_000
STEP_EAST, STEP_NORTH = 120_000, 90_000
COLUMNS = 5


@dataclass(frozen=True, slots=True)
class Quarter:
    """A wijk of the city. `slug` begins the names of its people's wallets."""

    number: int
    name: str
    slug: str
    coin: str
    coin_name: str

    @property
    def code(self) -> str:
        return f"WK9900{self.number:02d}"

    @property
    def buurten(self) -> tuple[str, str]:
        return f"BU9900{self.number:02d}01", f"BU9900{self.number:02d}02"

    @property
    def iban(self) -> str:
        """Of a bank that does not exist: no bank in the Netherlands is called DEMO."""
        body = f"DEMO{self.number:010d}"
        digits = "".join(str(int(letter, 36)) for letter in f"{body}NL00")
        return f"NL{98 - int(digits) % 97:02d}{body}"


QUARTERS = tuple(
    Quarter(number, name, slug, coin, coin_name)
    for number, (name, slug, coin, coin_name) in enumerate(
        (
            ("Molenkwartier", "molen", "MOLEN", "Molenaar"),
            ("Havenzijde", "haven", "HAVEN", "Havenaar"),
            ("Kloosterveld", "klooster", "KLOOSTER", "Klokje"),
            ("Lindehof", "linde", "LINDE", "Lindeblad"),
            ("Sluiswijk", "sluis", "SLUIS", "Sluizer"),
            ("Veenrand", "veen", "VEEN", "Turfje"),
            ("Bolwerk", "bolwerk", "BOLWERK", "Bolwerker"),
            ("Weverspoort", "wever", "WEVER", "Spoeltje"),
            ("Duinzicht", "duin", "DUIN", "Duindaalder"),
            ("Stationsbuurt", "station", "STATION", "Spoorder"),
        ),
        1,
    )
)
INHABITANTS = (8_420, 6_310, 7_780, 5_150, 4_640, 3_980, 6_020, 7_110, 2_870, 5_530)


def city_regions(quarters: tuple[Quarter, ...]) -> tuple[RegionPart, ...]:
    """Country, gemeente, the place of everybody else (EXT), wijken and their two buurten."""
    total = sum(INHABITANTS[quarter.number - 1] for quarter in quarters)
    regions = [
        _region("NL", "Nederland", "country", (), 0),
        _region("EXT", "Elders", "pseudo", (), 0),
        _region(GEMEENTE, "Vierstroom", "gemeente", ("NL",), total),
    ]
    for quarter in quarters:
        count = INHABITANTS[quarter.number - 1]
        west, east = _halves(quarter.number)
        outline = (*west[:-1], *east[1:])
        regions.append(_region(quarter.code, quarter.name, "wijk", (GEMEENTE,), count, outline))
    for quarter in quarters:
        count = INHABITANTS[quarter.number - 1]
        for code, side, ring, part in zip(
            quarter.buurten, ("West", "Oost"), _halves(quarter.number),
            (count // 2, count - count // 2), strict=True,
        ):  # fmt: skip
            name = f"{quarter.name}-{side}"
            regions.append(_region(code, name, "buurt", (quarter.code,), part, ring))
    return tuple(regions)


def _corner(column: int, row: int) -> Point:
    """A point of the lattice in half columns, moved a little so that borders are not straight."""
    bend = (7 * column + 11 * row) % 5 - 2
    return (
        WEST + column * STEP_EAST // 2 + bend * 3_000 + row * 9_000,
        SOUTH + row * STEP_NORTH + bend * 4_000 - column * 2_500,
    )


def _halves(number: int) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """The rings of a wijk's two buurten; the last two points of the first are the border's."""
    row, column = divmod(number - 1, COLUMNS)
    left, middle, right = 2 * column, 2 * column + 1, 2 * column + 2
    west = (_corner(left, row + 1), _corner(left, row), _corner(middle, row),
            _corner(middle, row + 1))  # fmt: skip
    east = (_corner(middle, row), _corner(right, row), _corner(right, row + 1),
            _corner(middle, row + 1))  # fmt: skip
    return west, east


def _region(
    code: str,
    name: str,
    level: LevelName,
    parent: tuple[str, ...],
    inhabitants: int,
    ring: tuple[Point, ...] = (),
) -> RegionPart:
    return RegionPart(
        code=code,
        name=name,
        country="NL",
        parent=parent,
        level=level,
        inhabitants=inhabitants,
        inhabitants_date=DATE,
        adults=inhabitants * 4 // 5,
        rings=(ring,) if ring else (),
    )
