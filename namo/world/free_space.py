"""Free space among fixed obstacles, and what remains of it with one more obstacle somewhere.

Planning pushes moves one box around while everything else stays where it is. The free space among
the rest is therefore computed once, and adding the box reads only the window of cells in which it
is drawn; see `namo.world.free_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from namo.compiled import compiled
from namo.scenes.grid import Frame, Grid, Mask
from namo.scenes.regions import BACK_OFF_M
from namo.world.free_runs import Runs, locate, relabelled, runs_of
from namo.world.outlines import Indices, Outlines


class TemporaryObstacle(NamedTuple):
    """A mask with one more obstacle in it.

    Attributes:
        mask: 1 where the robot's centre cannot be.
        spans: (2, rows) columns (from, to) of each row between which the obstacle lies.
    """

    mask: Mask
    spans: Indices


class Drawings(NamedTuple):
    """Several obstacles, each drawn alone on the same mask.

    Attributes:
        windows: (n, 4) rows (from, to) and columns (from, to) outside which nothing is drawn.
        cells: (m,) the mask in these windows, window after window.
    """

    windows: Indices
    cells: Mask


@dataclass(frozen=True, eq=False)
class Connected:
    """Which cells the robot can reach.

    Attributes:
        runs: of the free cells.
        row: of the mask cell that represents the robot, its own or the nearest free one.
        column: likewise.
        region: the robot's; all three are `NO_REGION` if it is wedged in.
    """

    runs: Runs
    row: int
    column: int
    region: int


class FreeSpace:
    """The free cells among fixed obstacles, and with a temporary obstacle in different places.

    Attributes:
        grid: of the mask.
        blocked: 1 where the robot's centre cannot be, 0 elsewhere.
        runs: of the free cells.
        back_off_m: how far a robot that is in no free cell can back off to one (m).
    """

    def __init__(
        self,
        grid: Grid,
        blocked: Mask,
        runs: Runs | None = None,
        back_off_m: float = BACK_OFF_M,
    ) -> None:
        """Find the runs of a mask.

        Args:
            grid: of the mask.
            blocked: kept, not copied.
            runs: of the same mask, if they are known already.
            back_off_m: see the attribute (m).
        """
        self.grid, self.blocked, self.back_off_m = grid, blocked, back_off_m
        self.runs = runs_of(blocked) if runs is None else runs

    @cached_property
    def scratch(self) -> TemporaryObstacle:
        """The mask without a temporary obstacle, to draw one; whoever does removes it again."""
        return TemporaryObstacle(self.blocked.copy(), np.zeros((2, len(self.blocked)), np.int32))

    def with_obstacles(self, obstacles: Iterable[Outlines]) -> FreeSpace:
        """Return the free space that remains when obstacles are added."""
        blocked = self.blocked.copy()
        spans = np.zeros((2, len(blocked)), np.int32)
        spans[0] = blocked.shape[1]
        for outlines in obstacles:
            outlines.draw(blocked)
            top, bottom, left, right = outlines.window(blocked)
            np.minimum(spans[0, top:bottom], left, out=spans[0, top:bottom])
            np.maximum(spans[1, top:bottom], right, out=spans[1, top:bottom])
        runs = relabelled(blocked, self.runs, spans)
        return FreeSpace(self.grid, blocked, runs, self.back_off_m)

    def connected(self, x: float, y: float, obstacle: Outlines | None) -> Connected:
        """Return what a robot can reach, with one more obstacle.

        Args:
            x: of the robot, world frame (m).
            y: likewise.
            obstacle: None for the free space as it is.
        """
        if obstacle is None:
            where = locate(self.blocked, self.runs, x, y, self.grid.frame, self.back_off_m)
            return Connected(self.runs, *where)
        with self.with_temporary_obstacle(obstacle) as temporary:
            return Connected(
                *connected_with(temporary, self.runs, x, y, self.grid.frame, self.back_off_m)
            )

    def drawings(self, obstacles: Sequence[Outlines]) -> Drawings:
        """Draw each of some obstacles alone."""
        mask = self.scratch.mask
        windows = np.empty((len(obstacles), 4), np.int32)
        cells = [np.empty(0, np.uint8)]
        for number, outlines in enumerate(obstacles):
            top, bottom, left, right = windows[number] = outlines.window(mask)
            outlines.draw(mask)
            window = mask[top:bottom, left:right]
            cells.append(window.flatten())
            window[...] = self.blocked[top:bottom, left:right]
        return Drawings(windows, np.concatenate(cells))

    @contextmanager
    def with_temporary_obstacle(self, obstacle: Outlines) -> Iterator[TemporaryObstacle]:
        """Draw one more obstacle, and remove it again on leaving the context.

        The mask is shared by all uses of this object, so contexts must not be nested.
        """
        scratch = self.scratch
        top, bottom, left, right = obstacle.window(scratch.mask)
        try:
            obstacle.draw(scratch.mask)
            scratch.spans[0, top:bottom], scratch.spans[1, top:bottom] = left, right
            yield scratch
        finally:
            scratch.spans[1, top:bottom] = 0
            scratch.mask[top:bottom, left:right] = self.blocked[top:bottom, left:right]


@compiled
def put(drawings: Drawings, number: int, begin: int, scratch: TemporaryObstacle) -> int:
    """Draw one of the obstacles; `remove` undoes it.

    Args:
        drawings: of the obstacles.
        number: index of the obstacle.
        begin: index of its first cell.
        scratch: where to draw.

    Returns:
        Index of the first cell of the next obstacle.
    """
    top, bottom, left, right = drawings.windows[number]
    scratch.spans[0, top:bottom], scratch.spans[1, top:bottom] = left, right
    for row in range(top, bottom):
        end = begin + right - left
        scratch.mask[row, left:right] = drawings.cells[begin:end]
        begin = end
    return begin


@compiled
def remove(drawings: Drawings, number: int, scratch: TemporaryObstacle, blocked: Mask) -> None:
    """Undo `put`; `blocked` is the mask without the obstacle."""
    top, bottom, left, right = drawings.windows[number]
    scratch.spans[1, top:bottom] = 0
    scratch.mask[top:bottom, left:right] = blocked[top:bottom, left:right]


@compiled
def connected_with(
    obstacle: TemporaryObstacle, runs: Runs, x: float, y: float, frame: Frame, back_off: float
) -> tuple[Runs, int, int, int]:
    """Return the runs with a temporary obstacle, and the result of `locate` for x, y (m) there."""
    runs = relabelled(obstacle.mask, runs, obstacle.spans)
    row, column, region = locate(obstacle.mask, runs, x, y, frame, back_off)
    return runs, row, column, region
