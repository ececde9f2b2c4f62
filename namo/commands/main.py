"""Work with NAMO scenes and collections."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Protocol

from namo.commands import (
    choose_models,
    collect,
    dataset,
    demo,
    evaluate,
    explain,
    export,
    filter_environments,
    init,
    merge,
    pack,
    plug_ins,
    redo,
    replay,
    report,
    rerun,
    scenes_certify,
    scenes_certify_candidates,
    scenes_check,
    scenes_generate,
    scenes_import,
    scenes_unpack,
    split,
    status,
    summary,
    train,
    tune,
    unpack,
    upgrade,
    verify,
    view,
)
from namo.commands.parsing import EXIT_USAGE, WIDTH, Parser
from namo.commands.terminal import printable_output
from namo.errors import NamoError, UsageError
from namo.extras import explained
from namo.signals import TerminationRequested, ending_on_signals
from namo.version import __version__


class Command(Protocol):
    """A module with a command; importing it loads neither MuJoCo nor torch nor Arrow."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Run the command and return the exit code.

        Raises:
            UsageError: wrong usage; exit code 2.
            NamoError: anything else that is wrong; exit code 1.
            OSError: likewise.
        """


GROUPS: Mapping[str, Mapping[str, Command]] = {
    "Start": {
        "demo": demo,
        "init": init,
        "tune": tune,
    },
    "Collect": {
        "collect": collect,
        "status": status,
        "verify": verify,
        "redo": redo,
        "merge": merge,
        "filter": filter_environments,
        "split": split,
        "pack": pack,
        "unpack": unpack,
        "upgrade": upgrade,
    },
    "Look at a collection": {
        "summary": summary,
        "report": report,
        "explain": explain,
        "replay": replay,
        "view": view,
        "rerun": rerun,
        "export": export,
    },
    "Learn": {
        "dataset": dataset,
        "train": train,
        "evaluate": evaluate,
        "choose-models": choose_models,
    },
    "Scenes": {
        "scenes generate": scenes_generate,
        "scenes certify-candidates": scenes_certify_candidates,
        "scenes import": scenes_import,
        "scenes check": scenes_check,
        "scenes certify": scenes_certify,
        "scenes unpack": scenes_unpack,
    },
    "Extend": {
        "plug-ins": plug_ins,
    },
}
"""Title in the help -> name of a command, without `namo` -> its module."""
COMMANDS: Mapping[str, Command] = {
    name: module for group in GROUPS.values() for name, module in group.items()
}
_POOLS = (scenes_certify, scenes_generate)
"""Commands that wait for worker processes, minutes at a time: a signal ends them at once."""
_FAMILIES = {"scenes": "make, import and check scenes"}
"""First words that commands share -> help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 something failed, 2 wrong usage."""
    with printable_output():
        return _run(make_parser().parse_args(argv))


def _run(options: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        with ending_on_signals() if options.orderly else nullcontext():
            code = run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt as end:
        print(f"{options.parser.prog}: interrupted by {end or 'SIGINT'}", file=sys.stderr)
        return end.exit_code if isinstance(end, TerminationRequested) else 128 + signal.SIGINT
    except ModuleNotFoundError as error:
        if (reason := explained(error)) is None:
            raise
        return _failed(reason, options)
    except (NamoError, OSError) as error:
        return _failed(error, options)
    return code


def _failed(error: Exception, options: argparse.Namespace) -> int:
    """Print what went wrong and return the exit code."""
    print(f"{options.parser.prog}: error: {error}", file=sys.stderr)
    return EXIT_USAGE if isinstance(error, UsageError) else 1


class _RootParser(Parser):
    """The parser of `namo`, whose help lists all commands in groups."""

    def format_help(self) -> str:
        """Return the help of `namo`."""
        return "\n".join(_overview()) + "\n"


def make_parser() -> Parser:
    """Return the parser of all commands."""
    parser = _RootParser(prog="namo", description=__doc__)
    parser.add_argument("--version", action="version", version=f"namo-collect {__version__}")
    _let_help_run(parser)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser, prog="namo")
    families = {}
    for name, text in _FAMILIES.items():
        family = commands.add_parser(name, help=text, description=f"{text.capitalize()}.")
        _let_help_run(family)
        families[name] = family.add_subparsers(metavar="COMMAND", title="commands")
    for name, module in COMMANDS.items():
        first, _, rest = name.partition(" ")
        command = (families[first] if rest else commands).add_parser(
            rest or first, help=module.HELP, description=module.__doc__
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, orderly=module not in _POOLS)
    return parser


def _let_help_run(parser: Parser) -> None:
    """Let a parser print its help where no command follows."""

    def show(_: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    parser.set_defaults(run=show, orderly=False)


def _overview() -> Iterator[str]:
    """Yield the lines of the help of `namo`."""
    yield "usage: namo COMMAND [options]"
    yield ""
    yield str(__doc__)
    column = max(map(len, COMMANDS)) + 4
    for title, commands in GROUPS.items():
        yield f"\n{title}:"
        for name, module in commands.items():
            yield f"  {name:<{column - 2}}{module.HELP}"[:WIDTH]
    yield "\nOptions:"
    for option, text in (("-h, --help", "show this help"), ("--version", "show the version")):
        yield f"  {option:<{column - 2}}{text}"
    yield "\nArguments of a command: namo COMMAND --help"


if __name__ == "__main__":
    sys.exit(main())
