"""How far it is to the robot's goal for a robot that drives through movables.

Walls alone decide it, so it is computed once per scene. The minimum over the cells that the robot
reaches is the drive that is left in a state: a measure of progress of a search.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.scenes.grid import Cells, Mask
from namo.world.free_runs import Runs

STEP, DIAGONAL_STEP = 29, 41
"""Lengths of steps between cells; integers, so that no sum is rounded (41 / 29 = 1.4138)."""
CUT_OFF = np.iinfo(np.int32).max
"""Distance of a cell from which walls alone cut off the goal."""


@compiled
def goal_distances(
    walls: Mask, weights: NDArray[np.int32], rows: Cells, columns: Cells
) -> NDArray[np.int32]:
    """Return the distance (rows, columns) of every cell to the nearest goal cell.

    A step to a neighbour in the same row or column counts as `STEP` times the weight of the cell
    that it leaves.

    Shortest paths over eight neighbours, by sweeps over the grid until nothing changes: each sweep
    follows paths as far as they keep their direction.

    Args:
        walls: mask of the cells in which the robot would touch a wall; its border is blocked.
        weights: (rows, columns), at least 1; 1 everywhere for plain distances.
        rows: of the goal cells (n,).
        columns: likewise.
    """
    distances = np.full(walls.shape, CUT_OFF, np.int32)
    for i in range(len(rows)):
        if walls[rows[i], columns[i]] == 0:
            distances[rows[i], columns[i]] = 0
    height, width = walls.shape
    changed = True
    while changed:
        changed = False
        for back in (1, -1):  # the row that was swept before is above, then below
            for i in range(1, height - 1):
                row = i if back == 1 else height - 1 - i
                for j in range(1, width - 1):
                    column = j if back == 1 else width - 1 - j
                    if walls[row, column] == 0:
                        before = distances[row - back]
                        straight = min(before[column], distances[row, column - back])
                        diagonal = min(before[column - 1], before[column + 1])
                        least, weight = distances[row, column], weights[row, column]
                        if straight < least - weight * STEP:
                            least = straight + weight * STEP
                        if diagonal < least - weight * DIAGONAL_STEP:
                            least = diagonal + weight * DIAGONAL_STEP
                        if least < distances[row, column]:
                            distances[row, column] = least
                            changed = True
    return distances


@compiled
def shortest_distance(distances: NDArray[np.int32], runs: Runs, region: int) -> int:
    """Return the shortest distance (rows, columns) in a region; `CUT_OFF` if it is empty."""
    shortest = CUT_OFF
    first, begin, end, regions = runs
    for row in range(len(distances)):
        for run in range(first[row], first[row + 1]):
            if regions[run] == region:
                for column in range(begin[run], end[run]):
                    shortest = min(shortest, distances[row, column])
    return int(shortest)
