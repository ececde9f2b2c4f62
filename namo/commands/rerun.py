"""Collect environments of a collection again beside it, to look at.

Settings and scenes are those of the collection, which is left as it is. Results and their report go
to a folder of their own, and it is printed where they differ from what is stored.

Exit codes: 0 done; 1 an environment failed, or a file is missing or damaged; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from namo.commands.arguments import (
    THREAD_VARIABLES,
    add_folder,
    add_run_from,
    require_folder,
    use_one_thread,
    where_it_ran,
)

HELP = "collect environments again, elsewhere, to look"

SUFFIX = "_rerun"
"""End of the name of the folder beside a collection."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    add_folder(parser)
    parser.add_argument(
        "environments", metavar="ENV", type=int, nargs="+", help="numbers of environments"
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=argparse.SUPPRESS,
        help=f"folder to collect into (default: the collection's name and {SUFFIX})",
    )
    parser.add_argument(
        "--print",
        action="store_true",
        dest="prints",
        help="print the commands that collect the same, and run nothing",
    )
    add_run_from(parser)


def run(options: argparse.Namespace) -> int:
    """Collect the environments and return the exit code.

    Raises:
        UsageError: there is no such folder or environment, or a setting is not allowed here.
    """
    require_folder(options.folder)
    use_one_thread(*THREAD_VARIABLES)
    from namo.collection.rerun import rerun
    from namo.files import from_here
    from namo.reporting.report import write_report

    whole = options.folder.resolve()
    output = getattr(options, "output", whole.with_name(f"{whole.name}{SUFFIX}")).absolute()
    with where_it_ran(options.folder, options.run_from) as folder:
        if options.prints:
            _print_commands(folder, from_here(output), options.environments)
            return 0
        done = rerun(folder, options.environments, from_here(output))
    for number, difference in done.differences.items():
        print(f"{number:06d}: {difference or 'same as stored'}")
    print(write_report(from_here(output)))
    return int(bool(done.failed))


def _print_commands(folder: Path, output: Path, environments: Sequence[int]) -> None:
    """Print the command of `namo collect` of each environment, to run in the working directory."""
    from namo.collection.command_line import collect_command, stored_arguments
    from namo.results.run_file import read_run_file

    arguments = stored_arguments(read_run_file(folder), folder, output)
    print(f"cd {shlex.quote(str(Path.cwd()))}")
    for number in environments:
        print(collect_command(arguments, number, number + 1))
