"""The file of an environment that a command line names."""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.errors import UsageError

SUFFIX = "_results.pkl"
HELP = "number of the environment, or its env_id"


def environment_file(folder: Path, name: str) -> Path:
    """Return the file of an environment in a collection.

    Args:
        folder: of the collection.
        name: number of the environment, or its `env_id`.

    Raises:
        UsageError: there is no such environment, or there are several.
    """
    number = name if not name.isascii() or not name.isdecimal() else f"*_env_{int(name):06d}"
    if "/" in name:
        raise UsageError(f"{name}: is a path; allowed: {HELP}")
    found = sorted(folder.glob(f"{number}{SUFFIX}"))
    if not found:
        raise UsageError(f"{folder}: no environment {name}; allowed: {HELP}")
    if len(found) > 1:
        names = ", ".join(path.name.removesuffix(SUFFIX) for path in found)
        raise UsageError(f"{folder}: environment {name} is one of several: {names}")
    return found[0]


def add_environment(parser: argparse.ArgumentParser, text: str = "") -> None:
    """Add the optional argument that names an environment.

    Args:
        parser: of the command.
        text: what it means to leave it out.
    """
    parser.add_argument("environment", metavar="ENV", nargs="?", help=f"{HELP}{text}")
