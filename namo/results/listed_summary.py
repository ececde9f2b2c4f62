"""The summary of the last merge: a folder may hold summaries of other labels beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from namo.errors import ResultFileError
from namo.results.records import resolve_inside

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
        ResultFileError: the list is missing or damaged, names no summary, or leads out of the
            folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ResultFileError(f"{path}: is missing; is the collection finished?")
    try:
        names: list[str] = pq.read_table(path, columns=["path"])["path"].to_pylist()
    except pa.ArrowInvalid as error:
        raise ResultFileError(f"{path}: {error}") from None
    record = next((name for name in names if name.startswith("collection_summary_")), None)
    text = next((name for name in names if name.startswith("summary_")), None)
    if record is None or text is None:
        raise ResultFileError(f"{path}: lists no summary")
    for name in (record, text):
        resolve_inside(folder, name)
    return SummaryFiles(record, text)
