"""Driving paths through the cells that the robot can reach, for figures and animations.

Searches need only whether a place is reachable; none of them computes a path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats
from namo.world.reachability import REACHED, Reachability

_ROW_STEPS = np.array([0, 0, 1, -1, 1, 1, -1, -1])
_COLUMN_STEPS = np.array([1, -1, 0, 0, 1, -1, 1, -1])


def drive_path(reachability: Reachability, x: float, y: float) -> Floats:
    """Return a path from the robot to a point, both ends included.

    The path runs through reachable cells, shortened to straight segments over such cells. If an end
    lies in no such cell (a robot that touches a box, a contact point), the nearest one is used.

    Args:
        reachability: of the present state.
        x: of the target point (m), world frame.
        y: likewise.

    Returns:
        Waypoints (n, 2) of the path, n at least 2, world frame (m).
    """
    robot = reachability.poses["robot"]
    ends = np.array([[robot.x, robot.y], [x, y]])
    free = reachability.mask == REACHED
    if not free.any():
        return ends
    grid = reachability.static.grid
    start, goal = (_nearest(free, *(int(index) for index in grid.cells(end))) for end in ends)
    steps = _shortest(free, start, goal)
    corners = steps[_corners(free, steps)]
    between = grid.centres(corners[:, 0], corners[:, 1])
    return np.concatenate([ends[:1], between, ends[1:]])


def _nearest(free: NDArray[np.bool_], row: int, column: int) -> tuple[int, int]:
    if 0 <= row < free.shape[0] and 0 <= column < free.shape[1] and free[row, column]:
        return row, column
    rows, columns = np.nonzero(free)
    place = int(np.argmin((rows - row) ** 2 + (columns - column) ** 2))
    return int(rows[place]), int(columns[place])


@compiled
def _shortest(
    free: NDArray[np.bool_], start: tuple[int, int], goal: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the cells (n, 2) of a shortest path over eight neighbours (breadth-first search).

    All free cells are connected: they are the region of the robot.
    """
    rows, columns = free.shape
    came = np.full(rows * columns, -1, np.int64)
    waiting = np.empty(rows * columns, np.int64)
    first, last = start[0] * columns + start[1], goal[0] * columns + goal[1]
    waiting[0], front, end = first, 0, 1
    came[first] = first
    while front < end and came[last] < 0:
        cell = waiting[front]
        front += 1
        for step in range(8):
            row = cell // columns + _ROW_STEPS[step]
            column = cell % columns + _COLUMN_STEPS[step]
            if 0 <= row < rows and 0 <= column < columns and free[row, column]:
                other = row * columns + column
                if came[other] < 0:
                    came[other] = cell
                    waiting[end] = other
                    end += 1
    count, cell = 1, last
    while cell != first:
        cell = came[cell]
        count += 1
    path = np.empty((count, 2), np.int64)
    cell = last
    for place in range(count - 1, -1, -1):
        path[place, 0], path[place, 1] = cell // columns, cell % columns
        cell = came[cell]
    return path


@compiled
def _corners(free: NDArray[np.bool_], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which cells of a path to keep, so that straight segments between them stay free."""
    kept = np.zeros(len(steps), np.bool_)
    kept[0] = kept[-1] = True
    last = 0
    for place in range(2, len(steps)):
        if not _is_clear(free, steps[last], steps[place]):
            last = place - 1
            kept[last] = True
    return kept


@compiled
def _is_clear(free: NDArray[np.bool_], start: NDArray[np.int64], end: NDArray[np.int64]) -> bool:
    """Return whether all cells within half a cell of a straight segment are free."""
    rows, columns = end[0] - start[0], end[1] - start[1]
    count = 2 * max(abs(rows), abs(columns))
    for step in range(count + 1):
        part = step / count if count else 0.0
        row, column = start[0] + rows * part, start[1] + columns * part
        if not free[round(row), round(column)]:
            return False
    return True
