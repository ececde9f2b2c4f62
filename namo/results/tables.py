"""Parquet files of a collection: written whole, read one row group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from namo.errors import ResultFileError
from namo.files import replacing, require_inside
from namo.planning.planner import Termination
from namo.regular_files import require_regular
from namo.results.index_range import MAX_ENVIRONMENTS
from namo.results.list_columns import list_problem
from namo.results.schema import FILES, METRICS, PLANS, PUSHES, SCENE_FILES, SCENES
from namo.results.schema_version import require_schema_version, table_version
from namo.scenes.conditions import clearance_problem
from namo.scenes.presets import PHYSICS_PRESETS
from namo.signals import check_termination
from namo.world.push import PushStatus

DATA_TABLES = {"metrics": METRICS, "pushes": PUSHES, "plans": PLANS, "scenes": SCENES}
"""Schemas of the tables of a collection whose rows belong to environments."""
MERGED_TABLES = {**DATA_TABLES, "scene_files": SCENE_FILES}
"""Schemas of the tables of a collection, which are assembled from those of its parts."""
TABLES = {**MERGED_TABLES, "files": FILES}
COMPRESSION = "zstd"
ROW_GROUP = 65536
"""Rows per row group."""
BATCH_ROWS = 4096
"""Rows that `row_batches` reads at a time."""
GROUP_BYTES = 64_000_000
"""Size in memory at which a row group is written with fewer rows, for rows of any size (bytes)."""
NULLABLE = frozenset(
    {
        *("difficulty", "opening_fraction", "worker_process", "solution_depth", "replayed"),
        *("found_depth", "minimal", "refined", "search_push"),
        *("error_kind", "error_message", "rerun_command", "rows"),
        *("remarks", "reachable", "reached_area", "goal_gap", "contact", "travel"),
        *("proof_depth", "proof_candidates", "sealed_by"),
        *("visits", "value", "search_cpu_time_ms"),
    }
)
"""Columns that may hold nulls."""
VALUES = {
    "termination": frozenset(each.value for each in Termination),
    "status": frozenset(each.value for each in PushStatus),
    "physics": frozenset(PHYSICS_PRESETS),
}
"""Columns that hold one of a few names -> these names."""


def write_table(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Concatenate tables into a Parquet file, which is written whole or not at all.

    Args:
        path: the file.
        schema: of every table.
        tables: any number, including none; their rows are gathered into row groups of `ROW_GROUP`
            rows, or of `GROUP_BYTES` if that is less.

    Returns:
        The number of rows written.
    """
    rows, waiting, waiting_bytes, pending = 0, 0, 0, [schema.empty_table()]
    with (
        replacing(path) as handle,
        pq.ParquetWriter(handle, schema, compression=COMPRESSION) as writer,
    ):
        for table in tables:
            check_termination()
            pending.append(table)
            rows, waiting = rows + table.num_rows, waiting + table.num_rows
            waiting_bytes += table.nbytes
            if waiting >= ROW_GROUP or waiting_bytes >= GROUP_BYTES:
                writer.write_table(pa.concat_tables(pending), ROW_GROUP)
                waiting, waiting_bytes, pending = 0, 0, []
        if pending:
            writer.write_table(pa.concat_tables(pending), ROW_GROUP)
    return rows


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file, one row group at a time, so that memory stays bounded.

    Raises:
        ResultFileError: as for `open_table`, or a value is not allowed in its column.
    """
    with open_table(path) as file:
        for group in range(file.num_row_groups):
            check_termination()
            table = file.read_row_group(group, columns=columns)
            require_values(path, table)
            yield table


def row_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file, `BATCH_ROWS` at a time: for less memory than row groups.

    Raises:
        ResultFileError: as for `row_groups`.
    """
    with open_table(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            check_termination()
            table = pa.Table.from_batches([batch])
            require_values(path, table)
            yield table


def read_table(
    path: Path,
    columns: Sequence[str] | None = None,
    filters: Sequence[tuple[str, str, str | int]] | None = None,
) -> pa.Table:
    """Return a Parquet file of a collection, optionally some columns or the rows of filters.

    Raises:
        ResultFileError: as for `row_groups`.
    """
    with open_table(path):
        table = pq.read_table(path, columns=columns, filters=filters)
    require_values(path, table)
    return table


@contextmanager
def open_table(path: Path, dictionaries: Sequence[str] | None = None) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file of a collection; errors of reading it within the block name it too.

    Args:
        path: the file.
        dictionaries: columns to read as dictionaries.

    Raises:
        ResultFileError: it is missing, no regular file, or damaged.
    """
    try:
        require_regular(path)
        with pq.ParquetFile(path, read_dictionary=dictionaries) as file:
            yield file
    except FileNotFoundError:
        raise ResultFileError(f"{path}: is missing; `namo verify` lists all problems") from None
    except ResultFileError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise ResultFileError(f"{path}: cannot be read: {error}") from None


def require_values(path: Path, table: pa.Table | pa.RecordBatch) -> None:
    """Make sure that the values of a table are allowed: for rows not read by `row_groups`.

    Args:
        path: of the table.
        table: some of its rows and columns.

    Raises:
        ResultFileError: a value is null, an impossible index or name, or a list of a wrong length.
    """
    for name in table.column_names:
        if table[name].null_count and name not in NULLABLE:
            raise ResultFileError(f"{path}: column '{name}' holds null")
        if name in VALUES:
            for value in pc.unique(table[name]).to_pylist():
                if value not in VALUES[name]:
                    raise ResultFileError(f"{path}: column '{name}' holds {value!r:.40}")
    if "env_index" in table.column_names and table.num_rows:
        bounds = pc.min_max(table["env_index"]).as_py()
        if bounds["min"] < 0 or bounds["max"] >= MAX_ENVIRONMENTS:
            raise ResultFileError(
                f"{path}: column 'env_index' holds {bounds['min']} to {bounds['max']}; allowed: 0 "
                f"to {MAX_ENVIRONMENTS - 1}"
            )
    if "clearance" in table.column_names:
        for value in pc.unique(table["clearance"]).to_pylist():
            if problem := clearance_problem(value):
                raise ResultFileError(f"{path}: column 'clearance' {problem}")
    shards = path.parent.name  # of an export, in whose folder of a table they are
    if problem := list_problem(path.stem if path.stem in TABLES else shards, table):
        raise ResultFileError(f"{path}: {problem}")


def merged_table(folder: Path, name: str) -> Path:
    """Return the path of one of the `MERGED_TABLES` of a finished collection.

    Raises:
        ResultFileError: it is missing, cannot be read, leads out of the collection, or is of
            another version.
    """
    path = folder / f"{name}.parquet"
    require_inside(folder, path)
    require_schema(path, MERGED_TABLES[name], folder)
    return path


def require_schema(path: Path, schema: pa.Schema, folder: Path) -> None:
    """Make sure that a Parquet file has a schema.

    Args:
        path: the file.
        schema: of this version.
        folder: of the collection.

    Raises:
        ResultFileError: it has another one, is missing or cannot be read.
    """
    with open_table(path) as file:
        found = file.schema_arrow
    require_schema_version(table_version(found), path, folder)
    if not found.equals(schema):
        raise ResultFileError(f"{path}: schema differs from the one this version writes")
