"""What a drive costs that may go through movables: a relaxation of moving them out of the way.

Planners for navigation among movable obstacles use it to find out which to move (Stilman & Kuffner
2005): those on the cheapest way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.world.free_runs import NO_REGION, Runs
from namo.world.goal_distance import CUT_OFF, DIAGONAL_STEP, STEP, minimum
from namo.world.outlines import Outlines
from namo.world.reachability import Reachability

THROUGH_FACTOR = 10
"""A metre through a movable counts as this many more metres of free drive."""

Distances = NDArray[np.int32]
"""Costs (rows + 2, columns + 2) of the way from each cell, see `goal_distances`."""
Cells = NDArray[np.int64]
"""Rows and columns (n, 2) of mask cells."""

_ROW_STEPS = np.array([0, 0, 1, -1, 1, 1, -1, -1])
_COLUMN_STEPS = np.array([1, -1, 0, 0, 1, -1, 1, -1])


def drive_weights(reachability: Reachability, without: str | None = None) -> NDArray[np.int32]:
    """Return the price of driving through each cell, (rows + 2, columns + 2); 1 where it is free.

    Walls are not considered.

    Args:
        reachability: of the state.
        without: a movable to leave out.
    """
    weights = np.ones(reachability.static.walls.shape, np.int32)
    for name, outlines in _placed(reachability).items():
        if name != without:
            top, bottom, left, right = outlines.window(reachability.static.walls)
            mask = np.zeros(weights.shape, np.uint8)
            outlines.draw(mask)
            weights[top:bottom, left:right] += THROUGH_FACTOR * mask[top:bottom, left:right]
    return weights


def movables_along(reachability: Reachability, cells: Cells) -> dict[str, float]:
    """Return the movables that a way goes through, in their order along it.

    Args:
        reachability: of the state.
        cells: of the way, (n, 2).

    Returns:
        Name -> what going through it adds to the cost of the way (m of free drive).
    """
    resolution = reachability.static.grid.resolution
    lengths = np.full(len(cells), STEP)
    lengths[:-1][(np.diff(cells, axis=0) != 0).all(axis=1)] = DIAGONAL_STEP
    met: list[tuple[int, str, float]] = []
    for name, outlines in _placed(reachability).items():
        mask = np.zeros_like(reachability.static.walls)
        outlines.draw(mask)
        covered = mask[cells[:, 0], cells[:, 1]] != 0
        if covered.any():
            length = float(lengths[covered].sum()) / STEP * resolution
            met.append((int(covered.argmax()), name, THROUGH_FACTOR * length))
    met.sort(key=lambda one: one[0])
    return {name: cost for _, name, cost in met}


def _placed(reachability: Reachability) -> dict[str, Outlines]:
    """Return the outlines that the robot's centre must stay out of, by movable."""
    names = reachability.static.index
    poses = np.array([reachability.poses[name] for name in names]).reshape(-1, 3)
    return dict(zip(names, reachability.static.inflated.placed(poses), strict=True))


@compiled
def nearest_in_region(distances: Distances, runs: Runs, region: int) -> tuple[int, int, int]:
    """Return the least distance in a region, and its cell: row and column of the mask.

    `CUT_OFF`, 0 and 0 if it is empty or cut off.
    """
    least, at_row, at_run = np.int32(CUT_OFF), 0, -1
    first, begin, end, regions = runs
    if region != NO_REGION:
        for row in range(len(distances)):
            for run in range(first[row], first[row + 1]):
                if regions[run] == region:
                    here = minimum(distances[row, begin[run] : end[run]])
                    if here < least:
                        least, at_row, at_run = here, row, run
    if at_run < 0:
        return int(least), 0, 0
    column = begin[at_run]
    while distances[at_row, column] != least:
        column += 1
    return int(least), at_row, int(column)


@compiled
def cheapest_way(distances: Distances, weights: NDArray[np.int32], row: int, column: int) -> Cells:
    """Return the cells (n, 2) of a cheapest way from a cell, both ends included.

    Args:
        distances: by `goal_distances`.
        weights: (rows + 2, columns + 2) that these were computed with.
        row: of the first cell, which must not be cut off.
        column: likewise.
    """
    cells = [(row, column)]
    while distances[row, column] != 0:
        row, column = next_cell(distances, weights, row, column)
        cells.append((row, column))
    return np.array(cells)


@compiled
def next_cell(
    distances: Distances, weights: NDArray[np.int32], row: int, column: int
) -> tuple[int, int]:
    """Return the cell, row and column, that follows another on its cheapest way.

    Args:
        distances: by `goal_distances`.
        weights: (rows + 2, columns + 2) that these were computed with.
        row: of the cell, which must be neither cut off nor the end of the way.
        column: likewise.
    """
    for k in range(8):
        i, j = row + _ROW_STEPS[k], column + _COLUMN_STEPS[k]
        length = (STEP if k < 4 else DIAGONAL_STEP) * weights[row, column]
        if distances[i, j] != CUT_OFF and distances[i, j] + length == distances[row, column]:
            break
    return i, j
