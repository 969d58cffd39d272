"""Regions: the tree, and a point on the map."""

from __future__ import annotations

import cmath
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.authority import Board, Federation, NotAuthorised
from chain.errors import Rejected
from chain.state import Draft
from governance_contracts.areas.boundaries import POINTS_MAX, BadBoundary, Ring, contains, draw
from governance_contracts.areas.regions import (
    Add,
    BadParent,
    BadRegion,
    Level,
    LevelFixed,
    Region,
    RegionExists,
    UnknownRegion,
    Update,
    ancestors,
    found_region,
    locate,
    within,
)
from tests.contracts.town import B1, G1, W1, W2, W3, Nothing, Town, refused, region

ALL = (Federation(),)
SQUARE: Ring = ((0, 0), (10, 0), (10, 10), (0, 10))
GEO = Path(__file__).parents[3] / "shared" / "data" / "geo" / "alkmaar_wijken_cbs2024.geojson"


def wijk(code: str, parent: str | None = G1, **changes: object) -> Region:
    base = region(code, "Nieuw", parent, Level.WIJK, 100)
    values = {name: getattr(base, name) for name in base.__struct_fields__} | changes
    return Region(**values)


def test_a_region_lies_within_itself_and_all_around_it() -> None:
    state = Town().state
    assert ancestors(state, B1) == (W1, G1, "NL")
    assert within(state, B1, (W1,))
    assert within(state, B1, (W2, G1))
    assert within(state, W1, (W1,))
    assert not within(state, W1, (B1,))
    assert not within(state, W2, (W1, B1))
    assert within(state, "EXT", ())
    assert not within(state, "EXT", (G1,))


def test_adding_a_region_is_refused_in_this_order() -> None:
    """Each attempt is wrong in its own way and in all the ways below it."""
    town = Town()
    bad_rings = (((0, 0), (0, 0), (1, 1)),)
    attempts: list[tuple[Region, type[Rejected], tuple[str, ...]]] = [
        (wijk(W1, "GM0001", level=99), RegionExists, ()),
        (wijk("X", "GM0001", level=99), BadRegion, ("level",)),
        (wijk("WK99-1", "GM0001", name=" x", inhabitants_date="x"), BadRegion, ("code",)),
        (wijk("WK990009", "GM0001", name="a\nb", inhabitants_date="x"), BadRegion, ("name",)),
        (wijk("WK990009", "GM0001", inhabitants_date="2026-13-01", adults=101), BadRegion,
         ("inhabitants_date",)),
        (wijk("WK990009", "GM0001", adults=101), BadRegion, ("adults",)),
        (wijk("WK990009", "GM0001"), UnknownRegion, ()),
        (wijk("WK880009"), BadParent, ()),
        (wijk("WK990009"), BadBoundary, ("repeated_point",)),
    ]  # fmt: skip
    with refused(NotAuthorised):
        town.play(Add(wijk(W1), ()), by="ada1", under=(Board(W1),))
    before = town.snapshot()
    for attempt, expected, field in attempts:
        with pytest.raises(Rejected) as caught:
            town.play(Add(attempt, bad_rings), under=ALL)
        assert type(caught.value) is expected, attempt
        assert caught.value.values[1:] == field or not field
    assert town.snapshot() == before
    town.play(Add(wijk("WK990009"), (SQUARE,)), under=ALL)
    assert locate(town.state, 5, 5, Level.WIJK) == "WK990009"


def test_codes_follow_cbs_letters_included() -> None:
    town = Town()
    found_region(town.state, wijk("WK9900ZZ"))
    found_region(town.state, region("BU9900ZZ07", "Hof", "WK9900ZZ", Level.BUURT, 10))
    with pytest.raises(ValueError, match="BadRegion"):
        found_region(town.state, wijk("WK9900zz"))
    with pytest.raises(ValueError, match="BadParent"):
        found_region(town.state, region("BU9900ZY07", "Hof", "WK9900ZZ", Level.BUURT, 10))
    with pytest.raises(ValueError, match="listed twice"):
        found_region(town.state, wijk("WK9900ZZ"))
    with pytest.raises(ValueError, match="country"):
        found_region(town.state, Region("BE-10", "X", "NL", (), Level.FOREIGN, 0, "2026-01-01", 0))


def test_updating_keeps_level_and_parent_and_can_take_the_boundary_away() -> None:
    town = Town()
    with refused(UnknownRegion):
        town.play(Update(wijk("WK990077", "NL"), ()), under=ALL)
    with refused(LevelFixed):
        town.play(Update(wijk(W1, "NL", name=" "), ()), under=ALL)
    town.play(Update(wijk(W1, name="Zuid"), (SQUARE,)), under=ALL)
    assert locate(town.state, 10, 10, Level.WIJK) == W1
    town.play(Update(wijk(W1, name="Zuid"), ()), under=ALL)
    assert locate(town.state, 10, 10, Level.WIJK) is None


def test_a_boundary_is_bounded() -> None:
    town = Town()
    long = tuple((i, i * i) for i in range(POINTS_MAX))
    for rings, problem in [
        ((long, SQUARE), "too_many_points"),
        ((SQUARE, ((0, 0), (2_000_000_000, 0), (0, 0))), "outside_the_earth"),
        ((((0, 0), (1, 1), (0, 0)),), "repeated_point"),
    ]:
        with refused(BadBoundary, "WK990009", problem):
            town.play(Add(wijk("WK990009"), rings), under=ALL)


def test_a_border_belongs_to_the_lowest_code() -> None:
    town = Town()
    west: Ring = ((0, 0), (10, 0), (10, 7), (10, 10), (0, 10))
    east: Ring = ((10, 0), (20, 0), (20, 10), (10, 10))
    town.play(Update(wijk(W3), (west,)), under=ALL)
    town.play(Update(wijk(W2), (east,)), under=ALL)
    assert W2 < W3
    for lat in range(11):
        assert locate(town.state, 10, lat, Level.WIJK) == W2
    assert locate(town.state, 9, 5, Level.WIJK) == W3
    assert locate(town.state, 21, 5, Level.WIJK) is None
    assert locate(town.state, 9, 5, Level.BUURT) is None


def test_a_hole_is_outside_and_its_border_inside() -> None:
    ring: Ring = ((0, 0), (30, 0), (30, 30), (0, 30))
    hole: Ring = ((10, 10), (20, 10), (20, 20), (10, 20))
    boundary = draw((ring, hole))
    assert contains(boundary, 5, 15)
    assert not contains(boundary, 15, 15)
    assert contains(boundary, 10, 15)
    assert contains(boundary, 30, 30)


# A star-shaped polygon: corners at growing angles around a centre, so it never crosses itself.
# Directions on a square of half width 4, sorted by angle.
DIRECTIONS = (
    (4, 0), (4, 1), (4, 3), (3, 4), (1, 4), (-1, 4), (-3, 4), (-4, 3), (-4, 1), (-4, -1),
    (-4, -3), (-3, -4), (-1, -4), (1, -4), (3, -4), (4, -3), (4, -1),
)  # fmt: skip
polygons = st.lists(
    st.integers(10, 1_000_000), min_size=len(DIRECTIONS), max_size=len(DIRECTIONS)
).map(lambda radii: tuple((r * x, r * y) for r, (x, y) in zip(radii, DIRECTIONS, strict=True)))


def winding_inside(ring: Ring, lon: int, lat: int) -> bool:
    """The textbook float check: the angles under which the edges are seen add up to a turn."""
    turn = 0.0
    for i, (x, y) in enumerate(ring):
        before = complex(ring[i - 1][0] - lon, ring[i - 1][1] - lat)
        turn += cmath.phase(complex(x - lon, y - lat) / before)
    return abs(turn) > 3.0


def distance(ring: Ring, lon: int, lat: int) -> float:
    """From a point to the nearest edge."""
    best = float("inf")
    for i, (x2, y2) in enumerate(ring):
        x1, y1 = ring[i - 1]
        dx, dy = x2 - x1, y2 - y1
        t = max(0.0, min(1.0, ((lon - x1) * dx + (lat - y1) * dy) / (dx * dx + dy * dy)))
        best = min(best, abs(complex(x1 + t * dx - lon, y1 + t * dy - lat)))
    return best


@settings(max_examples=200, deadline=None)
@given(polygons, st.integers(-4_500_000, 4_500_000), st.integers(-4_500_000, 4_500_000))
def test_away_from_the_border_integers_and_floats_agree(ring: Ring, lon: int, lat: int) -> None:
    if distance(ring, lon, lat) > 1:
        assert contains(draw((ring,)), lon, lat) == winding_inside(ring, lon, lat)


@settings(max_examples=100, deadline=None)
@given(polygons, st.data())
def test_a_point_level_with_a_corner_is_counted_once(ring: Ring, data: st.DataObject) -> None:
    """Rays through corners are where a careless rule goes wrong."""
    _, lat = data.draw(st.sampled_from(ring))
    lon = data.draw(st.integers(-4_500_000, 4_500_000))
    if distance(ring, lon, lat) > 1:
        assert contains(draw((ring,)), lon, lat) == winding_inside(ring, lon, lat)


@settings(max_examples=50, deadline=None)
@given(polygons, st.booleans())
def test_every_corner_and_midpoint_of_a_shared_border_gives_the_lowest_code(
    ring: Ring, turned: bool
) -> None:
    """Two areas that share one ring: inside and outside of it."""
    ring = tuple((2 * x, 2 * y) for x, y in ring)
    frame: Ring = ((-(10**8), -(10**8)), (10**8, -(10**8)), (10**8, 10**8), (-(10**8), 10**8))
    state = Draft(Nothing())
    inside = tuple(reversed(ring)) if turned else ring
    found_region(state, region(W2, "Binnen", None, Level.WIJK, 1), (inside,))
    found_region(state, region(W1, "Buiten", None, Level.WIJK, 1), (frame, ring))
    for i, (x, y) in enumerate(ring):
        assert locate(state, x, y, Level.WIJK) == W1
        middle = (x + ring[i - 1][0]) // 2, (y + ring[i - 1][1]) // 2
        assert locate(state, *middle, Level.WIJK) == W1
    assert locate(state, 0, 0, Level.WIJK) == W2


@pytest.mark.skipif(not GEO.exists(), reason="the CBS boundaries of ../shared/data are not here")
def test_the_centre_of_a_real_wijk_lies_in_that_wijk() -> None:
    state = Draft(Nothing())
    features = json.loads(GEO.read_text())["features"]
    found_region(state, region("GM0361", "Alkmaar", None, Level.GEMEENTE, 111_000))
    for feature in features:
        code = feature["properties"]["wijkCode"]
        rings = tuple(
            tuple((round(x * 10_000_000), round(y * 10_000_000)) for x, y in ring[:-1])
            for part in feature["geometry"]["coordinates"]
            for ring in part
        )
        found_region(state, region(code, "Wijk", "GM0361", Level.WIJK, 10_000), rings)
    for feature in features:
        lon, lat = feature["properties"]["centroid"]
        place = locate(state, round(lon * 10_000_000), round(lat * 10_000_000), Level.WIJK)
        assert place == feature["properties"]["wijkCode"]
    assert len(features) == 8
