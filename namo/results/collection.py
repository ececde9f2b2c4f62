"""A finished collection, or an export of one, as a Python object: `namo.load(DIR)`.

Tables are Arrow tables: use `.to_pandas()`, `polars.from_arrow(...)`, or query them with DuckDB.
The metadata of each field holds the meaning of the column and its unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from namo.errors import UsageError
from namo.results.collected_scenes import CollectedScenes
from namo.results.episode import Episode, episodes_in
from namo.results.export_folder import exported_shards, is_export
from namo.results.record_files import record_file
from namo.results.record_types import EnvironmentRecord, MetricsRow
from namo.results.records import read_listed_record
from namo.results.searched_environment import (
    SearchedEnvironment,
    plan_in_tables,
    searched_in_record,
    searched_in_tables,
)
from namo.results.tables import merged_table, read_table, row_groups
from namo.wording import did_you_mean


class Collection:
    """A finished collection, or an export of one; its tables are read on first access.

    An exported data set has no records of environments, and its tables lack a few columns. Access
    to a table that is missing, damaged or of another version raises `ResultFileError`.

    Attributes:
        folder: of the collection.
        run_from: folder in which it was run; relative scene paths start there.
        is_export: whether it is an exported data set.
    """

    def __init__(self, folder: Path, run_from: Path = Path()) -> None:
        """Open a collection.

        Args:
            folder: of the collection.
            run_from: folder in which it was run.

        Raises:
            UsageError: there is neither a finished collection nor an export in this folder.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        self.is_export = is_export(folder)
        if not self.is_export and not (folder / "metrics.parquet").is_file():
            raise UsageError(f"{folder}: no finished collection is here (no metrics.parquet)")
        self.folder, self.run_from = folder, run_from

    def __repr__(self) -> str:
        found = self._table("metrics", columns=["solution_found"])["solution_found"]
        solved = pc.sum(found).as_py() or 0  # no sum where there is no row
        return f"<collection {self.folder}: {len(found)} episodes, {solved} solved>"

    @cached_property
    def collected_scenes(self) -> CollectedScenes:
        """Reads the scenes, from their files or as stored."""
        return CollectedScenes(self.folder, self.run_from)

    @cached_property
    def episodes(self) -> pa.Table:
        """One row per episode, failed environments included."""
        return self._table("metrics")

    @cached_property
    def pushes(self) -> pa.Table:
        """One row per simulated push of every search."""
        return self._table("pushes")

    @cached_property
    def plans(self) -> pa.Table:
        """One row per push of a plan: robot path and object motion."""
        return self._table("plans")

    @cached_property
    def scenes(self) -> pa.Table:
        """One row per environment whose scene could be read: its geometry."""
        return self._table("scenes")

    @cached_property
    def scene_files(self) -> pa.Table:
        """One row per distinct scene that could be read: its file."""
        return read_table(self.scene_files_path())

    def scene_files_path(self) -> Path:
        """Return the file that holds `scene_files`.

        Raises:
            ResultFileError: it is missing, or the collection is of another version.
        """
        self._files("metrics")  # a collection of an earlier version has no scene files to miss
        return merged_table(self.folder, "scene_files")

    def episode(self, episode_id: str) -> Episode:
        """Return one episode with its plan, states and search.

        Reads the episode's row and its environment's file, but no table as a whole.

        Args:
            episode_id: as in the tables.

        Raises:
            UsageError: there is no such episode, or only its metrics row was kept.
            ResultFileError: its file, or a table, is missing or damaged.
        """
        rows = self._table("metrics", filters=[("episode_id", "==", episode_id)]).to_pylist()
        if not rows:
            known = self._table("metrics", columns=["episode_id"])["episode_id"]
            hint = did_you_mean(episode_id, known.slice(0, 1000).to_pylist())
            raise UsageError(f"{self.folder}: no episode '{episode_id}'; {hint[:200]}")
        (row,) = rows
        episode = self._exported(row) if self.is_export else self._kept(row)
        if episode is None:
            why = row["error_message"] or "--filter-minimum-length dropped it"
            raise UsageError(f"{episode_id}: only its metrics row was kept: {why}")
        return episode

    def _kept(self, row: MetricsRow) -> Episode | None:
        episodes = episodes_in(self._record(row["env_id"]), self.collected_scenes)
        return next((each for each in episodes if each.id == row["episode_id"]), None)

    def _exported(self, row: MetricsRow) -> Episode | None:
        if not row["kept"]:
            return None
        episode_id, env_id = row["episode_id"], row["env_id"]
        pushes, steps = (
            self._table(name, filters=[("episode_id", "==", episode_id)])
            for name in ("pushes", "plans")
        )
        (scene,) = self._table("scenes", filters=[("env_id", "==", env_id)]).to_pylist()
        plan = plan_in_tables(row, steps.to_pylist())
        return Episode(episode_id, plan, row, pushes, steps, scene, self.collected_scenes)

    def records(self) -> Iterator[EnvironmentRecord]:
        """Yield the record of each environment, in order; one is in memory at a time.

        Failed environments are included: their `episode_results` hold the episodes that ended
        before the failure.

        Raises:
            UsageError: it is an exported data set, which has no records.
            ResultFileError: a file is missing or damaged.
        """
        if self.is_export:
            raise UsageError(
                f"{self.folder}: an exported data set has tables and no records of environments"
            )
        last = None
        for table in row_groups(merged_table(self.folder, "metrics"), ["env_id"]):
            for env_id in table["env_id"].to_pylist():
                if env_id != last:
                    yield self._record(env_id)
                last = env_id

    @property
    def searched_environments(self) -> int:
        """How many environments have a push."""
        rows = self._table("metrics", ["env_index"], [("pushes_simulated", ">", 0)])
        count: int = pc.count_distinct(rows["env_index"]).as_py()
        return count

    def searched(self) -> Iterator[SearchedEnvironment]:
        """Yield the environments with a push, in the order of the pushes table.

        One is in memory at a time, and a row for every episode.

        Raises:
            ResultFileError: a file is missing or damaged.
        """
        if self.is_export:
            yield from searched_in_tables(
                *(self._files(name) for name in ("metrics", "pushes", "plans"))
            )
            return
        for record in self.records():
            if record["pushes"]["push"]:
                yield searched_in_record(record)

    def _record(self, env_id: str) -> EnvironmentRecord:
        return read_listed_record(self.folder, record_file(env_id), EnvironmentRecord)

    def _table(
        self,
        name: str,
        columns: list[str] | None = None,
        filters: list[tuple[str, str, str | int]] | None = None,
    ) -> pa.Table:
        """Return a table, optionally some columns of it, or the rows that match filters."""
        found = [read_table(path, columns, filters) for path in self._files(name)]
        return pa.concat_tables(found) if len(found) > 1 else found[0]

    def _files(self, name: str) -> list[Path]:
        """Return the files of a table."""
        if self.is_export:
            return exported_shards(self.folder, name)
        return [merged_table(self.folder, name)]
