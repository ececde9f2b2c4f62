"""Planning data for Navigation Among Movable Obstacles (NAMO), collected in MuJoCo.

From a scene file to a plan:

    import namo

    scene = namo.read_scene("scene.xml")
    episode = namo.search(scene)
    print(episode.termination, episode.plan)
    namo.draw(episode).save("plan.svg")

Public are the names in `__all__`, as described in docs/api.md. What they need is imported when they
are used first, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from namo.version import __version__

if TYPE_CHECKING:
    from namo.collection.one_search import SearchSettings, search
    from namo.errors import ModelError, NamoError, ResultFileError, SceneError, UsageError
    from namo.geometry import Pose2D
    from namo.planning.planner import Termination
    from namo.reporting.pictures import Drawing, draw
    from namo.results.collection import Collection
    from namo.results.episode import Episode, Plan
    from namo.results.replay import Replay
    from namo.scenes.scene import Goal, Movable, Robot, Scene, Solid, Wall
    from namo.world.push import Push, PushOutcome, PushStatus, StraightPush
    from namo.world.reachability import Reachability
    from namo.world.simulation import State
    from namo.world.world import World

__all__ = [
    "Collection",
    "Drawing",
    "Episode",
    "Goal",
    "ModelError",
    "Movable",
    "NamoError",
    "Plan",
    "Pose2D",
    "Push",
    "PushOutcome",
    "PushStatus",
    "Reachability",
    "Replay",
    "ResultFileError",
    "Robot",
    "Scene",
    "SceneError",
    "SearchSettings",
    "Solid",
    "State",
    "StraightPush",
    "Termination",
    "UsageError",
    "Wall",
    "World",
    "__version__",
    "draw",
    "load",
    "read_scene",
    "search",
]

_HOMES = {
    "namo.collection.one_search": ("SearchSettings", "search"),
    "namo.errors": ("ModelError", "NamoError", "ResultFileError", "SceneError", "UsageError"),
    "namo.geometry": ("Pose2D",),
    "namo.planning.planner": ("Termination",),
    "namo.reporting.pictures": ("Drawing", "draw"),
    "namo.results.collection": ("Collection",),
    "namo.results.episode": ("Episode", "Plan"),
    "namo.results.replay": ("Replay",),
    "namo.scenes.scene": ("Goal", "Movable", "Robot", "Scene", "Solid", "Wall"),
    "namo.world.push": ("Push", "PushOutcome", "PushStatus", "StraightPush"),
    "namo.world.reachability": ("Reachability",),
    "namo.world.simulation": ("State",),
    "namo.world.world": ("World",),
}
"""Modules -> the public names that they define."""


def read_scene(path: str | os.PathLike[str], clearance: float = 0.01) -> Scene:
    """Read a scene from a MuJoCo XML file.

    Args:
        path: of the file.
        clearance: room that must be left around the robot where it drives (m). A property of the
            scene from here on, for worlds and searches alike.

    Raises:
        SceneError: the file cannot be read or is not a scene; the message names what is allowed.
        UsageError: the clearance is not allowed.
    """
    from namo.scenes.conditions import Conditions, require_clearance
    from namo.scenes.reading import read_scene as read  # takes MuJoCo along

    require_clearance(clearance, "clearance")
    return Conditions("scene", clearance).applied_to(read(Path(path)))


def load(folder: str | os.PathLike[str], run_from: str | os.PathLike[str] = Path()) -> Collection:
    """Open a finished collection: its tables as Arrow, its episodes with states and scenes.

    Nothing of it is run: files are read as plain values.

    Args:
        folder: of the collection.
        run_from: where it was run, if not here: relative paths of scenes start there.

    Raises:
        UsageError: no finished collection is there.
    """
    from namo.results.collection import Collection  # takes MuJoCo and Arrow along

    return Collection(Path(folder), Path(run_from))


if not TYPE_CHECKING:  # so that a type checker reports what is not public

    def __getattr__(name: str) -> object:
        for module, names in _HOMES.items():
            if name in names:
                globals()[name] = value = getattr(importlib.import_module(module), name)
                return value
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
