"""The command line: every option of `namo` and of the pipeline's scripts, from their parsers."""

from __future__ import annotations

import argparse
import runpy
from collections.abc import Iterator
from pathlib import Path

from namo.collection.command_line import build_parser
from namo.commands.main import make_parser
from namo.errors import UsageError
from reference.markdown import code, fenced, paragraphs, prose, table

USAGE_WIDTH = 80


def commands(root: Path) -> str:
    """Return the reference of all commands.

    Args:
        root: of the repository.

    Raises:
        UsageError: a script does not show its parser.
    """
    namo = list(subcommands(make_parser()))
    lines = [(f"[{code(name)}](#{_anchor(name)})", prose(about)) for name, _, about in namo]
    parts = ["## namo", table(["command", "purpose"], lines)]
    parts += [_described(name, parser) for name, parser, _ in namo]
    parts += ["## Scripts of the pipeline", "Each runs by hand: `python workflow/scripts/NAME`."]
    parts += [_described(name, parser) for name, parser in scripts(root)]
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


def scripts(root: Path) -> list[tuple[str, argparse.ArgumentParser]]:
    """Return the scripts of the pipeline and their parsers; the collector comes first.

    Raises:
        UsageError: a script has no function `make_parser`.
    """
    collector = build_parser()
    found = [(collector.prog, collector)]
    for path in sorted((root / "workflow" / "scripts").glob("*.py")):
        if path.name == collector.prog:
            continue
        names = runpy.run_path(str(path))
        if "make_parser" not in names:
            raise UsageError(f"{path}: has no function make_parser, which shows its options")
        parser: argparse.ArgumentParser = names["make_parser"]()
        parser.prog = path.name
        found.append((path.name, parser))
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
        title = "" if title in ("options", "positional arguments") else title.capitalize()
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
    text = action.help or ""
    for told in (f" ({action.default})", f" (default: {action.default})"):
        text = text.removesuffix(told)
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
