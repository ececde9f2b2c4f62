"""The command line: every option of every command of `namo`, from their parsers."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from namo.commands.main import make_parser
from namo.errors import UsageError
from reference.markdown import code, fenced, paragraphs, prose, table

USAGE_WIDTH = 80


def commands(root: Path) -> str:
    """Return the reference of all commands.

    Args:
        root: of the repository.

    Raises:
        UsageError: a script calls no command.
    """
    namo = list(subcommands(make_parser()))
    lines = [(f"[{code(name)}](#{_anchor(name)})", prose(about)) for name, _, about in namo]
    parts = ["## namo", table(["command", "purpose"], lines)]
    parts += [_described(name, parser) for name, parser, _ in namo]
    parts += [
        "## Scripts of the pipeline",
        "Each runs a command with the arguments given: `python workflow/scripts/NAME`.",
        table(
            ["script", "command"],
            [
                (code(name), f"[{code(command)}](#{_anchor(command)})")
                for name, command in scripts(root)
            ],
        ),
    ]
    return "\n\n".join(parts)


def subcommands(
    parser: argparse.ArgumentParser, about: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Yield the leaf commands of a parser: name, parser, help."""
    groups = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield parser.prog, parser, about
    for group in groups:
        helps = {choice.dest: choice.help or "" for choice in group._choices_actions}
        for name, below in group.choices.items():
            yield from subcommands(below, helps[name])


def scripts(root: Path) -> list[tuple[str, str]]:
    """Return the scripts of the pipeline and the commands that they call.

    Raises:
        UsageError: a script calls no command.
    """
    found = []
    for path in sorted((root / "workflow" / "scripts").glob("*.py")):
        call = re.search(r"main\(\[(.*), \*sys\.argv\[1:\]\]\)", path.read_text(encoding="utf-8"))
        if call is None:
            raise UsageError(f"{path}: calls no command of namo")
        found.append((path.name, " ".join(["namo", *re.findall(r'"(.+?)"', call[1])])))
    return found


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options and arguments in the help of a parser, except --help."""
    return [
        action
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction) and action.help is not argparse.SUPPRESS
    ]


def spelling(action: argparse.Action) -> str:
    """Return the spelling of an option or argument, with the name of its value."""
    value = _value(action)
    if not action.option_strings:
        return value
    return ", ".join(f"{option} {value}".rstrip() for option in action.option_strings)


def _described(name: str, parser: argparse.ArgumentParser) -> str:
    width = USAGE_WIDTH
    formatter = argparse.HelpFormatter(parser.prog, width=width)
    groups = parser._mutually_exclusive_groups
    formatter.add_usage(parser.usage, parser._actions, groups, prefix="")
    parts = [f"### {name}", paragraphs(parser.description or "")]
    parts.append(fenced(formatter.format_help()))
    shown = options_of(parser)
    titled: dict[str, list[argparse.Action]] = {}
    for group in parser._action_groups:
        title = group.title or ""
        title = "" if title in ("options", "arguments") else title.capitalize()
        titled.setdefault(title, []).extend(one for one in group._group_actions if one in shown)
    for title, actions in titled.items():
        rows = [(code(spelling(one)), _meaning(one), _default(one)) for one in actions]
        if rows:
            parts += [f"**{prose(title)}**"] * bool(title)
            parts.append(table(["option", "meaning", "default"], rows))
    if parser.epilog:
        parts.append(prose(parser.epilog))
    return "\n\n".join(parts)


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name = action.metavar or action.dest.upper().replace("_", "-")
    if isinstance(name, tuple):
        name = " ".join(name)
    return f"{name} ..." if action.nargs in ("+", "*") else name


def _meaning(action: argparse.Action) -> str:
    """Return the help of an option, without the default, which has a column of its own."""
    text = (action.help or "").replace("%%", "%")
    names = ", ".join(code(choice) for choice in action.choices or ())
    return "; ".join(part for part in (prose(text), names) if part)


def _default(action: argparse.Action) -> str:
    if action.required:
        return "required"
    if action.nargs == 0 or action.default in (None, argparse.SUPPRESS, []):
        return ""
    return code(action.default)


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")
