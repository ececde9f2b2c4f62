"""Export a finished collection into a format that others read.

The formats, and how to load them, are described in docs/exports.md. The same collection gives the
same bytes. An export that fails or is interrupted leaves nothing.

Exit codes: 0 done; 1 something is missing, damaged or has changed since; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from namo.commands.arguments import add_run_from
from namo.errors import UsageError
from namo.exporting.registry import EXPORTERS
from namo.exporting.settings import PLAN, PUSHES, ExportSettings

HELP = "export a collection for other tools"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of the collection")
    parser.add_argument(
        "--format",
        choices=EXPORTERS,
        metavar="NAME",
        required=True,
        default=argparse.SUPPRESS,
        help="format to write",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder to write; must not exist or be empty",
        default=argparse.SUPPRESS,
    )
    add_run_from(parser)
    card = parser.add_argument_group("huggingface, lerobot")
    card.add_argument(
        "--licence",
        "--license",
        metavar="ID",
        help="licence of the data, such as cc-by-4.0 (default: the card says that none was chosen)",
        default=argparse.SUPPRESS,
    )
    card.add_argument(
        "--citation",
        metavar="FILE",
        type=Path,
        help="file with a BibTeX entry for the card",
        default=argparse.SUPPRESS,
    )
    splits = parser.add_argument_group("huggingface")
    splits.add_argument(
        "--manifest",
        metavar="FILE",
        type=Path,
        help="Parquet manifest of the scenes, for their splits (default: one split)",
        default=argparse.SUPPRESS,
    )
    masks = parser.add_argument_group("masks")
    masks.add_argument(
        "--pushes",
        choices=PUSHES,
        help=f"pushes that become samples: those of plans, or all simulated ones (default: {PLAN})",
        default=argparse.SUPPRESS,
    )
    images = parser.add_argument_group("masks, lerobot")
    images.add_argument(
        "--metres-per-pixel",
        metavar="M",
        type=float,
        help="scale of all images (default: each scene fills its own)",
        default=argparse.SUPPRESS,
    )


def run(options: argparse.Namespace) -> int:
    """Export the collection, print the files and how to load them, and return the exit code.

    Raises:
        UsageError: an option is out of its range, or does not suit the format.
    """
    names = [field.name for field in fields(ExportSettings)]
    asked = {name: getattr(options, name) for name in names if hasattr(options, name)}
    settings = ExportSettings(**asked)
    exporter = EXPORTERS.load(options.format)()
    for name in asked:
        if name not in exporter.SETTINGS:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option}: not used by format {options.format}")
    import namo
    from namo.exporting.exporter import export_with
    from namo.signals import TerminationRequested

    collection = namo.load(options.folder, run_from=options.run_from)
    try:
        lines = export_with(exporter, collection, options.output, settings)
    except TerminationRequested as end:
        print(f"interrupted by {end}; nothing was written", file=sys.stderr)
        return end.exit_code
    for line in lines:
        print(line)
    return 0
