"""Selection of the episodes in the gallery, and their rows of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from namo.reporting.episodes import Episodes, Integers, evenly_spaced, rows_at
from namo.results.environment_rows import rows_of_environments
from namo.results.record_types import SceneRow
from namo.results.schema import SCENES

MAX_PLANS, MAX_UNSOLVED = 36, 6


class CardMetrics(TypedDict):
    """The columns of the metrics table that a card shows; see `namo.results.schema.METRICS`.

    Attributes:
        search_time_ms: ms.
    """

    episode_id: str
    env_index: int
    episode: int
    xml_file: str
    difficulty: str | None
    solution_depth: int | None
    found_depth: int | None
    termination: str
    pushes_simulated: int
    search_time_ms: float


class PlanRow(TypedDict):
    """The columns of the plans table that are drawn; see `namo.results.schema.PLANS`.

    Attributes:
        object_id: pushed movable.
        contact: contact point of a straight push; None for a push to a pose.
        travel: of a straight push (m); likewise.
        goal_x: target of a push to a pose (m).
        goal_y: likewise (m).
        goal_theta: likewise (rad).
        moved: names of the movables that move.
        robot: x, y in each frame (m; world frame).
        poses: x, y, theta of each movable in `moved`, frame by frame (m, m, rad; world frame).
    """

    episode_id: str
    env_index: int
    object_id: str
    contact: int | None
    travel: float | None
    goal_x: float
    goal_y: float
    goal_theta: float
    moved: list[str]
    robot: list[float]
    poses: list[float]


@dataclass
class GalleryEntry:
    """An episode to show.

    Attributes:
        metrics: its row of the metrics table.
        scene: row of its environment in the scenes table.
        pushes: its rows of the plans table, in order; empty if unsolved.
    """

    metrics: CardMetrics
    scene: SceneRow = field(repr=False)
    pushes: list[PlanRow] = field(repr=False)


def select_entries(episodes: Episodes) -> Integers:
    """Return the rows (n,) to show: plans of every difficulty and length, then unsolved episodes.

    Combinations of class and length take turns, the easiest class and the shortest plan first, and
    are sampled at even spacing, so the same episodes give the same selection. Plans without pushes
    (goal open at the start) are left out.
    """
    planned = np.flatnonzero(episodes.solved & (episodes.length > 0))
    keys = np.stack([episodes.difficulty[planned], episodes.length[planned]])
    kinds = [planned[(kind == keys.T).all(axis=1)] for kind in np.unique(keys, axis=1).T]
    quotas = _round_robin([kind.size for kind in kinds], MAX_PLANS)
    plans = [evenly_spaced(kind, quota) for kind, quota in zip(kinds, quotas, strict=True)]
    unsolved = evenly_spaced(np.flatnonzero(episodes.ran & ~episodes.solved), MAX_UNSOLVED)
    return np.concatenate([*plans, unsolved]).astype(np.int64)


def _round_robin(sizes: list[int], limit: int) -> list[int]:
    """Return how many items each group gets if they take turns up to a limit in total."""
    quotas = [0] * len(sizes)
    left = min(limit, sum(sizes))
    while left:
        for group, size in enumerate(sizes):
            if left and quotas[group] < size:
                quotas[group] += 1
                left -= 1
    return quotas


def read_entries(folder: Path, selected: Integers) -> list[GalleryEntry]:
    """Read the selected episodes of a collection, without those whose scene row is missing.

    Args:
        folder: of the collection.
        selected: (n,) rows of its metrics table.
    """
    metrics = rows_at(folder / "metrics.parquet", selected, [*CardMetrics.__annotations__])
    environments = sorted({row["env_index"] for row in metrics})
    scenes = {
        row["env_index"]: cast(SceneRow, row)
        for row in rows_of_environments(folder / "scenes.parquet", environments, SCENES.names)
    }
    pushes: dict[str, list[PlanRow]] = {row["episode_id"]: [] for row in metrics}
    for row in rows_of_environments(
        folder / "plans.parquet", environments, [*PlanRow.__annotations__]
    ):
        if row["episode_id"] in pushes:
            pushes[row["episode_id"]].append(cast(PlanRow, row))
    return [
        GalleryEntry(cast(CardMetrics, row), scenes[row["env_index"]], pushes[row["episode_id"]])
        for row in metrics
        if row["env_index"] in scenes
    ]
