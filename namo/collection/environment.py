"""One environment: read its scene, run its episodes, and whatever happens return a record."""

from __future__ import annotations

import hashlib
import json
import logging
import shlex
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mujoco
import pyarrow as pa

from namo.collection.config import CollectionConfig
from namo.collection.episode import IDENTITY, Columns, EpisodeOutcome, run_episode
from namo.collection.journal import Deaths
from namo.errors import ModelError, SceneError
from namo.files import from_here, sha256_of
from namo.planning.planner import Planner, Termination
from namo.planning.registry import PLANNERS
from namo.results.scene_row import scene_columns
from namo.results.schema import CRASHED, PLANS, PUSHES, SCENE, SCENES
from namo.scenes.physics import with_physics
from namo.scenes.reading import read_scene
from namo.strategies.registry import GOAL_STRATEGIES, OBJECT_STRATEGIES
from namo.version import RESULTS_VERSION, SCHEMA_VERSION, __version__
from namo.world.world import World

if TYPE_CHECKING:
    from namo.learning.scoring import Scorer

_log = logging.getLogger(__name__)

_SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "sequential_ml_collection.py"

Record = dict[str, Any]


@dataclass(frozen=True)
class Environment:
    """A place in the list of environments.

    Attributes:
        index: place in the list, from 0.
        path: of the scene file.
        label: of the run, as in file names.
        difficulty: class of the scene, where the manifest says so.
        listed_sha256: of the scene file that the manifest was written for, if it has it.
    """

    index: int
    path: Path
    label: str
    difficulty: str | None = None
    listed_sha256: str | None = None

    @property
    def env_id(self) -> str:
        """Name of the environment in all files."""
        return f"{self.label}_env_{self.index:06d}"

    @property
    def xml_file(self) -> str:
        """The scene file as records name it; bytes that are no text are written as escapes."""
        return str(self.path).encode("utf-8", "backslashreplace").decode()

    @property
    def file_name(self) -> str:
        """Name of its result file."""
        return f"{self.env_id}_results.pkl"

    def scene_sha256(self) -> str:
        """Return the hash of the scene file as it is now; empty when it cannot be read."""
        try:
            return sha256_of(self.path)
        except OSError:
            return ""

    def require_listed(self, scene_sha256: str) -> None:
        """Make sure that the scene is the one the manifest was written for, if it says which.

        Raises:
            SceneError: the file changed since.
        """
        if self.listed_sha256 not in (None, scene_sha256):
            raise SceneError(
                f"{self.xml_file}: is not the file its manifest was written for (sha256 "
                f"{scene_sha256}, listed is {self.listed_sha256}); make the manifest anew"
            )

    def fingerprint(self, config: CollectionConfig, scene_sha256: str) -> str:
        """Return the hash of everything that decides this environment's results."""
        decisive = {
            "config": config.decisive,
            "env_index": self.index,
            "scene_sha256": scene_sha256,
            "results_version": RESULTS_VERSION,
            "schema_version": SCHEMA_VERSION,
            "mujoco": mujoco.__version__,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def make_planner(config: CollectionConfig) -> tuple[Planner, list[Scorer]]:
    """Return the planner of a configuration, and the models its strategies ask, loaded.

    Raises:
        UsageError: a strategy cannot be had; nothing falls back to another.
        ModelError: a model cannot be used.
    """
    scorers = []
    objects, goals = (
        OBJECT_STRATEGIES.load(config.object_strategy),
        GOAL_STRATEGIES.load(config.goal_strategy),
    )
    if config.ml_object_model is not None:
        scorers.append(_scorer(config, "object", config.ml_object_model))
        objects = partial(objects, scorers[-1], config.ml_samples)
    if config.ml_goal_model is not None:
        scorers.append(_scorer(config, "goal", config.ml_goal_model))
        goals = partial(goals, scorers[-1], config.ml_samples, config.ml_random_share)
    planner: Planner = PLANNERS.load(config.algorithm)(
        objects(), goals(), config.max_goals_per_object
    )
    return planner, scorers


def _scorer(config: CollectionConfig, kind: str, path: str) -> Scorer:
    from namo.learning.scoring import Scorer  # loads torch, which takes a second

    return Scorer(Path(path), kind, config.ml_device, trust_code=config.trust_model_code)


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
        error = _failure(environment, problem)
    if error is not None:
        error["command"] = rerun_command
    took = time.monotonic() - began
    return _record(environment, config, sha256, outcomes, error, took, look)


def unstorable(
    environment: Environment, config: CollectionConfig, rerun_command: str, problem: Exception
) -> Record:
    """Return the record of an environment whose own record cannot be stored."""
    error = {**_failure(environment, problem), "command": rerun_command}
    return _record(environment, config, environment.scene_sha256(), [], error, 0.0)


def crashed(
    environment: Environment, config: CollectionConfig, rerun_command: str, deaths: Deaths
) -> Record:
    """Return the record of an environment that is set aside, since processes died in it."""
    count = deaths.own + deaths.other
    error: Record = {
        "kind": CRASHED,
        "message": (
            f"{environment.xml_file}: set aside after {count} processes died in it; the last: "
            f"{deaths.reason.partition(chr(10))[0]}"
        ),
        "traceback": deaths.reason,
        "command": rerun_command,
    }
    return _record(environment, config, environment.scene_sha256(), [], error, 0.0)


def _failure(environment: Environment, problem: Exception) -> Record:
    message = f"{environment.xml_file}: {type(problem).__name__}: {problem}"
    kind = type(problem).__name__
    return {"kind": kind, "message": message, "traceback": traceback.format_exc()}


def _record(
    environment: Environment,
    config: CollectionConfig,
    sha256: str,
    outcomes: list[EpisodeOutcome],
    error: Record | None,
    processing_s: float,
    look: Record | None = None,
) -> Record:
    fingerprint = environment.fingerprint(config, sha256)
    kept = _kept(outcomes, config)
    common = _common_metrics(environment, config, fingerprint, sha256)
    episodes = [
        {
            "episode_id": f"{environment.env_id}_episode_{number:03d}",
            **outcome.record,
            "xml_file": environment.xml_file,
        }
        for number, outcome in enumerate(outcomes)
    ]
    return {
        "env_id": environment.env_id,
        "env_index": environment.index,
        "success": any(outcome.record["solution_found"] for outcome in outcomes),
        "episodes_collected": sum(kept),
        "episodes_before_filtering": len(outcomes),
        "episodes_filtered_out": len(outcomes) - sum(kept),
        "processing_time": processing_s,
        "episode_results": [episode for episode, keep in zip(episodes, kept, strict=True) if keep],
        "xml_file": environment.xml_file,
        "scene_sha256": sha256,
        "fingerprint": fingerprint,
        "schema_version": SCHEMA_VERSION,
        "namo_version": __version__,
        "error": error,
        "metrics": _metrics(common, environment, outcomes, kept, error),
        "pushes": _columns(environment, PUSHES, [outcome.pushes for outcome in outcomes]),
        "plans": _columns(environment, PLANS, [outcome.plans for outcome in outcomes]),
        "scene": _scene_row(common, look),
    }


def relocated(record: Record, environment: Environment) -> Record:
    """Return the record of a scene whose file or manifest changed, as it is listed now.

    Neither where the file lies nor the class it is said to be in changes what was found in it.
    """
    here = {"xml_file": environment.xml_file}
    listed = {**here, "difficulty": environment.difficulty}
    return {
        **record,
        **here,
        "episode_results": [{**episode, **here} for episode in record["episode_results"]],
        "metrics": [{**row, **listed} for row in record["metrics"]],
        "scene": record["scene"] and record["scene"] | listed,
    }


def is_listed_as(record: Record, environment: Environment) -> bool:
    """Return whether a record says of its scene what the list of environments says now."""
    return record["xml_file"] == environment.xml_file and all(
        row["difficulty"] == environment.difficulty for row in record["metrics"]
    )


def _kept(outcomes: list[EpisodeOutcome], config: CollectionConfig) -> list[bool]:
    """Return which episodes stay: all, or of the solved ones only the shortest."""
    depths = [outcome.metrics["solution_depth"] for outcome in outcomes]
    if not config.filter_minimum_length:
        return [True] * len(depths)
    least = min((depth for depth in depths if depth is not None), default=None)
    return [depth is None or depth == least for depth in depths]


def _common_metrics(
    environment: Environment, config: CollectionConfig, fingerprint: str, sha256: str
) -> Record:
    return {
        "env_id": environment.env_id,
        "env_index": environment.index,
        "xml_file": environment.xml_file,
        "scene_sha256": sha256,
        "difficulty": environment.difficulty,
        "algorithm": config.algorithm,
        "object_strategy": config.object_strategy,
        "goal_strategy": config.goal_strategy,
        "physics": config.physics,
        "seed": config.seed,
        "hostname": environment.label,
        "worker_hostname": socket.gethostname(),
        "fingerprint": fingerprint,
        "schema_version": SCHEMA_VERSION,
    }


def _metrics(
    common: Record,
    environment: Environment,
    outcomes: list[EpisodeOutcome],
    kept: list[bool],
    error: Record | None,
) -> list[Record]:
    """Return the rows of the metrics table, one an episode; a failure is a row too."""
    rows = [
        {**common, **outcome.metrics, "kept": keep, "rerun_command": None}
        for outcome, keep in zip(outcomes, kept, strict=True)
    ]
    if error is not None:
        rows.append(
            {
                **common,
                "success": False,
                "solution_found": False,
                "solution_depth": None,
                "replayed": None,
                "termination": Termination.ERROR.value,
                **dict.fromkeys(_COUNTS, 0),
                **dict.fromkeys(_TIMES, 0.0),
                "kept": False,
                "error_kind": error["kind"],
                "error_message": error["message"],
                "rerun_command": error["command"],
            }
        )
    for number, row in enumerate(rows):
        row["episode"] = number
        row["episode_id"] = f"{environment.env_id}_episode_{number:03d}"
    return rows


_COUNTS = (
    "nodes_expanded",
    "pushes_simulated",
    "physics_steps",
    "terminal_checks",
    "max_depth_reached",
    "inference_calls",
)
_TIMES = (
    "search_time_ms",
    "physics_time_ms",
    "reachability_time_ms",
    "push_planning_time_ms",
    "inference_time_ms",
)


def _columns(environment: Environment, schema: pa.Schema, episodes: list[Columns]) -> Columns:
    """Return the columns of a table over all episodes, dropped ones included."""
    columns: Columns = {name: [] for name in schema.names}
    for number, episode in enumerate(episodes):
        count = len(next(iter(episode.values())))
        identity = (
            environment.env_id,
            environment.index,
            f"{environment.env_id}_episode_{number:03d}",
            number,
        )
        for name, value in zip(IDENTITY, identity, strict=True):
            columns[name].extend([value] * count)
        for name, values in episode.items():
            columns[name].extend(values)
    return columns


def _scene_row(common: Record, look: Record | None) -> Record | None:
    """Return the row of the scenes table; None for a scene that cannot be read."""
    if look is None:
        return None
    return {name: common[name] for name in SCENES.names if name in common} | look


def rerun_command(arguments: list[str], index: int) -> str:
    """Return the command line that redoes one environment, whatever range was asked for.

    Args:
        arguments: of the collector, without its range, output folder and part switches.
        index: of the environment.
    """
    alone = ["--start-idx", str(index), "--end-idx", str(index + 1)]
    return shlex.join(
        [str(from_here(Path(sys.executable))), str(from_here(_SCRIPT)), *arguments, *alone]
    )
