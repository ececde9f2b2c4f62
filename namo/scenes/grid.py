"""The occupancy grid of the configuration space of a disc.

Rasterisation is conservative: the centre of a free cell has at least the requested distance from
every obstacle, and only cells within about one cell of that distance are lost. A disc that moves
straight between neighbouring free cells therefore stays clear: the chord between two points at
distance R around a convex corner is closer by at most chord² / 8R, half a millimetre here, which
`SKIN_M` covers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.geometry import Floats, Pose2D
from namo.portable_math import arctan2, cos, sin
from namo.scenes.footprint import Footprint, Polygon, Rectangle
from namo.scenes.scene import Bounds

RESOLUTION_M = 0.02
SKIN_M = 0.001
ARC_SEGMENTS = 12
PERIMETER_SPACING_M = 0.08
PERIMETER_INSET_M = 0.02
"""Border points of a footprint are this far inside it, since cells of walls are rounded outwards,
and a box that touches a wall may still slide along it."""
MAX_CELLS = 100_000_000
FIXED_POINT_BITS = 8

Mask = NDArray[np.uint8]
"""Mask of a grid, (rows + 2, columns + 2); 0 free, 1 blocked, unless stated otherwise."""
Cells = NDArray[np.intp]
Frame = tuple[float, float, float, int]
"""A grid for compiled code: x_min, y_min, resolution (all m), columns of a mask."""


@dataclass(frozen=True)
class Grid:
    """A regular grid over the bounds of a scene.

    Cell (row, column) has its centre at x = `x_min + (column + 0.5) * resolution`, and
    correspondingly in y. Masks have a border of one blocked cell, which points outside map to, so
    their shape is (rows + 2, columns + 2).

    Attributes:
        x_min: world x of the lower left corner (m).
        y_min: world y of the lower left corner (m).
        rows: cells along y.
        columns: cells along x.
        resolution: side of a cell (m).
    """

    x_min: float
    y_min: float
    rows: int
    columns: int
    resolution: float = RESOLUTION_M

    @classmethod
    def over(cls, bounds: Bounds, resolution: float = RESOLUTION_M) -> Grid:
        """Return the grid that covers the bounds with cells of side `resolution` (m).

        Raises:
            SceneError: it would have more than `MAX_CELLS` cells.
        """
        columns = math.ceil((bounds.x_max - bounds.x_min) / resolution)
        rows = math.ceil((bounds.y_max - bounds.y_min) / resolution)
        if rows * columns > MAX_CELLS:
            raise SceneError(
                f"the scene spans {bounds.x_max - bounds.x_min:g} x "
                f"{bounds.y_max - bounds.y_min:g} m: {rows * columns} cells of {resolution} m, "
                f"at most {MAX_CELLS} are allowed; are its units metres?"
            )
        return cls(bounds.x_min, bounds.y_min, rows, columns, resolution)

    @cached_property
    def frame(self) -> Frame:
        """The grid for compiled code."""
        return self.x_min, self.y_min, self.resolution, self.columns + 2

    def blank(self) -> Mask:
        """Return a mask in which only the border is blocked."""
        mask = np.zeros((self.rows + 2, self.columns + 2), np.uint8)
        mask[0], mask[-1], mask[:, 0], mask[:, -1] = 1, 1, 1, 1
        return mask

    def cells(self, points: NDArray[np.float64]) -> tuple[Cells, Cells]:
        """Return mask indices of the cells that contain points.

        Args:
            points: (..., 2) world positions (m).

        Returns:
            Rows and columns of a mask, each (...); points outside map to the blocked border.
        """
        column = np.floor((points[..., 0] - self.x_min) / self.resolution).astype(np.intp) + 1
        row = np.floor((points[..., 1] - self.y_min) / self.resolution).astype(np.intp) + 1
        return np.clip(row, 0, self.rows + 1), np.clip(column, 0, self.columns + 1)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return row and column of the mask cell that contains x, y (m), see `cells`."""
        column = math.floor((x - self.x_min) / self.resolution) + 1
        row = math.floor((y - self.y_min) / self.resolution) + 1
        return min(max(row, 0), self.rows + 1), min(max(column, 0), self.columns + 1)

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Return the world position x, y of the centre of a mask cell (m)."""
        x, y = (column - 0.5) * self.resolution, (row - 0.5) * self.resolution
        return self.x_min + x, self.y_min + y

    def centres(self, rows: Cells, columns: Cells) -> NDArray[np.float64]:
        """Return the world positions (..., 2) of the centres of mask cells (m)."""
        return np.stack(
            [
                self.x_min + (columns - 0.5) * self.resolution,
                self.y_min + (rows - 0.5) * self.resolution,
            ],
            axis=-1,
        )

    def disc(self, x: float, y: float, radius: float) -> tuple[Cells, Cells]:
        """Return mask indices of the cells whose centres are within a radius of a point.

        Args:
            x: of the point, world frame (m).
            y: of the point, world frame (m).
            radius: m.

        Returns:
            Rows and columns of a mask, each (n,), without its border.
        """
        centre = np.array([x, y])
        row, column = self.cell(x, y)
        span = math.ceil(radius / self.resolution)
        rows, columns = np.mgrid[-span : span + 1, -span : span + 1].reshape(2, -1)
        rows, columns = rows + row, columns + column
        near = np.hypot(*(self.centres(rows, columns) - centre).T) <= radius
        near &= (rows > 0) & (rows <= self.rows) & (columns > 0) & (columns <= self.columns)
        return rows[near], columns[near]

    def fill(self, mask: Mask, pose: Pose2D, pieces: Iterable[Floats], value: int = 1) -> None:
        """Set the cells of convex outlines to `value`, including all cells that they touch.

        Args:
            mask: to draw into.
            pose: of the frame of the outlines in the world.
            pieces: (n, 2) corners of each outline in that frame (m), such as `inflated` returns.
            value: of the cells.
        """
        for outline in pieces:
            pixels = (pose.to_world(outline) - (self.x_min, self.y_min)) / self.resolution + 0.5
            fixed = np.round(pixels * (1 << FIXED_POINT_BITS)).astype(np.int32)
            cv2.fillConvexPoly(mask, fixed, value, lineType=cv2.LINE_8, shift=FIXED_POINT_BITS)


def perimeter(footprint: Footprint) -> Floats:
    """Return points (n, 2) along the border of a footprint, slightly inside it (m)."""
    if isinstance(footprint, Rectangle):
        return _rectangle_perimeter(footprint.half_x, footprint.half_y)
    parts = [np.empty((0, 2))]
    for ring in _inset(footprint):
        count = math.ceil(ring.length / PERIMETER_SPACING_M)
        steps = shapely.line_interpolate_point(ring, np.arange(count) / count, normalized=True)
        parts += [shapely.get_coordinates(steps), shapely.get_coordinates(ring)[:-1]]
    return np.concatenate(parts)


def inside(footprint: Footprint) -> Floats:
    """Return points (n, 2) on a grid over a footprint, slightly inside its border (m)."""
    if isinstance(footprint, Rectangle):
        return _inside_rectangle(footprint.half_x, footprint.half_y)
    low, high = footprint.outline.min(axis=0), footprint.outline.max(axis=0)
    axes = (np.arange(a, b, RESOLUTION_M) for a, b in zip(low, high, strict=True))
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    rings = _inset(footprint)
    within = [shapely.contains_xy(shapely.Polygon(ring), points) for ring in rings]
    borders = [shapely.get_coordinates(ring)[:-1] for ring in rings]
    return np.concatenate([points[np.any(within, axis=0)], *borders])


def inflated(footprint: Footprint, radius: float) -> tuple[Floats, ...]:
    """Return convex outlines (n, 2) that cover all points within `radius` of a footprint (m)."""
    if isinstance(footprint, Rectangle):
        return (inflated_outline(footprint.half_x, footprint.half_y, radius),)
    return tuple(_inflated_convex(piece, radius) for piece in footprint.pieces)


def _inset(polygon: Polygon) -> list[shapely.LinearRing]:
    """Return the outline offset inwards, by less if the polygon is too thin."""
    inset = PERIMETER_INSET_M
    while True:
        shrunk = shapely.Polygon(polygon.outline).buffer(-inset, join_style="mitre")
        if not shrunk.is_empty:
            return [part.exterior for part in shapely.get_parts(shrunk)]
        inset /= 2


def _rectangle_perimeter(half_x: float, half_y: float) -> Floats:
    full = np.array([half_x, half_y])
    half = np.maximum(full - PERIMETER_INSET_M, full / 2)
    counts = np.ceil(2 * half / PERIMETER_SPACING_M).astype(int) + 1
    xs, ys = (np.linspace(-h, h, n) for h, n in zip(half, counts, strict=True))
    sides = [
        *(np.stack([xs, np.full_like(xs, y)], -1) for y in (-half[1], half[1])),
        *(np.stack([np.full_like(ys, x), ys], -1) for x in (-half[0], half[0])),
    ]
    return np.concatenate(sides)


def _inside_rectangle(half_x: float, half_y: float) -> Floats:
    axes = []
    for full in (half_x, half_y):
        half = max(full - PERIMETER_INSET_M, full / 2)
        axes.append(np.linspace(-half, half, math.ceil(2 * half / RESOLUTION_M) + 1))
    return np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)


@lru_cache(maxsize=1024)
def inflated_outline(half_x: float, half_y: float, radius: float) -> NDArray[np.float64]:
    """Return a convex outline of all points within `radius` of a centred rectangle.

    Arcs become circumscribed polygons, so that the outline never cuts a corner.

    Args:
        half_x: half extent along x (m).
        half_y: half extent along y (m).
        radius: m.

    Returns:
        (4 * (ARC_SEGMENTS + 1), 2) corners, counter-clockwise (m).
    """
    half_step = math.pi / 4 / ARC_SEGMENTS
    angles = np.linspace(0.0, math.pi / 2, ARC_SEGMENTS + 1)
    points = []
    for quarter, (sign_x, sign_y) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        turned = angles + quarter * math.pi / 2
        arc = np.stack([cos(turned), sin(turned)], axis=1) * (radius / math.cos(half_step))
        points.append(arc + np.array([sign_x * half_x, sign_y * half_y]))
    return np.concatenate(points)


def _inflated_convex(corners: Floats, radius: float) -> Floats:
    """Return a convex outline of all points within `radius` of a convex polygon.

    As for a rectangle: each corner becomes a circumscribed arc, from the normal of the edge before
    it to that of the edge after it.

    Args:
        corners: (n, 2), counter-clockwise (m).
        radius: m.
    """
    edges = np.roll(corners, -1, axis=0) - corners
    normals = arctan2(-edges[:, 0], edges[:, 1])
    points = []
    for corner, start, end in zip(corners, np.roll(normals, 1), normals, strict=True):
        turn = (end - start) % (2.0 * math.pi)
        if turn > math.pi:  # a collinear corner that rounding made concave
            turn = 0.0
        segments = max(1, math.ceil(turn / (math.pi / 2) * ARC_SEGMENTS))
        angles = start + np.linspace(0.0, turn, segments + 1)
        arc = np.stack([cos(angles), sin(angles)], axis=1)
        points.append(corner + arc * (radius / math.cos(turn / segments / 2)))
    return np.concatenate(points)
