"""Compare collections of the same scenes: solved episodes, pushes and time.

Exit codes: 0 done; 1 a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from namo.errors import UsageError
from namo.option_checks import at_least, expanded_path
from namo.wording import counted

HELP = "compare collections of the same scenes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--arm",
        action="append",
        required=True,
        metavar="NAME=DIR",
        help="name and folder of a collection; repeat it for each",
    )
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help="arm that the others are compared with (default: the first)",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of the results"
    )
    parser.add_argument(
        "--max-pushes",
        type=int,
        required=True,
        metavar="N",
        help="simulated pushes that each search was allowed",
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="Parquet manifest of the scenes; refuse scenes that a --model was trained on",
    )
    parser.add_argument(
        "--model",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of a model to check with --manifest; may be repeated",
    )


def run(options: argparse.Namespace) -> int:
    """Compare the collections, write and print the result, and return the exit code.

    Raises:
        UsageError: an arm is not NAME=DIR, or a model was trained on a scene.
    """
    named = [_named(arm) for arm in options.arm]
    at_least("max_pushes", options.max_pushes, 0)
    from namo.files import replacing
    from namo.training.arms import read_arm
    from namo.training.evaluation import evaluate
    from namo.training.evaluation_figure import figure_svg
    from namo.training.evaluation_table import evaluation_markdown
    from namo.training.evaluation_text import evaluation_text
    from namo.training.leakage import require_unseen

    arms = [read_arm(name, folder) for name, folder in named]
    baseline = arms[0].name if options.baseline is None else options.baseline
    evaluation = evaluate(arms, baseline, options.max_pushes)
    text = evaluation_text(evaluation)
    if options.manifest is not None:
        scenes = set(arms[0].pairs["scene_sha256"].to_pylist())
        layouts = require_unseen(options.model, options.manifest, scenes)
        text += (
            f"\n{counted(len(scenes), 'scene', 'scenes')} of "
            f"{counted(layouts, 'layout', 'layouts')}; no model saw any of them.\n"
        )
    numbers = json.dumps(evaluation.record(), indent=2, allow_nan=False) + "\n"
    for name, data in (
        ("evaluation.json", numbers.encode()),
        ("evaluation.txt", text.encode()),
        ("evaluation.md", evaluation_markdown(evaluation).encode()),
        ("evaluation.svg", figure_svg(evaluation)),
    ):
        with replacing(options.output / name) as file:
            file.write(data)
    print(text, end="")
    return 0


def _named(arm: str) -> tuple[str, Path]:
    name, separator, folder = arm.partition("=")
    if not (name and separator and folder):
        raise UsageError(f"--arm {arm}: should be NAME=DIR")
    return name, Path(expanded_path(folder, f"--arm {name}"))
