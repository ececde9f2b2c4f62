"""Free regions: the connected components of the free space of a disc.

They use the same conservative grid as reachability (`namo.scenes.grid`), so that a region is what
the robot can drive in during collection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from namo.geometry import Floats
from namo.scenes.grid import SKIN_M, Grid, Mask, inflated
from namo.scenes.scene import Bounds, Solid

Labels = NDArray[np.int32]

BACK_OFF_M = 0.06
"""The centre of a robot that touches a box is in a blocked cell; the robot can back off to the
nearest free cell within this distance."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The free regions of a floor plan.

    Attributes:
        grid: that they are rasterised on.
        labels: (rows + 2, columns + 2) int32, 0 where blocked, otherwise the number of the region.
        cells: (regions + 1,) number of cells of each region; 0 for number 0.
    """

    grid: Grid
    labels: Labels
    cells: NDArray[np.int64]

    @property
    def areas(self) -> Floats:
        """Areas (regions + 1,) of the regions (m²)."""
        areas: Floats = self.cells.astype(np.float64) * self.grid.resolution**2
        return areas

    def at(self, points: Floats) -> Labels:
        """Return the numbers (...) of the regions at world points (..., 2) (m); 0 where blocked."""
        return np.asarray(self.labels[self.grid.cells(points)])


def blocked_cells(grid: Grid, solids: Iterable[Solid], radius: float) -> Mask:
    """Return the mask of cells in which a disc would touch one of the solids.

    Args:
        grid: of the mask.
        solids: at their poses in the scene.
        radius: of the disc (m).
    """
    mask = grid.blank()
    for solid in solids:
        grid.fill(mask, solid.pose, inflated(solid.footprint, radius + SKIN_M))
    return mask


def free_regions(bounds: Bounds, solids: Iterable[Solid], radius: float) -> Regions:
    """Return the regions in which a disc can move between solids, with 8-connected cells.

    Args:
        bounds: everything outside is blocked.
        solids: obstacles.
        radius: of the disc (m).

    Raises:
        SceneError: the bounds are too large for the grid.
    """
    grid = Grid.over(bounds)
    return regions_of(grid, blocked_cells(grid, solids, radius))


def regions_of(grid: Grid, blocked: Mask) -> Regions:
    """Return the 8-connected regions of the free cells of a mask."""
    count, labels = cv2.connectedComponents((blocked == 0).astype(np.uint8), connectivity=8)
    cells = np.bincount(labels.ravel(), minlength=count)
    cells[0] = 0
    return Regions(grid, labels, cells)
