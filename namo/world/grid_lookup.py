"""Grid lookups of world points for compiled loops."""

from __future__ import annotations

import math

from namo.compiled import compiled
from namo.geometry import Floats, Placed
from namo.scenes.grid import Frame, Mask


@compiled
def cell_of(x: float, y: float, frame: Frame, rows: int) -> tuple[int, int]:
    """Return mask row and column of a world point (m) as `Grid.cells` does; `rows` of the mask."""
    x_min, y_min, resolution, columns = frame
    column = math.floor((x - x_min) / resolution) + 1
    row = math.floor((y - y_min) / resolution) + 1
    return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


@compiled
def any_set(mask: Mask, points: Floats, pose: Placed, frame: Frame) -> bool:
    """Return whether a mask is set at any of these points (n, 2) in the frame of a pose (m)."""
    x, y, c, s = pose
    for i in range(len(points)):
        at_x, at_y = points[i, 0] * c - points[i, 1] * s, points[i, 0] * s + points[i, 1] * c
        row, column = cell_of(at_x + x, at_y + y, frame, len(mask))
        if mask[row, column] != 0:
            return True
    return False
