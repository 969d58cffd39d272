"""Regions: the tree of areas that homes, places and earmarks refer to.

Codes follow CBS: `GM` and four digits for a gemeente, `WK` and six signs for a wijk (letters in
the last two, as in Amsterdam), `BU` and eight for a buurt. `EXT` and pseudo-wijken hold accounts
of nobody's wijk; foreign areas carry their own country. Boundaries are in `boundaries.py`.

The boards together decide about regions: a border moves money, because region-bound coin is
spent inside one.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from chain.authority import Federation
from chain.codec import U8, U53, Code, Record
from chain.contract import Context, Contract, Method
from chain.errors import Rejected
from chain.events import event
from chain.state import Draft, Table, View, text
from governance_contracts.areas.boundaries import (
    BOUNDARIES,
    BadBoundary,
    Boundary,
    Ring,
    Rings,
    check_rings,
    contains,
    draw,
)

__all__ = [
    "BOUNDARIES", "CONTRACT", "REGIONS", "BadBoundary", "Boundary", "Level", "Region", "Ring",
    "Rings", "ancestors", "found_region", "locate", "require_region", "within",
]  # fmt: skip

DEPTH_MAX = 8


class Level(IntEnum):
    """From wide to narrow. PSEUDO and FOREIGN stand beside the tree: a home, never a place."""

    COUNTRY = 1
    PROVINCE = 2
    GEMEENTE = 3
    WIJK = 4
    BUURT = 5
    PSEUDO = 6
    FOREIGN = 7


CODE_OF = {
    Level.COUNTRY: re.compile(r"[A-Z]{2}", re.ASCII),
    Level.PROVINCE: re.compile(r"PV\d{2}", re.ASCII),
    Level.GEMEENTE: re.compile(r"GM\d{4}", re.ASCII),
    Level.WIJK: re.compile(r"WK\d{4}[0-9A-Z]{2}", re.ASCII),
    Level.BUURT: re.compile(r"BU\d{4}[0-9A-Z]{2}\d{2}", re.ASCII),
    Level.PSEUDO: re.compile(r"EXT|GM\d{4}", re.ASCII),
    Level.FOREIGN: re.compile(r"[A-Z]{2}-[A-Z0-9-]{1,29}", re.ASCII),
}
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)
_NESTED = {Level.WIJK: 4, Level.BUURT: 6}
"""How many signs behind the prefix a code shares with its parent's, if that is one level up."""


class Region(Record, tag=1):
    """`parent`: the area around it. `inhabitants` on `inhabitants_date` (YYYY-MM-DD), and how
    many of them are of voting age (`adults`): an electorate can never be larger."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    country: Annotated[str, Meta(min_length=2, max_length=2, pattern=r"^[A-Z]{2}\Z")]
    parent: Annotated[tuple[Code, ...], Meta(max_length=1)]
    level: U8
    inhabitants: U53
    inhabitants_date: Annotated[str, Meta(max_length=10)]
    adults: U53


REGIONS: Table[str, Region] = Table(20, "region", Region, text)


class UnknownRegion(Rejected):
    code = 100
    fields = ("region",)


class RegionExists(Rejected):
    code = 101
    fields = ("region",)


class BadRegion(Rejected):
    """A field does not fit: `level`, `code`, `name`, `country`, `inhabitants_date` or `adults`."""

    code = 102
    fields = ("region", "field")


class BadParent(Rejected):
    """The parent is not a wider area, or the codes do not nest."""

    code = 103
    fields = ("region", "parent")


class LevelFixed(Rejected):
    """An area keeps its level, country and parent; a new division gets new codes."""

    code = 104
    fields = ("region",)


class Add(Record, tag=1):
    """`rings`: none, or one boundary (see boundaries.py)."""

    region: Region
    rings: Rings


class Update(Record, tag=1):
    """New name, counts and boundary; `rings` empty takes the boundary away."""

    region: Region
    rings: Rings


@event
class RegionSet(Record, tag=100):
    code: Code
    inhabitants: U53
    inhabitants_date: str


# Reading.


def require_region(view: View, code: str) -> Region:
    """Raises UnknownRegion."""
    region = view.get(REGIONS, code)
    if region is None:
        raise UnknownRegion(code)
    return region


def ancestors(view: View, code: str) -> tuple[str, ...]:
    """The areas around `code`, narrowest first, without itself; empty if it is not known."""
    found: list[str] = []
    region = view.get(REGIONS, code)
    while region is not None and region.parent and len(found) < DEPTH_MAX:
        found.append(region.parent[0])
        region = view.get(REGIONS, region.parent[0])
    return tuple(found)


def within(view: View, code: str, regions: tuple[str, ...]) -> bool:
    """Does `code` lie in one of `regions`? No regions at all: everywhere (borderless)."""
    if not regions or code in regions:
        return True
    return any(around in regions for around in ancestors(view, code))


def locate(view: View, lon: int, lat: int, level: Level) -> str | None:
    """The area of a level that holds a point given in 1e-7 degrees; None outside all.

    A point on a border belongs to every area that shares it; the lowest code wins, so that all
    machines agree.
    """
    for key, boundary in view.scan(BOUNDARIES):
        if contains(boundary, lon, lat):
            code = key.decode("ascii")
            region = view.get(REGIONS, code)
            if region is not None and region.level == level:
                return code
    return None


# Changing.


def add(draft: Draft, context: Context, args: Add) -> None:
    """Enter a region.

    Refuses NotAuthorised (Federation), RegionExists, BadRegion, UnknownRegion (the parent),
    BadParent, BadBoundary, in that order.
    """
    context.require(Federation())
    if draft.get(REGIONS, args.region.code) is not None:
        raise RegionExists(args.region.code)
    _write(draft, args.region, args.rings)
    _report(context, args.region)


def update(draft: Draft, context: Context, args: Update) -> None:
    """Change a region's name, counts and boundary.

    Refuses NotAuthorised (Federation), UnknownRegion, LevelFixed, BadRegion, BadBoundary, in
    that order.
    """
    context.require(Federation())
    region = args.region
    known = require_region(draft, region.code)
    if (region.level, region.country, region.parent) != (known.level, known.country, known.parent):
        raise LevelFixed(region.code)
    _write(draft, region, args.rings)
    _report(context, region)


def found_region(draft: Draft, region: Region, rings: Rings = ()) -> None:
    """Enter a region at genesis, parents first. Raises ValueError with a sentence."""
    if draft.get(REGIONS, region.code) is not None:
        raise ValueError(f"region {region.code} is listed twice")
    try:
        _write(draft, region, rings)
    except Rejected as refusal:
        raise ValueError(f"region {region.code}: {refusal.name} {refusal.named()}") from None


def _write(draft: Draft, region: Region, rings: Rings) -> None:
    _check(draft, region)
    if rings:
        check_rings(region.code, rings)
    draft.put(REGIONS, region.code, region)
    if rings:
        draft.put(BOUNDARIES, region.code, draw(rings))
    elif draft.get(BOUNDARIES, region.code) is not None:
        draft.delete(BOUNDARIES, region.code)


def _check(view: View, region: Region) -> None:
    code = region.code
    if not Level.COUNTRY <= region.level <= Level.FOREIGN:
        raise BadRegion(code, "level")
    level = Level(region.level)
    if not CODE_OF[level].fullmatch(code):
        raise BadRegion(code, "code")
    if not region.name.isprintable() or region.name != region.name.strip():
        raise BadRegion(code, "name")
    if level in (Level.COUNTRY, Level.FOREIGN) and code[:2] != region.country:
        raise BadRegion(code, "country")
    if not _DATE.fullmatch(region.inhabitants_date):
        raise BadRegion(code, "inhabitants_date")
    if region.adults > region.inhabitants:
        raise BadRegion(code, "adults")
    if region.parent:
        _check_parent(region, level, require_region(view, region.parent[0]))


def _check_parent(region: Region, level: Level, parent: Region) -> None:
    wider = parent.level <= Level.BUURT and (parent.level < level or level == Level.FOREIGN)
    one_up = level in _NESTED and parent.level == level - 1
    shared = _NESTED.get(level, 0)
    nested = not one_up or region.code[2 : 2 + shared] == parent.code[2 : 2 + shared]
    if not wider or not nested or parent.country != region.country:
        raise BadParent(region.code, parent.code)


def _report(context: Context, region: Region) -> None:
    context.emit(RegionSet(region.code, region.inhabitants, region.inhabitants_date))


def _cost(args: Add | Update) -> int:
    return 200 + sum(len(ring) for ring in args.rings)


CONTRACT = Contract(
    "regions",
    1,
    {"add": Method(Add, add, cost=_cost), "update": Method(Update, update, cost=_cost)},
)
