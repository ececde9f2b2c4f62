"""Write `report.html` of a finished collection from its files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from namo.errors import UsageError
from namo.files import remove_leftovers, replacing
from namo.reporting.page import PageInputs, drawn_by, make_page
from namo.results.listed_summary import listed_summary_record
from namo.results.problem import Problem
from namo.results.records import read_listed_record
from namo.results.run_file import read_run_file
from namo.results.summary_types import Summary
from namo.results.tables import DATA_TABLES, merged_table

REPORT = "report.html"
_DRAWN_BY = re.compile(rb'<meta name="generator" content="([^"]*)">')


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
    for name in DATA_TABLES:
        merged_table(folder, name)
    page = _page(folder)
    path = folder / REPORT
    remove_leftovers(folder, [REPORT])
    with replacing(path) as handle:
        handle.write(page)
    return path


def compare_page(folder: Path) -> tuple[list[Problem], list[str]]:
    """Return what is wrong with the report of a collection that is intact otherwise, and notes.

    None need be there. One that other versions of this package or its libraries drew is not
    compared.

    Args:
        folder: of the collection.

    Raises:
        ResultFileError: a file of the collection is damaged.
    """
    path = folder / REPORT
    if not path.is_file():
        return [], []
    content = path.read_bytes()
    again = f"`namo report {shlex.quote(str(folder))}` makes it again"
    by = _DRAWN_BY.search(content)
    if by is not None and by[1] != drawn_by().encode():
        by_text = by[1].decode(errors="replace")
        return [], [f"{REPORT}: drawn by {by_text}, so not compared with the tables; {again}"]
    if content == _page(folder):
        return [], []
    return [Problem(REPORT, f"differs from the tables; {again}", repairable=False)], []


def _page(folder: Path) -> bytes:
    run = read_run_file(folder)
    summary = read_listed_record(folder, listed_summary_record(folder), Summary)
    return make_page(PageInputs(folder, run, summary)).encode()
