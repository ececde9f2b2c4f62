"""Write the scenes of a packed set, such as resources/scenes/benchmark/scenes.parquet, as files.

Exit codes: 0 done; 1 a file cannot be written; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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


def run(options: argparse.Namespace) -> int:
    """Unpack the scenes and return the exit code.

    Raises:
        UsageError: the file holds no packed scenes, or damaged ones.
    """
    from namo.scenes.packed import unpack

    count = unpack(options.packed, options.output)
    print(f"{counted(count, 'scene', 'scenes')} in {options.output}")
    return 0
