"""One environment: read its scene, run its episodes, and whatever happens return a record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.environment_record import environment_record, failure
from namo.collection.episode import EpisodeOutcome, run_episode
from namo.errors import ModelError, SceneError
from namo.planning.planner import Planner
from namo.results.records import Record
from namo.results.scene_row import scene_columns
from namo.results.schema import SCENE
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.world.world import World

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

_log = logging.getLogger(__name__)


def collect_environment(
    environment: Environment,
    planner: Planner,
    config: CollectionConfig,
    rerun_command: str,
    scorers: Sequence[Scorer] = (),
    threads: int = 1,
    begins: Callable[[], None] = lambda: None,
    watch: Callable[[int, int, int], None] = lambda *_: None,
) -> Record:
    """Return the record of an environment: its episodes, or why there are none.

    Args:
        environment: which one.
        planner: shared by all environments of the process.
        config: settings.
        rerun_command: what redoes this environment alone; kept beside a failure.
        scorers: models that the planner's strategies ask.
        threads: how many pushes of a state to simulate at a time; changes no result.
        begins: called before the scene is read and before each episode.
        watch: told of every simulated push: number of the episode, pushes so far, depth.

    Raises:
        ModelError: a model failed, which is no fault of this environment.
    """
    began = time.monotonic()
    sha256 = environment.scene_sha256()
    outcomes: list[EpisodeOutcome] = []
    look: Record | None = None
    error: Record | None = None
    begins()
    try:
        scene = read_scene(environment.path)
        look = scene_columns(scene)
        sha256 = scene.sha256  # of the bytes that were used, should the file change meanwhile
        environment.require_listed(sha256)
        world = World(with_physics(scene, config.physics), threads=threads)
        world.prepare()
        for episode in range(config.episodes_per_env):
            begins()
            outcome = run_episode(
                world,
                planner,
                config,
                environment.index,
                episode,
                scorers,
                partial(watch, episode),
            )
            outcomes.append(outcome)  # one by one: what was done before a failure stays
    except ModelError:
        raise
    except SceneError as problem:
        error = {"kind": SCENE, "message": str(problem), "traceback": None}
    except Exception as problem:  # noqa: BLE001 - one bad environment costs one environment
        _log.exception("environment %d failed", environment.index)
        error = failure(environment, problem)
    if error is not None:
        error["command"] = rerun_command
    took = time.monotonic() - began
    return environment_record(environment, config, sha256, outcomes, error, took, look)
