"""The last lines of a run: what was solved and what failed, which file to open, what to do next."""

from __future__ import annotations

import shlex
from pathlib import Path

import pyarrow.compute as pc

from namo.results.again import replay_command
from namo.results.listed_summary import listed_summary_record
from namo.results.record_files import record_file
from namo.results.records import read_listed_record
from namo.results.summary_types import Summary
from namo.results.tables import row_groups

REPORT = "report.html"


def closing_lines(folder: Path) -> list[str]:
    """Return the last lines of a run that collected something.

    Args:
        folder: of the finished collection.

    Raises:
        ResultFileError: a file of the collection is missing or damaged.
    """
    found = read_listed_record(folder, listed_summary_record(folder), Summary)["performance_stats"]
    solved, searches = found["solved_searches"], found["searches"]
    percent = f" ({100 * solved / searches:.0f} %)" if searches else ""
    return [
        f"solved  {solved} of {searches} episodes{percent}",
        f"failed  {found['failed_environments']} of {found['total_environments']} environments",
        f"open    {folder / REPORT}",
        f"next    {_next(folder, failed=found['failed_environments'] > 0)}",
    ]


def _next(folder: Path, *, failed: bool) -> str:
    """Return the command to go on with: why environments failed, or a plan to watch."""
    if not failed:
        for rows in row_groups(folder / "metrics.parquet", ["env_id", "solution_depth", "kept"]):
            plans = rows.filter(pc.and_(pc.greater(rows["solution_depth"], 0), rows["kept"]))
            if plans.num_rows:
                file = folder / record_file(plans["env_id"][0].as_py())
                return replay_command(str(file), "--gif", "plan.gif")
    return f"namo status {shlex.quote(str(folder))}"
