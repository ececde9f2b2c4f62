"""Make a data set of labelled candidates from the pushes of collections."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes work side by side

from namo.errors import NamoError, UsageError
from namo.option_checks import at_least
from namo.training.dataset import make_dataset


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--collection", type=Path, action="append", required=True, help="merged; may be repeated"
    )
    parser.add_argument("--manifest", type=Path, required=True, help="scenes.parquet: the splits")
    parser.add_argument("--output", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()
    try:
        at_least("jobs", options.jobs, 1)
        make_dataset(options.collection, options.manifest, options.output, options.jobs)
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print((options.output / "README.md").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
