"""A whole state from above, as images drawn on the collector's reachability grid.

Cells are 2 cm; borders of walls and movables are rounded outwards. Exported masks and the
observations of the Gymnasium environment share these layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namo.learning.rasters import POINTS, Raster, View, sample
from namo.scenes.grid import Grid, Mask
from namo.scenes.scene import Bounds
from namo.world.reachability import REACHED, Reachability

LAYERS = {
    "robot": "disc of the robot",
    "goal": "disc around the robot's goal; the goal counts as reached from any cell in it",
    "movable": "covered by a movable",
    "static": "covered by a wall, or outside the bounds of the scene",
    "reachable": "positions that the robot's centre can reach",
}
"""Meaning of each layer of a state."""


@dataclass(frozen=True)
class Window:
    """The square that images show, aligned with the world axes.

    Attributes:
        x_min: of its lower left corner, which is that of pixel [0, 0] (m).
        y_min: likewise.
        metres_per_pixel: side of a pixel (m).
        pixels: side of the images.
    """

    x_min: float
    y_min: float
    metres_per_pixel: float
    pixels: int

    @classmethod
    def around(cls, bounds: Bounds, pixels: int, metres_per_pixel: float | None = None) -> Window:
        """Return the window centred on the bounds.

        Args:
            bounds: of the scene.
            pixels: side of the images.
            metres_per_pixel: side of a pixel (m); None to fit the longer side of the bounds.
        """
        width, height = bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min
        pixel = metres_per_pixel or max(width, height) / pixels
        half = pixel * pixels / 2
        x, y = (bounds.x_min + bounds.x_max) / 2, (bounds.y_min + bounds.y_max) / 2
        return cls(x - half, y - half, pixel, pixels)

    def contains(self, bounds: Bounds) -> bool:
        """Return whether bounds of the same centre are inside, up to rounding errors."""
        size = max(bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min)
        return size <= self.metres_per_pixel * self.pixels * (1 + 1e-9)


def state_layers(reachability: Reachability) -> dict[str, Mask]:
    """Return the layers of a state by name in `LAYERS`, each a mask of the grid, 0 or 1."""
    static, robot = reachability.static, reachability.poses["robot"]
    layers = {name: np.zeros_like(static.walls) for name in ("robot", "goal")}
    layers["robot"][static.grid.disc(robot.x, robot.y, static.scene.robot.radius)] = 1
    layers["goal"][static.goal_cells] = 1
    return {
        **layers,
        "movable": reachability.obstacles_excluding(None).others,
        "static": static.solid_walls,
        "reachable": (reachability.mask == REACHED).view(np.uint8),
    }


def sample_layers(layers: Sequence[Mask], grid: Grid, window: Window) -> Raster:
    """Draw layers into images, with smooth edges.

    Args:
        layers: masks of the grid, at most 8.
        grid: of the scene.
        window: to draw.

    Returns:
        (layers, pixels, pixels); 255 means the whole pixel. Rows go along y, columns along x.
    """
    cells = np.zeros_like(layers[0])
    for bit, layer in enumerate(layers):
        cells |= layer << bit
    half = window.metres_per_pixel * window.pixels / 2
    centre = window.x_min + half, window.y_min + half
    images = np.empty((1, len(layers), window.pixels, window.pixels), np.uint8)
    view = View(window.pixels, window.metres_per_pixel, behind=half)
    sample(images, cells, grid.frame, centre, np.zeros(1), view, POINTS)
    drawn: Raster = images[0]
    return drawn
