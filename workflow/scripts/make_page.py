"""Make `report.html` of a finished collection from its files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from namo.errors import NamoError


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", type=Path, required=True, help="folder of the collection")
    return parser


def main() -> int:
    """Run the script and return its exit code: 1 when a file is missing or damaged."""
    options = make_parser().parse_args()

    from namo.reporting.report import write_report

    try:
        print(write_report(options.collection))
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
