"""Make `report.html` of a finished collection again, from its files alone.

One page that needs nothing else: what was solved and what failed, effort, choices, plans to play, a
table of all environments. Exit codes: 0 done, 1 a file is missing or damaged, 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "make the report of a collection as a page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the collection")


def run(options: argparse.Namespace) -> int:
    """Write the report, say where it is, and return the exit code."""
    from namo.reporting.report import write_report

    print(write_report(options.folder))
    return 0
