"""Write the report of a finished collection, `report.html`, from its files alone.

One page that needs nothing else: outcomes and failures, effort, choices, plans to play, a table of
all environments.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse

from namo.commands.arguments import add_folder

HELP = "write the report of a collection, report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)


def run(options: argparse.Namespace) -> int:
    """Write the report, print its path, and return the exit code."""
    from namo.reporting.report import write_report

    print(write_report(options.folder))
    return 0
