"""Take the scenes that the quotas ask for from measured candidates, or only count them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from namo.certification.selection import select, shortage, tally
from namo.certification.settings import SceneSetSettings
from namo.errors import NamoError, UsageError
from namo.files import replacing


def main() -> int:
    """Run the script and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chunks", type=Path, nargs="+", help="of candidates, from 0 on")
    parser.add_argument("--settings", required=True, help="JSON of the settings under `scenes`")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--output", type=Path, help="folder for scenes, manifest and report")
    what.add_argument("--count", type=Path, help="only write here how many are missing (JSON)")
    options = parser.parse_args()
    try:
        settings = SceneSetSettings.from_mapping(json.loads(options.settings), "--settings")
        if options.output is not None:
            print(select(settings, options.chunks, options.output), end="")
            return 0
        counted = tally(settings, options.chunks)
        with replacing(options.count) as handle:
            handle.write((json.dumps({"missing": counted.missing}) + "\n").encode())
        print(shortage(counted) if counted.missing else "the quotas are filled")
    except (NamoError, OSError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
