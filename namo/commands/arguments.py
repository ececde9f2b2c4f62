"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_run_from(parser: argparse.ArgumentParser) -> None:
    """Add where relative paths of scenes start."""
    parser.add_argument(
        "--run-from",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="where the collection was run: relative paths of scenes start there",
    )
