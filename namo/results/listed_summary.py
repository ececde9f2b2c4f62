"""The summary of the last merge: a folder may hold summaries of other labels beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from namo.errors import ResultFileError
from namo.results.records import resolve_inside
from namo.results.schema import FILES
from namo.results.tables import read_table, require_schema

MANIFEST = "manifest.parquet"
_RECORD, _TEXT = "collection_summary_", "summary_"


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
        ResultFileError: the list is missing or damaged, names no summary, or leads out of the
            folder.
    """
    return SummaryFiles(*(_first_listed(folder, start) for start in (_RECORD, _TEXT)))


def listed_summary_record(folder: Path) -> str:
    """Return the name of the file with the numbers of the summary, likewise.

    Raises:
        ResultFileError: as for `listed_summary`.
    """
    return _first_listed(folder, _RECORD)


def _first_listed(folder: Path, start: str) -> str:
    names: list[str] = listed_files(folder, ["path"])["path"].to_pylist()
    name = next((name for name in names if name.startswith(start)), None)
    if name is None:
        raise ResultFileError(f"{folder / MANIFEST}: lists no summary")
    resolve_inside(folder, name)
    return name


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
    require_schema(path, FILES, folder)
    return read_table(path, columns)
