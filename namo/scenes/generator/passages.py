"""Passages: narrow places between walls that a box can block.

Derived from the walls alone: a cell belongs to a passage if it is midway between two walls that
face each other along x or y. Connected cells form one passage: a door, or a section of corridor.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.scenes.grid import Grid, Mask


@dataclass(frozen=True, eq=False)
class Passage:
    """A narrow place between two walls.

    Attributes:
        middles: (n, 2) world points midway between its walls (m).
        width: minimum distance from wall to wall (m).
        along_x: whether the robot passes through it along x.
    """

    middles: Floats
    width: float
    along_x: bool


def find_passages(grid: Grid, walls: Mask, widest: float) -> list[Passage]:
    """Return the passages, in a fixed order.

    Args:
        grid: of the mask.
        walls: (rows + 2, columns + 2) mask of cells covered by walls; its border counts as
            outside, not as wall.
        widest: maximum width (m).
    """
    passages = []
    for along_x in (True, False):
        blocked = walls if along_x else walls.T
        width = _gap_widths(blocked != 0) * grid.resolution
        narrow = (width > 0.0) & (width <= widest)
        count, labels = cv2.connectedComponents(narrow.astype(np.uint8), connectivity=8)
        order = np.argsort(labels[narrow], kind="stable")
        rows, columns = (index[order] for index in np.nonzero(narrow))
        ends = np.cumsum(np.bincount(labels[narrow], minlength=count))
        for first, last in itertools.pairwise(ends.tolist()):
            cells = rows[first:last], columns[first:last]
            middles = grid.centres(*(cells if along_x else cells[::-1]))
            passages.append(Passage(middles, float(width[cells].min()), along_x))
    return passages


def _gap_widths(blocked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return, for cells midway between two blocked ones in their column, the free cells of the gap.

    Zero elsewhere, and where the gap reaches the border of the mask.
    """
    rows = np.arange(len(blocked))[:, None]
    before = np.maximum.accumulate(np.where(blocked, rows, -1), axis=0)
    after = np.minimum.accumulate(np.where(blocked, rows, len(rows))[::-1], axis=0)[::-1]
    inside = ~blocked & (before > 0) & (after < len(rows) - 1)
    middle = rows == (before + after) // 2
    return np.where(inside & middle, after - before - 1, 0)
