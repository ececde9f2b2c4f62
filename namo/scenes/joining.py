"""Join the convex pieces of a wall or movable to the outline of one polygon.

Pieces that share whole edges, as `namo.scenes.convex` cuts them, restore the polygon to the last
bit. Others may meet anywhere along an edge, or overlap: their outline is that of their union.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.convex import Point, pairs
from namo.wording import truncated_list

SAME_POINT_M = 1e-6
"""Corners that are closer are one, and a corner that is closer to an edge is on it."""
MAX_UNITED_PIECES = 100
"""Pieces that may overlap; the union of thousands takes any amount of time and memory."""
MIN_WIDTH_M = 1e-5
"""Width of a piece, so that one whose corners are moved by `SAME_POINT_M` is the same piece."""

_RULE = "the pieces of one footprint must enclose no hole, and touch along an edge or overlap"


def joined(pieces: Sequence[Sequence[Point]]) -> tuple[Point, ...] | None:
    """Return the outline of convex pieces that share whole edges; None if they do not.

    A shared edge occurs once in each direction and cancels out; the rest is the outline. All
    corners are those of the pieces.

    Args:
        pieces: corners of each, counter-clockwise (m).
    """
    after: dict[Point, list[Point]] = {}
    for piece in pieces:
        for start, end in pairs(list(piece)):
            if start in after.get(end, ()):
                after[end].remove(start)
            else:
                after.setdefault(start, []).append(end)
    after = {start: ends for start, ends in after.items() if ends}
    first = min(after, default=None)
    outline: list[Point] = []
    corner = first
    while corner is not None and len(after.get(corner, ())) == 1:
        outline.append(corner)
        corner = after.pop(corner)[0]
    if corner != first or after or len(outline) < 3 or not shapely.LinearRing(outline).is_simple:
        return None
    return tuple(outline)


def united(pieces: Sequence[Sequence[Point]], names: Sequence[str]) -> tuple[Point, ...]:
    """Return the outline of the union of convex pieces, without collinear corners.

    Corners within `SAME_POINT_M` of another piece's corner or edge are on it.

    Args:
        pieces: corners of each, counter-clockwise (m).
        names: what messages call them.

    Raises:
        SceneError: there are more than `MAX_UNITED_PIECES`, or the union is not one polygon without
            holes. The message names the pieces and the place.
    """
    if len(pieces) > MAX_UNITED_PIECES:
        raise SceneError(
            f"{len(pieces)} pieces do not share whole edges; at most {MAX_UNITED_PIECES} may "
            "overlap or meet elsewhere"
        )
    shapes = _snapped(np.array([shapely.Polygon(piece) for piece in pieces]))
    for name, piece in zip(names, pieces, strict=True):
        if (width := _width(np.array(piece))) < MIN_WIDTH_M:
            raise SceneError(f"{name} is {width:.3g} m wide; at least {MIN_WIDTH_M:g} m is needed")
    union = shapely.union_all(shapes)
    if not isinstance(union, shapely.Polygon):
        _refuse_parts(names, shapes, shapely.get_parts(union)[0])
    for hole in union.interiors:
        inside, around = shapely.Polygon(hole), shapely.distance(shapes, hole) <= SAME_POINT_M
        sides = truncated_list([name for name, at in zip(names, around, strict=True) if at], 4)
        raise SceneError(
            f"{sides} enclose a hole of {inside.area:.3g} m², at "
            f"{_place(inside.representative_point())}; {_RULE}"
        )
    return tuple((x, y) for x, y in _corners(np.array(union.exterior.coords[:-1])).tolist())


def _width(piece: Floats) -> float:
    """Return the minimum width of a convex outline (n, 2), counter-clockwise (m)."""
    edges = np.roll(piece, -1, axis=0) - piece
    lengths = np.hypot(*edges.T)
    starts, along = piece[lengths > 0.0], edges[lengths > 0.0] / lengths[lengths > 0.0, None]
    from_start = piece[None] - starts[:, None]
    distances = along[:, None, 0] * from_start[..., 1] - along[:, None, 1] * from_start[..., 0]
    return float(distances.max(axis=1).min())


def _snapped(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes whose edges have the same points where they meet or cross, to the last bit."""
    edges = shapely.boundary(shapes)
    points = _distinct(shapely.get_coordinates([*edges, shapely.union_all(edges)]))
    shape, point = shapely.STRtree(points).query(edges, predicate="dwithin", distance=SAME_POINT_M)
    on_edge = [shapely.MultiPoint(points[point[shape == one]]) for one in range(len(shapes))]
    return np.asarray(shapely.snap(shapes, np.array(on_edge), SAME_POINT_M))


def _distinct(coordinates: Floats) -> NDArray[np.object_]:
    """Return points without those that are closer than `SAME_POINT_M` to one before (n, 2) (m)."""
    points = shapely.points(list(dict.fromkeys(map(tuple, coordinates.tolist()))))
    near = shapely.STRtree(points).query(points, predicate="dwithin", distance=SAME_POINT_M)
    kept = np.ones(len(points), np.bool_)
    for one, other in sorted(near.T[near[0] < near[1]].tolist()):
        if kept[one]:
            kept[other] = False
    return np.asarray(points[kept])


def _corners(ring: Floats) -> Floats:
    """Return the corners of a ring (n, 2) without points on the straight lines between them (m)."""
    ring = np.roll(ring, -int(np.hypot(*(ring - ring.mean(axis=0)).T).argmax()), axis=0)
    closed, kept = np.concatenate([ring, ring[:1]]), [0]
    for end in range(2, len(closed)):
        start = closed[kept[-1]]
        line, between = closed[end] - start, closed[kept[-1] + 1 : end] - start
        off = np.abs(line[0] * between[:, 1] - line[1] * between[:, 0]).max()
        if off > SAME_POINT_M * np.hypot(*line):
            kept.append(end - 1)
    return ring[kept]


def _refuse_parts(
    names: Sequence[str], shapes: NDArray[np.object_], part: shapely.Polygon
) -> NoReturn:
    """Raise an error that names the piece in a part of the union nearest to one outside it."""
    inside = np.array([part.covers(shape.representative_point()) for shape in shapes])
    here, there = np.flatnonzero(inside), np.flatnonzero(~inside)
    gaps = shapely.distance(shapes[here][:, None], shapes[there])
    row, column = np.unravel_index(gaps.argmin(), gaps.shape)
    one, other, gap = here[row], there[column], float(gaps[row, column])
    at = _place(shapely.shortest_line(shapes[one], shapes[other]).centroid)
    how = f"are {gap:.3g} m apart" if gap > 0.0 else "touch in a corner only"
    raise SceneError(
        f"{names[one]} and {names[other]} {how}, at {at}; {_RULE}, or be bodies of their own"
    )


def _place(point: shapely.Point) -> str:
    return f"({point.x:.6g}, {point.y:.6g}) in their frame"
