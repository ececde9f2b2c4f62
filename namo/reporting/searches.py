"""Unsolved searches as the tables describe them: metrics row, scene, and every simulated push."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import ResultFileError
from namo.planning.planner import Termination
from namo.results.environment_rows import by_environment, rows_of_environments
from namo.results.index_range import MAX_ENVIRONMENTS
from namo.results.record_types import SceneRow
from namo.results.records import Record
from namo.results.schema import SCENES
from namo.results.tables import merged_table, read_table, row_groups


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
    proof_depth: int | None
    proof_candidates: int | None
    sealed_by: list[str] | None


class SimulatedPush(TypedDict):
    """The columns of the pushes table that explain a search; see `namo.results.schema.PUSHES`.

    Attributes:
        contact: None for a push to a pose.
        travel: m; likewise.
        goal_x: m.
        goal_y: m.
        goal_theta: rad.
        poses_before: x, y, theta of the robot, then of each movable (m, m, rad).
        poses_after: likewise.
        reached_area: m².
        goal_gap: m.
    """

    env_index: int
    episode_id: str
    push: int
    simulation: int
    state: int
    next_state: int
    depth: int
    object_id: str
    contact: int | None
    travel: float | None
    goal_x: float
    goal_y: float
    goal_theta: float
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


def read_searches(
    folder: Path, metrics: Iterable[Record], environments: Collection[int]
) -> Iterator[Search]:
    """Yield some searches of a collection, without those whose scene row is missing.

    Those of one environment are in memory at a time.

    Args:
        folder: of the collection.
        metrics: their rows of the metrics table, with `METRICS_COLUMNS`, in order of environments.
        environments: all that the searches are of.

    Raises:
        ResultFileError: a table is missing, damaged, or not in order of environments.
    """
    scenes = _InOrder(merged_table(folder, "scenes"), environments, SCENES.names)
    pushes = _InOrder(
        merged_table(folder, "pushes"), environments, [*SimulatedPush.__annotations__]
    )
    for number, episodes in by_environment(metrics):
        simulated: dict[str, list[SimulatedPush]] = {row["episode_id"]: [] for row in episodes}
        for row in pushes.rows_of(number):
            if row["episode_id"] in simulated:
                simulated[row["episode_id"]].append(cast(SimulatedPush, row))
        for scene in scenes.rows_of(number):
            for row in episodes:
                pushed = simulated[row["episode_id"]]
                yield Search(cast(SearchMetrics, row), cast(SceneRow, scene), pushed)


class _InOrder:
    """The rows of environments, which are asked for in the order of the table."""

    def __init__(self, path: Path, environments: Collection[int], columns: Sequence[str]) -> None:
        self._path = path
        self._environments = by_environment(rows_of_environments(path, environments, columns))
        self._number, self._rows = -1, list[Record]()

    def rows_of(self, number: int) -> list[Record]:
        while self._number < number:
            before = self._number
            self._number, self._rows = next(self._environments, (MAX_ENVIRONMENTS, []))
            if self._number < before:
                raise ResultFileError(
                    f"{self._path}: environment {self._number} comes after {before}; allowed: in "
                    "order, as a merge writes them"
                )
        return self._rows if self._number == number else []


def rows_of_environment(folder: Path, env_id: str) -> list[Record]:
    """Return how the episodes of an environment ended, or why it failed.

    Args:
        folder: of the collection.
        env_id: of the environment.

    Returns:
        Columns `env_index`, `episode_id`, `episode`, `termination`, `solution_depth` and
        `error_message` of its rows of the metrics table.

    Raises:
        ResultFileError: the table is missing or damaged.
    """
    columns = ["env_index", "episode_id", "episode", "termination"]
    columns += ["solution_depth", "error_message"]
    path = merged_table(folder, "metrics")
    rows: list[Record] = read_table(path, columns, [("env_id", "==", env_id)]).to_pylist()
    return rows


def unsolved_searches(folder: Path, env_id: str | None = None) -> Iterator[Search]:
    """Yield the unsolved searches of a collection, in order.

    Args:
        folder: of the collection.
        env_id: only of this environment; None for all.

    Raises:
        ResultFileError: a table is missing or damaged.
    """
    found = (table["env_index"] for table in _unsolved(folder, env_id))
    environments = {number for column in found for number in column.unique().to_pylist()}
    metrics = (row for table in _unsolved(folder, env_id) for row in table.to_pylist())
    yield from read_searches(folder, metrics, environments)


def _unsolved(folder: Path, env_id: str | None) -> Iterator[pa.Table]:
    """Yield the rows of unsolved searches in the metrics table."""
    for table in row_groups(merged_table(folder, "metrics"), METRICS_COLUMNS):
        wanted = pc.and_(
            pc.invert(table["solution_found"]),
            pc.not_equal(table["termination"], Termination.ERROR.value),
        )
        if env_id is not None:
            wanted = pc.and_(wanted, pc.equal(table["env_id"], env_id))
        yield table.filter(wanted)
