"""A picture of a state from above, without OpenGL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from namo.learning.top_view import Window, sample_layers, state_layers
from namo.scenes.palette import FLOOR, GOAL, MOVABLE, REACHED, ROBOT, WALL
from namo.world.reachability import Reachability

PIXELS = 480
_PAINTED = {
    "reachable": (REACHED, 1.0),
    "static": (WALL, 1.0),
    "movable": (MOVABLE, 1.0),
    "goal": (GOAL, 0.6),
    "robot": (ROBOT, 1.0),
}
"""Layers from bottom to top, with colour and opacity."""


def render_state(reachability: Reachability) -> NDArray[np.uint8]:
    """Return an image (PIXELS, PIXELS, 3) of a state; the first row is the largest y."""
    static, layers = reachability.static, state_layers(reachability)
    window = Window.around(static.scene.bounds, PIXELS)
    drawn = sample_layers([layers[name] for name in _PAINTED], static.grid, window)
    image = np.full((PIXELS, PIXELS, 3), _rgb(FLOOR))
    for coverage, (colour, opacity) in zip(drawn, _PAINTED.values(), strict=True):
        alpha = coverage[..., None] * (opacity / 255.0)
        image += alpha * (_rgb(colour) - image)
    return image[::-1].round().astype(np.uint8)


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], float)
