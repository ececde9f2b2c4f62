"""Top-down masks of a state and a push, drawn on the collector's reachability grid.

Cells are 2 cm; borders of walls and movables are rounded outwards. A pixel takes the value of the
majority of the cells it covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namo.geometry import Pose2D
from namo.learning.rasters import POINTS, Raster, View, sample
from namo.scenes.scene import Bounds
from namo.world.reachability import REACHED, Reachability

CHANNELS = {
    "robot": "disc of the robot",
    "goal": "disc around the robot's goal; the goal counts as reached from any cell in it",
    "movable": "covered by a movable, including the pushed one",
    "static": "covered by a wall, or outside the bounds of the scene",
    "reachable": "positions that the robot's centre can reach",
    "object": "covered by the pushed movable",
    "target": "covered by the pushed movable at its target pose; of a straight push, where it led",
}
"""Meaning of each mask, in the order of the bits of a cell."""

PIXELS = 224
"""Side length of a mask (pixels)."""

_HALF = 128
"""Threshold of a sampled pixel (0 to 255)."""


@dataclass(frozen=True)
class MaskWindow:
    """The square that masks show, aligned with the world axes.

    Attributes:
        x_min: of its lower left corner, which is that of pixel [0, 0] (m).
        y_min: likewise.
        metres_per_pixel: side of a pixel (m).
    """

    x_min: float
    y_min: float
    metres_per_pixel: float

    @classmethod
    def around(cls, bounds: Bounds, metres_per_pixel: float | None = None) -> MaskWindow:
        """Return the window centred on the bounds.

        Args:
            bounds: of the scene.
            metres_per_pixel: side of a pixel (m); None to fit the longer side of the bounds.
        """
        width, height = bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min
        pixel = metres_per_pixel or max(width, height) / PIXELS
        half = pixel * PIXELS / 2
        x, y = (bounds.x_min + bounds.x_max) / 2, (bounds.y_min + bounds.y_max) / 2
        return cls(x - half, y - half, pixel)

    def contains(self, bounds: Bounds) -> bool:
        """Return whether bounds of the same centre are inside, up to rounding errors."""
        size = max(bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min)
        return size <= self.metres_per_pixel * PIXELS * (1 + 1e-9)


def draw_masks(reachability: Reachability, name: str, target: Pose2D, window: MaskWindow) -> Raster:
    """Draw the masks of a state and a push.

    Args:
        reachability: of the state.
        name: of the pushed movable.
        target: its target pose, world frame.
        window: to draw.

    Returns:
        (channels, PIXELS, PIXELS), 0 or 1; rows along y, columns along x.
    """
    static, poses = reachability.static, reachability.poses
    grid, robot = static.grid, poses["robot"]
    layers = np.zeros((len(CHANNELS), *static.walls.shape), np.uint8)
    layer = dict(zip(CHANNELS, layers, strict=True))
    layer["robot"][grid.disc(robot.x, robot.y, static.scene.robot.radius)] = 1
    layer["goal"][static.goal_cells] = 1
    layer["movable"][:] = reachability.obstacles_excluding(None).others
    layer["static"][:] = static.solid_walls
    layer["reachable"][:] = reachability.mask == REACHED
    for channel, pose in (("object", poses[name]), ("target", target)):
        static.solid.placed_alone(static.index[name], pose).draw(layer[channel])
    cells = np.zeros_like(static.walls)
    for bit, drawn in enumerate(layers):
        cells |= drawn << bit
    half = window.metres_per_pixel * PIXELS / 2
    centre = window.x_min + half, window.y_min + half
    masks = np.empty((1, len(CHANNELS), PIXELS, PIXELS), np.uint8)
    view = View(PIXELS, window.metres_per_pixel, behind=half)
    sample(masks, cells, grid.frame, centre, np.zeros(1), view, POINTS)
    drawn_masks: Raster = (masks[0] >= _HALF).view(np.uint8)
    return drawn_masks
