"""Rasters: the image input of a model, rendered from footprints without OpenGL.

Data sets, training and inference share this code. A state is first rasterised on the grid of
`namo.scenes.grid` (2 cm cells, one bit per channel); a pixel of a raster then averages the cells at
a lattice of sample points, which anti-aliases edges.

There are two frames:

- *push* frame: origin at the movable's centre, x along the push direction. All sides of a movable
  then look alike, so the network generalises over push directions.
- *object* frame: the frame of the movable itself, at a coarser scale.

All lengths are those of a robot of `ROBOT_RADIUS_M`: a scene with another robot is shown as if it
were scaled until its robot has this radius, so that a model meets the same doors and boxes, in
units of the robot, at any scale.
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
"""Content of the channels; 255 means the whole pixel:

- walls: covered by a wall, or outside the bounds;
- movables: covered by a movable other than the queried one;
- object: covered by the queried movable;
- reached: reachable by the robot's centre;
- goal_region: free cells connected to the robot's goal, if the goal is not reachable;
- clear_without_object: would be free for the robot's centre if the queried movable were removed.
"""
GOAL_REGION = 3
"""Mask value of the goal region, in addition to those of `Reachability.mask`."""

Raster = NDArray[np.uint8]

ROBOT_RADIUS_M = 0.15
"""Radius of the robot that models see (m)."""
POINTS = 3
"""Sample points along each side of a pixel."""
SPREAD = np.array(
    [sum(1 << (8 * bit) for bit in range(8) if cell >> bit & 1) for cell in range(256)], np.uint64
)
"""Maps the bits of a cell to one byte each, so that one sum counts all channels."""


class View(NamedTuple):
    """Region of a frame that a raster shows.

    Attributes:
        pixels: side of the raster.
        metres_per_pixel: side of a pixel (m).
        behind: extent behind the origin, along -x (m); in y the view is centred.
    """

    pixels: int
    metres_per_pixel: float
    behind: float

    def scaled(self, factor: float) -> View:
        """Return the view of a region that is larger by a factor, in as many pixels."""
        return View(self.pixels, self.metres_per_pixel * factor, self.behind * factor)


VIEWS = {"push": View(48, 0.06, 0.96), "object": View(48, 0.1, 2.4)}
"""View per frame, of a scene with a robot of `ROBOT_RADIUS_M`."""


@dataclass(frozen=True, eq=False)
class StateRaster:
    """Rasterised state, shared by all queries about it."""

    reachability: Reachability

    @property
    def scale(self) -> float:
        """Radius of the robot, in units of `ROBOT_RADIUS_M`."""
        return self.reachability.static.scene.robot.radius / ROBOT_RADIUS_M

    @cached_property
    def _regions(self) -> Mask:
        """Mask of the state with the goal region marked."""
        mask, connected = self.reachability.mask.copy(), self.reachability.connected
        goal = self.reachability.static.goal_cells
        paint_regions_of(mask, connected.runs, *goal, connected.region, GOAL_REGION)
        return mask

    @cached_property
    def _shared(self) -> Mask:
        """Channels that are the same for all movables, one bit each."""
        regions = self._regions
        shared = self.reachability.static.solid_walls.copy()
        shared |= (regions == REACHED).view(np.uint8) << 3
        shared |= (regions == GOAL_REGION).view(np.uint8) << 4
        return shared

    def cells(self, name: str) -> Mask:
        """Return the grid cells for a query about a movable.

        Args:
            name: of the movable.

        Returns:
            Cells in the shape of a mask; bit i is channel i.
        """
        static, around = self.reachability.static, self.reachability.obstacles_excluding(name)
        own = np.zeros_like(self._shared)
        static.solid.placed_alone(static.index[name], self.reachability.poses[name]).draw(own)
        cells: Mask = self._shared.copy()
        for bit, mask in ((1, around.others), (2, own), (5, around.free.blocked ^ 1)):
            cells |= np.left_shift(mask, bit, dtype=np.uint8)
        return cells


def render(state: StateRaster, name: str, frame: str, headings: Floats) -> Raster:
    """Render the rasters of a query about a movable.

    Args:
        state: rasterised state.
        name: of the movable.
        frame: key of `VIEWS`.
        headings: (n,) world direction of the x axis of each raster (rad).

    Returns:
        (n, channels, pixels, pixels); rows along y, columns along x.
    """
    pose, view = state.reachability.poses[name], VIEWS[frame].scaled(state.scale)
    grid = state.reachability.static.grid
    rasters = np.empty((len(headings), len(CHANNELS), view.pixels, view.pixels), np.uint8)
    sample(rasters, state.cells(name), grid.frame, (pose.x, pose.y), headings, view, POINTS)
    return rasters


def warm_up_kernels() -> None:
    """Compile or load the kernels of this module, so that no timed search pays for it."""
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
    """Write a value into the regions that contain the given cells (n,), except `other_than`."""
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
        rasters: (n, channels, pixels, pixels), overwritten.
        cells: see `StateRaster.cells`; points outside the grid read the nearest cell.
        frame: of the grid.
        centre: origin of the rasters in the world frame (m).
        headings: (n,) world direction of the x axis of each raster (rad).
        view: region that a raster shows.
        points: sample points along each side of a pixel.
    """
    pixels, side, behind = view
    half = pixels * side / 2
    channels = rasters.shape[1]
    rows, columns = cells.shape
    x_min, y_min, resolution, _ = frame
    step = side / points / resolution  # from here on in units of cells
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
