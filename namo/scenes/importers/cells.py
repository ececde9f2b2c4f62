"""Floor plans on a grid of square cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from namo.errors import SceneError
from namo.scenes.convex import Point
from namo.scenes.importers.importer import Names, flat_wall, rectangle
from namo.scenes.importers.placing import Cell
from namo.scenes.scene import Bounds, Wall

CellMask = NDArray[np.bool_]

MAX_WALLS = 5000


@dataclass(frozen=True)
class CellPlan:
    """Positions of the cells of a grid: row 0 is at the top, the centre of the grid is the origin.

    Attributes:
        rows: number of rows.
        columns: number of columns.
        size: side of a cell (m).
    """

    rows: int
    columns: int
    size: float

    @property
    def bounds(self) -> Bounds:
        """Bounding rectangle of all cells (m)."""
        return self.box(0, 0, self.rows, self.columns)

    def centre(self, cell: Cell) -> Point:
        """Return the centre of a cell (m)."""
        box = self.box(*cell, cell[0] + 1, cell[1] + 1)
        return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2

    def box(self, row: int, column: int, row_after: int, column_after: int) -> Bounds:
        """Return the rectangle of a range of rows and columns, exclusive of the last (m)."""
        left, top = -self.columns / 2, self.rows / 2
        return Bounds(
            (left + column) * self.size,
            (top - row_after) * self.size,
            (left + column_after) * self.size,
            (top - row) * self.size,
        )

    def shape(self, mask: CellMask) -> shapely.Geometry:
        """Return the union of cells (m).

        Args:
            mask: (rows, columns).
        """
        boxes = [self.box(*cells) for cells in merged(mask)]
        return shapely.union_all(
            [shapely.box(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes]
        )

    def walls(self, mask: CellMask, names: Names, robot_radius: float) -> list[Wall]:
        """Return walls that cover the cells of a mask, merged greedily.

        Args:
            mask: (rows, columns).
            names: that are used so far.
            robot_radius: m.

        Raises:
            SceneError: there are more than `MAX_WALLS` walls.
        """
        rectangles = merged(mask)
        if len(rectangles) > MAX_WALLS:
            raise SceneError(
                f"the blocked cells form {len(rectangles)} walls; at most {MAX_WALLS} are allowed"
            )
        walls = []
        for number, cells in enumerate(rectangles, start=1):
            box = self.box(*cells)
            corners = rectangle(box.x_min, box.y_min, box.x_max, box.y_max)
            walls.append(flat_wall(names.wall(f"wall_{number}"), corners, robot_radius))
        return walls


def merged(mask: CellMask) -> list[tuple[int, int, int, int]]:
    """Return disjoint rectangles that cover the cells of a mask.

    Greedy: the first remaining cell grows along its row and then down, or down and then along,
    whichever covers more.

    Args:
        mask: (rows, columns).

    Returns:
        First row and column, and last row and column (exclusive), of each rectangle.
    """
    left = mask.copy()
    rectangles = []
    for row, column in np.argwhere(mask).tolist():
        if not left[row, column]:
            continue
        width = _run(left[row, column:])
        height = _run(np.all(left[row:, column : column + width], axis=1))
        height_first = _run(left[row:, column])
        width_second = _run(np.all(left[row : row + height_first, column:], axis=0))
        if height_first * width_second > height * width:
            height, width = height_first, width_second
        left[row : row + height, column : column + width] = False
        rectangles.append((row, column, row + height, column + width))
    return rectangles


def _run(cells: NDArray[np.bool_]) -> int:
    """Return the number of leading cells that are set."""
    return len(cells) if cells.all() else int(np.argmin(cells))


def nearest_to_middle(mask: CellMask) -> Cell:
    """Return the set cell nearest to the mean of all set cells; the first of several.

    Args:
        mask: (rows, columns); at least one cell is set.
    """
    places = np.argwhere(mask)
    offsets = np.hypot(*(places - places.mean(axis=0)).T)
    row, column = places[int(np.argmin(np.round(offsets, 9)))]
    return int(row), int(column)
