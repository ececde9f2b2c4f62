"""The file of an environment that a command line names."""

from __future__ import annotations

import argparse
from pathlib import Path

from namo.errors import UsageError
from namo.results.index_range import MAX_DIGITS
from namo.results.record_files import SUFFIX, record_file, record_files

HELP = "number of the environment, or its env_id"


def environment_file(folder: Path, name: str) -> Path:
    """Return the file of an environment in a collection.

    Args:
        folder: of the collection.
        name: number of the environment, or its `env_id`.

    Raises:
        UsageError: there is no such environment, or there are several.
    """
    if "/" in name:
        raise UsageError(f"{name}: is a path; allowed: {HELP}")
    if name.isascii() and name.isdecimal():
        found = _files_of(folder, name)
    else:
        path = folder / record_file(name)
        found = [path] if path.is_file() else []
    if not found:
        raise UsageError(f"{folder}: no environment {name}; allowed: {HELP}")
    if len(found) > 1:
        names = ", ".join(path.name.removesuffix(SUFFIX) for path in found)
        raise UsageError(f"{folder}: environment {name} is one of several: {names}")
    return found[0]


def _files_of(folder: Path, number: str) -> list[Path]:
    digits = number.lstrip("0") or "0"
    return record_files(folder).get(int(digits), []) if len(digits) <= MAX_DIGITS else []


def add_environment(parser: argparse.ArgumentParser, text: str = "") -> None:
    """Add the optional argument that names an environment.

    Args:
        parser: of the command.
        text: what it means to leave it out.
    """
    parser.add_argument("environment", metavar="ENV", nargs="?", help=f"{HELP}{text}")
