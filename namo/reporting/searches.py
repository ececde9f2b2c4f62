"""Unsolved searches as the tables describe them: metrics row, scene, and every simulated push."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import pyarrow.compute as pc

from namo.planning.planner import Termination
from namo.results.environment_rows import rows_of_environments
from namo.results.record_types import SceneRow
from namo.results.records import Record
from namo.results.schema import SCENES
from namo.results.tables import merged_table, read_table, row_groups

BLOCK = 256
"""Searches to hold in memory at a time."""


class SearchMetrics(TypedDict):
    """The columns of the metrics table that explain a search; see `namo.results.schema.METRICS`.

    Attributes:
        clearance: m.
    """

    env_id: str
    env_index: int
    episode_id: str
    episode: int
    xml_file: str
    clearance: float
    termination: str
    solution_found: bool
    max_depth_reached: int


class SimulatedPush(TypedDict):
    """The columns of the pushes table that explain a search; see `namo.results.schema.PUSHES`.

    Attributes:
        goal_x: m.
        goal_y: m.
        poses_before: x, y, theta of the robot, then of each movable (m, m, rad).
        poses_after: likewise.
        reached_area: m².
        goal_gap: m.
    """

    env_index: int
    episode_id: str
    push: int
    state: int
    next_state: int
    depth: int
    object_id: str
    goal_x: float
    goal_y: float
    status: str
    moved: bool
    poses_before: list[float]
    poses_after: list[float]
    reachable: list[str] | None
    reached_area: float | None
    goal_gap: float | None


@dataclass(frozen=True)
class Search:
    """One search.

    Attributes:
        metrics: its row of the metrics table.
        scene: row of its environment in the scenes table.
        pushes: its rows of the pushes table, in order.
    """

    metrics: SearchMetrics
    scene: SceneRow = field(repr=False)
    pushes: list[SimulatedPush] = field(repr=False)


METRICS_COLUMNS = [*SearchMetrics.__annotations__]


def read_searches(folder: Path, metrics: Sequence[Record]) -> list[Search]:
    """Return some searches of a collection, without those whose scene row is missing.

    Args:
        folder: of the collection.
        metrics: their rows of the metrics table, with `METRICS_COLUMNS`.

    Raises:
        ResultFileError: a table is missing or damaged.
    """
    environments = {row["env_index"] for row in metrics}
    scenes = {
        row["env_index"]: cast(SceneRow, row)
        for row in rows_of_environments(merged_table(folder, "scenes"), environments, SCENES.names)
    }
    pushes: dict[str, list[SimulatedPush]] = {row["episode_id"]: [] for row in metrics}
    for row in rows_of_environments(
        merged_table(folder, "pushes"), environments, [*SimulatedPush.__annotations__]
    ):
        if row["episode_id"] in pushes:
            pushes[row["episode_id"]].append(cast(SimulatedPush, row))
    return [
        Search(cast(SearchMetrics, row), scenes[row["env_index"]], pushes[row["episode_id"]])
        for row in metrics
        if row["env_index"] in scenes
    ]


def rows_of_environment(folder: Path, env_id: str) -> list[Record]:
    """Return how the episodes of an environment ended, or why it failed.

    Args:
        folder: of the collection.
        env_id: of the environment.

    Returns:
        Columns `episode_id`, `termination` and `error_message` of its rows of the metrics table.

    Raises:
        ResultFileError: the table is missing or damaged.
    """
    columns = ["episode_id", "termination", "error_message"]
    path = merged_table(folder, "metrics")
    rows: list[Record] = read_table(path, columns, [("env_id", "==", env_id)]).to_pylist()
    return rows


def unsolved_searches(folder: Path, env_id: str | None = None) -> Iterator[Search]:
    """Yield the unsolved searches of a collection, in order; a few are in memory at a time.

    Args:
        folder: of the collection.
        env_id: only of this environment; None for all.

    Raises:
        ResultFileError: a table is missing or damaged.
    """
    for table in row_groups(merged_table(folder, "metrics"), METRICS_COLUMNS):
        wanted = pc.and_(
            pc.invert(table["solution_found"]),
            pc.not_equal(table["termination"], Termination.ERROR.value),
        )
        if env_id is not None:
            wanted = pc.and_(wanted, pc.equal(table["env_id"], env_id))
        unsolved = table.filter(wanted)
        for first in range(0, unsolved.num_rows, BLOCK):
            yield from read_searches(folder, unsolved.slice(first, BLOCK).to_pylist())
