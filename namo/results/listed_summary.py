"""The summary of the last merge: a folder may hold summaries of other labels beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from namo.errors import ResultFileError
from namo.results.schema import FILES
from namo.results.tables import read_table, require_schema

MANIFEST = "manifest.parquet"


class SummaryFiles(NamedTuple):
    """Names of the files of a summary, in the folder of the collection."""

    record: str
    """Pickle with the numbers."""
    text: str
    """The same, to read."""


def listed_summary(folder: Path) -> SummaryFiles:
    """Return the files of the summary that the list of files of a collection names.

    Args:
        folder: of a finished collection.

    Raises:
        ResultFileError: the list is missing or damaged, or names no summary.
    """
    names: list[str] = listed_files(folder, ["path"])["path"].to_pylist()
    record = next((name for name in names if name.startswith("collection_summary_")), None)
    text = next((name for name in names if name.startswith("summary_")), None)
    if record is None or text is None:
        raise ResultFileError(f"{folder / MANIFEST}: lists no summary")
    return SummaryFiles(record, text)


def listed_files(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the list of files of a collection, see `namo.results.schema.FILES`.

    Args:
        folder: of a finished collection.
        columns: only these; None for all.

    Raises:
        ResultFileError: it is missing, damaged or of another version.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise ResultFileError(f"{path}: is missing; is the collection finished?")
    require_schema(path, FILES)
    return read_table(path, columns)
