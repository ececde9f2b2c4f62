"""Draw a range of candidate scenes and measure how hard each is; goes on where it stopped."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # chunks run side by side

from namo.certification.candidates import Row, make_chunk, outcome_of
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, UsageError
from namo.option_checks import at_least


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="JSON of the settings under `scenes`")
    parser.add_argument("--start", type=int, required=True, help="first candidate")
    parser.add_argument("--end", type=int, required=True, help="one past the last")
    parser.add_argument("--output", type=Path, required=True, help="folder of the set")
    parser.add_argument("--threads", type=int, default=1, help="pushes simulated at a time (1)")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()

    def show(row: Row) -> None:
        print(f"candidate {row['candidate']}: {outcome_of(row)}", flush=True)

    try:
        settings = SceneSetSettings.from_mapping(json.loads(options.settings), "--settings")
        if not 0 <= options.start < options.end:
            raise UsageError(f"--start {options.start} --end {options.end}: leave no candidate")
        at_least("threads", options.threads, 1)
        candidates = range(options.start, options.end)
        path = make_chunk(settings, candidates, options.output, show, options.threads)
    except (NamoError, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
