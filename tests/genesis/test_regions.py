"""Areas from GeoJSON: exact integers, CBS spellings, shared borders, clear refusals."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import Malformed
from genesis.document import RegionPart
from genesis.region_rules import region_findings
from genesis.regions import import_geojson, scaled
from genesis.simplify import simplify

ALKMAAR = Path(__file__).parents[3] / "shared/data/geo/alkmaar_wijken_cbs2024.geojson"
SQUARE = [[5.0, 52.0], [5.1, 52.0], [5.1, 52.1], [5.0, 52.1], [5.0, 52.0]]


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    shape = geometry or {"type": "Polygon", "coordinates": [SQUARE]}
    named = {"wijkCode": "WK036101", "wijkNaam": "Zuid", "aantalInwoners": 10} | properties
    kept = {name: value for name, value in named.items() if value is not None}
    return {"type": "Feature", "properties": kept, "geometry": shape}


def file(*features: Any, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def read(*features: Any, **more: Any) -> tuple[RegionPart, ...]:
    return import_geojson(file(*features, **more), "2024-01-01")


@pytest.fixture(scope="module")
def alkmaar() -> bytes:
    if not ALKMAAR.exists():
        pytest.skip("the CBS file of Alkmaar is not beside this checkout (../shared/data/geo)")
    return ALKMAAR.read_bytes()


def test_the_wijken_of_alkmaar(alkmaar: bytes) -> None:
    found = import_geojson(alkmaar)
    assert [region.code for region in found] == [
        "NL", "GM0361", *(f"WK03610{n}" for n in range(1, 9)),
    ]  # fmt: skip
    west = found[5]
    assert (west.name, west.inhabitants, west.parent) == ("West", 12_830, ("GM0361",))
    assert {region.inhabitants_date for region in found} == {"2024-01-01"}
    assert found[1].inhabitants == sum(region.inhabitants for region in found[2:])
    assert sum(len(ring) for ring in west.rings) == 639
    assert found[2].rings[0][0] == (47_409_980, 526_295_914)  # 4.740997955457729 52.6295914475567
    assert list(region_findings(found)) == []


@pytest.mark.parametrize("points", [640, 100, 30, 8])
def test_a_simplified_border_stays_shared(alkmaar: bytes, points: int) -> None:
    """Every edge belongs to one wijk (the city's edge) or to two, and as often as before."""
    before = _shared_edges(import_geojson(alkmaar))
    found = import_geojson(alkmaar, points_max=points)
    assert list(region_findings(found)) == []
    assert all(sum(map(len, region.rings)) <= max(points, 20) for region in found)
    shared = _shared_edges(found)
    assert set(shared.values()) <= {1, 2}
    pairs = [n for n in before.values() if n == 2]
    assert (2 in shared.values()) == bool(pairs)


def _shared_edges(regions: tuple[RegionPart, ...]) -> dict[tuple[Any, Any], int]:
    edges: dict[tuple[Any, Any], int] = {}
    for region in regions:
        for ring in region.rings:
            for i, point in enumerate(ring):
                edge = (min(ring[i - 1], point), max(ring[i - 1], point))
                edges[edge] = edges.get(edge, 0) + 1
    return edges


def test_letters_in_codes_and_the_spellings_of_pdok() -> None:
    found = read(
        feature(wijkCode=None, wijkNaam=None, wijkcode="WK0363AA", wijknaam="Burgwallen",
                aantalInwoners=None, aantal_inwoners=4_000, gemeentenaam="Amsterdam"),
        feature(wijkCode=None, wijkNaam=None, statcode="WK0363AB", statnaam="Grachten"),
        feature(buurtcode="BU0363AA01", buurtnaam="Oude Kerk", wijkCode="WK0363AA"),
    )  # fmt: skip
    assert [(r.code, r.name, r.level, r.parent) for r in found] == [
        ("NL", "Nederland", "country", ()),
        ("GM0363", "Amsterdam", "gemeente", ("NL",)),
        ("WK0363AA", "Burgwallen", "wijk", ("GM0363",)),
        ("WK0363AB", "Grachten", "wijk", ("GM0363",)),
        ("BU0363AA01", "Oude Kerk", "buurt", ("WK0363AA",)),
    ]
    assert list(region_findings(found)) == []


def test_several_features_of_one_code_are_one_area_and_water_is_left_out() -> None:
    found = read(feature(), feature(), feature(water="JA"))
    assert (found[-1].inhabitants, len(found[-1].rings)) == (20, 2)


def test_a_count_that_cbs_keeps_to_itself_is_nothing() -> None:
    assert read(feature(aantalInwoners=-99_997))[-1].inhabitants == 0


def test_the_year_comes_from_the_file_or_from_whoever_imports_it() -> None:
    source = {"source": "CBS Wijken en Buurten 2023"}
    assert import_geojson(file(feature(), metadata=source))[-1].inhabitants_date == "2023-01-01"
    with pytest.raises(Malformed, match="--date"):
        import_geojson(file(feature()))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"{}", "FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "no list of features"),
        (file(), "no wijken"),
        (file({}), "feature 1 has no properties"),
        (file(feature(wijkCode=None)), "no code"),
        (file(feature(wijkCode="WK3")), "WK0363AA"),
        (file(feature(wijkCode="wk036101")), "not a CBS code"),
        (file(feature(wijkCode=361)), "not a CBS code"),
        (file(feature(wijkNaam=None)), "no name"),
        (file(feature(aantalInwoners="veel")), "number of inhabitants"),
        (file(feature(aantalInwoners=1.5)), "number of inhabitants"),
        (file(feature({"type": "Point", "coordinates": [5, 52]})), "no Polygon"),
        (file(feature({"type": "Polygon", "coordinates": 5})), "not nested"),
        (file(feature({"type": "Polygon", "coordinates": [[["5", 52]]]})), "not longitude"),
        (file(feature({"type": "Polygon", "coordinates": [[[5]]]})), "not longitude"),
        (file(feature({"type": "Polygon", "coordinates": [SQUARE[:2]]})), "three points"),
        (file(feature({"type": "Polygon", "coordinates": [[[112_000, 516_000]]]})), "28992"),
        (file(feature(), crs={"name": "urn:ogc:def:crs:EPSG::28992"}), "4326"),
        (b'{"type": "FeatureCollection", "features": [NaN]}', "not JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        import_geojson(data, "2024-01-01")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("4.7409979554577", 47_409_980),
        ("0.00000005", 0),
        ("0.00000015", 2),
        ("-0.00000015", -2),
        ("5", 50_000_000),
        ("52.1", 521_000_000),
        ("1e-7", 1),
    ],
)
def test_degrees_become_integers_half_to_even(text: str, units: int) -> None:
    assert scaled(Decimal(text)) == units


POINTS = st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000))
RINGS = st.lists(POINTS, min_size=3, max_size=40, unique=True).map(tuple)


@given(st.lists(st.lists(RINGS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4))
def test_simplifying_keeps_rings_and_invents_no_points(areas: list[tuple[Any, ...]]) -> None:
    found = simplify(areas, 6)
    for rings, simple in zip(areas, found, strict=True):
        assert len(rings) == len(simple)
        for ring, fewer in zip(rings, simple, strict=True):
            assert len(fewer) >= 3
            assert set(fewer) <= set(ring)
            assert all(fewer[i] != fewer[i - 1] for i in range(len(fewer)))


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=20), st.integers(5, 12))
def test_two_neighbours_keep_the_same_points_of_their_border(bends: list[int], most: int) -> None:
    """Each goes along it the other way, and a coarse lattice makes many equal distances."""
    border = [(0, 0), *((30 * x, 100 * (i + 1)) for i, x in enumerate(bends))]
    end = (0, 100 * (len(bends) + 1))
    border.append(end)
    west = (*border, (-9_000, end[1]), (-9_000, 0))
    east = (*reversed(border), (9_000, 0), (9_000, end[1]))
    (one,), (other,) = simplify([(west,), (east,)], most)
    assert set(one) & set(border) == set(other) & set(border)
