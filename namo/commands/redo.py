"""Collect environments again in their collection, in place of what is stored, and merge.

Settings are those of the collection; scenes are read as they are now. Files that are replaced are
kept in replaced/. Interrupted, it is completed by the command that made the collection.

Exit codes: 0 done; 1 an environment failed, or a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from namo.commands.arguments import (
    THREAD_VARIABLES,
    add_folder,
    add_run_from,
    require_folder,
    use_one_thread,
    where_it_ran,
)
from namo.errors import UsageError

HELP = "collect environments again, in place"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    parser.add_argument(
        "environments", metavar="ENV", type=int, nargs="*", help="numbers of environments"
    )
    parser.add_argument("--failed", action="store_true", help="all environments that failed")
    parser.add_argument(
        "--mark-only",
        action="store_true",
        help="collect nothing: the next run of the command that made the collection does",
    )
    add_run_from(parser)


def run(options: argparse.Namespace) -> int:
    """Collect the environments and return the exit code.

    Raises:
        UsageError: there is no such folder or environment, or none is named.
    """
    require_folder(options.folder)
    if bool(options.environments) == options.failed:
        raise UsageError("name environments by their numbers, or all that failed with --failed")
    use_one_thread(*THREAD_VARIABLES)
    from namo.collection.progress import Verbosity
    from namo.collection.redo import failed_environments, mark, redo
    from namo.reporting.report import write_report
    from namo.wording import counted

    with where_it_ran(options.folder, options.run_from) as folder:
        numbers = failed_environments(folder) if options.failed else options.environments
        if not numbers:
            print(f"{options.folder}: no environment failed")
            return 0
        if options.mark_only:
            mark(folder, numbers)
            print(
                f"{counted(len(set(numbers)), 'environment', 'environments')} marked: rerun the "
                "command that made the collection; originals are in replaced/"
            )
            return 0
        # Elsewhere than on a terminal every environment of a chunk would have its line.
        verbosity = Verbosity.NORMAL if sys.stderr.isatty() else Verbosity.QUIET
        done = redo(folder, numbers, verbosity)
        for number, outcome in done.outcomes.items():
            print(f"{number:06d}: {outcome}")
        write_report(folder)
    print(f"{options.folder}: merged again; originals are in replaced/")
    return int(bool(done.failed))
