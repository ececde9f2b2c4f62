"""How far it is to the robot's goal for a robot that drives through movables.

Walls alone decide it, so it is computed once per scene. The minimum over the cells that the robot
reaches is the drive that is left in a state: a measure of progress of a search.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.scenes.grid import Cells, Mask
from namo.world.free_runs import NO_REGION, Runs

STEP, DIAGONAL_STEP = 29, 41
"""Lengths of steps between cells; integers, so that no sum is rounded (41 / 29 = 1.4138)."""
CUT_OFF = 2**29
"""Distance of a cell from which walls alone cut off the goal; longer than any way."""


@compiled
def goal_distances(
    walls: Mask, weights: NDArray[np.int32], rows: Cells, columns: Cells
) -> NDArray[np.int32]:
    """Return the distance (rows, columns) of every cell to the nearest goal cell.

    A step to a neighbour in the same row or column counts as `STEP` times the weight of the cell
    that it leaves.

    Shortest paths over eight neighbours, by sweeps over the rows, down and up in turn, until
    nothing changes. Only rows beside a change are swept again.

    Args:
        walls: mask of the cells in which the robot would touch a wall; its border is blocked.
        weights: (rows, columns), at least 1; 1 everywhere for plain distances.
        rows: of the goal cells (n,).
        columns: likewise.
    """
    height = len(walls)
    distances = np.full(walls.shape, CUT_OFF, np.int32)
    down, up = np.zeros(height, np.bool_), np.zeros(height, np.bool_)
    for i in range(len(rows)):
        row, column = rows[i], columns[i]
        if walls[row, column] == 0:
            distances[row, column] = 0
            down[row] = down[row + 1] = up[row] = up[row - 1] = True
    _sweep(distances, walls, weights, down, up)
    return distances


@compiled
def with_lower_weights(
    distances: NDArray[np.int32],
    walls: Mask,
    weights: NDArray[np.int32],
    first_row: int,
    end_row: int,
) -> NDArray[np.int32]:
    """Return the distances (rows, columns) of `goal_distances` when some weights have fallen.

    Args:
        distances: (rows, columns) with the weights before.
        walls: mask of the cells in which the robot would touch a wall; its border is blocked.
        weights: (rows, columns) now, nowhere greater than before.
        first_row: of those with other weights.
        end_row: the one after their last.
    """
    distances = distances.copy()
    down, up = np.zeros(len(walls), np.bool_), np.zeros(len(walls), np.bool_)
    down[first_row:end_row], up[first_row:end_row] = True, True
    _sweep(distances, walls, weights, down, up)
    return distances


@compiled
def _sweep(
    distances: NDArray[np.int32],
    walls: Mask,
    weights: NDArray[np.int32],
    down: NDArray[np.bool_],
    up: NDArray[np.bool_],
) -> None:
    """Shorten distances until none can be; `down` and `up` say which rows to sweep first."""
    height, width = walls.shape
    straight, diagonal = np.empty(walls.shape, np.int32), np.empty(walls.shape, np.int32)
    for i in range(height):
        for j in range(width):
            is_free, weight = walls[i, j] == 0, weights[i, j]
            straight[i, j] = STEP * weight if is_free else CUT_OFF
            diagonal[i, j] = DIAGONAL_STEP * weight if is_free else CUT_OFF
    from_beside = np.empty(width, np.int32)
    while down[1:-1].any() or up[1:-1].any():
        for back in (1, -1):  # the row that was swept before is above, then below
            pending, other = (down, up) if back == 1 else (up, down)
            for i in range(1, height - 1):
                row = i if back == 1 else height - 1 - i
                if not pending[row]:
                    continue
                pending[row] = False
                _from_row(distances[row - back], straight[row], diagonal[row], from_beside)
                if _along_row(distances[row], from_beside, straight[row], back):
                    pending[row + back] = other[row] = other[row - back] = True


@compiled
def _from_row(
    before: NDArray[np.int32],
    straight: NDArray[np.int32],
    diagonal: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Compute the distances of a row by the row beside it; has no order, so it is vectorised."""
    for j in range(1, len(before) - 1):
        nearest = min(before[j - 1], before[j + 1])
        found[j] = min(before[j] + straight[j], nearest + diagonal[j])


@compiled
def _along_row(
    row: NDArray[np.int32], found: NDArray[np.int32], straight: NDArray[np.int32], back: int
) -> bool:
    """Take over the distances found, also along the row; return whether any has changed."""
    changed, previous, last = False, np.int32(CUT_OFF), len(row) - 1
    for i in range(1, last):
        j = i if back == 1 else last - i
        least = np.int32(min(row[j], found[j], previous + straight[j]))
        changed |= least < row[j]
        row[j] = previous = least
    return changed


class RowMinima(NamedTuple):
    """The least distance of each row, to read of a table only the rows that matter.

    Attributes:
        least: (rows,) of each row, over all regions.
        order: (rows,) of the rows, by `least`; equal ones from first to last.
    """

    least: NDArray[np.int32]
    order: NDArray[np.int64]


def row_minima(distances: NDArray[np.int32]) -> RowMinima:
    """Return the least distance of each row of a table (rows, columns)."""
    least = distances.min(axis=1)
    return RowMinima(least, np.argsort(least, kind="stable"))


@compiled
def nearest_in_region(
    distances: NDArray[np.int32], minima: RowMinima, runs: Runs, region: int
) -> tuple[int, int, int]:
    """Return the least distance in a region, and its cell: row and column, the first of equal ones.

    `CUT_OFF`, 0 and 0 if it is empty or cut off.

    Args:
        distances: (rows, columns) by `goal_distances`.
        minima: of the rows.
        runs: of the free cells.
        region: of them.
    """
    least, at_row, at_run = np.int32(CUT_OFF), len(distances), -1
    first, begin, end, regions = runs
    if region != NO_REGION:
        for row in minima.order:
            if minima.least[row] > least or minima.least[row] == CUT_OFF:
                break
            for run in range(first[row], first[row + 1]):
                if regions[run] == region:
                    here = minimum(distances[row, begin[run] : end[run]])
                    if here < least or (here == least and row < at_row):
                        least, at_row, at_run = here, row, run
    if at_run < 0 or least == CUT_OFF:
        return CUT_OFF, 0, 0
    column = begin[at_run]
    while distances[at_row, column] != least:
        column += 1
    return int(least), int(at_row), int(column)


@compiled
def minimum(values: NDArray[np.int32]) -> np.int32:
    """Return the minimum of some distances (n,), at most `CUT_OFF`; a loop that is vectorised."""
    least = np.int32(CUT_OFF)
    for i in range(len(values)):
        least = min(least, values[i])
    return least
