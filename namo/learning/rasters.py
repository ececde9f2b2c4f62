"""Rasters: what a model sees of a state, drawn from footprints, without OpenGL.

One code draws for data sets, training and running. Everything is first drawn on the grid of
`namo.scenes.grid` (2 cm cells, a bit for each channel); a pixel of a raster then averages the cells
at a lattice of points all over it, so an edge is grey where it passes through a pixel.

Two frames are drawn in:

- *push* frame: origin at the movable's centre, x along the direction in which it is pushed. The
  sides of a movable then look alike, and what is learned of one serves all.
- *object* frame: that of the movable itself, at a coarser scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from namo.compiled import compiled
from namo.geometry import Floats
from namo.scenes.grid import Cells, Frame, Mask
from namo.world.free_runs import NO_REGION, Runs, paint, region_at
from namo.world.reachability import REACHED, Reachability

CHANNELS = ("walls", "movables", "object", "reached", "goal_region", "clear_without_object")
"""What each channel holds, 255 for all of a pixel:

- walls: covered by a wall, or outside the bounds;
- movables: covered by a movable other than the one asked about;
- object: covered by that one;
- reached: the robot's centre can get there;
- goal_region: free cells from which the robot's goal can be reached, where it is not reached;
- clear_without_object: the robot's centre would be free there if the object were gone.
"""
GOAL_REGION = 3
"""What the mask of a state holds in the goal's region, beside those of `Reachability.mask`."""

Raster = NDArray[np.uint8]

POINTS = 3
"""Along each side of a pixel, where cells are looked up."""
SPREAD = np.array(
    [sum(1 << (8 * bit) for bit in range(8) if cell >> bit & 1) for cell in range(256)], np.uint64
)
"""The bits of a cell, one in each byte, so that one sum counts all channels."""


class View(NamedTuple):
    """Which part of a frame a raster shows.

    Attributes:
        pixels: along each side.
        metres_per_pixel: side of a pixel (m).
        behind: how far the view reaches back along x (m); in y it is centred.
    """

    pixels: int
    metres_per_pixel: float
    behind: float


VIEWS = {"push": View(48, 0.06, 0.96), "object": View(48, 0.1, 2.4)}
"""The frames by name."""


@dataclass(frozen=True, eq=False)
class StatePicture:
    """What is drawn once of a state and shared by all questions about it."""

    reachability: Reachability

    @cached_property
    def _regions(self) -> Mask:
        """The mask of the state with the goal's region in it."""
        mask, connected = self.reachability.mask.copy(), self.reachability.connected
        goal = self.reachability.static.goal_cells
        paint_regions_of(mask, connected.runs, *goal, connected.region, GOAL_REGION)
        return mask

    @cached_property
    def _shared(self) -> Mask:
        """The channels that are the same for all movables, a bit each."""
        regions = self._regions
        shared = self.reachability.static.solid_walls.copy()
        shared |= (regions == REACHED).view(np.uint8) << 3
        shared |= (regions == GOAL_REGION).view(np.uint8) << 4
        return shared

    def cells(self, name: str) -> Mask:
        """Return the cells of the grid as a question about a movable sees them.

        Args:
            name: of the movable.

        Returns:
            Of the shape of a mask; bit number i is channel number i.
        """
        static, around = self.reachability.static, self.reachability.obstacles_excluding(name)
        own = np.zeros_like(self._shared)
        static.solid.placed_alone(static.index[name], self.reachability.poses[name]).draw(own)
        cells: Mask = self._shared.copy()
        for bit, mask in ((1, around.others), (2, own), (5, around.free.blocked ^ 1)):
            cells |= np.left_shift(mask, bit, dtype=np.uint8)
        return cells


def draw(picture: StatePicture, name: str, frame: str, headings: Floats) -> Raster:
    """Draw what a question about a movable shows.

    Args:
        picture: of the state.
        name: of the movable.
        frame: one of `VIEWS`.
        headings: (n,) world direction of the x axis of each raster (rad).

    Returns:
        (n, channels, pixels, pixels); rows along y, columns along x.
    """
    pose, view = picture.reachability.poses[name], VIEWS[frame]
    grid = picture.reachability.static.grid
    rasters = np.empty((len(headings), len(CHANNELS), view.pixels, view.pixels), np.uint8)
    sample(rasters, picture.cells(name), grid.frame, (pose.x, pose.y), headings, view, POINTS)
    return rasters


def compile_ahead() -> None:
    """Have the compiled loops of this module at hand before a search runs against the clock."""
    cells, nothing = np.zeros((3, 3), np.uint8), np.zeros(0, np.int32)
    runs = Runs(np.zeros(4, np.int32), nothing, nothing, nothing)
    nowhere = np.zeros(0, np.intp)
    paint_regions_of(cells, runs, nowhere, nowhere, 0, GOAL_REGION)
    raster = np.empty((1, len(CHANNELS), 1, 1), np.uint8)
    sample(raster, cells, (0.0, 0.0, 0.02, 3), (0.0, 0.0), np.zeros(1), View(1, 0.02, 0.0), 1)


@compiled
def paint_regions_of(
    mask: Mask, runs: Runs, rows: Cells, columns: Cells, other_than: int, value: int
) -> None:
    """Write a value into the cells of all regions that these cells (n,) are in, but for one."""
    last = NO_REGION
    for i in range(len(rows)):
        region = region_at(runs, rows[i], columns[i])
        if region not in (NO_REGION, other_than, last):
            paint(mask, runs, region, value)
            last = region


@compiled
def sample(
    rasters: Raster,
    cells: Mask,
    frame: Frame,
    centre: tuple[float, float],
    headings: Floats,
    view: View,
    points: int,
) -> None:
    """Sample cells into rasters.

    Args:
        rasters: (n, channels, pixels, pixels), written to.
        cells: as `StatePicture.cells` gives them; those outside are as the nearest inside.
        frame: of their grid.
        centre: where the rasters have their origin, world frame (m).
        headings: (n,) world direction of their x axes (rad).
        view: what they show.
        points: along each side of a pixel.
    """
    pixels, side, behind = view
    half = pixels * side / 2
    channels = rasters.shape[1]
    rows, columns = cells.shape
    x_min, y_min, resolution, _ = frame
    step = side / points / resolution  # all from here in cells of the grid
    counts = np.empty((pixels, pixels), np.uint64)
    value = np.array([round(255.0 * n / points**2) for n in range(points**2 + 1)]).astype(np.uint8)
    for n in range(len(headings)):
        c, s = math.cos(headings[n]), math.sin(headings[n])
        x0, y0 = side / points / 2 - behind, side / points / 2 - half
        u0 = (centre[0] + c * x0 - s * y0 - x_min) / resolution + 1.0
        v0 = (centre[1] + s * x0 + c * y0 - y_min) / resolution + 1.0
        counts[:] = 0
        for i in range(pixels):
            for k in range(points):
                u_row = u0 - s * step * (i * points + k)
                v_row = v0 + c * step * (i * points + k)
                for j in range(pixels):
                    count = np.uint64(0)
                    for m in range(points):
                        u = u_row + c * step * (j * points + m)
                        v = v_row + s * step * (j * points + m)
                        column = min(max(int(u), 0), columns - 1)
                        row = min(max(int(v), 0), rows - 1)
                        count += SPREAD[cells[row, column]]
                    counts[i, j] += count
        for channel in range(channels):
            shift = np.uint64(8 * channel)
            for i in range(pixels):
                for j in range(pixels):
                    rasters[n, channel, i, j] = value[(counts[i, j] >> shift) & np.uint64(255)]
