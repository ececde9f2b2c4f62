"""Top-down masks of a state and a push, drawn on the collector's reachability grid.

A pixel takes the value of the majority of the cells it covers.
"""

from __future__ import annotations

import numpy as np

from namo.geometry import Pose2D
from namo.learning.rasters import Raster
from namo.learning.top_view import LAYERS, Window, sample_layers, state_layers
from namo.world.reachability import Reachability

CHANNELS = {
    **LAYERS,
    "movable": "covered by a movable, including the pushed one",
    "object": "covered by the pushed movable",
    "target": "covered by the pushed movable at its target pose; of a straight push, where it led",
}
"""Meaning of each mask."""

PIXELS = 224
"""Side length of a mask (pixels)."""

_HALF = 128
"""Threshold of a sampled pixel (0 to 255)."""


def draw_masks(reachability: Reachability, name: str, target: Pose2D, window: Window) -> Raster:
    """Draw the masks of a state and a push.

    Args:
        reachability: of the state.
        name: of the pushed movable.
        target: its target pose, world frame.
        window: to draw.

    Returns:
        (channels, pixels, pixels), 0 or 1; rows along y, columns along x.
    """
    static = reachability.static
    layers = state_layers(reachability)
    for channel, pose in (("object", reachability.poses[name]), ("target", target)):
        layers[channel] = np.zeros_like(static.walls)
        static.solid.placed_alone(static.index[name], pose).draw(layers[channel])
    images = sample_layers([layers[channel] for channel in CHANNELS], static.grid, window)
    masks: Raster = (images >= _HALF).view(np.uint8)
    return masks
