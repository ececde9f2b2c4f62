"""Zones: what lies around a place, as far as one gets there without going through what is blocked.

Whatever moves by at most so much, the robot's centre or all points of a movable, stays in such a
zone. What is drawn as blocked must be no larger than it is, so that a zone is never too small.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from namo.scenes.grid import FIXED_POINT_BITS, Grid, Mask
from namo.world.static_map import StaticMap

FlatCells = NDArray[np.intp]
"""Indices (n,) of cells into a flattened mask."""
ROUNDING = 1.6
"""Every point of a cell that a drawing covers is within so many cells of what was drawn."""


def covered_by_walls(static: StaticMap) -> Mask:
    """Return the mask of the cells that walls cover entirely; what is outside the grid is free.

    Args:
        static: of the scene.
    """
    grid, mask = static.grid, np.zeros_like(static.walls)
    corners = [wall.pose.to_world(wall.footprint.outline) for wall in static.scene.walls]
    solid = shapely.union_all([shapely.Polygon(outline) for outline in corners])
    for part in shapely.get_parts(solid.buffer(-ROUNDING * grid.resolution)):
        rings = []
        for ring in (part.exterior, *part.interiors):
            at = shapely.get_coordinates(ring) - (grid.x_min, grid.y_min)
            pixels = (at / grid.resolution + 0.5) * (1 << FIXED_POINT_BITS)
            rings.append(np.round(pixels).astype(np.int32))
        cv2.fillPoly(mask, rings, 1, cv2.LINE_8, FIXED_POINT_BITS)
    return mask


def zone_around(
    grid: Grid, blocked: Mask, seeds: FlatCells, point: tuple[float, float], reach: float
) -> FlatCells:
    """Return the zone of what is at some cells now, and stays within reach of a point.

    Args:
        grid: of the mask.
        blocked: mask of what it does not go through.
        seeds: cells; if some of them are blocked, nothing counts as blocked.
        point: in the world (m).
        reach: m.
    """
    rows, columns = blocked.shape
    row, column = grid.cell(*point)
    disc = _disc(math.ceil(reach / grid.resolution) + 1)
    span = len(disc) // 2
    top, left = max(row - span, 0), max(column - span, 0)
    window = np.s_[top : row + span + 1, left : column + span + 1]
    free = disc[top - row + span :, left - column + span :]
    free = free[: rows - top, : columns - left].copy()
    if not blocked.flat[seeds].any():
        free[blocked[window] != 0] = 0
        _, labels = cv2.connectedComponents(free, connectivity=4)
        at_row, at_column = seeds // columns - top, seeds % columns - left
        inside = (at_row >= 0) & (at_column >= 0)
        inside &= (at_row < free.shape[0]) & (at_column < free.shape[1])
        own = np.unique(labels[at_row[inside], at_column[inside]])
        free = np.isin(labels, own[own > 0]).astype(np.uint8)
    near_rows, near_columns = np.nonzero(free)
    cells: FlatCells = (near_rows + top) * columns + near_columns + left
    return cells


@lru_cache(maxsize=64)
def _disc(span: int) -> NDArray[np.uint8]:
    """Return the mask (2 span + 1, 2 span + 1) of the cells within a span of the central one."""
    across = np.arange(-span, span + 1)
    return (np.hypot(across[:, None], across) <= span).astype(np.uint8)
