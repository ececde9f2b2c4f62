"""Choose the models of the round that searched best, and keep them for the next."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from namo.errors import ModelError, NamoError, UsageError
from namo.learning.bundle_files import CONFIG, copy_bundle, require_bundle

KINDS = ("object", "goal")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        required=True,
        help="folders with the bundles `object` and `goal`, one of each round",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the best two")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()
    try:
        best = min(options.models, key=_log_pushes)
        for kind in KINDS:
            copy_bundle(best / kind, options.output / kind)
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(f"{options.output}: the models of {best}")
    return 0


def _log_pushes(models: Path) -> float:
    """Return how a round's two models searched together, in held-out scenes; less is better."""
    require_bundle(models / "object")
    path = models / "object" / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return float(config["metrics"]["held_out_search"]["log_pushes"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: does not say how it searched: {error!r}") from None


if __name__ == "__main__":
    sys.exit(main())
