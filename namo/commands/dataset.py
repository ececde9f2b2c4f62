"""Make a data set of labelled candidates from the pushes of collections.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import use_one_thread
from namo.option_checks import MAX_THREADS, at_least

HELP = "make a data set from collections"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--collection",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help="folder of a finished collection; may be repeated",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        required=True,
        metavar="FILE",
        help="Parquet manifest of the scenes, for their splits",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of the data set"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes to run in parallel"
    )


def run(options: argparse.Namespace) -> int:
    """Make the data set, print its card and return the exit code.

    Raises:
        UsageError: an option is out of its range.
    """
    at_least("jobs", options.jobs, 1, MAX_THREADS)
    use_one_thread()
    from namo.training.dataset import make_dataset

    make_dataset(options.collection, options.manifest, options.output, options.jobs)
    print((options.output / "README.md").read_text(encoding="utf-8"))
    return 0
