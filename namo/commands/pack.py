"""Write a finished chunk of a collection, its part and its records, as one file.

Object stores and other places without a file system hold such files; `namo unpack` puts one into
the folder of a collection.

Exit codes: 0 done; 1 the chunk is damaged, or the file cannot be written; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.commands.arguments import add_folder, require_folder
from namo.wording import counted

HELP = "write a finished chunk as one file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    parser.add_argument(
        "--start-idx", metavar="N", type=int, required=True, help="first environment of the chunk"
    )
    parser.add_argument(
        "--end-idx", metavar="N", type=int, required=True, help="one past its last environment"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="tar file to write"
    )


def run(options: argparse.Namespace) -> int:
    """Pack the chunk and return the exit code.

    Raises:
        UsageError: there is no such folder, or no such chunk that is finished.
    """
    require_folder(options.folder)
    from namo.results.part_archive import pack_part
    from namo.results.parts import Part

    part = Part.of(options.folder, options.start_idx, options.end_idx)
    count = pack_part(part, options.output)
    print(f"{options.output}: {counted(count, 'environment', 'environments')}")
    return 0
