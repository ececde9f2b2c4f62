"""Print the report of a collection and fail when too many of its environments failed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from namo.errors import NamoError
from namo.results.records import read_record


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--summary", type=Path, required=True, help="collection_summary_*.pkl")
    parser.add_argument("--report", type=Path, required=True, help="summary_*.txt")
    parser.add_argument(
        "--max-failed-share", type=float, default=1.0, help="share of environments (1.0: any)"
    )
    return parser


def main() -> int:
    """Run the script and return its exit code: 1 when too many environments failed."""
    options = make_parser().parse_args()
    try:
        report = options.report.read_text()
        performance = read_record(options.summary)["performance_stats"]
    except (NamoError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(report)
    failed, total = performance["failed_environments"], performance["total_environments"]
    if failed > options.max_failed_share * total:
        print(
            f"error: {failed} of {total} environments failed, more than the allowed share "
            f"{options.max_failed_share} (max_failed_share)",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
