"""Certify scenes that nobody generated: write the manifest that splits and data sets need.

The manifest lists every usable scene with layout, split, number of movables and free area; with
--effort also difficulty and opening fraction, which takes seconds per scene. Scenes with the same
walls have the same layout, and a layout is in one split. Files that cannot be used, and copies of
others, are named and left out. Rerun the same command to resume, or to add new scenes: what was
measured before is kept.

Exit codes: 0 all scenes can be used; 1 some cannot, the manifest lists the others; 2 wrong usage.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from namo.certification.effort import Effort
from namo.commands.arguments import exceeds, require_fraction, require_time_limit, use_one_thread
from namo.errors import UsageError
from namo.option_checks import MAX_INTEGER, MAX_SEED, MAX_THREADS, at_least
from namo.scenes.conditions import require_clearance
from namo.scenes.splits import DEFAULT_SPLITS, require_splits

if TYPE_CHECKING:
    from namo.certification.own_scenes import CertifiedScenes

HELP = "make the manifest of your own scenes"

_OF_EFFORT = {
    "pushes": "simulated pushes per search",
    "depth": "maximum length of a plan (pushes)",
    "seed": "random seed of the searches",
    "prove": "enumerate sequences of up to N straight pushes, to show how many a scene needs at "
    "least; 0: do not",
}
"""Options of whole numbers that need --effort, the names of its fields -> help."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "source",
        metavar="SOURCE",
        type=Path,
        help="a folder (*.xml, searched recursively) or a list of scenes",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="manifest to write: .parquet"
    )
    parser.add_argument(
        "--effort",
        action="store_true",
        help="measure difficulty, with at most --pushes simulated pushes per search",
    )
    for name, text in _OF_EFFORT.items():
        default = getattr(Effort(), name)
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)
    parser.add_argument(
        "--clearance",
        type=float,
        default=Effort().clearance,
        metavar="METRES",
        help="room that must be left around the robot where it drives",
    )
    parser.add_argument(
        "--split",
        type=_split,
        action="append",
        metavar="NAME=FRACTION",
        help="fraction of the layouts in train, val or test; may be repeated (default: "
        f"{', '.join(f'{name}={fraction}' for name, fraction in DEFAULT_SPLITS.items())})",
    )
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes to run in parallel"
    )
    parser.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=float,
        default=3600.0,
        help="leave a scene out after this time (wall clock)",
    )
    parser.add_argument(
        "--max-failed-fraction",
        type=float,
        default=0.0,
        metavar="X",
        help="exit with 1 only when more than this fraction of the files cannot be used",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print only what is left out, and the counts"
    )


def run(options: argparse.Namespace) -> int:
    """Write the manifest, print what it lists, and return the exit code.

    Raises:
        UsageError: an option is out of its range.
    """
    for name in _OF_EFFORT:
        largest = MAX_SEED if name == "seed" else MAX_INTEGER
        at_least(name, getattr(options, name), min(getattr(Effort(), name), 1), largest)
    require_clearance(options.clearance)
    asked = Effort(**{field.name: getattr(options, field.name) for field in fields(Effort)})
    for name, default in asdict(Effort()).items():
        value = getattr(asked, name)
        if value != default and not options.effort:
            raise UsageError(f"--{name} {value}: only --effort searches; give it too")
    at_least("jobs", options.jobs, 1, MAX_THREADS)
    require_fraction(options.max_failed_fraction)
    splits = dict(options.split or DEFAULT_SPLITS)
    require_splits(splits)
    if options.output.suffix != ".parquet":
        raise UsageError(f"--output {options.output}: must end with .parquet")
    require_time_limit(options.time_limit)
    use_one_thread()
    from namo.scenes.scene_files import scene_files

    files = scene_files(options.source, look=False)

    from namo.certification.own_scenes import CertifySettings, certify_scenes

    effort = asked if options.effort else None
    settings = CertifySettings(effort, splits, options.jobs, options.time_limit)

    def show(line: str) -> None:
        if not options.quiet or ": left out: " in line:
            print(line, flush=True)

    certified = certify_scenes(files, options.output, settings, show)
    print(certified.report(options.output, splits), end="")
    return int(_too_many_failed(certified, options.max_failed_fraction))


def _too_many_failed(certified: CertifiedScenes, allowed: float) -> bool:
    failed = len(certified.unusable)
    return exceeds(failed, failed + len(certified.rows), allowed)


def _split(text: str) -> tuple[str, float]:
    name, _, fraction = text.partition("=")
    if name not in DEFAULT_SPLITS:
        raise argparse.ArgumentTypeError(f"'{text}': expected train=X, val=X or test=X")
    try:
        return name, float(fraction)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': the fraction is not a number") from None
