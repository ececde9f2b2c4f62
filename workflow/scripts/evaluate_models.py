"""Compare collections of the same scenes: who solves more, with fewer pushes, in less time."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from namo.errors import NamoError, UsageError
from namo.files import replacing
from namo.training.arms import read_arm
from namo.training.evaluation import evaluate
from namo.training.evaluation_figure import figure_svg
from namo.training.evaluation_text import evaluation_text
from namo.training.leakage import require_unseen


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--arm",
        action="append",
        required=True,
        metavar="NAME=FOLDER",
        help="a collection and what to call it; once for each",
    )
    parser.add_argument(
        "--baseline", metavar="NAME", help="arm the others are compared to (default: the first)"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder of the results")
    parser.add_argument(
        "--max-pushes", type=int, required=True, help="simulated pushes that a search had"
    )
    parser.add_argument(
        "--manifest", type=Path, help="of the scenes; with --model: none may have been trained on"
    )
    parser.add_argument("--model", type=Path, action="append", default=[], help="a bundle")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()
    try:
        arms = [read_arm(name, folder) for name, folder in map(_named, options.arm)]
        baseline = arms[0].name if options.baseline is None else options.baseline
        evaluation = evaluate(arms, baseline, options.max_pushes)
        text = evaluation_text(evaluation)
        if options.manifest is not None:
            scenes = set(arms[0].pairs["scene_sha256"].to_pylist())
            layouts = require_unseen(options.model, options.manifest, scenes)
            text += (
                f"\nThe {len(scenes)} scenes have {layouts} layouts; no model saw any of them.\n"
            )
        numbers = json.dumps(evaluation.record(), indent=2, allow_nan=False) + "\n"
        for name, data in (
            ("evaluation.json", numbers.encode()),
            ("evaluation.txt", text.encode()),
            ("evaluation.svg", figure_svg(evaluation)),
        ):
            with replacing(options.output / name) as file:
                file.write(data)
        print(text, end="")
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _named(arm: str) -> tuple[str, Path]:
    name, separator, folder = arm.partition("=")
    if not (name and separator and folder):
        raise UsageError(f"--arm {arm}: should be NAME=FOLDER")
    return name, Path(folder)


if __name__ == "__main__":
    sys.exit(main())
