"""Fewer points on the borders of neighbouring areas, without opening gaps between them.

Rings are cut into arcs at the points where borders meet or part. An arc is drawn with fewer points
by the method of Douglas and Peucker (1973), always from the same end, so that both areas beside it
get the same line. Integers only: a distance is compared as a squared cross product.
"""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[int, int]
Ring = tuple[Point, ...]
Arc = tuple[Point, ...]

TOLERANCE_MAX = 1 << 24
"""In units of 1e-7 degree: about 1.6 degrees."""


def simplify(areas: Sequence[tuple[Ring, ...]], points_max: int) -> list[tuple[Ring, ...]]:
    """The same areas with at most `points_max` points each, where three per ring allow it.

    The tolerance starts at nothing and doubles from about 10 cm until every area fits.
    """
    result, tolerance = list(areas), 8
    meetings = _meetings(areas)
    while any(_size(rings) > max(points_max, 3 * len(rings)) for rings in result):
        if tolerance > TOLERANCE_MAX:
            break
        result = [tuple(_ring(ring, meetings, tolerance) for ring in rings) for rings in areas]
        tolerance *= 2
    return result


def _size(rings: Sequence[Ring]) -> int:
    return sum(len(ring) for ring in rings)


def _meetings(areas: Sequence[tuple[Ring, ...]]) -> set[Point]:
    """Points with other than two neighbours, over all rings together. For membership only."""
    neighbours: dict[Point, set[Point]] = {}
    for rings in areas:
        for ring in rings:
            for i, point in enumerate(ring):
                neighbours.setdefault(point, set()).update((ring[i - 1], ring[(i + 1) % len(ring)]))
    return {point for point, around in neighbours.items() if len(around) != 2}


def _ring(ring: Ring, meetings: set[Point], tolerance: int) -> Ring:
    anchors = [i for i, point in enumerate(ring) if point in meetings]
    if not anchors:
        lowest = min(range(len(ring)), key=lambda i: ring[i])
        turned = ring[lowest:] + ring[:lowest]
        far = max(range(len(ring)), key=lambda i: (_squared(turned[0], turned[i]), turned[i]))
        ring, anchors = turned, sorted({0, far})
    kept: list[Point] = []
    for i, start in enumerate(anchors):
        end = anchors[(i + 1) % len(anchors)]
        arc = ring[start : end + 1] if end > start else ring[start:] + ring[: end + 1]
        kept += _arc(arc, tolerance)[:-1]
    return tuple(kept) if len(kept) >= 3 else _triangle(ring)


def _arc(arc: Arc, tolerance: int) -> Arc:
    if arc[0] == arc[-1]:  # leaves and comes back to one meeting point: cut at its far point
        far = max(range(len(arc)), key=lambda i: (_squared(arc[0], arc[i]), arc[i]))
        return _arc(arc[: far + 1], tolerance)[:-1] + _arc(arc[far:], tolerance)
    if arc[0] > arc[-1]:
        return _arc(arc[::-1], tolerance)[::-1]
    keep = {0, len(arc) - 1}
    spans = [(0, len(arc) - 1)]
    while spans:
        first, last = spans.pop()
        a, b = arc[first], arc[last]
        between = range(first + 1, last)
        far = max(between, key=lambda i: abs(_cross(a, b, arc[i])), default=first)
        if _cross(a, b, arc[far]) ** 2 > tolerance * tolerance * _squared(a, b):
            keep.add(far)
            spans += [(first, far), (far, last)]
    return tuple(point for i, point in enumerate(arc) if i in keep)


def _triangle(ring: Ring) -> Ring:
    """The corner first, the point farthest from it, and the one farthest from their line."""
    a = min(ring)
    b = max(ring, key=lambda p: (_squared(a, p), p))
    c = max(ring, key=lambda p: (abs(_cross(a, b, p)), p))
    return tuple(point for point in ring if point in (a, b, c)) if c not in (a, b) else ring


def _cross(a: Point, b: Point, p: Point) -> int:
    """Twice the area of the triangle: distance of p to the line, times the length of a-b."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _squared(a: Point, b: Point) -> int:
    return (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
