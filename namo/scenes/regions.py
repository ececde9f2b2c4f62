"""Free regions: where a disc of some radius can be, split into parts it cannot cross between.

Drawn on the same conservative grid as reachability (`namo.scenes.grid`), so a region here is what
the collector lets the robot drive in.
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
"""A robot that touches a box stands in a blocked cell; it counts from the nearest free cell this
near, to which it can back off."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The free regions of a floor plan.

    Attributes:
        grid: what they are drawn on.
        labels: (rows + 2, columns + 2) int32, 0 where blocked, otherwise the region's number.
        cells: (regions + 1,) how many cells each has; 0 for number 0.
    """

    grid: Grid
    labels: Labels
    cells: NDArray[np.int64]

    @property
    def areas(self) -> Floats:
        """(regions + 1,) m²."""
        areas: Floats = self.cells.astype(np.float64) * self.grid.resolution**2
        return areas

    def at(self, points: Floats) -> Labels:
        """Return the regions (...) that world points (..., 2) (m) lie in; 0 where blocked."""
        return np.asarray(self.labels[self.grid.cells(points)])


def blocked_cells(grid: Grid, solids: Iterable[Solid], radius: float) -> Mask:
    """Return the mask of cells in which a disc would touch one of the solids.

    Args:
        grid: to draw on.
        solids: at their own poses.
        radius: of the disc (m).
    """
    mask = grid.blank()
    for solid in solids:
        grid.fill(mask, solid.pose, inflated(solid.footprint, radius + SKIN_M))
    return mask


def free_regions(bounds: Bounds, solids: Iterable[Solid], radius: float) -> Regions:
    """Return the regions in which a disc can move between solids (eight neighbours).

    Args:
        bounds: beyond which nothing is free.
        solids: in the way.
        radius: of the disc (m).

    Raises:
        SceneError: the bounds are too large for the grid.
    """
    grid = Grid.over(bounds)
    return regions_of(grid, blocked_cells(grid, solids, radius))


def regions_of(grid: Grid, blocked: Mask) -> Regions:
    """Return the connected regions of the cells that are not blocked."""
    count, labels = cv2.connectedComponents((blocked == 0).astype(np.uint8), connectivity=8)
    cells = np.bincount(labels.ravel(), minlength=count)
    cells[0] = 0
    return Regions(grid, labels, cells)
