"""Put chunks that `namo pack` has written into the folder of a collection.

Each is checked as a whole before a file of it is moved there; `namo collect --merge-only` then
makes the tables.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.wording import counted

HELP = "put packed chunks into the folder of a collection"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "archives", metavar="FILE", type=Path, nargs="+", help="file that `namo pack` has written"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, required=True, help="folder of the collection"
    )


def run(options: argparse.Namespace) -> int:
    """Unpack the chunks and return the exit code."""
    from namo.results.part_archive import unpack_part

    for archive in options.archives:
        part = unpack_part(archive, options.output)
        print(f"{part.folder}: {counted(len(part.numbers), 'environment', 'environments')}")
    return 0
