"""Fill the quotas of a set of scenes from measured candidates; measure more where need be."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from namo.certification.scene_set import make_scenes
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, UsageError


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, help="JSON of the settings under `scenes`")
    parser.add_argument("--output", type=Path, required=True, help="folder of the set")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = make_parser().parse_args()
    try:
        settings = SceneSetSettings.from_mapping(json.loads(options.settings), "--settings")
        print(make_scenes(settings, options.output, max(options.jobs, 1), show=print), end="")
    except (NamoError, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
