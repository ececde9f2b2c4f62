"""An environment with its searches: what replaying plans and drawing pushes need of it.

It comes from the record of the environment, or from the tables alone, as in an exported data set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from namo.errors import ResultFileError
from namo.planning.planner import Termination
from namo.results.actions import action_in
from namo.results.environment_rows import all_rows, by_environment
from namo.results.record_types import (
    Columns,
    EnvironmentRecord,
    EpisodePlan,
    MetricsRow,
    Observation,
    SceneReference,
)
from namo.results.schema import PLANS
from namo.results.tables import read_table
from namo.scenes.conditions import Conditions

PushRow = Mapping[str, Any]
"""A row of the pushes or plans table; see `namo.results.schema`."""

_COLUMNS = [
    *("env_index", "env_id", "episode_id", "xml_file", "scene_sha256", "difficulty"),
    *Conditions._fields,
    *("solution_depth", "minimal", "termination", "kept"),
]
PLAN_COLUMNS = [name for name in PLANS.names if name not in ("moved", "robot", "poses")]
"""Columns of the plans table but recorded motion."""


@dataclass(frozen=True)
class SearchedEnvironment:
    """An environment and its episodes, without one in which it failed.

    Attributes:
        reference: names its scene.
        conditions: under which it was collected.
        difficulty: class of the scene; None when unknown.
        episodes: that were kept, in order.
        pushes: rows of the pushes table, in order; those of dropped episodes included.
        plans: rows of the plans table without recorded motion, likewise.
    """

    reference: SceneReference
    conditions: Conditions
    difficulty: str | None
    episodes: Sequence[EpisodePlan]
    pushes: Sequence[PushRow]
    plans: Sequence[PushRow]


def searched_in_record(record: EnvironmentRecord) -> SearchedEnvironment:
    """Return an environment from its record."""
    first = record["metrics"][0]
    return SearchedEnvironment(
        _reference(record),
        Conditions.of(first),
        first["difficulty"],
        record["episode_results"],
        _rows(record["pushes"], record["pushes"]),
        _rows(record["plans"], PLAN_COLUMNS),
    )


def _rows(columns: Columns, names: Collection[str]) -> list[PushRow]:
    values = zip(*(columns[name] for name in names), strict=True)
    return [dict(zip(names, row, strict=True)) for row in values]


def searched_in_tables(
    metrics: Iterable[Path], pushes: Iterable[Path], plans: Iterable[Path]
) -> Iterator[SearchedEnvironment]:
    """Yield the environments with a push, in the order of the tables.

    Args:
        metrics: files of the metrics table.
        pushes: files of the pushes table, in which the rows of an environment are neighbours.
        plans: files of the plans table, with environments in the same order.

    Raises:
        ResultFileError: a file is damaged, or a plan is not among the plans.
    """
    episodes: dict[int, list[MetricsRow]] = {}
    for path in metrics:
        for row in read_table(path, _COLUMNS).to_pylist():
            if row["termination"] != Termination.ERROR.value:
                episodes.setdefault(row["env_index"], []).append(row)
    planned = by_environment(all_rows(plans, PLAN_COLUMNS))
    nothing: tuple[int, list[PushRow]] = (-1, [])
    index, steps = next(planned, nothing)
    for number, rows in by_environment(all_rows(pushes)):
        if number in episodes:
            yield _searched(episodes[number], rows, steps if index == number else [])
        if index == number:
            index, steps = next(planned, nothing)


def _searched(
    episodes: Sequence[MetricsRow], pushes: Sequence[PushRow], plans: Sequence[PushRow]
) -> SearchedEnvironment:
    by_episode: dict[str, list[PushRow]] = {}
    for row in plans:
        by_episode.setdefault(row["episode_id"], []).append(row)
    first = episodes[0]
    return SearchedEnvironment(
        _reference(first),
        Conditions.of(first),
        first["difficulty"],
        [
            plan_in_tables(row, by_episode.get(row["episode_id"], ()))
            for row in episodes
            if row["kept"]
        ],
        pushes,
        plans,
    )


def plan_in_tables(episode: MetricsRow, steps: Sequence[PushRow]) -> EpisodePlan:
    """Return the plan of an episode and the states along it.

    Args:
        episode: row of the metrics table.
        steps: rows of the plans table of this episode, in order.

    Raises:
        ResultFileError: they are not a plan of the episode's length.
    """
    length = episode["solution_depth"]
    if [row["step"] for row in steps] != [*range(length or 0)]:
        raise ResultFileError(
            f"{episode['episode_id']}: the table of plans holds no plan of {length}"
        )
    return {
        "episode_id": episode["episode_id"],
        "solution_found": length is not None,
        "solution_depth": length,
        "minimal": episode["minimal"],
        "action_sequence": None if length is None else [action_in(row) for row in steps],
        "state_observations": [
            observation_of(row["object_names"], row["poses_before"]) for row in steps
        ],
        "post_action_state_observations": [
            observation_of(row["object_names"], row["poses_after"]) for row in steps
        ],
    }


def _reference(row: SceneReference) -> SceneReference:
    return {
        "env_id": row["env_id"],
        "xml_file": row["xml_file"],
        "scene_sha256": row["scene_sha256"],
    }


def observation_of(movables: Sequence[str], poses: Sequence[float]) -> Observation:
    """Return poses of the pushes table by name, as records hold them.

    Args:
        movables: names, in the order of the poses.
        poses: x, y, theta of the robot, then of each movable (m, m, rad).
    """
    names = ("robot", *movables)
    return {f"{name}_pose": list(poses[3 * at : 3 * at + 3]) for at, name in enumerate(names)}
