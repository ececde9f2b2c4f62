"""What a drive costs that may go through movables: a relaxation of moving them out of the way.

Planners for navigation among movable obstacles use it to find out which to move (Stilman & Kuffner
2005): those on the cheapest way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Pose2D
from namo.scenes.grid import Mask
from namo.world.goal_distance import (
    CUT_OFF,
    DIAGONAL_STEP,
    STEP,
    goal_distances,
    with_lower_weights,
)
from namo.world.outlines import Outlines
from namo.world.static_map import ByMovable, StaticMap

THROUGH_FACTOR = 10
"""A metre through a movable counts as this many more metres of free drive."""

Weights = NDArray[np.int32]
"""The price (rows + 2, columns + 2) of driving through each cell; 1 where it is free."""
Distances = NDArray[np.int32]
"""Costs (rows + 2, columns + 2) of the way from each cell, see `goal_distances`."""
Cells = NDArray[np.int64]
"""Rows and columns (n, 2) of mask cells."""

_ROW_STEPS = np.array([0, 0, 1, -1, 1, 1, -1, -1])
_COLUMN_STEPS = np.array([1, -1, 0, 0, 1, -1, 1, -1])


class DriveCosts:
    """What drives to the robot's goal cost in one state; every part is computed on first use.

    Attributes:
        static: of the scene.
        poses: world poses of the movables, by name.
    """

    def __init__(self, static: StaticMap, poses: Mapping[str, Pose2D]) -> None:
        """Describe a state; nothing is computed yet."""
        self.static, self.poses = static, poses

    @cached_property
    def weights(self) -> Weights:
        """The price of driving through each cell; walls are not considered."""
        weights = np.ones(self.static.walls.shape, np.int32)
        for outlines in self._placed.values():
            top, bottom, left, right = outlines.window(self.static.walls)
            weights[top:bottom, left:right] += THROUGH_FACTOR * self._drawn(outlines)
        return weights

    @cached_property
    def distances(self) -> Distances:
        """Costs of the ways to the goal from each cell."""
        return goal_distances(self.static.walls, self.weights, *self.static.goal_cells)

    def without(self, name: str) -> tuple[Weights, Distances]:
        """Return weights and distances if a movable were gone.

        Raises:
            UnknownMovableError: the scene has no such movable.
        """
        walls, outlines = self.static.walls, self._placed[name]
        top, bottom, left, right = outlines.window(walls)
        weights = self.weights.copy()
        weights[top:bottom, left:right] -= THROUGH_FACTOR * self._drawn(outlines)
        return weights, with_lower_weights(self.distances, walls, weights, top, bottom)

    def movables_along(self, cells: Cells) -> dict[str, float]:
        """Return the movables that a way goes through, in their order along it.

        Args:
            cells: of the way, (n, 2).

        Returns:
            Name -> what going through it adds to the cost of the way (m of free drive).
        """
        lengths = np.full(len(cells), STEP)
        lengths[:-1][(np.diff(cells, axis=0) != 0).all(axis=1)] = DIAGONAL_STEP
        met: list[tuple[int, str, float]] = []
        for name, outlines in self._placed.items():
            mask = np.zeros_like(self.static.walls)
            outlines.draw(mask)
            covered = mask[cells[:, 0], cells[:, 1]] != 0
            if covered.any():
                length = float(lengths[covered].sum()) / STEP * self.static.grid.resolution
                met.append((int(covered.argmax()), name, THROUGH_FACTOR * length))
        met.sort(key=lambda one: one[0])
        return {name: cost for _, name, cost in met}

    @cached_property
    def _placed(self) -> ByMovable[Outlines]:
        """The outlines that the robot's centre must stay out of, by movable."""
        names = self.static.index
        poses = np.array([self.poses[name] for name in names]).reshape(-1, 3)
        return ByMovable(zip(names, self.static.inflated.placed(poses), strict=True))

    def _drawn(self, outlines: Outlines) -> Mask:
        """Return the window of an obstacle, 1 where it is."""
        mask = np.zeros(self.static.walls.shape, np.uint8)
        top, bottom, left, right = outlines.window(mask)
        outlines.draw(mask)
        return mask[top:bottom, left:right]


@compiled
def cheapest_way(distances: Distances, weights: Weights, row: int, column: int) -> Cells:
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
def next_cell(distances: Distances, weights: Weights, row: int, column: int) -> tuple[int, int]:
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
