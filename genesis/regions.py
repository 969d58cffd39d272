"""Import of areas from GeoJSON as CBS and PDOK publish it (Wijken en Buurten).

Coordinates are WGS84 longitude and latitude. They are read as text and become integers of 1e-7
degree (about a centimetre), rounded half to even, without ever being a float. Polygons and
multipolygons become rings; property names are taken in the spellings found in the field.

A boundary with too many points is simplified (Douglas and Peucker, in integers). It is done per
stretch between points where three areas meet, in one direction for both neighbours, so that a
shared border stays shared: no gap and no overlap appears between wijken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, cast

from chain.errors import Malformed
from genesis.document import LevelName, RegionPart
from genesis.simplify import Ring, simplify
from genesis.texts import _
from governance_contracts.areas.boundaries import LAT_MAX, LON_MAX, RINGS_MAX
from governance_contracts.areas.regions import CODE_OF, Level

POINTS_DEFAULT = 640
"""Per area; the longest boundary of the CBS wijken of Alkmaar has so many."""

FILE_BYTES_MAX = 256 * 1024 * 1024

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "buurt": ("buurtcode", "bu_code"),
    "buurt_name": ("buurtnaam", "bu_naam"),
    "wijk": ("wijkcode", "wk_code"),
    "wijk_name": ("wijknaam", "wk_naam"),
    "gemeente": ("gemeentecode", "gm_code"),
    "gemeente_name": ("gemeentenaam", "gm_naam"),
    "any": ("statcode",),
    "any_name": ("statnaam",),
    "inhabitants": ("aantalinwoners", "aantal_inwoners", "a_inw"),
    "adults": ("aantalkiesgerechtigden", "aantal_kiesgerechtigden"),
    "water": ("water", "h2o"),
    "year": ("jaar", "jrstatcode"),
}


@dataclass(frozen=True, slots=True)
class Area:
    """One area as read: rings in 1e-7 degrees, not yet simplified."""

    code: str
    name: str
    gemeente_name: str
    inhabitants: int
    adults: int
    rings: tuple[Ring, ...]


def import_geojson(
    data: bytes, date: str | None = None, points_max: int = POINTS_DEFAULT
) -> tuple[RegionPart, ...]:
    """Regions of a GeoJSON file, wide ones first, each level by code.

    The country and the gemeenten around the areas are added. `date`: of the counts (YYYY-MM-DD);
    without it, the first of January of the year the file names. Where a file does not count
    adults, all inhabitants bound them. Areas of water only are left out; several features of one
    code are one area. Raises Malformed with a sentence for people.
    """
    features = _features(data)
    found: dict[str, Area] = {}
    for position, feature in enumerate(features, 1):
        area = _area(position, feature)
        if area is not None:
            known = found.get(area.code)
            found[area.code] = area if known is None else _joined(known, area)
    if not found:
        raise Malformed(_("the file holds no wijken or buurten"))
    date = date or _date(data, features)
    areas = [found[code] for code in sorted(found)]
    simple = simplify([area.rings for area in areas], points_max)
    regions = [*_around(areas, date)]
    present = {area.code for area in areas}
    for area, rings in sorted(
        zip(areas, simple, strict=True), key=lambda pair: (pair[0].code[:2] != "WK", pair[0].code)
    ):
        regions.append(_region(area, rings, date, present))
    return tuple(regions)


def _features(data: bytes) -> list[Any]:
    if len(data) > FILE_BYTES_MAX:
        raise Malformed(
            _("the file is larger than {most} bytes; import one gemeente at a time").format(
                most=FILE_BYTES_MAX
            )
        )
    try:
        document = json.loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(_("the file is not JSON: {error}").format(error=error)) from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise Malformed(_("the file is not a GeoJSON FeatureCollection"))
    crs = json.dumps(document.get("crs") or "CRS84")
    if not re.search(r"CRS84|4326|4258", crs):
        raise Malformed(_("the file uses {crs}; export it as WGS84 (EPSG:4326)").format(crs=crs))
    features = document.get("features")
    if not isinstance(features, list):
        raise Malformed(_("the file has no list of features"))
    return features


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number")


def _area(position: int, feature: Any) -> Area | None:
    where = _("feature {position}").format(position=position)
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise Malformed(_("{where} has no properties").format(where=where))
    properties = {str(k).lower(): v for k, v in feature["properties"].items()}
    if str(_property(properties, "water") or "").upper() in ("JA", "B"):
        return None
    level, code = _code(properties, where)
    where = f"{where} ({code})"
    name = _property(properties, f"{level}_name") or _property(properties, "any_name")
    if not isinstance(name, str) or not name.strip():
        raise Malformed(
            _("{where} has no name: a property {names} is expected").format(
                where=where, names=f"{level}Naam, {level}naam, statnaam"
            )
        )
    inhabitants = _count(properties, "inhabitants", where)
    adults = _count(properties, "adults", where)
    around = _property(properties, "gemeente_name")
    return Area(
        code,
        name.strip()[:80],
        around if isinstance(around, str) else "",
        inhabitants or 0,
        min(inhabitants or 0, adults if adults is not None else inhabitants or 0),
        tuple(_rings(feature.get("geometry"), where)),
    )


def _property(properties: Mapping[str, Any], what: str) -> Any:
    for spelling in _SPELLINGS[what]:
        if properties.get(spelling) not in (None, ""):
            return properties[spelling]
    return None


def _code(properties: Mapping[str, Any], where: str) -> tuple[str, str]:
    for level in ("buurt", "wijk", "any"):
        code = _property(properties, level)
        if code is None:
            continue
        for found in (Level.BUURT, Level.WIJK):
            if isinstance(code, str) and CODE_OF[found].fullmatch(code):
                return found.name.lower(), code
        raise Malformed(
            _(
                "{where}: {code!r} is not a CBS code; expected WK and six signs (WK036101, "
                "WK0363AA) or BU and eight"
            ).format(where=where, code=code)
        )
    raise Malformed(
        _("{where} has no code: a property wijkCode, wijkcode, buurtcode or statcode is expected")
        .format(where=where)
    )  # fmt: skip


def _count(properties: Mapping[str, Any], what: str, where: str) -> int | None:
    """A count; CBS writes a large negative number for one that it does not publish."""
    value = _property(properties, what)
    if value is None:
        return None
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if type(value) is not int:
        raise Malformed(
            _("{where}: {value!r} is not a number of inhabitants").format(where=where, value=value)
        )
    return max(0, value)


def _rings(geometry: Any, where: str) -> Iterable[Ring]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise Malformed(
            _("{where} is no Polygon or MultiPolygon but {kind}").format(where=where, kind=kind)
        )
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    rings = []
    for polygon in _list(polygons, where):
        for line in _list(polygon, where):
            ring = _ring([_point(point, where) for point in _list(line, where)])
            if len(ring) >= 3:
                rings.append(ring)
    if not rings:
        raise Malformed(_("{where} has no ring of three points or more").format(where=where))
    return rings


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(
            _("{where}: coordinates are not nested as GeoJSON says").format(where=where)
        )
    return value


def _ring(points: Sequence[tuple[int, int]]) -> Ring:
    """Without repeated points; the closing one, which GeoJSON repeats, included."""
    kept = [point for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    while len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    return tuple(kept)


def _point(point: Any, where: str) -> tuple[int, int]:
    pair = _list(point, where)[:2]
    if len(pair) < 2 or any(type(value) not in (int, Decimal) for value in pair):
        raise Malformed(
            _("{where}: {point} is not longitude and latitude").format(where=where, point=point)
        )
    lon, lat = scaled(pair[0]), scaled(pair[1])
    if abs(lon) > LON_MAX or abs(lat) > LAT_MAX:
        raise Malformed(
            _(
                "{where}: {lon} {lat} are no degrees; if they are metres (Rijksdriehoek, "
                "EPSG:28992), export the file as WGS84 (EPSG:4326)"
            ).format(where=where, lon=pair[0], lat=pair[1])
        )
    return lon, lat


def scaled(degrees: int | Decimal) -> int:
    """Degrees in units of 1e-7, rounded half to even."""
    exact = Decimal(degrees)
    if abs(exact) > 10**9:
        return 10**17  # no place on earth; refused by the caller
    return int((exact * 10**7).to_integral_value(ROUND_HALF_EVEN))


def _joined(a: Area, b: Area) -> Area:
    return Area(
        a.code,
        a.name,
        a.gemeente_name,
        a.inhabitants + b.inhabitants,
        a.adults + b.adults,
        a.rings + b.rings,
    )


def _date(data: bytes, features: Sequence[Any]) -> str:
    """The first of January of the year that the file itself names."""
    metadata = json.loads(data, parse_float=Decimal).get("metadata")
    source = metadata.get("source") if isinstance(metadata, dict) else None
    first = {str(k).lower(): v for k, v in features[0]["properties"].items()}
    for text in (source, _property(first, "year")):
        year = re.search(r"\b20\d\d", str(text or ""))
        if year:
            return f"{year[0]}-01-01"
    raise Malformed(_("the file does not say of which year its counts are: give --date YYYY-MM-DD"))


def _around(areas: Sequence[Area], date: str) -> Iterable[RegionPart]:
    """The country, and the gemeenten that the codes name; their inhabitants are the wijken's."""
    wijken = [a for a in areas if a.code[:2] == "WK"] or list(areas)
    yield RegionPart(
        code="NL", name="Nederland", country="NL", parent=(), level="country",
        inhabitants=0, inhabitants_date=date, adults=0, rings=(),
    )  # fmt: skip
    for code in sorted({f"GM{area.code[2:6]}" for area in areas}):
        inside = [a for a in wijken if a.code[2:6] == code[2:]]
        yield RegionPart(
            code=code,
            name=next((a.gemeente_name for a in inside if a.gemeente_name), code),
            country="NL",
            parent=("NL",),
            level="gemeente",
            inhabitants=sum(a.inhabitants for a in inside),
            inhabitants_date=date,
            adults=sum(a.adults for a in inside),
            rings=(),
        )


def _region(area: Area, rings: tuple[Ring, ...], date: str, present: set[str]) -> RegionPart:
    if len(rings) > RINGS_MAX:
        raise Malformed(
            _("{code} has {n} rings, at most {most} are allowed").format(
                code=area.code, n=len(rings), most=RINGS_MAX
            )
        )
    level = "wijk" if area.code[:2] == "WK" else "buurt"
    wijk = f"WK{area.code[2:8]}"
    parent = wijk if level == "buurt" and wijk in present else f"GM{area.code[2:6]}"
    return RegionPart(
        code=area.code,
        name=area.name,
        country="NL",
        parent=(parent,),
        level=cast(LevelName, level),
        inhabitants=area.inhabitants,
        inhabitants_date=date,
        adults=area.adults,
        rings=rings,
    )
