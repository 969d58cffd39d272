"""Boundaries of regions: rings of integer points, and whether a point lies inside.

A point is (longitude, latitude) in units of 1e-7 degree, about a centimetre. The rule is even-odd
over all rings together, so holes and separate parts need no bookkeeping. Everything is integer
arithmetic: every machine places a point in the same wijk.

CBS boundaries have up to some 640 points; longer ones are simplified before they enter.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chain.codec import I32, Record
from chain.errors import Rejected
from chain.state import Table, text

RINGS_MAX = 64
POINTS_MAX = 4_096
LON_MAX = 1_800_000_000
LAT_MAX = 900_000_000

Point = tuple[I32, I32]
Ring = Annotated[tuple[Point, ...], Meta(min_length=3, max_length=POINTS_MAX)]
"""Corner points in order, either way round; the last joins the first and does not repeat it."""
Rings = Annotated[tuple[Ring, ...], Meta(max_length=RINGS_MAX)]


class Box(Record, tag=1):
    west: I32
    south: I32
    east: I32
    north: I32


class Boundary(Record, tag=1):
    """At least one ring; `box` spans them all."""

    box: Box
    rings: Rings


BOUNDARIES: Table[str, Boundary] = Table(21, "boundary", Boundary, text)


class BadBoundary(Rejected):
    """`problem`: too_many_points, few_points, outside_the_earth or repeated_point."""

    code = 105
    fields = ("region", "problem")


def check_rings(code: str, rings: Rings) -> None:
    """Refuses BadBoundary, in the order in which its problems are listed."""
    if len(rings) > RINGS_MAX or sum(len(ring) for ring in rings) > POINTS_MAX:
        raise BadBoundary(code, "too_many_points")
    if any(len(ring) < 3 for ring in rings):
        raise BadBoundary(code, "few_points")
    for ring in rings:
        if any(not _on_earth(lon, lat) for lon, lat in ring):
            raise BadBoundary(code, "outside_the_earth")
    for ring in rings:
        if any(ring[i] == ring[i - 1] for i in range(len(ring))):
            raise BadBoundary(code, "repeated_point")


def draw(rings: Rings) -> Boundary:
    lons = [lon for ring in rings for lon, _ in ring]
    lats = [lat for ring in rings for _, lat in ring]
    return Boundary(Box(min(lons), min(lats), max(lons), max(lats)), rings)


def contains(boundary: Boundary, lon: int, lat: int) -> bool:
    """Is the point inside, or on a border?

    Ray casting to the east. An edge counts when it spans the point's latitude half-open (its
    lower end in, its upper end out), so that a corner on the ray counts once. Which side of the
    edge the point is on is the sign of a cross product, exact in integers.
    """
    box = boundary.box
    if not (box.west <= lon <= box.east and box.south <= lat <= box.north):
        return False
    inside = False
    for ring in boundary.rings:
        x1, y1 = ring[-1]
        for x2, y2 in ring:
            side = (x2 - x1) * (lat - y1) - (y2 - y1) * (lon - x1)
            if side == 0 and _between(x1, lon, x2) and _between(y1, lat, y2):
                return True
            if (y1 <= lat) != (y2 <= lat) and (side > 0) == (y2 > y1):
                inside = not inside
            x1, y1 = x2, y2
    return inside


def _between(a: int, value: int, b: int) -> bool:
    return a <= value <= b or b <= value <= a


def _on_earth(lon: int, lat: int) -> bool:
    return -LON_MAX <= lon <= LON_MAX and -LAT_MAX <= lat <= LAT_MAX
