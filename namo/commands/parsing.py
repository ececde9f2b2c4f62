"""Parsers of commands: the same help everywhere, nearest names for misspelt words, old options."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from namo.errors import UsageError
from namo.option_checks import expanded_path
from namo.registry import Registry
from namo.wording import did_you_mean

EXIT_USAGE = 2
WIDTH = 80
"""Columns of help texts at most."""
_HELP_COLUMN = 30


class HelpFormatter(argparse.HelpFormatter):
    """Help with paragraphs, and with "required" or the default behind every option."""

    def __init__(self, prog: str) -> None:
        # The base class asks the terminal, and leaves two columns free.
        super().__init__(prog, max_help_position=_HELP_COLUMN)
        self._width = min(self._width, WIDTH)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = re.split(r"\n\s*\n", text.strip())
        return "\n\n".join(
            super(HelpFormatter, self)._fill_text(p, width, indent) for p in paragraphs
        )

    def _get_help_string(self, action: argparse.Action) -> str | None:
        named = f": {', '.join(map(str, action.choices or ()))}" if _lists_choices(action) else ""
        return f"{action.help}{named}{_default_of(action)}"


def _lists_choices(action: argparse.Action) -> bool:
    """Return whether the help must list the choices, which a name stands for in the usage."""
    commands = isinstance(action, argparse._SubParsersAction)
    return bool(action.choices) and action.metavar is not None and not commands


def _default_of(action: argparse.Action) -> str:
    if not action.option_strings or "(default:" in (action.help or ""):
        return ""
    if action.required:
        return " (required)"
    if action.nargs == 0 or action.default in (None, argparse.SUPPRESS, []):
        return ""
    return " (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """A parser of a command or of a group of commands.

    Options are written in full, so that a new one never makes an old command line ambiguous.
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - those of the base class
        super().__init__(formatter_class=HelpFormatter, allow_abbrev=False, **settings)
        self.register("type", Path, path_argument)  # of every option that is a path
        self._positionals.title = "arguments"
        self.set_defaults(parser=self)

    def parse_args(  # type: ignore[override]  # without the overload for other namespaces
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse the arguments; what is unknown is reported by the parser of the command."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, with the nearest option where one is unknown."""
        unknown = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        if unknown:
            shown = self.visible_options()
            full = next((name for name in shown if name.startswith(unknown[1])), unknown[1])
            message += f"; {did_you_mean(full, shown)}"
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n")

    def visible_options(self) -> list[str]:
        """Return the long options that the help shows."""
        return [
            name
            for name, action in self._option_string_actions.items()
            if name.startswith("--") and action.help != argparse.SUPPRESS
        ]

    def _check_value(self, action: argparse.Action, value: Any) -> None:  # noqa: ANN401 - of any type
        if isinstance(action.choices, Registry):
            return  # refused where it is used, which also says what is wrong with a plug-in
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            what = "command" if isinstance(action, argparse._SubParsersAction) else "value"
            message = f"unknown {what} '{value}'; {did_you_mean(value, names)}"
            raise argparse.ArgumentError(None if what == "command" else action, message)


def path_argument(text: str) -> Path:
    """Return the path that an argument names, see `namo.option_checks.expanded_path`.

    Raises:
        argparse.ArgumentTypeError: it cannot be expanded.
    """
    try:
        return Path(expanded_path(text, "the path"))
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _RenamedOption(argparse.Action):
    """An option under its old name: does what the new one does, and says so."""

    def __init__(self, *, new: argparse.Action, **settings: Any) -> None:  # noqa: ANN401 - of any type
        super().__init__(
            nargs=new.nargs,
            type=new.type if callable(new.type) else None,
            choices=new.choices,
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
            dest=new.dest,
            option_strings=settings["option_strings"],
        )
        self._new = new

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - of any type
        option_string: str | None = None,
    ) -> None:
        new = self._new.option_strings[0]
        print(renamed_note(str(option_string), new), file=sys.stderr)
        self._new(parser, namespace, values, new)


def add_old_name(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, old: str, new: argparse.Action
) -> None:
    """Accept an option under its old name too, for one version; the help does not show it.

    Args:
        parser: of the option.
        old: name, with its dashes.
        new: the option under its name.
    """
    parser.add_argument(old, action=_RenamedOption, new=new)


def renamed_note(old: str, new: str) -> str:
    """Return the line that says what an old name is called now."""
    return f"note: {old} is now {new}; the old name goes away with the next version"
