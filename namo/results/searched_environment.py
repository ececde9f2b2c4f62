"""An environment with its searches: what replaying plans and drawing pushes need of it.

It comes from the record of the environment, or from the tables alone, as in an exported data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from namo.errors import ResultFileError
from namo.planning.planner import Termination
from namo.results.actions import action_in
from namo.results.environment_rows import all_rows, by_environment
from namo.results.record_types import (
    EnvironmentRecord,
    EpisodePlan,
    MetricsRow,
    Observation,
    SceneReference,
)
from namo.results.tables import read_table
from namo.scenes.conditions import Conditions

PushRow = Mapping[str, Any]
"""A row of the pushes table; see `namo.results.schema.PUSHES`."""

_COLUMNS = [
    *("env_index", "env_id", "episode_id", "xml_file", "scene_sha256", "difficulty"),
    *Conditions._fields,
    *("solution_depth", "termination", "kept"),
]


@dataclass(frozen=True)
class SearchedEnvironment:
    """An environment and its episodes, without one in which it failed.

    Attributes:
        reference: names its scene.
        conditions: under which it was collected.
        difficulty: class of the scene; None when unknown.
        episodes: that were kept, in order.
        pushes: rows of the pushes table, in order; those of dropped episodes included.
    """

    reference: SceneReference
    conditions: Conditions
    difficulty: str | None
    episodes: Sequence[EpisodePlan]
    pushes: Sequence[PushRow]


def searched_in_record(record: EnvironmentRecord) -> SearchedEnvironment:
    """Return an environment from its record."""
    first, columns = record["metrics"][0], record["pushes"]
    rows = zip(*columns.values(), strict=True)
    return SearchedEnvironment(
        _reference(record),
        Conditions.of(first),
        first["difficulty"],
        record["episode_results"],
        [dict(zip(columns, row, strict=True)) for row in rows],
    )


def searched_in_tables(
    metrics: Iterable[Path], pushes: Iterable[Path]
) -> Iterator[SearchedEnvironment]:
    """Yield the environments with a push, in the order of the tables.

    Args:
        metrics: files of the metrics table.
        pushes: files of the pushes table, in which the rows of an environment are neighbours.

    Raises:
        ResultFileError: a file is damaged, or a plan is not among the pushes.
    """
    episodes: dict[int, list[MetricsRow]] = {}
    for path in metrics:
        for row in read_table(path, _COLUMNS).to_pylist():
            if row["termination"] != Termination.ERROR.value:
                episodes.setdefault(row["env_index"], []).append(row)
    for index, rows in by_environment(all_rows(pushes)):
        if index in episodes:
            yield _searched(episodes[index], rows)


def _searched(episodes: Sequence[MetricsRow], pushes: Sequence[PushRow]) -> SearchedEnvironment:
    by_episode: dict[str, list[PushRow]] = {}
    for row in pushes:
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
    )


def plan_in_tables(episode: MetricsRow, pushes: Iterable[PushRow]) -> EpisodePlan:
    """Return the plan of an episode and the states along it.

    Where several pushes lead from one state of the plan to the next, the first is taken: they are
    equally good.

    Args:
        episode: row of the metrics table.
        pushes: of this episode.

    Raises:
        ResultFileError: the pushes do not hold a plan of the episode's length.
    """
    on_plan: dict[int, PushRow] = {}
    for row in pushes:
        if row["on_plan"]:
            on_plan.setdefault(row["state"], row)
    steps, state = [], 0
    for _ in range(episode["solution_depth"] or 0):
        if state not in on_plan:
            raise ResultFileError(
                f"{episode['episode_id']}: its pushes hold no plan of {episode['solution_depth']}"
            )
        steps.append(on_plan[state])
        state = on_plan[state]["next_state"]
    is_solved = episode["solution_depth"] is not None
    return {
        "episode_id": episode["episode_id"],
        "solution_found": is_solved,
        "solution_depth": episode["solution_depth"],
        "action_sequence": [action_in(row) for row in steps] if is_solved else None,
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
