"""Print the summary of a collection, and fail when too many of its environments failed.

Exit codes: 0 printed; 1 too many environments failed, or a file is missing or damaged; 2 wrong
usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from namo.commands.arguments import (
    add_folder,
    add_max_failed_fraction,
    exceeds,
    require_folder,
    require_fraction,
)

HELP = "print the summary of a collection"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    add_max_failed_fraction(parser, "fail when more than this fraction of environments failed")


def run(options: argparse.Namespace) -> int:
    """Print the summary and return the exit code.

    Raises:
        UsageError: there is no such folder, or an option is out of its range.
        ResultFileError: a file is missing or damaged.
    """
    folder: Path = options.folder
    require_folder(folder)
    require_fraction(options.max_failed_fraction)
    from namo.regular_files import open_regular
    from namo.results.listed_summary import listed_summary
    from namo.results.records import read_listed_record, resolve_inside
    from namo.results.summary_types import Summary

    files = listed_summary(folder)
    with open_regular(resolve_inside(folder, files.text)) as handle:
        text = handle.read().decode("utf-8", "replace")
    performance = read_listed_record(folder, files.record, Summary)["performance_stats"]
    print(text, flush=True)  # before the message below, whatever the two streams lead to
    failed, total = performance["failed_environments"], performance["total_environments"]
    if exceeds(failed, total, options.max_failed_fraction):
        print(
            f"{options.parser.prog}: error: {failed} of {total} environments failed, more than the "
            f"allowed fraction {options.max_failed_fraction} (max_failed_fraction)",
            file=sys.stderr,
        )
        return 1
    return 0
