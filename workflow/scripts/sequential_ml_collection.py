"""Collect NAMO planning data for a range of environments in one process; see --help."""

import sys
from pathlib import Path

from namo.collection.command_line import main


def make_page(folder: Path) -> None:
    """Make the page of a collection; it stands above collecting, which does not know of it."""
    from namo.reporting.report import write_report

    write_report(folder)


if __name__ == "__main__":
    sys.exit(main(finish=make_page))
