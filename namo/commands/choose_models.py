"""Copy the models of the round that searched best, for the next round to explore with.

Exit codes: 0 done; 1 a file cannot be read or written; 2 wrong usage, or a model is missing or
has no result of a held-out search.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from namo.errors import ModelError

HELP = "copy the best models of several rounds"

KINDS = ("object", "goal")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders with the models `object` and `goal`, one per round",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder for the best two"
    )


def run(options: argparse.Namespace) -> int:
    """Copy the best models, print whose they are and return the exit code."""
    from namo.learning.bundle_files import copy_bundle

    best = min(options.models, key=_log_pushes)
    for kind in KINDS:
        copy_bundle(best / kind, options.output / kind)
    print(f"{options.output}: the models of {best}")
    return 0


def _log_pushes(models: Path) -> float:
    """Return how a round's goal model searched in held-out scenes; less is better.

    The explorer of the default settings uses no other.
    """
    from namo.learning.bundle_files import CONFIG, require_bundle

    for kind in KINDS:
        require_bundle(models / kind)
    path = models / "goal" / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return float(config["metrics"]["held_out_search"]["log_pushes"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: has no result of a held-out search: {error!r}") from None
