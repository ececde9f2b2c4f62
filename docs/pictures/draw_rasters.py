"""Draw docs/pictures/rasters.png: the model inputs for movables in some demo scenes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from namo.learning.rasters import CHANNELS, Raster, StateRaster, render
from namo.scenes.reading import read_scene
from namo.scenes.sources import DEMO_SCENES
from namo.world.world import World

SCENES = (1, 4, 6, 7, 9, 13)
COLOURS = {
    "walls": (0.35, 0.35, 0.35),
    "movables": (0.0, 0.45, 0.45),
    "object": (0.10, 0.25, 0.85),
    "reached": (0.55, 0.80, 0.45),
    "goal_region": (0.90, 0.45, 0.35),
}
TITLES = ("push along +x", "along +y", "along -x", "along -y", "object frame")


def to_rgb(raster: Raster) -> NDArray[np.float64]:
    """Return an RGB image (pixels, pixels, 3) of a raster, later channels over earlier ones."""
    picture = np.ones((*raster.shape[1:], 3))
    for name in ("reached", "goal_region", "walls", "movables", "object"):
        opacity = raster[CHANNELS.index(name)][..., None] / 255.0
        picture += opacity * (np.array(COLOURS[name]) - picture)
    return picture


def main() -> None:
    """Draw the picture into the folder of this file."""
    figure = Figure(figsize=(7.5, 9.0), layout="constrained")
    panels = figure.subplots(len(SCENES), len(TITLES))
    for row, number in zip(panels, SCENES, strict=True):
        world = World(read_scene(DEMO_SCENES.parent / f"scene_{number:07d}.xml"))
        reachability = world.reachability()
        name = reachability.reachable_objects[0]
        theta = reachability.poses[name].theta
        picture = StateRaster(reachability)
        headings = theta + np.arange(4) * math.pi / 2
        rasters = [
            *render(picture, name, "push", headings),
            *render(picture, name, "object", np.array([theta])),
        ]
        for panel, raster in zip(row, rasters, strict=True):
            panel.imshow(to_rgb(raster), origin="lower", interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
    for panel, title in zip(panels[0], TITLES, strict=True):
        panel.set_title(title, fontsize=9)
    figure.savefig(Path(__file__).with_name("rasters.png"), dpi=80)


if __name__ == "__main__":
    main()
