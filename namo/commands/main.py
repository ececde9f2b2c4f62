"""`namo`: everything that is not collecting, one subcommand each."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from namo.commands import (
    export,
    merge,
    replay,
    report,
    scenes_check,
    scenes_generate,
    scenes_import,
    status,
    verify,
)
from namo.errors import NamoError, UsageError
from namo.version import __version__


class Command(Protocol):
    """A module with a command."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return the exit code.

        Raises:
            UsageError: what was asked for cannot be; exit code 2.
            NamoError: something else is wrong, and is said; exit code 1.
            OSError: likewise.
        """


SCENES: Mapping[str, Command] = {
    "generate": scenes_generate,
    "import": scenes_import,
    "check": scenes_check,
}
COLLECTIONS: Mapping[str, Command] = {
    "status": status,
    "verify": verify,
    "merge": merge,
    "replay": replay,
    "report": report,
    "export": export,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 something failed, 2 wrong usage."""
    options = make_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (NamoError, OSError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return code


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="namo", description=__doc__)
    parser.add_argument("--version", action="version", version=f"namo-collect {__version__}")
    groups = parser.add_subparsers(required=True, metavar="COMMAND")
    scenes = groups.add_parser("scenes", help="make, import and check scenes")
    _add(scenes.add_subparsers(required=True, metavar="COMMAND"), SCENES, "namo scenes")
    _add(groups, COLLECTIONS, "namo")
    return parser


def _add(
    parsers: argparse._SubParsersAction[argparse.ArgumentParser],
    commands: Mapping[str, Command],
    prefix: str,
) -> None:
    for name, module in commands.items():
        command = parsers.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, command=f"{prefix} {name}")


if __name__ == "__main__":
    sys.exit(main())
