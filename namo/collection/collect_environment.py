"""Collect one environment: read its scene, run its episodes, and always return a record."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.environment_record import environment_record, failure
from namo.collection.episode import EpisodeOutcome, run_episode
from namo.errors import MachineError, ModelError, SceneError
from namo.planning.planner import Planner
from namo.results.metadata_types import ModelUseRecord
from namo.results.reach_columns import reach_columns
from namo.results.record_types import EnvironmentRecord, ErrorRecord, SceneColumns
from namo.results.scene_row import scene_columns, scene_remarks
from namo.results.schema import SCENE
from namo.scenes.reading import read_scene
from namo.scenes.scene import Scene
from namo.world.world import World

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

_log = logging.getLogger(__name__)

_MACHINE_ERRORS = frozenset(
    {
        *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EREMOTEIO, errno.ENXIO, errno.ENODEV),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT),
    }
)
"""Errors of reading a scene file that say nothing about the scene."""


def collect_environment(
    environment: Environment,
    planner: Planner,
    config: CollectionConfig,
    rerun_command: str,
    scorers: Sequence[Scorer] = (),
    threads: int = 1,
    begins: Callable[[], None] = lambda: None,
    watch: Callable[[int, int, int], None] = lambda *_: None,
    sha256: str | None = None,
    has_read: Callable[[Scene], None] = lambda _: None,
) -> EnvironmentRecord:
    """Return the record of an environment: its episodes, or why there are none.

    Args:
        environment: which one.
        planner: shared by all environments of the process.
        config: settings.
        rerun_command: command line that collects this environment alone; kept with a failure.
        scorers: models that the planner's strategies query.
        threads: number of pushes to simulate in parallel; does not change results.
        begins: called before the scene is read and before each episode.
        watch: called after every simulated push with the number of the episode, the number of
            pushes so far, and the depth.
        sha256: hash of the scene file, as just read by the caller, to record if the scene cannot be
            read; computed here if None. A scene that is read is recorded with the hash of the bytes
            that were used.
        has_read: called with the scene as it was read.

    Raises:
        ModelError: a model failed, which is not the fault of this environment.
        MachineError: the disk is full, a file cannot be read or written, or a library is missing,
            which is not its fault either.
    """
    began = time.monotonic()
    if sha256 is None:
        sha256 = environment.scene_sha256()
    outcomes: list[EpisodeOutcome] = []
    geometry: SceneColumns | None = None
    error: ErrorRecord | None = None
    begins()
    try:
        scene = read_scene(environment.path)
        has_read(scene)
        geometry = scene_columns(scene)
        sha256 = scene.sha256  # the file may have changed since the hash above
        environment.require_listed(sha256)
        world = World(config.conditions.applied_to(scene), threads=threads)
        began += _time_to_prepare(world)
        geometry = {
            **geometry,
            "remarks": scene_remarks(replace(scene, clearance=config.clearance)),
            **reach_columns(world.situation().reach),
        }
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
            outcomes.append(outcome)  # at once, so that a failure keeps the episodes before it
    except (ModelError, MachineError):
        raise
    except (OSError, ImportError) as problem:
        raise MachineError(_not_its_fault(environment, problem)) from problem
    except SceneError as problem:
        if isinstance(problem.__cause__, OSError) and problem.__cause__.errno in _MACHINE_ERRORS:
            raise MachineError(_not_its_fault(environment, problem.__cause__)) from problem
        message = str(problem)
        error = {"kind": SCENE, "message": message, "traceback": None, "command": rerun_command}
    except Exception as problem:  # noqa: BLE001 - one failed environment must not stop the others
        _log.exception("environment %d failed", environment.index)
        error = failure(environment, problem, rerun_command)
    took = time.monotonic() - began
    loading = [cast(ModelUseRecord, scorer.stats.take_loading()) for scorer in scorers]
    return environment_record(
        environment, config, sha256, outcomes, error, took, geometry, models=loading
    )


def _time_to_prepare(world: World) -> float:
    """Return how long preparing took (s): motion primitives are made once, for all environments."""
    began = time.monotonic()
    world.prepare()
    return time.monotonic() - began


def _not_its_fault(environment: Environment, problem: OSError | ImportError) -> str:
    return (
        f"{type(problem).__name__} while environment {environment.index} was collected, which is "
        f"not the fault of its scene {environment.xml_file}: {problem}; rerun the same command to "
        "resume"
    )
