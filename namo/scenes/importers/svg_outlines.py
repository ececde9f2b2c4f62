"""Areas inside SVG shapes, with curves approximated by polylines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import svgelements

from namo.errors import SceneError
from namo.geometry import Floats
from namo.portable_math import cos, matrix_product, sin
from namo.scenes.importers.svg import MAX_COORDINATE, SvgElement, finite_number
from namo.scenes.importers.svg_paint import FillRule, fill_rule_of, paint_of
from namo.scenes.importers.svg_strokes import stroke_area

_PATH_DATA = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE+\-.,\s]*")
_PARSER_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What `svgelements` raises for data that begin without a point, or lack one elsewhere."""
_CURVE_GUESS_POINTS = 8
_MAX_CURVE_POINTS = 200


@dataclass(frozen=True)
class Painted:
    """What a viewer paints of a shape.

    Attributes:
        parts: valid polygons, possibly with holes; none where nothing is painted.
        is_repaired: whether a filled outline intersected itself.
        is_stroked: whether a stroke is part of it.
        is_dashed: whether that stroke has gaps, which are covered here.
    """

    parts: list[shapely.Polygon]
    is_repaired: bool = False
    is_stroked: bool = False
    is_dashed: bool = False


def painted_area_of(element: SvgElement, tolerance: float) -> Painted:
    """Return the area that a viewer paints of a shape: its fill and its stroke.

    Args:
        element: one of `SHAPES`.
        tolerance: maximum distance of the polygons from a curve (user units).

    Raises:
        SceneError: its data or paint is invalid or not finite, or what is painted has no area.
    """
    paint = paint_of(element)
    if paint.stroke is None:
        if paint.fill is None:
            return Painted([])
        parts, is_repaired = area_of(element, tolerance)
        return Painted(parts, is_repaired)
    outlines = _outlines(element, tolerance)
    stroked = [
        _transformed(
            stroke_area(one.points, paint.stroke, tolerance, closed=one.is_closed), element
        )
        for one in outlines
    ]
    fill, is_repaired = (
        (shapely.Polygon(), False)
        if paint.fill is None
        else _filled(_corners(element, outlines), paint.fill, tolerance)
    )
    area = shapely.union_all([fill, *stroked])
    # A normalised ring starts at an extreme corner, never within an edge.
    parts = [_without_slivers(one, tolerance) for one in _parts(area.normalize(), tolerance)]
    if not parts:
        raise SceneError(f"'{element.label}': encloses no area")
    return Painted(parts, is_repaired, is_stroked=True, is_dashed=paint.stroke.is_dashed)


def area_of(element: SvgElement, tolerance: float) -> tuple[list[shapely.Polygon], bool]:
    """Return the area inside the outlines of a shape, filled or not, as valid polygons.

    Outlines are closed and filled by the shape's own rule, by default the nonzero one.

    Args:
        element: one of `SHAPES`.
        tolerance: maximum distance of the polygon from a curve (user units).

    Returns:
        The parts, possibly with holes, and whether an outline intersected itself.

    Raises:
        SceneError: its data is invalid or not finite, or it encloses no area.
    """
    outlines = _corners(element, _outlines(element, tolerance))
    area, is_repaired = _filled(outlines, fill_rule_of(element), tolerance)
    parts = _parts(area, tolerance)
    if not parts:
        raise SceneError(f"'{element.label}': encloses no area")
    return parts, is_repaired


def _corners(element: SvgElement, outlines: Sequence[_Outline]) -> list[Floats]:
    """Return the corners (n, 2) of each outline, in user units of the document.

    Raises:
        SceneError: one is not finite.
    """
    corners = []
    for outline in (one.points for one in outlines):
        if not np.isfinite(outline).all() or np.abs(outline).max(initial=0.0) > MAX_COORDINATE:
            raise SceneError(
                f"'{element.label}': a corner is not finite or beyond {MAX_COORDINATE:g}"
            )
        with_ones = np.column_stack([outline, np.ones(len(outline))])
        corners.append(matrix_product(with_ones, element.matrix[:2].T))
    return corners


def _filled(
    outlines: Sequence[Floats], rule: FillRule, tolerance: float
) -> tuple[shapely.Geometry, bool]:
    """Return the area inside outlines (n, 2), and whether one intersected itself."""
    area: shapely.Geometry = shapely.Polygon()
    repaired = False
    rings = []
    for corners in outlines:
        if len(np.unique(corners, axis=0)) < 3:
            continue
        outlined = shapely.Polygon(corners)
        valid = shapely.make_valid(outlined)
        # Rounding leaves slivers of no area; only a real self-intersection is reported.
        repaired = repaired or abs(valid.area - outlined.area) > tolerance**2
        area = shapely.symmetric_difference(area, valid)
        rings.append(corners)
    if rule == "nonzero" and (len(rings) > 1 or repaired):
        doubly = [
            face
            for face in _faces(rings)
            if face.area > tolerance**2 and _winds_evenly(rings, face.representative_point())
        ]
        area = shapely.union_all([area, *doubly]) if doubly else area
    return area, repaired


def _faces(rings: Sequence[Floats]) -> list[shapely.Polygon]:
    """Return the faces that closed outlines (n, 2) cut the plane into."""
    lines = [shapely.LineString(np.concatenate([ring, ring[:1]])) for ring in rings]
    return list(shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)])).tolist())


def _winds_evenly(rings: Sequence[Floats], point: shapely.Point) -> bool:
    """Return whether outlines wind around a point an even number of times, and not none."""
    windings = 0
    for ring in rings:
        ahead = np.roll(ring, -1, axis=0)
        (x0, y0), (x1, y1) = ring.T, ahead.T
        left = (x1 - x0) * (point.y - y0) - (point.x - x0) * (y1 - y0)
        windings += int(np.sum((y0 <= point.y) & (point.y < y1) & (left > 0.0)))
        windings -= int(np.sum((y1 <= point.y) & (point.y < y0) & (left < 0.0)))
    return windings != 0 and windings % 2 == 0


def _parts(area: shapely.Geometry, tolerance: float) -> list[shapely.Polygon]:
    return [
        part
        for part in shapely.get_parts(area).tolist()
        if isinstance(part, shapely.Polygon) and part.area > tolerance**2
    ]


def _without_slivers(part: shapely.Polygon, tolerance: float) -> shapely.Polygon:
    """Return a polygon without the holes that rounding has left between pieces of a stroke."""
    holes = [hole for hole in part.interiors if shapely.Polygon(hole).area > tolerance**2]
    return shapely.Polygon(part.exterior, holes)


def _transformed(area: shapely.Geometry, element: SvgElement) -> shapely.Geometry:
    matrix = element.matrix

    def moved(points: Floats) -> Floats:
        return np.asarray(matrix_product(points, matrix[:2, :2].T) + matrix[:2, 2])

    return shapely.transform(area, moved)


@dataclass(frozen=True)
class _Outline:
    """An outline of a shape in its own coordinates.

    Attributes:
        points: (n, 2), in its own user units.
        is_closed: whether a stroke connects the last point to the first; a fill always does.
    """

    points: Floats
    is_closed: bool = True


def _outlines(element: SvgElement, tolerance: float) -> list[_Outline]:
    """Return the outlines of a shape."""

    def value(name: str) -> float:
        return finite_number(element.attributes.get(name, "0"), f"'{element.label}' {name}")

    if element.tag == "rect":
        if value("rx") or value("ry"):
            raise SceneError(f"'{element.label}': a rect with round corners; make a path of it")
        x, y, width, height = map(value, ("x", "y", "width", "height"))
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return [_Outline(np.array(corners))]
    if element.tag in ("circle", "ellipse"):
        radii = (value("r"), value("r")) if element.tag == "circle" else (value("rx"), value("ry"))
        count = _curve_points(2.0 * math.pi * max(map(abs, radii)), tolerance)
        angles = np.arange(4 * count) * (math.pi / (2 * count))
        circle = np.stack([cos(angles), sin(angles)], axis=-1)
        return [_Outline(circle * radii + (value("cx"), value("cy")))]
    if element.tag == "polygon":
        numbers = element.attributes.get("points", "").replace(",", " ").split()
        points = [finite_number(number, f"'{element.label}' points") for number in numbers]
        if len(points) % 2:
            raise SceneError(f"'{element.label}': an odd number of coordinates")
        return [_Outline(np.array(points).reshape(-1, 2))]
    data = element.attributes.get("d", "")
    try:
        outlines = list(_path_outlines(data, tolerance)) if _PATH_DATA.fullmatch(data) else None
    except _PARSER_ERRORS:
        outlines = None
    if outlines is None:
        raise SceneError(f"'{element.label}': path data '{data[:60]}' is not understood")
    return outlines


def _path_outlines(data: str, tolerance: float) -> Iterable[_Outline]:
    """Yield the outlines of path data; raises one of `_PARSER_ERRORS` for what is none."""
    for subpath in svgelements.Path(data).as_subpaths():
        points: list[tuple[float, float]] = []
        for segment in subpath:
            if segment.end is None:
                continue
            if not isinstance(segment, svgelements.Move | svgelements.Line | svgelements.Close):
                points.extend(_along_curve(segment, tolerance))
            points.append((segment.end.x, segment.end.y))
        is_closed = any(isinstance(segment, svgelements.Close) for segment in subpath)
        yield _Outline(np.array(points).reshape(-1, 2), is_closed)


def _along_curve(segment: svgelements.PathSegment, tolerance: float) -> list[tuple[float, float]]:
    """Return points between the ends of a curve, dense enough to approximate it by a polyline."""

    def between(count: int) -> list[tuple[float, float]]:
        points = [segment.point(step / count) for step in range(1, count)]
        return [(point.x, point.y) for point in points]

    guess = np.array(between(_CURVE_GUESS_POINTS))
    length = float(np.hypot(*np.diff(guess, axis=0).T).sum())
    return between(_curve_points(length, tolerance)) if math.isfinite(length) else []


def _curve_points(length: float, tolerance: float) -> int:
    """Return the number of segments for a curve that turns by at most half a circle.

    A chord across an angle a of a circle of radius r deviates by at most r a² / 8.
    """
    needed = math.sqrt(math.pi * length / (8.0 * tolerance))  # infinite for lengths near 1e308
    return max(math.ceil(min(needed, _MAX_CURVE_POINTS)), 2)
