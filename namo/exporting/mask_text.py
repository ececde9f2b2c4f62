"""The `README.md` of a folder of masks."""

from __future__ import annotations

from namo.exporting.exporter import Export
from namo.exporting.mask_drawing import CHANNELS, PIXELS
from namo.exporting.settings import PLAN
from namo.version import __version__
from namo.world.push import NO_TRAVEL_M, TO_A_POSE

NOT_SEARCHED = -1
"""In place of the number of a push of a plan that the search did not simulate."""
LABELS = {
    "env_id": "environment, as in the tables of the collection",
    "episode_id": "episode, as in the tables of the collection",
    "push": "index of the push in the search of its episode; "
    f"{NOT_SEARCHED} if the search did not push so in this state",
    "depth": "length of the push sequence from the start, including this push",
    "scene_sha256": "hash of the scene file",
    "difficulty": "difficulty class of the scene; empty if unknown",
    "object_id": "pushed movable",
    "contact": f"contact point of a straight push; {TO_A_POSE} for a push to a pose",
    "travel": "how far the robot of a straight push advances (m); "
    f"{NO_TRAVEL_M:g} for a push to a pose",
    "status": "outcome of the push",
    "goal_open": "whether the robot's goal was reachable after the push",
    "on_plan": "whether the push is part of its episode's plan, in an export of all pushes as the "
    "search found it",
    "pose_before": "x, y (m), theta (rad) of the movable, world frame",
    "pose_target": "its target pose; of a straight push the pose it led to",
    "pose_after": "its pose after the push",
    "origin": "x, y (m) of the lower left corner of pixel [0, 0]",
    "metres_per_pixel": "side of a pixel",
}
"""Arrays with one entry per sample beside its masks, and their meaning."""


def readme(export: Export, samples: int, environments: int) -> str:
    """Return `README.md` of a folder of masks.

    Args:
        export: the export.
        samples: number of samples.
        environments: number of environments they are from.
    """
    which = (
        "the pushes of all plans, in order"
        if export.settings.pushes == PLAN
        else "all simulated pushes, in order"
    )
    scale = (
        "Each scene fills its masks along its longer side."
        if export.settings.metres_per_pixel is None
        else "All masks have the same scale, with the scene in the centre."
    )
    lines = [
        f"# Masks of {export.name}",
        "",
        f"{samples:,} samples from {environments:,} environments: {which}. Exported by "
        f"namo-collect {__version__}.",
        "",
        "Each `masks-NNNNN.npz` holds one array per name below; the first axis is the sample.",
        "",
        "```python",
        "import numpy",
        "",
        'shard = numpy.load("masks-00000.npz")',
        'state = numpy.stack([shard[name] for name in ("robot", "goal", "movable", "static")], 1)',
        "```",
        "",
        f"## Masks: ({PIXELS}, {PIXELS}) uint8, 0 or 1",
        "",
        *(f"- `{name}`: {text}" for name, text in CHANNELS.items()),
        "",
        "Masks are drawn on the reachability grid of the collector: cells of 2 cm, with borders of "
        "walls and movables rounded outwards. A pixel is 1 if the majority of its cells are.",
        "",
        "## Coordinates",
        "",
        "Rows go along y and columns along x of the world, so row 0 is at the bottom "
        f"(`imshow(..., origin='lower')`). {scale} A world point x, y is in",
        "",
        "    column = floor((x - origin[0]) / metres_per_pixel)",
        "    row    = floor((y - origin[1]) / metres_per_pixel)",
        "",
        "## Labels",
        "",
        *(f"- `{name}`: {text}" for name, text in LABELS.items()),
    ]
    return "\n".join(lines) + "\n"
