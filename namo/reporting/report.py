"""Write `report.html` of a finished collection from its files."""

from __future__ import annotations

from pathlib import Path

from namo.errors import UsageError
from namo.files import remove_leftovers, replacing
from namo.reporting.page import PageInputs, make_page
from namo.results.listed_summary import listed_summary_record
from namo.results.records import read_listed_record
from namo.results.run_file import read_run_file
from namo.results.summary_types import Summary
from namo.results.tables import DATA_TABLES, merged_table

REPORT = "report.html"


def write_report(folder: Path) -> Path:
    """Write the report of a collection and return its path.

    Args:
        folder: of a finished collection.

    Raises:
        UsageError: the folder holds no finished collection.
        ResultFileError: a file of the collection is missing or damaged.
        OSError: the report cannot be written.
    """
    if not (folder / "metrics.parquet").is_file():
        raise UsageError(f"{folder}: no finished collection is here (no metrics.parquet)")
    run = read_run_file(folder)
    for name in DATA_TABLES:
        merged_table(folder, name)
    summary = read_listed_record(folder, listed_summary_record(folder), Summary)
    page = make_page(PageInputs(folder, run, summary))
    path = folder / REPORT
    remove_leftovers(folder, [REPORT])
    with replacing(path) as handle:
        handle.write(page.encode())
    return path
