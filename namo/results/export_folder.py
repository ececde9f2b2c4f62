"""A collection as `namo export --format huggingface` writes it: what its folder holds.

Each table is a folder of Parquet shards, without the columns that tell of machines; the stored
scenes are the file of the collection.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from namo.errors import ResultFileError
from namo.results.tables import DATA_TABLES, require_schema

EXPORTED = {"episodes": "metrics", "pushes": "pushes", "plans": "plans", "scenes": "scenes"}
"""Folder of shards -> table of the collection."""
LEFT_OUT = ("hostname", "worker_hostname", "worker_process", "rerun_command")
"""Columns that exports do not have."""
CARD = "README.md"

_FOLDERS = {table: folder for folder, table in EXPORTED.items()}


def exported_schema(table: str) -> pa.Schema:
    """Return the schema of one of the `DATA_TABLES` in an export."""
    schema = DATA_TABLES[table]
    kept = [field for field in schema if field.name not in LEFT_OUT]
    return pa.schema(kept, metadata=schema.metadata)


def is_export(folder: Path) -> bool:
    """Return whether a folder holds an exported data set."""
    return (folder / CARD).is_file() and (folder / _FOLDERS["metrics"]).is_dir()


def exported_shards(folder: Path, table: str) -> list[Path]:
    """Return the shards of one of the `DATA_TABLES` of an export, split by split.

    Args:
        folder: of the export.
        table: name of the table of the collection.

    Raises:
        ResultFileError: there is none, or one is damaged or of another version.
    """
    shards = sorted((folder / _FOLDERS[table]).glob("*.parquet"))
    if not shards:
        raise ResultFileError(f"{folder / _FOLDERS[table]}: has no *.parquet; export again")
    for path in shards:
        require_schema(path, exported_schema(table), folder)
    return shards
