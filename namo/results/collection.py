"""A collection to work with in Python: `namo.load(DIR)`.

Tables are Arrow's: `.to_pandas()`, `polars.from_arrow(...)` and DuckDB take them as they are. What
the columns mean, and their units, is in the metadata of their fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.errors import ResultFileError, UsageError
from namo.geometry import Pose2D
from namo.results.records import record_in
from namo.results.scene_file import scene_of
from namo.results.tables import DATA_TABLES, merged_table, row_groups
from namo.scenes.scene import Scene
from namo.wording import did_you_mean
from namo.world.push import Push
from namo.world.world import Observation

Record = dict[str, Any]


@dataclass(frozen=True)
class Episode:
    """One search.

    Attributes:
        id: `episode_id` of the tables.
        record: what the environment's file holds of it, plain values.
        metrics: its row of the episodes.
        pushes: its rows of the pushes: the whole search, in order.
        run_from: folder in which the collection was run; relative scene paths start there.
    """

    id: str
    record: Record
    metrics: Record
    pushes: pa.Table
    run_from: Path

    @property
    def solved(self) -> bool:
        """Whether a plan was found."""
        return bool(self.record["solution_found"])

    @property
    def plan(self) -> list[Push]:
        """The pushes that open the robot's goal, in order; empty when unsolved, or open at once.

        Their goals are what was asked, world frame (m, rad); where each led, `states` says.
        """
        return [
            Push(action["object_id"], Pose2D(*action["target"]))
            for action in self.record["action_sequence"]
        ]

    @property
    def states(self) -> list[Observation]:
        """Poses before each push of the plan and after the last: `{name}_pose` -> [x, y, theta].

        Metres and radians, world frame. Empty without a plan of at least one push.
        """
        return [
            *self.record["state_observations"][:1],
            *self.record["post_action_state_observations"],
        ]

    @property
    def scene(self) -> Scene:
        """The scene, from its file, under the physics it was collected with.

        Raises:
            SceneError: the file is gone, or is not the one that was collected.
        """
        return scene_of(self.metrics, self.metrics["physics"], self.run_from)


class Collection:
    """A finished collection; tables are read when they are first asked for.

    One that is missing, damaged or of another version raises `ResultFileError` then.

    Attributes:
        folder: of the collection.
        run_from: folder in which it was run; relative scene paths start there.
    """

    def __init__(self, folder: Path, run_from: Path = Path()) -> None:
        """Open a collection.

        Args:
            folder: of the collection.
            run_from: folder in which it was run.

        Raises:
            UsageError: there is none in this folder.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        if not (folder / "metrics.parquet").is_file():
            raise UsageError(f"{folder}: no finished collection is here (no metrics.parquet)")
        self.folder, self.run_from = folder, run_from

    def __repr__(self) -> str:
        found = self._table("metrics", columns=["solution_found"])["solution_found"]
        solved = pc.sum(found).as_py() or 0  # no sum where there is no row
        return f"<collection {self.folder}: {len(found)} episodes, {solved} solved>"

    @cached_property
    def episodes(self) -> pa.Table:
        """One row an episode, failed environments included."""
        return self._table("metrics")

    @cached_property
    def pushes(self) -> pa.Table:
        """One row a simulated push: all that every search tried."""
        return self._table("pushes")

    @cached_property
    def plans(self) -> pa.Table:
        """One row a push of a plan: what it looks like."""
        return self._table("plans")

    @cached_property
    def scenes(self) -> pa.Table:
        """One row an environment whose scene could be read: what it looks like."""
        return self._table("scenes")

    def episode(self, episode_id: str) -> Episode:
        """Return one episode with its plan, its states and its search.

        Reads its row and its file, and no table as a whole.

        Args:
            episode_id: as in the tables.

        Raises:
            UsageError: there is no such episode, or nothing but its row was kept.
            ResultFileError: its file, or a table, is missing or damaged.
        """
        rows = self._table("metrics", filters=[("episode_id", "==", episode_id)]).to_pylist()
        if not rows:
            known = self._table("metrics", columns=["episode_id"])["episode_id"]
            hint = did_you_mean(episode_id, known.slice(0, 1000).to_pylist())
            raise UsageError(f"{self.folder}: no episode '{episode_id}'; {hint[:200]}")
        (row,) = rows
        record = record_in(self.folder, _file_of(row["env_id"]))
        for episode in record["episode_results"]:
            if episode["episode_id"] == episode_id:
                pushes = pa.table(record["pushes"], schema=DATA_TABLES["pushes"])
                own = pushes.filter(pc.equal(pushes["episode"], row["episode"]))
                return Episode(episode_id, episode, row, own, self.run_from)
        why = row["error_message"] or "--filter-minimum-length dropped it"
        raise UsageError(f"{episode_id}: nothing but its row was kept: {why}")

    def records(self) -> Iterator[Record]:
        """Yield what the file of each environment holds, in order; one is in memory at a time.

        Those of environments that failed are among them: their `episode_results` hold what was done
        before the failure.

        Raises:
            ResultFileError: a file is missing or damaged.
        """
        last = None
        for table in row_groups(merged_table(self.folder, "metrics"), ["env_id"]):
            for env_id in table["env_id"].to_pylist():
                if env_id != last:
                    yield record_in(self.folder, _file_of(env_id))
                last = env_id

    def _table(
        self,
        name: str,
        columns: list[str] | None = None,
        filters: list[tuple[str, str, str]] | None = None,
    ) -> pa.Table:
        """Return a table, or some columns of it, or the rows that pass filters."""
        path = merged_table(self.folder, name)
        try:
            return pq.read_table(path, columns=columns, filters=filters)
        except (pa.ArrowException, OSError) as error:
            raise ResultFileError(f"{path}: cannot be read: {error}") from None


def _file_of(env_id: str) -> str:
    return f"{env_id}_results.pkl"
