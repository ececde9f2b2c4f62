"""Free cells of a grid as runs, and which of them hang together.

The free cells of a row form runs. Runs of neighbouring rows are connected where they touch, corners
included (eight neighbours), and a disjoint-set forest over the runs, swept once row by row, gives
the connected regions (He, Chao, Suzuki 2008). That costs a step a run, not a step a cell, so
what changes when one box is elsewhere is answered without flooding the grid again: only the
window in which the box is drawn is read cell by cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats, Placed
from namo.scenes.grid import FIXED_POINT_BITS, Cells, Frame, Grid, Mask
from namo.scenes.regions import BACK_OFF_M

Indices = NDArray[np.int32]
NOWHERE = -1
"""Region, row and column of the cell that a robot counts from, for one that is wedged in."""


class Outlines(NamedTuple):
    """What an obstacle keeps the robot's centre out of: convex outlines on the grid.

    Attributes:
        pixels: (k, 2) corners of all of them, column and row in fixed point.
        parts: for each outline, which rows of `pixels` are its corners.
    """

    pixels: Indices
    parts: Sequence[slice]

    def draw(self, mask: Mask) -> None:
        """Set their cells to 1, borders rounded outwards."""
        for part in self.parts:
            cv2.fillConvexPoly(mask, self.pixels[part], 1, cv2.LINE_8, FIXED_POINT_BITS)

    def window(self, mask: Mask) -> tuple[int, int, int, int]:
        """Return the rows (from, to) and columns (from, to) in which `draw` changes cells."""
        return _window(self.pixels, *mask.shape)


@compiled
def _window(pixels: Indices, rows: int, columns: int) -> tuple[int, int, int, int]:
    low_x = high_x = pixels[0, 0]
    low_y = high_y = pixels[0, 1]
    for i in range(1, len(pixels)):
        low_x, high_x = min(low_x, pixels[i, 0]), max(high_x, pixels[i, 0])
        low_y, high_y = min(low_y, pixels[i, 1]), max(high_y, pixels[i, 1])
    # A cell wider than the outline: borders are rounded outwards.
    top, bottom = (low_y >> FIXED_POINT_BITS) - 1, (high_y >> FIXED_POINT_BITS) + 3
    left, right = (low_x >> FIXED_POINT_BITS) - 1, (high_x >> FIXED_POINT_BITS) + 3
    top, left = min(max(top, 0), rows), min(max(left, 0), columns)
    return top, max(min(bottom, rows), top), left, max(min(right, columns), left)


class Runs(NamedTuple):
    """Runs of free cells of a mask, row by row, and the region each belongs to.

    Attributes:
        first: (rows + 1,) the first run of each row.
        begin: (n,) first column of each run.
        end: (n,) one past its last column.
        region: (n,) the same number for connected runs.
    """

    first: Indices
    begin: Indices
    end: Indices
    region: Indices


class Trial(NamedTuple):
    """A mask with one more obstacle in it.

    Attributes:
        mask: 1 where the robot's centre cannot be.
        spans: (2, rows) in each row the columns, from and to, between which the obstacle lies.
    """

    mask: Mask
    spans: Indices


@dataclass(frozen=True, eq=False)
class Connected:
    """Which cells the robot can get to.

    Attributes:
        runs: of the free cells.
        row: of the cell in a mask that the robot counts from, its own or the nearest free one.
        column: likewise.
        region: the robot's; all three are `NOWHERE` if it is wedged in.
    """

    runs: Runs
    row: int
    column: int
    region: int


class FreeSpace:
    """The free cells among obstacles that stay, and with one more that is tried here and there.

    Attributes:
        grid: of the mask.
        blocked: 1 where the robot's centre cannot be, 0 elsewhere.
        runs: of what is free.
    """

    def __init__(self, grid: Grid, blocked: Mask, runs: Runs | None = None) -> None:
        """Find the runs of a mask.

        Args:
            grid: of the mask.
            blocked: kept, not copied.
            runs: of the same mask, where they are known.
        """
        self.grid, self.blocked = grid, blocked
        self.runs = _all_runs(blocked) if runs is None else runs

    @cached_property
    def _trial(self) -> Trial:
        return Trial(self.blocked.copy(), np.zeros((2, len(self.blocked)), np.int32))

    def and_more(self, obstacles: Iterable[Outlines]) -> FreeSpace:
        """Return the free space left when obstacles are added."""
        blocked = self.blocked.copy()
        spans = np.zeros((2, len(blocked)), np.int32)
        spans[0] = blocked.shape[1]
        for outlines in obstacles:
            outlines.draw(blocked)
            top, bottom, left, right = outlines.window(blocked)
            np.minimum(spans[0, top:bottom], left, out=spans[0, top:bottom])
            np.maximum(spans[1, top:bottom], right, out=spans[1, top:bottom])
        return FreeSpace(self.grid, blocked, relabelled(blocked, self.runs, spans))

    def connected(self, x: float, y: float, obstacle: Outlines | None) -> Connected:
        """Return where a robot can get to, with one more obstacle.

        Args:
            x: of the robot, world frame (m).
            y: likewise.
            obstacle: None for the free space as it is.
        """
        if obstacle is None:
            where = locate(self.blocked, self.runs, x, y, self.grid.frame)
            return Connected(self.runs, *where)
        with self.trial(obstacle) as trial:
            return Connected(*connected_in(trial, self.runs, x, y, self.grid.frame))

    @contextmanager
    def trial(self, obstacle: Outlines) -> Iterator[Trial]:
        """Draw one more obstacle and afterwards take it away again."""
        trial = self._trial
        top, bottom, left, right = obstacle.window(trial.mask)
        try:
            obstacle.draw(trial.mask)
            trial.spans[0, top:bottom], trial.spans[1, top:bottom] = left, right
            yield trial
        finally:
            trial.spans[1, top:bottom] = 0
            trial.mask[top:bottom, left:right] = self.blocked[top:bottom, left:right]


def _all_runs(blocked: Mask) -> Runs:
    """Return the runs of a mask, each row read from end to end."""
    rows, columns = blocked.shape
    one_a_row = np.arange(rows + 1, dtype=np.int32)
    spans = np.zeros((2, rows), np.int32)
    spans[1] = columns
    return relabelled(blocked, Runs(one_a_row, spans[0], spans[1], spans[0]), spans)


@compiled
def relabelled(mask: Mask, runs: Runs, spans: Indices) -> Runs:
    """Return the runs that are left, and their regions, when more cells of a mask are blocked.

    Args:
        mask: with the cells that are blocked now.
        runs: of the mask before.
        spans: (2, rows) the columns, from and to, between which each row may have changed.
    """
    first, begin, end, _ = runs
    left, right = spans
    rows = len(mask)
    room = len(begin)
    for row in range(rows):
        room += max(right[row] - left[row], 0) // 2 + 1
    new_first = np.empty(rows + 1, np.int32)
    new_begin, new_end = np.empty(room, np.int32), np.empty(room, np.int32)
    parent = np.empty(room, np.int32)
    count = above = 0
    for row in range(rows):
        here = count
        new_first[row] = here
        for run in range(first[row], first[row + 1]):
            start, stop = begin[run], end[run]
            for column in range(max(start, left[row]), min(stop, right[row])):
                if mask[row, column] != 0:
                    if column > start:
                        new_begin[count], new_end[count], parent[count] = start, column, count
                        count += 1
                    start = column + 1
            if stop > start:
                new_begin[count], new_end[count], parent[count] = start, stop, count
                count += 1
        i, j = above, here
        while i < here and j < count:
            if new_begin[i] <= new_end[j] and new_begin[j] <= new_end[i]:
                a, b = _root(parent, i), _root(parent, j)
                parent[max(a, b)] = min(a, b)
            if new_end[i] < new_end[j]:
                i += 1
            else:
                j += 1
        above = here
    new_first[rows] = count
    for run in range(count):  # a parent comes before its children
        parent[run] = parent[parent[run]]
    return Runs(new_first, new_begin[:count], new_end[:count], parent[:count])


@compiled
def _root(parent: Indices, run: int) -> int:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@compiled
def region_at(runs: Runs, row: int, column: int) -> int:
    """Return the region of a cell of the mask, `NOWHERE` where it is blocked."""
    first, begin, end, region = runs
    for run in range(first[row], first[row + 1]):
        if column < end[run]:
            return int(region[run]) if column >= begin[run] else NOWHERE
    return NOWHERE


@compiled
def cell_of(x: float, y: float, frame: Frame, rows: int) -> tuple[int, int]:
    """Return mask row and column of a world point (m) as `Grid.cells` does; `rows` of the mask."""
    x_min, y_min, resolution, columns = frame
    column = math.floor((x - x_min) / resolution) + 1
    row = math.floor((y - y_min) / resolution) + 1
    return min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)


@compiled
def locate(mask: Mask, runs: Runs, x: float, y: float, frame: Frame) -> tuple[int, int, int]:
    """Return row and column of the cell that a robot at x, y (m) counts from, and its region.

    It is the robot's own cell, or the nearest free one within `BACK_OFF_M`. All three are
    `NOWHERE` where there is none.
    """
    rows, columns = mask.shape
    row, column = cell_of(x, y, frame, rows)
    if mask[row, column] != 0:
        x_min, y_min, resolution, _ = frame
        span = int(BACK_OFF_M / resolution) + 1
        nearest, centre_row, centre_column = BACK_OFF_M, row, column
        row = column = NOWHERE
        for i in range(max(centre_row - span, 0), min(centre_row + span + 1, rows)):
            for j in range(max(centre_column - span, 0), min(centre_column + span + 1, columns)):
                if mask[i, j] == 0:
                    dx, dy = x_min + (j - 0.5) * resolution - x, y_min + (i - 0.5) * resolution - y
                    distance = math.hypot(dx, dy)
                    if distance < nearest or (distance == nearest and row == NOWHERE):
                        nearest, row, column = distance, i, j
    return row, column, NOWHERE if row == NOWHERE else region_at(runs, row, column)


@compiled
def connected_in(
    trial: Trial, runs: Runs, x: float, y: float, frame: Frame
) -> tuple[Runs, int, int, int]:
    """Return the runs with the obstacle of a trial, and what `locate` says of x, y (m) there."""
    runs = relabelled(trial.mask, runs, trial.spans)
    row, column, region = locate(trial.mask, runs, x, y, frame)
    return runs, row, column, region


@compiled
def any_in_region(runs: Runs, region: int, rows: Cells, columns: Cells) -> bool:
    """Return whether one of these cells, rows and columns (n,), is in a region."""
    if region != NOWHERE:
        for i in range(len(rows)):
            if region_at(runs, rows[i], columns[i]) == region:
                return True
    return False


@compiled
def in_region(runs: Runs, region: int, points: Floats, frame: Frame) -> NDArray[np.bool_]:
    """Return for world points (n, 2) (m) whether their cells are in a region, (n,)."""
    inside = np.zeros(len(points), np.bool_)
    for i in range(len(points)):
        row, column = cell_of(points[i, 0], points[i, 1], frame, len(runs.first) - 1)
        inside[i] = region != NOWHERE and region_at(runs, row, column) == region
    return inside


@compiled
def paint(mask: Mask, runs: Runs, region: int, value: int) -> None:
    """Write a value into the cells of a region."""
    first, begin, end, regions = runs
    for row in range(len(mask)):
        for run in range(first[row], first[row + 1]):
            if regions[run] == region:
                mask[row, begin[run] : end[run]] = value


@compiled
def any_set(mask: Mask, points: Floats, pose: Placed, frame: Frame) -> bool:
    """Return whether a mask is set at one of these points (n, 2) of the frame of a pose (m)."""
    x, y, c, s = pose
    for i in range(len(points)):
        at_x, at_y = points[i, 0] * c - points[i, 1] * s, points[i, 0] * s + points[i, 1] * c
        row, column = cell_of(at_x + x, at_y + y, frame, len(mask))
        if mask[row, column] != 0:
            return True
    return False
