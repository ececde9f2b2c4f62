"""Parquet files of a collection: written whole, read one row group at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import ResultFileError
from namo.files import replacing, require_inside
from namo.results.schema import FILES, METRICS, PLANS, PUSHES, SCENES
from namo.results.schema_version import require_schema_version, table_version

DATA_TABLES = {"metrics": METRICS, "pushes": PUSHES, "plans": PLANS, "scenes": SCENES}
"""Schemas of the tables of a collection, which are assembled from those of its parts."""
TABLES = {**DATA_TABLES, "files": FILES}
COMPRESSION = "zstd"
ROW_GROUP = 65536
"""Rows per row group."""


def write_table(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    """Concatenate tables into a Parquet file, which is written whole or not at all.

    Args:
        path: the file.
        schema: of every table.
        tables: any number, including none; their rows are gathered into row groups of `ROW_GROUP`.

    Returns:
        The number of rows written.
    """
    rows, waiting, pending = 0, 0, [schema.empty_table()]
    with (
        replacing(path) as handle,
        pq.ParquetWriter(handle, schema, compression=COMPRESSION) as writer,
    ):
        for table in tables:
            pending.append(table)
            rows, waiting = rows + table.num_rows, waiting + table.num_rows
            if waiting >= ROW_GROUP:
                writer.write_table(pa.concat_tables(pending), ROW_GROUP)
                waiting, pending = 0, []
        if pending:
            writer.write_table(pa.concat_tables(pending), ROW_GROUP)
    return rows


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a Parquet file, one row group at a time, so that memory stays bounded."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def merged_table(folder: Path, name: str) -> Path:
    """Return the path of one of the `DATA_TABLES` of a finished collection.

    Raises:
        ResultFileError: it is missing, cannot be read, leads out of the collection, or is of
            another version.
    """
    path = folder / f"{name}.parquet"
    require_inside(folder, path)
    try:
        schema = pq.read_schema(path)
    except FileNotFoundError:
        raise ResultFileError(f"{path}: is missing; `namo verify` lists all problems") from None
    except (pa.ArrowException, OSError) as error:
        raise ResultFileError(f"{path}: cannot be read: {error}") from None
    require_schema_version(table_version(schema), path, folder)
    if not schema.equals(DATA_TABLES[name]):
        raise ResultFileError(f"{path}: schema differs from the one this version writes")
    return path
