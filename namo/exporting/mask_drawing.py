"""Masks: a state and a push from above, drawn on the collector's own grid.

Everything is drawn as reachability sees it (2 cm cells, borders of walls and movables rounded
outwards); a pixel takes what most of the cells below it are.
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
    "movable": "covered by a movable, the pushed one included",
    "static": "covered by a wall, or outside the bounds of the scene",
    "reachable": "the robot's centre can get there",
    "object": "covered by the movable that is pushed",
    "target": "covered by it at the pose it is to have",
}
"""What each mask shows, in the order of the bits of a cell."""

PIXELS = 224
"""Along each side of a mask."""

_HALF = 128


@dataclass(frozen=True)
class Square:
    """The square of the world that masks show, axes along those of the world.

    Attributes:
        x_min: of its lower left corner, which is that of pixel [0, 0] (m).
        y_min: likewise.
        metres_per_pixel: side of a pixel (m).
    """

    x_min: float
    y_min: float
    metres_per_pixel: float

    @classmethod
    def around(cls, bounds: Bounds, metres_per_pixel: float | None = None) -> Square:
        """Return the square with the same centre as the bounds.

        Args:
            bounds: of the scene.
            metres_per_pixel: side of a pixel (m); None where the square is to be just as large as
                the longer side of the bounds.
        """
        width, height = bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min
        pixel = metres_per_pixel or max(width, height) / PIXELS
        half = pixel * PIXELS / 2
        x, y = (bounds.x_min + bounds.x_max) / 2, (bounds.y_min + bounds.y_max) / 2
        return cls(x - half, y - half, pixel)

    def holds(self, bounds: Bounds) -> bool:
        """Return whether the bounds are inside, but for a rounding error."""
        size = max(bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min)
        return size <= self.metres_per_pixel * PIXELS * (1 + 1e-9)


def draw_masks(reachability: Reachability, name: str, target: Pose2D, square: Square) -> Raster:
    """Draw a state and a push.

    Args:
        reachability: of the state.
        name: of the movable that is pushed.
        target: the pose it is to have, world frame.
        square: what to show.

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
    for what, pose in (("object", poses[name]), ("target", target)):
        static.solid.placed_alone(static.index[name], pose).draw(layer[what])
    cells = np.zeros_like(static.walls)
    for bit, drawn in enumerate(layers):
        cells |= drawn << bit
    half = square.metres_per_pixel * PIXELS / 2
    centre = square.x_min + half, square.y_min + half
    masks = np.empty((1, len(CHANNELS), PIXELS, PIXELS), np.uint8)
    view = View(PIXELS, square.metres_per_pixel, behind=half)
    sample(masks, cells, grid.frame, centre, np.zeros(1), view, POINTS)
    drawn_masks: Raster = (masks[0] >= _HALF).view(np.uint8)
    return drawn_masks
