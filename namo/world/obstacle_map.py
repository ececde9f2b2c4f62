"""What stands around one movable: the walls and the other movables, as masks and free runs.

Looking for a push asks about many places of the same box while all else stays where it is. So the
rest is drawn once and kept for as long as it is drawn the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from namo.compiled import compiled
from namo.geometry import Floats, Pose2D, placed
from namo.scenes.footprint import Footprint
from namo.scenes.grid import FIXED_POINT_BITS, Frame, Grid, Mask, inflated
from namo.world.free_space import FreeSpace, Indices, Outlines, any_set

KEPT = 4
"""Surroundings that are kept for when they are asked for again."""


class OutlineTable:
    """Outlines of all movables of a scene, to be placed on the grid in one call."""

    def __init__(self, grid: Grid, footprints: Iterable[Footprint], by: float) -> None:
        """Draw up the table.

        Args:
            grid: to place them on.
            footprints: of the movables.
            by: how far around the footprints the outlines go (m).
        """
        self._grid = grid
        corners: list[Floats] = [np.empty((0, 2))]
        owners: list[int] = []
        self._rows: list[slice] = []  # of each movable
        self._parts: list[list[slice]] = []  # convex outlines in these
        for movable, footprint in enumerate(footprints):
            outlines = inflated(footprint, by)
            ends = np.cumsum([0, *map(len, outlines)]).tolist()
            self._parts.append([slice(a, b) for a, b in pairwise(ends)])
            self._rows.append(slice(len(owners), len(owners) + ends[-1]))
            corners += outlines
            owners += [movable] * ends[-1]
        self._corners, self._owners = np.concatenate(corners), np.array(owners, np.int32)
        self._nobody = np.zeros_like(self._owners)

    def placed(self, poses: Floats) -> list[Outlines]:
        """Return the outlines of all movables at their world poses (n, 3) x, y (m), theta (rad)."""
        pixels = _pixels(self._corners, self._owners, poses, self._grid.frame)
        return [
            Outlines(pixels[rows], parts)
            for rows, parts in zip(self._rows, self._parts, strict=True)
        ]

    def placed_alone(self, movable: int, pose: Pose2D) -> Outlines:
        """Return the outlines of one movable at a world pose."""
        rows = self._rows[movable]
        corners, owners = self._corners[rows], self._nobody[rows]
        pixels = _pixels(corners, owners, np.array([pose]), self._grid.frame)
        return Outlines(pixels, self._parts[movable])


@compiled
def _pixels(corners: Floats, owners: Indices, poses: Floats, frame: Frame) -> Indices:
    """Return corners in fixed-point pixels, as `Grid.fill` places them."""
    x_min, y_min, resolution, _ = frame
    pixels = np.empty(corners.shape, np.int32)
    owner = -1
    for i in range(len(corners)):
        if owners[i] != owner:
            owner = owners[i]
            x, y, theta = poses[owner]
            c, s = math.cos(theta), math.sin(theta)
        at_x = corners[i, 0] * c - corners[i, 1] * s + x
        at_y = corners[i, 0] * s + corners[i, 1] * c + y
        pixels[i, 0] = round(((at_x - x_min) / resolution + 0.5) * (1 << FIXED_POINT_BITS))
        pixels[i, 1] = round(((at_y - y_min) / resolution + 0.5) * (1 << FIXED_POINT_BITS))
    return pixels


class Surroundings:
    """What stands around one movable, wherever that movable itself is.

    Attributes:
        free: where the robot's centre can be.
    """

    def __init__(self, free: FreeSpace, inside: Floats, solid: Sequence[Outlines]) -> None:
        """Take what is drawn.

        Args:
            free: where the robot's centre can be among walls and other movables.
            inside: (n, 2) points all over the movable, in its frame (m).
            solid: outlines of the other movables themselves.
        """
        self.free, self._inside, self._solid = free, inside, solid

    @cached_property
    def others(self) -> Mask:
        """The mask (rows + 2, columns + 2) of the cells that other movables cover."""
        mask = np.zeros_like(self.free.blocked)
        for outlines in self._solid:
            outlines.draw(mask)
        return mask

    def leaves_room(self, pose: Pose2D) -> bool:
        """Return whether the movable at a world pose would be clear of the other movables."""
        return not any_set(self.others, self._inside, placed(pose), self.free.grid.frame)
