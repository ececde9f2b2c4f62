"""Write the scenes of a packed set, such as resources/scenes/benchmark/scenes.parquet, as files.

Exit codes: 0 done; 1 a file cannot be written; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.option_checks import at_least
from namo.wording import counted

HELP = "write the scenes of a packed set as files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("packed", type=Path, metavar="FILE", help="Parquet file of packed scenes")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of the scenes and their manifest, scenes.parquet",
    )
    parser.add_argument(
        "--per-class",
        type=int,
        metavar="N",
        help="the first N scenes of each class (default: all)",
    )


def run(options: argparse.Namespace) -> int:
    """Unpack the scenes and return the exit code.

    Raises:
        UsageError: the number of scenes is below 1, or the file holds no packed scenes, or
            damaged ones.
    """
    if options.per_class is not None:
        at_least("per_class", options.per_class, 1)
    from namo.scenes.packed import unpack

    count = unpack(options.packed, options.output, options.per_class)
    print(f"{counted(count, 'scene', 'scenes')} in {options.output}")
    return 0
