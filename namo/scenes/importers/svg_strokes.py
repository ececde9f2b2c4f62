"""Areas that SVG strokes cover: segments, joins at corners and caps at ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely

from namo.geometry import Floats
from namo.scenes.importers.svg_paint import Stroke

_MAX_ARC_SEGMENTS = 64
"""Per quarter of a circle."""


def stroke_area(
    outline: Floats, stroke: Stroke, tolerance: float, *, closed: bool
) -> shapely.Geometry:
    """Return the area that the stroke of an outline covers; gaps of dashes are covered too.

    Args:
        outline: corners (n, 2), in user units; the last one of a closed outline may repeat the
            first.
        stroke: of the shape.
        tolerance: maximum distance of a polygon from a round join or cap (user units).
        closed: whether the last corner is connected to the first.
    """
    corners = _without_repetitions(outline, closed=closed)
    if len(corners) < 2:
        return shapely.Polygon()
    closed = closed and len(corners) > 2
    ends = np.roll(corners, -1, axis=0) if closed else corners[1:]
    starts = corners if closed else corners[:-1]
    along = (ends - starts) / np.hypot(*(ends - starts).T)[:, None]
    offsets = np.stack([-along[:, 1], along[:, 0]], axis=-1) * (stroke.width / 2.0)
    pieces = [
        shapely.Polygon([a + offset, b + offset, b - offset, a - offset])
        for a, b, offset in zip(starts, ends, offsets, strict=True)
    ]
    count = len(starts)
    for before in range(count if closed else count - 1):
        after = (before + 1) % count
        pieces += _join(starts[after], offsets[before], offsets[after], stroke, tolerance)
    if not closed:
        pieces += _cap(corners[0], -along[0], stroke, tolerance)
        pieces += _cap(corners[-1], along[-1], stroke, tolerance)
    return shapely.union_all(pieces)


def _without_repetitions(outline: Floats, *, closed: bool) -> Floats:
    """Return the corners without those that repeat the one before."""
    if len(outline) == 0:
        return outline
    keep = np.append(True, np.any(np.diff(outline, axis=0) != 0.0, axis=1))
    corners = outline[keep]
    if closed and len(corners) > 1 and np.array_equal(corners[0], corners[-1]):
        corners = corners[:-1]
    return np.asarray(corners)


def _join(
    corner: Floats, before: Floats, after: Floats, stroke: Stroke, tolerance: float
) -> Iterator[shapely.Polygon]:
    """Yield what fills the outer side of a corner.

    Args:
        corner: (2,), in user units.
        before: (2,) offset of the segment that ends there to its left side.
        after: (2,) of the one that starts there.
        stroke: of the shape.
        tolerance: user units.
    """
    if stroke.join == "round":
        yield _disc(corner, stroke, tolerance)
        return
    turn = before[0] * after[1] - before[1] * after[0]
    along = before[0] * after[0] + before[1] * after[1]
    if turn == 0.0 and along > 0.0:
        return
    side = -1.0 if turn > 0.0 else 1.0
    first, second = corner + side * before, corner + side * after
    # The miter ratio is 1 / sin(a / 2) at an inner angle a; the offsets enclose pi - a.
    half = (stroke.width / 2.0) ** 2
    sine_squared = (1.0 + along / half) / 2.0
    points = [corner, first, second]
    if stroke.join == "miter" and sine_squared * stroke.miter_limit**2 >= 1.0:
        tip = corner + side * (before + after) / (2.0 * sine_squared)
        points = [corner, first, tip, second]
    if turn != 0.0:
        yield shapely.Polygon(points)


def _cap(
    end: Floats, outwards: Floats, stroke: Stroke, tolerance: float
) -> Iterator[shapely.Polygon]:
    """Yield what is added at an end; `outwards` is a unit vector (2,)."""
    if stroke.cap == "round":
        yield _disc(end, stroke, tolerance)
    elif stroke.cap == "square":
        reach = outwards * stroke.width / 2.0
        side = np.array([-reach[1], reach[0]])
        yield shapely.Polygon([end + side, end + side + reach, end - side + reach, end - side])


def _disc(centre: Floats, stroke: Stroke, tolerance: float) -> shapely.Polygon:
    radius = stroke.width / 2.0
    # The chord across an angle a deviates from its arc by at most r a^2 / 8.
    segments = math.ceil(math.pi / 2.0 * math.sqrt(radius / (8.0 * tolerance)))
    disc = shapely.Point(centre).buffer(radius, quad_segs=min(max(segments, 2), _MAX_ARC_SEGMENTS))
    return shapely.Polygon(disc.exterior)
