"""What the folder of masks says of itself."""

from __future__ import annotations

from namo.exporting.exporter import Export
from namo.exporting.mask_drawing import CHANNELS, PIXELS
from namo.exporting.settings import PLAN
from namo.version import __version__

COLUMNS = {
    "env_id": "environment, as in the tables of the collection",
    "episode_id": "episode, likewise",
    "push": "number of the push in the search of its episode",
    "depth": "pushes from the start when it was tried, this one included",
    "scene_sha256": "hash of the scene file",
    "difficulty": "class of the scene; empty where it is not known",
    "object_id": "movable that is pushed",
    "status": "how the push ended",
    "goal_open": "whether the robot's goal could be reached afterwards",
    "on_plan": "whether it leads along the plan that solved its episode",
    "pose_before": "x, y (m), theta (rad) of the movable, world frame",
    "pose_target": "the pose it was to have",
    "pose_after": "the pose it had afterwards",
    "origin": "x, y (m) of the lower left corner of pixel [0, 0]",
    "metres_per_pixel": "side of a pixel",
}
"""What is known of a sample, beside its masks."""


def readme(export: Export, samples: int, environments: int) -> str:
    """Return `README.md` of a folder of masks.

    Args:
        export: what was asked for.
        samples: that were written.
        environments: that they are from.
    """
    which = (
        "the pushes of the plans that were found, in order"
        if export.settings.pushes == PLAN
        else "all pushes that were simulated, in order"
    )
    scale = (
        "Each scene fills its pictures along its longer side."
        if export.settings.metres_per_pixel is None
        else "All pictures have the same scale, with the scene in their middle."
    )
    lines = [
        f"# Masks of {export.name}",
        "",
        f"{samples:,} samples from {environments:,} environments: {which}. Made by namo-collect "
        f"{__version__}.",
        "",
        "Each `masks-NNNNN.npz` holds an array for each name below; the first index is the sample.",
        "",
        "```python",
        "import numpy",
        "",
        'shard = numpy.load("masks-00000.npz")',
        'seen = numpy.stack([shard[name] for name in ("robot", "goal", "movable", "static")], 1)',
        "```",
        "",
        f"## Masks: ({PIXELS}, {PIXELS}) uint8, 0 or 1",
        "",
        *(f"- `{name}`: {text}" for name, text in CHANNELS.items()),
        "",
        "They are drawn on the grid on which reachability is decided: cells of 2 cm, borders of "
        "walls and movables rounded outwards. A pixel is 1 where most of its cells are.",
        "",
        "## Where a pixel is",
        "",
        "Rows go along y and columns along x of the world, so row 0 is at the bottom "
        f"(`imshow(..., origin='lower')`). {scale} A point of the world is in",
        "",
        "    column = floor((x - origin[0]) / metres_per_pixel)",
        "    row    = floor((y - origin[1]) / metres_per_pixel)",
        "",
        "## What is known of a sample",
        "",
        *(f"- `{name}`: {text}" for name, text in COLUMNS.items()),
    ]
    return "\n".join(lines) + "\n"
