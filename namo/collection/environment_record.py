"""The record of an environment: what its file and its rows in the tables hold."""

from __future__ import annotations

import socket
import traceback

import pyarrow as pa

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.episode import IDENTITY, Columns, EpisodeOutcome
from namo.collection.journal import Deaths
from namo.planning.planner import Termination
from namo.results.records import Record
from namo.results.schema import CRASHED, PLANS, PUSHES, SCENES
from namo.version import SCHEMA_VERSION, __version__


def unstorable(
    environment: Environment, config: CollectionConfig, rerun_command: str, problem: Exception
) -> Record:
    """Return the record of an environment whose own record cannot be stored."""
    error = {**failure(environment, problem), "command": rerun_command}
    return environment_record(environment, config, environment.scene_sha256(), [], error, 0.0)


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
    return environment_record(environment, config, environment.scene_sha256(), [], error, 0.0)


def failure(environment: Environment, problem: Exception) -> Record:
    """Return the error that a record holds for an exception being handled."""
    message = f"{environment.xml_file}: {type(problem).__name__}: {problem}"
    kind = type(problem).__name__
    return {"kind": kind, "message": message, "traceback": traceback.format_exc()}


def environment_record(
    environment: Environment,
    config: CollectionConfig,
    sha256: str,
    outcomes: list[EpisodeOutcome],
    error: Record | None,
    processing_s: float,
    look: Record | None = None,
) -> Record:
    """Return the record of an environment.

    Args:
        environment: which one.
        config: settings.
        sha256: hash of the scene file that was used; empty when it could not be read.
        outcomes: its episodes, in order.
        error: why the environment failed, if it did.
        processing_s: wall time that it took (s).
        look: columns of its row of the scenes table; None for a scene that could not be read.
    """
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
