"""Whether the plans of a record are those of the plans table, and its search, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from namo.results.actions import action_in
from namo.results.environment_rows import all_rows, by_environment
from namo.results.record_types import EnvironmentRecord, EpisodeRecord
from namo.results.records import Record
from namo.results.schema import DRAWING_DECIMALS, PLANS
from namo.results.searched_environment import observation_of
from namo.world.push_skill import MOVED_M, MOVED_RAD

SHARED = (
    *("object_id", "contact", "travel", "goal_x", "goal_y", "goal_theta"),
    *("status", "result_x", "result_y", "result_theta", "contacts", "physics_steps"),
    *("object_names", "poses_before", "poses_after"),
)
"""Columns in which a push of a plan equals the same push of the search."""
_DRAWN = 2.0 * 10.0**-DRAWING_DECIMALS
"""Greatest difference of a coordinate in a frame from the exact one (m, rad)."""


class PlanRows:
    """The rows of a plans table, for environments that are asked for in ascending order."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet.

        Args:
            path: of the table.
        """
        self._groups = by_environment(all_rows([path]))
        self._next = next(self._groups, None)

    def of(self, environment: int) -> list[Record]:
        """Return the rows of an environment, which are neighbours in the table.

        Raises:
            ResultFileError: the table is damaged.
        """
        while self._next is not None and self._next[0] < environment:
            self._next = next(self._groups, None)
        return self._next[1] if self._next is not None and self._next[0] == environment else []


def plan_row_problems(record: EnvironmentRecord, stored: Sequence[Record]) -> Iterator[str]:
    """Yield how the plans of a record differ from their rows.

    Args:
        record: of an environment.
        stored: its rows of the plans table.
    """
    rows = pa.table(record["plans"], schema=PLANS).to_pylist()
    for own, other in zip_longest(rows, stored, fillvalue=None):
        if own is None or other is None:
            return  # the numbers of rows are compared elsewhere
        for name, value in own.items():
            if other[name] != value:
                push = f"{own['episode_id']}, push {own['step'] + 1} of its plan"
                yield f"{push}: {name} is {value!r:.60}, in plans.parquet {other[name]!r:.60}"
                return
    pushes = pa.table(record["pushes"]).select(["episode_id", "push", *SHARED]).to_pylist()
    searched = {(row["episode_id"], row["push"]): row for row in pushes}
    for episode in record["episode_results"]:
        own_rows = [row for row in rows if row["episode_id"] == episode["episode_id"]]
        problem = next(_problems(record, episode, own_rows, searched), None)
        if problem is not None:
            yield f"{episode['episode_id']}: {problem}"


def stored_outcomes(record: EnvironmentRecord) -> dict[str, list[tuple[str, int]]]:
    """Return status and physics steps of each push of the plans of a record, by episode ID."""
    plans, outcomes = record["plans"], dict[str, list[tuple[str, int]]]()
    for episode_id, *outcome in zip(
        *(plans[name] for name in ("episode_id", "status", "physics_steps")), strict=True
    ):
        outcomes.setdefault(episode_id, []).append(tuple(outcome))
    return outcomes


def _problems(
    record: EnvironmentRecord,
    episode: EpisodeRecord,
    rows: Sequence[Record],
    searched: Mapping[tuple[str, int], Record],
) -> Iterator[str]:
    """Yield how a plan differs from its rows, or the rows from each other."""
    plan = episode["action_sequence"] or []
    if len(rows) != len(plan):
        yield f"plan of {len(plan)} pushes has {len(rows)} rows of plans"
        return
    found, dropped = episode["found_sequence"] or [], episode["dropped"] or []
    kept = [number for number in range(len(found)) if number not in dropped]
    places = zip_longest(kept, rows, plan, fillvalue=None)
    for step, (number, row, action) in enumerate(places):
        if row is None or action is None or number is None:
            yield f"plan of {len(plan)} pushes, of {len(found)} found without {len(dropped)}"
            return
        before, after = (
            episode[which][step] if step < len(episode[which]) else None
            for which in ("state_observations", "post_action_state_observations")
        )
        names = row["object_names"]
        result = after and after.get(f"{row['object_id']}_pose")
        known = searched.get((row["episode_id"], row["search_push"]), {})
        expected: dict[str, Any] = {
            "env_id": record["env_id"],
            "env_index": record["env_index"],
            "step": step,
            "found_step": number,
            **(known and {name: known[name] for name in SHARED}),
        }
        for name, value in expected.items():
            if row[name] != value:
                yield f"row {step} of plans: {name} is {row[name]!r:.60}; expected {value!r:.60}"
        checks = {
            "target": action_in(row) == action,
            "search_push": row["search_push"] is None or bool(known),
            "poses_before": observation_of(names, row["poses_before"]) == before,
            "poses_after": observation_of(names, row["poses_after"]) == after,
            "result": [row[f"result_{axis}"] for axis in ("x", "y", "theta")] == result,
            "motion": _is_drawn(row),
        }
        for name, holds in checks.items():
            if not holds:
                yield f"row {step} of plans: {name} differs from push {step + 1} of its plan"


def _is_drawn(row: Record) -> bool:
    """Return whether the frames of a push lead from the poses before it to those after it."""
    robot = np.reshape(row["robot"], (-1, 2)) if len(row["robot"]) % 2 == 0 else np.empty((0, 2))
    names, moved = row["object_names"], row["moved"]
    if not len(robot) or [name for name in names if name in moved] != moved:
        return False
    if len(row["poses"]) != 3 * len(robot) * len(moved):
        return False
    poses = np.reshape(row["poses"], (len(robot), len(moved), 3))
    before, after = (np.reshape(row[which], (-1, 3)) for which in ("poses_before", "poses_after"))
    places = [1 + names.index(name) for name in moved]
    still = [1 + place for place, name in enumerate(names) if name not in moved]
    rest = np.abs(after[still] - before[still])
    return bool(
        np.allclose(robot[0], before[0, :2], rtol=0.0, atol=_DRAWN)
        and np.allclose(poses[0], before[places], rtol=0.0, atol=_DRAWN)
        and np.allclose(poses[-1], after[places], rtol=0.0, atol=_DRAWN)
        and np.all(rest <= (MOVED_M, MOVED_M, MOVED_RAD))
    )
