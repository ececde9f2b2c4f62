"""Choose the models of the round that searched best, and keep them for the next."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from namo.errors import NamoError, UsageError
from namo.learning.bundle_files import CONFIG, LAYOUTS, WEIGHTS, require_bundle

KINDS = ("object", "goal")


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--models",
        type=Path,
        action="append",
        required=True,
        help="folder with the bundles `object` and `goal` of a round; repeated for all rounds",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for the best two")
    options = parser.parse_args()
    try:
        best = min(options.models, key=_log_pushes)
        for kind in KINDS:
            (options.output / kind).mkdir(parents=True, exist_ok=True)
            # The config comes last: a folder without one is no bundle.
            for name in (LAYOUTS, WEIGHTS, CONFIG):
                shutil.copyfile(best / kind / name, options.output / kind / name)
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(f"{options.output}: the models of {best}")
    return 0


def _log_pushes(models: Path) -> float:
    """Return how a round's two models searched together, in held-out scenes; less is better."""
    require_bundle(models / "object")
    config = json.loads((models / "object" / CONFIG).read_text(encoding="utf-8"))
    return float(config["metrics"]["held_out_search"]["log_pushes"])


if __name__ == "__main__":
    sys.exit(main())
