"""The record of an environment: the content of its file and its rows in the tables."""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import cast

import pyarrow as pa

from namo.collection.config import CollectionConfig
from namo.collection.environment import Environment
from namo.collection.episode import IDENTITY, EpisodeOutcome
from namo.collection.journal import CrashRecord
from namo.learning.inference_stats import add_up
from namo.planning.planner import Termination
from namo.results.metadata_types import ModelUseRecord
from namo.results.record_types import (
    Columns,
    EnvironmentMetrics,
    EnvironmentRecord,
    EpisodeRecord,
    ErrorRecord,
    MetricsRow,
    SceneColumns,
    SceneRow,
)
from namo.results.schema import CRASHED, PLANS, PUSHES
from namo.version import SCHEMA_VERSION, __version__


def quarantined_record(
    environment: Environment,
    config: CollectionConfig,
    sha256: str,
    rerun_command: str,
    crashes: CrashRecord,
) -> EnvironmentRecord:
    """Return the record of an environment that is quarantined, since processes crashed in it.

    Args:
        environment: which one.
        config: settings.
        sha256: hash of the scene file; empty when it could not be read.
        rerun_command: command line that collects this environment alone.
        crashes: the processes that died in it.
    """
    reason = crashes.reason.partition("\n")[0]
    error: ErrorRecord = {
        "kind": CRASHED,
        "message": (
            f"{environment.xml_file}: quarantined after {crashes.count} processes died in it; the "
            f"last: {reason}"
        ),
        "traceback": crashes.reason,
        "command": rerun_command,
    }
    return environment_record(environment, config, sha256, [], error, 0.0)


def failure(environment: Environment, problem: Exception, rerun_command: str) -> ErrorRecord:
    """Return the error of a record for the exception that is being handled.

    Args:
        environment: that failed.
        problem: the exception.
        rerun_command: command line that collects this environment alone.
    """
    return {
        "kind": type(problem).__name__,
        "message": f"{environment.xml_file}: {type(problem).__name__}: {problem}",
        "traceback": traceback.format_exc(),
        "command": rerun_command,
    }


def environment_record(
    environment: Environment,
    config: CollectionConfig,
    sha256: str,
    outcomes: list[EpisodeOutcome],
    error: ErrorRecord | None,
    processing_s: float,
    geometry: SceneColumns | None = None,
    models: Sequence[ModelUseRecord] = (),
) -> EnvironmentRecord:
    """Return the record of an environment.

    Args:
        environment: which one.
        config: settings.
        sha256: hash of the scene file that was used; empty when it could not be read.
        outcomes: its episodes, in order.
        error: why the environment failed; None when it did not.
        processing_s: wall time spent on it (s).
        geometry: columns of its row of the scenes table; None for a scene that could not be read.
        models: costs of each model that are counted with this environment beside its episodes.
    """
    uses = [*models, *chain.from_iterable(outcome.models for outcome in outcomes)]
    fingerprint = environment.fingerprint(config, sha256)
    kept = _kept(outcomes, config)
    common = _common_metrics(environment, config, fingerprint, sha256)
    episodes: list[EpisodeRecord] = [
        {
            "episode_id": _episode_id(environment, number),
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
        "scene": _scene_row(common, geometry),
        "models": cast(list[ModelUseRecord], add_up(map(dict, uses))),
    }


def relocated(record: EnvironmentRecord, environment: Environment) -> EnvironmentRecord:
    """Return a record with what the environment is listed with now: scene path and difficulty.

    Neither the path of the scene file nor how difficult it is affects the results.

    Args:
        record: of the same scene, as it was listed before.
        environment: as it is listed now.
    """
    xml_file, difficulty = environment.xml_file, environment.difficulty
    listed = {"difficulty": difficulty, "opening_fraction": environment.opening_fraction}
    scene = record["scene"]
    return {
        **record,
        "xml_file": xml_file,
        "episode_results": [
            {**episode, "xml_file": xml_file} for episode in record["episode_results"]
        ],
        "metrics": [
            cast(MetricsRow, {**row, "xml_file": xml_file, **listed}) for row in record["metrics"]
        ],
        "scene": scene and {**scene, "xml_file": xml_file, "difficulty": difficulty},
    }


def is_listed_as(record: EnvironmentRecord, environment: Environment) -> bool:
    """Return whether a record has the scene path and difficulty of the listed environment.

    Args:
        record: of the same scene.
        environment: as it is listed now.
    """
    return record["xml_file"] == environment.xml_file and all(
        (row["difficulty"], row["opening_fraction"])
        == (environment.difficulty, environment.opening_fraction)
        for row in record["metrics"]
    )


@cache
def _process_named(number: int) -> str:
    """Return a name of this process that no other process on this machine has: id and start.

    Args:
        number: its id; a forked process has another one than the process that it is forked from.
    """
    return f"{number} {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}"


def _episode_id(environment: Environment, number: int) -> str:
    return f"{environment.env_id}_episode_{number}"


def _kept(outcomes: list[EpisodeOutcome], config: CollectionConfig) -> list[bool]:
    """Return which episodes are kept: all, or the shortest of the solved and the unsolved ones."""
    depths = [outcome.metrics["solution_depth"] for outcome in outcomes]
    if not config.filter_minimum_length:
        return [True] * len(depths)
    shortest = min((depth for depth in depths if depth is not None), default=None)
    return [depth is None or depth == shortest for depth in depths]


def _common_metrics(
    environment: Environment, config: CollectionConfig, fingerprint: str, sha256: str
) -> EnvironmentMetrics:
    return {
        "env_id": environment.env_id,
        "env_index": environment.index,
        "xml_file": environment.xml_file,
        "scene_sha256": sha256,
        "difficulty": environment.difficulty,
        "opening_fraction": environment.opening_fraction,
        "algorithm": config.algorithm,
        "object_strategy": config.object_strategy,
        "goal_strategy": config.goal_strategy,
        "physics": config.physics,
        "clearance": config.clearance,
        "seed": config.seed,
        "hostname": environment.label,
        "worker_hostname": socket.gethostname(),
        "worker_process": _process_named(os.getpid()),
        "fingerprint": fingerprint,
        "schema_version": SCHEMA_VERSION,
    }


def _metrics(
    common: EnvironmentMetrics,
    environment: Environment,
    outcomes: list[EpisodeOutcome],
    kept: list[bool],
    error: ErrorRecord | None,
) -> list[MetricsRow]:
    """Return the rows of the metrics table: one per episode, and one for a failure."""
    rows: list[MetricsRow] = [
        {
            **common,
            **outcome.metrics,
            "kept": keep,
            "rerun_command": None,
            "episode": number,
            "episode_id": _episode_id(environment, number),
        }
        for number, (outcome, keep) in enumerate(zip(outcomes, kept, strict=True))
    ]
    if error is not None:
        rows.append(
            {
                **common,
                "success": False,
                "solution_found": False,
                "solution_depth": None,
                "found_depth": None,
                "minimal": None,
                "refined": None,
                "replayed": None,
                "termination": Termination.ERROR.value,
                "nodes_expanded": 0,
                "pushes_simulated": 0,
                "physics_steps": 0,
                "terminal_checks": 0,
                "max_depth_reached": 0,
                "proof_depth": None,
                "proof_candidates": None,
                "sealed_by": None,
                "inference_calls": 0,
                "search_time_ms": 0.0,
                "search_cpu_time_ms": 0.0,
                "physics_time_ms": 0.0,
                "reachability_time_ms": 0.0,
                "push_planning_time_ms": 0.0,
                "inference_time_ms": 0.0,
                "smoothing_pushes": 0,
                "smoothing_time_ms": 0.0,
                "kept": False,
                "error_kind": error["kind"],
                "error_message": error["message"],
                "rerun_command": error["command"],
                "episode": len(rows),
                "episode_id": _episode_id(environment, len(rows)),
            }
        )
    return rows


def _columns(environment: Environment, schema: pa.Schema, episodes: list[Columns]) -> Columns:
    """Return the columns of a table over all episodes, dropped ones included."""
    columns: Columns = {name: [] for name in schema.names}
    for number, episode in enumerate(episodes):
        count = len(next(iter(episode.values())))
        identity = (
            environment.env_id,
            environment.index,
            _episode_id(environment, number),
            number,
        )
        for name, value in zip(IDENTITY, identity, strict=True):
            columns[name].extend([value] * count)
        for name, values in episode.items():
            columns[name].extend(values)
    return columns


def _scene_row(common: EnvironmentMetrics, geometry: SceneColumns | None) -> SceneRow | None:
    """Return the row of the scenes table; None for a scene that could not be read."""
    if geometry is None:
        return None
    return {
        "env_id": common["env_id"],
        "env_index": common["env_index"],
        "xml_file": common["xml_file"],
        "scene_sha256": common["scene_sha256"],
        "difficulty": common["difficulty"],
        **geometry,
    }
