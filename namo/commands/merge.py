"""Merge collections of different ranges, or from different hosts, into a new one.

They must have been collected with the same settings; those that differ are named.

Exit codes: 0 done; 1 settings differ or a collection is damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_output

HELP = "merge collections into a new one"

SHOWN = 10
"""Ranges of missing environments to name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "folders", metavar="DIR", type=Path, nargs="+", help="folders of finished collections"
    )
    add_output(parser, "folder of the new collection")
    parser.add_argument(
        "--hostname",
        metavar="LABEL",
        default=argparse.SUPPRESS,
        help="label of its summary (default: the one that all have, else 'merged')",
    )


def run(options: argparse.Namespace) -> int:
    """Merge the collections and return the exit code."""
    from namo.reporting.report import write_report
    from namo.results.merge_collections import merge_collections
    from namo.scenes.sources import range_name
    from namo.wording import counted, truncated_list

    combined = merge_collections(
        options.folders, options.output, getattr(options, "hostname", None), link=options.link
    )
    write_report(options.output)
    print(combined.merged.text)
    for folder, number in combined.taken.items():
        print(f"{counted(number, 'environment', 'environments')} from {folder}")
    if combined.shared:
        times = counted(combined.shared, "environment was", "environments were")
        print(f"{times} in more than one, with the same fingerprint")
    if combined.missing:
        ranges = [range_name(start, end) for start, end in combined.missing]
        print(f"listed and in none of them: environments {truncated_list(ranges, SHOWN)}")
    return 0
