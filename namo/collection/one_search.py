"""One search from Python: `namo.search`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, TypedDict, Unpack

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.environment_record import environment_record
from namo.collection.episode import run_episode
from namo.collection.models import make_planner
from namo.errors import UsageError
from namo.planning.registry import settings_of
from namo.results.episode import Episode, episodes_in
from namo.results.reach_columns import reach_columns
from namo.results.record_types import SceneColumns, SceneReference
from namo.results.scene_row import scene_columns
from namo.scenes.conditions import Conditions
from namo.scenes.scene import Scene
from namo.wording import did_you_mean
from namo.world.world import World

LABEL = "search"
"""Stands for the label of a run in the names of episodes."""


class SearchSettings(TypedDict, total=False):
    """The settings of a search, by name, with the meaning and range they have in `config.yaml`.

    Attributes:
        search_timeout: wall time of the search (s).
    """

    algorithm: str
    object_strategy: str
    goal_strategy: str
    ml_object_model: str | None
    ml_goal_model: str | None
    ml_samples: int
    ml_device: str
    ml_random_share: float
    trust_model_code: bool
    max_depth: int
    max_goals_per_object: int
    search_timeout: float
    max_terminal_checks: int
    max_pushes: int | None
    smooth: bool
    refine: bool
    seed: int


DEFAULTS: SearchSettings = {
    "algorithm": "hybrid",
    "object_strategy": "path_blocking",
    "goal_strategy": "clear_path",
    "ml_device": "cpu",
    "search_timeout": 60.0,
    "max_pushes": 300,
}
"""Values of `config.yaml` that differ from those of the command line."""


def search(
    scene: Scene | World, *, env_index: int = 0, **settings: Unpack[SearchSettings]
) -> Episode:
    """Search for a plan that opens the way of the robot to its goal.

    The plan is made minimal and replayed, as in a collection: with the same settings, the episode
    is that of environment `env_index` of a collection to the last bit, wall times aside. A search
    that was not ended by `search_timeout` depends on its arguments alone.

    Args:
        scene: the problem; or a world of it, which saves compiling the scene again. The search
            begins at the scene's start and leaves the world in any state.
        env_index: place of the scene in the list of a collection. Like `seed`, it decides the
            random numbers.
        **settings: see `SearchSettings`; what is not given is as in `config/config.yaml`, and
            strategies that the algorithm has no use for are left out.

    Returns:
        The episode: `episode.plan` is the plan, `episode.termination` says why the search ended.

    Raises:
        UsageError: a setting is unknown, or its value is not allowed.
        ModelError: a model cannot be used.
        SceneError: MuJoCo rejects the scene, or it is too large for the grid.
        OSError: the cache of motion primitives cannot be read or written.
    """
    config = _config(settings, scene.scene if isinstance(scene, World) else scene)
    planner, scorers = make_planner(config)
    world = scene if isinstance(scene, World) else World(scene)
    world.prepare()
    world.reset()
    geometry: SceneColumns = {
        **scene_columns(world.scene),
        **reach_columns(world.situation().reach),
    }
    began = time.monotonic()
    outcome = run_episode(world, planner, config, env_index, 0, scorers)
    took = time.monotonic() - began
    place = Environment(env_index, Path(world.scene.path), LABEL)
    record = environment_record(place, config, world.scene.sha256, [outcome], None, took, geometry)
    (episode,) = episodes_in(record, _Known(world.scene))
    return episode


def _config(settings: SearchSettings, scene: Scene) -> CollectionConfig:
    for name in settings:
        if name not in SearchSettings.__annotations__:
            known = did_you_mean(name, SearchSettings.__annotations__)
            raise UsageError(f"unknown setting '{name}' of a search; {known}")
    algorithm = settings.get("algorithm", DEFAULTS["algorithm"])
    ignored = settings_of(algorithm).ignored
    defaults = {name: value for name, value in DEFAULTS.items() if name not in ignored}
    given: dict[str, Any] = {**defaults, **settings, "clearance": scene.clearance}
    return CollectionConfig(**given)


class _Known:
    """The `SceneSource` of a scene that is at hand."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def scene(self, _reference: SceneReference, _conditions: Conditions) -> Scene:
        return self._scene
