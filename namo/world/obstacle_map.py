"""The obstacles around one movable: walls and other movables, as masks and free runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from namo.geometry import Floats, Pose2D, placed
from namo.scenes.grid import Mask
from namo.world.free_space import FreeSpace
from namo.world.grid_lookup import any_set
from namo.world.outlines import Outlines


class ObstacleMap:
    """The obstacles around one movable, independent of where that movable itself is.

    Attributes:
        free: where the robot's centre can be.
    """

    def __init__(self, free: FreeSpace, inside: Floats, solid: Sequence[Outlines]) -> None:
        """Keep what was drawn.

        Args:
            free: where the robot's centre can be among walls and other movables.
            inside: (n, 2) points that cover the movable, in its frame (m).
            solid: outlines of the other movables themselves, not inflated.
        """
        self.free, self._inside, self._solid = free, inside, solid

    @cached_property
    def others(self) -> Mask:
        """The mask (rows + 2, columns + 2) of the cells that other movables cover."""
        mask = np.zeros_like(self.free.blocked)
        for outlines in self._solid:
            outlines.draw(mask)
        return mask

    def is_clear(self, pose: Pose2D) -> bool:
        """Return whether the movable at a world pose would not overlap any other movable."""
        return not any_set(self.others, self._inside, placed(pose), self.free.grid.frame)
