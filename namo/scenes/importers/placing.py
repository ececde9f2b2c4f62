"""Place start and goal in floor plans without them, far apart by path length.

They are found by a double sweep: the free cell farthest from an arbitrary cell of the region, then
the cell farthest from that. In a region without loops this is the longest shortest path.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from namo.errors import SceneError
from namo.geometry import Floats
from namo.scenes.convex import Point
from namo.scenes.importers.path_lengths import path_lengths
from namo.scenes.regions import free_regions
from namo.scenes.scene import GOAL_TOLERANCE_M, Bounds, Wall

Cell = tuple[int, int]
FreeCells = NDArray[np.bool_]


def ends_among_walls(
    walls: tuple[Wall, ...], radius: float, robot: Point | None, goal: Point | None
) -> tuple[Point, Point]:
    """Return start and goal of a disc among walls.

    Args:
        walls: only their bounding rectangle is used.
        radius: of the disc (m).
        robot: the start, if known (m).
        goal: if known (m).

    Returns:
        Both in the world (m); a known one as it was given.

    Raises:
        SceneError: there is no free cell, or the known end is not in one.
    """
    regions = free_regions(_bounds(walls), walls, radius)
    known = robot or goal
    if known is None:
        labels = regions.labels == int(np.argmax(regions.cells))
        cells = path_ends(labels & (regions.labels > 0), diagonal=True)
    else:
        row, column = regions.grid.cells(np.array(known))
        start = int(row), int(column)
        if not regions.labels[start]:
            raise SceneError(
                f"({known[0]:g}, {known[1]:g}) is not free for a disc of radius {radius} m"
            )
        cells = start, farthest(regions.labels == regions.labels[start], start, diagonal=True)
        if goal is not None:
            cells = cells[::-1]
    rows, columns = np.array(cells).T
    ends: Floats = regions.grid.centres(rows, columns)
    (robot_x, robot_y), (goal_x, goal_y) = ends.tolist()
    return robot or (robot_x, robot_y), goal or (goal_x, goal_y)


def _bounds(walls: tuple[Wall, ...]) -> Bounds:
    corners = np.concatenate([wall.corners() for wall in walls])
    low, high = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Bounds(*low, *high)


def largest_radius(walls: tuple[Wall, ...], limit: float) -> float | None:
    """Return the radius of the largest disc that can be placed away from its goal among walls.

    Args:
        walls: only their bounding rectangle is used.
        limit: a radius that is too large (m).

    Returns:
        In whole millimetres (m); None if not even a disc of 1 mm finds a place.
    """
    low, high = 0, math.ceil(limit * 1000)  # mm; found by halving, as free space only shrinks
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if has_room(walls, middle / 1000) else (low, middle)
    return low / 1000 if low else None


def has_room(walls: tuple[Wall, ...], radius: float) -> bool:
    """Return whether a disc of a radius (m) can be placed away from its goal among walls."""
    try:
        start, goal = ends_among_walls(walls, radius, None, None)
    except SceneError:
        return False
    return math.dist(start, goal) > GOAL_TOLERANCE_M


def path_ends(free: FreeCells, *, diagonal: bool) -> tuple[Cell, Cell]:
    """Return the two ends of a long shortest path in the largest region of free cells.

    Args:
        free: (rows, columns).
        diagonal: whether diagonal cells are neighbours.

    Raises:
        SceneError: no cell is free.
    """
    labels, count = ndimage.label(free, np.ones((3, 3)) if diagonal else None)
    if not count:
        raise SceneError("no free cell for robot and goal")
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    region = labels == int(np.argmax(sizes))
    row, column = np.unravel_index(np.argmax(region), region.shape)
    start = farthest(region, (int(row), int(column)), diagonal=diagonal)
    return start, farthest(region, start, diagonal=diagonal)


def farthest(free: FreeCells, start: Cell, *, diagonal: bool) -> Cell:
    """Return the cell with the longest shortest path from `start`; the first of several.

    A diagonal step has length √2.

    Args:
        free: (rows, columns).
        start: a free cell.
        diagonal: whether diagonal cells are neighbours.
    """
    blocked = np.pad(~free, 1, constant_values=True)
    lengths = path_lengths(blocked, start[0] + 1, start[1] + 1, diagonal)
    row, column = np.unravel_index(np.argmax(lengths), lengths.shape)
    return int(row) - 1, int(column) - 1
