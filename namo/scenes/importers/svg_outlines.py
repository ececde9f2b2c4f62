"""Areas inside SVG shapes, with curves approximated by polylines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np
import shapely
import svgelements

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.importers.svg import MAX_COORDINATE, SvgElement, finite_number

_PATH_DATA = re.compile(r"[MmLlHhVvCcSsQqTtAaZz0-9eE+\-.,\s]*")
_CURVE_GUESS_POINTS = 8
_MAX_CURVE_POINTS = 200


def area_of(element: SvgElement, tolerance: float) -> tuple[list[shapely.Polygon], bool]:
    """Return the area inside the outlines of a shape, as valid polygons.

    Outlines are closed and filled by the even-odd rule: one inside another is a hole.

    Args:
        element: one of `SHAPES`.
        tolerance: maximum distance of the polygon from a curve (user units).

    Returns:
        The parts, possibly with holes, and whether an outline intersected itself.

    Raises:
        SceneError: its data is invalid or not finite, or it encloses no area.
    """
    area: shapely.Geometry = shapely.Polygon()
    repaired = False
    for outline in _outlines(element, tolerance):
        if not np.isfinite(outline).all() or np.abs(outline).max(initial=0.0) > MAX_COORDINATE:
            raise SceneError(
                f"'{element.label}': a corner is not finite or beyond {MAX_COORDINATE:g}"
            )
        corners = np.column_stack([outline, np.ones(len(outline))]) @ element.matrix[:2].T
        if len(np.unique(corners, axis=0)) < 3:
            continue
        outlined = shapely.Polygon(corners)
        valid = shapely.make_valid(outlined)
        # Rounding leaves slivers of no area; only a real self-intersection is reported.
        repaired = repaired or abs(valid.area - outlined.area) > tolerance**2
        area = shapely.symmetric_difference(area, valid)
    parts = [
        part
        for part in shapely.get_parts(area).tolist()
        if isinstance(part, shapely.Polygon) and part.area > tolerance**2
    ]
    if not parts:
        raise SceneError(f"'{element.label}': encloses no area")
    return parts, repaired


def _outlines(element: SvgElement, tolerance: float) -> list[Floats]:
    """Return the closed outlines of a shape, (n, 2) each, in its own coordinates."""

    def value(name: str) -> float:
        return finite_number(element.attributes.get(name, "0"), f"'{element.label}' {name}")

    if element.tag == "rect":
        if value("rx") or value("ry"):
            raise SceneError(f"'{element.label}': a rect with round corners; make a path of it")
        x, y, width, height = map(value, ("x", "y", "width", "height"))
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return [np.array(corners)]
    if element.tag in ("circle", "ellipse"):
        radii = (value("r"), value("r")) if element.tag == "circle" else (value("rx"), value("ry"))
        count = _curve_points(2.0 * math.pi * max(map(abs, radii)), tolerance)
        angles = np.arange(4 * count) * (math.pi / (2 * count))
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        return [circle * radii + (value("cx"), value("cy"))]
    if element.tag == "polygon":
        numbers = element.attributes.get("points", "").replace(",", " ").split()
        points = [finite_number(number, f"'{element.label}' points") for number in numbers]
        if len(points) % 2:
            raise SceneError(f"'{element.label}': an odd number of coordinates")
        return [np.array(points).reshape(-1, 2)]
    return list(_path_outlines(element, tolerance))


def _path_outlines(element: SvgElement, tolerance: float) -> Iterable[Floats]:
    data = element.attributes.get("d", "")
    try:
        path = svgelements.Path(data) if _PATH_DATA.fullmatch(data) else None
    except ValueError:
        path = None
    if path is None:
        raise SceneError(f"'{element.label}': path data '{data[:60]}' is not understood")
    for subpath in path.as_subpaths():
        points: list[tuple[float, float]] = []
        for segment in subpath:
            if segment.end is None:
                continue
            if not isinstance(segment, svgelements.Move | svgelements.Line | svgelements.Close):
                points.extend(_along_curve(segment, tolerance))
            points.append((segment.end.x, segment.end.y))
        yield np.array(points).reshape(-1, 2)


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
    needed = math.ceil(math.sqrt(math.pi * length / (8.0 * tolerance)))
    return min(max(needed, 2), _MAX_CURVE_POINTS)
