"""Footprints: the outlines of walls and movables on the floor.

Collision geometry, grids, contact points and drawings are derived from them. A footprint is a
rectangle or a simple polygon. Both have convex pieces that cover them, since MuJoCo collides convex
shapes, which are also fast to rasterise and to measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from namo.errors import SceneError
from namo.geometry import (
    Floats,
    Pose2D,
    RectangleSet,
    convex_distances,
    convex_overlap_depth,
    rectangle_corners,
    wrap_angle,
)
from namo.scenes.convex import Point, convex_pieces, pairs, turn

CENTRED_M = 1e-6
"""Maximum distance of the centroid of a polygon from the origin of its frame."""
FLAT_FRACTION = 1e-9
"""An outline with an area below this fraction of its squared diagonal is degenerate."""
RIGHT_ANGLE_TOLERANCE = 1e-4
"""Maximum deviation of a corner of a rectangle from a right angle (rad)."""


@dataclass(frozen=True)
class Rectangle:
    """A rectangle around the origin of its frame.

    Attributes:
        half_x: half extent along x (m).
        half_y: half extent along y (m).
    """

    half_x: float
    half_y: float

    @cached_property
    def outline(self) -> Floats:
        """Corners (4, 2), counter-clockwise (m)."""
        return rectangle_corners(self.half_x, self.half_y)

    @property
    def pieces(self) -> tuple[Floats, ...]:
        """Convex outlines (n, 2), counter-clockwise, that cover the footprint (m)."""
        return (self.outline,)

    @property
    def area(self) -> float:
        """m²."""
        return 4.0 * self.half_x * self.half_y

    @property
    def size(self) -> float:
        """Half the side of the square of the same area (m)."""
        return math.sqrt(self.half_x * self.half_y)


@dataclass(frozen=True)
class Polygon:
    """A simple polygon, convex or not, in the frame of its wall or movable.

    Polygons with the same vertices are equal, whichever vertex is first and in either orientation.

    Attributes:
        vertices: corners (m); stored counter-clockwise, the smallest first.

    Raises:
        SceneError: there are fewer than three vertices, one is not finite, the outline touches or
            crosses itself, or it has no area.
    """

    vertices: tuple[Point, ...]

    def __post_init__(self) -> None:
        vertices = [(float(x), float(y)) for x, y in self.vertices]
        if len(vertices) < 3 or not np.isfinite(vertices).all():
            raise SceneError(f"outline {_text(vertices)}: needs three corners or more, all finite")
        ring = shapely.LinearRing(vertices)
        if not ring.is_simple:
            raise SceneError(f"outline {_text(vertices)}: touches or crosses itself")
        first = vertices.index(min(vertices))
        if not ring.is_ccw:
            vertices.reverse()
            first = len(vertices) - 1 - first
        object.__setattr__(self, "vertices", tuple(vertices[first:] + vertices[:first]))
        span = math.hypot(*np.ptp(self.outline, axis=0))
        if self.area <= FLAT_FRACTION * span**2:
            raise SceneError(f"outline {_text(vertices)}: encloses no area")

    @cached_property
    def outline(self) -> Floats:
        """Corners (n, 2), counter-clockwise (m)."""
        return np.array(self.vertices)

    @cached_property
    def pieces(self) -> tuple[Floats, ...]:
        """Convex outlines (n, 2), counter-clockwise, that cover the footprint (m).

        Their corners are corners of the footprint, which `joined` restores from them exactly.
        """
        return tuple(self.outline[piece] for piece in convex_pieces(self.outline))

    @cached_property
    def area(self) -> float:
        """m²."""
        x, y = self.outline.T
        return 0.5 * float((x * np.roll(y, -1)).sum() - (y * np.roll(x, -1)).sum())

    @property
    def size(self) -> float:
        """Half the side of the square of the same area (m)."""
        return 0.5 * math.sqrt(self.area)

    @cached_property
    def centroid(self) -> Point:
        """Centre of the area (m)."""
        return _centroid(self.outline)

    @property
    def is_centred(self) -> bool:
        """Whether the origin of the frame is the centroid."""
        return math.hypot(*self.centroid) <= CENTRED_M


Footprint = Rectangle | Polygon


class FootprintSet:
    """Footprints at poses in the world, for vectorised distances."""

    def __init__(self, placed: Iterable[tuple[Pose2D, Footprint]]) -> None:
        """Take pairs of a world pose and the footprint in its frame."""
        pairs = list(placed)
        self._count = len(pairs)
        self._polygons: dict[int, list[Floats]] = {}
        rectangles: list[tuple[Pose2D, Point]] = []
        columns = []
        for column, (pose, footprint) in enumerate(pairs):
            if isinstance(footprint, Rectangle):
                rectangles.append((pose, (footprint.half_x, footprint.half_y)))
                columns.append(column)
            else:
                self._polygons[column] = [pose.to_world(piece) for piece in footprint.pieces]
        self._rectangles, self._columns = RectangleSet(rectangles), columns

    def distances(self, points: Floats) -> Floats:
        """Return the distance of every point to every footprint, zero inside.

        Args:
            points: (n, 2) world positions (m).

        Returns:
            (n, m) distances for m footprints (m).
        """
        to_rectangles = self._rectangles.distances(points)
        if not self._polygons:
            return to_rectangles
        distances = np.empty((len(points), self._count))
        distances[:, self._columns] = to_rectangles
        for column, pieces in self._polygons.items():
            distances[:, column] = np.min([convex_distances(points, one) for one in pieces], axis=0)
        return distances


def overlap_depth(pose_a: Pose2D, a: Footprint, pose_b: Pose2D, b: Footprint) -> float:
    """Return how deep two footprints in the world overlap (m), zero or negative when apart.

    Of polygons that are not convex it is that of the two pieces which overlap most.
    """
    pieces_a = [pose_a.to_world(piece) for piece in a.pieces]
    pieces_b = [pose_b.to_world(piece) for piece in b.pieces]
    if len(pieces_a) == len(pieces_b) == 1:
        return convex_overlap_depth(pieces_a[0], pieces_b[0])
    low_a, high_a = _extents(pieces_a)
    low_b, high_b = _extents(pieces_b)
    near = ((low_a[:, None] < high_b) & (low_b < high_a[:, None])).all(axis=-1)
    return max(
        (convex_overlap_depth(pieces_a[i], pieces_b[j]) for i, j in np.argwhere(near).tolist()),
        default=-math.inf,
    )


def _extents(pieces: list[Floats]) -> tuple[Floats, Floats]:
    """Return lower and upper corners (n, 2) of the bounding rectangles (m)."""
    low = np.array([piece.min(axis=0) for piece in pieces])
    return low, np.array([piece.max(axis=0) for piece in pieces])


def footprint_of(points: Iterable[Sequence[float]]) -> tuple[Footprint, Pose2D]:
    """Return the footprint with these corners, and the pose of its frame.

    Args:
        points: corners of a simple polygon in the world, in either orientation (m). Repeated
            corners and those on a straight line between their neighbours are dropped.

    Returns:
        A rectangle if there are four right angles, else a polygon centred at its centroid.

    Raises:
        SceneError: the corners do not form a valid polygon (see `Polygon`).
    """
    corners = _essential([(float(x), float(y)) for x, y, *_ in points])
    outline = Polygon(tuple(corners)).outline
    if (found := _as_rectangle(outline)) is not None:
        return found
    return centred(Polygon(tuple(corners)))


def centred(polygon: Polygon) -> tuple[Polygon, Pose2D]:
    """Return the polygon centred at its centroid, and the pose of the centroid in its old frame."""
    x, y = polygon.centroid
    return Polygon(tuple((cx - x, cy - y) for cx, cy in polygon.vertices)), Pose2D(x, y, 0.0)


def _as_rectangle(outline: Floats) -> tuple[Rectangle, Pose2D] | None:
    """Return a rectangle and its pose, with the yaw closest to zero."""
    if len(outline) != 4:
        return None
    sides = np.roll(outline, -1, axis=0) - outline
    lengths = np.hypot(*sides.T)
    corners = (sides * np.roll(sides, -1, axis=0)).sum(axis=1)
    if np.abs(corners / (lengths * np.roll(lengths, -1))).max() > RIGHT_ANGLE_TOLERANCE:
        return None
    half = float(lengths[0] + lengths[2]) / 4, float(lengths[1] + lengths[3]) / 4
    theta = math.atan2(float(sides[0, 1] - sides[2, 1]), float(sides[0, 0] - sides[2, 0]))
    quarters = round(theta / (math.pi / 2))
    if quarters % 2:
        half = half[::-1]
    x, y = outline.mean(axis=0).tolist()
    theta = wrap_angle(theta - quarters * math.pi / 2)
    return Rectangle(*half), Pose2D(x, y, 0.0 if abs(theta) < RIGHT_ANGLE_TOLERANCE / 10 else theta)


def _essential(points: list[Point]) -> list[Point]:
    """Return the corners without repeated and collinear ones."""
    distinct = [point for point, after in pairs(points) if math.dist(point, after) > CENTRED_M]
    essential = []
    for before, point, after in zip(
        distinct[-1:] + distinct[:-1], distinct, distinct[1:] + distinct[:1], strict=True
    ):
        if abs(turn(before, point, after)) > CENTRED_M * math.dist(before, after):
            essential.append(point)
    return essential


def without_holes(shape: shapely.Polygon) -> list[shapely.Polygon]:
    """Return simple polygons that cover a polygon with holes.

    It is split along a vertical line through each hole until no hole is left.
    """
    if not shape.interiors:
        return [shape]
    hole = shapely.Polygon(shape.interiors[0])
    low_x, low_y, high_x, high_y = shape.bounds
    cut_x = hole.centroid.x
    parts = []
    for half in (
        shapely.box(low_x - 1.0, low_y - 1.0, cut_x, high_y + 1.0),
        shapely.box(cut_x, low_y - 1.0, high_x + 1.0, high_y + 1.0),
    ):
        for part in shapely.get_parts(shape.intersection(half)):
            if isinstance(part, shapely.Polygon):
                parts.extend(without_holes(part))
    return parts


def _centroid(outline: Floats) -> Point:
    """Return the centroid of the area (Bourke 1988), relative to a corner for precision."""
    points = outline - outline[0]
    x, y = points.T
    cross = x * np.roll(y, -1) - y * np.roll(x, -1)
    six_areas = 3.0 * float(cross.sum())
    moments = (cross[:, None] * (points + np.roll(points, -1, axis=0))).sum(axis=0)
    centre = moments / six_areas + outline[0]
    return float(centre[0]), float(centre[1])


def _text(vertices: Sequence[Sequence[float]]) -> str:
    shown = ", ".join(f"({x:g}, {y:g})" for x, y in vertices[:6])
    return f"{shown}, ... ({len(vertices)} corners)" if len(vertices) > 6 else shown
