"""Zones: what lies around a place, as far as one gets there without going through a wall.

Whatever moves by at most so much, robot or movable, stays with all its points in such a zone. Only
cells that walls cover entirely count as walls here, so that a zone is never too small.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from namo.scenes.grid import FIXED_POINT_BITS, Mask
from namo.world.static_map import StaticMap

FlatCells = NDArray[np.intp]
"""Indices (n,) of cells into a flattened mask."""
ROUNDING = 1.6
"""Every point of a cell that a drawing covers is within so many cells of what was drawn."""


class Zones:
    """The zones of a scene.

    Attributes:
        walls: mask of the cells that walls cover entirely; what is outside the grid is not.
    """

    def __init__(self, static: StaticMap) -> None:
        """Draw the walls.

        Args:
            static: of the scene.
        """
        self._grid = grid = static.grid
        self.walls: Mask = np.zeros_like(static.walls)
        corners = [wall.pose.to_world(wall.footprint.outline) for wall in static.scene.walls]
        solid = shapely.union_all([shapely.Polygon(outline) for outline in corners])
        for part in shapely.get_parts(solid.buffer(-ROUNDING * grid.resolution)):
            rings = []
            for ring in (part.exterior, *part.interiors):
                at = shapely.get_coordinates(ring) - (grid.x_min, grid.y_min)
                pixels = (at / grid.resolution + 0.5) * (1 << FIXED_POINT_BITS)
                rings.append(np.round(pixels).astype(np.int32))
            cv2.fillPoly(self.walls, rings, 1, cv2.LINE_8, FIXED_POINT_BITS)

    def around(self, seeds: FlatCells, x: float, y: float, reach: float) -> FlatCells:
        """Return the zone of what is at some cells now, and stays within reach of a point.

        Args:
            seeds: cells; if walls cover some of them, walls do not count.
            x: of the point, world frame (m).
            y: likewise.
            reach: m.
        """
        rows, columns = self.walls.shape
        row, column = (int(index) for index in self._grid.cells(np.array([x, y])))
        disc = _disc(math.ceil(reach / self._grid.resolution) + 1)
        span = len(disc) // 2
        top, left = max(row - span, 0), max(column - span, 0)
        window = np.s_[top : row + span + 1, left : column + span + 1]
        free = disc[top - row + span :, left - column + span :]
        free = free[: rows - top, : columns - left].copy()
        if not self.walls.flat[seeds].any():
            free[self.walls[window] != 0] = 0
            _, labels = cv2.connectedComponents(free, connectivity=4)
            at_row, at_column = seeds // columns - top, seeds % columns - left
            inside = (at_row >= 0) & (at_column >= 0)
            inside &= (at_row < free.shape[0]) & (at_column < free.shape[1])
            own = np.unique(labels[at_row[inside], at_column[inside]])
            free = np.isin(labels, own[own > 0])
        near_rows, near_columns = np.nonzero(free)
        return (near_rows + top) * columns + near_columns + left


@lru_cache(maxsize=64)
def _disc(span: int) -> NDArray[np.uint8]:
    """Return the mask (2 span + 1, 2 span + 1) of the cells within a span of the central one."""
    across = np.arange(-span, span + 1)
    return (np.hypot(across[:, None], across) <= span).astype(np.uint8)
