"""Write the splits of a collection, for training and testing, as collections of their own.

All environments of a scene are in one split. A manifest of the scenes assigns them, such as that of
a generated set, where all scenes of a layout share one; or they go by the hash of their file, so
that a scene is in the same split of every collection.

Exit codes: 0 done; 1 the collection is damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, add_output, require_folder
from namo.errors import UsageError
from namo.wording import counted

HELP = "divide a collection into splits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    by = parser.add_mutually_exclusive_group(required=True)
    by.add_argument(
        "--manifest",
        metavar="FILE",
        type=Path,
        help="Parquet manifest of the scenes, for their splits",
    )
    by.add_argument(
        "--fractions",
        metavar="NAME=F",
        nargs="+",
        help="names of the splits with the fraction F of the scenes in each, such as "
        "train=0.8 val=0.1 test=0.1",
    )
    add_output(parser, "folder of the new collections, one folder per split")


def run(options: argparse.Namespace) -> int:
    """Split the collection and return the exit code.

    Raises:
        UsageError: a fraction is not one.
    """
    require_folder(options.folder)
    fractions = None if options.fractions is None else _fractions(options.fractions)
    from namo.reporting.report import write_report
    from namo.results.subset import split_collection

    by = options.manifest if fractions is None else fractions
    splits, left_out = split_collection(options.folder, options.output, by, link=options.link)
    for split in splits:
        folder = options.output / split.name
        if split.environments:
            write_report(folder)
        print(f"{folder}: {counted(split.environments, 'environment', 'environments')}")
    if left_out:
        count = counted(left_out, "environment", "environments")
        print(f"{count} left out: the scene could not be read, so it has no split")
    return 0


def _fractions(texts: list[str]) -> dict[str, float]:
    fractions: dict[str, float] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            fraction = float(value)
        except ValueError:
            fraction = -1.0
        if not equals or not name.isidentifier() or name in fractions or not fraction >= 0.0:
            raise UsageError(
                f"--fractions {text}: expected NAME=FRACTION, each name once, such as train=0.8"
            )
        fractions[name] = fraction
    return fractions
