"""List the plug-ins that are installed: planners, strategies and formats from other distributions.

How to write one is described in docs/extending.md. Without --check none is imported.

Exit codes: 0 all can be used; 1 some cannot.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import NamedTuple

from namo.collection.config import PARTS
from namo.errors import UsageError
from namo.exporting.registry import EXPORTERS
from namo.plug_ins import PlugIn
from namo.registry import Registry
from namo.scenes.generator.layouts.registry import LAYOUT_FAMILIES
from namo.scenes.importers.registry import IMPORTERS

HELP = "list the plug-ins that are installed"

REGISTRIES = (*PARTS.values(), LAYOUT_FAMILIES, IMPORTERS, EXPORTERS)


class Offered(NamedTuple):
    """A plug-in that a distribution offers.

    Attributes:
        registry: of its kind.
        name: under which it is offered.
        plug_in: what is offered.
        problem: why it cannot be used under that name; empty where it can, as far as is known
            without importing it.
    """

    registry: Registry
    name: str
    plug_in: PlugIn
    problem: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument("--check", action="store_true", help="import each of them")


def run(options: argparse.Namespace) -> int:
    """Print one line per plug-in and what is wrong, and return the exit code."""
    found = list(offered())
    if not found:
        groups = ", ".join(registry.group for registry in REGISTRIES)
        print(f"no plug-in is installed; groups of entry points are {groups}")
    widths = [max(map(len, column)) for column in zip(*map(_cells, found), strict=True)]
    problems = []
    for each in found:
        print("  ".join(map(str.ljust, _cells(each), widths)).rstrip())
        if each.problem:
            problems.append(f"{each.registry.kind} '{each.name}' {each.problem}")
        elif options.check:
            try:
                each.registry.load(each.name)
            except UsageError as error:
                problems.append(str(error))
    for problem in dict.fromkeys(problems):
        print(problem, file=sys.stderr)
    return int(bool(problems))


def offered() -> Iterator[Offered]:
    """Yield what all installed distributions offer; none of it is imported."""
    for registry in REGISTRIES:
        for name, plug_ins in registry.plug_ins.items():
            for plug_in in plug_ins:
                yield Offered(registry, name, plug_in, registry.problem(name))


def _cells(each: Offered) -> tuple[str, str, str]:
    return each.registry.group, each.name, str(each.plug_in)
